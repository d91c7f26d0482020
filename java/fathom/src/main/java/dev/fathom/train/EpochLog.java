package dev.fathom.train;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * One epoch of a {@link Run}.
 *
 * @param epoch its number, from 1
 * @param learningRate the rate of its last step
 * @param seconds wall time of its training and validation
 * @param values the figures in the order they were measured: {@code loss}, metrics by name ({@code accuracy}), and, if
 *     there is a validation set, those of validation with {@code val_} in front
 */
public record EpochLog(int epoch, double learningRate, double seconds, Map<String, Double> values) {
    /** Keeps a copy of the figures that nobody can change. */
    public EpochLog {
        values = Collections.unmodifiableMap(new LinkedHashMap<>(values));
    }

    /** Returns the figure called {@code name}, or NaN if it was not measured. */
    public double value(String name) {
        return values.getOrDefault(name, Double.NaN);
    }
}

package dev.fathom.search;

import java.io.Serializable;
import java.util.List;

/**
 * One trial of a search: what an {@link Objective} is asked to score.
 *
 * @param space the space of the search
 * @param number from 0, in the order in which the search chose the trials
 * @param seed of this trial, to start networks and shuffle examples with
 * @param budget how much to spend on it, such as a number of epochs
 * @param point the values, one for each dimension of the space
 */
public record Trial(Space space, int number, long seed, int budget, List<String> point) implements Serializable {
    /** Keeps its own list. */
    public Trial {
        point = List.copyOf(point);
    }

    /**
     * Returns the value of a dimension.
     *
     * @throws IllegalArgumentException if there is no such dimension
     */
    public String text(String dimension) {
        int d = space.names().indexOf(dimension);
        if (d < 0) {
            throw new IllegalArgumentException(
                    "trial: there is no dimension " + dimension + "; the space has " + space.names());
        }
        return point.get(d);
    }

    /**
     * Returns the value of a dimension as a whole number.
     *
     * @throws IllegalArgumentException if there is no such dimension, or its value is no whole number
     */
    public int whole(String dimension) {
        return Integer.parseInt(text(dimension));
    }

    /**
     * Returns the value of a dimension as a number.
     *
     * @throws IllegalArgumentException if there is no such dimension, or its value is no number
     */
    public float real(String dimension) {
        return (float) Double.parseDouble(text(dimension));
    }

    /**
     * Returns whether bit {@code i} of a dimension of bits is one.
     *
     * @throws IllegalArgumentException if there is no such dimension
     */
    public boolean bit(String dimension, int i) {
        return text(dimension).charAt(i) == '1';
    }

    /** Returns the values by their names, such as {@code depth=2, rate=0.01}. */
    @Override
    public String toString() {
        StringBuilder s = new StringBuilder();
        for (int d = 0; d < point.size(); d++) {
            s.append(d == 0 ? "" : ", ")
                    .append(space.names().get(d))
                    .append('=')
                    .append(point.get(d));
        }
        return s.toString();
    }
}

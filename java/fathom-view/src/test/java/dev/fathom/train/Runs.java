package dev.fathom.train;

import java.util.LinkedHashMap;
import java.util.Map;

/** Runs made by hand; only a trainer makes them otherwise, so this stands in its package. */
public final class Runs {
    private Runs() {}

    /** A run of the given epochs; {@code best} is an epoch's number, 0 for none. */
    public static Run of(int best, EpochLog... epochs) {
        Run run = new Run();
        for (EpochLog e : epochs) {
            run.add(e, e.epoch() == best);
        }
        run.ended(epochs.length + " epochs");
        return run;
    }

    /** Puts a run where {@code progress} says. */
    public static void move(Run run, Progress progress) {
        run.at(progress);
    }

    /** An epoch with the figures given as name, value, name, value. */
    public static EpochLog epoch(int epoch, double learningRate, double seconds, Object... figures) {
        Map<String, Double> values = new LinkedHashMap<>();
        for (int i = 0; i < figures.length; i += 2) {
            values.put((String) figures[i], (Double) figures[i + 1]);
        }
        return new EpochLog(epoch, learningRate, seconds, values);
    }

    /**
     * {@code n} epochs as a small network on Fashion-MNIST has them: the rate drops after two thirds, the best is near
     * the end.
     */
    public static Run plausible(int n) {
        EpochLog[] epochs = new EpochLog[n];
        for (int e = 1; e <= n; e++) {
            boolean late = e > 2 * n / 3;
            double wobble = 0.006 * Math.sin(7.3 * e) * (late ? 0.3 : 1);
            double loss = 0.24 + 0.42 * Math.exp(-0.35 * (e - 1)) - (late ? 0.035 : 0) - 0.001 * e;
            double validation = 0.285 + 0.19 * Math.exp(-0.3 * (e - 1)) - (late ? 0.018 : 0) + wobble;
            epochs[e - 1] = epoch(
                    e,
                    late ? 1e-4f : 1e-3f,
                    0.25,
                    "loss",
                    loss,
                    "accuracy",
                    0.98 - 0.33 * loss,
                    "val_loss",
                    validation,
                    "val_accuracy",
                    0.994 - 0.36 * validation);
        }
        return of(Math.max(1, n - 2), epochs);
    }
}

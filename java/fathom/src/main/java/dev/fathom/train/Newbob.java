package dev.fathom.train;

import dev.fathom.op.Checks;
import java.util.List;

/**
 * Multiplies the learning rate by {@code factor} after each epoch in which the figure by which the best epoch is chosen
 * (see {@link Trainer#keepBest}) got worse than in the epoch before, such as the validation loss when it rises
 * (newbob); without validation data this is the training loss. The original of Sony's and ICSI's speech recognizers
 * goes on halving in every epoch after the first rise; this is the textbook's form.
 *
 * @param factor what each rise multiplies the rate by, in (0, 1)
 */
public record Newbob(double factor) implements Callback {
    /**
     * Checks the factor.
     *
     * @throws IllegalArgumentException if it is outside (0, 1)
     */
    public Newbob {
        Checks.in("Newbob", "factor", factor, "(0, 1)");
    }

    /** Halves the rate. */
    public Newbob() {
        this(0.5);
    }

    @Override
    public double rateFactor(Monitor monitor, List<EpochLog> finished) {
        double rate = 1;
        for (int i = 1; i < finished.size(); i++) {
            double before = finished.get(i - 1).value(monitor.figure());
            if (monitor.gain(before, finished.get(i).value(monitor.figure())) < 0) {
                rate *= factor;
            }
        }
        return rate;
    }
}

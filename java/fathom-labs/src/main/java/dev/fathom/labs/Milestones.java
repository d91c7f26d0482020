package dev.fathom.labs;

import dev.fathom.data.Dataset;
import dev.fathom.train.Callback;
import dev.fathom.train.Progress;
import dev.fathom.train.Trainer;
import java.util.ArrayList;
import java.util.List;

/** The accuracy on a part of {@code data} after every so many steps: finer than by epochs, to see how many steps a level takes. */
final class Milestones implements Callback {
    private static final int MOST = 2000;

    private final Trainer<?> trainer;
    private final Dataset data;
    private final int every;
    private final List<double[]> points = new ArrayList<>();

    /** Looks every {@code every} steps, never where that is 0. */
    Milestones(Trainer<?> trainer, Dataset data, int every) {
        this.trainer = trainer;
        this.data = data.take(0, Math.min(MOST, data.size()));
        this.every = every;
    }

    @Override
    public void step(Progress progress) {
        long steps = (progress.epoch() - 1L) * progress.steps() + progress.step();
        if (every > 0 && steps % every == 0) {
            points.add(new double[] {steps, trainer.evaluate(data).get("accuracy")});
        }
    }

    /** Two rows: the steps, and the accuracy after each. */
    double[][] points() {
        return new double[][] {
            points.stream().mapToDouble(p -> p[0]).toArray(),
            points.stream().mapToDouble(p -> p[1]).toArray()
        };
    }
}

package dev.fathom.labs.outliers;

import dev.fathom.anomaly.SlidingWindows;
import dev.fathom.data.Dataset;
import dev.fathom.data.Field;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.labs.outliers.Study.Settings;
import dev.fathom.nn.Net;
import dev.fathom.op.Shape;
import dev.fathom.train.Trainer;

/** How all networks of the study learn windows of rows. */
record Learner(Lab lab, Settings settings) {
    /** The norm that gradients are cut to. */
    static final float CLIP = 10;

    /** Windows of some rows [windows][length columns], at equal distances and no more than the settings allow. */
    float[][] windows(int length, float[]... rows) {
        return SlidingWindows.atMost(settings.learned(), length, rows.length).of(rows);
    }

    /** Windows as the examples x [length, columns]. */
    static Field field(String name, int columns, float[]... windows) {
        return Field.floats(name, Shape.of(windows[0].length / columns, columns), Averages.flat(windows));
    }

    /** Windows as examples that networks read. */
    static Dataset examples(int columns, float[]... windows) {
        return Dataset.of(field("x", columns, windows).input());
    }

    /** Windows of some rows to learn from. */
    Dataset data(int length, float[]... rows) {
        return examples(rows[0].length, windows(length, rows));
    }

    /** Trains until the epochs are over, or the run of the lab is stopped. */
    <M extends Net> void fit(Trainer<M> trainer, int batch, int epochs, long seed, Dataset learned) {
        trainer.seed(seed)
                .clipNorm(CLIP)
                .callbacks(lab.run().interrupt().stopping())
                .fit(learned.shuffled(seed).batches(Math.min(batch, learned.size())), epochs);
        lab.check();
    }
}

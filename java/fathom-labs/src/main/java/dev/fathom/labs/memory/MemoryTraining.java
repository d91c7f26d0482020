package dev.fathom.labs.memory;

import dev.fathom.data.Dataset;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.MemoryTask;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.training.Training;
import dev.fathom.nn.Model;
import dev.fathom.optim.Adam;
import dev.fathom.tensor.Rng;
import dev.fathom.train.Callback;
import dev.fathom.train.EpochLog;
import dev.fathom.train.Run;
import dev.fathom.train.Trainer;
import java.util.Map;

/**
 * The training of networks on a problem with sequences of some length.
 *
 * @param steps of an epoch
 */
record MemoryTraining(Lab lab, MemoryTask task, int length, int steps) {
    static final int BATCH = 20;
    static final float RATE = 0.01f;
    static final float CLIP = 1;
    static final int VALIDATION = 320;
    static final double SOLVED = 0.99; // the validation accuracy from which a problem counts as solved

    /** Ends the training once the problem is solved. It reads the history, so a resumed run ends at the same step. */
    private static final Callback WHEN_SOLVED = new Callback() {
        @Override
        public void onTrainBegin(Run training) {
            if (solved(training)) {
                training.stop("solved");
            }
        }

        @Override
        public void onEpochEnd(Run training, EpochLog log) {
            onTrainBegin(training);
        }
    };

    /** The largest number of epochs; training ends earlier if the problem is solved. */
    static int epochs(Lab lab, MemoryTask task) {
        return lab.epochs(task == MemoryTask.ADDING ? 10 : 15, 6);
    }

    private static boolean solved(Run history) {
        double[] shares = history.series("val_accuracy");
        return shares.length > 0 && shares[shares.length - 1] >= SOLVED;
    }

    /** Trains a network, tests it, and gives its validation loss over the steps. */
    double[][] train(Model<MemoryNet> model, Table.Row row) {
        Rng rng = lab.rng(task.name()).split(length);
        try (Dataset learn = task.data(steps * BATCH, length, rng.split("learn"));
                Dataset validation = task.data(VALIDATION, length, rng.split("held out"));
                Dataset test = task.data(lab.of(1000, 500), length, rng.split("test"))) {
            var trainer = Trainer.of(model, task.loss, new Adam(RATE))
                    .metrics(task.accuracy(length))
                    .keepBest("val_loss")
                    .clipNorm(CLIP)
                    .callbacks(WHEN_SOLVED);
            String name = task.title + ", " + row.name();
            Run history = lab.train(name, "sequences", trainer, learn, BATCH, validation, epochs(lab, task));
            Map<String, Double> tested = trainer.evaluate(test);
            double[][] curve = Training.curve(history, "val_loss", steps);
            int done = curve[0].length * steps;
            row.cell("parameters", model.parameterCount())
                    .cell("ms a step", "%.1f", 1000 * history.seconds() / done)
                    .cell("steps", solved(history) ? "%,d, solved" : "%,d", done)
                    .put(task.lossName, "%.4f", tested.getOrDefault("loss", Double.NaN))
                    .baseline(task.baseline(length), "without memory")
                    .cell("without memory", "%.4f", task.baseline(length))
                    .put(task.accuracyName, "%.1f %%", 100 * tested.getOrDefault("accuracy", Double.NaN))
                    .baseline(100 * task.guessedAccuracy(), "without memory");
            return curve;
        }
    }
}

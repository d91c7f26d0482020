package dev.fathom.labs.memory;

import dev.fathom.data.Dataset;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.MemoryTask;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.training.Training;
import dev.fathom.nn.Model;
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
 * @param epochs the largest number of them; training ends earlier if the problem is solved
 */
record MemoryTraining(Lab lab, MemoryTask task, MemoryWay way, int length, int steps, int epochs) {
    static final float CLIP = 1;
    static final int VALIDATION = 320;
    static final int LONG = 250; // longer sequences are copied in fewer steps, for the time they take
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

    /** As both problems are trained at all lengths. */
    static MemoryTraining of(Lab lab, MemoryTask task, int length) {
        boolean adding = task == MemoryTask.ADDING;
        int steps = adding ? lab.of(100, 50) : lab.of(500, 50);
        int epochs = adding ? lab.epochs(10, 6) : lab.epochs(length > LONG ? 3 : 12, 6);
        return new MemoryTraining(lab, task, MemoryWay.of(task), length, steps, epochs);
    }

    private static boolean solved(Run history) {
        double[] shares = history.series("val_accuracy");
        return shares.length > 0 && shares[shares.length - 1] >= SOLVED;
    }

    /** Trains a network, tests it, and gives its validation loss over the steps. */
    double[][] train(Model<MemoryNet> model, Table.Row row) {
        try (Dataset test = task.data(lab.of(1000, 500), length, rng().split("test"))) {
            Trainer<MemoryNet> trainer = trainer(model);
            Run history = fit(trainer, task.title + ", " + row.name());
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

    /** Trains a network, and gives its validation loss over the steps. */
    double[][] course(Model<MemoryNet> model, String name) {
        return Training.curve(fit(trainer(model), name), "val_loss", steps);
    }

    private Rng rng() {
        return lab.rng(task.name()).split(length);
    }

    private Trainer<MemoryNet> trainer(Model<MemoryNet> model) {
        return Trainer.of(model, task.loss, way.optimizer())
                .schedule(way.schedule(epochs))
                .metrics(task.accuracy(length))
                .keepBest("val_loss")
                .clipNorm(CLIP)
                .callbacks(WHEN_SOLVED);
    }

    private Run fit(Trainer<MemoryNet> trainer, String name) {
        try (Dataset learn = task.data(steps * way.batch(), length, rng().split("learn"));
                Dataset validation = task.data(VALIDATION, length, rng().split("held out"))) {
            return lab.train(name, "sequences", trainer, learn, way.batch(), validation, epochs);
        }
    }
}

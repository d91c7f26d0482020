package dev.fathom.labs.memory;

import static dev.fathom.labs.pages.Findings.line;

import dev.fathom.data.Dataset;
import dev.fathom.labs.experiments.LabRun;
import dev.fathom.nn.Model;
import dev.fathom.op.Cell;
import dev.fathom.optim.Adam;
import dev.fathom.tensor.Rng;
import dev.fathom.train.Callback;
import dev.fathom.train.EpochLog;
import dev.fathom.train.Run;
import dev.fathom.train.Trainer;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Trains each cell on each problem with the same sequences, optimizer and number of steps.
 *
 * @param hidden the number of units
 * @param steps the number of steps in an epoch
 * @param tests the number of test sequences
 */
record MemoryTraining(LabRun run, int hidden, int steps, int tests) {
    static final int BATCH = 20;
    static final float RATE = 0.01f;
    static final float CLIP = 1;
    /** The validation accuracy from which a problem counts as solved. */
    static final double SOLVED = 0.99;

    private static final int VALIDATION = 320;

    /**
     * A trained network.
     *
     * @param milliseconds of one step, including its share of the validation
     * @param steps the number of training steps
     * @param loss on the test sequences
     * @param accuracy on the test sequences
     * @param solved whether training ended because the problem was solved
     * @param curve the steps, and the validation loss after each
     */
    record Trained(
            MemoryTask task,
            Cell cell,
            int length,
            long parameters,
            double milliseconds,
            int steps,
            double loss,
            double accuracy,
            boolean solved,
            double[][] curve) {
        String name() {
            return MemoryNet.name(cell);
        }
    }

    /** Ends the training once the problem is solved. It reads the history, so a resumed run ends at the same step. */
    private record WhenSolved() implements Callback {
        @Override
        public void onTrainBegin(Run training) {
            judge(training);
        }

        @Override
        public void onEpochEnd(Run training, EpochLog log) {
            judge(training);
        }

        private static void judge(Run training) {
            if (solved(training)) {
                training.stop("solved");
            }
        }
    }

    private static boolean solved(Run history) {
        double[] shares = history.series("val_accuracy");
        return shares.length > 0 && shares[shares.length - 1] >= SOLVED;
    }

    /** The largest number of epochs; training ends earlier if the problem is solved. */
    int epochs(MemoryTask task) {
        return run.epochs(task == MemoryTask.ADDING ? 10 : 15, 6);
    }

    /** The untrained network. */
    Model<MemoryNet> model(MemoryTask task, Cell cell, int length) {
        return Model.of(MemoryNet.of(task, cell, hidden, length), run.seed());
    }

    /**
     * Trains one cell and passes the network to {@code trained}; null if the run was interrupted before the first epoch
     * was finished.
     */
    @Nullable
    Trained train(MemoryTask task, Cell cell, int length, Consumer<Model<MemoryNet>> trained) {
        Rng rng = new Rng(run.seed()).split(task.name()).split(length);
        try (Dataset training = task.data(steps * BATCH, length, rng.split("learn"));
                Dataset validation = task.data(VALIDATION, length, rng.split("held out"));
                Dataset test = task.data(tests, length, rng.split("test"));
                Model<MemoryNet> model = model(task, cell, length)) {
            var trainer = Trainer.of(model, task.loss(), new Adam(RATE))
                    .metrics(task.accuracy(length))
                    .keepBest("val_loss")
                    .clipNorm(CLIP)
                    .seed(run.seed())
                    .callbacks(new WhenSolved());
            run.training().say("%n== %s, T = %d, %s", task.title(), length, MemoryNet.name(cell));
            trainer = run.training()
                    .attach(
                            trainer,
                            run.folder()
                                    .resolve(line("%s-%d-%s", task, length, MemoryNet.name(cell))
                                            .toLowerCase(Locale.ROOT)),
                            "sequences");
            Run history = trainer.fit(training.shuffled(run.seed()).batches(BATCH), validation, epochs(task));
            int done = history.epochs().size();
            if (done == 0) {
                return null;
            }
            trained.accept(model);
            Map<String, Double> tested = trainer.evaluate(test);
            double[][] curve = {
                history.epochs().stream().mapToDouble(e -> e.epoch() * steps).toArray(), history.series("val_loss")
            };
            return new Trained(
                    task,
                    cell,
                    length,
                    model.parameterCount(),
                    1000 * history.seconds() / (done * steps),
                    done * steps,
                    Objects.requireNonNull(tested.get("loss")),
                    Objects.requireNonNull(tested.get("accuracy")),
                    solved(history),
                    curve);
        }
    }
}

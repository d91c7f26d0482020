package dev.fathom.labs.memory;

import static dev.fathom.labs.pages.Result.line;

import dev.fathom.data.Dataset;
import dev.fathom.labs.experiments.Run;
import dev.fathom.nn.Model;
import dev.fathom.op.Cell;
import dev.fathom.optim.Adam;
import dev.fathom.tensor.Rng;
import dev.fathom.train.Callback;
import dev.fathom.train.EpochLog;
import dev.fathom.train.History;
import dev.fathom.train.Progress;
import dev.fathom.train.Trainer;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * How each cell is taught each problem: with the same sequences, optimizer and number of steps.
 *
 * @param hidden units
 * @param steps of an epoch
 * @param tests sequences of the test
 */
record MemoryTraining(Run run, int hidden, int steps, int tests) {
    static final int BATCH = 20;
    static final float RATE = 0.01f;
    static final float CLIP = 1;
    /** The share of right answers on sequences held out from which a problem counts as solved. */
    static final double SOLVED = 0.99;

    private static final int HELD_OUT = 320;

    /**
     * What came of a training.
     *
     * @param milliseconds of a step, with its share of the validation
     * @param steps until it was solved, or all
     * @param loss on the test
     * @param accuracy on the test
     * @param solved whether it ended because the problem was solved
     * @param curve steps, and the loss held out after each
     */
    record Learned(
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

    /** Ends a training that needs no more. It reads the history, so a resumed run ends where it did. */
    private record WhenSolved() implements Callback {
        @Override
        public void onTrainBegin(Progress progress) {
            judge(progress);
        }

        @Override
        public void onEpochEnd(Progress progress, EpochLog log) {
            judge(progress);
        }

        private static void judge(Progress progress) {
            if (solved(progress.history())) {
                progress.stop("solved");
            }
        }
    }

    private static boolean solved(History history) {
        double[] shares = history.series("val_accuracy");
        return shares.length > 0 && shares[shares.length - 1] >= SOLVED;
    }

    /** The epochs of each cell at each length, at most: a net that has solved the problem is taught no more. */
    int epochs(MemoryTask task) {
        return run.epochs(task == MemoryTask.ADDING ? 10 : 15, 6);
    }

    /** Begins with these weights and order. */
    Model<MemoryNet> model(MemoryTask task, Cell cell, int length) {
        return Model.of(MemoryNet.of(task, cell, hidden, length), run.seed());
    }

    /** Teaches one cell; {@code taught} sees the net at its end. Null where it was stopped before an epoch was finished. */
    @Nullable
    Learned teach(MemoryTask task, Cell cell, int length, Consumer<Model<MemoryNet>> taught) {
        Rng rng = new Rng(run.seed()).split(task.name()).split(length);
        try (Dataset learn = task.data(steps * BATCH, length, rng.split("learn"));
                Dataset heldOut = task.data(HELD_OUT, length, rng.split("held out"));
                Dataset test = task.data(tests, length, rng.split("test"));
                Model<MemoryNet> model = model(task, cell, length)) {
            var trainer = Trainer.of(model, task.loss(), new Adam(RATE))
                    .metrics(task.accuracy(length))
                    .keepBest("val_loss")
                    .clipNorm(CLIP)
                    .seed(run.seed())
                    .callbacks(new WhenSolved());
            run.training().say("%n== %s, T = %d, %s", task.title(), length, MemoryNet.name(cell));
            run.training()
                    .attach(
                            trainer,
                            run.folder()
                                    .resolve(line("%s-%d-%s", task, length, MemoryNet.name(cell))
                                            .toLowerCase(Locale.ROOT)),
                            "sequences");
            History history = trainer.fit(learn.shuffled(run.seed()).batches(BATCH), heldOut, epochs(task));
            int done = history.epochs().size();
            if (done == 0) {
                return null;
            }
            taught.accept(model);
            Map<String, Double> tested = trainer.evaluate(test);
            double seconds =
                    history.epochs().stream().mapToDouble(EpochLog::seconds).sum();
            double[][] curve = {
                history.epochs().stream().mapToDouble(e -> e.epoch() * steps).toArray(), history.series("val_loss")
            };
            return new Learned(
                    task,
                    cell,
                    length,
                    model.parameterCount(),
                    1000 * seconds / (done * steps),
                    done * steps,
                    Objects.requireNonNull(tested.get("loss")),
                    Objects.requireNonNull(tested.get("accuracy")),
                    solved(history),
                    curve);
        }
    }
}

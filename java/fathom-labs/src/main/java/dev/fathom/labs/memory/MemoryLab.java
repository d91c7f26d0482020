package dev.fathom.labs.memory;

import dev.fathom.data.Dataset;
import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.pages.Table;
import dev.fathom.nn.Input;
import dev.fathom.nn.Model;
import dev.fathom.op.Cell;
import dev.fathom.optim.Adam;
import dev.fathom.tensor.Rng;
import dev.fathom.train.Callback;
import dev.fathom.train.EpochLog;
import dev.fathom.train.Run;
import dev.fathom.train.Trainer;
import dev.fathom.view.Diagram;
import dev.fathom.view.Plots;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * How long recurrent networks remember: the adding and the copy problem (Hochreiter and Schmidhuber 1997, in the form
 * of Arjovsky et al. 2016) for four cells and sequences of up to 750 steps, and how gradients vanish and explode.
 */
public final class MemoryLab implements Experiment {
    static final int HIDDEN = 64;
    private static final int BATCH = 20;
    private static final float RATE = 0.01f;
    private static final float CLIP = 1;
    private static final int VALIDATION = 320;
    private static final double SOLVED = 0.99; // the validation accuracy from which a problem counts as solved

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

    @Override
    public Optional<Diagram> net() {
        return Experiment.drawn(
                "The LSTM for adding", MemoryNet.of(MemoryTask.ADDING, Cell.LSTM, HIDDEN, 50), Input.floats(1, 50, 2));
    }

    @Override
    public void run(Lab lab) {
        int[] lengths = lab.of(new int[] {50, 100, 250, 750}, new int[] {20});
        int flow = lab.of(100, 20); // the length of the sequences for which gradients are measured
        int steps = lab.of(100, 50);
        lab.put("lengths", lab.of("50 to 750", "20"))
                .put("hidden", HIDDEN)
                .put("batch", BATCH)
                .put("rate", RATE);
        lab.put("clip", CLIP)
                .put("steps", steps)
                .put("sequences", steps * BATCH)
                .put("validation", VALIDATION);
        for (MemoryTask task : MemoryTask.values()) {
            lab.put("steps" + task.title, epochs(lab, task) * steps);
        }
        lab.section("The problems").put("sixth", MemoryTask.ADDING.baseline(1)).put("solved", 100 * SOLVED);
        Gradients gradients = new Gradients(lab, flow);
        Map<String, double[]> trained = new LinkedHashMap<>();
        for (MemoryTask task : MemoryTask.values()) {
            String prefix = task.name().toLowerCase(Locale.ROOT);
            Table table = lab.table(prefix, "sequences, cell").named(task.title + ", {row}, {column}");
            Map<String, double[]> shares = new LinkedHashMap<>();
            for (int l = 0; l < lengths.length; l++) {
                int length = lengths[l];
                lab.section("{problem} with T = {T}")
                        .put("problem", task.title)
                        .put("prefix", prefix)
                        .put("T", length);
                double floor = task.baseline(length);
                Map<String, double[][]> curves = new LinkedHashMap<>();
                for (Cell cell : MemoryNet.CELLS) {
                    String name = MemoryNet.name(cell);
                    try (Model<MemoryNet> model = Model.of(MemoryNet.of(task, cell, HIDDEN, length), lab.seed())) {
                        double[][] curve =
                                train(lab, task, length, steps, model, table.row("T = " + length + ", " + name));
                        curves.put(name, curve);
                        if (task == MemoryTask.ADDING && length == flow) {
                            trained.put(name, gradients.flow(model));
                        }
                    }
                    double[] accuracies = table.values(task.accuracyName);
                    shares.computeIfAbsent(name, n -> new double[lengths.length])[l] =
                            accuracies[accuracies.length - 1] / 100;
                }
                double end = curves.values().stream()
                        .mapToDouble(c -> c[0][c[0].length - 1])
                        .max()
                        .orElseThrow();
                curves.put("without memory", new double[][] {{0, end}, {floor, floor}});
                lab.curves(
                        prefix + "-" + length + ".png",
                        task.title + ", T = " + length + ", validation loss",
                        "steps",
                        curves);
            }
            lab.section("{problem} at all lengths").put("several", lengths.length > 1);
            List<String> places =
                    IntStream.of(lengths).mapToObj(String::valueOf).toList();
            if (places.size() > 1) {
                lab.picture(
                        prefix + "-accuracy.png",
                        () -> Plots.compare(task.title + ", test accuracy", "T", places, shares));
            }
        }
        gradients.flows(trained);
        gradients.products();
        gradients.clipping();
    }

    /** The largest number of epochs; training ends earlier if the problem is solved. */
    private static int epochs(Lab lab, MemoryTask task) {
        return lab.epochs(task == MemoryTask.ADDING ? 10 : 15, 6);
    }

    private static boolean solved(Run history) {
        double[] shares = history.series("val_accuracy");
        return shares.length > 0 && shares[shares.length - 1] >= SOLVED;
    }

    /** Trains a network, tests it, and gives its validation loss over the steps. */
    private static double[][] train(
            Lab lab, MemoryTask task, int length, int steps, Model<MemoryNet> model, Table.Row row) {
        Rng rng = lab.rng(task.name()).split(length);
        try (Dataset learn = task.data(steps * BATCH, length, rng.split("learn"));
                Dataset validation = task.data(VALIDATION, length, rng.split("held out"));
                Dataset test = task.data(lab.of(1000, 500), length, rng.split("test"))) {
            var trainer = Trainer.of(model, task.loss, new Adam(RATE))
                    .metrics(task.accuracy(length))
                    .keepBest("val_loss")
                    .clipNorm(CLIP)
                    .seed(lab.seed())
                    .callbacks(WHEN_SOLVED);
            Run history = lab.train(
                    task.title + ", " + row.name(),
                    "sequences",
                    trainer,
                    learn.shuffled(lab.seed()).batches(BATCH),
                    validation,
                    epochs(lab, task));
            Map<String, Double> tested = trainer.evaluate(test);
            double[][] curve = history.curve("val_loss");
            int done = curve[0].length * steps;
            row.cell("parameters", model.parameterCount())
                    .cell("ms a step", String.format(Locale.ROOT, "%.1f", 1000 * history.seconds() / done))
                    .cell("steps", String.format(Locale.ROOT, solved(history) ? "%,d, solved" : "%,d", done))
                    .put(task.lossName, "%.4f", tested.getOrDefault("loss", Double.NaN))
                    .baseline(task.baseline(length), "without memory")
                    .cell("without memory", String.format(Locale.ROOT, "%.4f", task.baseline(length)))
                    .put(task.accuracyName, "%.1f %%", 100 * tested.getOrDefault("accuracy", Double.NaN))
                    .baseline(100 * task.guessedAccuracy(), "without memory");
            return new double[][] {
                Arrays.stream(curve[0]).map(epoch -> epoch * steps).toArray(), curve[1]
            };
        }
    }
}

package dev.fathom.labs.memory;

import static dev.fathom.experiments.pages.Findings.line;

import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.MemoryTask;
import dev.fathom.experiments.pages.Table;
import dev.fathom.nn.Model;
import dev.fathom.op.Cell;
import dev.fathom.view.Diagram;
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

    @Override
    public Optional<Diagram> net() {
        return Experiment.drawn("The LSTM for adding", MemoryNet.of(MemoryTask.ADDING, Cell.LSTM, HIDDEN, 50), 50, 2);
    }

    @Override
    public void run(Lab lab) {
        int[] lengths = lab.of(new int[] {50, 100, 250, 750}, new int[] {20});
        int flow = lab.of(100, 20); // the length of the sequences for which gradients are measured
        lab.put("lengths", lab.of("50 to 750", "20")).put("hidden", HIDDEN).put("clip", MemoryTraining.CLIP);
        lab.put("validation", MemoryTraining.VALIDATION);
        for (MemoryTask task : MemoryTask.values()) {
            MemoryTraining training = MemoryTraining.of(lab, task, lengths[0]);
            lab.put("steps" + task.title, training.epochs() * training.steps())
                    .put("batch" + task.title, training.way().batch())
                    .put("rate" + task.title, training.way().rate())
                    .put(
                            "sequences" + task.title,
                            training.steps() * training.way().batch());
        }
        lab.put("inputs", MemoryWay.of(MemoryTask.COPY).inputs());
        lab.section("The problems")
                .put("sixth", MemoryTask.ADDING.baseline(1))
                .put("solved", 100 * MemoryTraining.SOLVED);
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
                MemoryTraining training = MemoryTraining.of(lab, task, length);
                Map<String, double[][]> curves = new LinkedHashMap<>();
                double least = Double.POSITIVE_INFINITY;
                double best = Double.NaN;
                for (Cell cell : MemoryNet.CELLS) {
                    String name = MemoryNet.name(cell);
                    MemoryNet net = training.way().start(task, cell, HIDDEN, length);
                    try (Model<MemoryNet> model = Model.of(net, lab.seed())) {
                        Table.Row row = table.row("T = " + length + ", " + name);
                        double[][] curve = training.train(model, row);
                        curves.put(name, curve);
                        double lowest = Arrays.stream(curve[1]).min().orElseThrow();
                        if (lowest < least) {
                            least = lowest;
                            best = row.get(task.lossName);
                        }
                        if (task == MemoryTask.ADDING && length == flow) {
                            trained.put(name, gradients.flow(model));
                        }
                    }
                    double[] accuracies = table.values(task.accuracyName);
                    shares.computeIfAbsent(name, n -> new double[lengths.length])[l] =
                            accuracies[accuracies.length - 1] / 100;
                }
                lab.figure(line("%s, T = %d, best cell, %s", task.title, length, task.lossName), "", best)
                        .baseline(floor, "without memory");
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
                lab.curves(prefix + "-accuracy.png", task.title + ", test accuracy", "T", places, shares);
            }
        }
        new CopyTrials(lab, lengths[0], lab.of(500, 50)).show();
        gradients.flows(trained);
        gradients.products();
        gradients.clipping();
    }
}

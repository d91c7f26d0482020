package dev.fathom.labs.memory;

import static dev.fathom.experiments.pages.Findings.line;

import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.MemoryTask;
import dev.fathom.experiments.pages.Table;
import dev.fathom.nn.Model;
import dev.fathom.op.Cell;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What a GRU owes to each setting by which it learns to copy: it is trained without the setting, and judged on the
 * validation sequences, from which the settings were chosen.
 *
 * @param length T
 * @param steps of an epoch
 */
record CopyTrials(Lab lab, int length, int steps) {
    /** The least of the variances among which Neelakantan et al. (2015) choose. */
    private static final float NOISE = 0.01f;

    void show() {
        MemoryTask task = MemoryTask.COPY;
        MemoryWay way = MemoryWay.of(task);
        Map<String, MemoryWay> ways = new LinkedHashMap<>();
        ways.put("as above", way);
        ways.put("recurrent weights uniform, not orthogonal", way.with("orthogonal", false));
        ways.put("input weights in the usual range", way.with("inputs", 0f));
        ways.put("constant rate", way.with("falls", false));
        ways.put("batches of 20", way.with("batch", 20));
        ways.put("rate of 0.01", way.with("rate", 0.01f));
        ways.put("gradient noise", way.with("noise", NOISE));
        int epochs = lab.epochs(4, 2);
        Table table = lab.section("What helps to copy")
                .put("T", length)
                .put("steps", epochs * steps)
                .put("noise", NOISE)
                .table("helps", "GRU")
                .named("Copying, T = " + length + ", GRU {row}, {column}");
        Map<String, double[][]> curves = new LinkedHashMap<>();
        ways.forEach((name, changed) -> {
            MemoryTraining training = new MemoryTraining(lab, task, changed, length, steps, epochs);
            try (Model<MemoryNet> model =
                    Model.of(changed.start(task, Cell.GRU, MemoryLab.HIDDEN, length), lab.seed())) {
                double[][] curve = training.course(model, line("What helps to copy, %s", name));
                curves.put(name, curve);
                double least = Arrays.stream(curve[1]).min().orElseThrow();
                table.row(name).put("validation loss", "%.4f", least).baseline(task.baseline(length), "without memory");
            }
        });
        lab.curves("helps.png", "validation loss", "steps", curves);
    }
}

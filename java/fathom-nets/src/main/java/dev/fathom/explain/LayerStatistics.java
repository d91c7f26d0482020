package dev.fathom.explain;

import dev.fathom.autograd.Frames;
import dev.fathom.autograd.ReturnedTensors;
import dev.fathom.autograd.Values;
import dev.fathom.io.CsvFile;
import dev.fathom.nn.Model;
import dev.fathom.op.Checks;
import dev.fathom.op.DType;
import dev.fathom.parameter.Parameter;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.Callback;
import dev.fathom.train.Run;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Measures the outputs of every layer and the gradients of every parameter in one step of {@code everySteps}: mean,
 * standard deviation, share of zeros, largest magnitude. It shows outputs that fade or grow from layer to layer, a ReLU
 * that is zero nearly everywhere, and gradients that vanish toward the first layer, before the loss shows them (Glorot
 * and Bengio 2010).
 *
 * <pre>{@code
 * var statistics = new LayerStatistics(100);
 * trainer.callbacks(statistics).fit(batches, 10);
 * System.out.println(statistics);
 * }</pre>
 *
 * <p>A step that is measured copies its tensors to the heap; the other steps cost nothing. Gradients are measured
 * before clipping.
 */
public final class LayerStatistics implements Callback {
    private final int everySteps;
    private final List<Row> rows = new ArrayList<>();

    /**
     * The statistics of one tensor in one step.
     *
     * @param epoch from 1
     * @param step of the epoch, from 1
     * @param layer the op and the path of the output, such as {@code linear[0]}, or the parameter's name
     * @param what {@code output} or {@code gradient}
     * @param mean of its elements
     * @param std their standard deviation
     * @param zeros the share of elements that are 0
     * @param max the largest magnitude
     */
    public record Row(
            int epoch, int step, String layer, String what, double mean, double std, double zeros, double max) {}

    /**
     * Measures the first step and then one of {@code everySteps}.
     *
     * @throws IllegalArgumentException if it is less than 1
     */
    public LayerStatistics(int everySteps) {
        Checks.atLeast("LayerStatistics", "everySteps", everySteps, 1);
        this.everySteps = everySteps;
    }

    @Override
    public void onTrainBegin(Run run) {
        rows.clear();
    }

    /**
     * Returns everything that was measured, step by step; within a step come the outputs in the order of the calls,
     * then the gradients.
     */
    public List<Row> rows() {
        return List.copyOf(rows);
    }

    /** Writes all rows as CSV. */
    public void writeCsv(Path file) {
        CsvFile.write(
                file,
                List.of("epoch", "step", "layer", "what", "mean", "std", "zeros", "max"),
                rows.stream().map(r -> List.of(r.epoch, r.step, r.layer, r.what, r.mean, r.std, r.zeros, r.max)));
    }

    /** Returns the last step that was measured, as a table. */
    @Override
    public String toString() {
        if (rows.isEmpty()) {
            return "no step was measured yet";
        }
        Row last = rows.get(rows.size() - 1);
        List<Row> shown = rows.stream()
                .filter(r -> r.epoch == last.epoch && r.step == last.step)
                .toList();
        List<List<String>> lines = new ArrayList<>();
        lines.add(List.of("layer", "what", "mean", "std", "zeros", "max"));
        for (Row r : shown) {
            lines.add(List.of(
                    r.layer,
                    r.what,
                    number("%.3e", r.mean),
                    number("%.3e", r.std),
                    number("%.1f %%", 100 * r.zeros),
                    number("%.3e", r.max)));
        }
        return Columns.table(2, lines);
    }

    private static String number(String format, double value) {
        return String.format(Locale.ROOT, format, value);
    }

    // ---- in a step

    private boolean due(Run run) {
        return run.progress().updates() % everySteps == 0;
    }

    /**
     * Measures the output of each net that returns from here on; what it passes on, as a view or as it is, was
     * measured.
     */
    @Override
    public void onForwardBegin(Run run, Pass pass) {
        if (!due(run)) {
            return;
        }
        int epoch = run.progress().epoch();
        int step = run.progress().step() + 1;
        long[] before = {0};
        Frames.of(pass).observe(call -> {
            if (call.result() != null) {
                ReturnedTensors.forEach(call.result(), Tensor.class, y -> {
                    long address = Values.address(y);
                    if (y.dtype() == DType.F32 && address != before[0]) {
                        before[0] = address;
                        rows.add(row(epoch, step, Values.name(y), "output", y));
                    }
                });
            }
        });
    }

    @Override
    public void onBackwardEnd(Run run, Model<?> model) {
        if (!due(run)) {
            return;
        }
        for (Parameter p : model.parameters()) {
            Tensor g = p.gradient();
            if (g != null) {
                rows.add(row(run.progress().epoch(), run.progress().step() + 1, p.name(), "gradient", g));
            }
        }
    }

    private static Row row(int epoch, int step, String layer, String what, Tensor t) {
        float[] values = t.toArray();
        double sum = 0;
        double max = 0;
        int zeros = 0;
        for (float v : values) {
            sum += v;
            max = Math.max(max, Math.abs(v));
            zeros += v == 0 ? 1 : 0;
        }
        double mean = sum / values.length;
        double squares = 0;
        for (float v : values) {
            squares += (v - mean) * (v - mean);
        }
        return new Row(
                epoch,
                step,
                layer,
                what,
                mean,
                Math.sqrt(squares / values.length),
                (double) zeros / values.length,
                max);
    }
}

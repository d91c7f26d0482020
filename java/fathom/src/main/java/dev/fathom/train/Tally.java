package dev.fathom.train;

import dev.fathom.data.Batch;
import dev.fathom.data.Role;
import dev.fathom.nn.Loss;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.Metric.Sum;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The loss and the metrics of the batches so far: of each a sum and the weight to divide it by. */
final class Tally {
    private final @Nullable Loss loss;
    private final List<Metric> metrics;
    /** The sum of the losses, its weight, and then both of each metric. */
    private final double[] values;

    /** {@code loss} is null in a custom step, whose losses are means. */
    Tally(@Nullable Loss loss, List<Metric> metrics) {
        this.loss = loss;
        this.metrics = metrics;
        values = new double[2 + 2 * metrics.size()];
    }

    double[] values() {
        return values;
    }

    /** Adds a batch, whose loss has this value. */
    void add(Step.Result result, double value, Batch batch) {
        double weight = result.weightOf(batch);
        values[0] += loss == null ? weight * value : loss.sums() ? value : weight * loss.toMean(value);
        values[1] += weight;
        Tensor output = result.output();
        Tensor target = result.target();
        for (int i = 0; i < metrics.size(); i++) {
            Metric metric = metrics.get(i);
            if (output == null) {
                throw new IllegalStateException("metrics: the step gave no output that " + metric.name()
                        + " could read; return new Step.Result(loss, output)");
            }
            if (target == null && batch.ragged(batch.name(Role.TARGET))) {
                throw new IllegalStateException("metrics: the step gave no target, and the field "
                        + batch.name(Role.TARGET) + " is ragged, so " + metric.name()
                        + " would count its padding; return new Step.Result(loss, batch.unpadded(name,"
                        + " output), batch.unpadded(name, batch.y())) with its name, or the padded output and"
                        + " batch.y() for a metric that knows padding");
            }
            Tensor truth = target == null ? batch.y() : target;
            if (truth.size() > 0) {
                Sum sum = metric.of(output.detach(), truth);
                values[2 + 2 * i] += sum.value();
                values[3 + 2 * i] += sum.weight();
            }
        }
    }

    /** Adds the sums of other batches. */
    void add(double[] sums) {
        for (int i = 0; i < values.length; i++) {
            values[i] += sums[i];
        }
    }

    /** The loss of all batches, which is NaN where nothing counts. */
    double loss() {
        double mean = values[0] / values[1];
        return loss == null ? mean : loss.ofMean(mean);
    }

    /** The figures, by name. */
    Map<String, Double> figures() {
        Map<String, Double> figures = new LinkedHashMap<>();
        figures.put("loss", loss());
        for (int i = 0; i < metrics.size(); i++) {
            Metric metric = metrics.get(i);
            figures.put(metric.name(), metric.figure(values[2 + 2 * i] / values[3 + 2 * i]));
        }
        return figures;
    }
}

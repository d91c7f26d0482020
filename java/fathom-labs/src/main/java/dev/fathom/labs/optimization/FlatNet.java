package dev.fathom.labs.optimization;

import dev.fathom.data.Batch;
import dev.fathom.data.Dataset;
import dev.fathom.derivative.Curvature;
import dev.fathom.labs.statistics.Averages;
import dev.fathom.nn.Net;
import dev.fathom.op.Activation;
import dev.fathom.op.Shape;
import dev.fathom.parameter.Parameter;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import java.util.Arrays;
import java.util.List;

/**
 * A network of linear layers whose weights are one vector, so that a place, a direction and a plane of its loss are
 * vectors too. A layer from m to n has n x m weights, row after row, and then n biases.
 *
 * @param weights all of them
 * @param widths the number of inputs, of the units of each hidden layer, and of classes
 * @param activation of the hidden layers
 */
record FlatNet(Parameter weights, int[] widths, Activation activation) implements Net {
    /** A network with Xavier's initial weights and biases of 0. */
    static FlatNet of(Activation activation, int... widths) {
        int size = 0;
        for (int i = 1; i < widths.length; i++) {
            size += widths[i] * (widths[i - 1] + 1);
        }
        return new FlatNet(
                new Parameter(Shape.of(size), (shape, rng) -> initial(rng, widths)), widths.clone(), activation);
    }

    private static float[] initial(Rng rng, int... widths) {
        float[][] parts = new float[2 * (widths.length - 1)][];
        for (int i = 1; i < widths.length; i++) {
            double deviation = Math.sqrt(2.0 / (widths[i - 1] + widths[i]));
            parts[2 * i - 2] = rng.split(i).normal(widths[i] * widths[i - 1], 0, (float) deviation);
            parts[2 * i - 1] = new float[widths[i]];
        }
        float[] all = new float[Arrays.stream(parts).mapToInt(p -> p.length).sum()];
        int at = 0;
        for (float[] part : parts) {
            System.arraycopy(part, 0, all, at, part.length);
            at += part.length;
        }
        return all;
    }

    /** The network with weights that begin at {@code place}. */
    FlatNet at(float... place) {
        return new FlatNet(new Parameter(weights.shape(), (shape, rng) -> place.clone()), widths, activation);
    }

    /** The curvature of the loss of all of {@code data}. */
    Curvature curvature(Dataset data) {
        return new Curvature(
                () -> loss(weights.value(), data.batches(data.size()).epoch(0).next()), List.of(weights));
    }

    int size() {
        return (int) weights.shape().size();
    }

    /** The cross-entropy of a batch where the weights are {@code w}. */
    Tensor loss(Tensor w, Batch batch) {
        return logits(w, batch.x()).crossEntropy(batch.y());
    }

    /** The logits of x [n, inputs] where the weights are {@code w}. */
    Tensor logits(Tensor w, Tensor x) {
        Tensor y = x;
        int at = 0;
        for (int i = 1; i < widths.length; i++) {
            int products = widths[i] * widths[i - 1];
            Tensor weight = w.slice(0, at, at + products).reshape(widths[i], widths[i - 1]);
            Tensor bias = w.slice(0, at + products, at + products + widths[i]);
            y = y.matmul(weight.transpose(0, 1)).add(bias);
            y = i + 1 < widths.length ? Pass.apply(activation, y) : y;
            at += products + widths[i];
        }
        return y;
    }

    /**
     * A random direction whose part for each unit is as long as the unit's weights at {@code place} (Li et al. 2018,
     * filter normalization); biases stay where they are.
     */
    float[] direction(float[] place, Rng rng) {
        float[] direction = rng.normal(size(), 0, 1);
        int at = 0;
        for (int i = 1; i < widths.length; i++) {
            for (int unit = 0; unit < widths[i]; unit++) {
                double length = Averages.norm(Arrays.copyOfRange(place, at, at + widths[i - 1]))
                        / Averages.norm(Arrays.copyOfRange(direction, at, at + widths[i - 1]));
                for (int k = 0; k < widths[i - 1]; k++) {
                    direction[at++] *= (float) length;
                }
            }
            Arrays.fill(direction, at, at + widths[i], 0);
            at += widths[i];
        }
        return direction;
    }
}

package dev.fathom.labs.optimization;

import dev.fathom.data.Batch;
import dev.fathom.data.Dataset;
import dev.fathom.derivative.Curvature;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.op.Activation;
import dev.fathom.op.Shape;
import dev.fathom.optim.Optimizer;
import dev.fathom.parameter.Parameter;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.Callback;
import dev.fathom.train.Run;
import dev.fathom.train.Step;
import dev.fathom.train.Trainer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

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
        int size = IntStream.range(1, widths.length)
                .map(i -> widths[i] * (widths[i - 1] + 1))
                .sum();
        return new FlatNet(new Parameter(Shape.of(size), (shape, rng) -> initial(rng, widths)), widths, activation);
    }

    private static float[] initial(Rng rng, int... widths) {
        float[][] parts = new float[2 * (widths.length - 1)][];
        for (int i = 1; i < widths.length; i++) {
            double deviation = Math.sqrt(2.0 / (widths[i - 1] + widths[i]));
            parts[2 * i - 2] = rng.split(i).normal(widths[i] * widths[i - 1], 0, (float) deviation);
            parts[2 * i - 1] = new float[widths[i]];
        }
        return Averages.flat(parts);
    }

    int size() {
        return (int) weights.shape().size();
    }

    /** The weights at the start, after every {@code every} steps, and at the end of a training of such a network. */
    List<float[]> way(Optimizer recipe, Dataset data, int batch, int epochs, int every, long seed, Runnable check) {
        List<float[]> way = new ArrayList<>();
        try (Model<FlatNet> model = Model.of(of(activation, widths), seed)) {
            Parameter w = model.net().weights;
            Trainer.custom(model, recipe, (net, examples) -> new Step.Result(net.loss(w.value(), examples)))
                    .callbacks(new Callback() {
                        private int steps;

                        @Override
                        public void onForwardBegin(Run run, Pass pass) {
                            check.run();
                            if (steps++ % every == 0) {
                                way.add(w.value().toArray());
                            }
                        }
                    })
                    .fit(data.shuffled(seed).batches(batch), epochs);
            way.add(w.value().toArray());
        }
        return way;
    }

    /** The weights at the end of a training of such a network. */
    float[] end(Optimizer recipe, Dataset data, int batch, int epochs, long seed, Runnable check) {
        return way(recipe, data, batch, epochs, Integer.MAX_VALUE, seed, check).get(1);
    }

    /** The cross-entropy of a batch where the weights are {@code w}. */
    private Tensor loss(Tensor w, Batch batch) {
        Tensor y = batch.x();
        int at = 0;
        for (int i = 1; i < widths.length; i++) {
            int products = widths[i] * widths[i - 1];
            Tensor weight = w.slice(0, at, at + products).reshape(widths[i], widths[i - 1]);
            Tensor bias = w.slice(0, at + products, at + products + widths[i]);
            y = y.matmul(weight.transpose(0, 1)).add(bias);
            y = i + 1 < widths.length ? Pass.apply(activation, y) : y;
            at += products + widths[i];
        }
        return y.crossEntropy(batch.y());
    }

    /** The loss of all of {@code data} where the weights are {@code w}. */
    Tensor loss(Tensor w, Dataset data) {
        return loss(w, data.batches(data.size()).epoch(0).next());
    }

    /** The loss of all of {@code data} at a place. */
    double loss(Dataset data, float... place) {
        try (Pass pass = Pass.infer()) {
            return loss(Tensor.of(place, size()), data).item();
        }
    }

    /** The network with weights that begin at {@code place}, as a model whose curvature is that place's. */
    Model<FlatNet> at(float... place) {
        Parameter there = new Parameter(weights.shape(), (shape, rng) -> place.clone());
        return Model.of(new FlatNet(there, widths, activation), 0);
    }

    /** The curvature of the loss of all of {@code data} where the weights of this network are. */
    Curvature curvature(Dataset data) {
        return new Curvature(() -> loss(weights.value(), data), List.of(weights));
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

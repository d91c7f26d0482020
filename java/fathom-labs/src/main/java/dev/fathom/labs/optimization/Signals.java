package dev.fathom.labs.optimization;

import dev.fathom.data.Batch;
import dev.fathom.data.Batches;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.explain.MeanSignal;
import dev.fathom.nn.Flatten;
import dev.fathom.nn.Init;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Activation;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.IntToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * The signals in the hidden layers of a network at its start.
 *
 * @param activations of each layer
 * @param gradients of what goes into each layer's activation
 * @param theory the deviations of the activations in infinitely wide layers
 * @param factorInTheory by which gradients change from layer to layer there
 */
record Signals(List<float[]> activations, List<float[]> gradients, double[] theory, double factorInTheory) {
    private static final int DEPTH = SignalsLab.DEPTH;

    /**
     * How weights begin: normal, with a variance that may depend on the number of inputs; hidden layers have as many
     * outputs as inputs.
     */
    record Start(String name, String value, IntToDoubleFunction variance) {
        static final List<Start> ALL = List.of(
                new Start("too small", "0.0001", in -> 1e-4),
                new Start("Xavier", "1/n", in -> 1.0 / in),
                new Start("He", "2/n", in -> 2.0 / in),
                new Start("too large", "9/n", in -> 9.0 / in));

        /**
         * A network whose hidden layers, if {@code activation} is null, leave the activation to others, who may then
         * watch what goes into it.
         */
        Sequential network(@Nullable Activation activation, int width) {
            List<Layer> layers = new ArrayList<>(List.of(new Flatten()));
            for (int i = 0; i <= DEPTH; i++) {
                int in = i == 0 ? 784 : width;
                var weights = Init.normal(0, (float) Math.sqrt(variance.applyAsDouble(in)));
                Linear layer = new Linear(in, i == DEPTH ? 10 : width, weights).withBias(Init.zeros());
                layers.add(activation == null || i == DEPTH ? layer : layer.act(activation));
            }
            return new Sequential(layers);
        }
    }

    /** Sends a batch through a network and back. */
    static Signals measured(Start start, Activation activation, int width, Batches batches, long seed) {
        try (Model<Sequential> model = Model.of(start.network(null, width), seed);
                Pass pass = Pass.grad()) {
            Batch first = batches.epoch(0).next();
            List<Tensor> inside = new ArrayList<>();
            List<float[]> behind = new ArrayList<>();
            Tensor x = first.x();
            for (Layer layer : model.net().layers()) {
                x = layer.apply(x);
                if (layer instanceof Linear && inside.size() < DEPTH) {
                    x = pass.watch(x);
                    inside.add(x);
                    x = Pass.apply(activation, x);
                    behind.add(x.toArray());
                }
            }
            pass.backward(x.crossEntropy(first.y()));
            double[] theory = new double[DEPTH];
            double slopes = 1; // of layers 2 to 10 in the theory
            double square = 784 * Math.pow(rootMeanSquare(first.x().toArray()), 2);
            for (int i = 0; i < DEPTH; i++) {
                double variance = start.variance().applyAsDouble(i == 0 ? 784 : width);
                MeanSignal signal = MeanSignal.of(activation, variance * square);
                theory[i] = signal.deviation();
                slopes *= i == DEPTH - 1 ? 1 : width * start.variance().applyAsDouble(width) * signal.slope();
                square = width * signal.square();
            }
            List<float[]> gradients = inside.stream()
                    .map(t -> Objects.requireNonNull(pass.gradient(t)).toArray())
                    .toList();
            return new Signals(behind, gradients, theory, Math.pow(slopes, 0.5 / (DEPTH - 1)));
        }
    }

    /** The deviation of the activations of each layer. */
    double[] deviations() {
        return activations.stream()
                .mapToDouble(a -> Averages.deviation(Averages.doubles(a)))
                .toArray();
    }

    /** By what gradients change from layer to layer, in the geometric mean. */
    double factor() {
        double fading = rootMeanSquare(gradients.get(0)) / rootMeanSquare(gradients.get(DEPTH - 1));
        return Math.pow(fading, 1.0 / (DEPTH - 1));
    }

    private static double rootMeanSquare(float... values) {
        return Averages.norm(values) / Math.sqrt(values.length);
    }
}

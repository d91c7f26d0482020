package dev.fathom.labs.memory;

import dev.fathom.data.Batch;
import dev.fathom.experiments.data.MemoryTask;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.experiments.statistics.SingularValues;
import dev.fathom.recurrent.Output;
import dev.fathom.recurrent.Recurrent;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.State;
import dev.fathom.tensor.Tensor;
import dev.fathom.tensor.Vectors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** How the gradient of a loss changes on its way back through the steps of a recurrent network. */
final class GradientFlow {
    private GradientFlow() {}

    /**
     * The norm of dL/dh[t] for the loss L of a batch, at the distances 0, 1, 2, ... from the last step; for an LSTM, of
     * the hidden and cell state together. The network runs step by step, so that backward gives the gradient that
     * reaches each state along all paths.
     */
    static double[] norms(MemoryNet net, Batch batch) {
        Pass pass = Pass.current();
        Tensor x = net.read(batch.x());
        int steps = x.dim(1);
        List<State> states = new ArrayList<>();
        State state = State.EMPTY;
        List<Tensor> hidden = new ArrayList<>();
        for (int t = 0; t < steps; t++) {
            Output out = net.cell().run(x.slice(1, t, t + 1), state);
            state = out.state().map(pass::watch);
            states.add(state);
            hidden.add(state.get("hidden"));
        }
        Tensor answer = net.task() == MemoryTask.COPY
                ? net.out().apply(Tensor.concat(1, hidden.toArray(new Tensor[0])))
                : net.out()
                        .apply(hidden.get(steps - 1)
                                .reshape(x.dim(0), net.cell().settings().hidden()));
        pass.backward(net.task().loss.of(answer, batch.y()));
        double[] norms = new double[steps];
        for (int d = 0; d < steps; d++) {
            norms[d] = Math.sqrt(states.get(steps - 1 - d).tensors().values().stream()
                    .mapToDouble(s -> squares(pass.gradient(s)))
                    .sum());
        }
        return norms;
    }

    static double squares(@Nullable Tensor gradient) {
        // there is no path from the cell state of the last step to the loss
        double[] all = gradient == null ? new double[0] : Averages.doubles(gradient.toArray());
        return Vectors.dot(all, all);
    }

    /**
     * The largest singular value of the product of the derivatives of a tanh layer's steps, dh[T]/dh[T - d] = D[T] W
     * D[T - 1] W ... with D[t] = diag(1 - h[t]^2), at the distances d = 0, 1, 2, ... along one sequence x [1, t, in].
     *
     * <p>No step stretches a vector by more than the largest singular value of W, as no slope of tanh is above 1: below
     * 1 the product must vanish, and above 1 it may explode (Pascanu, Mikolov and Bengio 2013).
     */
    static double[] products(Recurrent net, Tensor x) {
        int n = net.settings().hidden();
        float[] h = net.run(x).steps().toArray();
        float[] w = Objects.requireNonNull(net.weights().get("weight_hh_l0"))
                .value()
                .toArray();
        int steps = x.dim(1);
        double[][] product = new double[n][n];
        for (int i = 0; i < n; i++) {
            product[i][i] = 1;
        }
        double[] norms = new double[steps];
        norms[0] = 1;
        for (int d = 1; d < steps; d++) {
            product = before(product, w, h, (steps - d) * n);
            norms[d] = largest(product);
        }
        return norms;
    }

    /** The product P D W, with the state of the step at {@code at}. */
    private static double[][] before(double[][] product, float[] w, float[] h, int at) {
        int n = product.length;
        double[][] next = new double[n][n];
        for (int i = 0; i < n; i++) {
            for (int k = 0; k < n; k++) {
                double p = product[i][k] * (1 - (double) h[at + k] * h[at + k]);
                for (int j = 0; j < n; j++) {
                    next[i][j] += p * w[k * n + j];
                }
            }
        }
        return next;
    }

    /** The largest singular value. */
    static double largest(double[][] matrix) {
        return SingularValues.of(Arrays.stream(matrix).map(double[]::clone).toArray(double[][]::new))[0];
    }
}

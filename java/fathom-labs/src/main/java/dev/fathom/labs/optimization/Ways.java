package dev.fathom.labs.optimization;

import dev.fathom.data.Batches;
import dev.fathom.data.Dataset;
import dev.fathom.derivative.Curvature;
import dev.fathom.nn.Model;
import dev.fathom.optim.BoundOptimizer;
import dev.fathom.optim.LossAndGradient;
import dev.fathom.optim.Optimizer;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.Workers;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/** How optimizers lead the weights of a {@link FlatNet} over its loss. */
final class Ways {
    private Ways() {}

    /**
     * The weights at the start, after every {@code every} steps, and at the end of a training.
     *
     * @param net makes the network, anew
     * @param epochs passes over the data
     * @param stopped whether to end early
     */
    static List<float[]> of(
            Supplier<FlatNet> net,
            Optimizer recipe,
            Dataset data,
            int batch,
            int epochs,
            int every,
            long seed,
            BooleanSupplier stopped) {
        List<float[]> way = new ArrayList<>();
        try (Model<FlatNet> model = Model.of(net.get(), seed);
                BoundOptimizer optimizer = recipe.on(model)) {
            Batches batches = data.shuffled(seed).batches(batch);
            int steps = 0;
            for (int e = 1; e <= epochs; e++) {
                Batches.Epoch epoch = batches.epoch(e);
                for (int i = 0; i < batches.steps() && !stopped.getAsBoolean(); i++) {
                    if (steps++ % every == 0) {
                        way.add(weights(model));
                    }
                    int step = i;
                    LossAndGradient f = () -> descent(model, epoch, step);
                    f.compute();
                    optimizer.step(f);
                }
            }
            way.add(weights(model));
        }
        return way;
    }

    static float[] weights(Model<FlatNet> model) {
        return model.net().weights().value().toArray();
    }

    private static double descent(Model<FlatNet> model, Batches.Epoch epoch, int step) {
        try (Pass pass = Pass.grad()) {
            Tensor loss = model.net().loss(model.net().weights().value(), epoch.batch(step));
            pass.backward(loss);
            return loss.item();
        }
    }

    /** The loss of all of {@code data} where the weights are {@code w}. */
    static double loss(FlatNet net, Dataset data, float... w) {
        try (Pass pass = Pass.infer()) {
            return net.loss(
                            Tensor.of(w, w.length),
                            data.batches(data.size()).epoch(0).next())
                    .item();
        }
    }

    /**
     * Estimates of the least and the largest eigenvalue of the Hessian of the loss of all of {@code data}, by 20
     * products with it.
     */
    static Curvature.Extremes extremes(FlatNet net, Dataset data, long seed, float... w) {
        try (Model<FlatNet> model = Model.of(net.at(w), 0)) {
            return model.net().curvature(data).extremes(20, new Rng(seed));
        }
    }

    /** The losses over a plane {@code origin + a u + b v}: a row for each b, with a value for each a. */
    static double[][] plane(
            FlatNet net,
            Dataset data,
            float[] origin,
            float[] u,
            float[] v,
            double[] a,
            double[] b,
            BooleanSupplier stopped) {
        return Workers.all()
                .run(
                        b.length,
                        i -> Arrays.stream(a)
                                .map(x -> stopped.getAsBoolean() ? 0 : loss(net, data, at(origin, u, x, v, b[i])))
                                .toArray())
                .toArray(new double[0][]);
    }

    private static float[] at(float[] origin, float[] u, double a, float[] v, double b) {
        float[] place = new float[origin.length];
        for (int i = 0; i < place.length; i++) {
            place[i] = (float) (origin[i] + a * u[i] + b * v[i]);
        }
        return place;
    }

    /** {@code n} numbers at equal distances, both ends included. */
    static double[] range(double from, double to, int n) {
        double[] places = new double[n];
        Arrays.setAll(places, i -> from + i * (to - from) / (n - 1));
        return places;
    }
}

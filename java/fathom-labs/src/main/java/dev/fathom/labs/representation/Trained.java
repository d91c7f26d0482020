package dev.fathom.labs.representation;

import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.PlaneSet.Points;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.experiments.training.Descent;
import dev.fathom.experiments.training.ManyLinear;
import dev.fathom.experiments.training.NamedActivation;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import dev.fathom.view.Regions;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;

/**
 * What networks of one activation do, one for each problem and draw.
 *
 * @param accuracies the mean test accuracy over the draws, for each problem
 * @param shares what the network of each problem's first draw says to the places of the plane
 */
record Trained(double[] accuracies, float[][] shares) {
    double mean() {
        return Averages.mean(accuracies);
    }

    /** A layer over the units of all networks side by side, so that what it learns belongs to each network alone. */
    record Beside(Layer layer) implements Layer {
        @Override
        public Tensor forward(Tensor x) {
            int nets = x.dim(0);
            int n = x.dim(1);
            return layer.apply(x.transpose(0, 1).reshape(n, nets * x.dim(2)))
                    .reshape(n, nets, BoundariesLab.HIDDEN)
                    .transpose(0, 1);
        }
    }

    /** Trains a network for each problem and draw, all side by side. */
    static Trained train(
            Lab lab, NamedActivation activation, List<Points> learn, List<Points> test, int draws, int steps) {
        int nets = learn.size();
        int wide = activation.inputs() * BoundariesLab.HIDDEN;
        Sequential net = new Sequential(
                new ManyLinear(nets, 2, wide),
                new Beside(activation.layer().apply(nets * BoundariesLab.HIDDEN)),
                new ManyLinear(nets, BoundariesLab.HIDDEN, wide),
                new Beside(activation.layer().apply(nets * BoundariesLab.HIDDEN)),
                new ManyLinear(nets, BoundariesLab.HIDDEN, 1));
        float[] x = Averages.flat(learn.stream().map(Points::x).toArray(float[][]::new));
        float[] y = Averages.flat(learn.stream().map(Points::targets).toArray(float[][]::new));
        try (Model<Sequential> model = Model.of(net, lab.seed())) {
            Supplier<Tensor> loss = () -> Loss.bceWithLogits()
                    .of(
                            net.apply(Tensor.of(x, nets, BoundariesLab.LEARN, 2)),
                            Tensor.of(y, nets, BoundariesLab.LEARN, 1))
                    .mul(nets);
            Descent.adam(BoundariesLab.RATE, steps).run(lab, model, loss);
            try (Pass pass = Pass.infer()) {
                float[] logits = net.apply(Tensor.of(
                                Averages.flat(test.stream().map(Points::x).toArray(float[][]::new)),
                                nets,
                                BoundariesLab.TEST,
                                2))
                        .toArray();
                double[] accuracies = new double[nets / draws];
                for (int k = 0; k < nets; k++) {
                    float[] own = Arrays.copyOfRange(logits, k * BoundariesLab.TEST, (k + 1) * BoundariesLab.TEST);
                    accuracies[k / draws] += test.get(k).accuracy(own) / draws;
                }
                float[][] shares = new float[nets / draws][];
                Tensor places = Tensor.of(BoundariesLab.plane("").places(), Regions.PLACES, 2);
                float[] answers = net.apply(places).sigmoid().toArray();
                for (int s = 0; s < shares.length; s++) {
                    int first = s * draws * Regions.PLACES;
                    shares[s] = Arrays.copyOfRange(answers, first, first + Regions.PLACES);
                }
                return new Trained(accuracies, shares);
            }
        }
    }
}

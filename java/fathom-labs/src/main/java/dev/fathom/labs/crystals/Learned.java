package dev.fathom.labs.crystals;

import dev.fathom.assess.Regression;
import dev.fathom.data.Dataset;
import dev.fathom.derivative.LBfgs;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.Crystals;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.features.Examples;
import dev.fathom.features.NearestNeighbors;
import dev.fathom.features.Predictor;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Penalty;
import dev.fathom.optim.Adam;
import dev.fathom.optim.Schedule;
import dev.fathom.train.Callback;
import dev.fathom.train.Step;
import dev.fathom.train.Trainer;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * What the methods that say a property of crystals learned from some labels.
 *
 * @param errors the mean absolute error of each method on the test
 * @param said what the network that was taught first says of the test
 */
record Learned(double[] errors, double[] said) {
    static final List<String> METHODS = List.of(
            "mean of the labels",
            "linear map of the composition",
            "3 nearest compositions",
            "graph network, labels alone",
            "graph network, taught first by crystals without labels");
    static final int ALONE = 3;
    static final int TAUGHT = 4;

    /** Learns from some labels by all methods, of which the last one goes on from a network that was taught first. */
    static Learned of(Lab lab, Crystals labeled, Crystals test, Model<CrystalNet> taught, int draw) {
        double[] labels = Averages.doubles(labeled.energies());
        double mean = Averages.mean(labels);
        double deviation = Averages.deviation(labels);
        int batch = Math.min(20, labels.length);
        int epochs = Math.max(1, lab.of(1500, 400) * batch / labels.length);
        Callback stop = lab.run().interrupt().stopping();
        try (Dataset data = labeled.dataset(mean, deviation);
                Dataset asked = test.dataset(mean, deviation);
                Predictor near =
                        new NearestNeighbors(3).fit(Examples.of(labeled.composition(), column(labeled.energies())), 0);
                Model<CrystalNet> fresh = Model.of(CrystalNet.of(), lab.seed() + 1 + draw);
                Model<CrystalNet> alone = network(fresh, data, batch, epochs, lab.seed(), stop);
                Model<CrystalNet> after = network(taught, data, batch, epochs, lab.seed(), stop)) {
            double[][] said = {
                scaled(new float[test.size()], mean, deviation),
                scaled(linear(labeled, test, mean, deviation, lab.seed() + draw), mean, deviation),
                Averages.doubles(Averages.flat(near.predict(test.composition()))),
                scaled(said(alone, asked), mean, deviation),
                scaled(said(after, asked), mean, deviation)
            };
            double[] truth = Averages.doubles(test.energies());
            double[] errors = Arrays.stream(said)
                    .mapToDouble(s -> Regression.of(truth, s).mae())
                    .toArray();
            return new Learned(errors, said[TAUGHT]);
        }
    }

    private static double[] scaled(float[] said, double mean, double deviation) {
        return Arrays.stream(Averages.doubles(said))
                .map(s -> mean + deviation * s)
                .toArray();
    }

    private static float[][] column(float... values) {
        return IntStream.range(0, values.length)
                .mapToObj(i -> new float[] {values[i]})
                .toArray(float[][]::new);
    }

    /** By shares of elements and the lattice alone. */
    private static float[] linear(Crystals labeled, Crystals test, double mean, double deviation, long seed) {
        double[] labels = Averages.doubles(labeled.energies());
        float[][] y = column(Averages.floats(
                Arrays.stream(labels).map(e -> (e - mean) / deviation).toArray()));
        float[][] x = test.composition();
        try (Dataset data = Dataset.of(labeled.composition(), y);
                Dataset asked = Dataset.of(x, new float[x.length][1]);
                Model<Linear> model = Model.of(new Linear(x[0].length, 1), seed)) {
            Trainer.of(model, Loss.mse(), new LBfgs())
                    .penalties(Penalty.l2(1e-3f).except("bias"))
                    .fit(data.batches(y.length), 20);
            return model.predict(asked).values();
        }
    }

    /** A copy of a network, taught the property. */
    static Model<CrystalNet> network(
            Model<CrystalNet> start, Dataset labeled, int batch, int epochs, long seed, Callback stop) {
        Model<CrystalNet> model = start.copy();
        Trainer.custom(
                        model,
                        new Adam(2e-3f),
                        (net, b) -> new Step.Result(Loss.mse().of(net.energy(b.x(), b.get("a")), b.y())))
                .schedule(Schedule.cosine(epochs))
                .seed(seed)
                .callbacks(stop)
                .fit(labeled.shuffled(seed).batches(batch), epochs);
        return model;
    }

    private static float[] said(Model<CrystalNet> model, Dataset asked) {
        return model.predict(asked, (net, b) -> net.energy(b.x(), b.get("a"))).values();
    }
}

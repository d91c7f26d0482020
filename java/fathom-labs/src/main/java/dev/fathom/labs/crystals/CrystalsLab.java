package dev.fathom.labs.crystals;

import dev.fathom.assess.Regression;
import dev.fathom.data.Batch;
import dev.fathom.data.Batches;
import dev.fathom.data.Dataset;
import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.Crystals;
import dev.fathom.experiments.data.Lattice;
import dev.fathom.experiments.pages.Figure;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.experiments.statistics.Correlation;
import dev.fathom.features.Examples;
import dev.fathom.features.NearestNeighbors;
import dev.fathom.features.Pca;
import dev.fathom.features.Predictor;
import dev.fathom.nn.Input;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Penalty;
import dev.fathom.optim.Adam;
import dev.fathom.optim.LBfgs;
import dev.fathom.optim.Schedule;
import dev.fathom.tensor.Pass;
import dev.fathom.train.Callback;
import dev.fathom.train.Step;
import dev.fathom.train.Trainer;
import dev.fathom.train.Workers;
import dev.fathom.view.Chart;
import dev.fathom.view.Diagram;
import dev.fathom.view.Plots;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * A property of generated crystals by graph networks: few crystals have a label, and many more without one teach what
 * the elements are like.
 */
public final class CrystalsLab implements Experiment {
    private static final int[] LABELS = {20, 50, 100, 200, 500};
    private static final int[] BRIEF = {20, 100};
    private static final List<String> METHODS = List.of(
            "mean of the labels",
            "linear map of the composition",
            "3 nearest compositions",
            "graph network, labels alone",
            "graph network, taught first by crystals without labels");
    private static final int ALONE = 3;
    private static final int TAUGHT = 4;

    /** A draw of crystals that have a label. */
    private record Draw(int labels, int draw, int learn, int tested) {}

    /** The mean absolute error of each method on the test, and what the network that was taught first says of it. */
    private record Drawn(double[] errors, double[] said) {}

    @Override
    public Optional<Diagram> net() {
        return Experiment.drawn(
                "Two rounds of messages between sites",
                CrystalNet.of(),
                (net, in) -> net.energy(in[0], in[1]),
                Input.ints(1, Lattice.SITES),
                Input.floats(1, Lattice.SITES, Lattice.SITES));
    }

    @Override
    public void run(Lab lab) {
        int unlabeled = lab.of(4000, 1500);
        int tested = lab.of(1000, 300);
        Crystals all = Crystals.draw(unlabeled + tested, lab.rng("crystals"));
        Crystals known = all.subset(0, unlabeled);
        Crystals test = all.subset(unlabeled, unlabeled + tested);
        lab.put("unlabeled", unlabeled).put("tested", tested);
        lab.section("Generated crystals").put("sites", Lattice.SITES).put("elements", Crystals.ELEMENTS);
        int epochs = lab.epochs(40, 15);
        try (Model<CrystalNet> taught = Model.of(CrystalNet.of(), lab.seed());
                Dataset data = known.dataset(0, 1)) {
            var trainer = Trainer.custom(
                            taught,
                            new Adam(3e-3f),
                            (net, batch) -> new Step.Result(net.hiddenLoss(batch.x(), batch.get("a"))))
                    .schedule(Schedule.cosine(epochs))
                    .seed(lab.seed());
            lab.train(
                    "Hidden sites",
                    "crystals",
                    trainer,
                    data.shuffled(lab.seed()).batches(50),
                    epochs);
            property(lab, known, test, taught);
            elements(lab, known, taught);
        }
    }

    // ---- the property

    private static void property(Lab lab, Crystals known, Crystals test, Model<CrystalNet> taught) {
        lab.section("The property by the number of labels").put("draws", lab.of(5, 2));
        Map<Integer, List<Drawn>> all = new LinkedHashMap<>();
        for (int n : lab.brief() ? BRIEF : LABELS) {
            List<Drawn> drawn = Workers.all().run(lab.of(5, 2), draw -> {
                Crystals labeled = known.subset(draw * n, (draw + 1) * n);
                return lab.part(
                        new Draw(n, draw, known.size(), test.size()),
                        Drawn.class,
                        () -> drawn(lab, labeled, test, taught, draw));
            });
            all.put(n, drawn);
            lab.say("%d labels: mean absolute error %.3f taught first", n, Averages.mean(drawn, d -> d.errors[TAUGHT]));
        }
        Table table = lab.table("errors", "mean absolute error, by the number of labels")
                .named("{row}, {column} labels, mean absolute error");
        Map<String, double[]> errors = new LinkedHashMap<>();
        for (int m = 0; m < METHODS.size(); m++) {
            int method = m;
            Table.Row row = table.row(METHODS.get(m));
            all.forEach((n, drawn) -> {
                row.put(n.toString(), "%.3f", Averages.mean(drawn, d -> d.errors[method]));
                if (method > 0) {
                    row.baseline(table.rows().get(0).get(n.toString()), METHODS.get(0));
                }
            });
            errors.put(
                    row.name(),
                    all.keySet().stream()
                            .mapToDouble(n -> row.get(n.toString()))
                            .toArray());
        }
        List<String> labels = all.keySet().stream().map(String::valueOf).toList();
        lab.picture("labels.png", () -> Plots.compare("mean absolute error", "labels", labels, errors));

        double[] hundred = table.values("100");
        double simple = Math.min(hundred[1], hundred[2]);
        double share = hundred[TAUGHT] / hundred[ALONE];
        lab.put("share", 100 * share).put("simple", simple);
        lab.put("alone", hundred[ALONE]).put("taught", hundred[TAUGHT]);
        lab.figure(Figure.of("Graph network taught first, 100 labels, error divided by that of labels alone", "", share)
                .baseline(1, "the same network, labels alone"));
        lab.figure(Figure.of("Graph network taught first, 100 labels, mean absolute error", "", hundred[TAUGHT])
                .baseline(simple, "the better of linear map and nearest compositions"));
        lab.figure(Figure.of("Gain by crystals without labels, 100 labels", "", hundred[ALONE] - hundred[TAUGHT])
                .baseline(0, "labels alone"));
        double[] truth = Averages.doubles(test.energies());
        double wide = 2 * Averages.deviation(truth);
        double[] ends = {Averages.mean(truth) - wide, Averages.mean(truth) + wide};
        List<Drawn> last = all.getOrDefault(100, List.of());
        lab.chart(
                "predicted.png",
                new Chart("said property, 100 labels", "true property")
                        .points("test crystals, taught first", truth, last.get(last.size() - 1).said)
                        .dashed("equal", ends, ends));
    }

    /** What each method comes to by some labels. */
    private static Drawn drawn(Lab lab, Crystals labeled, Crystals test, Model<CrystalNet> taught, int draw) {
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
                Model<CrystalNet> alone = learned(fresh, data, batch, epochs, lab.seed(), stop);
                Model<CrystalNet> after = learned(taught, data, batch, epochs, lab.seed(), stop)) {
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
            return new Drawn(errors, said[TAUGHT]);
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
            return Averages.flat(Examples.of(model.net(), asked).x());
        }
    }

    /** A copy of a network, taught the property. */
    static Model<CrystalNet> learned(
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
        List<float[]> all = new ArrayList<>();
        for (Batches.Epoch batches = asked.batches(100).epoch(0); batches.hasNext(); ) {
            try (Pass pass = Pass.infer()) {
                Batch b = batches.next();
                all.add(model.net().energy(b.x(), b.get("a")).toArray());
            }
        }
        return Averages.flat(all.toArray(float[][]::new));
    }

    /** What the network learned of the elements without a label. */
    private static void elements(Lab lab, Crystals crystals, Model<CrystalNet> taught) {
        float[][] vectors = taught.net().elements();
        float[][] plane = Pca.fit(vectors, 2).transform(vectors);
        float[] first = new float[vectors.length];
        for (int e = 0; e < first.length; e++) {
            first[e] = plane[e][0];
        }
        float[] truth = crystals.electronegativity();
        double r = Math.abs(Correlation.pearson(first, truth, 0, first.length));
        lab.section("What crystals without labels tell of the elements").put("r", r);
        lab.figure("Elements without labels, correlation of the first component with electronegativity", "", r);
        lab.chart(
                "elements.png",
                new Chart("first principal component", "electronegativity")
                        .points("elements", Averages.doubles(truth), Averages.doubles(first)));
    }
}

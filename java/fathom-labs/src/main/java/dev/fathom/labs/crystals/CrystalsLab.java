package dev.fathom.labs.crystals;

import dev.fathom.data.Dataset;
import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.Crystals;
import dev.fathom.experiments.data.Lattice;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.experiments.statistics.Correlation;
import dev.fathom.features.Pca;
import dev.fathom.nn.Input;
import dev.fathom.nn.Model;
import dev.fathom.optim.Adam;
import dev.fathom.optim.Schedule;
import dev.fathom.train.Step;
import dev.fathom.train.Trainer;
import dev.fathom.train.Workers;
import dev.fathom.view.Chart;
import dev.fathom.view.Diagram;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A property of generated crystals by graph networks: few crystals have a label, and many more without one teach what
 * the elements are like.
 */
public final class CrystalsLab implements Experiment {
    private static final int[] LABELS = {20, 50, 100, 200, 500};
    private static final int[] BRIEF = {20, 50, 100};

    /** A draw of crystals that have a label. */
    private record Draw(int labels, int draw, int learn, int tested) {}

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
                    .schedule(Schedule.cosine(epochs));
            lab.train("Hidden sites", "crystals", trainer, data, 50, epochs);
            property(lab, known, test, taught);
            elements(lab, known, taught);
        }
    }

    // ---- the property

    private static void property(Lab lab, Crystals known, Crystals test, Model<CrystalNet> taught) {
        lab.section("The property by the number of labels").put("draws", lab.of(5, 2));
        Map<Integer, List<Learned>> all = new LinkedHashMap<>();
        for (int n : lab.brief() ? BRIEF : LABELS) {
            List<Learned> drawn = Workers.all().run(lab.of(5, 2), draw -> {
                Crystals labeled = known.subset(draw * n, (draw + 1) * n);
                return lab.part(
                        new Draw(n, draw, known.size(), test.size()),
                        Learned.class,
                        () -> Learned.of(lab, labeled, test, taught, draw));
            });
            all.put(n, drawn);
            lab.say(
                    "%d labels: mean absolute error %.3f taught first",
                    n, Averages.mean(drawn, d -> d.errors()[Learned.TAUGHT]));
        }
        Table table = lab.table("errors", "mean absolute error, by the number of labels")
                .named("{row}, {column} labels, mean absolute error");
        for (int m = 0; m < Learned.METHODS.size(); m++) {
            int method = m;
            Table.Row row = table.row(Learned.METHODS.get(m));
            all.forEach((n, drawn) -> {
                row.put(n.toString(), "%.3f", Averages.mean(drawn, d -> d.errors()[method]));
                if (method > 0) {
                    row.baseline(table.rows().get(0).get(n.toString()), Learned.METHODS.get(0));
                }
            });
        }
        List<String> labels = all.keySet().stream().map(String::valueOf).toList();
        lab.curves("labels.png", "mean absolute error", "labels", labels, table.lines());

        shares(lab, all);
        double[] hundred = table.values("100");
        double simple = Math.min(hundred[1], hundred[2]);
        double after = hundred[Learned.TAUGHT];
        lab.put("simple", simple).put("taught", after);
        lab.figure("Graph network taught first, 100 labels, mean absolute error", "", after)
                .baseline(simple, "the better of linear map and nearest compositions");
        lab.figure("Gain by crystals without labels, 100 labels", "", hundred[Learned.ALONE] - after)
                .baseline(0, "labels alone");
        double[] truth = Averages.doubles(test.energies());
        double wide = 2 * Averages.deviation(truth);
        double[] ends = {Averages.mean(truth) - wide, Averages.mean(truth) + wide};
        List<Learned> draws = all.getOrDefault(100, List.of());
        double[] said = draws.get(draws.size() - 1).said();
        lab.chart(
                "predicted.png",
                new Chart("said property, 100 labels", "true property")
                        .points("test crystals, taught first", truth, said)
                        .dashed("equal", ends, ends));
    }

    /** The error of the network that was taught first, as a share of that without, on the same labels. */
    private static void shares(Lab lab, Map<Integer, List<Learned>> all) {
        Table table = lab.table("shares", "graph network").named("Graph network taught first, {row}, {column}");
        all.forEach((n, drawn) -> {
            double alone = Averages.mean(drawn, d -> d.errors()[Learned.ALONE]);
            double after = Averages.mean(drawn, d -> d.errors()[Learned.TAUGHT]);
            double share = after / alone;
            // the differences within each draw, since some draws of labels are harder than others for both
            double half = Averages.interval95(drawn.stream()
                            .mapToDouble(d -> d.errors()[Learned.TAUGHT] - d.errors()[Learned.ALONE])
                            .toArray())
                    / alone;
            table.row(n + " labels")
                    .cell("error, labels alone", "%.3f", alone)
                    .cell("error, taught first", "%.3f", after)
                    .put("error divided by that of labels alone", "%.2f", share)
                    .interval(Math.max(0, share - half), share + half)
                    .baseline(1, "the same network, labels alone")
                    .cell("95 % interval", "%.2f to %.2f", Math.max(0, share - half), share + half);
        });
    }

    /** What the network learned of the elements without a label. */
    private static void elements(Lab lab, Crystals crystals, Model<CrystalNet> taught) {
        float[][] vectors = taught.net().elements();
        float[] first = Averages.flat(Pca.fit(vectors, 1).transform(vectors));
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

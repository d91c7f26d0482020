package dev.fathom.labs.adversarial;

import dev.fathom.attack.ProjectedGradient;
import dev.fathom.data.Dataset;
import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.DataSet;
import dev.fathom.experiments.data.ImageSet;
import dev.fathom.experiments.data.Images;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.nets.Maxout;
import dev.fathom.nn.Dropout;
import dev.fathom.nn.Flatten;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Sequential;
import dev.fathom.view.Chart;
import dev.fathom.view.Diagram;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Five attacks on networks that know handwritten digits, and networks that were trained on attacked images (Goodfellow
 * et al. 2015, Madry et al. 2018).
 */
public final class AdversarialLab implements Experiment {
    private static final int PIECES = 5;
    private static final int SEEN = 500; // images of the test at which people looked while they wrote this lab

    @Override
    public Optional<Diagram> net() {
        return Experiment.drawn("Maxout", maxout(240, true), 28, 28, 1);
    }

    @Override
    public List<DataSet> reads() {
        return List.of(ImageSet.MNIST.set());
    }

    @Override
    public void run(Lab lab) {
        try (Images all = ImageSet.MNIST.images(lab.data(), lab.seed());
                Images some = all.sample(lab.of(55_000, 3000), lab.seed());
                Images images = some.scaled();
                Dataset unseen = all.test()
                        .subset(IntStream.of(lab.rng("attacked")
                                        .permutation(all.test().size() - SEEN))
                                .limit(lab.of(1000, 250))
                                .map(i -> i + SEEN)
                                .toArray());
                Dataset test = unseen.scaled(1f / 255, 0)) {
            int units = lab.of(240, 48);
            lab.put("learn", images.learn().size())
                    .put("attacked", test.size())
                    .put("iterations", lab.of(20, 10))
                    .put("units", units)
                    .put("pieces", PIECES)
                    .put("seen", SEEN)
                    .section("The attacks");
            AttackStudy study = new AttackStudy(
                    lab,
                    images,
                    test,
                    lab.table("quarter", "at ε 0.25"),
                    lab.table("fast", "under FGSM").named("{row}, accuracy under FGSM at {column}"),
                    lab.table("projected", "under PGD").named("{row}, accuracy under PGD at {column}"));
            study.of(
                    "Softmax regression", 3, new Sequential(new Flatten(), new Linear(784, AttackStudy.CLASSES)), null);
            Table.Row plain = study.of("Maxout", 3, maxout(units, false), null);
            Table.Row dropout = study.of("Maxout with dropout", 3, maxout(units, true), null);
            String heldOut = "errors on images held out";
            boolean with = dropout.get(heldOut) < plain.get(heldOut);
            Table.Row fast = study.of(
                    "Maxout, trained on FGSM", 3, maxout(units, with), ProjectedGradient.fast(AttackStudy.EPSILON));
            study.of("Maxout, trained on PGD", 2, maxout(units, with), ProjectedGradient.of(AttackStudy.EPSILON, 5));
            lab.section("At a quarter of the range")
                    .put("dropout", with)
                    .put("plain FGSM", (with ? dropout : plain).get("errors under FGSM"))
                    .put("plain PGD", (with ? dropout : plain).get("errors under PGD"))
                    .put("gap", fast.get("errors under PGD") - fast.get("errors under FGSM"))
                    .section("Accuracy against ε")
                    .chart("fgsm.png", chart("accuracy under FGSM", study.fast()))
                    .chart("pgd.png", chart("accuracy under PGD", study.projected()));
        }
    }

    private static Chart chart(String title, Table table) {
        Chart chart = new Chart(title, "ε");
        for (Table.Row row : table.rows()) {
            double[] accuracies = Arrays.stream(Averages.doubles(AttackStudy.EPSILONS))
                    .map(e -> row.get("ε " + (float) e) / 100)
                    .toArray();
            chart.line(row.name(), Averages.doubles(AttackStudy.EPSILONS), accuracies);
        }
        return chart;
    }

    private static Layer maxout(int units, boolean dropout) {
        return new Sequential(
                new Flatten(),
                new Dropout(dropout ? 0.2f : 0),
                new Linear(784, units * PIECES),
                new Maxout(PIECES),
                new Dropout(dropout ? 0.5f : 0),
                new Linear(units, units * PIECES),
                new Maxout(PIECES),
                new Dropout(dropout ? 0.5f : 0),
                new Linear(units, AttackStudy.CLASSES));
    }
}

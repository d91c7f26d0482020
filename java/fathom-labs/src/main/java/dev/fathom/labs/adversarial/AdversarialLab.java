package dev.fathom.labs.adversarial;

import static dev.fathom.experiments.pages.Findings.line;

import dev.fathom.data.Batch;
import dev.fathom.data.Dataset;
import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.ImageSet;
import dev.fathom.experiments.data.Images;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.nn.Dropout;
import dev.fathom.nn.Flatten;
import dev.fathom.nn.Input;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Maxout;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Shape;
import dev.fathom.optim.Adam;
import dev.fathom.optim.Schedule;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.Step;
import dev.fathom.train.Trainer;
import dev.fathom.view.Chart;
import dev.fathom.view.Diagram;
import dev.fathom.view.ImageSheet;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Five attacks on networks that know handwritten digits, and networks that were trained on attacked images (Goodfellow
 * et al. 2015, Madry et al. 2018).
 */
public final class AdversarialLab implements Experiment {
    private static final float[] EPSILONS = {0, 0.05f, 0.1f, 0.15f, 0.2f, 0.25f, 0.3f};
    private static final float EPSILON = 0.25f;
    private static final int MOST_PIXELS = 60;
    private static final int PIECES = 5;
    private static final int SHOWN = 5;
    private static final int SEEN = 500; // images of the test at which people looked while they wrote this lab
    private static final int CLASSES = 10;

    @Override
    public Optional<Diagram> net() {
        return Experiment.drawn("Maxout", maxout(240, true), Input.floats(1, 28, 28, 1));
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
            Study study = new Study(
                    lab,
                    images,
                    test,
                    lab.table("quarter", "at ε 0.25"),
                    lab.table("fast", "under FGSM").named("{row}, accuracy under FGSM at {column}"),
                    lab.table("projected", "under PGD").named("{row}, accuracy under PGD at {column}"));
            study.of("Softmax regression", 3, new Sequential(new Flatten(), new Linear(784, CLASSES)), null);
            Table.Row plain = study.of("Maxout", 3, maxout(units, false), null);
            Table.Row dropout = study.of("Maxout with dropout", 3, maxout(units, true), null);
            String heldOut = "errors on images held out";
            boolean with = dropout.get(heldOut) < plain.get(heldOut);
            Table.Row fast =
                    study.of("Maxout, trained on FGSM", 3, maxout(units, with), ProjectedGradient.fast(EPSILON));
            study.of("Maxout, trained on PGD", 2, maxout(units, with), ProjectedGradient.of(EPSILON, 5));
            lab.section("At a quarter of the range")
                    .put("dropout", with)
                    .put("plain FGSM", (with ? dropout : plain).get("errors under FGSM"))
                    .put("plain PGD", (with ? dropout : plain).get("errors under PGD"))
                    .put("gap", fast.get("errors under PGD") - fast.get("errors under FGSM"))
                    .section("Accuracy against ε")
                    .chart("fgsm.png", chart("accuracy under FGSM", study.fast))
                    .chart("pgd.png", chart("accuracy under PGD", study.projected));
        }
    }

    private static Chart chart(String title, Table table) {
        Chart chart = new Chart(title, "ε");
        for (Table.Row row : table.rows()) {
            double[] accuracies = Arrays.stream(Averages.doubles(EPSILONS))
                    .map(e -> row.get("ε " + (float) e) / 100)
                    .toArray();
            chart.line(row.name(), Averages.doubles(EPSILONS), accuracies);
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
                new Linear(units, CLASSES));
    }

    /** Trains networks on images and attacks them on others. */
    private record Study(Lab lab, Images images, Dataset test, Table quarter, Table fast, Table projected) {
        /** @param teacher what images are changed by in training; null for images as they are */
        Table.Row of(String name, int small, Layer net, @Nullable Attack teacher) {
            try (Model<Layer> model = Model.of(net, lab.seed())) {
                Victim victim = new Victim(model.net(), Shape.of(28, 28, 1), 0, 1);
                train(name, lab.epochs(4, small), model, victim, teacher);
                Table.Row row = attack(quarter.row(name), victim);
                if (name.equals("Maxout") || name.equals("Maxout, trained on PGD")) {
                    examples(name, victim);
                }
                return row;
            }
        }

        private void train(String name, int epochs, Model<Layer> model, Victim victim, @Nullable Attack teacher) {
            Loss loss = Loss.crossEntropy();
            Trainer<Layer> trainer = Trainer.custom(model, new Adam(1e-3f), (net, batch) -> {
                        Tensor plain = loss.of(net.apply(batch.x()), batch.y());
                        if (teacher == null) {
                            return new Step.Result(plain);
                        }
                        float[] changed = teacher.of(
                                victim, batch.x().toArray(), batch.y().toIntArray());
                        Tensor attacked = loss.of(net.apply(victim.batch(changed)), batch.y());
                        return new Step.Result(plain.add(attacked).mul(0.5f));
                    })
                    .schedule(Schedule.cosine(epochs))
                    .seed(lab.seed());
            lab.train(
                    name, "images", trainer, images.learn().shuffled(lab.seed()).batches(100), epochs);
        }

        private Table.Row attack(Table.Row row, Victim victim) {
            Table.Row fgsm = fast.row(row.name());
            Table.Row pgd = projected.row(row.name());
            double confidence = Double.NaN;
            for (float epsilon : EPSILONS) {
                Attack.Outcome once = ProjectedGradient.fast(epsilon).on(victim, test, lab.seed());
                Attack.Outcome often = projected(epsilon).on(victim, test, lab.seed());
                fgsm.put("ε " + epsilon, "%.1f %%", 100 * once.accuracy());
                pgd.put("ε " + epsilon, "%.1f %%", 100 * often.accuracy());
                confidence = epsilon == EPSILON ? 100 * once.confidence() : confidence;
            }
            double heldOut = ProjectedGradient.fast(0)
                    .on(victim, images.choose(), lab.seed())
                    .accuracy();
            double error = 100 - fgsm.get("ε " + EPSILON);
            row.put("errors on images held out", "%.2f %%", 100 * (1 - heldOut))
                    .put("errors on images as they are", "%.1f %%", 100 - fgsm.get("ε 0.0"))
                    .put("errors under FGSM", "%.1f %%", error)
                    .put("errors under PGD", "%.1f %%", 100 - pgd.get("ε " + EPSILON))
                    .baseline(error, "FGSM");
            try (Dataset few = test.take(0, lab.of(200, 40));
                    Pass pass = Pass.infer(new Rng(lab.seed()))) {
                Batch batch = few.batches(few.size()).epoch(0).next();
                float[] x = batch.x().toArray();
                int[] labels = batch.y().toIntArray();
                int[] targets = targets(labels);
                float[] toward = projected(EPSILON).toward().of(victim, x, targets);
                float[] smallest = smallest().of(victim, x, targets);
                int[] found = equal(victim.answers(smallest).classes(), targets);
                double n = labels.length;
                row.put(
                                "target reached by PGD",
                                "%.1f %%",
                                100 * equal(victim.answers(toward).classes(), targets).length / n)
                        .put(
                                "pixels changed",
                                "%.0f",
                                changedPixels(x, new FewPixels(MOST_PIXELS).of(victim, x, labels), labels.length))
                        .put("target reached by L-BFGS", "%.0f %%", 100 * found.length / n);
                if (found.length > 0) {
                    row.put("smallest change by L-BFGS", "%.3f", change(x, smallest, x.length / labels.length, found));
                }
            }
            return Double.isNaN(confidence)
                    ? row
                    : row.put("confidence of wrong answers under FGSM", "%.1f %%", confidence);
        }

        private ProjectedGradient projected(float epsilon) {
            return ProjectedGradient.of(epsilon, lab.of(20, 10));
        }

        private SmallestChange smallest() {
            return new SmallestChange(lab.of(10, 6), lab.of(30, 12));
        }

        /** For each image another class than its own. */
        private int[] targets(int... labels) {
            float[] drawn = lab.rng("targets").uniform(labels.length, 0, CLASSES - 1);
            return IntStream.range(0, labels.length)
                    .map(i -> (labels[i] + 1 + Math.min(CLASSES - 2, (int) drawn[i])) % CLASSES)
                    .toArray();
        }

        /** One image in each column, as it is and under each attack, with the answers. */
        private void examples(String name, Victim victim) {
            try (Dataset few = test.take(0, SHOWN);
                    Pass pass = Pass.infer(new Rng(lab.seed()))) {
                Batch batch = few.batches(SHOWN).epoch(0).next();
                float[] x = batch.x().toArray();
                int[] labels = batch.y().toIntArray();
                int[] targets = targets(labels);
                Map<String, float[]> rows = new LinkedHashMap<>();
                rows.put("as it is", x);
                rows.put("FGSM", ProjectedGradient.fast(EPSILON).of(victim, x, labels));
                rows.put("PGD", projected(EPSILON).of(victim, x, labels));
                rows.put("targeted", projected(EPSILON).toward().of(victim, x, targets));
                rows.put("pixels", new FewPixels(MOST_PIXELS).of(victim, x, labels));
                rows.put("L-BFGS", smallest().of(victim, x, targets));
                ImageSheet sheet = new ImageSheet(28, 28, 1).columns(SHOWN);
                int size = x.length / SHOWN;
                rows.forEach((attack, changed) -> {
                    Victim.Answers said = victim.answers(changed);
                    for (int i = 0; i < SHOWN; i++) {
                        sheet.add(
                                few.pixels(Arrays.copyOfRange(changed, i * size, (i + 1) * size)),
                                line("%s: %d, %.0f %%", attack, said.classes()[i], 100 * said.confidence()[i]));
                    }
                });
                List<String> classes =
                        Arrays.stream(targets).mapToObj(Integer::toString).toList();
                lab.section("Examples: {net}")
                        .put("net", name)
                        .put("targets", String.join(", ", classes))
                        .put("file", name.equals("Maxout") ? "maxout" : "projected")
                        .sheet("examples-" + (name.equals("Maxout") ? "maxout" : "projected") + ".png", sheet);
            }
        }
    }

    /** The places at which two rows are alike. */
    private static int[] equal(int[] a, int... b) {
        return IntStream.range(0, a.length).filter(i -> a[i] == b[i]).toArray();
    }

    /** The mean over some images of the root mean square change. */
    private static double change(float[] x, float[] changed, int size, int... images) {
        return Averages.mean(IntStream.of(images)
                .mapToDouble(i -> Math.sqrt(IntStream.range(i * size, (i + 1) * size)
                                .mapToDouble(k -> Math.pow(changed[k] - x[k], 2))
                                .sum()
                        / size))
                .toArray());
    }

    /** The median number of pixels of an image that changed. */
    private static double changedPixels(float[] x, float[] changed, int n) {
        int size = x.length / n;
        return Averages.median(IntStream.range(0, n)
                .mapToDouble(i -> IntStream.range(i * size, (i + 1) * size)
                        .filter(k -> changed[k] != x[k])
                        .count())
                .toArray());
    }
}

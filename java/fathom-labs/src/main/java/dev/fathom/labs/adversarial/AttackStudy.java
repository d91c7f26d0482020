package dev.fathom.labs.adversarial;

import static dev.fathom.experiments.pages.Findings.line;

import dev.fathom.attack.Attack;
import dev.fathom.attack.FewPixels;
import dev.fathom.attack.ProjectedGradient;
import dev.fathom.attack.SmallestChange;
import dev.fathom.attack.Victim;
import dev.fathom.data.Batch;
import dev.fathom.data.Dataset;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.Images;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.op.Shape;
import dev.fathom.optim.Adam;
import dev.fathom.optim.Schedule;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.Step;
import dev.fathom.train.Trainer;
import dev.fathom.view.ImageSheet;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Trains networks on images and attacks them on others.
 *
 * @param quarter takes what the attacks do at {@link #EPSILON}
 * @param fast takes the accuracies under FGSM
 * @param projected takes the accuracies under PGD
 */
record AttackStudy(Lab lab, Images images, Dataset test, Table quarter, Table fast, Table projected) {
    static final float[] EPSILONS = {0, 0.05f, 0.1f, 0.15f, 0.2f, 0.25f, 0.3f};
    static final float EPSILON = 0.25f;
    static final int CLASSES = 10;
    private static final int MOST_PIXELS = 60;
    private static final int SHOWN = 5;

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
                    float[] changed =
                            teacher.of(victim, batch.x().toArray(), batch.y().toIntArray());
                    Tensor attacked = loss.of(net.apply(victim.batch(changed)), batch.y());
                    return new Step.Result(plain.add(attacked).mul(0.5f));
                })
                .schedule(Schedule.cosine(epochs));
        lab.train(name, "images", trainer, images.learn(), 100, epochs);
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
            double reached = equal(victim.answers(toward).classes(), targets).length;
            float[] fewPixels = new FewPixels(MOST_PIXELS).of(victim, x, labels);
            double n = labels.length;
            row.put("target reached by PGD", "%.1f %%", 100 * reached / n)
                    .put("pixels changed", "%.0f", changedPixels(x, fewPixels, labels.length))
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
            rows.forEach((attack, changed) -> {
                Victim.Answers said = victim.answers(changed);
                sheet.addAll(
                        changed, i -> line("%s: %d, %.0f %%", attack, said.classes()[i], 100 * said.confidence()[i]));
            });
            String file = name.equals("Maxout") ? "maxout" : "projected";
            lab.section("Examples: {net}")
                    .put("net", name)
                    .put("targets", Arrays.toString(targets).replaceAll("[\\[\\]]", ""))
                    .put("file", file)
                    .sheet("examples-" + file + ".png", sheet);
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
        return Averages.median(Averages.each(
                n,
                i -> IntStream.range(i * size, (i + 1) * size)
                        .filter(k -> changed[k] != x[k])
                        .count()));
    }
}

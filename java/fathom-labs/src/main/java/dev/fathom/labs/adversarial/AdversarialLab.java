package dev.fathom.labs.adversarial;

import static dev.fathom.labs.pages.Findings.line;

import dev.fathom.data.Batch;
import dev.fathom.data.Dataset;
import dev.fathom.labs.data.ImageSet;
import dev.fathom.labs.data.Images;
import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.experiments.OldExperiment;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Findings;
import dev.fathom.labs.statistics.Averages;
import dev.fathom.nn.Dropout;
import dev.fathom.nn.Flatten;
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
import dev.fathom.view.ImageSheet;
import dev.fathom.view.Plots;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Five attacks on networks that know handwritten digits, and networks that were trained on attacked images (Goodfellow
 * et al. 2015, Madry et al. 2018).
 */
public final class AdversarialLab implements OldExperiment {
    private static final float[] EPSILONS = {0, 0.05f, 0.1f, 0.15f, 0.2f, 0.25f, 0.3f};
    private static final int QUARTER = 5;
    private static final float EPSILON = EPSILONS[QUARTER];
    private static final int MOST_PIXELS = 60;
    private static final int PIECES = 5;
    private static final int SHOWN = 5;
    /** Images of the test at which people looked while they wrote this lab. */
    private static final int SEEN = 500;

    private static final int CLASSES = 10;

    /**
     * How a network is trained, and what is published of its errors under the fast gradient sign method with ε = 0.25.
     */
    private enum Contender {
        SOFTMAX("Softmax regression", 99.9),
        MAXOUT("Maxout", Double.NaN),
        DROPOUT("Maxout with dropout", 89.4),
        FAST("Maxout, trained on FGSM", Double.NaN),
        PROJECTED("Maxout, trained on PGD", Double.NaN);

        private final String title;
        /** In percent. */
        private final double published;

        Contender(String title, double published) {
            this.title = title;
            this.published = published;
        }

        private String published() {
            return Double.isNaN(published) ? "" : line("%.1f %%", published);
        }

        private Layer net(int units, boolean dropout) {
            return this == SOFTMAX
                    ? new Sequential(new Flatten(), new Linear(784, CLASSES))
                    : new Sequential(
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

        /** What images are changed by in training; null for images as they are. */
        private @Nullable Attack teacher() {
            return switch (this) {
                case SOFTMAX, MAXOUT, DROPOUT -> null;
                case FAST -> ProjectedGradient.fast(EPSILON);
                case PROJECTED -> ProjectedGradient.of(EPSILON, 5);
            };
        }

        private String folder() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * How a network stands up to every attack.
     *
     * @param heldOut errors on images that are held out, as they are, in percent
     * @param fast accuracy and confidence under the fast gradient sign method by ε
     * @param projected accuracy under projected gradient descent by ε
     * @param targeted the share of images that projected gradient descent makes the network take for another class,
     *     drawn at random
     * @param pixels how many pixels of each image changed before the network erred; {@link #MOST_PIXELS} where it did
     *     not
     * @param smallest the root mean square change of the images that L-BFGS made the network take for another class,
     *     drawn at random
     * @param found the share of those images
     */
    private record Outcome(
            Contender contender,
            double heldOut,
            List<Attacked> fast,
            List<Attacked> projected,
            double targeted,
            double[] pixels,
            double smallest,
            double found) {
        double error(List<Attacked> attacked) {
            return 100 * (1 - attacked.get(QUARTER).accuracy());
        }

        double clean() {
            return 100 * (1 - fast.get(0).accuracy());
        }
    }

    @Override
    public String name() {
        return "adversarial";
    }

    @Override
    public Findings run(LabRun run) {
        try (Images all = ImageSet.MNIST.images(run.data(), run.seed());
                Images some = all.first(run.of(55_000, 3000));
                Images images = some.scaled();
                Dataset unseen = all.test().take(SEEN, SEEN + run.of(1000, 250));
                Dataset test = unseen.scaled(1f / 255, 0)) {
            Findings page = run.page(
                    "Lab adversarial",
                    line(
                            "%s, %,d images to learn from, %,d to attack",
                            images.title(), images.learn().size(), test.size()));
            about(run, page);
            List<Outcome> outcomes = new ArrayList<>();
            for (Contender contender : Contender.values()) {
                boolean dropout = contender == Contender.DROPOUT
                        || outcomes.size() > Contender.DROPOUT.ordinal()
                                && chosen(outcomes).contender == Contender.DROPOUT;
                try (Model<Layer> model = Model.of(contender.net(run.of(240, 48), dropout), run.seed())) {
                    train(run, contender, model, images);
                    if (run.interrupt().requested()) {
                        break;
                    }
                    Victim victim = victim(model.net());
                    outcomes.add(attack(run, contender, victim, images.choose(), test));
                    if (contender == Contender.MAXOUT || contender == Contender.PROJECTED) {
                        examples(run, page, contender, victim, test, images.classes());
                    }
                }
            }
            results(page, outcomes);
            return run.interrupt().requested() ? page : page.finished();
        }
    }

    private static Victim victim(Layer net) {
        return new Victim(net, Shape.of(28, 28, 1), 0, 1);
    }

    /** The form of maxout, with dropout or without, that errs on fewer of the images held out. */
    private static Outcome chosen(List<Outcome> outcomes) {
        Outcome without = outcomes.get(Contender.MAXOUT.ordinal());
        Outcome with = outcomes.get(Contender.DROPOUT.ordinal());
        return with.heldOut < without.heldOut ? with : without;
    }

    private static void about(LabRun run, Findings page) {
        page.section("The attacks", "")
                .text("Pixels lie between black, 0, and white, 1. The fast gradient sign method (FGSM) moves "
                        + "every pixel once by ε toward a larger "
                        + line(
                                "loss. Projected gradient descent (PGD) does so in %d smaller steps from "
                                        + "a random place and stays within ε. ",
                                run.of(20, 10))
                        + "Its targeted form moves toward another class, drawn at random. The few-pixel "
                        + "attack makes one pixel after another "
                        + "black or white, each time the one by which the loss grows most by its "
                        + "gradient. L-BFGS searches the smallest change "
                        + "of all pixels that makes the network say another class, drawn at random "
                        + "(Szegedy et al. 2014).")
                .text(line(
                        "Maxout has two layers of %d units, each the largest of %d linear functions, without "
                                + "dropout and with the dropout of the paper, of "
                                + "a fifth of the pixels and half of the units. Two more networks, in the form "
                                + "that errs on fewer images that are held out, "
                                + "are trained on attacked images: half of the loss is that of the images, half "
                                + "that of "
                                + "the same images attacked with ε = 0.25 in every step anew, by FGSM "
                                + "(Goodfellow, Shlens and Szegedy 2015, whose network"
                                + " for this has 1,600 units) or by PGD of 5 steps (Madry et al. 2018). The first "
                                + "%d images of the test were seen while "
                                + "this lab was written; the images attacked here are those after them.",
                        run.of(240, 48), PIECES, SEEN));
    }

    private static void train(LabRun run, Contender contender, Model<Layer> model, Images images) {
        run.training().say("%n== %s", contender.title);
        int epochs = run.epochs(4, contender == Contender.PROJECTED ? 2 : 3);
        Attack teacher = contender.teacher();
        Victim victim = victim(model.net());
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
                .schedule(Schedule.cosine(epochs))
                .seed(run.seed());
        trainer = run.training().attach(trainer, run.folder().resolve(contender.folder()), "images");
        trainer.fit(images.learn().shuffled(run.seed()).batches(100), epochs);
    }

    private static Outcome attack(LabRun run, Contender contender, Victim victim, Dataset heldOut, Dataset test) {
        long seed = run.seed();
        int iterations = run.of(20, 10);
        List<Attacked> projected = new ArrayList<>();
        for (float epsilon : EPSILONS) {
            projected.add(Attacked.by(ProjectedGradient.of(epsilon, iterations), victim, test, seed));
        }
        try (Dataset few = test.take(0, run.of(200, 40));
                Pass pass = Pass.infer(new Rng(seed))) {
            Batch batch = few.batches(few.size()).epoch(0).next();
            float[] x = batch.x().toArray();
            int[] labels = batch.y().toIntArray();
            int[] targets = targets(labels, seed);
            float[] toward = ProjectedGradient.of(EPSILON, iterations).toward().of(victim, x, targets);
            float[] smallest = new SmallestChange(run.of(10, 6), run.of(30, 12)).of(victim, x, targets);
            boolean[] found = equal(victim.answers(smallest).classes(), targets);
            double[] distances = changes(x, smallest, labels.length, found);
            return new Outcome(
                    contender,
                    100 * (1 - Attacked.fast(victim, heldOut, 0).get(0).accuracy()),
                    Attacked.fast(victim, test, EPSILONS),
                    projected,
                    share(equal(victim.answers(toward).classes(), targets)),
                    changedPixels(x, new FewPixels(MOST_PIXELS).of(victim, x, labels), labels.length),
                    Averages.mean(distances),
                    share(found));
        }
    }

    /** For each image another class than its own. */
    private static int[] targets(int[] labels, long seed) {
        float[] drawn = new Rng(seed).split("targets").uniform(labels.length, 0, CLASSES - 1);
        return IntStream.range(0, labels.length)
                .map(i -> (labels[i] + 1 + Math.min(CLASSES - 2, (int) drawn[i])) % CLASSES)
                .toArray();
    }

    private static boolean[] equal(int[] a, int[] b) {
        boolean[] equal = new boolean[a.length];
        for (int i = 0; i < a.length; i++) {
            equal[i] = a[i] == b[i];
        }
        return equal;
    }

    private static double share(boolean[] all) {
        int n = 0;
        for (boolean one : all) {
            n += one ? 1 : 0;
        }
        return (double) n / all.length;
    }

    /** The root mean square change of each image that counts. */
    private static double[] changes(float[] x, float[] changed, int n, boolean[] counts) {
        int size = x.length / n;
        return IntStream.range(0, n)
                .filter(i -> counts[i])
                .mapToDouble(i -> {
                    double squares = 0;
                    for (int k = i * size; k < (i + 1) * size; k++) {
                        squares += Math.pow(changed[k] - x[k], 2);
                    }
                    return Math.sqrt(squares / size);
                })
                .toArray();
    }

    private static double[] changedPixels(float[] x, float[] changed, int n) {
        int size = x.length / n;
        return IntStream.range(0, n)
                .mapToDouble(i -> IntStream.range(i * size, (i + 1) * size)
                        .filter(k -> changed[k] != x[k])
                        .count())
                .toArray();
    }

    // ---- the page

    private static void results(Findings page, List<Outcome> outcomes) {
        if (outcomes.isEmpty()) {
            return;
        }
        page.section("At a quarter of the range", "")
                .text("Published errors are those of Goodfellow, Shlens and Szegedy (2015) under FGSM. Targeted "
                        + "attacks count where the network says "
                        + "the class drawn at random. Pixels are the median of those that were changed "
                        + "until the network erred, of 784. The "
                        + "smallest change is the root of the mean square over the pixels, of the images "
                        + "for which one was found.")
                .table(
                        List.of(
                                "errors at ε 0.25",
                                "of images held out",
                                "of images as they are",
                                "FGSM",
                                "published",
                                "PGD",
                                "PGD, targeted",
                                "pixels",
                                "L-BFGS, found",
                                "smallest change"),
                        outcomes.stream().map(AdversarialLab::row).toList());
        for (Outcome o : outcomes) {
            figures(page, o);
        }
        page.text(conclusion(outcomes));
        List<String> places = IntStream.range(0, EPSILONS.length)
                .mapToObj(e -> Float.toString(EPSILONS[e]))
                .toList();
        Map<String, double[]> fast = new LinkedHashMap<>();
        Map<String, double[]> projected = new LinkedHashMap<>();
        for (Outcome o : outcomes) {
            fast.put(
                    o.contender.title,
                    o.fast.stream().mapToDouble(Attacked::accuracy).toArray());
            projected.put(
                    o.contender.title,
                    o.projected.stream().mapToDouble(Attacked::accuracy).toArray());
        }
        page.section("Accuracy against ε", "")
                .picture(
                        "fgsm.png",
                        "Accuracy under the fast gradient sign method by ε",
                        () -> Plots.compare("accuracy under FGSM", "ε", places, fast))
                .picture(
                        "pgd.png",
                        "Accuracy under projected gradient descent by ε",
                        () -> Plots.compare("accuracy under PGD", "ε", places, projected));
    }

    private static List<String> row(Outcome o) {
        return List.of(
                o.contender.title,
                line("%.1f %%", o.heldOut),
                line("%.1f %%", o.clean()),
                line("%.1f %%", o.error(o.fast)),
                o.contender.published(),
                line("%.1f %%", o.error(o.projected)),
                line("%.1f %%", 100 * o.targeted),
                line("%.0f", Averages.median(o.pixels)),
                line("%.0f %%", 100 * o.found),
                o.found == 0 ? "" : line("%.3f", o.smallest));
    }

    private static void figures(Findings page, Outcome o) {
        String name = o.contender.title + ", ";
        page.key(Figure.of(name + "errors under FGSM", "%", o.error(o.fast)))
                .figure(Figure.of(name + "errors on images as they are", "%", o.clean()))
                .figure(Figure.of(name + "errors under PGD", "%", o.error(o.projected))
                        .baseline(o.error(o.fast), "FGSM"))
                .figure(Figure.of(name + "target reached by PGD", "%", 100 * o.targeted))
                .figure(Figure.of(name + "pixels changed", "", Averages.median(o.pixels)))
                .figure(Figure.of(name + "target reached by L-BFGS", "%", 100 * o.found));
        for (int e = 1; e < EPSILONS.length; e++) {
            page.figure(Figure.of(
                    name + "accuracy under PGD at ε " + EPSILONS[e],
                    "%",
                    100 * o.projected.get(e).accuracy()));
        }
        if (o.found > 0) {
            page.figure(Figure.of(name + "smallest change by L-BFGS", "", o.smallest));
        }
        if (!Double.isNaN(o.fast.get(QUARTER).confidence())) {
            page.figure(Figure.of(
                    name + "confidence of wrong answers under FGSM",
                    "%",
                    100 * o.fast.get(QUARTER).confidence()));
        }
    }

    /** What the two ways of training help against the two attacks. */
    private static String conclusion(List<Outcome> outcomes) {
        if (outcomes.size() < Contender.values().length) {
            return "Not all networks were trained.";
        }
        Outcome plain = chosen(outcomes);
        StringBuilder words = new StringBuilder(line(
                "Maxout errs on %.2f %% of the images held out without dropout and on %.2f %% with it, so the "
                        + "networks trained on attacked images are "
                        + "%s dropout. ",
                outcomes.get(Contender.MAXOUT.ordinal()).heldOut,
                outcomes.get(Contender.DROPOUT.ordinal()).heldOut,
                plain.contender == Contender.DROPOUT ? "with" : "without"));
        for (Contender c : List.of(Contender.FAST, Contender.PROJECTED)) {
            Outcome o = outcomes.get(c.ordinal());
            words.append(line(
                    "%s errs on %.1f %% of the images under FGSM and on %.1f %% under PGD, where the plain "
                            + "network errs on %.1f and %.1f %%. ",
                    c.title,
                    o.error(o.fast),
                    o.error(o.projected),
                    plain.error(plain.fast),
                    plain.error(plain.projected)));
        }
        Outcome fast = outcomes.get(Contender.FAST.ordinal());
        double gap = fast.error(fast.projected) - fast.error(fast.fast);
        return words
                + (gap > 20
                        ? line(
                                "What is trained on one step withstands one step: %.1f points more of the images "
                                        + "fall to many.",
                                gap)
                        : line("What is trained on one step loses %.1f points more to many steps.", gap));
    }

    /** One image in each column, as it is and under each attack, with the answers. */
    private static void examples(
            LabRun run, Findings page, Contender contender, Victim victim, Dataset test, List<String> classes) {
        try (Dataset few = test.take(0, SHOWN);
                Pass pass = Pass.infer(new Rng(run.seed()))) {
            Batch batch = few.batches(SHOWN).epoch(0).next();
            float[] x = batch.x().toArray();
            int[] labels = batch.y().toIntArray();
            int[] targets = targets(labels, run.seed());
            ProjectedGradient projected = ProjectedGradient.of(EPSILON, run.of(20, 10));
            Map<String, float[]> rows = new LinkedHashMap<>();
            rows.put("as it is", x);
            rows.put("FGSM", ProjectedGradient.fast(EPSILON).of(victim, x, labels));
            rows.put("PGD", projected.of(victim, x, labels));
            rows.put("targeted", projected.toward().of(victim, x, targets));
            rows.put("pixels", new FewPixels(MOST_PIXELS).of(victim, x, labels));
            rows.put("L-BFGS", new SmallestChange(run.of(10, 6), run.of(30, 12)).of(victim, x, targets));
            ImageSheet sheet = new ImageSheet(28, 28, 1).columns(SHOWN);
            int size = x.length / SHOWN;
            rows.forEach((name, changed) -> {
                Victim.Answers said = victim.answers(changed);
                for (int i = 0; i < SHOWN; i++) {
                    sheet.add(
                            few.pixels(Arrays.copyOfRange(changed, i * size, (i + 1) * size)),
                            name + line(": %s, %.0f %%", classes.get(said.classes()[i]), 100 * said.confidence()[i]));
                }
            });
            page.section("Examples: " + contender.title, "")
                    .text("Five images of the test under each attack, with ε = 0.25 for FGSM and PGD, and what "
                            + "the network says of them. The targeted "
                            + "attacks lead to the classes "
                            + String.join(
                                    ", ",
                                    Arrays.stream(targets)
                                            .mapToObj(classes::get)
                                            .toList()) + ".")
                    .picture(
                            "examples-" + contender.folder() + ".png",
                            "Five digits under each attack, with the answers of the network: " + contender.title,
                            sheet::render);
        }
    }
}

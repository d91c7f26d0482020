package dev.fathom.labs.distillation;

import static dev.fathom.labs.pages.Result.line;
import static dev.fathom.op.Activation.RELU;

import dev.fathom.assess.Classification;
import dev.fathom.assess.ConfusionMatrix;
import dev.fathom.data.Augment;
import dev.fathom.data.Dataset;
import dev.fathom.data.Field;
import dev.fathom.features.Examples;
import dev.fathom.labs.data.ImageSet;
import dev.fathom.labs.data.Images;
import dev.fathom.labs.distillation.Students.Lesson;
import dev.fathom.labs.experiments.Experiment;
import dev.fathom.labs.experiments.Run;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Result;
import dev.fathom.labs.statistics.Summary;
import dev.fathom.nn.Conv;
import dev.fathom.nn.Dropout;
import dev.fathom.nn.Flatten;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.MaxPool;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Shape;
import dev.fathom.optim.Adam;
import dev.fathom.optim.Schedule;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.Trainer;
import dev.fathom.train.Workers;
import dev.fathom.view.Chart;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.DoubleSummaryStatistics;
import java.util.List;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Distillation (Hinton, Vinyals and Dean 2015): a small network learns handwritten digits from labels, from the answers of a convolutional network, or from
 * both, by the temperature; and a digit that it never sees, from what the teacher says of the others.
 */
public final class DistillLab implements Experiment {
    private static final int CLASSES = 10;
    /** The digit that a student never sees, which is that of the paper. */
    private static final int UNSEEN = 3;
    /** The teacher's share where there are labels, too. */
    private static final float SHARE = 0.9f;

    private static final float[] TEMPERATURES = {1, 2, 4, 8, 16};
    private static final float[] BRIEF = {1, 2, 8};

    @Override
    public String name() {
        return "distill";
    }

    @Override
    public String shows() {
        return "a small network taught by a large one, by temperature; a digit that it never sees, learned from the teacher's answers";
    }

    @Override
    public Result run(Run run) {
        try (Images all = ImageSet.MNIST.images(run.data(), run.seed());
                Images images = all.learning(run.of(10_000, 4000)).scaled();
                Images flat = images.flattened()) {
            Result page = run.page(
                    "Lab distill",
                    line(
                            "MNIST: %,d images to learn from, %,d by which a temperature and a bias are chosen, and %,d for the test",
                            images.learn().size(),
                            images.choose().size(),
                            images.test().size()));
            page.section("Teacher and students", "")
                    .text(line(
                            "The teacher is a convolutional network with dropout, which learns from %,d images that are shifted by up to two pixels. A "
                                    + "student has one layer of 30 hidden units and learns from the same images as they are. With the teacher its loss is "
                                    + "T^2 KL(softmax(teacher / T), softmax(student / T)) for logits of both and a temperature T, and where it has labels, "
                                    + "too, %s times that plus %s times the cross-entropy. The paper's networks are larger, so its figures stand beside "
                                    + "ours without a band; the baseline is the student that learns from labels alone.",
                            images.learn().size(), line("%.1f", SHARE), line("%.1f", 1 - SHARE)));
            try (Model<Layer> teacher = teacher(run, images)) {
                if (teacher == null) {
                    return page;
                }
                double error = error(teacher, images.test());
                try (Dataset taught = taught(images.learn(), teacher)) {
                    boolean done = temperatures(run, page, taught, flat, error) && unseen(run, page, taught, flat);
                    return done ? page.finished() : page;
                }
            }
        }
    }

    /** The trained teacher, to be closed; null if the run was interrupted. */
    private static @Nullable Model<Layer> teacher(Run run, Images images) {
        run.training().say("%n== The teacher");
        int epochs = run.epochs(15, 6);
        Model<Layer> model = Model.of(
                new Sequential(
                        new Conv(1, 16, 3).act(RELU),
                        new MaxPool(2),
                        new Conv(16, 32, 3).act(RELU),
                        new MaxPool(2),
                        new Flatten(),
                        new Dropout(0.3f),
                        new Linear(800, 128).act(RELU),
                        new Dropout(0.5f),
                        new Linear(128, CLASSES)),
                run.seed());
        boolean done = false;
        try {
            var trainer = Trainer.of(model, Loss.crossEntropy(), new Adam(2e-3f))
                    .schedule(Schedule.cosine(epochs))
                    .seed(run.seed());
            done = run.training()
                    .fit(
                            trainer,
                            run.folder().resolve("teacher"),
                            "images",
                            images.learn().shuffled(run.seed()).batches(50).augment(Augment.shift(2f / 28)),
                            epochs);
            return done ? model : null;
        } finally {
            if (!done) {
                model.close();
            }
        }
    }

    /** The images as vectors with their labels and the teacher's logits. */
    private static Dataset taught(Dataset learn, Model<Layer> teacher) {
        float[][] logits = Examples.of(teacher.net(), learn).x();
        float[][] pixels = Examples.of(learn.flattened()).x();
        return Dataset.of(
                Field.floats("x", Shape.of(784), joined(pixels)),
                Field.labels("y", learn.labels()),
                Field.floats("t", Shape.of(CLASSES), joined(logits)));
    }

    private static float[] joined(float[][] rows) {
        float[] all = new float[rows.length * rows[0].length];
        for (int i = 0; i < rows.length; i++) {
            System.arraycopy(rows[i], 0, all, i * rows[i].length, rows[i].length);
        }
        return all;
    }

    // ---- temperatures

    /**
     * Students that learned the same lesson from other initial weights and in other orders.
     *
     * @param choose the share of images held out that each has wrong
     * @param test the share of the test that each has wrong
     */
    private record Taught(Lesson lesson, double[] choose, double[] test) {
        double mean() {
            return 100 * Summary.mean(test);
        }

        /** How many points fewer are wrong than without the teacher, student by student. */
        double[] gains(Taught alone) {
            return IntStream.range(0, test.length)
                    .mapToDouble(i -> 100 * (alone.test[i] - test[i]))
                    .toArray();
        }
    }

    private static boolean temperatures(Run run, Result page, Dataset images, Images flat, double teacher) {
        int draws = run.of(5, 2);
        Students students = new Students(images, run.epochs(30, 12));
        run.training().say("%n== Students");
        float[] temperatures = run.brief() ? BRIEF : TEMPERATURES;
        Taught alone = taught(run, students, Lesson.LABELS, flat, draws);
        List<List<Taught>> kinds = new ArrayList<>();
        for (float share : new float[] {1, SHARE}) {
            List<Taught> kind = new ArrayList<>();
            for (float temperature : temperatures) {
                if (run.interrupt().requested()) {
                    return false;
                }
                kind.add(taught(run, students, new Lesson(share, temperature), flat, draws));
            }
            kinds.add(kind);
        }
        List<List<String>> rows = new ArrayList<>(List.of(
                List.of("the teacher", "labels", line("%.2f %%", 100 * teacher), ""),
                List.of("labels", "", line("%.2f %%", alone.mean()), "")));
        page.section(
                "By temperature",
                line(
                        "Means over %d students of other initial weights and orders, with the least and the largest gain over the student of the same seed "
                                + "that learns from labels alone.",
                        draws));
        for (Taught one : kinds.stream().flatMap(List::stream).toList()) {
            DoubleSummaryStatistics gains = DoubleStream.of(one.gains(alone)).summaryStatistics();
            rows.add(List.of(
                    one.lesson.share() == 1 ? "the teacher's answers" : "both",
                    line("%.0f", one.lesson.temperature()),
                    line("%.2f %%", one.mean()),
                    line("%+.2f (%+.2f to %+.2f)", gains.getAverage(), gains.getMin(), gains.getMax())));
            page.figure(Figure.of(
                            line(
                                    "Student, %s, temperature %.0f, wrong on the test",
                                    one.lesson.share() == 1 ? "teacher alone" : "labels and teacher",
                                    one.lesson.temperature()),
                            "%",
                            one.mean())
                    .baseline(line("%.2f %%", alone.mean()), "labels alone"));
        }
        Taught chosen = kinds.get(1).stream()
                .min(Comparator.comparingDouble(t -> Summary.mean(t.choose)))
                .orElseThrow();
        Taught hottest = kinds.get(1).get(temperatures.length - 1);
        DoubleSummaryStatistics gains = DoubleStream.of(chosen.gains(alone)).summaryStatistics();
        double[] x = IntStream.range(0, temperatures.length)
                .mapToDouble(t -> temperatures[t])
                .toArray();
        page.table(List.of("learns from", "temperature", "wrong on the test", "gain, points"), rows)
                .text(line(
                        "From labels alone a student has %.2f %% of the test wrong, and its teacher %.2f %%. With labels and the teacher at temperature "
                                + "%.0f, which is best on images held out, it has %.2f %%; at temperature %.0f it has %.2f %%. The paper reports that nets "
                                + "of 30 units do best at temperatures of 2.5 to 4.",
                        alone.mean(),
                        100 * teacher,
                        chosen.lesson.temperature(),
                        chosen.mean(),
                        hottest.lesson.temperature(),
                        hottest.mean()))
                .key(Figure.of(
                                "Student, gain by labels and teacher at the temperature chosen",
                                "points",
                                gains.getAverage())
                        .baseline("0", "labels alone")
                        .atLeast(0))
                .figure(Figure.of("Student, labels alone, wrong on the test", "%", alone.mean()))
                .figure(Figure.of("Teacher, wrong on the test", "%", 100 * teacher)
                        .published("0.67 %", "Hinton, Vinyals and Dean 2015, two layers of 1200 units"))
                .figure(Figure.of("Temperature chosen on images held out", "", chosen.lesson.temperature())
                        .published("2.5 to 4", "Hinton, Vinyals and Dean 2015, 30 units"))
                .picture(
                        "temperatures.png",
                        "Errors on the test by temperature",
                        () -> new Chart("wrong on the test, %", "temperature")
                                .line("teacher alone", x, means(kinds.get(0)))
                                .line("labels and teacher", x, means(kinds.get(1)))
                                .dashed("labels alone", ends(x), twice(alone.mean()))
                                .dashed("the teacher", ends(x), twice(100 * teacher))
                                .logarithmic(true, false)
                                .render());
        return true;
    }

    private static double[] means(List<Taught> kind) {
        return kind.stream().mapToDouble(Taught::mean).toArray();
    }

    private static Taught taught(Run run, Students students, Lesson lesson, Images flat, int draws) {
        double[][] errors = new double[2][draws];
        List<double[]> all = Workers.all().run(draws, draw -> {
            try (Model<Layer> model = students.train(lesson, run.seed() + draw)) {
                return new double[] {error(model, flat.choose()), error(model, flat.test())};
            }
        });
        for (int draw = 0; draw < draws; draw++) {
            errors[0][draw] = all.get(draw)[0];
            errors[1][draw] = all.get(draw)[1];
        }
        Taught taught = new Taught(lesson, errors[0], errors[1]);
        run.training()
                .say(
                        "teacher's share %.1f, temperature %.0f: %.2f %% wrong",
                        lesson.share(), lesson.temperature(), taught.mean());
        return taught;
    }

    private static double error(Model<Layer> model, Dataset data) {
        return 1 - Classification.of(model, data).confusion().accuracy();
    }

    private static double[] ends(double[] x) {
        return new double[] {x[0], x[x.length - 1]};
    }

    private static double[] twice(double value) {
        return new double[] {value, value};
    }

    // ---- a digit that is never seen

    private static boolean unseen(Run run, Result page, Dataset taught, Images flat) {
        int[] labels = taught.labels();
        int[] others = IntStream.range(0, labels.length)
                .filter(i -> labels[i] != UNSEEN)
                .toArray();
        List<List<String>> rows = new ArrayList<>();
        double[] right = new double[2];
        double[] balanced = new double[2];
        List<Lesson> lessons = List.of(Lesson.LABELS, new Lesson(1, 4));
        for (int i = 0; i < 2; i++) {
            if (run.interrupt().requested()) {
                return false;
            }
            Students students = new Students(taught.subset(others), run.epochs(30, 8));
            try (Model<Layer> model = students.train(lessons.get(i), run.seed())) {
                float bias = bias(model, flat.choose());
                ConfusionMatrix before = answers(model, flat.test(), 0);
                ConfusionMatrix after = answers(model, flat.test(), bias);
                right[i] = 100 * before.recall(UNSEEN);
                balanced[i] = 100 * after.recall(UNSEEN);
                rows.add(List.of(
                        i == 0 ? "labels" : "the teacher's answers, temperature 4",
                        line("%.1f %%", right[i]),
                        line("%.2f %%", 100 * (1 - before.accuracy())),
                        line("%+.1f", bias),
                        line("%.1f %%", balanced[i]),
                        line("%.2f %%", 100 * (1 - after.accuracy()))));
            }
        }
        page.section(
                        "A digit that is never seen",
                        line(
                                "All images of %d are taken from what students learn from, so that they know of it only what the teacher says of other "
                                        + "digits: that this 8 looks a little like a %d. A bias is then added to the logit of %d, and that one is taken "
                                        + "which is best on images that are held out.",
                                UNSEEN, UNSEEN, UNSEEN))
                .table(
                        List.of(
                                "learns from",
                                line("%ds right", UNSEEN),
                                "all digits wrong",
                                "bias",
                                line("%ds right after the bias", UNSEEN),
                                "all digits wrong after the bias"),
                        rows)
                .text(line(
                        "Without having seen a %d, the student of the teacher names %.1f %% of them, and %.1f %% after its bias is raised; the student of "
                                + "labels names %.1f %% and %.1f %%.",
                        UNSEEN, right[1], balanced[1], right[0], balanced[0]))
                .key(Figure.of(
                                line("Student that never saw a %d, of these right after a bias", UNSEEN),
                                "%",
                                balanced[1])
                        .published("98.6 %", "Hinton, Vinyals and Dean 2015, two layers of 800 units")
                        .atLeast(50))
                .figure(Figure.of(line("Student that never saw a %d, of these right", UNSEEN), "%", right[1])
                        .published("86.8 %", "Hinton, Vinyals and Dean 2015, two layers of 800 units"))
                .figure(Figure.of(
                        line("Student of labels that never saw a %d, of these right after a bias", UNSEEN),
                        "%",
                        balanced[0]));
        return true;
    }

    /** What is added to the logit of the unseen digit so that most of {@code data} are right. */
    private static float bias(Model<Layer> model, Dataset data) {
        float best = 0;
        double most = -1;
        for (float bias = 0; bias <= 20; bias += 0.5f) {
            double accuracy = answers(model, data, bias).accuracy();
            if (accuracy > most) {
                most = accuracy;
                best = bias;
            }
        }
        return best;
    }

    private static ConfusionMatrix answers(Model<Layer> model, Dataset data, float bias) {
        float[] raised = new float[CLASSES];
        raised[UNSEEN] = bias;
        float[][] logits = Examples.of((Layer) x -> model.net().apply(x).add(Tensor.of(raised, CLASSES)), data)
                .x();
        return Classification.ofLogits(joined(logits), CLASSES, data.labels()).confusion();
    }
}

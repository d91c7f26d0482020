package dev.fathom.labs.distillation;

import static dev.fathom.labs.pages.Findings.line;
import static dev.fathom.op.Activation.RELU;

import dev.fathom.assess.Classification;
import dev.fathom.assess.ConfusionMatrix;
import dev.fathom.data.Dataset;
import dev.fathom.data.Field;
import dev.fathom.features.Examples;
import dev.fathom.image.Augment;
import dev.fathom.labs.data.ImageSet;
import dev.fathom.labs.data.Images;
import dev.fathom.labs.distillation.Students.Lesson;
import dev.fathom.labs.experiments.KeptParts;
import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.experiments.OldExperiment;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Findings;
import dev.fathom.labs.statistics.Averages;
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
import java.util.Optional;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Distillation (Hinton, Vinyals and Dean 2015): a small network learns handwritten digits from labels, from the answers
 * of a convolutional network, or from both, by the temperature; and a digit that it never sees, from what the teacher
 * says of the others.
 */
public final class DistillLab implements OldExperiment {
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
        return "a small network taught by a large one, by temperature; a digit that it never sees, learned from "
                + "the teacher's answers";
    }

    @Override
    public Findings run(LabRun run) {
        try (Images all = ImageSet.MNIST.images(run.data(), run.seed());
                Images some = all.learning(run.of(10_000, 4000));
                Images images = some.scaled();
                Images flat = images.flattened()) {
            Findings page = run.page(
                    "Lab distill",
                    line(
                            "MNIST: %,d images to learn from, %,d by which a temperature and a bias are chosen, "
                                    + "and %,d for the test",
                            images.learn().size(),
                            images.choose().size(),
                            images.test().size()));
            page.section("Teacher and students", "")
                    .text(line(
                            "The teacher is a convolutional network with dropout, which learns from %,d images "
                                    + "that are shifted by up to two pixels. A "
                                    + "student has one layer of 30 hidden units and learns from the same images "
                                    + "as they are. With the teacher its loss is "
                                    + "T^2 KL(softmax(teacher / T), softmax(student / T)) for logits of both and "
                                    + "a temperature T, and where it has labels, "
                                    + "too, %s times that plus %s times the cross-entropy. The paper's networks "
                                    + "are larger, so its figures stand beside "
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
    private static @Nullable Model<Layer> teacher(LabRun run, Images images) {
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
        try (Dataset flat = learn.flattened()) {
            return Dataset.of(
                    Field.floats("x", Shape.of(784), joined(Examples.of(flat).x()))
                            .input(),
                    Field.labels("y", learn.labels()).target(),
                    Field.floats("t", Shape.of(CLASSES), joined(logits)));
        }
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
            return 100 * Averages.mean(test);
        }

        /** How many points fewer are wrong than without the teacher, student by student. */
        double[] gains(Taught alone) {
            return IntStream.range(0, test.length)
                    .mapToDouble(i -> 100 * (alone.test[i] - test[i]))
                    .toArray();
        }
    }

    /**
     * Teaches students by each temperature, and shows the lessons that are finished; false if the run was interrupted
     * before the last.
     */
    private static boolean temperatures(LabRun run, Findings page, Dataset images, Images flat, double teacher) {
        int draws = run.of(5, 2);
        Students students = new Students(images, run.epochs(30, 12));
        run.training().say("%n== Students");
        float[] temperatures = run.brief() ? BRIEF : TEMPERATURES;
        page.section(
                        "By temperature",
                        line(
                                "Means over %d students of other initial weights and orders, with the least and "
                                        + "the largest gain over the student of the same "
                                        + "seed that learns from labels alone.",
                                draws))
                .figure(Figure.of("Teacher, wrong on the test", "%", 100 * teacher));
        Taught alone = taught(run, students, Lesson.LABELS, flat, draws);
        if (alone == null) {
            return false;
        }
        List<List<String>> rows = new ArrayList<>(List.of(
                List.of("the teacher", "labels", line("%.2f %%", 100 * teacher), ""),
                List.of("labels", "", line("%.2f %%", alone.mean()), "")));
        List<List<Taught>> kinds = List.of(new ArrayList<>(), new ArrayList<>());
        for (int kind = 0; kind < 2; kind++) {
            for (float temperature : temperatures) {
                Taught one = taught(run, students, new Lesson(kind == 0 ? 1 : SHARE, temperature), flat, draws);
                if (one != null) {
                    kinds.get(kind).add(one);
                    rows.add(row(page, one, alone));
                }
            }
        }
        page.table(List.of("learns from", "temperature", "wrong on the test", "gain, points"), rows)
                .figure(Figure.of("Student, labels alone, wrong on the test", "%", alone.mean()));
        if (kinds.get(1).size() < temperatures.length) {
            return false;
        }
        Taught chosen = kinds.get(1).stream()
                .min(Comparator.comparingDouble(t -> Averages.mean(t.choose)))
                .orElseThrow();
        Taught hottest = kinds.get(1).get(temperatures.length - 1);
        DoubleSummaryStatistics gains = DoubleStream.of(chosen.gains(alone)).summaryStatistics();
        double[] x = IntStream.range(0, temperatures.length)
                .mapToDouble(t -> temperatures[t])
                .toArray();
        page.text(line(
                        "From labels alone a student has %.2f %% of the test wrong, and its teacher %.2f %%. With "
                                + "labels and the teacher at temperature "
                                + "%.0f, which is best on images held out, it has %.2f %%; at temperature %.0f it "
                                + "has %.2f %%. The paper reports that nets "
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
                        .baseline(0, "labels alone"))
                .figure(Figure.of("Temperature chosen on images held out", "", chosen.lesson.temperature()))
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

    /** The row of a lesson, whose figure is added. */
    private static List<String> row(Findings page, Taught one, Taught alone) {
        boolean teacher = one.lesson.share() == 1;
        DoubleSummaryStatistics gains = DoubleStream.of(one.gains(alone)).summaryStatistics();
        page.figure(Figure.of(
                        line(
                                "Student, %s, temperature %.0f, wrong on the test",
                                teacher ? "teacher alone" : "labels and teacher", one.lesson.temperature()),
                        "%",
                        one.mean())
                .baseline(alone.mean(), "labels alone"));
        return List.of(
                teacher ? "the teacher's answers" : "both",
                line("%.0f", one.lesson.temperature()),
                line("%.2f %%", one.mean()),
                line("%+.2f (%+.2f to %+.2f)", gains.getAverage(), gains.getMin(), gains.getMax()));
    }

    private static double[] means(List<Taught> kind) {
        return kind.stream().mapToDouble(Taught::mean).toArray();
    }

    /** Students of a lesson; null if the run was interrupted before the last of them. */
    private static @Nullable Taught taught(LabRun run, Students students, Lesson lesson, Images flat, int draws) {
        var kept = new KeptParts<>(run, "students", double[].class, sizes(students));
        List<double[]> errors = Workers.all()
                .run(
                        draws,
                        draw -> kept.of(lesson.name() + ", seed " + (run.seed() + draw), () -> {
                            try (Model<Layer> model = students.train(lesson, run.seed() + draw)) {
                                return new double[] {error(model, flat.choose()), error(model, flat.test())};
                            }
                        }))
                .stream()
                .flatMap(Optional::stream)
                .toList();
        if (errors.size() < draws) {
            return null;
        }
        Taught taught = new Taught(
                lesson,
                errors.stream().mapToDouble(e -> e[0]).toArray(),
                errors.stream().mapToDouble(e -> e[1]).toArray());
        run.training().say("%s: %.2f %% wrong", lesson.name(), taught.mean());
        return taught;
    }

    private static String sizes(Students students) {
        return line("%d images", students.learn().size());
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

    /**
     * What a student knows of the digit that it never saw.
     *
     * @param right the percent of these digits that are right
     * @param wrong the percent of all digits that are wrong
     * @param bias what is added to the logit of the digit
     * @param balanced as {@code right}, with the bias
     * @param rest as {@code wrong}, with the bias
     */
    private record Unseen(double right, double wrong, float bias, double balanced, double rest) {
        List<String> row(String name) {
            return List.of(
                    name,
                    line("%.1f %%", right),
                    line("%.2f %%", wrong),
                    line("%+.1f", bias),
                    line("%.1f %%", balanced),
                    line("%.2f %%", rest));
        }
    }

    private static Unseen unseen(Students students, Lesson lesson, Images flat, long seed) {
        try (Model<Layer> model = students.train(lesson, seed)) {
            float bias = bias(model, flat.choose());
            ConfusionMatrix before = answers(model, flat.test(), 0);
            ConfusionMatrix after = answers(model, flat.test(), bias);
            return new Unseen(
                    100 * before.recall(UNSEEN),
                    100 * (1 - before.accuracy()),
                    bias,
                    100 * after.recall(UNSEEN),
                    100 * (1 - after.accuracy()));
        }
    }

    /**
     * Teaches a student by labels and one by the teacher, and shows those that are finished; false if the run was
     * interrupted before the last.
     */
    private static boolean unseen(LabRun run, Findings page, Dataset taught, Images flat) {
        int[] labels = taught.labels();
        int[] others = IntStream.range(0, labels.length)
                .filter(i -> labels[i] != UNSEEN)
                .toArray();
        Optional<Unseen> byLabels;
        Optional<Unseen> byTeacher;
        try (Dataset seen = taught.subset(others)) {
            Students students = new Students(seen, run.epochs(30, 8));
            var kept = new KeptParts<>(run, "students-unseen", Unseen.class, sizes(students));
            byLabels = kept.of("labels", () -> unseen(students, Lesson.LABELS, flat, run.seed()));
            byTeacher = kept.of("teacher", () -> unseen(students, new Lesson(1, 4), flat, run.seed()));
        }
        if (byLabels.isEmpty()) {
            return false;
        }
        Unseen alone = byLabels.get();
        List<List<String>> rows = new ArrayList<>(List.of(alone.row("labels")));
        byTeacher.ifPresent(t -> rows.add(t.row("the teacher's answers, temperature 4")));
        page.section(
                        "A digit that is never seen",
                        line(
                                "All images of %d are taken from what students learn from, so that they know of "
                                        + "it only what the teacher says of other "
                                        + "digits: that this 8 looks a little like a %d. A bias is then added to "
                                        + "the logit of %d, and that one is taken "
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
                .figure(Figure.of(
                        line("Student of labels that never saw a %d, of these right after a bias", UNSEEN),
                        "%",
                        alone.balanced));
        if (byTeacher.isEmpty()) {
            return false;
        }
        Unseen told = byTeacher.get();
        page.text(line(
                        "Without having seen a %d, the student of the teacher names %.1f %% of them, and %.1f %% "
                                + "after its bias is raised; the student of "
                                + "labels names %.1f %% and %.1f %%, which the other one is to exceed. The "
                                + "paper's student, of two layers of 800 units, "
                                + "names 86.8 %% and 98.6 %%.",
                        UNSEEN, told.right, told.balanced, alone.right, alone.balanced))
                .key(Figure.of(
                        line("Student that never saw a %d, of these right after a bias", UNSEEN), "%", told.balanced))
                .figure(Figure.of(line("Student that never saw a %d, of these right", UNSEEN), "%", told.right));
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

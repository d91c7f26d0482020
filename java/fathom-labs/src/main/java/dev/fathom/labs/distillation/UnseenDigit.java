package dev.fathom.labs.distillation;

import static dev.fathom.experiments.pages.Findings.line;

import dev.fathom.assess.Classification;
import dev.fathom.assess.ConfusionMatrix;
import dev.fathom.data.Dataset;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.Images;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.features.Examples;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Model;
import java.util.List;
import java.util.stream.IntStream;

/** A digit that students never see, and what they know of it from labels and from their teacher. */
final class UnseenDigit {
    private static final int DIGIT = 3; // that of the paper

    private UnseenDigit() {}

    /** Settings of a student; its lesson, and the images that are left to it. */
    private record Blind(Lesson lesson, int images) {}

    /** Teaches a student by labels and one by the teacher, from whose images a digit is taken. */
    static void run(Lab lab, Dataset taught, Images flat) {
        lab.section("A digit that is never seen");
        Table table = lab.table("unseen", "");
        int[] labels = taught.labels();
        int[] others = IntStream.range(0, labels.length)
                .filter(i -> labels[i] != DIGIT)
                .toArray();
        try (Dataset seen = taught.subset(others)) {
            for (Lesson lesson : List.of(Lesson.LABELS, new Lesson(1, 4))) {
                double[] results = lab.part(new Blind(lesson, seen.size()), double[].class, () -> {
                    try (Model<Layer> model = lesson.student(seen, lab.epochs(30, 8), lab.seed())) {
                        double bias = bias(model, flat.choose());
                        ConfusionMatrix before = answers(model, flat.test(), 0);
                        ConfusionMatrix after = answers(model, flat.test(), bias);
                        return new double[] {
                            before.recall(DIGIT), before.accuracy(), bias, after.recall(DIGIT), after.accuracy()
                        };
                    }
                });
                table.row(line("Student%s that never saw a %d", lesson.share() == 0 ? " of labels" : "", DIGIT))
                        .put("of these right", "%.1f %%", 100 * results[0])
                        .put("all digits wrong", "%.2f %%", 100 * (1 - results[1]))
                        .put("bias", "%+.1f", results[2])
                        .put("of these right after a bias", "%.1f %%", 100 * results[3])
                        .put("all digits wrong after the bias", "%.2f %%", 100 * (1 - results[4]));
            }
        }
    }

    /** What is added to the logit of the unseen digit so that most of {@code data} are right. */
    private static double bias(Model<Layer> model, Dataset data) {
        double best = 0;
        double most = -1;
        for (double bias = 0; bias <= 20; bias += 0.5) {
            double accuracy = answers(model, data, bias).accuracy();
            best = accuracy > most ? bias : best;
            most = Math.max(accuracy, most);
        }
        return best;
    }

    private static ConfusionMatrix answers(Model<Layer> model, Dataset data, double bias) {
        float[][] logits = Examples.of(model.net(), data).x();
        for (float[] row : logits) {
            row[DIGIT] += (float) bias;
        }
        return Classification.ofLogits(Averages.flat(logits), 10, data.labels()).confusion();
    }
}

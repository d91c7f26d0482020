package dev.fathom.labs.distillation;

import static dev.fathom.experiments.pages.Findings.line;
import static dev.fathom.op.Activation.RELU;

import dev.fathom.data.Dataset;
import dev.fathom.data.Field;
import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.DataSet;
import dev.fathom.experiments.data.ImageSet;
import dev.fathom.experiments.data.Images;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.features.Examples;
import dev.fathom.image.Augment;
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
import dev.fathom.train.Trainer;
import dev.fathom.view.Chart;
import dev.fathom.view.Diagram;
import java.util.Arrays;
import java.util.DoubleSummaryStatistics;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Distillation (Hinton, Vinyals and Dean 2015): a small network learns handwritten digits from labels, from the answers
 * of a convolutional network, or from both, by the temperature; and a digit that it never sees, from what the teacher
 * says of the others.
 */
public final class DistillLab implements Experiment {
    private static final int CLASSES = 10;
    private static final float SHARE = 0.9f; // of the teacher where there are labels, too
    private static final String WRONG = "wrong on the test";

    @Override
    public Optional<Diagram> net() {
        return Experiment.drawn("The teacher", teacher(), 28, 28, 1);
    }

    @Override
    public List<DataSet> reads() {
        return List.of(ImageSet.MNIST.set());
    }

    @Override
    public void run(Lab lab) {
        try (Images all = ImageSet.MNIST.images(lab.data(), lab.seed());
                Images some = all.learning(lab.of(10_000, 4000));
                Images images = some.scaled();
                Images flat = images.flattened();
                Model<Layer> teacher = Model.of(teacher(), lab.seed())) {
            lab.put("learn", images.learn().size())
                    .put("choose", images.choose().size())
                    .put("test", images.test().size())
                    .section("Teacher and students");
            int epochs = lab.epochs(15, 6);
            var trainer = Trainer.of(teacher, Loss.crossEntropy(), new Adam(2e-3f))
                    .schedule(Schedule.cosine(epochs))
                    .seed(lab.seed());
            var batches = images.learn().shuffled(lab.seed()).batches(50).augment(Augment.shift(2f / 28));
            lab.train("The teacher", "images", trainer, batches, epochs);
            float[][] logits = Examples.of(teacher.net(), images.learn()).x();
            float[][] x = Examples.of(flat.learn()).x();
            try (Dataset taught = Dataset.of(
                    Field.floats("x", Shape.of(784), Averages.flat(x)).input(),
                    Field.labels("y", images.learn().labels()).target(),
                    Field.floats("t", Shape.of(CLASSES), Averages.flat(logits)))) {
                temperatures(lab, taught, flat, Lesson.wrong(teacher, images.test()));
                UnseenDigit.run(lab, taught, flat);
            }
        }
    }

    private static Layer teacher() {
        return new Sequential(
                new Conv(1, 16, 3).act(RELU),
                new MaxPool(2),
                new Conv(16, 32, 3).act(RELU),
                new MaxPool(2),
                new Flatten(),
                new Dropout(0.3f),
                new Linear(800, 128).act(RELU),
                new Dropout(0.5f),
                new Linear(128, CLASSES));
    }

    /** Teaches students by each temperature. */
    private static void temperatures(Lab lab, Dataset taught, Images flat, double teacher) {
        lab.section("By temperature").put("students", lab.of(5, 2));
        Table table = lab.table("students", "");
        table.row("Teacher").put(WRONG, "%.2f %%", teacher);
        double[][] alone = Lesson.LABELS.wrong(lab, taught, flat);
        double labels = Averages.mean(alone[1]);
        table.row("Student, labels alone").put(WRONG, "%.2f %%", labels);
        double[] temperatures = lab.of(new double[] {1, 2, 4, 8, 16}, new double[] {1, 2, 8});
        double least = Double.POSITIVE_INFINITY; // of the errors on images held out
        for (boolean both : new boolean[] {false, true}) {
            for (double temperature : temperatures) {
                double[][] errors = new Lesson(both ? SHARE : 1, (float) temperature).wrong(lab, taught, flat);
                DoubleSummaryStatistics gains = IntStream.range(0, alone[1].length)
                        .mapToDouble(i -> alone[1][i] - errors[1][i])
                        .summaryStatistics();
                double gain = gains.getAverage();
                double mean = Averages.mean(errors[1]);
                String lessons = both ? "labels and teacher" : "teacher alone";
                table.row(line("Student, %s, temperature %.0f", lessons, temperature))
                        .put(WRONG, "%.2f %%", mean)
                        .baseline(labels, "labels alone")
                        .cell("gain, points", "%+.2f (%+.2f to %+.2f)", gain, gains.getMin(), gains.getMax());
                if (both && Averages.mean(errors[0]) < least) {
                    least = Averages.mean(errors[0]);
                    lab.figure("Student, gain by labels and teacher at the temperature chosen", "points", gain)
                            .baseline(0, "labels alone")
                            .figure("Temperature chosen on images held out", "", temperature)
                            .put("chosen", mean);
                }
                lab.put("hot", temperature).put("hottest", mean);
            }
        }
        double[] wrong = table.values(WRONG);
        int n = temperatures.length;
        double[] ends = {temperatures[0], temperatures[n - 1]};
        lab.chart(
                "temperatures.png",
                new Chart("wrong on the test, %", "temperature")
                        .line("teacher alone", temperatures, Arrays.copyOfRange(wrong, 2, 2 + n))
                        .line("labels and teacher", temperatures, Arrays.copyOfRange(wrong, 2 + n, 2 + 2 * n))
                        .dashed("labels alone", ends, new double[] {labels, labels})
                        .dashed("the teacher", ends, new double[] {teacher, teacher})
                        .logarithmic(true, false));
    }
}

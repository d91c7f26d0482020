package dev.fathom.labs.distillation;

import static dev.fathom.experiments.pages.Findings.line;
import static dev.fathom.op.Activation.RELU;

import dev.fathom.assess.Classification;
import dev.fathom.data.Dataset;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.Images;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.optim.Adam;
import dev.fathom.optim.Schedule;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.Step;
import dev.fathom.train.Trainer;
import dev.fathom.train.Workers;
import java.util.Arrays;
import java.util.List;

/**
 * From what a student learns (Hinton, Vinyals and Dean 2015): (1 - share) times the cross-entropy with the labels, plus
 * share times the distillation loss.
 *
 * @param share of the teacher, 0 to 1
 * @param temperature by which the logits of both are divided
 */
record Lesson(float share, float temperature) {
    static final Lesson LABELS = new Lesson(0, 1);

    @Override
    public String toString() {
        return line("teacher's share %.1f, temperature %.0f", share, temperature);
    }

    Tensor loss(Tensor logits, Tensor labels, Tensor teacher) {
        if (share == 0) {
            return Loss.crossEntropy().of(logits, labels);
        }
        Tensor distilled = Loss.distillation(temperature).of(logits, teacher).mul(share);
        return share == 1
                ? distilled
                : distilled.add(Loss.crossEntropy().of(logits, labels).mul(1 - share));
    }

    /**
     * Trains a student, 784-30-10 with ReLU, which is to be closed.
     *
     * @param learn x [784] from 0 to 1, labels y, and the logits t [10] of the teacher
     */
    Model<Layer> student(Dataset learn, int epochs, long seed) {
        Model<Layer> model = Model.of(new Sequential(new Linear(784, 30).act(RELU), new Linear(30, 10)), seed);
        Trainer.custom(
                        model,
                        new Adam(3e-3f),
                        (net, batch) -> new Step.Result(loss(net.apply(batch.x()), batch.y(), batch.get("t"))))
                .schedule(Schedule.cosine(epochs))
                .seed(seed)
                .fit(learn.shuffled(seed).batches(50), epochs);
        return model;
    }

    /** The percent that a network has wrong. */
    static double wrong(Model<Layer> model, Dataset data) {
        return 100 * (1 - Classification.of(model, data).confusion().accuracy());
    }

    /** Settings of students that learn the same from other initial weights and in other orders. */
    private record Students(Lesson lesson, long seed, int images) {}

    /** The percents of images held out and of the test that each of some students has wrong. */
    double[][] wrong(Lab lab, Dataset taught, Images flat) {
        List<double[]> errors = Workers.all().run(lab.of(5, 2), draw -> {
            long seed = lab.seed() + draw;
            return lab.part(new Students(this, seed, taught.size()), double[].class, () -> {
                try (Model<Layer> model = student(taught, lab.epochs(30, 12), seed)) {
                    return new double[] {wrong(model, flat.choose()), wrong(model, flat.test())};
                }
            });
        });
        double[][] sets = new double[2][];
        Arrays.setAll(sets, set -> errors.stream().mapToDouble(e -> e[set]).toArray());
        lab.say("%s: %.2f %% wrong", this, Averages.mean(sets[1]));
        return sets;
    }
}

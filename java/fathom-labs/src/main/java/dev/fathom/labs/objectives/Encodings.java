package dev.fathom.labs.objectives;

import static dev.fathom.labs.pages.Findings.line;

import dev.fathom.labs.data.ImageSet;
import dev.fathom.labs.data.Images;
import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Findings;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.optim.Adam;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.Metric;
import dev.fathom.train.Trainer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.IntBinaryOperator;
import java.util.stream.IntStream;

/**
 * The ten classes of clothes as one number, as a binary code and as one-hot vectors: one network that differs only in
 * its last layer and its loss.
 */
final class Encodings {
    private static final int CLASSES = 10;
    private static final int HIDDEN = 64;
    private static final int BATCH = 100;

    /** The targets of a class: rows of {@code codes}, and the loss of outputs and such rows. */
    private record Encoding(String name, float[][] codes, Loss loss) {
        int width() {
            return codes[0].length;
        }

        Tensor table() {
            float[] all = new float[CLASSES * width()];
            for (int c = 0; c < CLASSES; c++) {
                System.arraycopy(codes[c], 0, all, c * width(), width());
            }
            return Tensor.of(all, CLASSES, width());
        }

        /** The loss for class numbers. */
        Loss ofClasses() {
            return (y, classes) -> loss.of(y, classes.oneHot(CLASSES).matmul(table()));
        }

        /**
         * The number of outputs that lie nearest to the code of their class: as a number, or by the signs of logits.
         */
        double right(Tensor output, Tensor classes) {
            Tensor nearness = width() == 1
                    ? output.sub(table().transpose(0, 1)).abs().neg()
                    : output.matmulTransposed(table().mul(2).sub(1));
            int[] answers = nearness.argmax(-1).toIntArray();
            int[] truth = classes.toIntArray();
            return IntStream.range(0, truth.length)
                    .filter(i -> answers[i] == truth[i])
                    .count();
        }
    }

    private Encodings() {}

    /** A code of {@code width} numbers for each class. */
    private static float[][] codes(int width, IntBinaryOperator number) {
        float[][] codes = new float[CLASSES][width];
        for (int c = 0; c < CLASSES; c++) {
            for (int j = 0; j < width; j++) {
                codes[c][j] = number.applyAsInt(c, j);
            }
        }
        return codes;
    }

    private static List<Encoding> all() {
        return List.of(
                new Encoding("one number", codes(1, (c, j) -> c), Loss.mse()),
                new Encoding("binary code", codes(4, (c, j) -> c >> j & 1), Loss.bceWithLogits()),
                new Encoding("one-hot", codes(CLASSES, (c, j) -> c == j ? 1 : 0), Loss.crossEntropy()));
    }

    /** Trains one network for each encoding, tells what came of it, and returns false where it was interrupted. */
    static boolean tell(Findings page, LabRun run) {
        int epochs = run.epochs(10, 3);
        Map<String, double[][]> curves = new LinkedHashMap<>();
        List<List<String>> rows = new ArrayList<>();
        List<Double> last = new ArrayList<>();
        try (Images images = ImageSet.FASHION_MNIST.images(run.data(), run.seed())) {
            try (Images some = images.learning(run.of(20_000, 3000));
                    Images flat = some.flattened();
                    Images unit = flat.scaled()) {
                for (Encoding encoding : all()) {
                    double[] accuracy = train(run, encoding, unit, epochs);
                    if (run.interrupt().requested()) {
                        return false;
                    }
                    curves.put(encoding.name(), new double[][] {
                        IntStream.rangeClosed(1, epochs).asDoubleStream().toArray(), accuracy
                    });
                    last.add(accuracy[accuracy.length - 1]);
                    rows.add(List.of(
                            encoding.name(),
                            line("%.1f %%", 100 * accuracy[0]),
                            line("%.1f %%", 100 * accuracy[accuracy.length - 1])));
                }
                page.section("Label encodings", "")
                        .text(line(
                                "The ten classes of Fashion-MNIST have no order, but as one number, 0 to 9, they get"
                                        + " one: between a pullover, 2, and a coat, 4, lies a dress. A binary "
                                        + "code of four"
                                        + " bits brings classes together that share bits, and one-hot vectors are "
                                        + "equally"
                                        + " far from each other. A network 784-%d-outputs learns %,d images for "
                                        + "%d epochs"
                                        + " by Adam under each: squared error for the number, binary "
                                        + "cross-entropy for the"
                                        + " bits, cross-entropy for one-hot. The nearest code is the answer, and the"
                                        + " accuracy is that on %,d other images.",
                                HIDDEN,
                                unit.learn().size(),
                                epochs,
                                unit.choose().size()));
            }
        }
        page.table(List.of("encoding", "accuracy after epoch 1", "after the last"), rows)
                .series("encodings.png", "Accuracy over the epochs under each encoding", "accuracy", "epoch", curves);
        double number = last.get(0);
        double binary = last.get(1);
        double hot = last.get(2);
        page.key(Figure.of("one-hot, accuracy", "%", 100 * hot).baseline(100 * number, "one number"));
        page.figure(Figure.of("binary code, accuracy", "%", 100 * binary).baseline(100 * number, "one number"));
        page.figure(Figure.of("one number, accuracy", "%", 100 * number).baseline(10, "a guess"));
        return true;
    }

    /** The accuracy after each epoch. */
    private static double[] train(LabRun run, Encoding encoding, Images images, int epochs) {
        Sequential net = new Sequential(new Linear(784, HIDDEN), Tensor::relu, new Linear(HIDDEN, encoding.width()));
        try (Model<Sequential> model = Model.of(net, run.seed())) {
            var trainer = Trainer.of(model, encoding.ofClasses(), new Adam(1e-3f))
                    .metrics(
                            Metric.higherIsBetter("accuracy", (y, t) -> new Metric.Sum(encoding.right(y, t), t.dim(0))))
                    .seed(run.seed());
            run.out().println("Labels as " + encoding.name());
            trainer = run.training()
                    .attach(
                            trainer,
                            run.folder()
                                    .resolve(encoding.name()
                                            .toLowerCase(Locale.ROOT)
                                            .replace(' ', '-')),
                            "images");
            return trainer.fit(images.learn().shuffled(run.seed()).batches(BATCH), images.choose(), epochs)
                    .series("val_accuracy");
        }
    }
}

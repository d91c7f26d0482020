package dev.fathom.labs.objectives;

import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.ImageSet;
import dev.fathom.experiments.data.Images;
import dev.fathom.experiments.pages.Table;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.optim.Adam;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.Metric;
import dev.fathom.train.Run;
import dev.fathom.train.Trainer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The targets of class numbers: a code of {@code width} numbers for each class, and the loss of outputs and codes. */
record Encoding(String name, int width, Loss loss) {
    private static final int CLASSES = 10;
    private static final int HIDDEN = 64;

    /** The codes of all classes as rows: the number of the class, its bits, or its place. */
    Tensor codes() {
        float[] codes = new float[CLASSES * width];
        for (int i = 0; i < codes.length; i++) {
            int c = i / width;
            int j = i % width;
            codes[i] = width == 1 ? c : width == CLASSES ? (c == j ? 1 : 0) : c >> j & 1;
        }
        return Tensor.of(codes, CLASSES, width);
    }

    /** The outputs that lie nearest to the code of their class: as a number, or by the signs of logits. */
    Metric.Sum right(Tensor output, Tensor classes) {
        Tensor nearness = width == 1
                ? output.sub(codes().transpose(0, 1)).abs().neg()
                : output.matmulTransposed(codes().mul(2).sub(1));
        return new Metric.Sum(nearness.correct(classes).item(), classes.dim(0));
    }

    static Sequential network(int width) {
        return new Sequential(new Linear(784, HIDDEN), Tensor::relu, new Linear(HIDDEN, width));
    }

    /**
     * The ten classes of clothes as one number, as a binary code and as one-hot vectors: one network that differs only
     * in its last layer and its loss.
     */
    static void show(Lab lab) {
        int epochs = lab.epochs(10, 3);
        Map<String, double[][]> curves = new LinkedHashMap<>();
        try (Images images = ImageSet.FASHION_MNIST.images(lab.data(), lab.seed());
                Images some = images.learning(lab.of(20_000, 3000));
                Images flat = some.flattened();
                Images unit = flat.scaled()) {
            lab.section("Label encodings").put("hidden", HIDDEN).put("epochs", epochs);
            lab.put("learn", unit.learn().size()).put("choose", unit.choose().size());
            Table table = lab.table("encodings", "encoding");
            for (Encoding encoding : List.of(
                    new Encoding("one number", 1, Loss.mse()),
                    new Encoding("binary code", 4, Loss.bceWithLogits()),
                    new Encoding("one-hot", CLASSES, Loss.crossEntropy()))) {
                Sequential net = network(encoding.width);
                Loss loss = (y, classes) ->
                        encoding.loss.of(y, classes.oneHot(CLASSES).matmul(encoding.codes()));
                try (Model<Sequential> model = Model.of(net, lab.seed())) {
                    var trainer = Trainer.of(model, loss, new Adam(1e-3f))
                            .metrics(Metric.higherIsBetter("accuracy", encoding::right));
                    String name = "Labels as " + encoding.name;
                    Run history = lab.train(name, "images", trainer, unit.learn(), 100, unit.choose(), epochs);
                    double[][] accuracy = history.curve("val_accuracy");
                    curves.put(encoding.name, accuracy);
                    Table.Row row = table.row(encoding.name)
                            .cell("after epoch 1", "%.1f %%", 100 * accuracy[1][0])
                            .put("accuracy", "%.1f %%", 100 * accuracy[1][epochs - 1]);
                    if (encoding.width == 1) {
                        row.baseline(CLASSES, "a guess");
                    } else {
                        row.baseline(table.rows().get(0).get("accuracy"), "one number");
                    }
                }
            }
            lab.curves("encodings.png", "accuracy", "epoch", curves);
        }
    }
}

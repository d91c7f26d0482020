package dev.fathom.labs.codes;

import static dev.fathom.op.Activation.RELU;
import static dev.fathom.op.Activation.SIGMOID;

import dev.fathom.assess.Classification;
import dev.fathom.data.Batch;
import dev.fathom.data.Dataset;
import dev.fathom.labs.experiments.LabRun;
import dev.fathom.nn.Dropout;
import dev.fathom.nn.GaussianNoise;
import dev.fathom.nn.Init;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Shape;
import dev.fathom.optim.Adam;
import dev.fathom.optim.Schedule;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.Step;
import dev.fathom.train.Trainer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Trains classifiers of images few of which have a label, each for about the same number of steps.
 *
 * @param images [n, 28, 28, 1] of bytes with their labels, most of which are hidden
 * @param test [n, 784] scaled from 0 to 1
 * @param widths of the hidden layers of sigmoid units
 * @param steps how often the weights change, but for what is left over of an epoch
 */
record FewLabels(LabRun run, Dataset images, Dataset test, int[] widths, int steps) {
    private static final int PIXELS = 784;
    private static final int CLASSES = 10;
    private static final int BATCH = 50;
    /** Images of a batch of which a quarter has a label. */
    private static final int MIXED = 200;
    /** The weight of labels that the network gives itself. */
    private static final float PSEUDO = 1;
    /** The weight of the squared difference of two answers to the same image. */
    private static final float CONSISTENCY = 20;

    /** What images without a label add to the loss. */
    private interface Unlabeled {
        /**
         * The loss of a batch.
         *
         * @param logits the answers
         * @param ramp 0 in the first quarter of the steps, 1 in the last, and between them rising
         */
        Tensor loss(Layer net, Batch batch, Tensor logits, float ramp);
    }

    /** The numbers of {@code n} images that keep their labels, as many of each class as possible. */
    int[] labeled(int n, int draw) {
        int[] left = new int[CLASSES];
        Arrays.setAll(left, c -> n / CLASSES + (c < n % CLASSES ? 1 : 0));
        return IntStream.of(new Rng(run.seed()).split("labels").split(draw).permutation(images.size()))
                .filter(i -> left[images.label(i)]-- > 0)
                .toArray();
    }

    // ---- networks

    /** Sigmoid units, from random weights or from those of a stack that was trained without labels. */
    Sequential sigmoids(@Nullable Pretraining start) {
        List<Layer> layers = new ArrayList<>();
        int in = PIXELS;
        for (int i = 0; i < widths.length; i++) {
            Linear layer = start == null
                    ? new Linear(in, widths[i], Init.xavierUniform()).withBias(Init.zeros())
                    : start.layer(i, in);
            layers.add(layer.act(SIGMOID));
            in = widths[i];
        }
        layers.add(new Linear(in, CLASSES));
        return new Sequential(layers);
    }

    /** ReLU units with dropout, and noise on the pixels. */
    Sequential rectified() {
        return new Sequential(
                new GaussianNoise(0.3f),
                new Linear(PIXELS, widths[0]).act(RELU),
                new Dropout(0.5f),
                new Linear(widths[0], widths[1]).act(RELU),
                new Dropout(0.5f),
                new Linear(widths[1], CLASSES));
    }

    // ---- ways to learn

    /** The error on the test after learning from images with labels alone. */
    double supervised(Layer net, int[] labeled, int draw) {
        try (Dataset some = images.subset(labeled);
                Dataset flat = some.flattened();
                Dataset scaled = flat.scaled(1f / 255, 0)) {
            return error(net, scaled, Math.min(BATCH, labeled.length), draw, (model, batch) -> {
                Tensor logits = model.apply(batch.x());
                return new Step.Result(Loss.crossEntropy().of(logits, batch.y()));
            });
        }
    }

    /**
     * The error after learning from all images, where the likeliest class counts as the label of those without one (Lee
     * 2013).
     */
    double pseudoLabels(int[] labeled, int draw) {
        return mixed(
                labeled,
                draw,
                (net, batch, logits, ramp) -> Loss.crossEntropy()
                        .of(logits, logits.detach().argmax(-1))
                        .mul(PSEUDO * ramp));
    }

    /**
     * The error after learning from all images, where two answers with noise and dropout of their own are to agree
     * (Laine and Aila 2017).
     */
    double consistency(int[] labeled, int draw) {
        return mixed(
                labeled,
                draw,
                (net, batch, logits, ramp) -> Loss.mse()
                        .of(logits.softmax(-1), net.apply(batch.x()).softmax(-1))
                        .mul(CONSISTENCY * (float) Math.exp(-5 * (1 - ramp) * (1 - ramp))));
    }

    /** Learns from all images in batches of which a quarter has a label: those with one come as often as that takes. */
    private double mixed(int[] labeled, int draw, Unlabeled unlabeled) {
        int[] order = new int[images.size() / 3 * 4];
        int[] labels = new int[order.length];
        Arrays.fill(labels, CLASSES); // is ignored
        for (int i = 0; i < order.length; i++) {
            order[i] = i < images.size() ? i : labeled[i % labeled.length];
            labels[i] = i < images.size() ? CLASSES : images.label(order[i]);
        }
        int[] taken = {0};
        try (Dataset all = Dataset.images(pixels(order), Shape.of(28, 28, 1), labels);
                Dataset flat = all.flattened();
                Dataset scaled = flat.scaled(1f / 255, 0)) {
            return error(rectified(), scaled, Math.min(MIXED, order.length), draw, (net, batch) -> {
                Tensor logits = net.apply(batch.x());
                Tensor known = Loss.crossEntropy().ignoreIndex(CLASSES).of(logits, batch.y());
                float ramp = Math.max(0, Math.min(1, 2f * taken[0]++ / steps - 0.5f));
                return new Step.Result(known.add(unlabeled.loss(net, batch, logits, ramp)));
            });
        }
    }

    private byte[] pixels(int[] order) {
        byte[] all = new byte[order.length * PIXELS];
        for (int i = 0; i < order.length; i++) {
            System.arraycopy(images.pixels(order[i]), 0, all, i * PIXELS, PIXELS);
        }
        return all;
    }

    private double error(Layer net, Dataset data, int batch, int draw, Step<Layer> step) {
        int perEpoch = (data.size() + batch - 1) / batch;
        int epochs = Math.max(1, steps / perEpoch);
        try (Model<Layer> model = Model.of(net, run.seed() + draw)) {
            var trainer = Trainer.custom(model, new Adam(1e-3f), step)
                    .schedule(Schedule.cosine(epochs))
                    .seed(run.seed() + draw);
            trainer = trainer.callbacks(run.interrupt().stopping());
            trainer.fit(data.shuffled(run.seed() + draw).batches(batch), epochs);
            return 1 - Classification.of(model, test).confusion().accuracy();
        }
    }
}

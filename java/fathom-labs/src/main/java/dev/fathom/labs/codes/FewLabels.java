package dev.fathom.labs.codes;

import static dev.fathom.op.Activation.RELU;
import static dev.fathom.op.Activation.SIGMOID;

import dev.fathom.assess.Classification;
import dev.fathom.data.Dataset;
import dev.fathom.experiments.Lab;
import dev.fathom.features.Examples;
import dev.fathom.nets.GaussianNoise;
import dev.fathom.nn.Dropout;
import dev.fathom.nn.Init;
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
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Trains classifiers of images few of which have a label, each for about the same number of steps.
 *
 * @param images rows of 784 numbers from 0 to 1 with their labels, most of which are hidden
 * @param test images like these
 * @param widths of the hidden layers
 * @param steps how often the weights change, but for what is left over of an epoch
 */
record FewLabels(Lab lab, Examples images, Dataset test, int[] widths, int steps) {
    /** The label of an image that has none. */
    static final int UNKNOWN = 10;

    private static final int PIXELS = 784;
    private static final int CLASSES = 10;
    private static final int BATCH = 50;
    private static final int MIXED = 200; // images of a batch of which a quarter has a label

    /** What images without a label add to the loss. */
    enum Unlabeled {
        /** Nothing: they are not looked at. */
        NOTHING,
        /** The likeliest class counts as their label (Lee 2013). */
        PSEUDO_LABELS,
        /** Two answers with noise and dropout of their own are to agree (Laine and Aila 2017). */
        CONSISTENCY;

        /**
         * The loss of a batch.
         *
         * @param ramp 0 in the first quarter of the steps, 1 in the last, and between them rising
         */
        Tensor loss(Layer net, Tensor x, Tensor y, float ramp) {
            Tensor logits = net.apply(x);
            Tensor known = Loss.crossEntropy().ignoreIndex(UNKNOWN).of(logits, y);
            return switch (this) {
                case NOTHING -> known;
                case PSEUDO_LABELS ->
                    known.add(Loss.crossEntropy()
                            .of(logits, logits.detach().argmax(-1))
                            .mul(ramp));
                case CONSISTENCY ->
                    known.add(Loss.mse()
                            .of(logits.softmax(-1), net.apply(x).softmax(-1))
                            .mul(20 * (float) Math.exp(-5 * (1 - ramp) * (1 - ramp))));
            };
        }
    }

    /** The numbers of {@code n} images that keep their labels, as many of each class as possible. */
    int[] labeled(int n, int draw) {
        int[] left = new int[CLASSES];
        Arrays.setAll(left, c -> n / CLASSES + (c < n % CLASSES ? 1 : 0));
        int[] labels = images.labels();
        return IntStream.of(lab.rng("labels").split(draw).permutation(labels.length))
                .filter(i -> left[labels[i]]-- > 0)
                .toArray();
    }

    /** Sigmoid units, from random weights or from those of a stack that was trained without labels. */
    Layer sigmoids(@Nullable Pretraining start) {
        List<Layer> layers = new ArrayList<>();
        int in = PIXELS;
        for (int i = 0; i < widths.length; i++) {
            Linear random = new Linear(in, widths[i], Init.xavierUniform()).withBias(Init.zeros());
            layers.add((start == null ? random : start.layer(i, in)).act(SIGMOID));
            in = widths[i];
        }
        layers.add(new Linear(in, CLASSES));
        return new Sequential(layers);
    }

    /** ReLU units with dropout, and noise on the pixels. */
    static Layer rectified(int... widths) {
        return new Sequential(
                new GaussianNoise(0.3f),
                new Linear(PIXELS, widths[0]).act(RELU),
                new Dropout(0.5f),
                new Linear(widths[0], widths[1]).act(RELU),
                new Dropout(0.5f),
                new Linear(widths[1], CLASSES));
    }

    /** The error in % on the test after learning, where only the images of some numbers have a label. */
    double error(Layer net, int[] labeled, int draw, Unlabeled unlabeled) {
        boolean alone = unlabeled == Unlabeled.NOTHING;
        long seed = lab.seed() + draw;
        int[] taken = {0};
        try (Dataset data = alone ? images.subset(labeled).dataset() : mixed(labeled);
                Model<Layer> model = Model.of(net, seed)) {
            int batch = Math.min(alone ? BATCH : MIXED, data.size());
            int epochs = Math.max(1, steps / ((data.size() + batch - 1) / batch));
            Trainer.custom(model, new Adam(1e-3f), (learner, some) -> {
                        float ramp = Math.max(0, Math.min(1, 2f * taken[0]++ / steps - 0.5f));
                        return new Step.Result(unlabeled.loss(learner, some.x(), some.y(), ramp));
                    })
                    .schedule(Schedule.cosine(epochs))
                    .seed(seed)
                    .callbacks(lab.run().interrupt().stopping())
                    .fit(data.shuffled(seed).batches(batch), epochs);
            return 100 - 100 * Classification.of(model, test).confusion().accuracy();
        }
    }

    /** All images without labels, and a third as many from those that have one. */
    private Dataset mixed(int[] labeled) {
        int n = images.size();
        int[] labels = images.labels();
        int[] order = IntStream.range(0, n / 3 * 4)
                .map(i -> i < n ? i : labeled[i % labeled.length])
                .toArray();
        int[] seen = IntStream.range(0, order.length)
                .map(i -> i < n ? UNKNOWN : labels[order[i]])
                .toArray();
        return Dataset.of(images.subset(order).x(), seen);
    }
}

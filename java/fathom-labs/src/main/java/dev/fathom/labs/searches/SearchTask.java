package dev.fathom.labs.searches;

import dev.fathom.data.Dataset;
import dev.fathom.features.Examples;
import dev.fathom.features.NetLearner;
import dev.fathom.features.Predictor;
import dev.fathom.nn.Dropout;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Residual;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Activation;
import dev.fathom.optim.Adam;
import dev.fathom.search.Dimension;
import dev.fathom.search.Space;
import dev.fathom.search.Trial;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The networks among which is searched, and how good one is: images of clothing at half their size, and a network of
 * ReLU layers whose depth, width, connections, learning rate and dropout are chosen.
 *
 * @param learn what a trial learns from
 * @param choose by what it is scored
 * @param test what no search sees
 */
record SearchTask(Examples learn, Examples choose, Examples test) {
    private static final int SIDE = 28;
    private static final int BATCH = 50;

    static final Space SPACE = Space.of(
            Dimension.whole("depth", 1, 3),
            Dimension.logarithmic("width", 8, 128),
            Dimension.logarithmic("rate", 1e-4, 0.1),
            Dimension.real("dropout", 0, 0.6),
            Dimension.bits("skips", 2));

    /**
     * The space of which a grid takes the ends: they lie a quarter inside the ranges, where each has more than three
     * values.
     */
    static final Space INSIDE = Space.of(
            Dimension.whole("depth", 1, 3),
            Dimension.logarithmic("width", 16, 64),
            Dimension.logarithmic("rate", 5.6e-4, 0.018),
            Dimension.real("dropout", 0.15, 0.45),
            Dimension.bits("skips", 2));

    /** The first images [28, 28, 1] with pixels from 0 to 1, each the mean of four, and their labels. */
    static Examples halved(Dataset images, int most) {
        float[][] rows = new float[Math.min(most, images.size())][SIDE * SIDE / 4];
        for (int i = 0; i < rows.length; i++) {
            byte[] pixels = images.pixels(i);
            for (int j = 0; j < pixels.length; j++) {
                rows[i][j / SIDE / 2 * (SIDE / 2) + j % SIDE / 2] += (pixels[j] & 255) / 1020f;
            }
        }
        return Examples.ofClasses(rows, 10, Arrays.copyOf(images.labels(), rows.length));
    }

    /**
     * The network that a trial describes: layer i + 2 adds its input to its output where bit i of the skips says so.
     */
    static Layer network(Trial trial, int columns, int classes) {
        int width = Math.round(trial.real("width"));
        float dropout = trial.real("dropout");
        List<Layer> layers =
                new ArrayList<>(List.of(new Linear(columns, width).act(Activation.RELU), new Dropout(dropout)));
        for (int i = 0; i + 1 < trial.whole("depth"); i++) {
            Layer layer = new Linear(width, width).act(Activation.RELU);
            layers.add(trial.bit("skips", i) ? new Residual(layer) : layer);
            layers.add(new Dropout(dropout));
        }
        layers.add(new Linear(width, classes));
        return new Sequential(layers);
    }

    /** The accuracy on some examples of the network of a trial, after as many epochs as its budget says. */
    double accuracy(Trial trial, Examples on) {
        NetLearner learner = NetLearner.classifier(
                () -> network(trial, learn.columns(), learn.outputs()),
                new Adam(trial.real("rate")),
                BATCH,
                trial.budget());
        try (Predictor trained = learner.fit(learn, trial.seed())) {
            return trained.accuracy(on);
        }
    }
}

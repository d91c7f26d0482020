package dev.fathom.labs.images;

import dev.fathom.labs.data.ImageSet;
import dev.fathom.labs.data.Images;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.training.NetworkEntry;
import dev.fathom.labs.training.Recipe;
import dev.fathom.labs.training.TrainedEntry;
import dev.fathom.nn.BatchNorm;
import dev.fathom.nn.Conv;
import dev.fathom.nn.Dropout;
import dev.fathom.nn.Flatten;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.MaxPool;
import dev.fathom.nn.Sequential;
import dev.fathom.optim.Schedule;
import dev.fathom.optim.Sgd;
import dev.fathom.tensor.Tensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.IntUnaryOperator;
import org.jspecify.annotations.Nullable;

/** How many steps batch normalization saves, by where it stands (Ioffe and Szegedy 2015). */
public final class BatchNormLab implements ImageLab {
    private enum Norm {
        NONE,
        BEFORE,
        AFTER
    }

    @Override
    public String name() {
        return "batchnorm";
    }

    @Override
    public ImageSet images(@Nullable Path folder) {
        return ImageSet.FASHION_MNIST;
    }

    @Override
    public List<NetworkEntry> entries(Images images, IntUnaryOperator epochs) {
        Recipe recipe = new Recipe(
                epochs.applyAsInt(10),
                128,
                new Sgd(0.05f).momentum(0.9f),
                Schedule.constant(),
                "SGD 0.05, momentum 0.9");
        return List.of(
                new NetworkEntry("No normalization", network(Norm.NONE, true), recipe),
                new NetworkEntry("Before the activation", network(Norm.BEFORE, true), recipe),
                new NetworkEntry("After the activation", network(Norm.AFTER, true), recipe),
                new NetworkEntry("Instead of dropout", network(Norm.BEFORE, false), recipe));
    }

    private static Sequential network(Norm norm, boolean dropout) {
        Layer drop = dropout ? new Dropout(0.5f) : new Sequential();
        return new Sequential( //                         28 x 28
                convolve(norm, 1, 16),
                convolve(norm, 16, 16),
                new MaxPool(2), //                        14 x 14 x 16
                convolve(norm, 16, 32),
                convolve(norm, 32, 32),
                new MaxPool(2), //                         7 x 7 x 32
                convolve(norm, 32, 64),
                convolve(norm, 64, 64),
                new Flatten(),
                drop,
                new Linear(3136, 10));
    }

    private static Layer convolve(Norm norm, int in, int out) {
        Conv conv = new Conv(in, out, 3).pad(1);
        return switch (norm) {
            case NONE -> new Sequential(conv, Tensor::relu);
            case BEFORE -> new Sequential(conv.withoutBias(), new BatchNorm(out), Tensor::relu);
            case AFTER -> new Sequential(conv, Tensor::relu, new BatchNorm(out));
        };
    }

    @Override
    public Brief brief() {
        return new Brief(4000, 3);
    }

    @Override
    public int every() {
        return 10;
    }

    /** The level is the best that the network without normalization reached; who has it first? */
    @Override
    public void conclude(Conclusion all) {
        List<TrainedEntry> outcomes = all.outcomes();
        double level = Arrays.stream(outcomes.get(0).curve()[1]).max().orElse(Double.NaN);
        long none = stepsTo(level, outcomes.get(0).curve());
        List<List<String>> rows = new ArrayList<>();
        for (TrainedEntry o : outcomes) {
            long steps = stepsTo(level, o.curve());
            if (steps >= 0) {
                all.page()
                        .figure(Figure.of(
                                o.entry().name() + String.format(Locale.ROOT, ", steps to %.2f %%", 100 * level),
                                "steps",
                                (double) steps));
            }
            rows.add(List.of(
                    o.entry().name(),
                    steps < 0 ? "not reached" : String.format(Locale.ROOT, "%,d", steps),
                    steps < 0 ? "" : String.format(Locale.ROOT, "%.1f", (double) none / steps)));
        }
        List<String> header =
                List.of("network", String.format(Locale.ROOT, "steps to %.2f %%", 100 * level), "times fewer");
        all.page()
                .section(
                        "Steps to equal accuracy",
                        "The level is the best that the network without normalization reached on the images held out. "
                                + "Published: 14 times fewer steps to equal accuracy, for Inception on ImageNet "
                                + "at five times "
                                + "the learning rate (Ioffe and Szegedy 2015); here every network has the same rate.")
                .table(header, rows);
    }

    /** The first steps after which the curve was so high, -1 for none. */
    static long stepsTo(double level, double[][] curve) {
        for (int i = 0; i < curve[0].length; i++) {
            if (curve[1][i] >= level) {
                return (long) curve[0][i];
            }
        }
        return -1;
    }
}

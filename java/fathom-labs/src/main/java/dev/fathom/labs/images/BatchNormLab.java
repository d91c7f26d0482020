package dev.fathom.labs.images;

import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.DataSet;
import dev.fathom.experiments.data.ImageSet;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.training.Recipe;
import dev.fathom.experiments.training.TrainedEntry;
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
import dev.fathom.view.Diagram;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * How many steps batch normalization saves, by where it stands and at five times the learning rate (Ioffe and Szegedy
 * 2015).
 */
public final class BatchNormLab implements Experiment {
    private static final float RATE = 0.05f;
    private static final int FASTER = 5; // as in the paper's BN-x5

    /** In epochs. Without it the first steps leave weights that are too large to learn on. */
    private static final double WARM_UP = 0.25;

    private static final double DECAY = 0.5; // of the rate, with each epoch
    private static final String STEPS = "steps to equal accuracy";

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
    public Optional<Diagram> net() {
        return Experiment.drawn("With batch normalization", network(Norm.BEFORE, false), 28, 28, 1);
    }

    @Override
    public List<DataSet> reads() {
        return List.of(ImageSet.FASHION_MNIST.set());
    }

    @Override
    public void run(Lab lab) {
        try (Comparison nets = new Comparison(lab, ImageSet.FASHION_MNIST, 2000, 10)) {
            Recipe recipe = recipe(lab.epochs(10, 3), 1, Schedule.constant(), "");
            Recipe faster = recipe(
                    lab.epochs(10, 3),
                    FASTER,
                    Schedule.exponential(DECAY).warmUp(WARM_UP),
                    " after a warm-up of a quarter of an epoch, halved with each epoch");
            List<TrainedEntry> outcomes = List.of(
                    nets.train("No normalization", network(Norm.NONE, true), recipe),
                    nets.train("Before the activation", network(Norm.BEFORE, true), recipe),
                    nets.train("After the activation", network(Norm.AFTER, true), recipe),
                    nets.train("Instead of dropout", network(Norm.BEFORE, false), recipe),
                    nets.train("Five times the rate", network(Norm.BEFORE, false), faster));
            double[][] none = outcomes.get(0).curve();
            lab.section("Steps to equal accuracy").put("level", 100 * best(none));
            Table table = lab.table("steps", "network");
            for (TrainedEntry o : outcomes) {
                Table.Row row = table.row(o.entry().name());
                long steps = stepsTo(best(none), o.curve());
                if (steps < 0) {
                    row.cell(STEPS, "not reached");
                } else {
                    row.put(STEPS, "%,d steps", (double) steps);
                }
                row.put("times fewer steps", "%.1f", timesFewer(none, o.curve()));
            }
        }
    }

    private static Recipe recipe(int epochs, int times, Schedule schedule, String words) {
        float rate = times * RATE;
        return new Recipe(
                epochs, 128, new Sgd(rate).momentum(0.9f), schedule, "SGD " + rate + words + ", momentum 0.9");
    }

    private static Sequential network(Norm norm, boolean dropout) {
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
                dropout ? new Dropout(0.5f) : new Sequential(),
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

    /**
     * steps(none to its best) / steps(curve to the same), by which Ioffe and Szegedy (2015) compare networks; 0 where
     * the curve is never so high, as no number of steps is enough.
     */
    static double timesFewer(double[][] none, double[][] curve) {
        double level = best(none);
        long steps = stepsTo(level, curve);
        return steps < 0 ? 0 : (double) stepsTo(level, none) / steps;
    }

    private static double best(double[][] curve) {
        return Arrays.stream(curve[1]).max().orElseThrow();
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

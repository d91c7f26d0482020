package dev.fathom.labs.outliers;

import dev.fathom.anomaly.IsolationForest;
import dev.fathom.anomaly.LocalOutlierFactor;
import dev.fathom.anomaly.MatrixProfile;
import dev.fathom.anomaly.OneClassSvm;
import dev.fathom.features.Pca;
import dev.fathom.tensor.Rng;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * The methods without a network that ensembles are compared with. Each gives every test row a score, which is larger
 * for an outlier.
 */
enum Baseline {
    SQUARES("sum of z²") {
        @Override
        double[] scores(LabeledSeries series, long seed) {
            return Arrays.stream(series.test())
                    .mapToDouble(row -> IntStream.range(0, row.length)
                            .mapToDouble(c -> (double) row[c] * row[c])
                            .sum())
                    .toArray();
        }
    },
    PRINCIPAL("PCA of windows") {
        @Override
        double[] scores(LabeledSeries series, long seed) {
            Sliding every = new Sliding(FLOOR_ROWS, 1);
            float[][] windows = every.of(series.test());
            Pca pca = Pca.fit(every.of(series.training()), series.columns() == 1 ? 4 : 8);
            double[][] squared =
                    ReconstructionErrors.squared(pca.inverse(pca.transform(windows)), windows, series.columns());
            return every.mean(squared, series.test().length);
        }
    },
    FOREST("isolation forest") {
        @Override
        double[] scores(LabeledSeries series, long seed) {
            IsolationForest forest = IsolationForest.fit(
                    learned(series), new Rng(seed).split("forest").seed());
            return asked(series).mean(forest.scores(asked(series).of(series.test())), series.test().length);
        }
    },
    FACTOR("LOF") {
        @Override
        double[] scores(LabeledSeries series, long seed) {
            float[][] learned = learned(series);
            LocalOutlierFactor factor = LocalOutlierFactor.fit(learned, Math.min(NEIGHBORS, learned.length - 1));
            double[] factors = series.unsplit()
                    ? factor.own()
                    : factor.scores(asked(series).of(series.test()));
            return asked(series).mean(factors, series.test().length);
        }
    },
    MACHINE("one-class SVM") {
        @Override
        double[] scores(LabeledSeries series, long seed) {
            OneClassSvm machine = OneClassSvm.fit(learned(series), NU);
            return asked(series).mean(machine.scores(asked(series).of(series.test())), series.test().length);
        }
    },
    PROFILE("matrix profile") {
        @Override
        double[] scores(LabeledSeries series, long seed) {
            MatrixProfile profile = series.unsplit()
                    ? MatrixProfile.of(series.test(), ROWS, ROWS / 2)
                    : MatrixProfile.of(series.test(), series.training(), ROWS);
            return new Sliding(ROWS, 1).mean(profile.distances(), series.test().length);
        }
    };

    /** Windows that methods which compare all of them learn from, at most. */
    static final int MOST = 2000;

    /**
     * The rows of a window of the methods that compare whole windows: the longest of those that are offered to the
     * networks, since shapes are only seen whole in a long one.
     */
    static final int ROWS = 128;

    /** The rows of a window of the linear floor. */
    private static final int FLOOR_ROWS = 32;

    private static final int APART = 8;
    private static final int NEIGHBORS = 20;
    private static final double NU = 0.1;

    private final String label;

    Baseline(String label) {
        this.label = label;
    }

    /** Its name on the page. */
    String label() {
        return label;
    }

    /** Scores the test rows. */
    abstract double[] scores(LabeledSeries series, long seed);

    /** Windows 8 rows apart, or farther so that there are no more than {@link #MOST}. */
    private static Sliding apart(int total) {
        return new Sliding(
                ROWS, Math.max(APART, Sliding.atMost(MOST, ROWS, total).stride()));
    }

    private static Sliding asked(LabeledSeries series) {
        return apart(series.test().length);
    }

    private static float[][] learned(LabeledSeries series) {
        return apart(series.training().length).of(series.training());
    }
}

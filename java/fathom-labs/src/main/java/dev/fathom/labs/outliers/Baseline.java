package dev.fathom.labs.outliers;

import dev.fathom.anomaly.IsolationForest;
import dev.fathom.anomaly.LocalOutlierFactor;
import dev.fathom.anomaly.MatrixProfile;
import dev.fathom.anomaly.OneClassSvm;
import dev.fathom.anomaly.SlidingWindows;
import dev.fathom.experiments.data.LabeledSeries;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.features.Pca;
import dev.fathom.tensor.Rng;
import java.util.Arrays;
import java.util.stream.Stream;

/**
 * The methods without a network that ensembles are compared with. Each gives every test row a score, which is larger
 * for an outlier.
 */
enum Baseline {
    SQUARES("sum of z²"),
    PRINCIPAL("PCA of windows"),
    WHOLE_SQUARES("sum of z², all rows"),
    WHOLE_PRINCIPAL("PCA of windows, all rows"),
    FOREST("isolation forest"),
    FACTOR("LOF"),
    MACHINE("one-class SVM"),
    PROFILE("matrix profile");

    /**
     * The rows of a window of the methods that compare whole windows, as many as those of the networks, since shapes
     * are only seen whole in a long one.
     */
    static final int ROWS = 128;

    /** Windows that these methods learn from, at most. */
    static final int MOST = 2000;

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
    double[] scores(LabeledSeries series, long seed) {
        float[][] test = series.test();
        SlidingWindows asked = apart(test.length);
        float[][] learned = apart(series.training().length).of(series.training());
        return switch (this) {
            case SQUARES -> Stream.of(test).mapToDouble(Baseline::squares).toArray();
            case PRINCIPAL -> principal(series);
            case WHOLE_SQUARES -> whole(SQUARES, series, seed);
            case WHOLE_PRINCIPAL -> whole(PRINCIPAL, series, seed);
            case FOREST -> {
                var forest = IsolationForest.fit(
                        learned, new Rng(seed).split("forest").seed());
                yield asked.mean(forest.scores(asked.of(test)), test.length);
            }
            case FACTOR -> {
                var factor = LocalOutlierFactor.fit(learned, Math.min(NEIGHBORS, learned.length - 1));
                yield asked.mean(series.unsplit() ? factor.own() : factor.scores(asked.of(test)), test.length);
            }
            case MACHINE -> asked.mean(OneClassSvm.fit(learned, NU).scores(asked.of(test)), test.length);
            case PROFILE -> {
                MatrixProfile profile = series.unsplit()
                        ? MatrixProfile.of(test, ROWS, ROWS / 2)
                        : MatrixProfile.of(test, series.training(), ROWS);
                yield new SlidingWindows(ROWS, 1).mean(profile.distances(), test.length);
            }
        };
    }

    /** The scores of a method that learns all rows, those to score as well. */
    private static double[] whole(Baseline method, LabeledSeries series, long seed) {
        if (series.unsplit()) {
            return method.scores(series, seed);
        }
        double[][] all = Stream.of(series.training(), series.test())
                .flatMap(Stream::of)
                .map(Averages::doubles)
                .toArray(double[][]::new);
        LabeledSeries joined = LabeledSeries.of("", series.name(), all, all, new boolean[all.length]);
        return Arrays.copyOfRange(method.scores(joined, seed), series.training().length, all.length);
    }

    /** Windows 8 rows apart, or farther so that there are no more than {@link #MOST}. */
    private static SlidingWindows apart(int total) {
        return new SlidingWindows(
                ROWS, Math.max(APART, SlidingWindows.atMost(MOST, ROWS, total).stride()));
    }

    private static double squares(float... row) {
        double sum = 0;
        for (float z : row) {
            sum += (double) z * z;
        }
        return sum;
    }

    /** The error of windows after a projection onto their principal components. */
    private static double[] principal(LabeledSeries series) {
        SlidingWindows every = new SlidingWindows(FLOOR_ROWS, 1);
        float[][] windows = every.of(series.test());
        Pca pca = Pca.fit(every.of(series.training()), series.columns() == 1 ? 4 : 8);
        float[][] again = pca.inverse(pca.transform(windows));
        return every.mean(Reconstruction.squared(again, windows, series.columns()), series.test().length);
    }
}

package dev.fathom.labs.outliers;

import dev.fathom.assess.Ranking;
import dev.fathom.labs.experiments.Run;
import dev.fathom.labs.outliers.Outcome.Area;
import dev.fathom.labs.outliers.RecurrentAutoencoder.Cell;
import dev.fathom.labs.statistics.Summary;
import dev.fathom.optim.Adam;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * All methods on one series, on one thread.
 *
 * @param run the seed, and whether to stop
 * @param sizes of the recurrent ensembles, the largest last
 * @param learned the number of windows that a recurrent auto-encoder learns from, at most; a convolutional one has twice as many
 * @param epochs of a recurrent auto-encoder
 * @param convolutional the number of members of the convolutional ensemble
 * @param width of its vectors
 * @param each epochs of each of its members
 */
record Study(Run run, int[] sizes, int learned, int epochs, int convolutional, int width, int each) {
    static final String SINGLE = "single";
    static final String CONVOLUTIONAL = "CAE";
    static final String PLAIN = "CAE, λ = 0";
    /** The normal rows as the positive class, with the scores negated. */
    static final String NORMAL = "normal";

    /** The rows of a window of all methods but the convolutional ensemble, and those of its windows. */
    static final int ROWS = 128;

    static final int CONVOLUTIONAL_ROWS = 32;
    static final float RATE = 1e-2f;
    static final float DIVERSITY = 0.7f;
    static final float TRANSFER = 0.8f;
    private static final int MOST_ASKED = 6000;
    private static final float CLIP = 10;
    private static final int BATCH = 16;

    /** The settings of a whole run, or of a short one. */
    static Study of(Run run) {
        return new Study(
                run,
                run.brief() ? new int[] {2, 4} : new int[] {10, 20, 30, 40},
                run.of(256, 64),
                run.epochs(30, 10),
                run.of(8, 2),
                run.of(64, 16),
                run.epochs(6, 6));
    }

    /** The name of a recurrent ensemble. */
    static String name(boolean shared, Cell cell) {
        return (shared ? "SF " : "IF ") + (cell == Cell.BOTH ? "both" : "drawn");
    }

    /** The names of all recurrent ensembles. */
    static List<String> recurrent() {
        return Stream.of(false, true)
                .flatMap(shared -> Arrays.stream(Cell.values()).map(cell -> name(shared, cell)))
                .toList();
    }

    /** The key of a recurrent ensemble of so many members. */
    static String sized(String name, int members) {
        return name + ", " + members;
    }

    /** The key of the median of the areas of single members. */
    static String member(String name) {
        return name + ", a member";
    }

    /** The number of members of the largest recurrent ensembles. */
    int most() {
        return sizes[sizes.length - 1];
    }

    /**
     * Scores a series by all methods; empty if it was interrupted. On the electrocardiograms recurrent ensembles of both
     * cells and all sizes are trained, else the largest with drawn connections.
     */
    Optional<Outcome> on(LabeledSeries series) {
        boolean all = series.set().equals("ECG");
        Map<String, Area> areas = new LinkedHashMap<>();
        Map<String, Double> diversity = new LinkedHashMap<>();
        Map<String, float[]> shown = new LinkedHashMap<>();
        for (Baseline baseline : Baseline.values()) {
            areas.put(baseline.label(), area(series, baseline.scores(series, run.seed())));
        }
        for (Cell cell : all ? Cell.values() : new Cell[] {Cell.DRAWN}) {
            RecurrentEnsemble ensemble = recurrent(series, cell);
            Errors independent = ensemble.independent(series, most());
            if (independent == null) {
                return Optional.empty();
            }
            add(areas, series, name(false, cell), independent, sizes);
            for (int size : all ? sizes : new int[] {most()}) {
                Errors shared = ensemble.shared(series, size);
                if (shared == null) {
                    return Optional.empty();
                }
                add(areas, series, name(true, cell), shared, size);
                if (cell == Cell.DRAWN) {
                    shown.put(name(true, cell), Summary.floats(shared.median()));
                }
            }
            if (cell == Cell.DRAWN) {
                double[] scores = independent.median();
                areas.put(SINGLE, areas.get(member(name(false, cell))));
                areas.put(NORMAL, normal(series, scores));
                shown.put(name(false, cell), Summary.floats(scores));
            }
        }
        for (float lambda : all ? new float[] {0, DIVERSITY} : new float[] {DIVERSITY}) {
            String name = lambda == 0 ? PLAIN : CONVOLUTIONAL;
            ConvolutionalEnsemble.@Nullable Trained trained =
                    convolutional(series, lambda).on(series);
            if (trained == null) {
                return Optional.empty();
            }
            add(areas, series, name, trained.errors());
            diversity.put(name, trained.diversity());
            if (lambda > 0) {
                shown.put(name, Summary.floats(trained.errors().median()));
            }
        }
        float[] first = new float[series.test().length];
        for (int t = 0; t < first.length; t++) {
            first[t] = series.test()[t][0];
        }
        double share = Summary.mean(floatsOf(series.outliers()));
        return Optional.of(new Outcome(
                series.set(),
                series.name(),
                first.length,
                series.columns(),
                share,
                areas,
                diversity,
                first,
                series.outliers(),
                shown));
    }

    /** The recurrent ensemble for a series. */
    RecurrentEnsemble recurrent(LabeledSeries series, Cell cell) {
        return new RecurrentEnsemble(
                cell,
                new Fitting(ROWS, series.columns(), epochs, BATCH, new Adam(RATE), CLIP, run.interrupt()),
                Sliding.atMost(learned, ROWS, series.training().length),
                new Sliding(ROWS, ROWS / 8),
                run.seed());
    }

    /** The convolutional ensemble for a series. */
    ConvolutionalEnsemble convolutional(LabeledSeries series, float lambda) {
        return new ConvolutionalEnsemble(
                new Fitting(
                        CONVOLUTIONAL_ROWS,
                        series.columns(),
                        each,
                        64,
                        new Adam(1e-3f).weightDecay(1e-8f),
                        CLIP,
                        run.interrupt()),
                Sliding.atMost(2 * learned, CONVOLUTIONAL_ROWS, series.training().length),
                Sliding.atMost(run.of(MOST_ASKED, 500), CONVOLUTIONAL_ROWS, series.test().length),
                convolutional,
                width,
                TRANSFER,
                lambda,
                0.2f,
                run.seed());
    }

    private static void add(Map<String, Area> areas, LabeledSeries series, String name, Errors errors, int... sizes) {
        for (int size : sizes) {
            areas.put(sized(name, size), area(series, errors.median(size)));
        }
        areas.put(name, area(series, errors.median()));
        List<Area> members =
                Arrays.stream(errors.squares()).map(m -> area(series, m)).toList();
        areas.put(
                member(name),
                new Area(
                        Summary.median(members.stream().mapToDouble(Area::roc).toArray()),
                        Summary.median(
                                members.stream().mapToDouble(Area::precision).toArray())));
    }

    private static Area area(LabeledSeries series, double[] scores) {
        Ranking ranking = series.ranking(scores);
        return new Area(ranking.rocAuc(), ranking.averagePrecision());
    }

    private static Area normal(LabeledSeries series, double[] scores) {
        boolean[] normal = new boolean[scores.length];
        for (int t = 0; t < normal.length; t++) {
            normal[t] = !series.outliers()[t];
        }
        Ranking ranking = Ranking.of(Arrays.stream(scores).map(s -> -s).toArray(), normal);
        return new Area(ranking.rocAuc(), ranking.averagePrecision());
    }

    private static double[] floatsOf(boolean[] flags) {
        double[] numbers = new double[flags.length];
        for (int i = 0; i < flags.length; i++) {
            numbers[i] = flags[i] ? 1 : 0;
        }
        return numbers;
    }
}

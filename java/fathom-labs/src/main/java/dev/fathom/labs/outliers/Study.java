package dev.fathom.labs.outliers;

import dev.fathom.assess.Ranking;
import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.outliers.Outcome.Area;
import dev.fathom.labs.outliers.RecurrentAutoencoder.Cell;
import dev.fathom.labs.pages.Findings;
import dev.fathom.labs.statistics.Averages;
import dev.fathom.optim.Adam;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * All methods on one series, on one thread.
 *
 * @param run the seed, and whether to stop
 * @param sizes of the recurrent ensembles, the largest last
 * @param windows the numbers of rows of a window that are offered to recurrent auto-encoders, the smallest first
 * @param learned the number of windows that a recurrent auto-encoder learns from, at most; a convolutional one has
 *     twice as many
 * @param epochs of a recurrent auto-encoder, at most
 * @param convolutional the number of members of the convolutional ensemble
 * @param width of its vectors
 * @param each epochs of each of its members
 */
record Study(LabRun run, int[] sizes, int[] windows, int learned, int epochs, int convolutional, int width, int each) {
    static final String SINGLE = "single";
    static final String CONVOLUTIONAL = "CAE";
    static final String PLAIN = "CAE, λ = 0";
    /** The normal rows as the positive class, with the scores negated. */
    static final String NORMAL = "normal";

    /** The rates that are offered to recurrent auto-encoders, the first of which is that of the public code. */
    static final float[] RATES = {1e-3f, 1e-2f};

    /** So many windows to score begin within the length of one. */
    static final int APART = 8;

    static final int CONVOLUTIONAL_ROWS = 32;
    static final float DIVERSITY = 0.7f;
    static final float TRANSFER = 0.8f;
    private static final int MOST_ASKED = 6000;
    static final float CLIP = 10;
    static final int BATCH = 16;

    /** The settings of a whole run, or of a short one. */
    static Study of(LabRun run) {
        return new Study(
                run,
                run.brief() ? new int[] {2, 4} : new int[] {10, 20, 30, 40},
                run.brief() ? new int[] {32, 64} : new int[] {32, 64, 128},
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

    /** The windows that a convolutional ensemble scores, at most. */
    int asked() {
        return run.of(MOST_ASKED, 500);
    }

    /** The number of members of the largest recurrent ensembles. */
    int most() {
        return sizes[sizes.length - 1];
    }

    /**
     * Scores a series by all methods; empty if it was interrupted. On the electrocardiograms recurrent ensembles of
     * both cells and all sizes are trained, else the largest with drawn connections.
     *
     * @param file keeps what is finished, method by method; what is in it is not computed again where a person asked to
     *     resume
     */
    Optional<Outcome> on(LabeledSeries series, Path file) {
        Optional<Outcome> begun = begun(series, file);
        if (begun.isEmpty()) {
            return begun;
        }
        Outcome outcome = begun.get();
        boolean all = series.set().equals("ECG");
        boolean done = true;
        for (Baseline baseline : Baseline.values()) {
            done = done
                    && part(outcome, file, baseline.label(), () -> {
                        outcome.areas().put(baseline.label(), area(series, baseline.scores(series, run.seed())));
                        return true;
                    });
        }
        for (Cell cell : all ? Cell.values() : new Cell[] {Cell.DRAWN}) {
            RecurrentEnsemble ensemble = recurrent(series, cell, outcome.choice());
            done = done && part(outcome, file, name(false, cell), () -> independent(outcome, series, ensemble));
            for (int size : all ? sizes : new int[] {most()}) {
                done = done
                        && part(
                                outcome,
                                file,
                                sized(name(true, cell), size),
                                () -> add(outcome, series, name(true, cell), ensemble.shared(series, size), size));
            }
        }
        for (float lambda : all ? new float[] {0, DIVERSITY} : new float[] {DIVERSITY}) {
            String name = lambda == 0 ? PLAIN : CONVOLUTIONAL;
            done = done
                    && part(outcome, file, name, () -> {
                        ConvolutionalEnsemble.@Nullable Trained trained =
                                convolutional(series, lambda).on(series);
                        if (trained != null) {
                            outcome.diversity().put(name, trained.diversity());
                        }
                        return add(outcome, series, name, trained == null ? null : trained.errors());
                    });
        }
        return done ? begun : Optional.empty();
    }

    /**
     * What an earlier run with the same settings kept, or else nothing but the choice of settings; empty if it was
     * interrupted.
     */
    private Optional<Outcome> begun(LabeledSeries series, Path file) {
        String settings = settings(series);
        if (run.resume() && Files.exists(file)) {
            Outcome kept = Outcome.read(file);
            if (kept.settings().equals(settings)) {
                return Optional.of(kept);
            }
            run.training().say("%s was made with other settings or other data, so it is made again.", file);
        }
        return run.interrupt().requested()
                ? Optional.empty()
                : Choice.of(series, this).map(choice -> Outcome.begun(settings, series, choice));
    }

    /** Everything that what is kept of a series depends on. */
    private String settings(LabeledSeries series) {
        return Findings.line(
                "seed %d, members %s, windows %s of at most %d, rates %s, epochs %d, CAE %d of %d for %d epochs, "
                        + "data %08x",
                run.seed(),
                Arrays.toString(sizes),
                Arrays.toString(windows),
                learned,
                Arrays.toString(RATES),
                epochs,
                convolutional,
                width,
                each,
                Objects.hash(
                        Arrays.deepHashCode(series.training()),
                        Arrays.deepHashCode(series.test()),
                        Arrays.hashCode(series.outliers())));
    }

    /** Uses a method unless its areas are kept, and keeps them; false if it was interrupted. */
    private boolean part(Outcome outcome, Path file, String key, BooleanSupplier method) {
        if (outcome.areas().containsKey(key)) {
            return true;
        }
        if (run.interrupt().requested() || !method.getAsBoolean()) {
            return false;
        }
        outcome.write(file);
        return true;
    }

    private boolean independent(Outcome outcome, LabeledSeries series, RecurrentEnsemble ensemble) {
        String name = name(false, ensemble.cell());
        ReconstructionErrors errors = ensemble.independent(series, most());
        if (errors != null && ensemble.cell() == Cell.DRAWN) {
            outcome.areas().put(NORMAL, normal(series, errors.median()));
        }
        boolean done = add(outcome, series, name, errors, sizes);
        if (done && ensemble.cell() == Cell.DRAWN) {
            outcome.areas().put(SINGLE, outcome.area(member(name)));
        }
        return done;
    }

    /** The recurrent ensemble for a series. */
    RecurrentEnsemble recurrent(LabeledSeries series, Cell cell, Choice choice) {
        int rows = choice.rows();
        return new RecurrentEnsemble(
                cell,
                new AutoencoderFitting(
                        rows, series.columns(), choice.epochs(), BATCH, new Adam(choice.rate()), CLIP, run.interrupt()),
                Sliding.atMost(learned, rows, series.training().length),
                new Sliding(rows, rows / APART),
                run.seed());
    }

    /** The convolutional ensemble for a series. */
    ConvolutionalEnsemble convolutional(LabeledSeries series, float lambda) {
        return new ConvolutionalEnsemble(
                new AutoencoderFitting(
                        CONVOLUTIONAL_ROWS,
                        series.columns(),
                        each,
                        64,
                        new Adam(1e-3f).weightDecay(1e-8f),
                        CLIP,
                        run.interrupt()),
                Sliding.atMost(2 * learned, CONVOLUTIONAL_ROWS, series.training().length),
                Sliding.atMost(asked(), CONVOLUTIONAL_ROWS, series.test().length),
                convolutional,
                width,
                TRANSFER,
                lambda,
                0.2f,
                run.seed());
    }

    /**
     * Adds the areas of an ensemble and of its members, and its scores for pictures; false where there are no errors,
     * as it was interrupted.
     */
    private static boolean add(
            Outcome outcome, LabeledSeries series, String name, @Nullable ReconstructionErrors errors, int... sizes) {
        if (errors == null) {
            return false;
        }
        Map<String, Area> areas = outcome.areas();
        for (int size : sizes) {
            areas.put(sized(name, size), area(series, errors.median(size)));
        }
        double[] scores = errors.median();
        areas.put(name, area(series, scores));
        outcome.scores().put(name, Averages.floats(scores));
        List<Area> members =
                Arrays.stream(errors.squares()).map(m -> area(series, m)).toList();
        areas.put(
                member(name), new Area(Averages.median(members, Area::roc), Averages.median(members, Area::precision)));
        return true;
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
}

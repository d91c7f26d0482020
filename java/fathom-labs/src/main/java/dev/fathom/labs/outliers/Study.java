package dev.fathom.labs.outliers;

import dev.fathom.assess.Ranking;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.LabeledSeries;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.labs.outliers.RecurrentAutoencoder.Cell;
import dev.fathom.labs.outliers.RecurrentStudy.Choice;
import dev.fathom.labs.outliers.RecurrentStudy.Streamed;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** All methods on one series, on one thread. */
record Study(Lab lab, Settings settings) {
    /** The weight of the diversity term in the public code. */
    private static final float LAMBDA = 0.7f;

    /**
     * The sizes of everything.
     *
     * @param sizes of the recurrent ensembles on electrocardiograms, the largest last
     * @param few members of the recurrent ensembles on other series
     * @param rows of a window of the recurrent auto-encoders and of the networks that they are compared with
     * @param learned the number of windows that a network learns from, at most
     * @param batch windows in a step of these networks, which see all windows {@code epochs} times
     * @param members of the convolutional ensemble, with vectors of {@code width}, each for {@code each} epochs, and of
     *     RandNet
     * @param asked the windows that the convolutional ensemble scores, at most
     */
    record Settings(
            List<Integer> sizes,
            int few,
            int rows,
            int learned,
            int batch,
            int epochs,
            int members,
            int width,
            int each,
            int asked) {
        /** The number of members of the largest recurrent ensembles. */
        int most() {
            return sizes.get(sizes.size() - 1);
        }

        /** The number of members of the smallest recurrent ensembles on electrocardiograms. */
        int fewest() {
            return sizes.get(0);
        }
    }

    /** The area under the ROC curve and the average precision, with outliers as the positive class. */
    record Area(double roc, double precision) {
        private static Area of(Ranking ranking) {
            return new Area(ranking.rocAuc(), ranking.averagePrecision());
        }
    }

    /**
     * What came of a method.
     *
     * @param area of the scores
     * @param member the medians of the areas of the members of an ensemble
     * @param normal the average precision with the normal rows as the positive class and the scores negated
     * @param diversity DIV_F, the mean distance between what two members write for a training window
     * @param scores of the rows
     */
    record Result(Area area, Area member, double normal, double diversity, float[] scores) {
        /** Ranks by the median of the scores of some members [members][rows]. */
        private static Result of(LabeledSeries series, double diversity, double[]... members) {
            double[] scores = Reconstruction.median(members);
            List<Area> areas =
                    Stream.of(members).map(m -> Area.of(series.ranking(m))).toList();
            boolean[] normal = new boolean[scores.length];
            IntStream.range(0, normal.length).forEach(t -> normal[t] = !series.outliers()[t]);
            double[] negated = Arrays.stream(scores).map(s -> -s).toArray();
            return new Result(
                    Area.of(series.ranking(scores)),
                    new Area(Averages.median(areas, Area::roc), Averages.median(areas, Area::precision)),
                    Ranking.of(negated, normal).averagePrecision(),
                    diversity,
                    Averages.floats(scores));
        }
    }

    /** What came of all methods on a series, by their names. */
    record Outcome(LabeledSeries series, Choice choice, Map<String, Result> results) {
        Result of(String method) {
            return Objects.requireNonNull(results.get(method), method);
        }

        double roc(String method) {
            return of(method).area.roc;
        }
    }

    private record Part(Settings settings, String set, String series, int data, String method) {}

    /**
     * Scores a series by all methods. On the electrocardiograms there are recurrent ensembles of all sizes, of both
     * cells, and convolutional ones with and without the diversity term.
     */
    Outcome on(LabeledSeries series) {
        Map<String, Result> results = new LinkedHashMap<>();
        for (Baseline b : Baseline.values()) {
            results.put(b.label(), result(series, b.label(), () -> Result.of(series, 0, b.scores(series, lab.seed()))));
        }
        Learner learner = new Learner(lab, settings);
        RecurrentStudy recurrent = new RecurrentStudy(learner, series);
        Choice choice = part(series, "choice", Choice.class, recurrent::choice);
        for (NeuralBaseline b : NeuralBaseline.values()) {
            results.put(b.label(), result(series, b.label(), () -> Result.of(series, 0, b.errors(recurrent))));
        }
        boolean all = series.set().equals("ECG");
        List<Integer> sizes = all ? settings.sizes : List.of(settings.few);
        List<Integer> ends =
                Stream.of(sizes.get(0), sizes.get(sizes.size() - 1)).distinct().toList();
        independent(results, recurrent, Cell.SPARSE, choice, sizes);
        shared(results, recurrent, Cell.SPARSE, choice, ends);
        if (all) {
            independent(results, recurrent, Cell.RSCN, choice, sizes.subList(0, 1));
            shared(results, recurrent, Cell.RSCN, choice, sizes.subList(0, 1));
        }
        Result members = Objects.requireNonNull(results.get(Methods.INDEPENDENT));
        results.put(Methods.SINGLE, new Result(members.member, members.member, members.normal, 0, members.scores));
        ConvolutionalStudy convolutional = new ConvolutionalStudy(learner, series);
        for (String name : all ? List.of(Methods.PLAIN, Methods.CAE) : List.of(Methods.CAE)) {
            results.put(name, result(series, name, () -> {
                var trained = convolutional.ensemble(name.equals(Methods.PLAIN) ? 0 : LAMBDA);
                return Result.of(series, trained.diversity(), trained.errors());
            }));
        }
        return new Outcome(series, choice, results);
    }

    /** Independent members as ensembles of some sizes, of which the last one stands for all. */
    private void independent(
            Map<String, Result> results, RecurrentStudy study, Cell cell, Choice choice, List<Integer> sizes) {
        String name = Methods.recurrent(false, cell);
        int most = sizes.get(sizes.size() - 1);
        LabeledSeries series = study.series();
        Result[] bySize = part(
                series,
                name,
                Result[].class,
                () -> study.independent(
                        cell,
                        choice.rate(),
                        most,
                        (nets, errors) -> sizes.stream()
                                .map(size -> Result.of(series, 0, Arrays.copyOf(errors, size)))
                                .toArray(Result[]::new)));
        for (int s = 0; s < bySize.length; s++) {
            results.put(Methods.sized(name, sizes.get(s)), bySize[s]);
            results.put(name, bySize[s]);
        }
    }

    /** Ensembles with a shared code of some sizes, of which the last one stands for all. */
    private void shared(
            Map<String, Result> results, RecurrentStudy study, Cell cell, Choice choice, List<Integer> sizes) {
        LabeledSeries series = study.series();
        for (int size : sizes) {
            String name = Methods.sized(Methods.recurrent(true, cell), size);
            Result result = result(series, name, () -> Result.of(series, 0, study.shared(cell, choice.rate(), size)));
            results.put(name, result);
            results.put(Methods.recurrent(true, cell), result);
        }
    }

    /** Scores a series as a stream by the smallest number of independent members. */
    Streamed streamed(Outcome outcome, int warm) {
        RecurrentStudy study = new RecurrentStudy(new Learner(lab, settings), outcome.series);
        return part(
                outcome.series,
                "stream",
                Streamed.class,
                () -> study.streamed(outcome.choice.rate(), settings.fewest(), warm));
    }

    private Result result(LabeledSeries series, String method, Supplier<Result> make) {
        return part(series, method, Result.class, make);
    }

    private <T> T part(LabeledSeries series, String method, Class<T> type, Supplier<T> make) {
        int data = Objects.hash(
                Arrays.deepHashCode(series.training()),
                Arrays.deepHashCode(series.test()),
                Arrays.hashCode(series.outliers()));
        return lab.part(new Part(settings, series.set(), series.name(), data, method), type, make);
    }
}

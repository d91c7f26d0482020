package dev.fathom.labs.outliers;

import dev.fathom.anomaly.SlidingWindows;
import dev.fathom.data.Dataset;
import dev.fathom.experiments.data.LabeledSeries;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.labs.outliers.RecurrentAutoencoder.Cell;
import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.optim.Adam;
import dev.fathom.optim.Schedule;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.Step;
import dev.fathom.train.Trainer;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.function.BiFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Recurrent auto-encoders on one series (Kieu et al. 2019), each of which gives its errors at the rows to score. */
record RecurrentStudy(Learner learner, LabeledSeries series) {
    /** The rates that are offered. */
    private static final List<Float> RATES = List.of(3e-3f, 1e-2f);

    /** So many windows to score begin within the length of one. */
    static final int APART = 8;

    /** The rate of Adam, with the mean squared error of a scaled number of the rows that chose it. */
    record Choice(float rate, double error) {}

    /**
     * Chooses the rate without labels: with each one an auto-encoder learns the first 70 % of the rows to learn from,
     * and the rate is taken with which it reconstructs the others best.
     */
    Choice choice() {
        float[][] all = series.training();
        float[][] first = Arrays.copyOf(all, all.length * 70 / 100);
        float[][] held = Arrays.copyOfRange(all, first.length, all.length);
        int rows = learner.settings().rows();
        if (held.length < rows) {
            throw new IllegalArgumentException("series " + series.name() + " has " + held.length
                    + " rows to choose a rate on, but a window has " + rows);
        }
        return RATES.stream()
                .map(rate -> new Choice(rate, held(rate, first, held)))
                .min(Comparator.comparingDouble(Choice::error))
                .orElseThrow();
    }

    /** The mean squared error of an auto-encoder on rows that it does not learn. */
    private double held(float rate, float[][] first, float[][] held) {
        try (var member = Model.of(member(Cell.SPARSE, 0), 0);
                Dataset learned = learner.data(learner.settings().rows(), first)) {
            train(member, RecurrentStudy::error, rate, 0, learned);
            RecurrentAutoencoder net = member.net();
            return Averages.mean(Reconstruction.errors(asked(), held, x -> List.of(net.again(x)))[0])
                    / series.columns();
        }
    }

    private Rng rng(int number) {
        return new Rng(learner.lab().seed()).split(number);
    }

    private RecurrentAutoencoder member(Cell cell, int number) {
        return RecurrentAutoencoder.of(series.columns(), cell, rng(number));
    }

    private static Tensor error(RecurrentAutoencoder net, Tensor x) {
        return RecurrentEnsemble.error(net.again(x), x);
    }

    /** Trains by Adam with a rate that falls to 0 on a cosine. */
    <M extends Net> void train(
            Model<M> model, BiFunction<M, Tensor, Tensor> loss, float rate, int number, Dataset learned) {
        int epochs = learner.settings().epochs();
        var trainer = Trainer.custom(model, new Adam(rate), (net, b) -> new Step.Result(loss.apply(net, b.x())))
                .schedule(Schedule.cosine(epochs));
        learner.fit(trainer, learner.settings().batch(), epochs, rng(number).seed(), learned);
    }

    private SlidingWindows asked() {
        int rows = learner.settings().rows();
        return new SlidingWindows(rows, rows / APART);
    }

    /** The errors of the networks of a model at the rows to score [networks][rows]. */
    <M extends Net> double[][] errors(M net, BiFunction<M, Tensor, List<Tensor>> again) {
        return Reconstruction.errors(asked(), series.test(), x -> again.apply(net, x));
    }

    Dataset data() {
        return learner.data(learner.settings().rows(), series.training());
    }

    /** Trains members that know nothing of each other, and uses them with their errors [members][rows]. */
    <T> T independent(Cell cell, float rate, int count, BiFunction<List<RecurrentAutoencoder>, double[][], T> use) {
        List<Model<RecurrentAutoencoder>> models = IntStream.range(0, count)
                .mapToObj(m -> Model.of(member(cell, m), rng(m).seed()))
                .toList();
        double[][] errors = new double[count][];
        try (Dataset learned = data()) {
            for (int m = 0; m < count; m++) {
                train(models.get(m), RecurrentStudy::error, rate, m, learned);
                errors[m] = errors(models.get(m).net(), (net, x) -> List.of(net.again(x)))[0];
            }
            return use.apply(models.stream().map(Model::net).toList(), errors);
        } finally {
            models.forEach(Model::close);
        }
    }

    /** Trains members that share their code: their errors [members][rows]. */
    double[][] shared(Cell cell, float rate, int count) {
        RecurrentEnsemble net = RecurrentEnsemble.of(
                count, series.columns(), cell, true, learner.lab().seed());
        try (var model = Model.of(net, learner.lab().rng("shared").seed());
                Dataset learned = data()) {
            train(model, RecurrentEnsemble::loss, rate, 0, learned);
            return errors(model.net(), RecurrentEnsemble::again);
        }
    }

    /** The time of a row and the ROC-AUC as a stream, and the ROC-AUC of the same members by windows. */
    record Streamed(double microseconds, double roc, double windows) {}

    /** Scores the series as a stream by independent members, warmed up by some rows. */
    Streamed streamed(float rate, int members, int warm) {
        return independent(Cell.RSCN, rate, members, (nets, errors) -> {
            try (Streaming stream = new Streaming(nets)) {
                Stream.of(series.test()).limit(warm).forEach(stream::score);
                stream.reset();
                long began = System.nanoTime();
                double[] scores =
                        Stream.of(series.test()).mapToDouble(stream::score).toArray();
                return new Streamed(
                        (System.nanoTime() - began) / 1e3 / scores.length,
                        series.ranking(scores).rocAuc(),
                        series.ranking(Reconstruction.median(errors)).rocAuc());
            }
        });
    }
}

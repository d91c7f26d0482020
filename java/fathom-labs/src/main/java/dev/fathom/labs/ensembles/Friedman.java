package dev.fathom.labs.ensembles;

import static dev.fathom.labs.ensembles.EnsemblesLab.checked;
import static dev.fathom.labs.ensembles.EnsemblesLab.counts;

import dev.fathom.ensemble.Bagging;
import dev.fathom.ensemble.Ensemble;
import dev.fathom.ensemble.ResidualBoosting;
import dev.fathom.ensemble.Stump;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.FriedmanFunction;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.features.Examples;
import dev.fathom.features.Learner;
import dev.fathom.features.NetLearner;
import dev.fathom.features.Predictor;
import dev.fathom.linear.LeastSquares;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Activation;
import dev.fathom.optim.Adam;
import dev.fathom.view.Chart;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/** Ensembles of regressors on a generated function, beside single ones, least squares and a random forest. */
final class Friedman implements AutoCloseable {
    private final Lab lab;
    private final Examples learn;
    private final Examples test;
    private final List<Predictor> open = new ArrayList<>();

    Friedman(Lab lab) {
        this.lab = lab;
        learn = FriedmanFunction.draw(200, lab.rng("friedman").split("learn"));
        test = FriedmanFunction.draw(lab.of(5000, 1000), lab.rng("friedman").split("test"));
    }

    private Predictor fitted(Learner learner, String name) {
        open.add(learner.fit(learn, lab.rng(name).seed()));
        return open.get(open.size() - 1);
    }

    /** Writes its section. */
    void measure() {
        lab.section("Regression").put("learn", learn.size()).put("test", test.size());
        Learner net = checked(
                lab,
                NetLearner.regressor(
                        () -> new Sequential(
                                new Linear(FriedmanFunction.COLUMNS, 6).act(Activation.TANH), new Linear(6, 1)),
                        new Adam(0.05f),
                        20,
                        lab.epochs(40, 20)));
        Learner stump = checked(lab, new Stump());
        // boosting begins with the mean, so that the network need not learn it
        Learner oneNet = new ResidualBoosting(net, 1, 1);
        Predictor network = fitted(oneNet, "network");
        Predictor question = fitted(stump, "stump");
        Ensemble boosted = (Ensemble) fitted(new ResidualBoosting(stump, 500), "boosted stumps");
        Ensemble boostedNets = (Ensemble) fitted(new ResidualBoosting(net, lab.of(100, 20), 0.3), "boosted networks");
        Predictor baggedStumps = fitted(new Bagging(stump, 50), "bagged stumps");
        Ensemble baggedNets = (Ensemble) fitted(new Bagging(oneNet, lab.of(50, 10)), "bagged networks");
        Predictor forest = fitted(new Forest(lab.of(100, 50), 1.0 / 3), "forest");
        Predictor least = LeastSquares.learner().fit(learn, 0);
        Predictor mean = boosted.first(1);

        Table models = lab.table("models", "model");
        row(models, "Mean", mean);
        String of = "mean of the training rows";
        against(models, "Least squares", least, of, mean);
        against(models, "One stump", question, of, mean);
        against(models, "Bagged stumps", baggedStumps, "one stump", question);
        against(models, "Boosted stumps", boosted, "one stump", question);
        against(models, "One network", network, of, mean);
        against(models, "Bagged networks", baggedNets, "one network", network);
        against(models, "Boosted networks", boostedNets, "one network", network);
        against(models, "Random forest", forest, of, mean);

        double rise = rise(boosted);
        double off = decomposition(baggedNets);
        lab.put("rise", Math.max(rise, 0)).put("off", off);
        lab.figure("Boosted stumps, largest rise of the training error in a round", "", rise)
                .baseline(0, "theory");
        lab.figure("Bagged networks, error of the decomposition", "", off).baseline(0, "theory");
        List<Chart> charts = List.of(
                chart("Boosted stumps: squared error", boosted, least, forest),
                chart("Boosted networks: squared error", boostedNets, least, forest));
        lab.charts("rounds.png", 2, charts);
    }

    private Table.Row row(Table models, String name, Predictor predictor) {
        return models.row(name)
                .put("squared error on training rows", "%.2f", predictor.squaredError(learn))
                .put("squared error on test rows", "%.2f", predictor.squaredError(test));
    }

    private void against(Table models, String name, Predictor predictor, String of, Predictor baseline) {
        row(models, name, predictor).baseline(baseline.squaredError(test), of);
    }

    /**
     * The largest difference of the training errors of two consecutive rounds, which is negative if every round lowers
     * it.
     */
    private double rise(Ensemble boosted) {
        double[] left = Arrays.stream(learn.y()).mapToDouble(row -> row[0]).toArray();
        double[] errors = new double[boosted.members().size()];
        for (int m = 0; m < errors.length; m++) {
            float[][] made = boosted.members().get(m).predict(learn.x());
            for (int i = 0; i < left.length; i++) {
                left[i] -= boosted.weights()[m] * made[i][0];
                errors[m] += left[i] * left[i] / left.length;
            }
        }
        return Averages.most(errors.length - 1, m -> errors[m + 1] - errors[m]);
    }

    /** How far the error of the mean is from the mean error less the mean distance from it. */
    private double decomposition(Ensemble bag) {
        Examples mean = test.withY(bag.predict(test.x()));
        double right = Averages.mean(bag.members(), m -> m.squaredError(test) - m.squaredError(mean));
        return Math.abs(bag.squaredError(test) - right);
    }

    /** Errors after 1, 2, 5 .. rounds; the mean, with which boosting begins, is no round. */
    private Chart chart(String title, Ensemble boosted, Predictor least, Predictor forest) {
        int[] rounds = counts(boosted.members().size() - 1);
        double[] x = Averages.doubles(rounds);
        double[] ends = {1, x[x.length - 1]};
        double linear = least.squaredError(test);
        double trees = forest.squaredError(test);
        return new Chart(title, "rounds")
                .line("training rows", x, errors(boosted, rounds, learn))
                .line("test rows", x, errors(boosted, rounds, test))
                .dashed("least squares", ends, new double[] {linear, linear})
                .dashed("random forest", ends, new double[] {trees, trees})
                .logarithmic(true, true);
    }

    private static double[] errors(Ensemble boosted, int[] rounds, Examples data) {
        return IntStream.of(rounds)
                .mapToDouble(r -> boosted.first(r + 1).squaredError(data))
                .toArray();
    }

    @Override
    public void close() {
        open.forEach(Predictor::close);
    }
}

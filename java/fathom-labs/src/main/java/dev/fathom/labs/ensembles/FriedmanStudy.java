package dev.fathom.labs.ensembles;

import static dev.fathom.labs.pages.Findings.line;

import dev.fathom.ensemble.Bagging;
import dev.fathom.ensemble.Ensemble;
import dev.fathom.ensemble.ResidualBoosting;
import dev.fathom.ensemble.Stump;
import dev.fathom.features.Examples;
import dev.fathom.features.Learner;
import dev.fathom.features.NetLearner;
import dev.fathom.features.Predictor;
import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Findings;
import dev.fathom.linear.LeastSquares;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Activation;
import dev.fathom.optim.Adam;
import dev.fathom.tensor.Rng;
import dev.fathom.view.Chart;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/** Ensembles of regressors on a generated function, beside single ones, least squares and a random forest. */
final class FriedmanStudy implements AutoCloseable {
    private static final int COLUMNS = 10;
    private static final int[] COUNTS = {1, 2, 5, 10, 20, 50, 100, 200, 500};

    private final LabRun run;
    private final Findings page;
    private final Examples learn;
    private final Examples test;
    private final List<Predictor> open = new ArrayList<>();

    FriedmanStudy(LabRun run, Findings page) {
        this.run = run;
        this.page = page;
        Rng rng = new Rng(run.seed()).split("friedman");
        learn = friedman(200, rng.split("learn"));
        test = friedman(run.of(5000, 1000), rng.split("test"));
    }

    /**
     * Friedman's first function (1991) with noise of deviation 1: y = 10 sin(pi x1 x2) + 20 (x3 - 1/2)^2 + 10 x4 + 5 x5
     * of ten columns between 0 and 1, five of which say nothing.
     */
    static Examples friedman(int n, Rng rng) {
        float[] drawn = rng.split("x").uniform(n * COLUMNS, 0, 1);
        float[] noise = rng.split("noise").normal(n, 0, 1);
        float[][] x = new float[n][];
        float[][] y = new float[n][1];
        for (int i = 0; i < n; i++) {
            x[i] = Arrays.copyOfRange(drawn, i * COLUMNS, (i + 1) * COLUMNS);
            y[i][0] = (float) (truth(x[i]) + noise[i]);
        }
        return Examples.of(x, y);
    }

    static double truth(float... x) {
        return 10 * Math.sin(Math.PI * x[0] * x[1]) + 20 * Math.pow(x[2] - 0.5, 2) + 10.0 * x[3] + 5.0 * x[4];
    }

    private <P extends Predictor> P fitted(Learner learner, String name, Class<P> type) {
        P predictor =
                type.cast(learner.fit(learn, new Rng(run.seed()).split(name).seed()));
        open.add(predictor);
        return predictor;
    }

    /** Errors after 1, 2, 5 .. rounds; the mean, with which boosting begins, is no round. */
    private static double[] errors(Ensemble boosted, int[] rounds, Examples data) {
        return IntStream.of(rounds)
                .mapToDouble(r -> boosted.first(r + 1).squaredError(data))
                .toArray();
    }

    private static int[] rounds(Ensemble boosted) {
        int all = boosted.members().size() - 1;
        return IntStream.concat(IntStream.of(COUNTS).filter(r -> r < all), IntStream.of(all))
                .toArray();
    }

    /** Adds its section to the page. */
    void measure() {
        Learner net = EnsemblesLab.stoppable(
                run,
                NetLearner.regressor(
                        () -> new Sequential(new Linear(COLUMNS, 6).act(Activation.TANH), new Linear(6, 1)),
                        new Adam(0.05f),
                        20,
                        run.epochs(40, 20)));
        Learner stump = EnsemblesLab.stoppable(run, new Stump());
        Learner oneNet =
                new ResidualBoosting(net, 1, 1); // which begins with the mean, so that the network need not learn it
        Predictor least = LeastSquares.learner().fit(learn, 0);
        Predictor network = fitted(oneNet, "network", Predictor.class);
        Predictor question = fitted(stump, "stump", Predictor.class);
        Ensemble boostedStumps = fitted(new ResidualBoosting(stump, 500), "boosted stumps", Ensemble.class);
        Ensemble boostedNets =
                fitted(new ResidualBoosting(net, run.of(100, 20), 0.3), "boosted networks", Ensemble.class);
        Ensemble baggedStumps = fitted(new Bagging(stump, 50), "bagged stumps", Ensemble.class);
        Ensemble baggedNets = fitted(new Bagging(oneNet, run.of(50, 10)), "bagged networks", Ensemble.class);
        Ensemble forest = fitted(new Forest(run.of(100, 50), 1.0 / 3), "forest", Ensemble.class);
        Predictor constant = boostedStumps.first(1);

        List<List<String>> rows = new ArrayList<>();
        row(rows, "mean", constant);
        row(rows, "least squares", least);
        row(rows, "one stump", question);
        row(rows, "bagged stumps", baggedStumps);
        row(rows, "boosted stumps", boostedStumps);
        row(rows, "one network", network);
        row(rows, "bagged networks", baggedNets);
        row(rows, "boosted networks", boostedNets);
        row(rows, "random forest", forest);

        double rise = rise(boostedStumps);
        double off = decomposition(baggedNets);
        Chart left = chart("Boosted stumps: squared error", boostedStumps, least, forest);
        Chart right = chart("Boosted networks: squared error", boostedNets, least, forest);
        page.section("Regression", "")
                .text(line(
                        "Friedman's function y = 10 sin(pi x1 x2) + 20 (x3 - 1/2)^2 + 10 x4 + 5 x5 with noise of "
                                + "variance 1, below which no squared error on "
                                + "test rows lies but by chance; %,d rows to learn from, %,d to test. Boosting "
                                + "begins with the mean, and each member "
                                + "learns what those before it leave over. The training error of boosted stumps "
                                + "rises between two rounds by at most "
                                + "%.1e. Stumps add functions of single columns, so that they cannot learn the "
                                + "product x1 x2.",
                        learn.size(), test.size(), Math.max(rise, 0)))
                .table(List.of("model", "squared error on training rows", "on test rows"), rows)
                .picture(
                        "rounds.png",
                        "Squared errors of boosting over the rounds",
                        () -> Chart.panels(2, List.of(left, right)))
                .text(line(
                        "For numbers the gain of averaging is exact (Krogh and Vedelsby 1995): the squared error "
                                + "of the mean is the mean squared error of the "
                                + "members less their mean squared distance from it. For the bagged networks both "
                                + "sides differ by %.1e.",
                        off))
                .key(against("Boosted stumps", boostedStumps, "one stump", question))
                .key(against("Boosted networks", boostedNets, "one network", network))
                .figure(against("Bagged networks", baggedNets, "one network", network))
                .figure(against("Bagged stumps", baggedStumps, "one stump", question))
                .figure(against("Random forest", forest, "mean of the training rows", constant))
                .figure(Figure.of("Boosted stumps, largest rise of the training error in a round", "", rise)
                        .baseline(0, "theory"))
                .figure(Figure.of("Bagged networks, error of the decomposition", "", off)
                        .baseline(0, "theory"));
    }

    private void row(List<List<String>> rows, String name, Predictor predictor) {
        rows.add(
                List.of(name, line("%.2f", predictor.squaredError(learn)), line("%.2f", predictor.squaredError(test))));
    }

    private Figure against(String name, Predictor predictor, String other, Predictor baseline) {
        double least = baseline.squaredError(test);
        Figure figure = Figure.of(name + ", squared error on test rows", "", predictor.squaredError(test))
                .baseline(least, other);
        return figure;
    }

    /**
     * The largest difference of the training errors of two consecutive rounds, which is negative if every round lowers
     * it.
     */
    private double rise(Ensemble boosted) {
        double[] left = Arrays.stream(learn.y()).mapToDouble(row -> row[0]).toArray();
        double most = Double.NEGATIVE_INFINITY;
        double before = Double.NaN;
        for (int m = 0; m < boosted.members().size(); m++) {
            float[][] made = boosted.members().get(m).predict(learn.x());
            double squares = 0;
            for (int i = 0; i < left.length; i++) {
                left[i] -= boosted.weights()[m] * made[i][0];
                squares += left[i] * left[i] / left.length;
            }
            most = m == 0 ? most : Math.max(most, squares - before);
            before = squares;
        }
        return most;
    }

    /** How far the error of the mean is from the mean error less the mean distance from it. */
    private double decomposition(Ensemble bag) {
        Examples mean = test.withY(bag.predict(test.x()));
        double right = bag.members().stream()
                .mapToDouble(m -> m.squaredError(test) - m.squaredError(mean))
                .average()
                .orElseThrow();
        return Math.abs(bag.squaredError(test) - right);
    }

    private Chart chart(String title, Ensemble boosted, Predictor least, Predictor forest) {
        int[] rounds = rounds(boosted);
        double[] x = Arrays.stream(rounds).mapToDouble(r -> r).toArray();
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

    @Override
    public void close() {
        open.forEach(Predictor::close);
    }
}

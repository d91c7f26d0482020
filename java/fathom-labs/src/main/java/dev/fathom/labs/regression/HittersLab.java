package dev.fathom.labs.regression;

import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.DataSet;
import dev.fathom.experiments.data.Hitters;
import dev.fathom.experiments.data.HittersSplit;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.linear.Lasso;
import dev.fathom.view.Diagram;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Salaries of baseball players (ISLR2 and ISLP, sections 10.6 and 10.9): least squares, the lasso and a network, on the
 * splits of both editions.
 */
public final class HittersLab implements Experiment {
    private static final int PENALTIES = 100;

    /**
     * The lasso on a split.
     *
     * @param fits for each penalty, the largest first
     * @param validation the error of each in cross-validation
     * @param test the error of each on the test
     * @param best the place of the penalty with the smallest error in cross-validation
     */
    record LassoPath(List<Lasso> fits, double[] validation, double[] test, int best) {
        static LassoPath of(HittersSplit split, Hitters all, double share, boolean bySize) {
            Hitters training = split.training(all);
            Hitters test = split.test(all);
            double[] penalties = Lasso.penalties(training.x(), training.y(), PENALTIES, share);
            List<Lasso> fits = Lasso.path(training.x(), training.y(), penalties);
            double[] validation = split.mean(split.errors(training, penalties), bySize);
            int best = Averages.lowest(0, PENALTIES, i -> validation[i]);
            double[] errors = fits.stream()
                    .mapToDouble(fit -> HittersSplit.error(fit, test))
                    .toArray();
            return new LassoPath(fits, validation, errors, best);
        }

        Lasso chosen() {
            return fits.get(best);
        }

        double error() {
            return test[best];
        }

        /** The columns that a fit has chosen. */
        static List<String> names(Hitters columns, Lasso fit) {
            return IntStream.of(fit.chosen()).mapToObj(columns.names()::get).toList();
        }
    }

    @Override
    public Optional<Diagram> net() {
        return Experiment.drawn("The network of the Python edition", HittersNets.network(19), 19);
    }

    @Override
    public List<DataSet> reads() {
        return List.of(Hitters.SET);
    }

    @Override
    public void run(Lab lab) {
        Hitters all = Hitters.read(lab.data());
        Hitters columns = all.withoutBaselines();
        HittersSplit python = HittersSplit.python(all.size());
        HittersSplit r = HittersSplit.r(all.size());
        lab.put("players", all.size()).put("columns", columns.names().size());
        lab.put("python", python.training().length).put("python test", python.test().length);
        lab.put("r", r.training().length).put("r test", r.test().length);
        LassoPath pythonPath = LassoPath.of(python, columns, 0.01, false);
        LassoPath rPath = LassoPath.of(r, columns, 1e-4, true);

        lab.section("Linear models");
        Table models = lab.table("models", "model");
        leastSquares(models, python, columns, "259.715");
        leastSquares(models, r, columns, "254.6687");
        row(models, "Lasso, Python split", pythonPath.chosen().chosen().length, pythonPath.error(), "235.6755");
        row(models, "Lasso, R split", rPath.chosen().chosen().length, rPath.error(), "252.2994");

        lab.section("The lasso's path").put("penalties", PENALTIES);
        Table chosen = lab.table("chosen", "split").named("Lasso, {row} split, {column}");
        path(chosen, "Python", columns, pythonPath);
        path(chosen, "R", columns, rPath);
        Map<String, double[][]> curves = new LinkedHashMap<>();
        double[] places = Averages.upTo(PENALTIES);
        curves.put("Python, cross-validation", new double[][] {places, pythonPath.validation()});
        curves.put("Python, test", new double[][] {places, pythonPath.test()});
        curves.put("R, cross-validation", new double[][] {places, rPath.validation()});
        curves.put("R, test", new double[][] {places, rPath.test()});
        lab.curves("lasso.png", "mean absolute error", "penalty, from the largest to the smallest", curves);
        FourVariables.show(lab, r, columns, rPath);

        lab.section("Networks");
        Table networks = lab.table("networks", "split").named("Network, {row} split, {column}");
        network(lab, networks, HittersNets.python(all, lab), "229.50; later notebooks 221.83 to 250.81");
        network(lab, networks, HittersNets.r(all, lab), "257.43");
    }

    private static void row(Table models, String name, int coefficients, double error, String published) {
        models.row(name)
                .put("nonzero coefficients", "%d", coefficients)
                .put("mean absolute error", "%.4f", error)
                .cell("published", published);
    }

    private static void leastSquares(Table models, HittersSplit split, Hitters columns, String published) {
        double[] truth = split.test(columns).y();
        double[] salaries = split.training(columns).y();
        String of = ", " + split.name() + " split";
        row(models, "Mean salary" + of, 0, HittersSplit.error(Averages.mean(salaries), truth), "");
        row(models, "Median salary" + of, 0, HittersSplit.error(Averages.median(salaries), truth), "");
        row(models, "Least squares" + of, columns.names().size(), split.leastSquaresError(columns), published);
    }

    private static void path(Table chosen, String split, Hitters columns, LassoPath path) {
        chosen.row(split)
                .put("largest penalty", "%.5f", path.fits().get(0).penalty())
                .put("penalty", "%.5f", path.chosen().penalty())
                .cell("position", path.best() + 1 + " of " + PENALTIES)
                .put("error of cross-validation", "%.4f", path.validation()[path.best()])
                .put("mean absolute error", "%.4f", path.error())
                .cell("columns", String.join(", ", LassoPath.names(columns, path.chosen())));
    }

    private static void network(Lab lab, Table networks, HittersNets nets, String published) {
        double[] errors = nets.errors(lab, lab.of(5, 1));
        Arrays.sort(errors);
        networks.row(nets.split().name())
                .cell("parameters", nets.parameters())
                .cell("epochs", nets.epochs())
                .cell("networks", errors.length)
                .put("mean absolute error", "%.2f", Averages.mean(errors))
                .put("smallest", "%.2f", errors[0])
                .put("largest", "%.2f", errors[errors.length - 1])
                .cell("published", published);
    }
}

package dev.fathom.labs.regression;

import static dev.fathom.labs.pages.Findings.line;

import dev.fathom.labs.data.Hitters;
import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.experiments.OldExperiment;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Findings;
import dev.fathom.linear.Lasso;
import dev.fathom.linear.LeastSquares;
import dev.fathom.linear.LeastSquares.Coefficient;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Salaries of baseball players (ISLR2 and ISLP, sections 10.6 and 10.9): least squares, the lasso and a network, on the
 * splits of both editions.
 */
public final class HittersLab implements OldExperiment {
    private static final int PENALTIES = 100;
    /** The columns of Table 10.3. */
    static final List<String> FOUR = List.of("Hits", "Walks", "CRuns", "PutOuts");

    private static final List<String> COLUMNS = List.of("estimate", "standard error", "t", "p");
    /** Table 10.3 of ISLR2 as printed: estimate, standard error, t and p of the intercept and of {@link #FOUR}. */
    static final List<List<String>> TABLE = List.of(
            List.of("-226.67", "86.26", "-2.63", "0.0103"),
            List.of("3.06", "1.02", "3.00", "0.0036"),
            List.of("0.181", "2.04", "0.09", "0.9294"),
            List.of("0.859", "0.12", "7.09", "< 0.0001"),
            List.of("0.465", "0.13", "3.60", "0.0005"));

    @Override
    public String name() {
        return "hitters";
    }

    /**
     * The lasso on a split.
     *
     * @param fits for each penalty, the largest first
     * @param validation the error of each in cross-validation
     * @param test the error of each on the test
     * @param best the place of the penalty with the smallest error in cross-validation
     */
    private record LassoPath(List<Lasso> fits, double[] validation, double[] test, int best) {
        static LassoPath of(HittersSplit split, Hitters all, double share, boolean bySize) {
            Hitters training = split.training(all);
            Hitters test = split.test(all);
            double[] penalties = Lasso.penalties(training.x(), training.y(), PENALTIES, share);
            List<Lasso> fits = Lasso.path(training.x(), training.y(), penalties);
            double[] validation = split.mean(split.errors(training, penalties), bySize);
            int best = IntStream.range(0, PENALTIES)
                    .reduce((i, j) -> validation[j] < validation[i] ? j : i)
                    .orElseThrow();
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
    }

    @Override
    public Findings run(LabRun run) {
        Hitters all = Hitters.read(run.data());
        Hitters columns = all.withoutBaselines();
        HittersSplit python = HittersSplit.python(all.size());
        HittersSplit r = HittersSplit.r(all.size());
        Findings result = run.page(
                "Lab hitters",
                line(
                        "Hitters: %d players with a salary, %d columns; %d for training and %d for the test in "
                                + "the Python edition, %d and %d in the R edition",
                        all.size(),
                        columns.names().size(),
                        python.training().length,
                        python.test().length,
                        r.training().length,
                        r.test().length));
        result.text(result.data() + ".");

        LassoPath pythonPath = LassoPath.of(python, columns, 0.01, false);
        LassoPath rPath = LassoPath.of(r, columns, 1e-4, true);
        List<List<String>> rows = new ArrayList<>();
        leastSquares(result, python, columns, "259.715", rows);
        leastSquares(result, r, columns, "254.6687", rows);
        lasso(result, python, pythonPath, "235.6755", rows);
        lasso(result, r, rPath, "252.2994", rows);
        section(result, rows);
        path(result, columns, pythonPath, rPath);
        fourVariables(result, r, columns, rPath);

        result.section(
                "Networks",
                "One hidden layer of 50 units with ReLU and a dropout rate of 0.4, trained on the squared error "
                        + "by RMSprop in batches of 32. In the Python "
                        + "edition the network sees the columns as they are. In the R edition it sees them scaled "
                        + "to mean 0 and standard deviation 1 over "
                        + "all players, the test included, as in the textbook. The mean of several seeds is "
                        + "compared with the published number, which is "
                        + "that of one network; the table gives the smallest and the largest error of the seeds.");
        List<List<String>> networks = new ArrayList<>();
        boolean done =
                network(result, run, HittersNets.python(all, run), "229.50; later notebooks 221.83 to 250.81", networks)
                        && network(result, run, HittersNets.r(all, run), "257.43", networks);
        result.table(
                List.of("split", "parameters", "epochs", "networks", "mean error", "smallest", "largest", "published"),
                networks);
        return done ? result.finished() : result;
    }

    private static void leastSquares(
            Findings result, HittersSplit split, Hitters columns, String published, List<List<String>> rows) {
        double error = split.leastSquaresError(columns);
        String name = "Least squares, " + split.name() + " split";
        result.key(Figure.of(name + ", mean absolute error", "", error));
        List<Double> floors = split.floors(columns);
        rows.add(List.of("Mean salary, " + split.name() + " split", "0", line("%.4f", floors.get(0)), ""));
        rows.add(List.of("Median salary, " + split.name() + " split", "0", line("%.4f", floors.get(1)), ""));
        rows.add(List.of(name, String.valueOf(columns.names().size()), line("%.4f", error), published));
    }

    private static void lasso(
            Findings result, HittersSplit split, LassoPath path, String published, List<List<String>> rows) {
        String name = "Lasso, " + split.name() + " split";
        int chosen = path.chosen().chosen().length;
        result.key(Figure.of(name + ", mean absolute error", "", path.error()))
                .figure(Figure.of(name + ", penalty", "", path.chosen().penalty()))
                .figure(Figure.of(name + ", error of cross-validation", "", path.validation()[path.best()]))
                .figure(Figure.of(name + ", nonzero coefficients", "", chosen));
        rows.add(List.of(name, String.valueOf(chosen), line("%.4f", path.error()), published));
    }

    private static void section(Findings result, List<List<String>> rows) {
        result.section(
                        "Linear models",
                        "The mean absolute error on the test in thousands of dollars. ISLR2 is the second edition "
                                + "of An Introduction to Statistical "
                                + "Learning, which uses R, and ISLP is its Python edition. The splits are drawn "
                                + "by the generators of R and NumPy from the "
                                + "textbook's seeds. The baselines forecast the mean or the median salary of the "
                                + "training players for everyone. The lasso "
                                + "stops when no coefficient changes; glmnet stops earlier, so the last digits of "
                                + "the R edition differ.")
                .table(List.of("model", "coefficients", "error", "published"), rows);
    }

    private static void path(Findings result, Hitters columns, LassoPath python, LassoPath r) {
        Map<String, double[][]> curves = new LinkedHashMap<>();
        double[] places =
                IntStream.rangeClosed(1, PENALTIES).mapToDouble(i -> i).toArray();
        curves.put("Python, cross-validation", new double[][] {places, python.validation()});
        curves.put("Python, test", new double[][] {places, python.test()});
        curves.put("R, cross-validation", new double[][] {places, r.validation()});
        curves.put("R, test", new double[][] {places, r.test()});
        List<List<String>> chosen = new ArrayList<>();
        for (String split : List.of("Python", "R")) {
            LassoPath path = split.equals("R") ? r : python;
            chosen.add(List.of(
                    split,
                    line("%.5f", path.fits().get(0).penalty()),
                    line("%.5f", path.chosen().penalty()),
                    path.best() + 1 + " of " + PENALTIES,
                    line("%.4f", path.validation()[path.best()]),
                    line("%.4f", path.error()),
                    String.join(", ", names(columns, path.chosen()))));
        }
        result.section(
                        "The lasso's path",
                        "100 penalties at equal distances on a logarithmic scale, down to a hundredth of the "
                                + "largest in the Python edition and a "
                                + "ten-thousandth in the R edition. The penalty with the smallest error in "
                                + "ten-fold cross-validation is chosen. The errors "
                                + "on the test are drawn beside those of cross-validation, but they choose nothing.")
                .table(
                        List.of(
                                "split",
                                "largest penalty",
                                "chosen",
                                "position",
                                "cross-validation",
                                "test",
                                "columns"),
                        chosen)
                .series(
                        "lasso.png",
                        "Mean absolute error of cross-validation and of the test over the penalties of both splits",
                        "mean absolute error",
                        "penalty, from the largest to the smallest",
                        curves);
    }

    private static List<String> names(Hitters columns, Lasso fit) {
        return IntStream.of(fit.chosen()).mapToObj(columns.names()::get).toList();
    }

    /** The numbers of a coefficient with as many digits as {@code printed}, in the same order. */
    static List<String> rounded(Coefficient c, List<String> printed) {
        double[] numbers = {c.value(), c.standardError(), c.t(), c.p()};
        return IntStream.range(0, numbers.length)
                .mapToObj(i -> i == 3 && numbers[i] < 1e-4
                        ? "< 0.0001"
                        : line("%." + (printed.get(i).length() - printed.get(i).indexOf('.') - 1) + "f", numbers[i]))
                .toList();
    }

    /** Table 10.3, and the errors on the test of fits of the same four columns to the training players. */
    private static void fourVariables(Findings result, HittersSplit split, Hitters columns, LassoPath path) {
        Hitters four = columns.columns(FOUR);
        Hitters test = split.test(four);
        List<Coefficient> all = LeastSquares.fit(test.x(), test.y()).all();
        List<List<String>> rows = new ArrayList<>();
        List<String> others = new ArrayList<>();
        for (int j = 0; j < all.size(); j++) {
            String name = j == 0 ? "Intercept" : FOUR.get(j - 1);
            Coefficient c = all.get(j);
            List<String> printed = TABLE.get(j);
            rows.add(List.of(
                    name,
                    line("%.4f", c.value()),
                    line("%.4f", c.standardError()),
                    line("%.4f", c.t()),
                    c.p() < 1e-4 ? "< 0.0001" : line("%.4f", c.p()),
                    String.join("; ", printed)));
            List<String> rounded = rounded(c, printed);
            for (int i = 0; i < printed.size(); i++) {
                if (!printed.get(i).equals(rounded.get(i))) {
                    others.add(line(
                            "the %s of %s rounds to %s, printed as %s",
                            COLUMNS.get(i), name, rounded.get(i), printed.get(i)));
                }
            }
            result.figure(Figure.of("Table 10.3, estimate of " + name, "", c.value()));
        }
        result.figure(Figure.of("Table 10.3, numbers that round to the printed ones", "", 20 - others.size()));
        double plain = split.leastSquaresError(four);
        LassoPath relaxed = LassoPath.of(split, four, 1e-4, true);
        double smallest = Math.min(plain, Arrays.stream(relaxed.test()).min().orElseThrow());
        long alone = path.fits().stream()
                .filter(fit -> names(columns, fit).equals(FOUR))
                .count();
        result.section(
                        "Four variables (Table 10.3)",
                        "Least squares on the 87 players of the R edition's test, with the four columns that the "
                                + "textbook chose by the lasso on the training "
                                + "players.")
                .table(
                        List.of(
                                "",
                                "estimate",
                                "standard error",
                                "t",
                                "p",
                                "published: estimate; standard error; t; p"),
                        rows)
                .text(line("Of the 20 numbers, %d round to the printed ones", 20 - others.size())
                        + (others.isEmpty() ? "" : "; " + String.join(", ", others))
                        + ".")
                .text(line(
                        "Fitted to the training players, the four columns forecast the test with a mean absolute "
                                + "error of %.4f by least squares and %.4f by "
                                + "the relaxed lasso, whose penalty is chosen by cross-validation. The textbook "
                                + "prints 224.8 without saying how its "
                                + "coefficients were fitted, and this number cannot be reached: with any of %d "
                                + "penalties on the four columns, the error on "
                                + "this test is %.2f or more. Of the %d penalties of the path over all columns, "
                                + "%d choose exactly these four.",
                        plain, relaxed.error(), PENALTIES, Math.floor(100 * smallest) / 100, PENALTIES, alone))
                .figure(Figure.of("Four variables, least squares, mean absolute error", "", plain)
                        .baseline(234.7015, "scikit-learn"))
                .figure(Figure.of("Four variables, relaxed lasso, mean absolute error", "", relaxed.error()));
    }

    /** Adds the networks of several seeds; false if the run was interrupted. */
    private static boolean network(
            Findings result, LabRun run, HittersNets nets, String published, List<List<String>> rows) {
        int count = run.of(5, 1);
        double[] errors =
                nets.errors(run, count).stream().mapToDouble(e -> e).sorted().toArray();
        if (errors.length == 0) {
            return false;
        }
        double mean = Arrays.stream(errors).average().orElseThrow();
        result.key(Figure.of("Network, " + nets.split().name() + " split, mean absolute error", "", mean));
        rows.add(List.of(
                nets.split().name(),
                line("%,d", nets.parameters()),
                line("%,d", nets.epochs()),
                String.valueOf(errors.length),
                line("%.2f", mean),
                line("%.2f", errors[0]),
                line("%.2f", errors[errors.length - 1]),
                published));
        return errors.length == count;
    }
}

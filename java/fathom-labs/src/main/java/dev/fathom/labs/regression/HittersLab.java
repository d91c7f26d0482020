package dev.fathom.labs.regression;

import static dev.fathom.labs.pages.Result.line;

import dev.fathom.labs.data.Hitters;
import dev.fathom.labs.experiments.Experiment;
import dev.fathom.labs.experiments.Run;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Result;
import dev.fathom.labs.statistics.Lasso;
import dev.fathom.labs.statistics.LeastSquares;
import dev.fathom.labs.statistics.LeastSquares.Coefficient;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Salaries of baseball players (ISLR2 and ISLP, sections 10.6 and 10.9): least squares, the lasso and a network, on the splits of both editions. */
public final class HittersLab implements Experiment {
    private static final int PENALTIES = 100;
    private static final List<String> FOUR = List.of("Hits", "Walks", "CRuns", "PutOuts");
    /** Table 10.3 of ISLR2: estimate, standard error, t and p as it prints them. */
    private static final List<List<String>> TABLE = List.of(
            List.of("-226.67", "86.26", "-2.63", "0.0103"),
            List.of("3.06", "1.02", "3.00", "0.0036"),
            List.of("0.181", "2.04", "0.09", "0.9294"),
            List.of("0.859", "0.12", "7.09", "< 0.0001"),
            List.of("0.465", "0.13", "3.60", "0.0005"));

    @Override
    public String name() {
        return "hitters";
    }

    @Override
    public String shows() {
        return "salaries of baseball players: least squares, the lasso and a network on the textbook's two splits";
    }

    /** The lasso of a split: its path, the errors of cross-validation and of the test, and the penalty that is chosen. */
    private record Path(List<Lasso> fits, double[] validation, double[] test, int best) {
        static Path of(HittersSplit split, Hitters all, double share, boolean bySize) {
            Hitters learn = split.train(all);
            Hitters test = split.test(all);
            double[] penalties = Lasso.penalties(learn.x(), learn.y(), PENALTIES, share);
            List<Lasso> fits = Lasso.path(learn.x(), learn.y(), penalties);
            double[] validation = split.mean(Lasso.errors(learn.x(), learn.y(), penalties, split.folds()), bySize);
            int best = IntStream.range(0, PENALTIES)
                    .reduce((i, j) -> validation[j] < validation[i] ? j : i)
                    .orElseThrow();
            double[] errors = fits.stream()
                    .mapToDouble(fit -> fit.meanAbsoluteError(test.x(), test.y()))
                    .toArray();
            return new Path(fits, validation, errors, best);
        }

        Lasso chosen() {
            return fits.get(best);
        }

        double error() {
            return test[best];
        }
    }

    @Override
    public Result run(Run run) {
        Hitters all = Hitters.read(run.data());
        Hitters columns = all.withoutFirstWords();
        HittersSplit python = HittersSplit.python(all.size());
        HittersSplit r = HittersSplit.r(all.size());
        Result result = new Result(
                "Lab hitters",
                line(
                        "Hitters: %d players with a salary, %d columns; %d learn and %d test in the Python edition, %d and %d in the R edition",
                        all.size(),
                        columns.names().size(),
                        python.train().length,
                        python.test().length,
                        r.train().length,
                        r.test().length),
                run.out());
        result.text(result.data() + ".");

        Path pythonPath = Path.of(python, columns, 0.01, false);
        Path rPath = Path.of(r, columns, 1e-4, true);
        List<List<String>> rows = new ArrayList<>();
        leastSquares(result, run, python, columns, "259.715", "ISLP", 259.7153, rows);
        leastSquares(result, run, r, columns, "254.6687", "ISLR2", 254.6687, rows);
        lasso(result, run, python, pythonPath, "235.6755", "ISLP's notebook", 235.67, 0.05, rows);
        lasso(result, run, r, rPath, "252.2994", "ISLR2", 252.2994, 0.1, rows);
        section(result, rows);
        path(result, columns, pythonPath, rPath);
        fourVariables(result, run, r, columns, rPath);

        result.section(
                "Networks",
                "One hidden layer of 50 units with ReLU and four tenths dropped, trained on the squared error by RMSprop in batches of 32. In the Python edition "
                        + "it sees the columns as they are, in the R edition scaled to mean 0 and deviation 1 over all players, as in the textbook. The mean of several seeds is "
                        + "compared; a single network is a draw from the range beside it.");
        List<List<String>> networks = new ArrayList<>();
        boolean done = network(
                        result,
                        run,
                        HittersNets.python(all, run),
                        "221.83 to 250.81, book 229.50",
                        "ISLP",
                        215,
                        260,
                        networks)
                && network(result, run, HittersNets.r(all, run), "257.43", "ISLR2", 245, 275, networks);
        result.table(
                List.of("split", "parameters", "epochs", "networks", "mean error", "least", "greatest", "published"),
                networks);
        return done ? result.finished() : result;
    }

    private static Figure judged(Run run, Figure figure, double low, double high) {
        return run.whole() ? figure.within(low, high) : figure;
    }

    private static void leastSquares(
            Result result,
            Run run,
            HittersSplit split,
            Hitters columns,
            String published,
            String source,
            double oracle,
            List<List<String>> rows) {
        Hitters test = split.test(columns);
        double error = HittersSplit.meanAbsoluteError(
                test.y(), split.leastSquares(columns).predict(test.x()));
        String name = "Least squares, " + split.name() + " split";
        result.key(judged(
                run,
                Figure.of(name + ", mean absolute error", "", error).published(published, source),
                oracle - 1e-3,
                oracle + 1e-3));
        List<Double> floors = split.floors(columns);
        rows.add(List.of(
                "Mean of those to learn from, " + split.name() + " split", "0", line("%.4f", floors.get(0)), ""));
        rows.add(List.of(
                "Median of those to learn from, " + split.name() + " split", "0", line("%.4f", floors.get(1)), ""));
        rows.add(List.of(name, String.valueOf(columns.names().size()), line("%.4f", error), published));
    }

    private static void lasso(
            Result result,
            Run run,
            HittersSplit split,
            Path path,
            String published,
            String source,
            double oracle,
            double off,
            List<List<String>> rows) {
        String name = "Lasso, " + split.name() + " split";
        int chosen = path.chosen().chosen().length;
        result.key(judged(
                        run,
                        Figure.of(name + ", mean absolute error", "", path.error())
                                .published(published, source),
                        oracle - off,
                        oracle + off))
                .figure(Figure.of(name + ", penalty", "", path.chosen().penalty()))
                .figure(Figure.of(name + ", error of cross-validation", "", path.validation()[path.best()]))
                .figure(Figure.of(name + ", coefficients that are not 0", "", chosen));
        rows.add(List.of(name, String.valueOf(chosen), line("%.4f", path.error()), published));
    }

    private static void section(Result result, List<List<String>> rows) {
        result.section(
                        "Linear models",
                        "The mean absolute error on the test in thousands of dollars. The splits are drawn by the generators of NumPy and R from the textbook's seeds. "
                                + "The baselines forecast one number for all. The lasso stops where no coefficient moves; glmnet stops earlier, which is why the last "
                                + "digits of the R edition differ.")
                .table(List.of("model", "coefficients", "error", "published"), rows);
    }

    private static void path(Result result, Hitters columns, Path python, Path r) {
        Map<String, double[][]> curves = new LinkedHashMap<>();
        double[] places =
                IntStream.rangeClosed(1, PENALTIES).mapToDouble(i -> i).toArray();
        curves.put("Python, cross-validation", new double[][] {places, python.validation()});
        curves.put("Python, test", new double[][] {places, python.test()});
        curves.put("R, cross-validation", new double[][] {places, r.validation()});
        curves.put("R, test", new double[][] {places, r.test()});
        List<List<String>> chosen = new ArrayList<>();
        for (String split : List.of("Python", "R")) {
            Path path = split.equals("R") ? r : python;
            chosen.add(List.of(
                    split,
                    line("%.5f", path.fits().get(0).penalty()),
                    line("%.5f", path.chosen().penalty()),
                    path.best() + 1 + " of " + PENALTIES,
                    line("%.4f", path.validation()[path.best()]),
                    line("%.4f", path.error()),
                    IntStream.of(path.chosen().chosen())
                            .mapToObj(j -> columns.names().get(j))
                            .collect(Collectors.joining(", "))));
        }
        result.section(
                        "The lasso's path",
                        "100 penalties at equal distances on a logarithmic scale, down to a hundredth of the greatest in the Python edition and a ten-thousandth in the R "
                                + "edition. The least error of ten-fold cross-validation chooses; the errors on the test are drawn beside it and choose nothing.")
                .table(
                        List.of("split", "greatest penalty", "chosen", "which", "cross-validation", "test", "columns"),
                        chosen)
                .series(
                        "lasso.png",
                        "Mean absolute error of cross-validation and of the test over the penalties of both splits",
                        "mean absolute error",
                        "penalty, from the greatest to the least",
                        curves);
    }

    /** Table 10.3, and what the same four columns forecast where they were fitted to the players to learn from. */
    private static void fourVariables(Result result, Run run, HittersSplit split, Hitters columns, Path path) {
        Hitters four = columns.columns(FOUR);
        Hitters test = split.test(four);
        LeastSquares fit = LeastSquares.fit(test.x(), test.y());
        List<Coefficient> all = new ArrayList<>(List.of(fit.intercept()));
        all.addAll(fit.coefficients());
        List<List<String>> rows = new ArrayList<>();
        for (int j = 0; j < all.size(); j++) {
            String name = j == 0 ? "Intercept" : FOUR.get(j - 1);
            Coefficient c = all.get(j);
            rows.add(List.of(
                    name,
                    line("%.4f", c.value()),
                    line("%.4f", c.standardError()),
                    line("%.4f", c.t()),
                    c.p() < 1e-4 ? "< 0.0001" : line("%.4f", c.p()),
                    String.join("; ", TABLE.get(j))));
            double printed = Double.parseDouble(TABLE.get(j).get(0));
            double half = Math.abs(printed) < 1 ? 5e-4 : 5e-3; // of its last digit
            result.figure(judged(
                    run,
                    Figure.of("Table 10.3, " + name, "", c.value())
                            .published(TABLE.get(j).get(0), "ISLR2"),
                    printed - half,
                    printed + half));
        }
        double plain = HittersSplit.meanAbsoluteError(
                test.y(), split.leastSquares(four).predict(test.x()));
        Path relaxed = Path.of(split, four, 1e-4, true);
        double least = Math.min(plain, Arrays.stream(relaxed.test()).min().orElseThrow());
        long alone = path.fits().stream()
                .filter(f -> IntStream.of(f.chosen())
                        .mapToObj(j -> columns.names().get(j))
                        .toList()
                        .equals(FOUR))
                .count();
        result.section(
                        "Four variables (Table 10.3)",
                        "Least squares on the 87 players of the R edition's test, by the four columns that the textbook chose with the lasso on the others.")
                .table(List.of("", "estimate", "standard error", "t", "p", "published"), rows)
                .text(line(
                        "Fitted to the players to learn from, the four columns forecast the test with a mean absolute error of %.4f by least squares and %.4f by the relaxed lasso, "
                                + "whose penalty is chosen by cross-validation. The textbook prints 224.8 without saying how its coefficients were fitted: with any of 100 penalties "
                                + "on the four columns, the error on this test is %.2f or more, and of the %d penalties of the path over all columns, %d choose these four alone.",
                        plain, relaxed.error(), Math.floor(100 * least) / 100, PENALTIES, alone))
                .figure(judged(
                        run, Figure.of("Four variables, least squares", "", plain), 234.7015 - 1e-3, 234.7015 + 1e-3))
                .figure(Figure.of("Four variables, relaxed lasso", "", relaxed.error())
                        .published("224.8", "ISLR2"));
    }

    /** False where a person stopped it. */
    private static boolean network(
            Result result,
            Run run,
            HittersNets nets,
            String published,
            String source,
            double low,
            double high,
            List<List<String>> rows) {
        int count = run.of(5, 1);
        List<Double> errors = nets.errors(run, count).stream().sorted().toList();
        if (errors.size() < count) {
            return false;
        }
        double mean = errors.stream().mapToDouble(e -> e).average().orElseThrow();
        result.key(judged(
                run,
                Figure.of("Network, " + nets.split().name() + " split, mean absolute error", "", mean)
                        .published(published, source),
                low,
                high));
        rows.add(List.of(
                nets.split().name(),
                line("%,d", nets.parameters()),
                String.valueOf(nets.epochs()),
                String.valueOf(count),
                line("%.2f", mean),
                line("%.2f", errors.get(0)),
                line("%.2f", errors.get(count - 1)),
                published));
        return true;
    }
}

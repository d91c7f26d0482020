package dev.fathom.labs.regression;

import static dev.fathom.experiments.pages.Findings.line;

import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.Hitters;
import dev.fathom.experiments.data.HittersSplit;
import dev.fathom.experiments.pages.Table;
import dev.fathom.labs.regression.HittersLab.LassoPath;
import dev.fathom.linear.LeastSquares;
import dev.fathom.linear.LeastSquares.Coefficient;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/** The fit of four columns that ISLR2 prints. */
final class FourVariables {
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

    private FourVariables() {}

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
    static void show(Lab lab, HittersSplit split, Hitters columns, LassoPath path) {
        lab.section("Four variables (Table 10.3)");
        Hitters four = columns.columns(FOUR);
        Hitters test = split.test(four);
        List<Coefficient> all = LeastSquares.fit(test.x(), test.y()).all();
        Table table = lab.table("table", "").named("Table 10.3, {column} of {row}");
        List<String> others = new ArrayList<>();
        for (int j = 0; j < all.size(); j++) {
            String name = j == 0 ? "Intercept" : FOUR.get(j - 1);
            Coefficient c = all.get(j);
            List<String> printed = TABLE.get(j);
            List<String> rounded = rounded(c, printed);
            table.row(name)
                    .put("estimate", "%.4f", c.value())
                    .put("standard error", "%.4f", c.standardError())
                    .put("t", "%.4f", c.t())
                    .cell("p", c.p() < 1e-4 ? "< 0.0001" : line("%.4f", c.p()))
                    .cell("published: estimate; standard error; t; p", String.join("; ", printed));
            IntStream.range(0, printed.size())
                    .filter(i -> !printed.get(i).equals(rounded.get(i)))
                    .mapToObj(i -> line(
                            "; the %s of %s rounds to %s, printed as %s",
                            COLUMNS.get(i), name, rounded.get(i), printed.get(i)))
                    .forEach(others::add);
        }
        int numbers = COLUMNS.size() * TABLE.size();
        lab.put("numbers", numbers).put("round", numbers - others.size()).put("others", String.join("", others));
        lab.figure("Table 10.3, numbers that round to the printed ones", "", numbers - others.size());
        double plain = split.leastSquaresError(four);
        LassoPath relaxed = LassoPath.of(split, four, 1e-4, true);
        double smallest = Math.min(plain, Arrays.stream(relaxed.test()).min().orElseThrow());
        lab.put("smallest", Math.floor(100 * smallest) / 100);
        lab.put(
                "alone",
                path.fits().stream()
                        .filter(fit -> LassoPath.names(columns, fit).equals(FOUR))
                        .count());
        lab.figure("Four variables, least squares, mean absolute error", "", plain)
                .baseline(234.7015, "scikit-learn");
        lab.figure("Four variables, relaxed lasso, mean absolute error", "", relaxed.error());
    }
}

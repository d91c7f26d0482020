package dev.fathom.labs.outliers;

import static dev.fathom.experiments.pages.Findings.line;

import dev.fathom.experiments.Lab;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.labs.outliers.Study.Outcome;
import dev.fathom.labs.outliers.Study.Result;
import dev.fathom.labs.outliers.Study.Settings;
import dev.fathom.view.Chart;
import java.util.Arrays;
import java.util.List;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;

/** What the members of ensembles, their number and their diversity do on the electrocardiograms. */
final class EnsemblePage {
    private EnsemblePage() {}

    static void members(Lab lab, Settings settings, Group ecg) {
        lab.section("Ensemble and single member");
        Table table = lab.table("ensembles", "ensemble");
        String column = "ECG series on which the ensemble ranks at least as well as its median member";
        for (String name : Methods.ENSEMBLES) {
            table.row(name)
                    .cell("ROC-AUC", "%.4f", ecg.roc(name))
                    .cell(
                            "its median member",
                            "%.4f",
                            ecg.mean(o -> o.of(name).member().roc()))
                    .put(
                            column,
                            "%.0f",
                            ecg.count(o -> o.roc(name) >= o.of(name).member().roc()));
        }
        Group inverted = ecg.some("", o -> o.roc(Methods.SINGLE) < 0.5);
        lab.put("reached", Arrays.stream(table.values(column)).max().orElseThrow())
                .put("all", ecg.of().size())
                .put("some inverted", !inverted.of().isEmpty())
                .put("lower", inverted.above(Methods.SINGLE, Methods.SHARED));

        lab.section("Number of members");
        Table members = lab.table("members", "ensemble");
        Chart chart = new Chart("Mean ROC-AUC on the ECG series", "members");
        int[] sizes = settings.sizes().stream().mapToInt(s -> s).toArray();
        for (String name : List.of(Methods.INDEPENDENT, Methods.SHARED)) {
            Table.Row row = members.row(name);
            int[] known = IntStream.of(sizes)
                    .filter(size -> ecg.has(Methods.sized(name, size)))
                    .toArray();
            for (int size : known) {
                String sized = Methods.sized(name, size);
                row.cell("ROC-AUC of " + size + " members", "%.4f", ecg.roc(sized))
                        .cell("PR-AUC of " + size + " members", "%.4f", ecg.precision(sized));
            }
            double[] rocs = IntStream.of(known)
                    .mapToDouble(size -> ecg.roc(Methods.sized(name, size)))
                    .toArray();
            row.put(
                            line("ROC-AUC of %d members less that of %d", settings.most(), settings.fewest()),
                            "%.4f",
                            rocs[rocs.length - 1] - rocs[0])
                    .baseline(0, "expected: not smaller");
            chart.line(name, Averages.doubles(known), rocs);
        }
        lab.chart("members.png", chart);
    }

    static void diversity(Lab lab, Group ecg) {
        lab.section("Diversity");
        Table diversity = lab.table("diversity", "series");
        for (Outcome o : ecg.of()) {
            Table.Row row = diversity.row(o.series().name());
            for (String name : List.of(Methods.PLAIN, Methods.CAE)) {
                String lambda = name.equals(Methods.PLAIN) ? ", λ = 0" : ", λ = 0.7";
                Result result = o.of(name);
                row.cell("DIV_F" + lambda, "%.3f", result.diversity())
                        .cell("ROC-AUC" + lambda, "%.3f", result.area().roc())
                        .cell("PR-AUC" + lambda, "%.3f", result.area().precision());
            }
        }
        ToDoubleFunction<Outcome> ratio =
                o -> o.of(Methods.CAE).diversity() / o.of(Methods.PLAIN).diversity();
        lab.table("effect", "")
                .named("{column}")
                .row("with the diversity term")
                .put("DIV_F with the diversity term, relative to DIV_F without", "%.2f", ecg.mean(ratio))
                .baseline(1, "no term")
                .put(
                        "ECG series on which the diversity term makes DIV_F larger",
                        "%.0f",
                        ecg.count(o -> ratio.applyAsDouble(o) > 1))
                .cell("change of the mean ROC-AUC", "%.4f", ecg.roc(Methods.CAE) - ecg.roc(Methods.PLAIN));
    }
}

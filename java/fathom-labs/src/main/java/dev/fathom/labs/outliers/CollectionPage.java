package dev.fathom.labs.outliers;

import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.LabeledSeries;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.labs.outliers.Study.Area;
import dev.fathom.labs.outliers.Study.Outcome;
import dev.fathom.view.Chart;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** The section of a collection: every method on every series, and the scores of the one that is found best. */
final class CollectionPage {
    private CollectionPage() {}

    static void write(Lab lab, Group set) {
        lab.section("{set}").put("set", set.name());
        Stream.of("ECG", "NAB", "MSL", "UCR").forEach(name -> lab.put(name, name.equals(set.name())));
        Table rocs = lab.table(set.name() + " ROC-AUC", "series");
        Table precisions = lab.table(set.name() + " PR-AUC", "series");
        for (Outcome o : set.of()) {
            String name = o.series().name();
            int rows = o.series().test().length;
            Table.Row roc = rocs.row(name).cell("rows", rows).cell("chance", "0.500");
            Table.Row precision = precisions
                    .row(name)
                    .cell("rows", rows)
                    .cell("chance", "%.3f", o.series().share());
            for (String method : Methods.ALL.stream().filter(set::has).toList()) {
                roc.cell(method, "%.3f", o.roc(method));
                precision.cell(method, "%.3f", o.of(method).area().precision());
            }
        }
        if (set.name().equals("NAB")) {
            floors(lab, set);
        }
        Outcome shown = set.of().stream()
                .reduce((a, b) -> b.roc(Methods.CAE) >= a.roc(Methods.CAE) ? b : a)
                .orElseThrow();
        LabeledSeries series = shown.series();
        double[] x = IntStream.range(0, series.test().length).asDoubleStream().toArray();
        double[] all = Stream.of(series.test()).mapToDouble(row -> row[0]).toArray();
        double[] labeled = Averages.each(all.length, t -> series.outliers()[t] ? all[t] : Double.NaN);
        Chart values = new Chart(series.title() + ", the first column", "row")
                .line("normal", x, all)
                .line("outliers by the labels", x, labeled);
        Stream<Chart> scores = Stream.of(Methods.SHARED, Methods.CAE)
                .map(m -> new Chart("Scores of " + m, "row")
                        .line(m, x, Averages.doubles(shown.of(m).scores())));
        List<Chart> charts = Stream.concat(Stream.of(values), scores).toList();
        String picture = set.name().toLowerCase(Locale.ROOT) + ".png";
        lab.put("shown", series.name()).put("picture", picture).charts(picture, 1, charts);
    }

    /** Both ensembles beside the linear floors of series that are learned and scored whole. */
    private static void floors(Lab lab, Group set) {
        Table table = lab.table("floors", "series");
        for (Outcome o : set.of()) {
            Table.Row row = table.row(o.series().name());
            for (String floor : Methods.SPLIT_FLOORS) {
                Area area = o.of(floor).area();
                row.put("ROC-AUC of " + floor, "%.4f", area.roc()).put("PR-AUC of " + floor, "%.4f", area.precision());
            }
            String better = new Group("", List.of(o)).best(Methods.SPLIT_FLOORS);
            for (String ensemble : List.of(Methods.SHARED, Methods.CAE)) {
                row.put("ROC-AUC of " + ensemble, "%.4f", o.roc(ensemble)).baseline(o.roc(better), better);
            }
        }
    }
}

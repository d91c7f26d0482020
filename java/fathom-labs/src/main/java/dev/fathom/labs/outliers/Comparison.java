package dev.fathom.labs.outliers;

import dev.fathom.experiments.Lab;
import dev.fathom.experiments.pages.Table;
import java.util.List;
import java.util.stream.Stream;

/** What all methods come to on each collection of series, in the mean. */
final class Comparison {
    private Comparison() {}

    static void methods(Lab lab, List<Group> sets) {
        lab.section("Means over the series of each collection");
        Table methods = lab.table("methods", "method").named("{column} of {row}");
        for (String method : Methods.ALL) {
            Table.Row row = methods.row(method);
            for (Group set : sets.stream().filter(s -> s.has(method)).toList()) {
                String floor = set.best(Methods.FLOORS);
                String precise = set.best(Methods.FLOORS, set::precision);
                row.put(set.name() + ", mean ROC-AUC", "%.3f", set.roc(method))
                        .baseline(set.roc(floor), floor)
                        .put(set.name() + ", mean PR-AUC", "%.3f", set.precision(method))
                        .baseline(set.precision(precise), precise);
            }
        }
        Table.Row chance = methods.row("share of outliers");
        Table best = lab.table("best", "collection");
        for (Group set : sets) {
            chance.cell(set.name() + ", mean ROC-AUC", "0.500")
                    .cell(
                            set.name() + ", mean PR-AUC",
                            "%.3f",
                            set.mean(o -> o.series().share()));
            best.row(set.name())
                    .cell("series", set.of().size())
                    .cell("best method", set.best(Methods.ALL))
                    .cell("best ensemble", set.best(Methods.ENSEMBLES))
                    .cell("best linear floor", set.best(Methods.FLOORS));
        }
    }

    /** Shared code against independent members against one network, and all of them against simple methods. */
    static void frameworks(Lab lab, List<Group> sets, Group whole) {
        lab.section("Shared code, independent members, one network");
        Table means = lab.table("frameworks", "series");
        Table order = lab.table("order", "series").named("{row}, mean ROC-AUC of {column}");
        List<Group> columns = List.of(
                whole.some("all series of one column", o -> o.series().columns() == 1),
                whole.some("all series of several columns", o -> o.series().columns() > 1),
                whole);
        String forest = Baseline.FOREST.label();
        for (Group g : Stream.of(sets, columns).flatMap(List::stream).toList()) {
            Table.Row row = means.row(g.name()).cell("number", g.of().size());
            for (String m : List.of(
                    Methods.SHARED,
                    Methods.INDEPENDENT,
                    Methods.SINGLE,
                    forest,
                    Methods.FLOORS.get(0),
                    Methods.FLOORS.get(1))) {
                row.cell(m + " ROC-AUC", "%.3f", g.roc(m)).cell(m + " PR-AUC", "%.3f", g.precision(m));
            }
            double shared = g.roc(Methods.SHARED) - g.roc(Methods.INDEPENDENT);
            double independent = g.roc(Methods.INDEPENDENT) - g.roc(Methods.SINGLE);
            double best = g.roc(g.best(List.of(Methods.SHARED, Methods.INDEPENDENT, Methods.SINGLE)));
            order.row(g.name())
                    .put(Methods.SHARED + " less that of " + Methods.INDEPENDENT, "%.4f", shared)
                    .baseline(0, "the paper: larger")
                    .put(Methods.INDEPENDENT + " less that of " + Methods.SINGLE, "%.4f", independent)
                    .baseline(0, "the paper: larger")
                    .cell("the paper's order", shared > 0 && independent > 0 ? "holds" : "does not hold")
                    .cell("SF above IF", g.above(Methods.SHARED, Methods.INDEPENDENT))
                    .cell("IF above single", g.above(Methods.INDEPENDENT, Methods.SINGLE))
                    .cell("best less isolation forest", "%.4f", best - g.roc(forest))
                    .cell("best less best linear floor", "%.4f", best - g.roc(g.best(Methods.FLOORS)));
        }
    }
}

package dev.fathom.labs.outliers;

import static dev.fathom.experiments.pages.Findings.line;

import dev.fathom.experiments.statistics.Averages;
import dev.fathom.labs.outliers.Study.Outcome;
import java.util.Comparator;
import java.util.List;
import java.util.function.Predicate;
import java.util.function.ToDoubleFunction;

/** Some series, and how methods do on them in the mean. */
record Group(String name, List<Outcome> of) {
    Group some(String part, Predicate<Outcome> which) {
        return new Group(part, of.stream().filter(which).toList());
    }

    boolean has(String method) {
        return of.stream().allMatch(o -> o.results().containsKey(method));
    }

    double mean(ToDoubleFunction<Outcome> number) {
        return Averages.mean(of, number);
    }

    double roc(String method) {
        return mean(o -> o.roc(method));
    }

    double precision(String method) {
        return mean(o -> o.of(method).area().precision());
    }

    /** The one of some methods with the best mean ROC-AUC. */
    String best(List<String> methods) {
        return best(methods, this::roc);
    }

    /** The one of some methods with the largest number. */
    String best(List<String> methods, ToDoubleFunction<String> number) {
        return methods.stream()
                .filter(this::has)
                .max(Comparator.comparingDouble(number))
                .orElseThrow();
    }

    int count(Predicate<Outcome> which) {
        return some("", which).of.size();
    }

    /** On how many series one method is better than another. */
    String above(String better, String worse) {
        return line("%d of %d", count(o -> o.roc(better) > o.roc(worse)), of.size());
    }
}

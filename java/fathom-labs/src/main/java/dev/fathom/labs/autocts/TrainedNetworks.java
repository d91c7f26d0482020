package dev.fathom.labs.autocts;

import static dev.fathom.experiments.pages.Findings.line;

import dev.fathom.data.Dataset;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.labs.autocts.JointSearch.Evolved;
import dev.fathom.labs.series.ForecastTask;
import dev.fathom.view.Chart;
import java.util.Collections;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Which of the networks that are trained here are better, and the evolution of others by the comparator. */
final class TrainedNetworks {
    private TrainedNetworks() {}

    /** Trains random candidates, ranks them, and returns the best of those that evolve. */
    static Candidate evolve(Lab lab, ComparatorTraining comparator, ForecastTask task) {
        lab.section("Which of two networks is better: networks that are trained here");
        List<Dataset> parts = task.parts();
        try (Dataset train = JointSearch.every(parts.get(0), 4);
                Dataset validation = JointSearch.every(parts.get(1), 2)) {
            JointSearch search = new JointSearch(lab, task, train, validation, lab.epochs(6, 2));
            List<Measured> networks = search.random(lab.of(80, 8));
            int folds = lab.of(5, 2);
            HeldOut all = HeldOut.of(lab, "trained", networks, comparator, folds, lab.of(3, 1), lab.of(10, 3), 1);
            all.table(lab);
            double[] errors =
                    networks.stream().mapToDouble(Measured::best).sorted().toArray();
            // Spearman's correlation of random orders of m networks has the variance 1 / (m - 1), and the mean over k
            // folds of n / k networks 1 / (n - k)
            lab.put("networks", networks.size())
                    .put("windows", train.size())
                    .put("choosing", validation.size())
                    .put("smallest", errors[0])
                    .put("median", Averages.median(errors))
                    .put("largest", errors[errors.length - 1])
                    .put("chance", 2 / Math.sqrt(networks.size() - folds));
            lab.chart(
                            "trained.png",
                            new Chart("smallest validation error", "validation error after one epoch")
                                    .points(
                                            "candidates",
                                            Measured.after(1, networks),
                                            Measured.after(Integer.MAX_VALUE, networks)))
                    .link("candidates.csv")
                    .figure("Networks trained here", "", networks.size())
                    .figure(
                            "Comparator on held-out networks trained here, rank correlation",
                            "",
                            all.mean(HeldOut.BOTH))
                    .baseline(all.mean(HeldOut.name(1)), HeldOut.name(1));
            lab.figure("Comparator of networks trained here alone, rank correlation", "", all.mean(HeldOut.ALONE));
            lab.figure("Plain predictor of networks trained here, rank correlation", "", all.mean(HeldOut.RANK));
            comparator.learn(lab, networks, lab.of(10, 3));
            Evolved evolved = search.evolve(comparator, networks, lab.of(12, 2), lab.of(4, 1));
            evolution(lab, evolved, errors);
            return evolved.best();
        } finally {
            parts.forEach(Dataset::close);
        }
    }

    private static void evolution(Lab lab, Evolved evolved, double... errors) {
        double best = Collections.min(evolved.errors());
        Candidate chosen = evolved.best();
        lab.section("Evolution by the comparator")
                .put("asked", evolved.asked())
                .put(
                        "errors",
                        evolved.errors().stream()
                                .map(e -> e.isInfinite() ? "none, as it diverged" : line("%.4f", e))
                                .collect(Collectors.joining(", ")))
                .put(
                        "beaten",
                        IntStream.range(0, errors.length)
                                .filter(i -> errors[i] >= best)
                                .count())
                .put("names", String.join(", ", Candidate.HYPERPARAMETERS))
                .put("levels", chosen.levels())
                .put("values", Candidate.VALUES)
                .put("cell", chosen.cell())
                .figure("Best evolved candidate, validation error", "", best)
                .baseline(errors[0], line("best of %d random candidates", errors.length));
        lab.picture("joint-cell.png", chosen.cell().picture("The cell of the joint search")::render);
    }
}

package dev.fathom.labs.autocts;

import static dev.fathom.experiments.pages.Findings.line;

import dev.fathom.data.Dataset;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.pages.Figure;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.io.CsvFile;
import dev.fathom.labs.series.ForecastTask;
import dev.fathom.view.Chart;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Which of the networks that are trained here are better, and the evolution of others by the comparator. */
final class TrainedNetworks {
    private static final int ALL = Integer.MAX_VALUE;

    private TrainedNetworks() {}

    /** Trains random candidates, ranks them, and returns the best of those that evolve. */
    static Candidate evolve(Lab lab, ComparatorTraining comparator, ForecastTask task) {
        lab.section("Which of two networks is better: networks that are trained here");
        List<Dataset> parts = task.parts();
        try (Dataset train = JointSearch.every(parts.get(0), 4);
                Dataset validation = JointSearch.every(parts.get(1), 2)) {
            JointSearch search = new JointSearch(lab, task, train, validation, lab.epochs(12, 2));
            List<Measured> networks = search.random(lab.of(120, 8));
            double[] errors = Measured.after(ALL, networks);
            lab.put("networks", networks.size())
                    .put("windows", train.size())
                    .put("choosing", validation.size())
                    .put("smallest", Arrays.stream(errors).min().orElseThrow())
                    .put("median", Averages.median(errors))
                    .put("largest", Arrays.stream(errors).max().orElseThrow());
            rank(lab, comparator, networks);
            Evolution evolution = new Evolution(lab, search, lab.of(5, 2), lab.of(20, 2), lab.of(8, 2));
            Evolution.Found found = evolution.evolve(comparator, networks);
            write(lab, evolution, networks, found);
            return found.best().candidate();
        } finally {
            parts.forEach(Dataset::close);
        }
    }

    private static void rank(Lab lab, ComparatorTraining comparator, List<Measured> networks) {
        int folds = lab.of(5, 2);
        HeldOut all = HeldOut.of(lab, "trained", networks, comparator, folds, lab.of(3, 1), lab.of(10, 3), 1);
        all.table(lab);
        // Spearman's correlation of random orders of m networks has the variance 1 / (m - 1), and the mean over k
        // folds of n / k networks 1 / (n - k)
        lab.put("chance", 2 / Math.sqrt(networks.size() - folds))
                .chart(
                        "trained.png",
                        new Chart("smallest validation error", "validation error after one epoch")
                                .points("candidates", Measured.after(1, networks), Measured.after(ALL, networks)))
                .link("candidates.csv")
                .figure("Networks trained here", "", networks.size())
                .figure("Comparator on held-out networks trained here, rank correlation", "", all.mean(HeldOut.BOTH))
                .baseline(all.mean(HeldOut.name(1)), HeldOut.name(1))
                .figure("Comparator of networks trained here alone, rank correlation", "", all.mean(HeldOut.ALONE))
                .figure("Plain predictor of networks trained here, rank correlation", "", all.mean(HeldOut.RANK))
                .figure(Figure.mean(
                                "Comparator on held-out networks trained here, rank correlation less that of the "
                                        + "error after 1 epoch",
                                "",
                                all.differences(HeldOut.BOTH, HeldOut.name(1)))
                        .baseline(0, "as good as that error"));
    }

    private static void write(Lab lab, Evolution evolution, List<Measured> networks, Evolution.Found found) {
        double[] random = Measured.after(ALL, networks);
        double[] evolved = Measured.after(ALL, found.trained());
        Measured best = found.best();
        double smallest = Arrays.stream(random).min().orElseThrow();
        lab.section("Evolution by the comparator")
                .put("asked", found.asked())
                .put("rounds", evolution.rounds())
                .put("each", evolution.each())
                .put("evolved", evolved.length)
                .put("mean", Averages.mean(random))
                .put("below", Arrays.stream(evolved).filter(e -> e < smallest).count())
                .put("names", String.join(", ", Candidate.HYPERPARAMETERS))
                .put("levels", best.candidate().levels())
                .put("values", Candidate.VALUES)
                .put("cell", best.candidate().cell())
                .figure("Best evolved candidate, validation error", "", best.best())
                .baseline(smallest, line("best of %d random candidates", random.length))
                .figure(Figure.mean("Evolved candidates, mean validation error", "", evolved)
                        .baseline(Averages.mean(random), line("mean of %d random candidates", random.length)));
        double[] places = Averages.each(evolved.length, i -> random.length + i + 1.0);
        lab.chart(
                "evolution.png",
                new Chart("validation error", "number of the candidate")
                        .points("random", Averages.upTo(random.length), random)
                        .points("evolved", places, evolved)
                        .dashed("best random", new double[] {1, random.length + evolved.length}, new double[] {
                            smallest, smallest
                        }));
        lab.picture("joint-cell.png", best.candidate().cell().picture("The cell of the joint search")::render);
        file(lab, Stream.concat(networks.stream(), found.trained().stream()).toList());
    }

    /** Writes the candidates, the random ones first, with their errors after each epoch. */
    private static void file(Lab lab, List<Measured> candidates) {
        List<String> header = Stream.of(
                        Stream.of("cell"),
                        Candidate.HYPERPARAMETERS.stream(),
                        IntStream.rangeClosed(1, candidates.get(0).errors().length)
                                .mapToObj(epoch -> "error " + epoch))
                .flatMap(names -> names)
                .toList();
        CsvFile.write(
                lab.folder().resolve("candidates.csv"),
                header,
                candidates.stream()
                        .map(m -> Stream.of(
                                        Stream.of(m.candidate().cell()),
                                        m.candidate().levels().stream(),
                                        Arrays.stream(m.errors()).boxed())
                                .flatMap(fields -> fields)
                                .toList()));
    }
}

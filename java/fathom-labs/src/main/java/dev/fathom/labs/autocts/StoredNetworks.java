package dev.fathom.labs.autocts;

import static dev.fathom.experiments.pages.Findings.line;

import dev.fathom.experiments.Lab;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.search.ScoreRegressor;
import dev.fathom.view.Chart;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;

/** Which of the networks that AutoCTS+ measured are better, by a comparator and by plainer ways. */
final class StoredNetworks {
    /**
     * Spearman's correlation of the error after as many epochs with the last one, over all 207 stored networks, counted
     * by another program.
     */
    private static final Map<Integer, Double> EARLY =
            new TreeMap<>(Map.of(1, 0.205, 3, 0.350, 5, 0.260, 10, 0.403, 20, 0.421));

    private StoredNetworks() {}

    /** Teaches the comparator by noisy networks, and ranks clean ones. */
    static void rank(Lab lab, ComparatorTraining comparator, List<Measured> clean, List<Measured> noisy) {
        int cut = noisy.size() * 9 / 10;
        List<Measured> rest = noisy.subList(cut, noisy.size());
        lab.section("Which of two networks is better: the networks that AutoCTS+ measured")
                .put("learned", cut);
        comparator.learn(
                noisy.subList(0, cut),
                rest,
                lab.epochs(10, 2),
                1,
                (trainer, learned, held, n) -> lab.train("comparator", "networks", trainer, learned, held, n));
        int[] early = EARLY.keySet().stream().mapToInt(k -> k).toArray();
        HeldOut all = HeldOut.of(lab, "stored", clean, comparator, lab.of(5, 2), lab.of(2, 1), lab.of(10, 3), early);
        all.table(lab);
        double[] last = Measured.after(Integer.MAX_VALUE, clean);
        int epochs = clean.stream().mapToInt(m -> m.errors().length).min().orElse(1);
        Chart chart = new Chart("rank correlation with the final error", "epochs of training of each network")
                .logarithmic(true, false)
                .line(
                        "early error",
                        Averages.upTo(epochs),
                        IntStream.rangeClosed(1, epochs)
                                .mapToDouble(k -> ScoreRegressor.rankCorrelation(Measured.after(k, clean), last))
                                .toArray());
        for (String way : List.of(HeldOut.BOTH, HeldOut.ALONE, HeldOut.ELSEWHERE, HeldOut.RANK)) {
            chart.dashed(way.replace("comparator, ", ""), new double[] {1, epochs}, new double[] {
                all.mean(way), all.mean(way)
            });
        }
        lab.chart("stored.png", chart);
        EARLY.forEach((k, known) -> lab.figure(
                        line("All %d networks, %s, rank correlation", clean.size(), HeldOut.name(k)),
                        "",
                        ScoreRegressor.rankCorrelation(Measured.after(k, clean), last))
                .baseline(known, "all 207, by another program"));
        double five = all.mean(HeldOut.name(5));
        lab.figure("Error after 5 epochs on held-out networks of AutoCTS+, rank correlation", "", five);
        lab.figure("Comparator without noisy networks, rank correlation", "", all.mean(HeldOut.ALONE));
        lab.figure("Comparator of noisy networks alone, rank correlation", "", all.mean(HeldOut.ELSEWHERE));
        lab.figure("Plain predictor of the rank, rank correlation", "", all.mean(HeldOut.RANK));
        lab.figure(
                "Comparator on noisy networks that it has not seen, rank correlation",
                "",
                ScoreRegressor.rankCorrelation(
                        comparator.predicted(rest, rest.subList(0, Math.min(200, rest.size()))),
                        Measured.after(Integer.MAX_VALUE, rest)));
        lab.figure("Comparator on held-out networks of AutoCTS+, rank correlation", "", all.mean(HeldOut.BOTH))
                .baseline(five, "error after 5 epochs, same held-out networks");
    }
}

package dev.fathom.labs.optimization;

import static dev.fathom.experiments.pages.Findings.line;

import dev.fathom.data.Dataset;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.experiments.statistics.CriticalPoint;
import dev.fathom.op.Activation;
import dev.fathom.optim.Sgd;
import dev.fathom.train.Workers;
import dev.fathom.view.Chart;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** Dauphin et al. (2014): the higher a critical point of the loss lies, the more of its directions lead down. */
final class Saddles {
    private Saddles() {}

    /** Puts them into a section. */
    static void show(Lab lab, Dataset data) {
        int epochs = lab.epochs(80, 40);
        int starts = lab.of(40, 8);
        int steps = lab.of(300, 15);
        FlatNet net = FlatNet.of(Activation.TANH, 16, lab.of(4, 2), 10);
        List<CriticalPoint> points = Workers.all().run(starts, i -> {
            int trained = (int) Math.round(1 + (epochs - 1.0) * i / (starts - 1));
            float[] end = net.end(new Sgd(0.1f), data, LandscapeLab.BATCH, trained, lab.seed() + i, lab::check);
            return CriticalPoint.from(w -> net.loss(w, data), steps, 1e-6, lab::check, end);
        });
        double plateau = entropy(data);
        List<CriticalPoint> flat = points.stream()
                .filter(p -> Math.abs(p.loss() - plateau) <= 0.01)
                .toList();
        List<CriticalPoint> others = points.stream()
                .filter(p -> !flat.contains(p))
                .sorted(Comparator.comparingDouble(CriticalPoint::loss))
                .toList();
        List<CriticalPoint> arrived =
                others.stream().filter(CriticalPoint::arrived).toList();
        boolean exact = arrived.size() >= 10;
        List<CriticalPoint> shown = exact ? arrived : others;
        lab.put("exact", exact).put("vanishes", exact ? "vanishes" : "nearly vanishes");
        lab.section("Where the gradient {vanishes}").put("epochs", epochs).put("starts", starts);
        lab.put("hidden", net.widths()[1]).put("weights", net.size());
        lab.put("size", data.size()).put("steps", steps);
        lab.put("before", Averages.median(points, CriticalPoint::before));
        lab.put("after", Averages.median(points, CriticalPoint::norm));
        lab.put("plateau", plateau).put("flat", flat.size()).put("some", !flat.isEmpty());
        lab.put("zeros", net.size() - Averages.mean(flat, p -> p.negative() + p.positive()));
        lab.put("others", others.size()).put("lost", others.size() - arrived.size());
        lab.put("enough", shown.size() >= 3);
        if (shown.size() >= 3) {
            indices(lab, shown, exact ? "critical points" : "places");
        }
    }

    /** The eigenvalues at places in the order of their losses. */
    private static void indices(Lab lab, List<CriticalPoint> points, String places) {
        int n = points.size();
        Table table = lab.table("thirds", places);
        for (int third = 0; third < 3; third++) {
            List<CriticalPoint> part = points.subList(third * n / 3, (third + 1) * n / 3);
            double highest = part.get(part.size() - 1).loss();
            table.row(List.of("lowest third", "middle third", "highest third").get(third))
                    .cell("loss", "%.3f to %.3f", part.get(0).loss(), highest)
                    .put("negative eigenvalues", "%.1f", Averages.mean(part, CriticalPoint::negative))
                    .put("positive eigenvalues", "%.1f", Averages.mean(part, CriticalPoint::positive))
                    .put("index", "%.1f %%", Averages.mean(part, CriticalPoint::index))
                    .put("median least eigenvalue", "%.3g", Averages.median(part, p -> p.eigenvalues()[0]));
        }
        double[] losses = points.stream().mapToDouble(CriticalPoint::loss).toArray();
        double[] shares = points.stream().mapToDouble(CriticalPoint::index).toArray();
        lab.chart(
                "saddles.png",
                new Chart(line("Negative eigenvalues at %s, %%", places), "loss").points(places, losses, shares));
        long minima = points.stream().filter(p -> p.negative() == 0).count();
        double correlation = CriticalPoint.correlation(points);
        String title = places.substring(0, 1).toUpperCase(Locale.ROOT) + places.substring(1);
        lab.figure(title + ", correlation of loss and index", "", correlation)
                .figure(title + " with negative eigenvalues", "%", 100.0 * (n - minima) / n);
        lab.put("spots", places)
                .put("correlation", correlation)
                .put("minima", minima)
                .put("shown", n);
    }

    /** The least loss of a network that does not see its input. */
    private static double entropy(Dataset data) {
        var counts = Arrays.stream(data.labels()).boxed().collect(Collectors.groupingBy(k -> k, Collectors.counting()));
        return counts.values().stream()
                .mapToDouble(count -> count / (double) data.size())
                .map(share -> -share * Math.log(share))
                .sum();
    }
}

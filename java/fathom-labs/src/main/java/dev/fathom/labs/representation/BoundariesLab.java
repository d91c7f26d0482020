package dev.fathom.labs.representation;

import static dev.fathom.experiments.pages.Findings.line;

import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.PlaneSet;
import dev.fathom.experiments.data.PlaneSet.Points;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.training.NamedActivation;
import dev.fathom.features.NearestNeighbors;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Activation;
import dev.fathom.view.Diagram;
import dev.fathom.view.Regions;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/** The regions into which networks with each activation divide the plane, on four toy problems. */
public final class BoundariesLab implements Experiment {
    static final int HIDDEN = 16;

    static final float RATE = 0.02f;
    static final int LEARN = 200;
    static final int TEST = 1000;
    private static final double REACH = 1.7;

    @Override
    public Optional<Diagram> net() {
        return Experiment.drawn(
                "One of the networks, with ReLU",
                new Sequential(
                        new Linear(2, HIDDEN).act(Activation.RELU),
                        new Linear(HIDDEN, HIDDEN).act(Activation.RELU),
                        new Linear(HIDDEN, 1)),
                2);
    }

    @Override
    public void run(Lab lab) {
        int draws = lab.of(5, 1);
        int steps = lab.epochs(2000, 300);
        List<Points> learn = draw(lab, "learn", draws, LEARN);
        List<Points> test = draw(lab, "test", draws, TEST);
        lab.section("The problems").put("draws", draws).put("several", draws > 1);
        lab.put("hidden", HIDDEN)
                .put("steps", steps)
                .put("learn", LEARN)
                .put("test", TEST)
                .put("rate", RATE);
        double[] neighbors = neighbors(learn, test, draws);
        Map<String, Trained> all = new LinkedHashMap<>();
        for (NamedActivation activation : NamedActivation.ALL) {
            all.put(activation.name(), Trained.train(lab, activation, learn, test, draws, steps));
        }
        table(lab, all, neighbors);
        for (PlaneSet set : PlaneSet.values()) {
            List<Regions> planes = new ArrayList<>();
            Points points = learn.get(set.ordinal() * draws);
            all.forEach((name, t) -> planes.add(plane(line("%s, %.1f %%", name, 100 * t.accuracies()[set.ordinal()]))
                    .shares(t.shares()[set.ordinal()])
                    .points(0, points.of(0))
                    .points(1, points.of(1))));
            lab.picture(set.title() + ".png", () -> Regions.sheet(6, planes));
        }
    }

    /** The points of all draws of the first problem, then those of the second, and so on. */
    private static List<Points> draw(Lab lab, String purpose, int draws, int n) {
        List<Points> all = new ArrayList<>();
        for (PlaneSet set : PlaneSet.values()) {
            for (int d = 0; d < draws; d++) {
                all.add(set.draw(n, lab.rng(purpose + set + d)));
            }
        }
        return all;
    }

    private static double[] neighbors(List<Points> learn, List<Points> test, int draws) {
        double[] accuracies = new double[learn.size() / draws];
        for (int i = 0; i < learn.size(); i++) {
            try (var index = new NearestNeighbors(5).fit(learn.get(i).examples(), 1)) {
                accuracies[i / draws] += index.accuracy(test.get(i).examples()) / draws;
            }
        }
        return accuracies;
    }

    static Regions plane(String title) {
        return new Regions(title, -REACH, REACH, -REACH, REACH).side(180);
    }

    private static void table(Lab lab, Map<String, Trained> all, double[] neighbors) {
        lab.section("Test accuracy");
        Table table = lab.table("accuracy", "activation").named("{row} on {column}, test accuracy");
        all.forEach((name, t) -> {
            Table.Row row = table.row(name);
            for (PlaneSet set : PlaneSet.values()) {
                row.put(set.title(), "%.1f %%", 100 * t.accuracies()[set.ordinal()])
                        .baseline(100 * neighbors[set.ordinal()], "5 nearest neighbors");
            }
        });
        Table.Row row = table.row("5 nearest neighbors");
        for (PlaneSet set : PlaneSet.values()) {
            row.cell(set.title(), "%.1f %%", 100 * neighbors[set.ordinal()]);
        }
        Map<String, Trained> others = new LinkedHashMap<>(all);
        double none = 100
                * Objects.requireNonNull(others.remove(NamedActivation.NONE)).mean();
        var worst = Collections.min(
                others.entrySet(), Comparator.comparingDouble(e -> e.getValue().mean()));
        var best = Collections.max(
                others.entrySet(), Comparator.comparingDouble(e -> e.getValue().mean()));
        lab.put("best", best.getKey())
                .put("worst", worst.getKey())
                .put("low", 100 * worst.getValue().mean());
        double high = 100 * best.getValue().mean();
        lab.put("none", none).put("high", high);
        lab.figure("best activation, mean test accuracy over the problems", "%", high)
                .baseline(none, "the linear classifier");
    }
}

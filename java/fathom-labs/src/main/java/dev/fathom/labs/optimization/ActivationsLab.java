package dev.fathom.labs.optimization;

import static dev.fathom.labs.pages.Findings.line;

import dev.fathom.labs.data.ImageSet;
import dev.fathom.labs.data.Images;
import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.experiments.OldExperiment;
import dev.fathom.labs.optimization.Race.Placed;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Findings;
import dev.fathom.labs.training.NamedActivation;
import dev.fathom.nn.Flatten;
import dev.fathom.nn.Init;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Sequential;
import dev.fathom.optim.Adam;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** All activations of the library in the same network, on the same images, for the same number of steps. */
public final class ActivationsLab implements OldExperiment {
    private static final int BATCH = 128;
    private static final int WIDTH = 128;
    private static final int HIDDEN = 3;

    @Override
    public String name() {
        return "activations";
    }

    @Override
    public Findings run(LabRun run) {
        try (Images all = ImageSet.FASHION_MNIST.images(run.data(), run.seed())) {
            Images images = (run.brief() ? all.first(1500) : all.learning(20_000)).normalized();
            Findings page = run.page(
                    "Lab activations",
                    line(
                            "%s, %,d images to learn from",
                            images.title(), images.learn().size()));
            double[] factors = run.brief() ? new double[] {1, 3.2} : new double[] {0.32, 1, 3.2, 10};
            Race race = new Race(run, images, BATCH, factors, run.of(3, 1), run.epochs(6, 2), run.of(3, 1));
            List<Placed> placed = race.run(NamedActivation.ALL.stream()
                    .map(a -> new Race.Candidate(a.name(), () -> network(a), 1e-3, r -> new Adam((float) r)))
                    .toList());
            if (placed.isEmpty()) {
                return page;
            }
            page.section("The race", "")
                    .text(line(
                            "A network with %d hidden layers of %d units learns %,d images by Adam in batches of "
                                    + "%d. Only the activation behind each hidden layer "
                                    + "differs; the weights begin by Xavier's initialization and the biases at 0. "
                                    + "Maxout takes the larger of two numbers, so "
                                    + "its layers have twice the weights. %s",
                            HIDDEN, WIDTH, images.learn().size(), BATCH, race.rule()));
            show(page, placed);
            return page.finished();
        }
    }

    private static Layer network(NamedActivation activation) {
        List<Layer> layers = new ArrayList<>(List.of(new Flatten()));
        for (int i = 0; i < HIDDEN; i++) {
            layers.add(linear(i == 0 ? 784 : WIDTH, activation.inputs() * WIDTH));
            layers.add(activation.layer().apply(WIDTH));
        }
        layers.add(linear(WIDTH, 10));
        return new Sequential(layers);
    }

    private static Linear linear(int in, int out) {
        return new Linear(in, out, Init.xavierUniform()).withBias(Init.zeros());
    }

    private static void show(Findings page, List<Placed> placed) {
        Placed relu = placed.get(0);
        Placed linear = named(placed, NamedActivation.NONE);
        List<Placed> order = placed.stream()
                .sorted(Comparator.comparingDouble(Placed::accuracy).reversed())
                .toList();
        List<List<String>> rows = new ArrayList<>();
        for (Placed p : order) {
            Course mean = p.mean();
            rows.add(List.of(
                    p.name(),
                    p.words(),
                    mean.diverged() ? "diverged" : line("%.4f", mean.losses()[0]),
                    mean.diverged() ? "diverged" : line("%.4f", mean.loss()),
                    line("%.2f %%", 100 * p.accuracy()),
                    line("%.2f", 100 * p.spread())));
            page.figure(baseline(p, linear));
        }
        page.table(
                List.of(
                        "activation",
                        "rate",
                        "training loss, epoch 1",
                        "training loss, last epoch",
                        "test accuracy",
                        "spread of the seeds"),
                rows);
        for (NamedActivation.Kind kind : NamedActivation.Kind.values()) {
            Map<String, double[][]> accuracies = new LinkedHashMap<>();
            for (int i = 0; i < placed.size(); i++) {
                if (NamedActivation.ALL.get(i).kind() == kind
                        && !placed.get(i).mean().diverged()) {
                    accuracies.put(
                            placed.get(i).name(),
                            Course.curve(placed.get(i).mean().accuracies()));
                }
            }
            page.series(
                    kind.name().toLowerCase(Locale.ROOT) + ".png",
                    kind.title() + ": test accuracy over the epochs",
                    kind.title() + ", test accuracy",
                    "epoch",
                    accuracies);
        }
        Placed best = order.get(0);
        List<Placed> others = order.stream()
                .skip(1)
                .filter(p -> !p.name().equals(NamedActivation.NONE))
                .toList();
        page.text(line(
                "%s comes first with %.2f %%; %d of the other %d activations lie within half a percentage point "
                        + "of it, and ReLU has %.2f %%. "
                        + "Without an activation the network is linear and reaches %.2f %%, which %d activations "
                        + "exceed.",
                best.name(),
                100 * best.accuracy(),
                others.stream()
                        .filter(p -> p.accuracy() > best.accuracy() - 0.005)
                        .count(),
                others.size(),
                100 * relu.accuracy(),
                100 * linear.accuracy(),
                placed.stream().filter(p -> p.accuracy() > linear.accuracy()).count()));
    }

    private static Figure baseline(Placed p, Placed linear) {
        return Figure.of(p.name() + ", test accuracy", "%", 100 * p.accuracy())
                .baseline(100 * linear.accuracy(), "no activation");
    }

    private static Placed named(List<Placed> placed, String name) {
        return placed.stream().filter(p -> p.name().equals(name)).findFirst().orElseThrow();
    }
}

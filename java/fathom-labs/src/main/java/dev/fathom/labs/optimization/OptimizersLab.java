package dev.fathom.labs.optimization;

import static dev.fathom.labs.pages.Findings.line;
import static dev.fathom.op.Activation.RELU;

import dev.fathom.labs.data.ImageSet;
import dev.fathom.labs.data.Images;
import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.experiments.OldExperiment;
import dev.fathom.labs.optimization.Race.Placed;
import dev.fathom.labs.optimization.Racer.Family;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Findings;
import dev.fathom.nn.Flatten;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Sequential;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** All optimizers raced: over the surfaces of textbooks, and on handwritten digits. */
public final class OptimizersLab implements OldExperiment {
    private static final int BATCH = 128;

    @Override
    public String name() {
        return "optimizers";
    }

    @Override
    public Findings run(LabRun run) {
        ImageSet set = run.brief() ? ImageSet.FASHION_MNIST : ImageSet.MNIST;
        try (Images all = set.images(run.data(), run.seed());
                Images some = all.first(run.of(Integer.MAX_VALUE, 2000));
                Images images = some.normalized()) {
            Findings page = run.page(
                    "Lab optimizers",
                    line(
                            "Four functions of two variables; %s, %,d images to learn from",
                            images.title(), images.learn().size()));
            boolean whole = new SurfaceRace(run, page).race() && race(run, page, images);
            return whole ? page.finished() : page;
        }
    }

    private static Layer network() {
        return new Sequential(new Flatten(), new Linear(784, 100).act(RELU), new Linear(100, 10));
    }

    /** The network taught by each optimizer, with the best of its rates. */
    private static boolean race(LabRun run, Findings page, Images images) {
        int epochs = run.epochs(10, 2);
        double[] factors = run.brief() ? new double[] {1, 3.2} : new double[] {0.1, 0.32, 1, 3.2, 10};
        Race race = new Race(run, images, BATCH, factors, run.of(5, 1), epochs, 1);
        List<Placed> placed = race.run(Racer.ON_IMAGES.stream()
                .map(c -> new Race.Candidate(c.name(), OptimizersLab::network, c.typical(), c.recipe()))
                .toList());
        if (placed.isEmpty()) {
            return false;
        }
        page.section(images.title(), "")
                .text(line(
                        "A network of 784-100-10 with ReLU learns %,d images in batches of %d, with all "
                                + "optimizers from the same weights and in the same order. %s "
                                + "Mean momentum averages with 1 - β, Nesterov ahead takes the gradient ahead as "
                                + "textbooks do, Lookahead goes around Adam, and SAM, EMA and SWA around "
                                + "momentum; EMA and SWA are judged by their averages of the weights.",
                        images.learn().size(), BATCH, race.rule()));
        List<List<String>> rows = new ArrayList<>();
        for (Placed p : placed) {
            Course c = p.mean();
            rows.add(List.of(
                    p.name(),
                    p.words(),
                    c.diverged() ? "diverged" : line("%.4f", c.losses()[0]),
                    c.diverged() ? "diverged" : line("%.4f", c.loss()),
                    line("%.2f %%", 100 * c.accuracy())));
        }
        page.table(
                List.of("optimizer", "rate", "training loss, epoch 1", "training loss, last epoch", "test accuracy"),
                rows);
        for (Family family : Family.values()) {
            Map<String, double[][]> losses = new LinkedHashMap<>();
            for (int i = 0; i < placed.size(); i++) {
                if (Racer.ON_IMAGES.get(i).family() == family
                        && !placed.get(i).mean().diverged()) {
                    losses.put(
                            placed.get(i).name(),
                            logarithms(placed.get(i).mean().losses()));
                }
            }
            page.series(
                    family.file() + "-images.png",
                    family.title() + ": training loss over the epochs",
                    "log10 of the training loss",
                    "epoch",
                    losses);
        }
        conclude(page, placed);
        return true;
    }

    private static void conclude(Findings page, List<Placed> placed) {
        Placed fastest =
                Collections.min(placed, Comparator.comparingDouble(p -> p.mean().loss()));
        Placed best = Collections.max(placed, Comparator.comparingDouble(Placed::accuracy));
        Placed plain = placed.stream()
                .filter(p -> p.name().equals("Gradient descent"))
                .findFirst()
                .orElseThrow();
        double descent = plain.mean().loss();
        page.text(line(
                "The training loss is least with %s, %.4f against %.4f with plain gradient descent, below which "
                        + "%d of the other %d come. The test accuracy is "
                        + "highest with %s, %.2f %% against %.2f %%.",
                fastest.name(),
                fastest.mean().loss(),
                descent,
                placed.stream().filter(p -> p.mean().loss() < descent).count(),
                placed.size() - 1,
                best.name(),
                100 * best.accuracy(),
                100 * plain.accuracy()));
        for (Placed p : placed) {
            Figure figure = Figure.of(p.name() + ", test accuracy", "%", 100 * p.accuracy())
                    .baseline(100 * plain.accuracy(), "plain gradient descent");
            page.figure(figure);
        }
    }

    private static double[][] logarithms(double... losses) {
        return Course.curve(Arrays.stream(losses).map(Math::log10).toArray());
    }
}

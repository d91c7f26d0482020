package dev.fathom.labs.images;

import static dev.fathom.experiments.pages.Findings.line;

import dev.fathom.attack.Attack;
import dev.fathom.attack.ProjectedGradient;
import dev.fathom.attack.Victim;
import dev.fathom.data.Batch;
import dev.fathom.data.Dataset;
import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.DataSet;
import dev.fathom.experiments.data.ImageSet;
import dev.fathom.experiments.data.Images;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.training.Recipe;
import dev.fathom.experiments.training.TrainedEntry;
import dev.fathom.nets.MnistCnn;
import dev.fathom.nn.Flatten;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Sequential;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import dev.fathom.view.Chart;
import dev.fathom.view.Diagram;
import dev.fathom.view.ImageSheet;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * The fast gradient sign method (Goodfellow, Shlens and Szegedy 2015): x' = clamp(x + ε sign(dloss/dx)), with every
 * pixel between black, 0, and white, 1. No pixel moves by more than ε, and a network that was right is wrong.
 */
public final class FgsmLab implements Experiment {
    private static final double[] EPSILONS = {0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3};
    /** Of PyTorch's tutorial on adversarial examples, for the network of its MNIST example. */
    private static final double[] TUTORIAL = {0.9912, 0.9605, 0.8743, 0.7111, 0.4877, 0.2717, 0.1418};

    private static final int QUARTER = 5;
    private static final int SHOWN = 6;

    @Override
    public Optional<Diagram> net() {
        return Experiment.drawn("PyTorch's example", new MnistCnn(), 28, 28, 1);
    }

    @Override
    public List<DataSet> reads() {
        return List.of(ImageSet.MNIST.set(), ImageSet.CIFAR10.set());
    }

    @Override
    public void run(Lab lab) {
        try (Comparison nets = new Comparison(lab, ImageSet.MNIST, 4000)) {
            Recipe recipe = Recipe.mnistExample(lab.epochs(6, 1));
            TrainedEntry example = nets.train("PyTorch's example", new MnistCnn(), recipe);
            TrainedEntry softmax =
                    nets.train("Softmax regression", new Sequential(new Flatten(), new Linear(784, 10)), recipe);
            lab.section("Accuracy under attack");
            Table table = lab.table("attacked", "accuracy under attack").named("{row}, accuracy at {column}");
            Table quarter = lab.table("quarter", "at ε 0.25").named("{row}, {column} at ε 0.25");
            Chart chart = new Chart("accuracy", "ε");
            attack(lab, example, table.row("PyTorch's example"), quarter, chart);
            attack(lab, softmax, table.row("Softmax regression"), quarter, chart);
            Table.Row tutorial = table.row("PyTorch's tutorial");
            for (int e = 0; e < EPSILONS.length; e++) {
                tutorial.cell("ε " + EPSILONS[e], "%.2f %%", 100 * TUTORIAL[e]);
            }
            lab.chart("attacked.png", chart.line("PyTorch's tutorial", EPSILONS, TUTORIAL))
                    .section("At a quarter of the range")
                    .section("Adversarial examples")
                    .sheet("adversarial.png", sheet(example));
            try (Images photographs = photographs(lab)) {
                PhotographAttack.run(lab, nets, photographs);
            }
        }
    }

    /** Returns photographs of CIFAR-10. A folder that the user names holds digits, so they never come from there. */
    private static Images photographs(Lab lab) {
        try (Images all = ImageSet.CIFAR10.images(null, lab.seed());
                Images some = all.sample(lab.of(20_000, 1000), lab.seed())) {
            return some.normalized();
        }
    }

    private static void attack(Lab lab, TrainedEntry net, Table.Row row, Table quarter, Chart chart) {
        Dataset test = net.images().test();
        Victim victim = victim(net);
        double[] accuracies = new double[EPSILONS.length];
        for (int e = 0; e < EPSILONS.length; e++) {
            Attack.Outcome outcome = attack(victim, e).on(victim, test, lab.seed());
            accuracies[e] = outcome.accuracy();
            row.put("ε " + EPSILONS[e], "%.2f %%", 100 * outcome.accuracy());
            if (e == QUARTER) {
                wrong(quarter.row(row.name()), "%.1f %%", outcome);
            }
        }
        chart.line(row.name(), EPSILONS, accuracies);
    }

    /** Puts the share of the images on which the network is wrong, and how sure it is of its wrong answers. */
    static void wrong(Table.Row row, String format, Attack.Outcome outcome) {
        row.put("wrong", format, 100 * (1 - outcome.accuracy()));
        if (outcome.accuracy() < 1) {
            row.put("confidence of its wrong answers", "%.1f %%", 100 * outcome.confidence());
        }
    }

    private static Attack attack(Victim victim, int e) {
        return ProjectedGradient.fast((float) EPSILONS[e] * (victim.high() - victim.low()));
    }

    /** The network under attack; the blackest and the whitest pixel are those of some images. */
    static Victim victim(TrainedEntry net) {
        Dataset test = net.images().test();
        try (Pass pass = Pass.infer()) {
            Tensor x = test.batches(Math.min(250, test.size())).epoch(0).next().x();
            return new Victim(
                    net.model().net(),
                    test.featureShape(),
                    x.min().item(),
                    x.max().item());
        }
    }

    private static ImageSheet sheet(TrainedEntry net) {
        ImageSheet sheet = new ImageSheet(28, 28, 1).columns(EPSILONS.length);
        Dataset test = net.images().test();
        Victim victim = victim(net);
        try (Pass pass = Pass.infer()) {
            Batch batch = test.batches(SHOWN).epoch(0).next();
            float[] x = batch.x().toArray();
            int[] labels = batch.y().toIntArray();
            for (int i = 0; i < SHOWN; i++) {
                float[] one = Arrays.copyOfRange(x, i * 784, (i + 1) * 784);
                for (int e = 0; e < EPSILONS.length; e++) {
                    float[] changed = attack(victim, e).of(victim, one, labels[i]);
                    Victim.Answers said = victim.answers(changed);
                    sheet.add(
                            test.pixels(changed),
                            line("ε %s: %d, %.1f %%", EPSILONS[e], said.classes()[0], 100 * said.confidence()[0]));
                }
            }
        }
        return sheet;
    }
}

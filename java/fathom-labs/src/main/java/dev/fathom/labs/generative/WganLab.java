package dev.fathom.labs.generative;

import dev.fathom.data.Dataset;
import dev.fathom.derivative.GradientPenalty;
import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.DataSet;
import dev.fathom.experiments.data.ImageSet;
import dev.fathom.experiments.data.Images;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.experiments.statistics.Correlation;
import dev.fathom.experiments.statistics.Density;
import dev.fathom.labs.generative.Mixture.Contest;
import dev.fathom.nn.Model;
import dev.fathom.op.Shape;
import dev.fathom.optim.Adam;
import dev.fathom.optim.RmsProp;
import dev.fathom.tensor.Rng;
import dev.fathom.view.Chart;
import dev.fathom.view.Diagram;
import java.util.List;
import java.util.Optional;
import java.util.function.IntFunction;

/**
 * Wasserstein adversarial nets, with clipped weights (Arjovsky, Chintala and Bottou 2017) and with a gradient penalty
 * (Gulrajani et al. 2017), and what their critics say of the Wasserstein distance where the distance is known.
 */
public final class WganLab implements Experiment {
    /** The nets for images with clipped weights. */
    private static final AdversarialDuel CLIPPED = clipped(64, 5e-4f, 0.03f);
    /** The nets for images with a gradient penalty. */
    private static final AdversarialDuel PENALIZED = penalized(64, 5e-4f, GradientPenalty.twoSided(10));

    private static final int TURNS = 5;

    /**
     * The settings of the second paper: five steps of the critic, a penalty on its slope, Adam with betas of 0 and 0.9.
     */
    static AdversarialDuel penalized(int batch, float rate, GradientPenalty penalty) {
        return new AdversarialDuel(
                Game.WASSERSTEIN, TURNS, batch, new Adam(rate).betas(0, 0.9f), Float.POSITIVE_INFINITY, penalty, false);
    }

    /** The settings of the first paper: five steps of the critic, weights clipped, RMSProp. */
    static AdversarialDuel clipped(int batch, float rate, float clip) {
        return new AdversarialDuel(Game.WASSERSTEIN, TURNS, batch, new RmsProp(rate), clip, null, false);
    }

    @Override
    public Optional<Diagram> net() {
        return Experiment.drawn(
                "The critic of images", Nets.convolutional(0, false).critic(), 28, 28, 1);
    }

    @Override
    public List<DataSet> reads() {
        return List.of(ImageSet.MNIST.set(), ImageSet.FASHION_MNIST.set());
    }

    @Override
    public void run(Lab lab) {
        try (Images digits = ImageSet.MNIST.images(lab.data(), lab.seed()).sample(lab.of(60_000, 1000), lab.seed());
                Images clothes =
                        ImageSet.FASHION_MNIST.images(null, lab.seed()).sample(lab.of(60_000, 500), lab.seed())) {
            lab.put("mnist", digits.learn().size())
                    .put("fashion", clothes.learn().size());
            KnownDistances.shifts(lab);
            KnownDistances.points(lab);
            game(lab);
            AdversarialDuel penalized = penalized(Mixture.BATCH, 1e-3f, GradientPenalty.oneSided(10));
            AdversarialDuel clipped = clipped(Mixture.BATCH, 5e-4f, 0.1f);
            IntFunction<Gan> net = modes -> Nets.points(2, 16, lab.of(128, 64), 0);
            Mixture.play(
                    lab,
                    List.of(
                            new Contest("gradient penalty", net, penalized),
                            new Contest("weight clipping", net, clipped)));
            images(lab, "Digits", digits, lab.epochs(8, 2));
            images(lab, "Clothes", clothes, lab.epochs(4, 1));
        }
    }

    /** Both nets on images of one kind, and whether the estimate falls with the quality of the samples. */
    private static void images(Lab lab, String title, Images images, int epochs) {
        try (ImageStudy study = new ImageStudy(lab, title, images, lab.of(2000, 100))) {
            for (Table.Row row : List.of(
                    study.add("weight clipping", Nets.convolutional(0, false), CLIPPED, epochs),
                    study.add("gradient penalty", Nets.convolutional(0, false), PENALIZED, epochs))) {
                double[][] curves = study.curves(row.name());
                if (epochs >= 6) {
                    float[] estimates = Averages.floats(curves[0]);
                    double correlation = Correlation.pearson(estimates, Averages.floats(curves[1]), 1, epochs);
                    row.put("correlation of estimate and Fréchet distance", "%.2f", correlation);
                }
            }
            study.compare("Critic's estimate");
            lab.put("correlated", epochs >= 6);
        }
    }

    /** The whole game on a line: the critic's estimate and the true distance fall together. */
    private static void game(Lab lab) {
        int n = 12_288;
        int epochs = lab.epochs(40, 8);
        Density data = Density.pair(2, 0.5);
        Rng rng = lab.rng("line");
        lab.section("The game on a line").put("density", data.name());
        try (Dataset points = Dataset.of(data.sample(n, rng), Shape.of(1), new int[n]);
                Model<Gan> model = Model.of(Nets.points(1, 4, 64, 0), lab.seed())) {
            var played = penalized(128, 1e-3f, KnownDistances.ONE_SIDED)
                    .play(lab, "A game on a line", model, points, epochs, 1000, float[].class, x -> x);
            float[] real = data.sample(1000, rng);
            double[] truth = played.seen().stream()
                    .mapToDouble(samples -> Density.wasserstein(real, samples))
                    .toArray();
            double[][] estimate = played.history().curve("value");
            lab.put("estimate", estimate[1][0])
                    .put("estimateAtTheEnd", estimate[1][epochs - 1])
                    .put("distance", truth[0])
                    .put("floor", Density.wasserstein(real, data.sample(1000, rng)))
                    .figure("Distance at the end of the game on a line", "", truth[epochs - 1])
                    .baseline(truth[0], "after the first epoch")
                    .chart(
                            "line.png",
                            new Chart("Distance between data and generator", "epoch")
                                    .line("critic's estimate", estimate[0], estimate[1])
                                    .dashed("sorted samples", estimate[0], truth));
        }
    }
}

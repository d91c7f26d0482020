package dev.fathom.labs.generative;

import static dev.fathom.labs.pages.Result.line;

import dev.fathom.labs.data.ImageSet;
import dev.fathom.labs.data.Images;
import dev.fathom.labs.experiments.Experiment;
import dev.fathom.labs.experiments.Run;
import dev.fathom.labs.generative.ImageStudy.Trained;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Result;
import dev.fathom.labs.statistics.Correlation;
import dev.fathom.labs.statistics.Summary;
import dev.fathom.nn.GradientPenalty;
import dev.fathom.optim.Adam;
import dev.fathom.optim.RmsProp;

/** Wasserstein adversarial nets, with clipped weights (Arjovsky, Chintala and Bottou 2017) and with a gradient penalty (Gulrajani et al. 2017). */
public final class WganLab implements Experiment {
    private static final int TURNS = 5;

    /** The settings of the second paper: five steps of the critic, a penalty on its slope, Adam with betas of 0 and 0.9. */
    static Duel penalized(int batch, float rate, GradientPenalty penalty) {
        return new Duel(
                Game.WASSERSTEIN, TURNS, batch, new Adam(rate).betas(0, 0.9f), Float.POSITIVE_INFINITY, penalty, false);
    }

    /** The settings of the first paper: five steps of the critic, weights clipped, RMSProp. */
    static Duel clipped(int batch, float rate, float clip) {
        return new Duel(Game.WASSERSTEIN, TURNS, batch, new RmsProp(rate), clip, null, false);
    }

    @Override
    public String name() {
        return "wgan";
    }

    @Override
    public String shows() {
        return "Wasserstein adversarial nets: the critic's estimate beside the true distance, clipping beside the gradient penalty";
    }

    @Override
    public Result run(Run run) {
        try (Images digits = ImageSet.MNIST.images(run.data(), run.seed()).first(run.of(60_000, 1000))) {
            Result page = run.page(
                    "Lab wgan",
                    line(
                            "Densities on a line, points and mixtures in the plane, MNIST: %,d images",
                            digits.learn().size()));
            boolean done = new WassersteinStudy(run, page).add() && mixtures(run, page) && digits(run, page, digits);
            return done ? page.finished() : page;
        }
    }

    private static boolean mixtures(Run run, Result page) {
        MixtureStudy study = new MixtureStudy(run, page);
        int width = run.of(128, 64);
        for (Mixture mixture : Mixture.of(run)) {
            int epochs = run.epochs(mixture == Mixture.RING ? 80 : 160, 5);
            if (!study.add(
                            mixture,
                            "gradient penalty",
                            Nets.points(2, 16, width),
                            penalized(256, 1e-3f, GradientPenalty.oneSided(10)),
                            epochs)
                    || !study.add(
                            mixture, "weight clipping", Nets.points(2, 16, width), clipped(256, 5e-4f, 0.1f), epochs)) {
                return false;
            }
        }
        study.table("The mixtures of the lab gan, for a critic of the Wasserstein distance; the penalty is one-sided.");
        return true;
    }

    private static boolean digits(Run run, Result page, Images images) {
        int epochs = run.epochs(10, 2);
        try (Images unit = images.scaled();
                var learn = images.learn().scaled(2f / 255, -1);
                Evaluation evaluation = new Evaluation(run, unit, run.of(2000, 200))) {
            ImageStudy study = new ImageStudy(run, page, "Digits", learn, evaluation);
            Trained clipping = study.add(
                    "weight clipping",
                    Nets.wasserstein(),
                    clipped(64, 5e-4f, 0.03f),
                    epochs,
                    "The critic's weights are clipped to ±0.03. The first paper clips to ±0.01 with a rate of 5e-5, for nets that are trained for days.");
            Trained penalty = clipping == null
                    ? null
                    : study.add(
                            "gradient penalty",
                            Nets.wasserstein(),
                            penalized(64, 5e-4f, GradientPenalty.twoSided(10)),
                            epochs,
                            "The critic's slope between images and samples is pulled toward 1.");
            study.compare("Critic's estimate");
            if (clipping == null || penalty == null) {
                return false;
            }
            quality(page, "weight clipping", clipping);
            quality(page, "gradient penalty", penalty);
            return true;
        }
    }

    /** Whether the estimate falls with the quality of the samples, as the papers say. */
    private static void quality(Result page, String name, Trained trained) {
        int n = trained.value().length;
        if (n < 4) {
            return;
        }
        double correlation =
                Correlation.pearson(Summary.floats(trained.value()), Summary.floats(trained.frechet()), 1, n);
        page.text(line(
                        "With %s, the correlation between the critic's estimate and the Fréchet distance over the epochs after the first is %.2f%s",
                        name,
                        correlation,
                        correlation > 0.5
                                ? ": the loss falls as the samples become better."
                                : ": the loss does not follow the quality of the samples here."))
                .figure(Figure.of("Digits, " + name + ", correlation of estimate and Fréchet distance", "", correlation)
                        .published("positive", "Arjovsky et al. 2017, the loss falls with sample quality")
                        .atLeast(0));
    }
}

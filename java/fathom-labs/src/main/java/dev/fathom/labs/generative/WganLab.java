package dev.fathom.labs.generative;

import static dev.fathom.labs.pages.Findings.line;

import dev.fathom.derivative.GradientPenalty;
import dev.fathom.labs.data.ImageSet;
import dev.fathom.labs.data.Images;
import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.experiments.OldExperiment;
import dev.fathom.labs.generative.ImageStudy.Trained;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Findings;
import dev.fathom.labs.statistics.Averages;
import dev.fathom.labs.statistics.Correlation;
import dev.fathom.optim.Adam;
import dev.fathom.optim.RmsProp;
import org.jspecify.annotations.Nullable;

/**
 * Wasserstein adversarial nets, with clipped weights (Arjovsky, Chintala and Bottou 2017) and with a gradient penalty
 * (Gulrajani et al. 2017).
 */
public final class WganLab implements OldExperiment {
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
    public String name() {
        return "wgan";
    }

    @Override
    public Findings run(LabRun run) {
        try (Images digits = ImageSet.MNIST.images(run.data(), run.seed()).first(run.of(60_000, 1000));
                Images clothes = ImageSet.FASHION_MNIST.images(null, run.seed()).first(run.of(60_000, 500))) {
            Findings page = run.page(
                    "Lab wgan",
                    line(
                            "Densities on a line, points and mixtures in the plane, MNIST: %,d images, "
                                    + "Fashion-MNIST: %,d images",
                            digits.learn().size(), clothes.learn().size()));
            boolean done = new WassersteinStudy(run, page).add()
                    && mixtures(run, page)
                    && images(run, page, "Digits", digits, run.epochs(8, 2))
                    && images(run, page, "Clothes", clothes, run.epochs(4, 1));
            return done ? page.finished() : page;
        }
    }

    private static boolean mixtures(LabRun run, Findings page) {
        MixtureStudy study = new MixtureStudy(run, page);
        int width = run.of(128, 64);
        GradientPenalty slope = GradientPenalty.oneSided(10);
        for (Mixture mixture : Mixture.of(run)) {
            if (!study.add(
                            mixture,
                            "gradient penalty",
                            Nets.points(2, 16, width),
                            penalized(MixtureStudy.BATCH, 1e-3f, slope))
                    || !study.add(
                            mixture,
                            "weight clipping",
                            Nets.points(2, 16, width),
                            clipped(MixtureStudy.BATCH, 5e-4f, 0.1f))) {
                return false;
            }
        }
        study.table("The mixtures of the lab gan, for a critic of the Wasserstein distance, which takes five steps in "
                + "a round; the penalty is one-sided.");
        return true;
    }

    /** Trains the net with clipped weights on images, and adds it to the page; null if the run was interrupted. */
    static @Nullable Trained clipping(ImageStudy study, String name, int epochs) {
        return study.add(
                name,
                Nets.wasserstein(),
                clipped(64, 5e-4f, 0.03f),
                epochs,
                "The critic's weights are clipped to ±0.03. The first paper clips to ±0.01 with a rate of 5e-5, "
                        + "for nets that are trained for days.");
    }

    /** Trains the net with a gradient penalty on images, and adds it to the page; null if the run was interrupted. */
    static @Nullable Trained penalty(ImageStudy study, String name, int epochs) {
        return study.add(
                name,
                Nets.wasserstein(),
                penalized(64, 5e-4f, GradientPenalty.twoSided(10)),
                epochs,
                "The critic's slope between images and samples is pulled toward 1.");
    }

    /** Both nets on images of one kind; false if the run was interrupted. */
    private static boolean images(LabRun run, Findings page, String title, Images images, int epochs) {
        try (Images unit = images.scaled();
                var learn = images.learn().scaled(2f / 255, -1);
                SampleQuality evaluation = new SampleQuality(run, unit, run.of(2000, 100))) {
            ImageStudy study = new ImageStudy(run, page, title, learn, evaluation);
            Trained clipping = clipping(study, "weight clipping", epochs);
            Trained penalty = clipping == null ? null : penalty(study, "gradient penalty", epochs);
            study.compare("Critic's estimate");
            page.text("On digits, the lab gan shows both nets in one table with the other ones that generate.");
            if (clipping == null || penalty == null) {
                return false;
            }
            quality(page, title + ", weight clipping", clipping);
            quality(page, title + ", gradient penalty", penalty);
            return true;
        }
    }

    /** Whether the estimate falls with the quality of the samples, as the papers say. */
    private static void quality(Findings page, String name, Trained trained) {
        int n = trained.value().length;
        if (n < 6) {
            return; // too few for a correlation
        }
        double correlation =
                Correlation.pearson(Averages.floats(trained.value()), Averages.floats(trained.frechet()), 1, n);
        page.text(line(
                        "%s: the correlation between the critic's estimate and the Fréchet distance over the "
                                + "epochs after the first is %.2f%s",
                        name,
                        correlation,
                        correlation > 0.5
                                ? ": the loss falls as the samples become better."
                                : ": the loss does not follow the quality of the samples here."))
                .figure(Figure.of(name + ", correlation of estimate and Fréchet distance", "", correlation));
    }
}

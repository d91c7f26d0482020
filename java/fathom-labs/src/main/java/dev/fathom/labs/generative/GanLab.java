package dev.fathom.labs.generative;

import dev.fathom.data.Dataset;
import dev.fathom.labs.data.ImageSet;
import dev.fathom.labs.data.Images;
import dev.fathom.labs.experiments.Experiment;
import dev.fathom.labs.experiments.Lab;
import dev.fathom.labs.generative.Mixture.Contest;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Table;
import dev.fathom.nn.Model;
import dev.fathom.optim.Adam;
import dev.fathom.optim.Optimizer;
import java.util.List;

/**
 * Generative adversarial nets (Goodfellow et al. 2014): their theory on a line, modes in the plane, and digits and
 * clothes.
 */
public final class GanLab implements Experiment {
    /** The numbers in the code of the auto-encoder. */
    private static final int LATENT = 20;
    /** The log-likelihood that Goodfellow et al. publish. */
    private static final int PUBLISHED = 225;

    private static final Optimizer ADAM = new Adam(2e-4f).betas(0.5f, 0.999f);
    private static final AdversarialDuel MINIMAX = new AdversarialDuel(Game.MINIMAX, 64, ADAM);
    private static final AdversarialDuel NON_SATURATING = new AdversarialDuel(Game.NON_SATURATING, 64, ADAM);

    @Override
    public String name() {
        return "gan";
    }

    @Override
    public void run(Lab lab) {
        try (Images digits = ImageSet.MNIST.images(lab.data(), lab.seed()).first(lab.of(60_000, 800));
                Images clothes = ImageSet.FASHION_MNIST.images(null, lab.seed()).first(lab.of(60_000, 800))) {
            lab.put("mnist", digits.learn().size())
                    .put("fashion", clothes.learn().size());
            DensityStudy.discriminators(lab);
            DensityStudy.game(lab);
            mixtures(lab);
            digits(lab, digits);
            try (ImageStudy study = new ImageStudy(lab, "Clothes", clothes)) {
                dense(study, lab.epochs(8, 1));
                study.add("conditional DCGAN", Nets.convolutional(10, true), NON_SATURATING, lab.epochs(5, 1));
                study.compare("Value of the game");
            }
        }
    }

    private static void mixtures(Lab lab) {
        Optimizer adam = new Adam(1e-3f).betas(0.5f, 0.999f);
        AdversarialDuel minimax = new AdversarialDuel(Game.MINIMAX, Mixture.BATCH, adam);
        AdversarialDuel nonSaturating = new AdversarialDuel(Game.NON_SATURATING, Mixture.BATCH, adam);
        int width = lab.of(128, 64);
        Mixture.play(
                lab,
                List.of(
                        new Contest("minimax", modes -> Nets.points(2, 16, width, 0), minimax),
                        new Contest("non-saturating", modes -> Nets.points(2, 16, width, 0), nonSaturating),
                        new Contest(
                                "minibatch discrimination",
                                modes -> Nets.comparing(Nets.points(2, 16, width, 0), width, 8),
                                nonSaturating),
                        new Contest("conditional", modes -> Nets.points(2, 16, width, modes), nonSaturating)));
    }

    /** The nets of the first paper, in both forms of the game. */
    private static void dense(ImageStudy study, int epochs) {
        study.add("dense nets, minimax", Nets.dense(), MINIMAX, epochs);
        study.add("dense nets, non-saturating", Nets.dense(), NON_SATURATING, epochs);
    }

    /** All nets on digits: those of this lab, and in the same table those of the labs wgan and vae. */
    private static void digits(Lab lab, Images images) {
        int epochs = lab.epochs(5, 1);
        try (ImageStudy study = new ImageStudy(lab, "Digits", images)) {
            dense(study, lab.epochs(12, 2));

            study.add("DCGAN", Nets.convolutional(0, true), NON_SATURATING, epochs);
            study.add(
                    "DCGAN, feature matching", Nets.convolutional(0, true), NON_SATURATING.matchingFeatures(), epochs);
            study.add(
                    "DCGAN, minibatch discrimination",
                    Nets.comparing(Nets.convolutional(0, true), Nets.FEATURES, 16),
                    NON_SATURATING,
                    epochs);
            study.add("conditional DCGAN", Nets.convolutional(10, true), NON_SATURATING, epochs);
            study.add("W-GAN, weight clipping", Nets.convolutional(0, false), WganLab.CLIPPED, epochs);
            study.add("W-GAN, gradient penalty", Nets.convolutional(0, false), WganLab.PENALIZED, epochs);
            Table.Row best = study.evaluation().likeliest();
            study.compare("Value of the game");
            autoencoder(lab, study.evaluation(), images);
            double likelihood = best.get("log-likelihood");
            lab.put("best", best.name())
                    .put("gap", Math.abs(likelihood - PUBLISHED))
                    .put("side", likelihood < PUBLISHED ? "below" : "above")
                    .put("reach", study.evaluation().real().get("log-likelihood"))
                    .figure(Figure.of(
                            "Digits, log-likelihood of the net that the images held out choose", "nats", likelihood));
        }
    }

    /** Measures the variational auto-encoder of the lab vae. */
    private static void autoencoder(Lab lab, SampleQuality evaluation, Images images) {
        String name = "VAE, code of " + LATENT;
        try (Images unit = images.scaled();
                Dataset learn = VaeLab.binary(unit.learn());
                Model<Vae> model = Model.of(new Vae(SampleQuality.PIXELS, lab.of(400, 200), LATENT), lab.seed())) {
            lab.train(
                    name,
                    "images",
                    Vae.trainer(model).seed(lab.seed()),
                    learn.shuffled(lab.seed()).batches(lab.of(128, 32)),
                    lab.epochs(20, 4));
            evaluation.row(name, model.net().samples(evaluation.count(), lab.rng("prior")));
        }
    }
}

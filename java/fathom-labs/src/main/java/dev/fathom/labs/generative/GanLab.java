package dev.fathom.labs.generative;

import dev.fathom.data.Dataset;
import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.DataSet;
import dev.fathom.experiments.data.ImageSet;
import dev.fathom.experiments.data.Images;
import dev.fathom.experiments.pages.Table;
import dev.fathom.labs.generative.Mixture.Contest;
import dev.fathom.nn.Model;
import dev.fathom.optim.Adam;
import dev.fathom.optim.Optimizer;
import dev.fathom.view.Diagram;
import java.util.List;
import java.util.Optional;
import java.util.function.IntFunction;

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
    public Optional<Diagram> net() {
        return Experiment.drawn(
                "The generator of the convolutional nets",
                Nets.convolutional(0, true).generator(),
                Nets.LATENT);
    }

    @Override
    public List<DataSet> reads() {
        return List.of(ImageSet.MNIST.set(), ImageSet.FASHION_MNIST.set());
    }

    @Override
    public void run(Lab lab) {
        try (Images digits = ImageSet.MNIST.images(lab.data(), lab.seed()).sample(lab.of(60_000, 800), lab.seed());
                Images clothes =
                        ImageSet.FASHION_MNIST.images(null, lab.seed()).sample(lab.of(60_000, 800), lab.seed())) {
            lab.put("mnist", digits.learn().size())
                    .put("fashion", clothes.learn().size());
            LineTheory.discriminators(lab);
            LineTheory.game(lab);
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
        IntFunction<Gan> plain = modes -> Nets.points(2, 16, width, 0);
        IntFunction<Gan> comparing = modes -> Nets.comparing(Nets.points(2, 16, width, 0), width, 8);
        IntFunction<Gan> conditional = modes -> Nets.points(2, 16, width, modes);
        Mixture.play(
                lab,
                List.of(
                        new Contest("minimax", plain, minimax),
                        new Contest("non-saturating", plain, nonSaturating),
                        new Contest("minibatch discrimination", comparing, nonSaturating),
                        new Contest("conditional", conditional, nonSaturating)));
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
            AdversarialDuel matching = NON_SATURATING.matchingFeatures();
            Gan comparing = Nets.comparing(Nets.convolutional(0, true), Nets.FEATURES, 16);
            study.add("DCGAN", Nets.convolutional(0, true), NON_SATURATING, epochs);
            study.add("DCGAN, feature matching", Nets.convolutional(0, true), matching, epochs);
            study.add("DCGAN, minibatch discrimination", comparing, NON_SATURATING, epochs);
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
                    .figure("Digits, log-likelihood of the net that the images held out choose", "nats", likelihood);
        }
    }

    /** Measures the variational auto-encoder of the lab vae. */
    private static void autoencoder(Lab lab, SampleQuality evaluation, Images images) {
        String name = "VAE, code of " + LATENT;
        try (Images unit = images.scaled();
                Dataset learn = VaeLab.binary(unit.learn());
                Model<Vae> model = VaeLab.model(lab, LATENT)) {
            VaeLab.train(lab, name, model, learn);
            evaluation.row(name, model.net().samples(evaluation.count(), lab.rng("prior")));
        }
    }
}

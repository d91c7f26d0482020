package dev.fathom.labs.generative;

import static dev.fathom.labs.pages.Findings.line;

import dev.fathom.data.Dataset;
import dev.fathom.labs.data.ImageSet;
import dev.fathom.labs.data.Images;
import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.experiments.OldExperiment;
import dev.fathom.labs.generative.SampleQuality.Scores;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Findings;
import dev.fathom.nn.Model;
import dev.fathom.optim.Adam;
import dev.fathom.optim.Optimizer;
import dev.fathom.tensor.Rng;

/**
 * Generative adversarial nets (Goodfellow et al. 2014): their theory on a line, modes in the plane, and digits and
 * clothes.
 */
public final class GanLab implements OldExperiment {
    /** How many images a step has. */
    private static final int IMAGES = 64;
    /** The numbers in the code of the auto-encoder. */
    private static final int LATENT = 20;

    private static final Optimizer ADAM = new Adam(2e-4f).betas(0.5f, 0.999f);

    @Override
    public String name() {
        return "gan";
    }

    @Override
    public Findings run(LabRun run) {
        try (Images digits = ImageSet.MNIST.images(run.data(), run.seed()).first(run.of(60_000, 800));
                Images clothes = ImageSet.FASHION_MNIST.images(null, run.seed()).first(run.of(60_000, 800))) {
            Findings page = run.page(
                    "Lab gan",
                    line(
                            "Densities on a line, mixtures in the plane, MNIST: %,d images, Fashion-MNIST: %,d images",
                            digits.learn().size(), clothes.learn().size()));
            boolean done = new DensityStudy(run, page).add()
                    && mixtures(run, page)
                    && digits(run, page, digits)
                    && clothes(run, page, clothes);
            return done ? page.finished() : page;
        }
    }

    private static boolean mixtures(LabRun run, Findings page) {
        MixtureStudy study = new MixtureStudy(run, page);
        Optimizer adam = new Adam(1e-3f).betas(0.5f, 0.999f);
        AdversarialDuel nonSaturating = new AdversarialDuel(Game.NON_SATURATING, MixtureStudy.BATCH, adam);
        int width = run.of(128, 64);
        for (Mixture mixture : Mixture.of(run)) {
            if (!study.add(
                            mixture,
                            "minimax",
                            Nets.points(2, 16, width),
                            new AdversarialDuel(Game.MINIMAX, MixtureStudy.BATCH, adam))
                    || !study.add(mixture, "non-saturating", Nets.points(2, 16, width), nonSaturating)
                    || !study.add(
                            mixture,
                            "minibatch discrimination",
                            Nets.pointsWithMinibatches(2, 16, width),
                            nonSaturating)
                    || !study.add(mixture, "conditional", Nets.points(2, 16, width, mixture.modes()), nonSaturating)) {
                return false;
            }
        }
        study.table("A generator that is right everywhere it goes may still go to few places. Mixtures of Gaussians "
                + "in the plane, far apart, show which ones it "
                + "finds. Both forms of the game are played by nets of two hidden layers; minibatch "
                + "discrimination lets the critic compare the "
                + "samples of a batch, and the conditional nets are told which mode is meant. "
                + "Convolutions are for images only.");
        return true;
    }

    /** All nets on digits: those of this lab, and in the same table those of the labs wgan and vae. */
    private static boolean digits(LabRun run, Findings page, Images images) {
        AdversarialDuel duel = new AdversarialDuel(Game.NON_SATURATING, IMAGES, ADAM);
        int epochs = run.epochs(5, 1);
        try (Images unit = images.scaled();
                var learn = images.learn().scaled(2f / 255, -1);
                SampleQuality evaluation = new SampleQuality(run, unit, run.of(2000, 100))) {
            ImageStudy study = new ImageStudy(run, page, "Digits", learn, evaluation);
            ImageStudy others = new ImageStudy(run, page, "Digits", learn, evaluation);
            boolean played = dense(study, run.epochs(12, 2))
                    && study.add(
                                    "DCGAN",
                                    Nets.convolutional(0),
                                    duel,
                                    epochs,
                                    "Strided and transposed convolutions with batch norms (Radford, Metz and "
                                            + "Chintala 2015).")
                            != null
                    && study.add(
                                    "DCGAN, feature matching",
                                    Nets.convolutional(0),
                                    duel.matchingFeatures(),
                                    epochs,
                                    "The generator matches the mean of the discriminator's features (Salimans et "
                                            + "al. 2016).")
                            != null
                    && study.add(
                                    "DCGAN, minibatch discrimination",
                                    Nets.convolutionalWithMinibatches(),
                                    duel,
                                    epochs,
                                    "The discriminator also sees how close the samples of a batch are (Salimans "
                                            + "et al. 2016).")
                            != null
                    && conditional(study, epochs)
                    && WganLab.clipping(others, "W-GAN, weight clipping", epochs) != null
                    && WganLab.penalty(others, "W-GAN, gradient penalty", epochs) != null;
            Scores best = played ? evaluation.likeliest() : null;
            boolean done = best != null && autoencoder(run, evaluation, unit);
            study.compare("Value of the game");
            if (best != null && done) {
                page.text("The W-GANs are those of the lab wgan, and the auto-encoder is that of the lab vae, which "
                        + "tell more about them. The lab "
                        + "diffusion measures its samples with the same classifier and the same images, "
                        + "on its own page.");
                published(page, best, evaluation);
            }
            return done;
        }
    }

    /** The nets of the first paper, in both forms of the game. */
    private static boolean dense(ImageStudy study, int epochs) {
        return study.add(
                                "dense nets, minimax",
                                Nets.dense(),
                                new AdversarialDuel(Game.MINIMAX, IMAGES, ADAM),
                                epochs,
                                "The game as it is first defined: the generator minimizes what the discriminator "
                                        + "maximizes.")
                        != null
                && study.add(
                                "dense nets, non-saturating",
                                Nets.dense(),
                                new AdversarialDuel(Game.NON_SATURATING, IMAGES, ADAM),
                                epochs,
                                "The generator maximizes the log-probability that its samples are taken for real, "
                                        + "as the first paper advises for practice.")
                        != null;
    }

    private static boolean conditional(ImageStudy study, int epochs) {
        return study.add(
                        "conditional DCGAN",
                        Nets.convolutional(10),
                        new AdversarialDuel(Game.NON_SATURATING, IMAGES, ADAM),
                        epochs,
                        "Generator and discriminator also read the class (Mirza and Osindero 2014).")
                != null;
    }

    /** Measures the variational auto-encoder of the lab vae; false if the run was interrupted. */
    private static boolean autoencoder(LabRun run, SampleQuality evaluation, Images unit) {
        int epochs = run.epochs(20, 4);
        try (Model<Vae> model = Model.of(new Vae(SampleQuality.PIXELS, run.of(400, 200), LATENT), run.seed());
                Dataset learn = VaeLab.binary(unit.learn())) {
            String name = "VAE, code of " + LATENT;
            run.training().say("%n== %s", name);
            if (run.interrupt().requested()
                    || !run.training()
                            .fit(
                                    Vae.trainer(model).seed(run.seed()),
                                    Album.folder(run, name),
                                    "images",
                                    learn.shuffled(run.seed()).batches(run.of(128, 32)),
                                    epochs)) {
                return false;
            }
            evaluation.row(name, model.net().samples(evaluation.count(), new Rng(run.seed()).split("prior")));
            return true;
        }
    }

    /** The adversarial net that the images held out choose, beside what is published. */
    private static void published(Findings page, Scores best, SampleQuality evaluation) {
        page.text(line(
                        "Goodfellow et al. (2014) publish a log-likelihood of 225 ± 2 nats for MNIST by 10,000 "
                                + "samples of dense nets, beside 138 ± "
                                + "2 of a deep belief net, 121 ± 1.6 of stacked contractive auto-encoders and 214 "
                                + "± 1.1 of a deep stochastic "
                                + "network. Of the adversarial nets here, the images held out are likeliest under "
                                + "the samples of %s. Its log-likelihood of the test "
                                + "images is %.0f ± %.0f nats, %.0f %s the published one, with %,d samples and "
                                + "nets that are smaller and trained for "
                                + "minutes. The number of samples matters: as many training images in their place "
                                + "reach %.0f.",
                        best.name(),
                        best.likelihood(),
                        best.error(),
                        Math.abs(best.likelihood() - 225),
                        best.likelihood() < 225 ? "below" : "above",
                        evaluation.count(),
                        evaluation.real().likelihood()))
                .key(Figure.of(
                        "Digits, log-likelihood of the net that the images held out choose",
                        "nats",
                        best.likelihood()));
    }

    private static boolean clothes(LabRun run, Findings page, Images images) {
        try (Images unit = images.scaled();
                var learn = images.learn().scaled(2f / 255, -1);
                SampleQuality evaluation = new SampleQuality(run, unit, run.of(2000, 100))) {
            ImageStudy study = new ImageStudy(run, page, "Clothes", learn, evaluation);
            boolean done = dense(study, run.epochs(8, 1)) && conditional(study, run.epochs(5, 1));
            study.compare("Value of the game");
            return done;
        }
    }
}

package dev.fathom.labs.generative;

import static dev.fathom.labs.pages.Result.line;

import dev.fathom.labs.data.ImageSet;
import dev.fathom.labs.data.Images;
import dev.fathom.labs.experiments.Experiment;
import dev.fathom.labs.experiments.Run;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Result;
import dev.fathom.optim.Adam;
import dev.fathom.optim.Optimizer;

/** Generative adversarial nets (Goodfellow et al. 2014): their theory on a line, modes in the plane, and digits and clothes. */
public final class GanLab implements Experiment {
    private static final Optimizer ADAM = new Adam(2e-4f).betas(0.5f, 0.999f);

    @Override
    public String name() {
        return "gan";
    }

    @Override
    public String shows() {
        return "adversarial nets: the best discriminator on a line, modes in the plane, digits and clothes from noise";
    }

    @Override
    public Result run(Run run) {
        try (Images digits = ImageSet.MNIST.images(run.data(), run.seed()).first(run.of(60_000, 800));
                Images clothes = ImageSet.FASHION_MNIST.images(null, run.seed()).first(run.of(60_000, 800))) {
            Result page = run.page(
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

    private static boolean mixtures(Run run, Result page) {
        MixtureStudy study = new MixtureStudy(run, page);
        Optimizer adam = new Adam(1e-3f).betas(0.5f, 0.999f);
        Duel nonSaturating = new Duel(Game.NON_SATURATING, MixtureStudy.BATCH, adam);
        int width = run.of(128, 64);
        for (Mixture mixture : Mixture.of(run)) {
            if (!study.add(
                            mixture,
                            "minimax",
                            Nets.points(2, 16, width),
                            new Duel(Game.MINIMAX, MixtureStudy.BATCH, adam))
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
        study.table(
                "A generator that is right everywhere it goes may still go to few places. Mixtures of Gaussians in the plane, far apart, show which ones it "
                        + "finds. Both forms of the game are played by nets of two hidden layers; minibatch discrimination lets the critic compare the "
                        + "samples of a batch, and the conditional nets are told which mode is meant.");
        return true;
    }

    private static boolean digits(Run run, Result page, Images images) {
        Duel duel = new Duel(Game.NON_SATURATING, 64, ADAM);
        int epochs = run.epochs(8, 2);
        int many = run.epochs(30, 2);
        try (Images unit = images.scaled();
                var learn = images.learn().scaled(2f / 255, -1);
                Evaluation evaluation = new Evaluation(run, unit, run.of(2000, 100))) {
            ImageStudy study = new ImageStudy(run, page, "Digits", learn, evaluation);
            boolean done = study.add(
                                    "dense nets, minimax",
                                    Nets.dense(),
                                    new Duel(Game.MINIMAX, 64, ADAM),
                                    many,
                                    "The game as it is first defined: the generator minimizes what the discriminator maximizes.")
                            != null
                    && study.add(
                                    "dense nets, non-saturating",
                                    Nets.dense(),
                                    duel,
                                    many,
                                    "The generator maximizes the log-probability that its samples are taken for real, as the first paper advises for practice.")
                            != null
                    && study.add(
                                    "DCGAN",
                                    Nets.convolutional(0),
                                    duel,
                                    epochs,
                                    "Strided and transposed convolutions with batch norms (Radford, Metz and Chintala 2015).")
                            != null
                    && study.add(
                                    "DCGAN, feature matching",
                                    Nets.convolutional(0),
                                    duel.matchingFeatures(),
                                    epochs,
                                    "The generator matches the mean of the discriminator's features (Salimans et al. 2016).")
                            != null
                    && study.add(
                                    "DCGAN, minibatch discrimination",
                                    Nets.convolutionalWithMinibatches(),
                                    duel,
                                    epochs,
                                    "The discriminator also sees how close the samples of a batch are (Salimans et al. 2016).")
                            != null
                    && study.add(
                                    "conditional DCGAN",
                                    Nets.convolutional(10),
                                    duel,
                                    epochs,
                                    "Generator and discriminator also read the class (Mirza and Osindero 2014).")
                            != null;
            study.compare("Value of the game");
            double best = evaluation.rows().stream()
                    .skip(2)
                    .mapToDouble(Evaluation.Scores::likelihood)
                    .max()
                    .orElse(Double.NaN);
            if (done) {
                page.text(line(
                                "Goodfellow et al. (2014) publish a log-likelihood of 225 ± 2 nats for MNIST by 10,000 samples of dense nets, beside 138 ± "
                                        + "2 of a deep belief net, 121 ± 1.6 of stacked contractive auto-encoders and 214 ± 1.1 of a deep stochastic "
                                        + "network. The best of the nets here is at %.0f, %.0f nats %s the published one, with %,d samples and nets that "
                                        + "are smaller and trained for minutes. The number of samples matters: as many training images in their place reach "
                                        + "%.0f.",
                                best,
                                Math.abs(best - 225),
                                best < 225 ? "below" : "above",
                                evaluation.count(),
                                evaluation.rows().get(0).likelihood()))
                        .key(Figure.of("Digits, best log-likelihood", "nats", best)
                                .published("225 ± 2", "Goodfellow et al. 2014"));
            }
            return done;
        }
    }

    private static boolean clothes(Run run, Result page, Images images) {
        try (Images unit = images.scaled();
                var learn = images.learn().scaled(2f / 255, -1);
                Evaluation evaluation = new Evaluation(run, unit, run.of(2000, 100))) {
            ImageStudy study = new ImageStudy(run, page, "Clothes", learn, evaluation);
            boolean done = study.add(
                            "conditional DCGAN",
                            Nets.convolutional(10),
                            new Duel(Game.NON_SATURATING, 64, ADAM),
                            run.epochs(8, 2),
                            "The conditional nets on Fashion-MNIST.")
                    != null;
            study.compare("Value of the game");
            return done;
        }
    }
}

package dev.fathom.labs.generative;

import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.DataSet;
import dev.fathom.experiments.data.ImageSet;
import dev.fathom.experiments.data.Images;
import dev.fathom.experiments.data.Project;
import dev.fathom.experiments.pages.StoredRun;
import dev.fathom.experiments.pages.Table;
import dev.fathom.labs.generative.Mixture.Contest;
import dev.fathom.optim.Adam;
import dev.fathom.optim.Optimizer;
import dev.fathom.view.Diagram;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.IntFunction;

/**
 * Generative adversarial nets (Goodfellow et al. 2014): their theory on a line, modes in the plane, and digits and
 * clothes.
 */
public final class GanLab implements Experiment {
    /** The log-likelihood that Goodfellow et al. publish. */
    private static final int PUBLISHED = 225;
    /** How many samples the published log-likelihood is measured by, and those of all nets here. */
    private static final int SAMPLES = 10_000;

    private static final List<Other> OTHERS = List.of(
            new Other("wgan", "training images"),
            new Other("wgan", "weight clipping"),
            new Other("wgan", "gradient penalty"),
            new Other("vae", "VAE, code of 20"),
            new Other("diffusion", "diffusion"));

    private static final Optimizer ADAM = new Adam(2e-4f).betas(0.5f, 0.999f);
    /** The dense nets' batches, of which 80 epochs are 22,000 steps of the generator. */
    private static final int BATCH = 100;

    private static final AdversarialDuel MINIMAX = new AdversarialDuel(Game.MINIMAX, BATCH, ADAM);
    private static final AdversarialDuel DENSE = new AdversarialDuel(Game.NON_SATURATING, BATCH, ADAM);
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
            try (ImageStudy study = new ImageStudy(lab, "Clothes", clothes, lab.of(SAMPLES, 100))) {
                study.add("dense nets, non-saturating", Nets.dense(), DENSE, lab.epochs(8, 1));
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

    /** All nets on digits, and in the same table what stored runs of other labs say of theirs. */
    private static void digits(Lab lab, Images images) {
        int epochs = lab.epochs(5, 1);
        try (ImageStudy study = new ImageStudy(lab, "Digits", images, lab.of(SAMPLES, 100))) {
            study.add("dense nets, minimax", Nets.dense(), MINIMAX, lab.epochs(8, 2));
            study.add("dense nets, non-saturating", Nets.dense(), DENSE, lab.epochs(80, 2));
            AdversarialDuel matching = NON_SATURATING.matchingFeatures();
            Gan comparing = Nets.comparing(Nets.convolutional(0, true), Nets.FEATURES, 16);
            study.add("DCGAN", Nets.convolutional(0, true), NON_SATURATING, epochs);
            study.add("DCGAN, feature matching", Nets.convolutional(0, true), matching, epochs);
            study.add("DCGAN, minibatch discrimination", comparing, NON_SATURATING, epochs);
            study.add("conditional DCGAN", Nets.convolutional(10, true), NON_SATURATING, epochs);
            Table.Row best = study.evaluation().likeliest();
            study.compare("Value of the game");
            OTHERS.forEach(other -> other.show(study.evaluation()));
            double likelihood = best.get("log-likelihood");
            lab.put("best", best.name())
                    .put("gap", Math.abs(likelihood - PUBLISHED))
                    .put("side", likelihood < PUBLISHED ? "below" : "above")
                    .put("reach", study.evaluation().real().get("log-likelihood"))
                    .figure("Digits, log-likelihood of the net that the images held out choose", "nats", likelihood);
        }
    }

    /** A net of another lab, whose stored run measured its samples by the same classifier on the same images. */
    private record Other(String lab, String net) {
        /** Puts what is stored into the table; a program outside of the project has no stored runs. */
        void show(SampleQuality evaluation) {
            Path file = Project.root().orElse(Path.of("")).resolve("docs/labs").resolve(lab + ".json");
            if (Files.exists(file)) {
                evaluation.stored("lab " + lab + ": " + net, StoredRun.read(file), "Digits, " + net + ", ");
            }
        }
    }
}

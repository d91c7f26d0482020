package dev.fathom.labs.generative;

import dev.fathom.data.Dataset;
import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.ImageSet;
import dev.fathom.experiments.data.Images;
import dev.fathom.experiments.pages.Figure;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.labs.generative.Mixture.Contest;
import dev.fathom.nn.Input;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Activation;
import dev.fathom.op.Shape;
import dev.fathom.optim.Adam;
import dev.fathom.optim.Optimizer;
import dev.fathom.optim.Schedule;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.Step;
import dev.fathom.train.Trainer;
import dev.fathom.view.Chart;
import dev.fathom.view.Diagram;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.DoubleUnaryOperator;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/**
 * Generative adversarial nets (Goodfellow et al. 2014): their theory on a line, modes in the plane, and digits and
 * clothes.
 */
public final class GanLab implements Experiment {
    /** The value of the first game at the optimum, where the generator has the density of the data. */
    static final double OPTIMUM = -Math.log(4);

    private static final int POINTS = 481;
    private static final double END = 6;
    private static final double[] X = IntStream.range(0, POINTS)
            .mapToDouble(i -> -END + 2 * END * i / (POINTS - 1))
            .toArray();

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
                Input.floats(1, Nets.LATENT));
    }

    @Override
    public void run(Lab lab) {
        try (Images digits = ImageSet.MNIST.images(lab.data(), lab.seed()).sample(lab.of(60_000, 800), lab.seed());
                Images clothes =
                        ImageSet.FASHION_MNIST.images(null, lab.seed()).sample(lab.of(60_000, 800), lab.seed())) {
            lab.put("mnist", digits.learn().size())
                    .put("fashion", clothes.learn().size());
            discriminators(lab);
            game(lab);
            mixtures(lab);
            digits(lab, digits);
            try (ImageStudy study = new ImageStudy(lab, "Clothes", clothes)) {
                dense(study, lab.epochs(8, 1));
                study.add("conditional DCGAN", Nets.convolutional(10, true), NON_SATURATING, lab.epochs(5, 1));
                study.compare("Value of the game");
            }
        }
    }

    // ---- the theory on a line, where every number of it can be computed

    private static double[] grid(DoubleUnaryOperator f) {
        return Arrays.stream(X).map(f).toArray();
    }

    /** Trains discriminators of pairs of densities. */
    private static void discriminators(Lab lab) {
        lab.section("The discriminator on a line").put("optimum", OPTIMUM);
        Table table = lab.table("discriminators", "densities").named("{column}, {row}");
        List<Chart> charts = new ArrayList<>();
        double worst = 0;
        Density normal = Density.normal(0, 1);
        for (Density[] pair : new Density[][] {
            {normal, normal},
            {normal, Density.normal(1, 1)},
            {normal, Density.normal(0, 2)},
            {Density.pair(2, 0.6), Density.normal(0, 1.5)},
            {Density.normal(-3, 0.5), Density.normal(3, 0.5)}
        }) {
            Density p = pair[0];
            Density q = pair[1];
            String name = "p = " + p.name() + ", q = " + q.name();
            DoubleUnaryOperator best = x -> p.at(x) / (p.at(x) + q.at(x));
            double js = Density.jensenShannon(p, q);
            Layer net = new Sequential(
                    new Linear(1, 64).act(Activation.TANH), new Linear(64, 64).act(Activation.TANH), new Linear(64, 1));
            try (Model<Layer> model = Model.of(net, lab.seed())) {
                double value = judge(lab, name, model, p, q);
                double[] d = answers(net);
                double distance = 0;
                for (int i = 0; i < POINTS; i++) {
                    boolean counts = Math.max(p.at(X[i]), q.at(X[i])) >= 0.01;
                    distance = Math.max(distance, counts ? Math.abs(d[i] - best.applyAsDouble(X[i])) : 0);
                }
                worst = Math.max(worst, distance);
                table.row(name)
                        .put("Value", "%.4f", value)
                        .baseline(2 * js + OPTIMUM, "2 JS - log 4")
                        .cell("2 JS - log 4", "%.4f", 2 * js + OPTIMUM)
                        .cell("largest |D - p / (p + q)|", "%.4f", distance);
                charts.add(new Chart("Densities " + name, "x")
                        .line("p", X, grid(p::at))
                        .line("q", X, grid(q::at))
                        .line("D", X, d)
                        .dashed("p / (p + q)", X, grid(best)));
            }
        }
        lab.put("same", table.values("Value")[0])
                .figure(Figure.of("Largest distance from p / (p + q)", "", worst)
                        .baseline(0, "the best discriminator"))
                .picture("discriminators.png", () -> Chart.panels(2, charts));
    }

    /** Trains a discriminator on the whole line at once: each point of a grid counts as much as its density says. */
    private static double judge(Lab lab, String name, Model<Layer> model, Density p, Density q) {
        float step = (float) (2 * END / (POINTS - 1));
        float[] densities = new float[2 * POINTS];
        for (int i = 0; i < densities.length; i++) {
            densities[i] = (float) (i % 2 == 0 ? p : q).at(X[i / 2]) * step;
        }
        int steps = lab.of(2000, 500);
        try (Dataset data = Dataset.of(Averages.floats(X), Shape.of(1), densities, Shape.of(2))) {
            var trainer = Trainer.custom(model, new Adam(0.01f), (net, batch) -> {
                        Tensor logit = net.apply(batch.x());
                        Tensor real = batch.y().slice(1, 0, 1);
                        Tensor fake = batch.y().slice(1, 1, 2);
                        return new Step.Result(real.mul(logit.neg().softplus())
                                .add(fake.mul(logit.softplus()))
                                .sum());
                    })
                    .schedule(Schedule.cosine(steps));
            return -lab.quietly("D of " + name, trainer, data.batches(POINTS), steps)
                    .series("loss")[steps - 1];
        }
    }

    /** What a discriminator says at each point of the grid. */
    private static double[] answers(Layer net) {
        try (Pass pass = Pass.infer()) {
            Tensor x = Tensor.of(Averages.floats(X), POINTS, 1);
            return Averages.doubles(net.apply(x).sigmoid().toArray());
        }
    }

    /** The whole game on a line: the generator finds the density, and the discriminator no longer knows. */
    private static void game(Lab lab) {
        Density data = Density.normal(2, 0.7);
        Rng rng = lab.rng("line");
        int n = 10_240;
        int epochs = lab.epochs(60, 12);
        lab.section("The game on a line").put("rounds", epochs * (n / 256)).put("density", data.name());
        AdversarialDuel duel = new AdversarialDuel(Game.NON_SATURATING, 128, new Adam(1e-3f).betas(0.5f, 0.999f));
        try (Dataset points = Dataset.of(data.sample(n, rng), Shape.of(1), new int[n]);
                Model<Gan> model = Model.of(Nets.points(1, 4, 32, 0), lab.seed())) {
            duel.play(lab, "A game on a line", model, points, epochs, 1, float[].class, x -> x);
            float[] real = data.sample(n, rng);
            float[] fake = model.net().samples(n, rng);
            Layer critic = model.net().critic();
            double value;
            try (Pass pass = Pass.infer()) {
                Tensor ofReal = critic.apply(Tensor.of(real, n, 1));
                value = Game.MINIMAX
                        .value(ofReal, critic.apply(Tensor.of(fake, n, 1)))
                        .item();
            }
            Density kernel = Density.normal(0, 0.1);
            double[] made = Averages.doubles(fake);
            double[] smooth = grid(x ->
                    Arrays.stream(made).map(at -> kernel.at(x - at)).average().orElseThrow());
            Chart chart = new Chart("The game on a line", "x")
                    .line("data", X, grid(data::at))
                    .line("generator", X, smooth)
                    .line("D", X, answers(critic))
                    .dashed("1 / 2", new double[] {-END, END}, new double[] {0.5, 0.5});
            Figure figure = Figure.of("Value of the game on a line", "", value);
            lab.put("distance", Density.wasserstein(real, fake))
                    .figure(figure.baseline(OPTIMUM, "-log 4, the optimum"))
                    .chart("line.png", chart);
        }
    }

    // ---- modes and images

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

package dev.fathom.labs.generative;

import static dev.fathom.op.Activation.TANH;

import dev.fathom.data.Dataset;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.experiments.statistics.Density;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Shape;
import dev.fathom.optim.Adam;
import dev.fathom.optim.Schedule;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.Step;
import dev.fathom.train.Trainer;
import dev.fathom.view.Chart;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.DoubleUnaryOperator;

/** Adversarial nets on a line, where every number of their theory can be computed. */
final class LineTheory {
    /** The value of the first game at the optimum, where the generator has the density of the data. */
    static final double OPTIMUM = -Math.log(4);

    private static final int POINTS = 481;
    private static final double END = 6;
    private static final double[] X = Averages.each(POINTS, i -> -END + 2 * END * i / (POINTS - 1));

    private LineTheory() {}

    private static double[] grid(DoubleUnaryOperator f) {
        return Arrays.stream(X).map(f).toArray();
    }

    /** Trains discriminators of pairs of densities. */
    static void discriminators(Lab lab) {
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
            Layer net = new Sequential(new Linear(1, 64).act(TANH), new Linear(64, 64).act(TANH), new Linear(64, 1));
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
                .figure("Largest distance from p / (p + q)", "", worst)
                .baseline(0, "the best discriminator")
                .charts("discriminators.png", 2, charts);
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
    static void game(Lab lab) {
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
            Density smooth = new Density(0.1, Averages.doubles(fake));
            lab.put("distance", Density.wasserstein(real, fake))
                    .figure("Value of the game on a line", "", value)
                    .baseline(OPTIMUM, "-log 4, the optimum")
                    .chart(
                            "line.png",
                            new Chart("The game on a line", "x")
                                    .line("data", X, grid(data::at))
                                    .line("generator", X, grid(smooth::at))
                                    .line("D", X, answers(critic))
                                    .dashed("1 / 2", new double[] {-END, END}, new double[] {0.5, 0.5}));
        }
    }
}

package dev.fathom.labs.generative;

import static dev.fathom.labs.pages.Findings.line;

import dev.fathom.data.Dataset;
import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Findings;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Activation;
import dev.fathom.op.Shape;
import dev.fathom.optim.Adam;
import dev.fathom.optim.Schedule;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.Run;
import dev.fathom.train.Step;
import dev.fathom.train.Trainer;
import dev.fathom.view.Chart;
import java.util.ArrayList;
import java.util.List;
import java.util.function.DoubleUnaryOperator;

/**
 * The theory of the first paper on a line, where every number of it can be computed: the best discriminator, and the
 * value that it reaches.
 */
record DensityStudy(LabRun run, Findings page) {
    /** The value at the optimum, where the generator has the density of the data. */
    static final double OPTIMUM = -Math.log(4);

    private static final int POINTS = 481;
    private static final double END = 6;
    private static final int COLUMNS = 2;

    /** Two densities, what the trained discriminator says at each point of the grid, and the value that it reaches. */
    private record Judged(Density p, Density q, double[] d, double value, double best) {
        /** The largest distance from p / (p + q) where either density is at least a hundredth. */
        double distance() {
            double worst = 0;
            for (int i = 0; i < POINTS; i++) {
                double a = p.at(x(i));
                double b = q.at(x(i));
                worst = Math.max(a, b) < 0.01 ? worst : Math.max(worst, Math.abs(d[i] - a / (a + b)));
            }
            return worst;
        }
    }

    private static double x(int i) {
        return -END + 2 * END * i / (POINTS - 1);
    }

    private static double[] grid(DoubleUnaryOperator f) {
        double[] y = new double[POINTS];
        for (int i = 0; i < POINTS; i++) {
            y[i] = f.applyAsDouble(x(i));
        }
        return y;
    }

    /** Adds the discriminators and the game on a line; false if the run was interrupted. */
    boolean add() {
        List<Judged> all = new ArrayList<>();
        Density p = Density.normal(0, 1);
        for (Density[] pair : new Density[][] {
            {p, p},
            {p, Density.normal(1, 1)},
            {p, Density.normal(0, 2)},
            {Density.pair(2, 0.6), Density.normal(0, 1.5)},
            {Density.normal(-3, 0.5), Density.normal(3, 0.5)}
        }) {
            if (run.interrupt().requested()) {
                return false;
            }
            all.add(judge(pair[0], pair[1]));
        }
        discriminators(all);
        return !run.interrupt().requested() && game();
    }

    /** Trains a discriminator on the whole line at once: each point of a grid counts as much as its density says. */
    private Judged judge(Density p, Density q) {
        float[] x = new float[POINTS];
        float[] densities = new float[2 * POINTS];
        float step = (float) (2 * END / (POINTS - 1));
        for (int i = 0; i < POINTS; i++) {
            x[i] = (float) x(i);
            densities[2 * i] = (float) p.at(x(i)) * step;
            densities[2 * i + 1] = (float) q.at(x(i)) * step;
        }
        Layer net = new Sequential(
                new Linear(1, 64).act(Activation.TANH), new Linear(64, 64).act(Activation.TANH), new Linear(64, 1));
        try (Dataset data = Dataset.of(x, Shape.of(1), densities, Shape.of(2));
                Model<Layer> model = Model.of(net, run.seed())) {
            int steps = run.of(2000, 500);
            Run history = Trainer.custom(model, new Adam(0.01f), (n, batch) -> {
                        Tensor logit = n.apply(batch.x());
                        Tensor real = batch.y().slice(1, 0, 1);
                        Tensor fake = batch.y().slice(1, 1, 2);
                        return new Step.Result(real.mul(logit.neg().softplus())
                                .add(fake.mul(logit.softplus()))
                                .sum());
                    })
                    .schedule(Schedule.cosine(steps))
                    .fit(data.batches(POINTS), steps);
            double[] d = new double[POINTS];
            try (Pass pass = Pass.infer()) {
                float[] outputs = net.apply(Tensor.of(x, POINTS, 1)).sigmoid().toArray();
                for (int i = 0; i < POINTS; i++) {
                    d[i] = outputs[i];
                }
            }
            double[] losses = history.series("loss");
            return new Judged(p, q, d, -losses[losses.length - 1], 2 * Density.jensenShannon(p, q) + OPTIMUM);
        }
    }

    private void discriminators(List<Judged> all) {
        List<List<String>> rows = new ArrayList<>();
        List<Chart> charts = new ArrayList<>();
        double worst = 0;
        for (Judged j : all) {
            rows.add(List.of(
                    j.p().name(),
                    j.q().name(),
                    line("%.4f", j.value()),
                    line("%.4f", j.best()),
                    line("%.4f", j.distance())));
            worst = Math.max(worst, j.distance());
            double[] x = grid(v -> v);
            charts.add(new Chart("Densities p = " + j.p().name() + ", q = " + j.q().name(), "x")
                    .line("p", x, grid(j.p()::at))
                    .line("q", x, grid(j.q()::at))
                    .line("D", x, j.d())
                    .dashed("p / (p + q)", x, grid(v -> j.p().at(v) / (j.p().at(v) + j.q().at(v)))));
            page.figure(Figure.of(line("Value, p = %s, q = %s", j.p().name(), j.q().name()), "", j.value())
                    .baseline(j.best(), "2 JS - log 4"));
        }
        Judged same = all.get(0);
        page.section("The discriminator on a line", "")
                .text(line(
                        "For a fixed generator, the best discriminator is D = p / (p + q) and the value of the "
                                + "game is 2 JS(p, q) - log 4, which is least, "
                                + "-log 4 = %.9f, where the generator's density q is that of the data, p. A net "
                                + "of two hidden layers of 64 units learns to "
                                + "tell p from q at all points of a grid at once, each weighted by its density, "
                                + "so that no sampling blurs the numbers. "
                                + "Where p = q, its value is %.6f. The largest distance of any of the nets from p "
                                + "/ (p + q), where either density is 0.01 "
                                + "or more, is %.3f.",
                        OPTIMUM, same.value(), worst))
                .table(List.of("p", "q", "value of the game", "2 JS - log 4", "largest |D - p / (p + q)|"), rows)
                .picture(
                        "discriminators.png",
                        "Two densities, the trained discriminator and the best one, for each pair",
                        () -> Chart.panels(COLUMNS, charts));
        page.figure(Figure.of("Largest distance from p / (p + q)", "", worst).baseline(0, "the best discriminator"));
    }

    /** The whole game on a line: the generator finds the density, and the discriminator no longer knows. */
    private boolean game() {
        Density data = Density.normal(2, 0.7);
        Rng rng = new Rng(run.seed()).split("line");
        int n = 10_240;
        int epochs = run.epochs(run.of(60, 12), 12);
        AdversarialDuel duel = new AdversarialDuel(Game.NON_SATURATING, 128, new Adam(1e-3f).betas(0.5f, 0.999f));
        try (Dataset points = Dataset.of(data.sample(n, rng), Shape.of(1), new int[n]);
                Model<Gan> model = Model.of(Nets.points(1, 4, 32), run.seed())) {
            Run history = duel.train(run, "A game on a line", model, points, epochs, 1000);
            if (history.epochs().size() < epochs) {
                return false;
            }
            float[] real = data.sample(n, rng);
            float[] fake = Gan.samples(model, n, rng);
            double value;
            double[] d = new double[POINTS];
            try (Pass pass = Pass.infer()) {
                Layer critic = model.net().critic();
                value = Game.MINIMAX
                        .value(critic.apply(Tensor.of(real, n, 1)), critic.apply(Tensor.of(fake, n, 1)))
                        .item();
                for (int i = 0; i < POINTS; i++) {
                    d[i] = critic.apply(Tensor.of(new float[] {(float) x(i)}, 1, 1))
                            .sigmoid()
                            .item();
                }
            }
            double distance = Density.wasserstein(real, fake);
            double[] x = grid(v -> v);
            page.section("The game on a line", "")
                    .text(line(
                            "A generator with four numbers of noise plays against a discriminator for %d rounds, "
                                    + "on 10,240 draws of %s. At the end the "
                                    + "value of the game on new draws is %.4f, and it is %.4f at the optimum. The "
                                    + "mean distance between the sorted draws of "
                                    + "data and generator is %.3f.",
                            epochs * (n / 256), data.name(), value, OPTIMUM, distance))
                    .picture(
                            "line.png",
                            "The density of the data, that of the generator, and the discriminator",
                            () -> new Chart("The game on a line", "x")
                                    .line("data", x, grid(data::at))
                                    .line("generator", x, smoothed(fake, x))
                                    .line("D", x, d)
                                    .dashed("1 / 2", new double[] {-END, END}, new double[] {0.5, 0.5})
                                    .render())
                    .key(Figure.of("Value of the game on a line", "", value).baseline(OPTIMUM, "-log 4, the optimum"));
            return true;
        }
    }

    /** A density estimate: the mean of Gaussians of deviation 0.1 about the draws. */
    private static double[] smoothed(float[] draws, double[] x) {
        double[] y = new double[x.length];
        Density kernel = Density.normal(0, 0.1);
        for (int i = 0; i < x.length; i++) {
            double sum = 0;
            for (float draw : draws) {
                sum += kernel.at(x[i] - draw);
            }
            y[i] = sum / draws.length;
        }
        return y;
    }
}

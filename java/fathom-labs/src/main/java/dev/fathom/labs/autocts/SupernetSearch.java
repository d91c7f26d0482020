package dev.fathom.labs.autocts;

import static dev.fathom.experiments.pages.Findings.line;

import dev.fathom.data.Batch;
import dev.fathom.data.Batches;
import dev.fathom.data.Dataset;
import dev.fathom.experiments.Lab;
import dev.fathom.labs.series.ForecastRun;
import dev.fathom.labs.series.ForecastTask;
import dev.fathom.nn.Model;
import dev.fathom.nn.Part;
import dev.fathom.optim.Adam;
import dev.fathom.optim.BoundOptimizer;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;

/**
 * The differentiable search of AutoCTS: weights learn from training batches and the architecture from validation
 * batches, in turns, while the temperature falls. This is the first-order form, in which the architecture's gradient
 * takes the weights as they are.
 *
 * @param task what is forecast
 * @param epochs passes over the training windows
 * @param warm epochs before the architecture begins to learn
 */
record SupernetSearch(Lab lab, ForecastTask task, int blocks, int nodes, int epochs, int warm) {
    static final int WIDTH = 32;
    static final int OUTPUT = 64;
    private static final int BATCH = 64;

    /**
     * What came of it.
     *
     * @param found the architecture
     * @param curves by epoch: the mean training loss, the mean validation loss, which is NaN as long as the
     *     architecture waits, and the temperature
     */
    record Outcome(Blueprint found, double[][] curves) {}

    private record Settings(String task, int columns, int blocks, int nodes, int epochs, int warm) {}

    /** The temperature of an epoch from 0: it falls geometrically from 5 to 0.001. */
    static float temperature(int epoch, int epochs) {
        double part = epochs == 1 ? 0 : (double) epoch / (epochs - 1);
        return (float) (5 * Math.pow(0.001f / 5, part));
    }

    /** Searches on windows for training and validation. */
    Outcome search(Dataset train, Dataset validation) {
        var settings = new Settings(task.name(), task.columns(), blocks, nodes, epochs, warm);
        return lab.part(settings, Outcome.class, () -> {
            try (Model<Supernet> model = Model.of(Supernet.of(task, blocks, nodes, WIDTH, OUTPUT), lab.seed())) {
                return search(model, train, validation);
            }
        });
    }

    private Outcome search(Model<Supernet> model, Dataset train, Dataset validation) {
        Supernet net = model.net();
        Part w = model.part(net.weights());
        Part a = model.part(net.architecture());
        try (BoundOptimizer weights = new Adam(1e-3f).weightDecay(1e-4f).on(w).clipNorm(5);
                BoundOptimizer architecture =
                        new Adam(3e-4f).betas(0.5f, 0.999f).weightDecay(1e-3f).on(a)) {
            double[][] curves = new double[epochs][];
            Batches teaching = train.shuffled(lab.seed()).batches(Math.min(BATCH, train.size()));
            Batches choosing = validation.shuffled(lab.seed()).batches(Math.min(BATCH, validation.size()));
            for (int epoch = 0; epoch < epochs; epoch++) {
                float temperature = temperature(epoch, epochs);
                double[] sums = new double[2];
                Batches.Epoch ones = teaching.epoch(epoch);
                Batches.Epoch others = choosing.epoch(epoch);
                for (int i = 0; i < teaching.steps(); i++) {
                    lab.check();
                    Rng rng = new Rng(lab.seed()).split(epoch).split(i);
                    sums[0] += step(net, ones, i, temperature, rng, w, weights);
                    if (epoch >= warm) {
                        sums[1] += step(net, others, i % choosing.steps(), temperature, rng, a, architecture);
                    }
                }
                double learned = sums[0] / teaching.steps();
                double validated = epoch < warm ? Double.NaN : sums[1] / teaching.steps();
                curves[epoch] = new double[] {learned, validated, temperature};
                lab.say(
                        "search on %s, epoch %d/%d: training loss %.4f, validation loss %s, temperature %.3g",
                        task.title(),
                        epoch + 1,
                        epochs,
                        learned,
                        epoch < warm ? "not taken yet" : line("%.4f", validated),
                        temperature);
            }
            return new Outcome(net.found(), curves);
        }
    }

    /** One step of an optimizer, whose parameters alone take part in backward; returns the loss. */
    static double step(
            Supernet net, Batches.Epoch epoch, int i, float temperature, Rng rng, Part part, BoundOptimizer optimizer) {
        try (Pass pass = Pass.train(rng)) {
            Batch batch = epoch.batch(i);
            Tensor loss = ForecastRun.loss(net.forecast(batch.x(), temperature), batch);
            double value = loss.item();
            if (!Double.isFinite(value)) {
                throw new IllegalArgumentException("autocts: the loss of the supernet is " + value
                        + "; a series with values that are not finite, or a constant one, does that");
            }
            pass.backward(loss, part);
            optimizer.step();
            return value;
        }
    }
}

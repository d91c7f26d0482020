package dev.fathom.labs.autocts;

import static dev.fathom.labs.pages.Findings.line;

import dev.fathom.data.Batch;
import dev.fathom.data.Batches;
import dev.fathom.data.Dataset;
import dev.fathom.io.Safetensors;
import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.series.ForecastRun;
import dev.fathom.labs.series.ForecastTask;
import dev.fathom.nn.Model;
import dev.fathom.nn.Part;
import dev.fathom.optim.Adam;
import dev.fathom.optim.BoundOptimizer;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * The differentiable search of AutoCTS: weights learn from training batches and the architecture from validation
 * batches, in turns, while the temperature falls. This is the first-order form, in which the architecture's gradient
 * takes the weights as they are.
 *
 * @param run how it is run; its folder is for these settings and data alone
 * @param task what is forecast
 * @param epochs passes over the training windows
 * @param warm epochs before the architecture begins to learn
 */
record SupernetSearch(LabRun run, ForecastTask task, int blocks, int nodes, int epochs, int warm) {
    static final int WIDTH = 16;
    static final int OUTPUT = 64;
    static final float RATE = 2e-3f;
    static final float ARCHITECTURE_RATE = 3e-3f;
    private static final float FIRST_TEMPERATURE = 5;
    private static final float LAST_TEMPERATURE = 0.001f;

    /**
     * What came of it.
     *
     * @param found the architecture
     * @param curves by epoch: the mean training loss, the mean validation loss, which is NaN as long as the
     *     architecture waits, and the temperature
     */
    record Outcome(Supernet.Found found, List<double[]> curves) {}

    /** The temperature of an epoch from 0: it falls geometrically from 5 to 0.001. */
    static float temperature(int epoch, int epochs) {
        double part = epochs == 1 ? 0 : (double) epoch / (epochs - 1);
        return (float) (FIRST_TEMPERATURE * Math.pow(LAST_TEMPERATURE / FIRST_TEMPERATURE, part));
    }

    /** Searches on windows for training and validation; empty if the run was interrupted. */
    Optional<Outcome> search(Dataset train, Dataset validation, int batch) {
        Supernet net = Supernet.of(task, blocks, nodes, WIDTH, OUTPUT);
        try (Model<Supernet> model = Model.of(net, run.seed());
                BoundOptimizer weights = new Adam(RATE)
                        .weightDecay(1e-4f)
                        .on(model.part(net.weights()))
                        .clipNorm(5);
                BoundOptimizer architecture = new Adam(ARCHITECTURE_RATE)
                        .betas(0.5f, 0.999f)
                        .weightDecay(1e-3f)
                        .on(model.part(net.architecture()))) {
            Part w = model.part(net.weights());
            Part a = model.part(net.architecture());
            List<double[]> curves = run.resume() ? load(model, weights, architecture) : new ArrayList<>();
            Batches teaching = train.shuffled(run.seed()).batches(Math.min(batch, train.size()));
            Batches choosing = validation.shuffled(run.seed()).batches(Math.min(batch, validation.size()));
            for (int epoch = curves.size(); epoch < epochs; epoch++) {
                float temperature = temperature(epoch, epochs);
                double[] sums = new double[2];
                Batches.Epoch ones = teaching.epoch(epoch);
                Batches.Epoch others = choosing.epoch(epoch);
                for (int i = 0; i < teaching.steps(); i++) {
                    if (run.interrupt().requested()) {
                        return Optional.empty();
                    }
                    Rng rng = new Rng(run.seed()).split(epoch).split(i);
                    sums[0] += step(net, ones, i, temperature, rng, w, weights);
                    if (epoch >= warm) {
                        sums[1] += step(net, others, i % choosing.steps(), temperature, rng, a, architecture);
                    }
                }
                double validated = epoch < warm ? Double.NaN : sums[1] / teaching.steps();
                curves.add(new double[] {sums[0] / teaching.steps(), validated, temperature});
                run.training()
                        .say(
                                "search on %s, epoch %d/%d: training loss %.4f, validation loss %s, temperature %.3g",
                                task.title(),
                                epoch + 1,
                                epochs,
                                sums[0] / teaching.steps(),
                                epoch < warm ? "not taken yet" : line("%.4f", validated),
                                temperature);
                if (run.resume()) {
                    save(model, weights, architecture, curves);
                }
            }
            return Optional.of(new Outcome(net.found(), curves));
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

    // ---- going on

    private Path file(String what) {
        return run.folder().resolve("supernet-" + task.name() + "-" + what + ".safetensors");
    }

    private void save(
            Model<Supernet> model, BoundOptimizer weights, BoundOptimizer architecture, List<double[]> curves) {
        String losses = curves.stream().map(c -> c[0] + " " + c[1] + " " + c[2]).collect(Collectors.joining("\n"));
        Safetensors.Writer optimizers = new Safetensors.Writer().metadata("curves", losses);
        weights.save(optimizers, "weights");
        architecture.save(optimizers, "architecture");
        optimizers.write(file("optimizers"));
        model.save(file("net"), Map.of("curves", losses));
    }

    /** Goes on after the last epoch that was saved whole, if there is one. */
    private List<double[]> load(Model<Supernet> model, BoundOptimizer weights, BoundOptimizer architecture) {
        if (!Files.exists(file("net")) || !Files.exists(file("optimizers"))) {
            return new ArrayList<>();
        }
        try (Safetensors net = Safetensors.read(file("net"));
                Safetensors optimizers = Safetensors.read(file("optimizers"))) {
            String curves = net.metadata().getOrDefault("curves", "");
            if (curves.isEmpty() || !curves.equals(optimizers.metadata().get("curves"))) {
                return new ArrayList<>(); // it was killed between the two files
            }
            model.load(file("net"));
            weights.load(optimizers, "weights");
            architecture.load(optimizers, "architecture");
            return curves.lines()
                    .map(l -> Arrays.stream(l.split(" "))
                            .mapToDouble(Double::parseDouble)
                            .toArray())
                    .collect(Collectors.toCollection(ArrayList::new));
        }
    }
}

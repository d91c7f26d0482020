package dev.fathom.labs.generative;

import dev.fathom.data.Dataset;
import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.DataSet;
import dev.fathom.experiments.data.ImageSet;
import dev.fathom.experiments.data.Images;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.nn.Input;
import dev.fathom.nn.Model;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.Run;
import dev.fathom.view.Diagram;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Variational auto-encoders on digits: their reconstructions, what they make of noise, and the plane of a code of two
 * numbers.
 */
public final class VaeLab implements Experiment {
    private static final int GRID = 15;
    private static final int SHOWN = 10;
    private static final int DRAWS = 64;
    private static final int CHUNK = 100;

    @Override
    public Optional<Diagram> net() {
        return Experiment.drawn(
                "The encoder and the decoder, without the noise between them",
                new Vae(SampleQuality.PIXELS, 400, 20),
                (vae, in) -> vae.decoder().apply(vae.encode(in[0]).mean()),
                Input.floats(1, SampleQuality.PIXELS));
    }

    @Override
    public List<DataSet> reads() {
        return List.of(ImageSet.MNIST.set());
    }

    @Override
    public void run(Lab lab) {
        try (Images digits = ImageSet.MNIST.images(lab.data(), lab.seed()).sample(lab.of(60_000, 4000), lab.seed());
                Images unit = digits.scaled();
                Dataset learn = binary(unit.learn());
                Dataset test = binary(unit.test());
                SampleQuality evaluation = new SampleQuality(lab, "Digits", unit, lab.of(10_000, 200))) {
            double floor = independent(learn, test);
            lab.put("learn", learn.size()).put("test", test.size()).put("floor", floor);
            lab.section("The bound");
            Table nets = lab.table("nets", "net");
            Map<String, double[][]> curves = new LinkedHashMap<>();
            for (int latent : new int[] {2, 20}) {
                String name = "VAE, code of " + latent;
                try (Model<Vae> model = model(lab, latent)) {
                    Run history = train(lab, name, model, learn);
                    model.save(lab.folder(name).resolve("vae.safetensors"));
                    double[][] losses = history.curve("loss");
                    double[] bounds =
                            Arrays.stream(losses[1]).map(loss -> -loss).toArray();
                    curves.put(name, new double[][] {losses[0], bounds});
                    bound(model.net(), test, lab.seed(), nets.row(name), floor);
                    Rng rng = lab.rng("prior");
                    evaluation.row(name, model.net().samples(evaluation.count(), rng));
                    show(lab, model.net(), test, rng);
                }
            }
            lab.section("Comparison").put("draws", DRAWS).curves("bounds.png", "bound (nats)", "epoch", curves);
        }
    }

    /** An auto-encoder with a code of so many numbers. */
    private static Model<Vae> model(Lab lab, int latent) {
        return Model.of(new Vae(SampleQuality.PIXELS, lab.of(400, 200), latent), lab.seed());
    }

    private static Run train(Lab lab, String name, Model<Vae> model, Dataset learn) {
        return lab.train(name, "images", Vae.trainer(model), learn, lab.of(128, 32), lab.epochs(20, 4));
    }

    /** Images of numbers from 0 to 1 as vectors of pixels that are off or on. */
    static Dataset binary(Dataset images) {
        return images.flattened().map(batch -> batch.withX(batch.x().ge(0.5f)));
    }

    /** The mean log-likelihood of the test images if each pixel is on with its mean over the training images. */
    private static double independent(Dataset learn, Dataset test) {
        float[] on = means(learn, null, x -> x);
        return means(test, null, x -> {
            Tensor p = Tensor.of(on, on.length).clamp(1e-4f, 1 - 1e-4f);
            return x.mul(p.log()).add(x.rsub(1).mul(p.rsub(1).log())).sum(1).unsqueeze(1);
        })[0];
    }

    /** The mean of what {@code of} gives for each image, in each of its columns. */
    private static float[] means(Dataset images, @Nullable Rng rng, UnaryOperator<Tensor> of) {
        double[] sums = {};
        for (var batches = images.batches(Math.min(CHUNK, images.size())).epoch(0); batches.hasNext(); ) {
            try (Pass pass = rng == null ? Pass.infer() : Pass.infer(rng)) {
                float[] sum = of.apply(batches.next().x()).sum(0).toArray();
                sums = sums.length == 0 ? new double[sum.length] : sums;
                for (int i = 0; i < sum.length; i++) {
                    sums[i] += sum[i] / (double) images.size();
                }
            }
        }
        return Averages.floats(sums);
    }

    private static void bound(Vae vae, Dataset test, long seed, Table.Row row, double floor) {
        float[] means = means(test, new Rng(seed).split("test"), x -> {
            Tensor parts = vae.bound(x);
            return Tensor.concat(1, parts, vae.importance(x, DRAWS).unsqueeze(1));
        });
        // a decoder that ignores its code reaches the floor, with a divergence of 0
        row.put("bound", "%.1f nats", means[0] - means[1])
                .baseline(floor, "independent pixels")
                .put("E log p(x|z)", "%.1f nats", means[0])
                .put("divergence", "%.1f nats", means[1])
                .put("log p(x) by importance", "%.1f nats", means[2]);
    }

    private static void show(Lab lab, Vae vae, Dataset test, Rng rng) {
        int latent = vae.latent();
        lab.section("A code of {latent} numbers").put("latent", latent).put("plane", latent == 2);
        float[] images;
        float[] codes;
        try (Dataset some = test.take(0, 2 * SHOWN);
                Pass pass = Pass.infer()) {
            Tensor x = some.batches(2 * SHOWN).epoch(0).next().x();
            images = x.toArray();
            codes = vae.encode(x).mean().toArray();
        }
        float[] rows = Sheets.alternating(SHOWN, images, vae.decoded(codes));
        lab.picture("vae-" + latent + "-reconstructions.png", () -> Sheets.mosaic(rows, SHOWN));
        float[] samples = vae.samples(6 * SHOWN, rng);
        lab.picture("vae-" + latent + "-samples.png", () -> Sheets.mosaic(samples, SHOWN));
        if (latent == 2) {
            float[] grid = new float[2 * GRID * GRID];
            for (int i = 0; i < grid.length; i++) {
                int place = i % 2 == 0 ? i / 2 % GRID : i / 2 / GRID;
                grid[i] = 5f * place / (GRID - 1) - 2.5f;
            }
            float[] plane = vae.decoded(grid);
            lab.picture("vae-2-plane.png", () -> Sheets.mosaic(plane, GRID));
        }
    }
}

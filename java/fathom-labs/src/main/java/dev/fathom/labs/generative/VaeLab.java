package dev.fathom.labs.generative;

import static dev.fathom.labs.pages.Findings.line;

import dev.fathom.data.Dataset;
import dev.fathom.labs.data.ImageSet;
import dev.fathom.labs.data.Images;
import dev.fathom.labs.experiments.Experiment;
import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Findings;
import dev.fathom.labs.statistics.Averages;
import dev.fathom.nn.Model;
import dev.fathom.optim.Adam;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.Metric;
import dev.fathom.train.Run;
import dev.fathom.train.Step;
import dev.fathom.train.Trainer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Variational auto-encoders on digits: their reconstructions, what they make of noise, and the plane of a code of two
 * numbers.
 */
public final class VaeLab implements Experiment {
    private static final int[] CODES = {2, 20};
    /** How often the nets of a whole run see every image. */
    private static final int EPOCHS = 20;

    private static final int GRID = 15;
    private static final int SHOWN = 10;
    private static final int DRAWS = 64;
    private static final int CHUNK = 100;

    /** The means over test images of what is known about log p(x), in nats. */
    private record Bound(double reconstruction, double divergence, double importance) {
        double value() {
            return reconstruction - divergence;
        }
    }

    @Override
    public String name() {
        return "vae";
    }

    @Override
    public String shows() {
        return "variational auto-encoders: the bound and its two parts, reconstructions, digits from noise, the plane"
                + " of a code";
    }

    @Override
    public Findings run(LabRun run) {
        try (Images digits = ImageSet.MNIST.images(run.data(), run.seed()).first(run.of(60_000, 4000));
                Images unit = digits.scaled();
                Dataset learn = binary(unit.learn());
                Dataset test = binary(unit.test());
                SampleQuality evaluation = new SampleQuality(run, unit, run.of(2000, 200))) {
            Findings page = run.page(
                    "Lab vae", line("MNIST: %,d images to learn from and %,d for the test", learn.size(), test.size()));
            double floor = independent(learn, test);
            page.section("The bound", "")
                    .text(line(
                            "An encoder gives each image a Gaussian over codes z, and a decoder gives each code the"
                                    + " probabilities of the pixels. Both are trained to raise log p(x) from "
                                    + "below, by E"
                                    + " log p(x|z) - KL(q(z|x) || p(z)): the first part wants good reconstructions, and"
                                    + " the second wants codes like N(0, I). Pixels are on or off: a gray one "
                                    + "counts as on"
                                    + " from the middle of the scale, so that log p(x) is a probability and the "
                                    + "bound is"
                                    + " below it. Without any code, pixels that are independent with their mean "
                                    + "over the"
                                    + " training images have a log-likelihood of %.1f nats over all %,d test images.",
                            floor, test.size()));
            List<List<String>> rows = new ArrayList<>();
            Map<String, double[][]> curves = new LinkedHashMap<>();
            for (int latent : CODES) {
                if (run.interrupt().requested()
                        || !code(run, page, learn, test, latent, evaluation, floor, rows, curves)) {
                    return page;
                }
            }
            page.section("Comparison", "")
                    .text(line(
                            "The bound and its parts on all %,d test images. The last column estimates log p(x) itself"
                                    + " from below by %d codes for each image, weighted by p(x, z) / q(z|x) "
                                    + "(Burda et al."
                                    + " 2016).",
                            test.size(), DRAWS))
                    .table(List.of("numbers in the code", "bound", "E log p(x|z)", "KL", "log p(x), estimated"), rows)
                    .series(
                            "bounds.png",
                            "The bound over the epochs, for each width of the code",
                            "bound (nats)",
                            "epoch",
                            curves);
            evaluation.table(page, "Digits");
            page.text("A sample is the probabilities of its pixels, which this table takes for shades of gray and"
                    + " compares with gray test images.");
            return page.finished();
        }
    }

    /** Images of numbers from 0 to 1 as vectors of pixels that are off or on. */
    static Dataset binary(Dataset images) {
        return images.flattened().map(batch -> batch.withX(batch.x().ge(0.5f)));
    }

    /** The mean log-likelihood of the test images if each pixel is on with its mean over the training images. */
    private static double independent(Dataset learn, Dataset test) {
        double[] mean = new double[SampleQuality.PIXELS];
        each(learn, null, x -> {
            float[] sum = x.sum(0).toArray();
            for (int i = 0; i < mean.length; i++) {
                mean[i] += sum[i] / (double) learn.size();
            }
        });
        float[] on = Averages.floats(mean);
        double[] sum = {0};
        each(test, null, x -> {
            Tensor p = Tensor.of(on, on.length).clamp(1e-4f, 1 - 1e-4f);
            sum[0] += x.mul(p.log()).add(x.rsub(1).mul(p.rsub(1).log())).sum().item();
        });
        return sum[0] / test.size();
    }

    /** Gives all images, some at a time. */
    private static void each(Dataset images, @Nullable Rng rng, Consumer<Tensor> use) {
        var batches = images.batches(Math.min(CHUNK, images.size())).epoch(0);
        while (batches.hasNext()) {
            try (Pass pass = rng == null ? Pass.infer() : Pass.infer(rng)) {
                use.accept(batches.next().x());
            }
        }
    }

    /** Trains a net to raise its bound; the history is shorter than {@code epochs} if the run was interrupted. */
    static Run train(LabRun run, String name, Model<Vae> model, Dataset learn, int epochs) {
        var trainer = Trainer.custom(model, new Adam(1e-3f), (vae, batch) -> {
                    Tensor parts = vae.bound(batch.x());
                    Tensor means = parts.mean(0);
                    return new Step.Result(
                            means.slice(0, 1, 2).sub(means.slice(0, 0, 1)).sum(), parts);
                })
                .seed(run.seed())
                .metrics(
                        Metric.higherIsBetter("reconstruction", (parts, y) -> Metric.Sum.of(parts.slice(1, 0, 1))),
                        Metric.lowerIsBetter("kl", (parts, y) -> Metric.Sum.of(parts.slice(1, 1, 2))));
        run.training().say("%n== %s", name);
        trainer = run.training().attach(trainer, Album.folder(run, name), "images");
        return trainer.fit(learn.shuffled(run.seed()).batches(run.of(128, 32)), epochs);
    }

    /** A net whose code has {@code latent} numbers. */
    static Vae net(LabRun run, int latent) {
        return new Vae(SampleQuality.PIXELS, run.of(400, 200), latent);
    }

    /** How often a net sees every image. */
    static int epochs(LabRun run) {
        return run.epochs(EPOCHS, 4);
    }

    private static boolean code(
            LabRun run,
            Findings page,
            Dataset learn,
            Dataset test,
            int latent,
            SampleQuality evaluation,
            double floor,
            List<List<String>> rows,
            Map<String, double[][]> curves) {
        String name = "VAE, code of " + latent;
        int epochs = epochs(run);
        try (Model<Vae> model = Model.of(net(run, latent), run.seed())) {
            Run history = train(run, name, model, learn, epochs);
            if (history.epochs().size() < epochs) {
                return false;
            }
            model.save(Album.folder(run, name).resolve("vae.safetensors"));
            double[] losses = history.series("loss");
            double[][] curve = new double[2][epochs];
            for (int e = 0; e < epochs; e++) {
                curve[0][e] = e + 1;
                curve[1][e] = -losses[e];
            }
            curves.put(name, curve);
            Bound bound = bound(model.net(), test, run.seed());
            rows.add(List.of(
                    Integer.toString(latent),
                    line("%.1f", bound.value()),
                    line("%.1f", bound.reconstruction()),
                    line("%.1f", bound.divergence()),
                    line("%.1f", bound.importance())));
            page.key(Figure.of(name + ", bound", "nats", bound.value())
                            .baseline(
                                    floor, "independent pixels")) // a decoder that ignores its code reaches that, with
                    // a divergence of 0
                    .figure(Figure.of(name + ", divergence", "nats", bound.divergence()))
                    .figure(Figure.of(name + ", log p(x) by importance", "nats", bound.importance()));
            Rng rng = new Rng(run.seed()).split("prior");
            evaluation.row(name, samples(model.net(), evaluation.count(), rng));
            show(page, model.net(), name, test, rng);
            return true;
        }
    }

    private static Bound bound(Vae vae, Dataset test, long seed) {
        double[] sums = new double[3];
        each(test, new Rng(seed).split("test"), x -> {
            float[] parts = vae.bound(x).sum(0).toArray();
            sums[0] += parts[0] / (double) test.size();
            sums[1] += parts[1] / (double) test.size();
            sums[2] += vae.importance(x, DRAWS).sum().item() / (double) test.size();
        });
        return new Bound(sums[0], sums[1], sums[2]);
    }

    /** The probabilities of the pixels for codes one after another. */
    private static float[] decoded(Vae vae, float[] codes) {
        try (Pass pass = Pass.infer()) {
            return vae.decoder()
                    .apply(Tensor.of(codes, codes.length / vae.latent(), vae.latent()))
                    .sigmoid()
                    .toArray();
        }
    }

    /** The probabilities of the pixels for draws of N(0, I). */
    static float[] samples(Vae vae, int n, Rng rng) {
        return decoded(vae, rng.normal(n * vae.latent(), 0, 1));
    }

    private static void show(Findings page, Vae vae, String name, Dataset test, Rng rng) {
        float[] images;
        float[] reconstructions;
        try (Dataset some = test.take(0, 2 * SHOWN);
                Pass pass = Pass.infer()) {
            Tensor x = some.batches(2 * SHOWN).epoch(0).next().x();
            images = x.toArray();
            reconstructions = decoded(vae, vae.encode(x).mean().toArray());
        }
        float[] both = new float[2 * images.length];
        int row = SHOWN * SampleQuality.PIXELS;
        for (int r = 0; r < 4; r++) {
            System.arraycopy(r % 2 == 0 ? images : reconstructions, r / 2 * row, both, r * row, row);
        }
        float[] samples = samples(vae, 6 * SHOWN, rng);
        String file = "vae-" + vae.latent();
        page.section(name, "The pictures show test images above their reconstructions, and digits decoded from noise.")
                .picture(
                        file + "-reconstructions.png",
                        name + ": test images, each above what the decoder makes of its mean code",
                        () -> Sheets.mosaic(both, SHOWN))
                .picture(
                        file + "-samples.png",
                        name + ": digits decoded from draws of N(0, I)",
                        () -> Sheets.mosaic(samples, SHOWN));
        if (vae.latent() == 2) {
            float[] plane = decoded(vae, plane());
            page.picture(
                    file + "-plane.png",
                    "Digits decoded from a grid in the plane of codes, from -2.5 to 2.5 in both directions",
                    () -> Sheets.mosaic(plane, GRID));
        }
    }

    /** The codes of a grid from -2.5 to 2.5 in both directions. */
    private static float[] plane() {
        float[] codes = new float[2 * GRID * GRID];
        for (int row = 0; row < GRID; row++) {
            for (int column = 0; column < GRID; column++) {
                int at = 2 * (row * GRID + column);
                codes[at] = 5f * column / (GRID - 1) - 2.5f;
                codes[at + 1] = 5f * row / (GRID - 1) - 2.5f;
            }
        }
        return codes;
    }
}

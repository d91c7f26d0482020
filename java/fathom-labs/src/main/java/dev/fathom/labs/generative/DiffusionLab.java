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
import dev.fathom.optim.Ema;
import dev.fathom.optim.Schedule;
import dev.fathom.tensor.Rng;
import dev.fathom.train.Run;
import dev.fathom.train.Step;
import dev.fathom.train.Trainer;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** A small diffusion model of digits (Ho, Jain and Abbeel 2020): how noise becomes digits, step by step. */
public final class DiffusionLab implements OldExperiment {
    private static final int ROWS = 8;
    private static final int MOMENTS = 11;
    private static final int CHUNK = 200;
    /** What the moving average of the weights keeps in a step. */
    private static final float DECAY = 0.995f;

    @Override
    public String name() {
        return "diffusion";
    }

    @Override
    public Findings run(LabRun run) {
        int steps = run.of(100, 25);
        Diffusion diffusion = Diffusion.cosine(steps);
        try (Images digits = ImageSet.MNIST.images(run.data(), run.seed()).first(run.of(60_000, 1500));
                Images unit = digits.scaled();
                Dataset learn = digits.learn().scaled(2f / 255, -1);
                Model<NoiseNet> model = Model.of(new NoiseNet(steps, run.of(32, 16)), run.seed())) {
            Findings page = run.page("Lab diffusion", line("MNIST: %,d images to learn from", learn.size()));
            page.section("Noise and back", "")
                    .text(line(
                            "In %d steps an image becomes noise: x_t = sqrt(a_t) x_0 + sqrt(1 - a_t) e, with e "
                                    + "from N(0, I) and the cosine schedule, by "
                                    + "which a_t falls from %.4f to %.1e. A U-net of %,d parameters on maps of 14 "
                                    + "x 14 and 7 x 7 sees x_t and t and "
                                    + "predicts e; its loss is the mean squared error. A net that always says 0 "
                                    + "has a loss of 1. Samples are made by a "
                                    + "moving average of the weights.",
                            steps, diffusion.kept()[0], diffusion.kept()[steps - 1], model.parameterCount()));
            Run history = train(run, diffusion, model, learn);
            if (history == null) {
                return page;
            }
            way(run, page, diffusion, model.net());
            double[] losses = history.series("loss");
            double loss = losses[losses.length - 1];
            page.series(
                            "loss.png",
                            "Mean squared error of the predicted noise over the epochs",
                            "loss",
                            "epoch",
                            Map.of("predicted noise", new double[][] {
                                IntStream.rangeClosed(1, losses.length)
                                        .asDoubleStream()
                                        .toArray(),
                                losses
                            }))
                    .figure(Figure.of("Loss", "", loss).baseline(1, "a net that says 0"));
            return evaluate(run, page, diffusion, model.net(), unit) ? page.finished() : page;
        }
    }

    private static @Nullable Run train(LabRun run, Diffusion diffusion, Model<NoiseNet> model, Dataset learn) {
        int epochs = run.epochs(12, 3);
        var trainer = Trainer.custom(
                        model,
                        new Ema(new Adam(2e-3f), DECAY).withCorrection(),
                        (net, batch) -> new Step.Result(diffusion.loss(net, batch.x())))
                .schedule(Schedule.cosine(epochs))
                .clipNorm(1)
                .seed(run.seed());
        run.training().say("%n== U-net");
        trainer = run.training().attach(trainer, Album.folder(run, "U-net"), "images");
        Run history = trainer.fit(learn.shuffled(run.seed()).batches(run.of(128, 32)), epochs);
        if (history.epochs().size() < epochs) {
            return null;
        }
        model.save(Album.folder(run, "U-net").resolve("noise.safetensors"));
        return history;
    }

    /** Adds some digits at several steps on their way out of noise. */
    private static void way(LabRun run, Findings page, Diffusion diffusion, NoiseNet net) {
        float[] all = new float[ROWS * MOMENTS * SampleQuality.PIXELS];
        int last = diffusion.steps() - 1;
        diffusion.sample(
                net,
                1,
                new Rng(run.seed()).split("way"),
                (t, x) -> {
                    for (int moment = 0; moment < MOMENTS; moment++) {
                        if (t == Math.round(last * (1 - moment / (MOMENTS - 1.0)))) {
                            for (int row = 0; row < ROWS; row++) {
                                int from = row * SampleQuality.PIXELS;
                                int to = (row * MOMENTS + moment) * SampleQuality.PIXELS;
                                System.arraycopy(ImageStudy.unit(x), from, all, to, SampleQuality.PIXELS);
                            }
                        }
                    }
                },
                ROWS,
                28,
                28,
                1);
        page.picture(
                "way.png",
                "Eight samples, from noise at the left to digits at the right",
                () -> Sheets.mosaic(all, MOMENTS));
    }

    private static boolean evaluate(LabRun run, Findings page, Diffusion diffusion, NoiseNet net, Images unit) {
        try (SampleQuality evaluation = new SampleQuality(run, unit, run.of(2000, 200))) {
            float[] samples = new float[evaluation.count() * SampleQuality.PIXELS];
            Rng rng = new Rng(run.seed()).split("samples");
            for (int from = 0; from < evaluation.count(); from += CHUNK) {
                if (run.interrupt().requested()) {
                    return false;
                }
                run.training().say("samples %,d of %,d", from, evaluation.count());
                int n = Math.min(CHUNK, evaluation.count() - from);
                float[] some = diffusion.sample(net, 1, rng, (t, x) -> {}, n, 28, 28, 1);
                System.arraycopy(
                        ImageStudy.unit(some), 0, samples, from * SampleQuality.PIXELS, n * SampleQuality.PIXELS);
            }
            float[] shown = Arrays.copyOf(samples, Math.min(100, evaluation.count()) * SampleQuality.PIXELS);
            page.section("Samples", "").picture("samples.png", "Digits made of noise", () -> Sheets.mosaic(shown, 10));
            Scores scores = evaluation.row("diffusion", samples);
            evaluation.table(page, "Digits");
            page.key(Figure.of("Fréchet distance", "", scores.frechet())
                    .baseline(evaluation.real().frechet(), "training images"));
            return true;
        }
    }
}

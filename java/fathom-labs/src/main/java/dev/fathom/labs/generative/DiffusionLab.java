package dev.fathom.labs.generative;

import dev.fathom.data.Dataset;
import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.DataSet;
import dev.fathom.experiments.data.ImageSet;
import dev.fathom.experiments.data.Images;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.nets.Diffusion;
import dev.fathom.nn.Input;
import dev.fathom.nn.Model;
import dev.fathom.optim.Adam;
import dev.fathom.optim.Ema;
import dev.fathom.optim.Schedule;
import dev.fathom.tensor.Rng;
import dev.fathom.train.Run;
import dev.fathom.train.Step;
import dev.fathom.train.Trainer;
import dev.fathom.view.Diagram;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A small diffusion model of digits (Ho, Jain and Abbeel 2020): how noise becomes digits, step by step. */
public final class DiffusionLab implements Experiment {
    private static final int ROWS = 8;
    private static final int MOMENTS = 11;
    private static final int CHUNK = 200;
    /** What the moving average of the weights keeps in a step. */
    private static final float DECAY = 0.995f;

    @Override
    public Optional<Diagram> net() {
        return Experiment.drawn(
                "The U-net that predicts the noise",
                new NoiseNet(100, 32),
                (net, in) -> net.noise(in[0], in[1]),
                Input.floats(1, 28, 28, 1),
                Input.ints(1));
    }

    @Override
    public List<DataSet> reads() {
        return List.of(ImageSet.MNIST.set());
    }

    @Override
    public void run(Lab lab) {
        int steps = lab.of(100, 25);
        int epochs = lab.epochs(12, 3);
        Diffusion diffusion = Diffusion.cosine(steps);
        try (Images digits = ImageSet.MNIST.images(lab.data(), lab.seed()).sample(lab.of(60_000, 1500), lab.seed());
                Images unit = digits.scaled();
                Dataset learn = digits.learn().scaled(2f / 255, -1);
                Model<NoiseNet> model = Model.of(new NoiseNet(steps, lab.of(32, 16)), lab.seed())) {
            lab.section("Noise and back")
                    .put("learn", learn.size())
                    .put("steps", steps)
                    .put("first", diffusion.kept()[0])
                    .put("last", diffusion.kept()[steps - 1])
                    .put("parameters", model.parameterCount());
            var trainer = Trainer.custom(
                            model,
                            new Ema(new Adam(2e-3f), DECAY).withCorrection(),
                            (net, batch) -> new Step.Result(diffusion.loss(net, batch.x())))
                    .schedule(Schedule.cosine(epochs))
                    .clipNorm(1);
            Run history = lab.train("U-net", "images", trainer, learn, lab.of(128, 32), epochs);
            model.save(lab.folder("U-net").resolve("noise.safetensors"));
            float[] way = way(diffusion, model.net(), lab.rng("way"));
            lab.picture("way.png", () -> Sheets.mosaic(way, MOMENTS))
                    .curves("loss.png", "loss", "epoch", Map.of("predicted noise", history.curve("loss")))
                    .figure("Loss", "", history.series("loss")[epochs - 1])
                    .baseline(1, "a net that says 0");
            lab.section("Samples");
            try (SampleQuality evaluation = new SampleQuality(lab, "Digits", unit, lab.of(10_000, 200))) {
                float[] samples = samples(lab, diffusion, model.net(), evaluation.count());
                float[] shown = Arrays.copyOf(samples, Math.min(samples.length, 100 * SampleQuality.PIXELS));
                double frechet = evaluation.row("diffusion", samples).get("Fréchet distance");
                lab.picture("samples.png", () -> Sheets.mosaic(shown, 10))
                        .figure("Fréchet distance", "", frechet)
                        .baseline(evaluation.real().get("Fréchet distance"), "training images");
            }
        }
    }

    /** Some digits at several steps on their way out of noise, each in a row. */
    private static float[] way(Diffusion diffusion, NoiseNet net, Rng rng) {
        int last = diffusion.steps() - 1;
        List<float[]> all = new ArrayList<>(); // from noise to digits
        diffusion.sample(net, 1, rng, (t, x) -> all.add(ImageStudy.unit(x)), ROWS, 28, 28, 1);
        float[][] images = new float[ROWS * MOMENTS][];
        for (int i = 0; i < images.length; i++) {
            long t = Math.round(last * (1 - i % MOMENTS / (MOMENTS - 1.0)));
            int from = i / MOMENTS * SampleQuality.PIXELS;
            images[i] = Arrays.copyOfRange(all.get(last - (int) t), from, from + SampleQuality.PIXELS);
        }
        return Averages.flat(images);
    }

    private static float[] samples(Lab lab, Diffusion diffusion, NoiseNet net, int count) {
        List<float[]> parts = new ArrayList<>();
        Rng rng = lab.rng("samples");
        for (int from = 0; from < count; from += CHUNK) {
            lab.check();
            lab.say("samples %,d of %,d", from, count);
            int n = Math.min(CHUNK, count - from);
            parts.add(ImageStudy.unit(diffusion.sample(net, 1, rng, (t, x) -> {}, n, 28, 28, 1)));
        }
        return Averages.flat(parts.toArray(float[][]::new));
    }
}

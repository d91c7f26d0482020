package dev.fathom.labs.style;

import dev.fathom.data.Batches;
import dev.fathom.data.Dataset;
import dev.fathom.data.Field;
import dev.fathom.derivative.LBfgs;
import dev.fathom.image.Picture;
import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.op.Shape;
import dev.fathom.optim.Adam;
import dev.fathom.optim.Optimizer;
import dev.fathom.parameter.Parameter;
import dev.fathom.tensor.KeptTensor;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.train.Callback;
import dev.fathom.train.EpochLog;
import dev.fathom.train.Run;
import dev.fathom.train.Step;
import dev.fathom.train.Trainer;
import dev.fathom.view.ImageSheet;
import dev.fathom.view.Plots;
import java.nio.file.Path;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * A picture whose pixels an optimizer changes until the loss is small, as if they were the weights of a network.
 *
 * @param optimizer L-BFGS, which takes {@code every} iterations in a step, or Adam
 * @param iterations in all, rounded up to a multiple of {@code every}
 * @param every iterations between two previews
 */
public record Painting(PerceptualLoss loss, Optimizer optimizer, int iterations, int every) {
    /** How much the differences of neighboring pixels count beside the content. */
    public static final float SMOOTH = 1;

    static final int ITERATIONS = 20;
    /**
     * How often a step of L-BFGS looks at the loss before it ends, as its line searches need more looks than it has
     * iterations.
     */
    static final int LOOKS = ITERATIONS * 5 / 4;

    /** The pixels [1, h, w, 3] as parameters. */
    public record Canvas(Parameter pixels) implements Net {}

    /** What trains: shows the progress, and goes on with what an earlier run left. */
    public interface Fit {
        Run fit(Trainer<Canvas> trainer, Batches batches, Dataset picture, int epochs);
    }

    /**
     * What was painted.
     *
     * @param picture with pixels between black and white
     * @param history an epoch for every preview, whose {@code val_loss} is the loss of the picture at its end
     * @param content the distance to the content alone; 0 for a texture
     * @param style the distance to the style alone
     */
    public record Painted(Picture picture, Run history, double content, double style) {}

    /** By L-BFGS. */
    public static Painting byLBfgs(PerceptualLoss loss, int iterations) {
        return new Painting(loss, new LBfgs().iterations(ITERATIONS), iterations, ITERATIONS);
    }

    /** By Adam. */
    public static Painting byAdam(PerceptualLoss loss, int iterations) {
        return new Painting(loss, new Adam(0.02f), iterations, ITERATIONS);
    }

    /** By Adam, which looks at the loss as often as L-BFGS does in so many iterations. */
    static Painting asOftenByAdam(PerceptualLoss loss, int iterations) {
        int steps = (iterations + ITERATIONS - 1) / ITERATIONS;
        return new Painting(loss, new Adam(0.02f), steps * LOOKS, LOOKS);
    }

    /**
     * Paints.
     *
     * @param begin the picture to begin with
     * @param content the picture whose content is kept; null for a texture
     * @param preview gets the iteration and the picture after {@code every} iterations
     */
    public Painted paint(Picture begin, @Nullable Picture content, Fit fit, BiConsumer<Integer, Picture> preview) {
        int batch = optimizer.evaluatesAgain() ? every : 1; // examples count iterations, for the bar
        try (Model<Canvas> model = Model.of(canvas(begin), 0);
                KeptTensor wanted = content == null ? null : seen(content);
                Dataset nothing = Dataset.of(
                        Field.floats("x", Shape.of(1), new float[every]).input());
                Dataset once = nothing.take(0, 1)) {
            Step<Canvas> step = (net, unused) ->
                    new Step.Result(loss.of(net.pixels.value(), wanted).total());
            Trainer<Canvas> trainer = Trainer.custom(model, optimizer, step).callbacks(new Callback() {
                @Override
                public void onEpochEnd(Run run, EpochLog log) {
                    preview.accept(every * log.epoch(), picture(model.net()));
                }
            });
            Run history = fit.fit(trainer, nothing.batches(batch), once, (iterations + every - 1) / every);
            Picture picture = picture(model.net());
            double[] distances = loss.distances(picture, content);
            return new Painted(picture, history, distances[0], distances[1]);
        }
    }

    private KeptTensor seen(Picture content) {
        try (Pass pass = Pass.infer()) {
            return loss.content(content.tensor()).keep();
        }
    }

    private static Canvas canvas(Picture begin) {
        try (Pass pass = Pass.infer()) {
            float[] pixels = begin.tensor().toArray();
            Shape shape = Shape.of(1, begin.height(), begin.width(), 3);
            return new Canvas(new Parameter(shape, (s, rng) -> pixels.clone()));
        }
    }

    private static Picture picture(Canvas canvas) {
        try (Pass pass = Pass.infer()) {
            return Picture.of(canvas.pixels.value());
        }
    }

    /** Gray noise with some color, from which textures begin. */
    public static Picture noise(int height, int width, long seed) {
        float[] values = new Rng(seed).normal(3 * height * width, 127.5f, 30);
        byte[] pixels = new byte[values.length];
        for (int i = 0; i < values.length; i++) {
            pixels[i] = (byte) Math.round(Math.max(0, Math.min(255, values[i])));
        }
        return new Picture(pixels, height, width);
    }

    /** Writes a PNG file. */
    public static void write(Picture picture, Path file) {
        ImageSheet one = new ImageSheet(picture.height(), picture.width(), 3).add(picture.pixels(), "");
        Plots.write(one.images().get(0), file);
    }
}

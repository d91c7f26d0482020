package dev.fathom.labs.pairs;

import static dev.fathom.op.Activation.RELU;

import dev.fathom.data.Dataset;
import dev.fathom.data.Field;
import dev.fathom.decode.Writer;
import dev.fathom.experiments.data.CaptionedShapes;
import dev.fathom.experiments.data.Scene;
import dev.fathom.experiments.data.Thing;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Shape;
import dev.fathom.text.Reserved;
import dev.fathom.train.Metric;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.function.IntToDoubleFunction;
import java.util.function.Supplier;
import java.util.stream.DoubleStream;
import org.jspecify.annotations.Nullable;

/**
 * A decoder and how it is scored: by the share that is right, or for a regression by the share of the variance that is
 * explained.
 *
 * @param numbers what a regression is to answer for all scenes; null for a class or a sentence
 * @param answer the class or the sentence that is right for a scene
 */
record Task(
        String name,
        String answers,
        Supplier<Pair.Decoder> net,
        Metric metric,
        @Nullable Function<CaptionedShapes, float[]> numbers,
        Function<Scene, Object> answer) {
    /** How many stored pictures a nearest neighbor encoder reads. */
    private static final int NEIGHBORS = 5;
    /** The sum over examples of the mean squared difference of output and target. */
    static final Metric SQUARES = Metric.lowerIsBetter(
            "squares", (x, y) -> Metric.Sum.ofMean(x.sub(y).square().mean().item(), x.dim(0)));
    /** The number of sentences that are right as a whole. */
    static final Metric EXACT = Writer.exact("exact", Reserved.STANDARD.padding());

    /** All tasks on the fields of {@link #dataset}. */
    static List<Task> all() {
        return List.of(
                regression("linear regression", "place", () -> new Linear(Pair.CODE, 2), Task::places),
                classes(
                        "logistic regression",
                        "form",
                        Loss.crossEntropy(),
                        () -> new Linear(Pair.CODE, Thing.Form.values().length),
                        s -> s.first().form()),
                classes( // linear in the code (Crammer and Singer 2001)
                        "support vector machine",
                        "color",
                        Loss.crammerSinger(1),
                        () -> new Linear(Pair.CODE, Thing.Paint.values().length),
                        s -> s.first().paint()),
                classes(
                        "MLP",
                        "kind of 72",
                        Loss.crossEntropy(),
                        () -> new Sequential(new Linear(Pair.CODE, 96).act(RELU), new Linear(96, Thing.KINDS)),
                        s -> s.first().kind()),
                regression("deconv net", "picture", () -> Pair.painter(Pair.CODE, 3), CaptionedShapes::numbers),
                new Task("RNN (LSTM)", "French caption", Pair.Writing::new, EXACT, null, s -> s.french(true)));
    }

    private static Task regression(
            String name, String field, Supplier<Layer> net, Function<CaptionedShapes, float[]> numbers) {
        Supplier<Pair.Decoder> decoder = () -> new Pair.Answering(field, Loss.mse(), net.get());
        return new Task(name, field + ", R2", decoder, SQUARES, numbers, scene -> scene);
    }

    /** A classifier, whose answers are the field of their first word. */
    private static Task classes(
            String name, String answers, Loss loss, Supplier<Layer> net, Function<Scene, Object> answer) {
        String field = answers.split(" ", 2)[0];
        Supplier<Pair.Decoder> decoder = () -> new Pair.Answering(field, loss, net.get());
        return new Task(name, answers, decoder, Metric.accuracy(), null, answer);
    }

    /** What encoders read of scenes and what decoders are to answer. */
    static Dataset dataset(CaptionedShapes shapes, CaptionedShapes stored) {
        int[] neighbors = Arrays.stream(shapes.nearest(stored, NEIGHBORS))
                .flatMapToInt(Arrays::stream)
                .toArray();
        return Dataset.of(
                shapes.images("picture"),
                Field.ragged("caption", shapes.sentences(CaptionedShapes.ENGLISH, s -> s.english(true))),
                Field.ints("neighbors", Shape.of(NEIGHBORS), neighbors),
                Field.floats("place", Shape.of(2), places(shapes)),
                Field.labels("form", shapes.labels(s -> s.first().form().ordinal())),
                Field.labels("color", shapes.labels(s -> s.first().paint().ordinal())),
                Field.labels("kind", shapes.labels(s -> s.first().kind())),
                Field.ragged("french", Writer.stopped(shapes.sentences(CaptionedShapes.FRENCH, s -> s.french(true)))));
    }

    /** The places of the things, from -1 to 1 across and down. */
    private static float[] places(CaptionedShapes shapes) {
        return Averages.floats(shapes.scenes().stream()
                .map(Scene::first)
                .flatMapToDouble(t -> DoubleStream.of(t.x(), t.y()).map(v -> 2 * v / Scene.SIDE - 1))
                .toArray());
    }

    /** The score of a network, of what its {@link #metric} is over the test. */
    double score(double measured, CaptionedShapes training, CaptionedShapes test) {
        return numbers == null ? measured : 1 - measured / spread(numbers, training, test);
    }

    // ---- what needs no training

    /** The score of the mean, or of the answer that is most frequent in training. */
    double usual(CaptionedShapes training, CaptionedShapes test) {
        Object most = training.mostFrequent(answer);
        return numbers == null
                ? Averages.share(
                        test.size(), i -> answer.apply(test.scenes().get(i)).equals(most))
                : 0;
    }

    /** The score of the answer that the nearest stored picture has. */
    double copied(CaptionedShapes stored, CaptionedShapes training, CaptionedShapes test, int... nearest) {
        if (numbers == null) {
            return Averages.share(
                    test.size(),
                    i -> answer.apply(stored.scenes().get(nearest[i]))
                            .equals(answer.apply(test.scenes().get(i))));
        }
        float[] known = numbers.apply(stored);
        float[] truth = numbers.apply(test);
        int width = truth.length / test.size();
        double squares = squares(truth, i -> known[nearest[i / width] * width + i % width]);
        return 1 - squares / spread(numbers, training, test);
    }

    /** The mean squared error of the mean over the training scenes. */
    static double spread(Function<CaptionedShapes, float[]> numbers, CaptionedShapes training, CaptionedShapes test) {
        float[] known = numbers.apply(training);
        float[] truth = numbers.apply(test);
        int width = truth.length / test.size();
        double[] means = new double[width];
        for (int i = 0; i < known.length; i++) {
            means[i % width] += (double) known[i] / training.size();
        }
        return squares(truth, i -> means[i % width]);
    }

    private static double squares(float[] truth, IntToDoubleFunction answer) {
        return Averages.mean(truth.length, i -> Math.pow(truth[i] - answer.applyAsDouble(i), 2));
    }
}

package dev.fathom.labs.pairs;

import static dev.fathom.experiments.pages.Findings.line;
import static dev.fathom.op.Activation.RELU;

import dev.fathom.data.Batch;
import dev.fathom.data.Dataset;
import dev.fathom.data.Field;
import dev.fathom.decode.Writer;
import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.CaptionedShapes;
import dev.fathom.experiments.data.Scene;
import dev.fathom.experiments.data.Thing;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.nn.Input;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Shape;
import dev.fathom.optim.Adam;
import dev.fathom.optim.Schedule;
import dev.fathom.text.Reserved;
import dev.fathom.train.Metric;
import dev.fathom.train.Step;
import dev.fathom.train.Trainer;
import dev.fathom.train.Workers;
import dev.fathom.view.Diagram;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.IntPredicate;
import java.util.function.IntToDoubleFunction;
import java.util.function.Supplier;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * One data set of captioned shapes under every pair of an encoder and a decoder, label to picture and back, questions
 * about pictures, and translation with a picture beside the text.
 */
public final class EncodersLab implements Experiment {
    private static final int NEIGHBORS = 5;
    /** The sum over examples of the mean squared difference of output and target. */
    static final Metric SQUARES = Metric.lowerIsBetter(
            "squares", (x, y) -> Metric.Sum.ofMean(x.sub(y).square().mean().item(), x.dim(0)));

    static final Metric EXACT = Writer.exact("exact", Reserved.STANDARD.padding());

    private record Reader(String name, String reads, Supplier<Pair.Encoder> net) {}

    /**
     * A decoder and how it is scored.
     *
     * @param numbers what a regression is to answer for all scenes; null for a class or a sentence
     * @param answer the class or the sentence that is right for a scene
     */
    private record Task(
            String name,
            String answers,
            Supplier<Pair.Decoder> net,
            Metric metric,
            @Nullable Function<CaptionedShapes, float[]> numbers,
            Function<Scene, Object> answer) {
        static Task regression(
                String name, String answers, Supplier<Pair.Decoder> net, Function<CaptionedShapes, float[]> numbers) {
            return new Task(name, answers, net, SQUARES, numbers, scene -> scene);
        }

        static Task classes(String name, String answers, Supplier<Pair.Decoder> net, Function<Scene, Object> answer) {
            return new Task(name, answers, net, Metric.accuracy(), null, answer);
        }
    }

    @Override
    public Optional<Diagram> net() {
        return Experiment.drawn(
                "From a picture to its code and back",
                new Sequential(Pair.OfPicture.cnn(Pair.CODE).layers(), Pair.painter(Pair.CODE, 3)),
                Input.floats(1, Scene.SIDE, Scene.SIDE, 3));
    }

    @Override
    public void run(Lab lab) {
        CaptionedShapes stored = CaptionedShapes.alone(lab.of(1000, 200), 5 * lab.seed());
        CaptionedShapes training = CaptionedShapes.alone(lab.of(6000, 480), 5 * lab.seed() + 1);
        CaptionedShapes test = CaptionedShapes.alone(lab.of(1500, 200), 5 * lab.seed() + 2);
        CaptionedShapes two = CaptionedShapes.pairs(lab.of(12_000, 800), 5 * lab.seed() + 3);
        CaptionedShapes twoTest = CaptionedShapes.pairs(lab.of(1500, 200), 5 * lab.seed() + 4);
        lab.put("learn", training.size()).put("test", test.size());
        pairs(lab, stored, training, test);
        Drawings.run(lab, training, test);
        Answers.run(lab, two, twoTest);
        int learned = lab.of(4000, 700);
        CaptionedShapes heldOut = two.part(learned, learned + lab.of(500, 100));
        Translations.run(lab, two.first(learned), heldOut, twoTest);
    }

    private static List<Task> tasks() {
        int code = Pair.CODE;
        return List.of(
                Task.regression(
                        "linear regression",
                        "place, R2",
                        () -> new Pair.Answering("place", Loss.mse(), new Linear(code, 2)),
                        EncodersLab::places),
                Task.classes(
                        "logistic regression",
                        "form",
                        () -> new Pair.Answering(
                                "form", Loss.crossEntropy(), new Linear(code, Thing.Form.values().length)),
                        s -> s.first().form()),
                Task.classes( // linear in the code (Crammer and Singer 2001)
                        "support vector machine",
                        "color",
                        () -> new Pair.Answering(
                                "color", Loss.crammerSinger(1), new Linear(code, Thing.Paint.values().length)),
                        s -> s.first().paint()),
                Task.classes(
                        "MLP",
                        "kind of 72",
                        () -> new Pair.Answering(
                                "kind",
                                Loss.crossEntropy(),
                                new Sequential(new Linear(code, 96).act(RELU), new Linear(96, Thing.KINDS))),
                        s -> s.first().kind()),
                Task.regression(
                        "deconv net",
                        "picture, R2",
                        () -> new Pair.Answering("picture", Loss.mse(), Pair.painter(code, 3)),
                        CaptionedShapes::numbers),
                new Task("RNN (LSTM)", "French caption", Pair.Writing::new, EXACT, null, s -> s.french(true)));
    }

    private static void pairs(Lab lab, CaptionedShapes stored, CaptionedShapes training, CaptionedShapes test) {
        lab.section("Every encoder with every decoder");
        List<Reader> readers = List.of(
                new Reader("CNN", "picture", () -> Pair.OfPicture.cnn(Pair.CODE)),
                new Reader("MLP", "picture", Pair.OfPicture::mlp),
                new Reader("nearest neighbors", "picture", () -> new Pair.OfNeighbors(stored.size())),
                new Reader("RNN (LSTM)", "caption", Pair.OfSentence::new),
                new Reader("word embeddings", "caption", Pair.OfWords::new));
        List<Task> tasks = tasks();
        int[] nearest =
                Arrays.stream(test.nearest(stored, 1)).mapToInt(n -> n[0]).toArray();
        List<Double> scores;
        try (Dataset learn = dataset(training, stored);
                Dataset judge = dataset(test, stored)) {
            scores = Workers.all().run(readers.size() * tasks.size(), i -> {
                Reader reader = readers.get(i / tasks.size());
                Task task = tasks.get(i % tasks.size());
                String name = reader.name + " to " + task.name;
                try (Model<Pair> model = Model.of(new Pair(reader.net.get(), task.net.get()), lab.seed())) {
                    teach(lab, name, model, Pair::step, learn, lab.epochs(10, 3), lab.of(40, 16));
                    double measured = measure(judge, task.metric, model.net()::step);
                    double score = task.numbers == null ? measured : 1 - measured / spread(task, training, test);
                    lab.say("%s: %.1f %% (%s)", name, 100 * score, task.answers);
                    return score;
                }
            });
        }
        Table table = lab.table("pairs", "encoder").named("{row} to {column}");
        Table.Row answers = table.row("what is answered").cell("reads", "");
        tasks.forEach(task -> answers.cell(task.name, task.answers));
        double[] baselines = tasks.stream()
                .mapToDouble(t -> t.numbers == null ? usual(t, training, test) : 0)
                .toArray();
        for (int e = 0; e < readers.size(); e++) {
            Table.Row row = table.row(readers.get(e).name).cell("reads", readers.get(e).reads);
            for (int t = 0; t < tasks.size(); t++) {
                row.put(tasks.get(t).name, "%.1f %%", 100 * scores.get(e * tasks.size() + t))
                        .baseline(100 * baselines[t], "mean or most frequent answer");
            }
        }
        Table.Row copied = table.row("the nearest picture's").cell("reads", "picture");
        Table.Row blind = table.row("mean or most frequent").cell("reads", "nothing");
        for (int t = 0; t < tasks.size(); t++) {
            Task task = tasks.get(t);
            copied.cell(task.name, line("%.1f %%", 100 * copied(task, stored, training, test, nearest)));
            blind.cell(task.name, line("%.1f %%", 100 * baselines[t]));
        }
    }

    /** Trains one of many small networks by Adam and a rate that falls on a cosine. */
    static <N extends Net> void teach(
            Lab lab, String name, Model<N> model, Step<N> step, Dataset learn, int epochs, int batch) {
        var trainer = Trainer.custom(model, new Adam(3e-3f), step)
                .schedule(Schedule.cosine(epochs))
                .clipNorm(5)
                .seed(lab.seed());
        lab.quietly(name, trainer, learn.shuffled(lab.seed()).batches(batch), epochs);
    }

    /** The metric of what {@code step} answers over all examples. */
    static double measure(Dataset data, Metric metric, Function<Batch, Step.Result> step) {
        double[] sum = new double[2];
        data.forEach(batch -> {
            Step.Result result = step.apply(batch);
            Metric.Sum some =
                    metric.of(Objects.requireNonNull(result.output()), Objects.requireNonNull(result.target()));
            sum[0] += some.value();
            sum[1] += some.weight();
        });
        return sum[0] / sum[1];
    }

    private static Dataset dataset(CaptionedShapes shapes, CaptionedShapes stored) {
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

    // ---- what needs no training

    /** The mean squared error of the mean over the training scenes. */
    static double spread(float[] known, int scenes, float[] truth, int asked) {
        int width = truth.length / asked;
        double[] means = new double[width];
        for (int i = 0; i < known.length; i++) {
            means[i % width] += (double) known[i] / scenes;
        }
        return squares(truth, i -> means[i % width]);
    }

    private static double spread(Task task, CaptionedShapes training, CaptionedShapes test) {
        Function<CaptionedShapes, float[]> numbers = Objects.requireNonNull(task.numbers);
        return spread(numbers.apply(training), training.size(), numbers.apply(test), test.size());
    }

    private static double squares(float[] truth, IntToDoubleFunction answer) {
        return IntStream.range(0, truth.length)
                .mapToDouble(i -> Math.pow(truth[i] - answer.applyAsDouble(i), 2))
                .average()
                .orElseThrow();
    }

    /** How often the answer that is most frequent in training is right. */
    private static double usual(Task task, CaptionedShapes training, CaptionedShapes test) {
        Object most = training.mostFrequent(task.answer);
        return right(test, i -> task.answer.apply(test.scenes().get(i)).equals(most));
    }

    private static double right(CaptionedShapes test, IntPredicate right) {
        return (double) IntStream.range(0, test.size()).filter(right).count() / test.size();
    }

    /** The score of the answer that the nearest stored picture has. */
    private static double copied(
            Task task, CaptionedShapes stored, CaptionedShapes training, CaptionedShapes test, int... nearest) {
        if (task.numbers == null) {
            return right(
                    test,
                    i -> task.answer
                            .apply(stored.scenes().get(nearest[i]))
                            .equals(task.answer.apply(test.scenes().get(i))));
        }
        float[] known = task.numbers.apply(stored);
        float[] truth = task.numbers.apply(test);
        int width = truth.length / test.size();
        return 1 - squares(truth, i -> known[nearest[i / width] * width + i % width]) / spread(task, training, test);
    }
}

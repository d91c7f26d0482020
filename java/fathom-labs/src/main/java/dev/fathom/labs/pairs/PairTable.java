package dev.fathom.labs.pairs;

import static dev.fathom.labs.pages.Findings.line;

import dev.fathom.data.Dataset;
import dev.fathom.data.Field;
import dev.fathom.labs.data.CaptionedShapes;
import dev.fathom.labs.data.Scene;
import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Findings;
import dev.fathom.labs.translation.Writer;
import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.op.Shape;
import dev.fathom.text.Reserved;
import dev.fathom.train.Metric;
import dev.fathom.train.Workers;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Every encoder with every decoder of the course's summary, each pair trained end to end on the same scenes of one
 * thing.
 *
 * @param stored the scenes whose pictures the nearest neighbors are looked for among
 */
record PairTable(LabRun run, CaptionedShapes stored, CaptionedShapes training, CaptionedShapes test) {
    private static final int NEIGHBORS = 5;

    /** An encoder and a decoder. */
    record Pair(PairEncoder encoder, PairDecoder decoder) implements Net {}

    private record NamedEncoder(String name, String reads, Supplier<PairEncoder> net) {}

    /**
     * A decoder and how it is scored.
     *
     * @param metric a share of right answers, or a mean squared error
     */
    private record Task(String name, String answers, Supplier<PairDecoder> net, Metric metric) {
        /** Whether the score is the share of the variance that is explained. */
        boolean isRegression() {
            return !metric.moreIsBetter();
        }
    }

    private List<NamedEncoder> encoders() {
        return List.of(
                new NamedEncoder("CNN", "picture", PairEncoder::cnn),
                new NamedEncoder("MLP", "picture", PairEncoder::mlp),
                new NamedEncoder("nearest neighbors", "picture", () -> PairEncoder.neighbors(stored.size())),
                new NamedEncoder("RNN (LSTM)", "caption", PairEncoder::rnn),
                new NamedEncoder("word embeddings", "caption", PairEncoder::embeddings));
    }

    private static List<Task> tasks() {
        Metric accuracy = Metric.accuracy();
        Metric squares = PairTraining.squares("squares");
        return List.of(
                new Task("linear regression", "place, R2", PairDecoder::linearRegression, squares),
                new Task("logistic regression", "form", PairDecoder::logisticRegression, accuracy),
                new Task("support vector machine", "color", PairDecoder::supportVectors, accuracy),
                new Task("MLP", "kind of 72", PairDecoder::mlp, accuracy),
                new Task("deconv net", "picture, R2", PairDecoder::deconvolution, squares),
                new Task(
                        "RNN (LSTM)",
                        "French caption",
                        PairDecoder::rnn,
                        Writer.exact("exact", Reserved.STANDARD.padding())));
    }

    /**
     * Trains all pairs and adds the table of those that are finished; false if the run was interrupted before the last.
     */
    boolean addTo(Findings page) {
        List<NamedEncoder> encoders = encoders();
        List<Task> tasks = tasks();
        PairTraining teaching = new PairTraining(run, run.epochs(10, 3), run.of(40, 16));
        List<@Nullable Double> scores;
        try (Dataset learn = dataset(training, stored);
                Dataset judge = dataset(test, stored)) {
            scores = Workers.all().run(encoders.size() * tasks.size(), i -> {
                NamedEncoder encoder = encoders.get(i / tasks.size());
                return score(encoder, tasks.get(i % tasks.size()), teaching, learn, judge);
            });
        }
        List<List<String>> rows = new ArrayList<>();
        for (int e = 0; e < encoders.size(); e++) {
            NamedEncoder encoder = encoders.get(e);
            List<String> row = new ArrayList<>(List.of(encoder.name, encoder.reads));
            for (int t = 0; t < tasks.size(); t++) {
                Double score = scores.get(e * tasks.size() + t);
                row.add(score == null ? "-" : percent(score));
                if (score != null) {
                    page.figure(Figure.of(encoder.name + " to " + tasks.get(t).name, "%", 100 * score)
                            .baseline(100 * baseline(tasks.get(t)), "mean or most frequent answer"));
                }
            }
            rows.add(row);
        }
        List<String> header = new ArrayList<>(List.of("encoder", "reads"));
        List<String> usual = new ArrayList<>(List.of("mean or most frequent", "nothing"));
        List<String> nearest = new ArrayList<>(List.of("the nearest picture's", "picture"));
        int[][] near = test.nearest(stored, 1);
        for (Task task : tasks) {
            header.add(task.name + ": " + task.answers);
            usual.add(percent(baseline(task)));
            nearest.add(percent(copied(task, near)));
        }
        rows.add(nearest);
        rows.add(usual);
        page.table(header, rows);
        return !scores.contains(null);
    }

    private static String percent(double share) {
        return line("%.1f %%", 100 * share);
    }

    private @Nullable Double score(
            NamedEncoder encoder, Task task, PairTraining teaching, Dataset learn, Dataset judge) {
        String name = encoder.name + " to " + task.name;
        try (Model<Pair> model = Model.of(new Pair(encoder.net.get(), task.net.get()), run.seed())) {
            var trainer =
                    teaching.fit(name, model, (net, b) -> net.decoder.step(net.encoder.code(b), b), task.metric, learn);
            if (trainer == null) {
                return null;
            }
            double measured = Objects.requireNonNull(trainer.evaluate(judge).get(task.metric.name()));
            double score = task.isRegression() ? 1 - measured / spread(task) : measured;
            run.out().println(name + ": " + percent(score) + " (" + task.answers + ")");
            return score;
        }
    }

    private static Dataset dataset(CaptionedShapes shapes, CaptionedShapes stored) {
        int[] neighbors = Arrays.stream(shapes.nearest(stored, NEIGHBORS))
                .flatMapToInt(Arrays::stream)
                .toArray();
        int[][] french = shapes.sentences(CaptionedShapes.FRENCH, s -> s.french(true));
        return Dataset.of(
                shapes.images("picture"),
                Field.ragged("caption", shapes.sentences(CaptionedShapes.ENGLISH, s -> s.english(true))),
                Field.ints("neighbors", Shape.of(NEIGHBORS), neighbors),
                Field.floats("place", Shape.of(2), places(shapes)),
                Field.labels("form", shapes.labels(s -> s.first().form().ordinal())),
                Field.labels("color", shapes.labels(s -> s.first().paint().ordinal())),
                Field.labels("kind", shapes.labels(s -> s.first().kind())),
                Field.ragged(
                        "french", Arrays.stream(french).map(Writer::stopped).toArray(int[][]::new)));
    }

    /** The places of the things, from -1 to 1 across and down. */
    private static float[] places(CaptionedShapes shapes) {
        float[] places = new float[2 * shapes.size()];
        for (int i = 0; i < shapes.size(); i++) {
            places[2 * i] = (float) (2 * shapes.scenes().get(i).first().x() / Scene.SIDE - 1);
            places[2 * i + 1] = (float) (2 * shapes.scenes().get(i).first().y() / Scene.SIDE - 1);
        }
        return places;
    }

    // ---- what needs no training

    /** The numbers of a regression's answers for all scenes. */
    private static float[] numbers(Task task, CaptionedShapes shapes) {
        return task.answers.startsWith("place") ? places(shapes) : shapes.numbers();
    }

    /** The class or the sentence that is the answer for a scene. */
    private static Object answer(Task task, Scene scene) {
        return switch (task.answers) {
            case "form" -> scene.first().form();
            case "color" -> scene.first().paint();
            case "kind of 72" -> scene.first().kind();
            default -> scene.french(true);
        };
    }

    /** The mean squared error of the mean over the training scenes. */
    private double spread(Task task) {
        float[] known = numbers(task, training);
        int width = known.length / training.size();
        double[] means = new double[width];
        for (int i = 0; i < known.length; i++) {
            means[i % width] += (double) known[i] / training.size();
        }
        float[] truth = numbers(task, test);
        double sum = 0;
        for (int i = 0; i < truth.length; i++) {
            sum += (truth[i] - means[i % width]) * (truth[i] - means[i % width]);
        }
        return sum / truth.length;
    }

    /** The score of the mean, which is 0, or of the answer that is most frequent in training. */
    private double baseline(Task task) {
        if (task.isRegression()) {
            return 0;
        }
        Object most = training.mostFrequent(s -> answer(task, s));
        return (double) test.scenes().stream()
                        .filter(s -> answer(task, s).equals(most))
                        .count()
                / test.size();
    }

    /** The score of the answer that the nearest stored picture has. */
    private double copied(Task task, int[][] nearest) {
        if (!task.isRegression()) {
            int right = 0;
            for (int i = 0; i < nearest.length; i++) {
                Scene near = stored.scenes().get(nearest[i][0]);
                right += answer(task, near).equals(answer(task, test.scenes().get(i))) ? 1 : 0;
            }
            return (double) right / nearest.length;
        }
        float[] known = numbers(task, stored);
        float[] truth = numbers(task, test);
        int width = truth.length / test.size();
        double sum = 0;
        for (int i = 0; i < truth.length; i++) {
            double d = truth[i] - known[nearest[i / width][0] * width + i % width];
            sum += d * d;
        }
        return 1 - sum / truth.length / spread(task);
    }
}

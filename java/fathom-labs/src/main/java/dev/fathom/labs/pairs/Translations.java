package dev.fathom.labs.pairs;

import static dev.fathom.experiments.pages.Findings.line;

import dev.fathom.data.Batch;
import dev.fathom.data.Dataset;
import dev.fathom.data.Field;
import dev.fathom.decode.Writer;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.CaptionedShapes;
import dev.fathom.experiments.data.Scene;
import dev.fathom.experiments.pages.Table;
import dev.fathom.nn.Embedding;
import dev.fathom.nn.Init;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.op.DType;
import dev.fathom.recurrent.Output;
import dev.fathom.recurrent.Recurrent;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.State;
import dev.fathom.tensor.Tensor;
import dev.fathom.text.Reserved;
import dev.fathom.train.Metric;
import dev.fathom.train.Step;
import dev.fathom.train.Workers;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * English sentences that say "one" instead of the form of a thing, translated to French, whose articles and adjectives
 * need the gender of the form: the text says what to write, and only the picture says which gender it has. Beside the
 * translation the network may learn to name the forms and to paint the picture, each under a weight.
 */
final class Translations {
    private static final int WIDTH = 64;
    private static final int PATCH = Scene.SIDE / Cells.SIDE;

    /** What is read. */
    enum Source {
        TEXT,
        PICTURE,
        BOTH
    }

    /** What is read, and the weights of the losses of the forms of both things and of the picture. */
    record Setting(Source source, float forms, float picture) {
        String weights() {
            return line("1 : %.0f : %.0f", forms, picture);
        }

        String name() {
            String from =
                    source == Source.BOTH ? "text and picture" : source.name().toLowerCase(Locale.ROOT);
            return "translation from " + from + ", weights " + weights();
        }
    }

    /** The settings; a short run has the first three. */
    static final List<Setting> SETTINGS = List.of(
            new Setting(Source.TEXT, 0, 0),
            new Setting(Source.BOTH, 0, 0),
            new Setting(Source.BOTH, 1, 0),
            new Setting(Source.PICTURE, 0, 0),
            new Setting(Source.BOTH, 0, 50),
            new Setting(Source.BOTH, 1, 50));

    /**
     * The network of several encoders and decoders.
     *
     * @param start makes the first state of the writer of the picture, where no text is read
     * @param forms names the forms of both things
     * @param paint paints the pixels of a cell
     */
    record Translation(
            Embedding words, Recurrent lstm, Cells cells, Linear start, Forms forms, Linear paint, Writer writer)
            implements Net {
        static Translation of() {
            return new Translation(
                    new Embedding(CaptionedShapes.ENGLISH.size(), 32).padding(Reserved.STANDARD.padding()),
                    Recurrent.lstm(32, WIDTH).biases(1).forgetBias(1),
                    new Cells(WIDTH),
                    new Linear(Cells.COUNT * WIDTH, 2 * WIDTH),
                    new Forms(WIDTH),
                    new Linear(WIDTH, PATCH * PATCH * 3),
                    Writer.of(
                                    new Writer.Sizes(CaptionedShapes.FRENCH.size(), 32, WIDTH, 1, WIDTH),
                                    Init.normal(0, 1),
                                    Init.uniform(-0.125f, 0.125f))
                            .remembering());
        }

        private State memory(Source source, Batch batch, Tensor seen) {
            if (source == Source.PICTURE) {
                return Writer.memory(Writer.first(start, seen.flatten(1)), seen);
            }
            Tensor lengths = batch.lengths("x");
            Output read = lstm.run(words.apply(batch.x()), State.EMPTY, lengths);
            if (source == Source.TEXT) {
                return Writer.memory(read.state(), read.steps(), lengths);
            }
            Tensor longer =
                    lengths.to(DType.F32).add(Cells.COUNT).to(DType.I32); // the cells come first, then the words
            return Writer.memory(read.state(), Tensor.concat(1, seen, read.steps()), longer);
        }

        Step.Result step(Setting setting, Batch batch) {
            Tensor seen = cells.apply(batch.get("picture"));
            Tensor scores = writer.scores(batch.y(), memory(setting.source, batch, seen));
            Tensor loss = Writer.loss(scores, batch.y(), batch.lengths("y"));
            if (setting.forms > 0) {
                loss = loss.add(named(seen, batch).loss().mul(setting.forms));
            }
            if (setting.picture > 0) {
                loss = loss.add(painted(seen, batch).loss().mul(setting.picture));
            }
            return new Step.Result(loss, scores, batch.y());
        }

        private Step.Result named(Tensor seen, Batch batch) {
            Tensor logits = forms.apply(seen);
            return new Step.Result(Loss.crossEntropy().of(logits, batch.get("forms")), logits, batch.get("forms"));
        }

        private Step.Result painted(Tensor seen, Batch batch) {
            Tensor picture = paint.apply(seen)
                    .reshape(seen.dim(0), Cells.SIDE, Cells.SIDE, PATCH * PATCH * 3)
                    .pixelShuffle(PATCH);
            return new Step.Result(Loss.mse().of(picture, batch.get("picture")), picture, batch.get("picture"));
        }
    }

    /**
     * What a setting came to.
     *
     * @param heldOut the share of sentences held out that are right as a whole
     * @param exact the share of test sentences that are right as a whole
     * @param words the share of words that are right after the true words before them
     * @param forms the share of forms that are named, also where they are not learned
     * @param picture the share of the pixels' variance that is explained, also where it is not learned
     */
    record Score(Setting setting, double heldOut, double exact, double words, double forms, double picture) {
        /** Of the networks that read text and picture the one that is best on pictures held out. */
        static Optional<Score> best(List<Score> scores) {
            return scores.stream()
                    .filter(s -> s.setting.source == Source.BOTH)
                    .max(Comparator.comparingDouble(Score::heldOut));
        }
    }

    private Translations() {}

    static void run(Lab lab, CaptionedShapes training, CaptionedShapes heldOut, CaptionedShapes test) {
        lab.section("Translation with a picture beside the text");
        List<Scene> known = told(training, lab.seed());
        List<Scene> asked = told(test, lab.seed() + 1);
        List<Setting> settings = SETTINGS.subList(0, lab.of(SETTINGS.size(), 3));
        double variance = Task.spread(CaptionedShapes::numbers, training, test);
        List<Score> scores;
        try (Dataset learn = dataset(training, known);
                Dataset choose = dataset(heldOut, told(heldOut, lab.seed() + 2));
                Dataset judge = dataset(test, asked)) {
            scores = Workers.all()
                    .run(settings.size(), i -> score(lab, settings.get(i), learn, choose, judge, variance));
        }
        double guess = guess(known, asked);
        Table table = lab.table("translations", "network");
        for (Score score : scores) {
            Table.Row row = table.row(score.setting.name())
                    .put("right, held out", "%.1f %%", 100 * score.heldOut)
                    .put("right as a whole", "%.1f %%", 100 * score.exact)
                    .baseline(100 * guess, "most frequent genders")
                    .put("words right", "%.1f %%", 100 * score.words);
            if (score.setting.forms > 0) {
                row.put("forms named", "%.1f %%", 100 * score.forms);
            }
            if (score.setting.picture > 0) {
                row.put("picture, R2", "%.1f %%", 100 * score.picture);
            }
        }
        Score best = Score.best(scores).orElseThrow();
        lab.put("guess", 100 * guess)
                .put("text", 100 * scores.get(0).exact)
                .put("weights", best.setting.weights())
                .put("heldOut", heldOut.size())
                .figure("Translation with text and picture, weights chosen on pictures held out", "%", 100 * best.exact)
                .baseline(100 * guess, "most frequent genders, all that a text can tell");
    }

    private static Score score(
            Lab lab, Setting setting, Dataset learn, Dataset choose, Dataset judge, double variance) {
        try (Model<Translation> model = Model.of(Translation.of(), lab.seed())) {
            Translation net = model.net();
            EncodersLab.teach(
                    lab, setting.name(), model, (n, b) -> n.step(setting, b), learn, lab.epochs(8, 2), lab.of(40, 10));
            Function<Batch, Step.Result> written = b -> net.step(setting, b);
            Function<Batch, Tensor> seen = b -> net.cells.apply(b.get("picture"));
            double right = EncodersLab.measure(judge, Task.EXACT, written);
            lab.say("%s: %.1f %% right", setting.name(), 100 * right);
            return new Score(
                    setting,
                    EncodersLab.measure(choose, Task.EXACT, written),
                    right,
                    EncodersLab.measure(judge, words(), written),
                    // a picture has two forms
                    EncodersLab.measure(judge, Metric.accuracy(), b -> net.named(seen.apply(b), b)) / 2,
                    1 - EncodersLab.measure(judge, Task.SQUARES, b -> net.painted(seen.apply(b), b)) / variance);
        }
    }

    /** The share of the words of a sentence, and its stop symbol, that are right. */
    private static Metric words() {
        return Metric.higherIsBetter("words", (logits, truth) -> {
            int[] written = logits.argmax(2).toIntArray();
            int[] y = truth.toIntArray();
            int width = truth.dim(1);
            double sum = 0;
            for (int row = 0; row < truth.dim(0); row++) {
                int right = 0;
                int words = 0;
                for (int i = row * width; i < (row + 1) * width; i++) {
                    boolean word = y[i] != Reserved.STANDARD.padding();
                    words += word ? 1 : 0;
                    right += word && y[i] == written[i] ? 1 : 0;
                }
                sum += (double) right / words;
            }
            return new Metric.Sum(sum, truth.dim(0));
        });
    }

    /** Each scene as it is or told from its second thing, drawn at random. */
    private static List<Scene> told(CaptionedShapes shapes, long seed) {
        int[] sides = new Rng(seed).split("told").ints(shapes.size(), 2);
        return IntStream.range(0, shapes.size())
                .mapToObj(i -> {
                    Scene scene = shapes.scenes().get(i);
                    return sides[i] == 0 ? scene : scene.reversed();
                })
                .toList();
    }

    private static Dataset dataset(CaptionedShapes shapes, List<Scene> told) {
        CaptionedShapes sentences = new CaptionedShapes(told, shapes.pixels());
        int[][] french = sentences.sentences(CaptionedShapes.FRENCH, s -> s.french(false));
        return Dataset.of(
                Field.ragged("x", sentences.sentences(CaptionedShapes.ENGLISH, s -> s.english(false)))
                        .input(),
                shapes.images("picture"),
                Forms.field(shapes),
                Field.ragged("y", Writer.stopped(french)).target());
    }

    /**
     * How often the two genders are those that are most frequent in training: the most that a translation of the text
     * alone can come to.
     */
    private static double guess(List<Scene> known, List<Scene> asked) {
        String most = new CaptionedShapes(known, new byte[0]).mostFrequent(Translations::genders);
        return (double) asked.stream().filter(s -> genders(s).equals(most)).count() / asked.size();
    }

    private static String genders(Scene scene) {
        return scene.things().stream()
                .map(t -> t.form().isFeminine() ? "f" : "m")
                .toList()
                .toString();
    }
}

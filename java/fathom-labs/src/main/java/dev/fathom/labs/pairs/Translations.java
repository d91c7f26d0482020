package dev.fathom.labs.pairs;

import static dev.fathom.labs.pages.Findings.line;

import dev.fathom.data.Batch;
import dev.fathom.data.Dataset;
import dev.fathom.data.Field;
import dev.fathom.labs.data.CaptionedShapes;
import dev.fathom.labs.data.Scene;
import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Findings;
import dev.fathom.labs.translation.Writer;
import dev.fathom.nn.Embedding;
import dev.fathom.nn.Init;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.op.DType;
import dev.fathom.optim.Sgd;
import dev.fathom.recurrent.Output;
import dev.fathom.recurrent.Recurrent;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.State;
import dev.fathom.tensor.Tensor;
import dev.fathom.text.Reserved;
import dev.fathom.train.Metric;
import dev.fathom.train.Step;
import dev.fathom.train.Trainer;
import dev.fathom.train.Workers;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * English sentences that say "one" instead of the form of a thing, translated to French, whose articles and adjectives
 * need the gender of the form: the text says what to write, and only the picture says which gender it has. Beside the
 * translation the network may learn to name the forms and to paint the picture, each under a weight.
 *
 * @param heldOut pictures by which the weights are chosen
 */
record Translations(LabRun run, CaptionedShapes training, CaptionedShapes heldOut, CaptionedShapes test) {
    private static final int WIDTH = 64;
    private static final int PATCH = Scene.SIDE / Cells.SIDE;

    /** What is read. */
    enum Source {
        TEXT,
        PICTURE,
        BOTH
    }

    /** The weights of the losses of the translation, of the forms of both things, and of the picture. */
    record Weights(float translation, float forms, float picture) {
        String words() {
            return line("%.0f : %.0f : %.0f", translation, forms, picture);
        }
    }

    record Setting(Source source, Weights weights) {
        String name() {
            return "translation from "
                    + switch (source) {
                        case TEXT -> "text";
                        case PICTURE -> "picture";
                        case BOTH -> "text and picture";
                    };
        }
    }

    /** The settings; a short run has the first three. */
    static final List<Setting> SETTINGS = List.of(
            new Setting(Source.TEXT, new Weights(1, 0, 0)),
            new Setting(Source.BOTH, new Weights(1, 0, 0)),
            new Setting(Source.BOTH, new Weights(1, 1, 0)),
            new Setting(Source.PICTURE, new Weights(1, 0, 0)),
            new Setting(Source.BOTH, new Weights(1, 0, 50)),
            new Setting(Source.BOTH, new Weights(1, 1, 50)));

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
            int n = batch.size();
            if (source == Source.PICTURE) {
                List<Tensor> state = start.apply(seen.flatten(1))
                        .tanh()
                        .reshape(n, 1, 2 * WIDTH)
                        .chunk(2, 2);
                return Writer.memory(State.of("hidden", state.get(0), "cell", state.get(1)), seen);
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
            Weights w = setting.weights;
            Tensor loss = Writer.loss(scores, batch.y(), batch.lengths("y")).mul(w.translation);
            if (w.forms > 0) {
                loss = loss.add(Loss.crossEntropy()
                        .of(forms.apply(seen), batch.get("forms"))
                        .mul(w.forms));
            }
            if (w.picture > 0) {
                loss = loss.add(
                        Loss.mse().of(painted(seen), batch.get("picture")).mul(w.picture));
            }
            return new Step.Result(loss, scores, batch.y());
        }

        private Tensor painted(Tensor seen) {
            return paint.apply(seen)
                    .reshape(seen.dim(0), Cells.SIDE, Cells.SIDE, PATCH * PATCH * 3)
                    .pixelShuffle(PATCH);
        }
    }

    /**
     * What a setting came to.
     *
     * @param heldOut the share of sentences held out that are right as a whole
     * @param exact the share of test sentences that are right as a whole
     * @param words the share of words that are right after the true words before them
     * @param forms the share of forms that are named; NaN where they are not learned
     * @param picture the share of the pixels' variance that is explained; NaN where it is not learned
     */
    record Score(Setting setting, double heldOut, double exact, double words, double forms, double picture) {
        /** Of the networks that read text and picture the one that is best on pictures held out. */
        static Optional<Score> best(List<@Nullable Score> scores) {
            return scores.stream()
                    .filter(s -> s != null && s.setting.source == Source.BOTH)
                    .max(Comparator.comparingDouble(Score::heldOut));
        }
    }

    /**
     * Trains all networks and adds the table of those that are finished; false if the run was interrupted before the
     * last.
     */
    boolean addTo(Findings page) {
        PairTraining teaching = new PairTraining(run, run.epochs(8, 2), run.of(40, 10));
        List<Scene> known = told(training, run.seed());
        List<Scene> asked = told(test, run.seed() + 1);
        List<Scene> held = told(heldOut, run.seed() + 2);
        List<Setting> settings = SETTINGS.subList(0, run.of(SETTINGS.size(), 3));
        List<@Nullable Score> scores;
        try (Dataset learn = dataset(training, known);
                Dataset choose = dataset(heldOut, held);
                Dataset judge = dataset(test, asked)) {
            scores = Workers.all().run(settings.size(), i -> score(settings.get(i), teaching, learn, choose, judge));
        }
        double guess = guess(known, asked);
        String guessed = line("%.1f %%", 100 * guess);
        List<List<String>> rows = new ArrayList<>();
        for (Score score : scores) {
            if (score == null) {
                continue;
            }
            Setting setting = score.setting;
            rows.add(List.of(
                    setting.name().substring("translation from ".length()),
                    setting.weights.words(),
                    percent(score.heldOut),
                    percent(score.exact),
                    percent(score.words),
                    percent(score.forms),
                    percent(score.picture)));
            page.figure(Figure.of(
                            setting.name() + ", weights " + setting.weights.words() + ", right as a whole",
                            "%",
                            100 * score.exact)
                    .baseline(100 * guess, "most frequent genders"));
        }
        page.table(
                List.of(
                        "reads",
                        "weights",
                        "right, held out",
                        "translation right",
                        "words right",
                        "forms named",
                        "picture, R2"),
                rows);
        if (scores.contains(null)) {
            return false;
        }
        Score best = Score.best(scores).orElseThrow();
        double text = Objects.requireNonNull(scores.get(0)).exact;
        page.text(line(
                        "A perfect translation of the text with the most frequent genders would be right in %s. The"
                                + " network that reads the text alone is right in %.1f %%. Of those that also see the"
                                + " picture, the one with the weights %s does best on %d pictures held out, and "
                                + "is right"
                                + " in %.1f %% of the test.",
                        guessed, 100 * text, best.setting.weights.words(), heldOut.size(), 100 * best.exact))
                .key(Figure.of(
                                "Translation with text and picture, weights chosen on pictures held out",
                                "%",
                                100 * best.exact)
                        .baseline(100 * guess, "most frequent genders, all that a text can tell"));
        return true;
    }

    private static String percent(double share) {
        return Double.isNaN(share) ? "-" : line("%.1f %%", 100 * share);
    }

    private @Nullable Score score(
            Setting setting, PairTraining teaching, Dataset learn, Dataset choose, Dataset judge) {
        String name = setting.name() + " " + setting.weights.words();
        Metric exact = Writer.exact("exact", Reserved.STANDARD.padding());
        try (Model<Translation> model = Model.of(Translation.of(), run.seed())) {
            if (teaching.fit(name, model, (net, b) -> net.step(setting, b), exact, learn) == null) {
                return null;
            }
            Function<Batch, Tensor[]> written = b -> {
                Step.Result result = model.net().step(setting, b);
                return new Tensor[] {Objects.requireNonNull(result.output()), b.y()};
            };
            double chosen = measure(model, choose, exact, written);
            double right = measure(model, judge, exact, written);
            double words = measure(model, judge, words(), written);
            Function<Batch, Tensor> seen = b -> model.net().cells.apply(b.get("picture"));
            double forms = setting.weights.forms == 0
                    ? Double.NaN
                    : measure(model, judge, Metric.accuracy(), b ->
                                    new Tensor[] {model.net().forms.apply(seen.apply(b)), b.get("forms")})
                            / 2; // a picture has two
            double picture = setting.weights.picture == 0
                    ? Double.NaN
                    : 1
                            - measure(model, judge, PairTraining.squares("squares"), b ->
                                            new Tensor[] {model.net().painted(seen.apply(b)), b.get("picture")})
                                    / measure(model, judge, PairTraining.squares("squares"), b -> new Tensor[] {
                                        b.get("picture")
                                                .mean(0)
                                                .unsqueeze(0)
                                                .expand(b.get("picture").shape().toArray()),
                                        b.get("picture")
                                    });
            run.out().println(line("%s: %.1f %% right", name, 100 * right));
            return new Score(setting, chosen, right, words, forms, picture);
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

    /** A metric of some output and target of all examples. */
    private static double measure(
            Model<Translation> model, Dataset judge, Metric metric, Function<Batch, Tensor[]> answers) {
        return Objects.requireNonNull(Trainer.custom(model, new Sgd(1), (net, b) -> {
                    Tensor[] pair = answers.apply(b);
                    return new Step.Result(Tensor.scalar(0), pair[0], pair[1]);
                })
                .metrics(metric)
                .evaluate(judge)
                .get(metric.name()));
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
                Field.ragged("y", Arrays.stream(french).map(Writer::stopped).toArray(int[][]::new))
                        .target());
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

package dev.fathom.labs.embeddings;

import static dev.fathom.experiments.pages.Findings.line;

import dev.fathom.data.Dataset;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.EnglishFrench;
import dev.fathom.experiments.data.EnglishFrench.Pair;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.experiments.training.Training;
import dev.fathom.finetune.MultipleNegatives;
import dev.fathom.nn.Embedding;
import dev.fathom.nn.Init;
import dev.fathom.nn.Model;
import dev.fathom.optim.Adam;
import dev.fathom.optim.Group;
import dev.fathom.optim.Schedule;
import dev.fathom.pretrained.Embedder;
import dev.fathom.pretrained.StaticVectors;
import dev.fathom.pretrained.TextEncoder;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.Metric;
import dev.fathom.train.Run;
import dev.fathom.train.Step;
import dev.fathom.train.Trainer;
import dev.fathom.view.Chart;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Encoders that learn from pairs of sentences, and then look for the translation of each sentence held out. */
record TranslationSearch(Lab lab, SentencePairs sentences) {
    private static final MultipleNegatives LOSS = new MultipleNegatives().bothWays();
    private static final String WORDS = "Word vectors";
    private static final String ENCODER = "Encoder";
    private static final int SHOWN = 6;
    /** A share of fewer sentences says little. */
    private static final int FEWEST = 20;
    /** A smaller difference of cosines is one of rounding. */
    private static final float TIE = 1e-5f;
    /** Sentences of more tokens are counted as of so many. */
    private static final int LONGEST = 12;

    /**
     * What an encoder finds from English to French and back.
     *
     * @param ordered the share of sentences that are nearer to their translation than to its words in another order, in
     *     percent
     */
    private record Found(Retrieval there, Retrieval back, double ordered) {}

    static void run(Lab lab) {
        List<Pair> all = EnglishFrench.read(EmbeddingsLab.data(lab, "eng-fra"));
        List<Pair> pairs = all.subList(0, Math.min(all.size(), lab.of(Integer.MAX_VALUE, 8000)));
        SentencePairs sentences =
                SentencePairs.of(pairs, lab.of(1000, 200), lab.of(5000, 500), lab.of(8000, 2000), lab.seed());
        new TranslationSearch(lab, sentences).search();
    }

    private void search() {
        int width = lab.of(128, 64);
        int vocabulary = sentences.tokens().size();
        lab.put("pairs", sentences.training().size())
                .put("choose", sentences.choose().size())
                .put("test", sentences.test().size())
                .put("vocabulary", vocabulary)
                .put("width", width)
                .section("Finding a translation");
        Map<String, double[][]> curves = new LinkedHashMap<>();
        Table table = lab.table("recall", "vectors");
        StaticVectors vectors = new StaticVectors(new Embedding(vocabulary, width, Init.normal(0, 0.1f)));
        Found words = train(WORDS, vectors, 0.01f, curves);
        Found encoder = train(ENCODER, EmbeddingsLab.encoder(vocabulary, width, 0.2f), 2e-3f, curves);
        row(table, WORDS, words, null);
        row(table, ENCODER, encoder, words);
        lab.put("chance", 100.0 / sentences.test().size()).put("longest", LONGEST);
        lab.curves(
                        "recall.png",
                        line("recall at 1 among %,d", sentences.choose().size()),
                        "step",
                        curves)
                .charts("lengths.png", 2, List.of(lengths(), byLength(words, encoder)));
        examples(words, encoder);
    }

    /** Trains one encoder of both languages, and searches the test pairs. */
    private Found train(String name, TextEncoder net, float rate, Map<String, double[][]> curves) {
        int epochs = lab.epochs(6, 4);
        int batch = lab.of(256, 64);
        try (Dataset training = sentences.dataset(sentences.training());
                Dataset choose = sentences.dataset(sentences.choose());
                Dataset test = sentences.dataset(sentences.test());
                Dataset mixed = sentences.mixed(lab.rng("word order"));
                Model<TextEncoder> model = Model.of(net, lab.seed())) {
            var trainer = Trainer.custom(model, new Adam(rate), (encoder, pairs) -> {
                        Tensor english = SideBySide.directions(encoder, pairs, "x");
                        Tensor french = SideBySide.directions(encoder, pairs, "y");
                        return new Step.Result(
                                LOSS.of(english, french),
                                english.matmulTransposed(french),
                                Tensor.arange(pairs.size()));
                    })
                    .metrics(Metric.accuracy())
                    .clipNorm(1)
                    .schedule(Schedule.cosine(epochs).warmUp(0.1))
                    .seed(lab.seed());
            if (net instanceof StaticVectors) {
                trainer = trainer.groups(Group.of("words.*").lazy());
            }
            var batches = training.shuffled(lab.seed()).batches(batch).dropLast();
            // all pairs are one batch, in which the accuracy is the recall at 1
            Run run = lab.train(name, "pairs", trainer, batches, choose.batches(choose.size()), epochs);
            curves.put(name, Training.curve(run, "val_accuracy", batches.steps()));
            lab.put("epochs", epochs).put("batch", batch);
            float[][] english = directions(model, test, "x");
            float[][] french = directions(model, test, "y");
            return new Found(
                    Retrieval.of(english, french),
                    Retrieval.of(french, english),
                    nearer(english, french, directions(model, mixed, "y")));
        }
    }

    private static float[][] directions(Model<TextEncoder> model, Dataset pairs, String field) {
        return model.predict(pairs, (net, batch) -> SideBySide.directions(net, batch, field))
                .rows();
    }

    /** The share of rows a that are nearer to row b than to row c of the same number, in percent; a tie is a half. */
    static double nearer(float[][] a, float[][] b, float[][] c) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            float difference = Embedder.cosine(a[i], b[i]) - Embedder.cosine(a[i], c[i]);
            sum += Math.abs(difference) < TIE ? 0.5 : difference > 0 ? 1 : 0;
        }
        return 100 * sum / a.length;
    }

    private static void row(Table table, String name, Found found, @Nullable Found words) {
        Table.Row row = table.row(name);
        for (boolean back : new boolean[] {false, true}) {
            for (int k : new int[] {1, 10}) {
                Retrieval one = back ? found.back : found.there;
                row.put(
                        line("%s, recall at %d", back ? "French to English" : "English to French", k),
                        "%.2f %%",
                        one.recall(k));
                if (words == null) {
                    row.baseline(100.0 * k / one.ranks().length, "chance");
                } else {
                    row.baseline((back ? words.back : words.there).recall(k), "word vectors");
                }
            }
        }
        row.put("order of words", "%.2f %%", found.ordered).baseline(50, "chance");
    }

    // ---- pictures

    private int[] tokens(boolean french) {
        return sentences.test().stream()
                .mapToInt(p -> Math.min(LONGEST, sentences.ids(french ? p.french() : p.english()).length))
                .toArray();
    }

    /** The share of sentences of each length. */
    private Chart lengths() {
        Chart chart = new Chart("share of the sentences", "tokens");
        for (boolean french : new boolean[] {false, true}) {
            int[] tokens = tokens(french);
            int[] there = Arrays.stream(tokens).distinct().sorted().toArray();
            chart.line(
                    french ? "French" : "English",
                    Averages.doubles(there),
                    Arrays.stream(there)
                            .mapToDouble(n ->
                                    Arrays.stream(tokens).filter(t -> t == n).count() / (double) tokens.length)
                            .toArray());
        }
        return chart;
    }

    /** The recall at 1 from English to French by the length of the English sentence. */
    private Chart byLength(Found words, Found encoder) {
        int[] tokens = tokens(false);
        int[] there = Arrays.stream(tokens)
                .distinct()
                .sorted()
                .filter(n -> Arrays.stream(tokens).filter(t -> t == n).count() >= FEWEST)
                .toArray();
        Chart chart = new Chart("English to French, recall at 1", "tokens");
        byLength(chart, WORDS, words, tokens, there);
        byLength(chart, ENCODER, encoder, tokens, there);
        return chart;
    }

    private static void byLength(Chart chart, String name, Found found, int[] tokens, int... there) {
        chart.line(
                name,
                Averages.doubles(there),
                Arrays.stream(there)
                        .mapToDouble(n -> IntStream.range(0, tokens.length)
                                .filter(i -> tokens[i] == n)
                                .mapToDouble(i -> found.there.ranks()[i] == 0 ? 1 : 0)
                                .average()
                                .orElseThrow())
                        .toArray());
    }

    /** The first sentences of the test whose translation the encoder finds, and the first whose it does not. */
    private void examples(Found words, Found encoder) {
        Table table = lab.table("examples", "English");
        for (boolean right : new boolean[] {true, false}) {
            IntStream.range(0, sentences.test().size())
                    .filter(i -> encoder.there.ranks()[i] == 0 == right)
                    .limit(SHOWN)
                    .forEach(i -> table.row(sentences.test().get(i).english())
                            .cell("its translation", sentences.test().get(i).french())
                            .cell("nearest to the encoder", french(encoder, i))
                            .cell("nearest to word vectors", french(words, i))
                            .cell(
                                    "place of the translation",
                                    "%,d",
                                    encoder.there.ranks()[i] + 1));
        }
    }

    private String french(Found found, int i) {
        return sentences.test().get(found.there.nearest()[i]).french();
    }
}

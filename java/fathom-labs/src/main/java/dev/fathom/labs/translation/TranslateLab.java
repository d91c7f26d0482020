package dev.fathom.labs.translation;

import static dev.fathom.experiments.pages.Findings.line;

import dev.fathom.data.Dataset;
import dev.fathom.decode.BeamSearch;
import dev.fathom.decode.Hypothesis;
import dev.fathom.decode.LengthPenalty;
import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.EnglishFrench;
import dev.fathom.experiments.data.EnglishFrench.Pair;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.experiments.statistics.IbmModel1;
import dev.fathom.features.Pca;
import dev.fathom.features.SparseRows;
import dev.fathom.nn.Init;
import dev.fathom.nn.Input;
import dev.fathom.nn.Model;
import dev.fathom.optim.Adam;
import dev.fathom.optim.Schedule;
import dev.fathom.optim.Sgd;
import dev.fathom.train.Trainer;
import dev.fathom.view.Diagram;
import dev.fathom.view.Plots;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * English to French by two LSTMs after Sutskever et al. (2014), at a small scale: the source reversed and in order, SGD
 * and Adam, the attention of Bahdanau et al. (2015), and beams of 1, 2 and 12, compared with a dictionary that
 * translates word by word.
 */
public final class TranslateLab implements Experiment {
    private static final String SUTSKEVER = "Sutskever et al. 2014";
    private static final List<List<String>> PUBLISHED = List.of(
            List.of("in order, beam 12", "BLEU 26.17", SUTSKEVER),
            List.of("reversed, beam 12", "BLEU 30.59", SUTSKEVER),
            List.of("five reversed, beams 1, 2, 12", "BLEU 33.00, 34.50, 34.81", SUTSKEVER),
            List.of("from in order to reversed", "perplexity 5.8 to 4.7", SUTSKEVER),
            List.of("with attention", "BLEU 28.45", "Bahdanau et al. 2015"),
            List.of("characters, 10,000 of these pairs, 20 epochs", "accuracy 0.8712", "Keras, lstm_seq2seq"));
    private static final int ITERATIONS = 10;
    private static final int CHUNK = 100;
    private static final int LONGER = 6;
    private static final int SHOWN = 12;
    private static final int MAPS = 3;
    private static final int LONG = 5;
    /** The sentences whose encoder states are drawn, by their subject, and questions. */
    private static final Map<String, List<String>> SENTENCES = new LinkedHashMap<>();

    static {
        SENTENCES.put("I", List.of("I am tired.", "I am sick.", "I am happy.", "I was late.", "I know that."));
        SENTENCES.put("he", List.of("He is tired.", "He is sick.", "He is happy.", "He was late.", "He knows that."));
        SENTENCES.put(
                "we", List.of("We are tired.", "We are sick.", "We are happy.", "We were late.", "We know that."));
        SENTENCES.put(
                "question",
                List.of("Are you tired?", "Are you sick?", "Are you happy?", "Is he sick?", "Is he happy?"));
    }

    /** The column of a width of beam, the widest last. */
    private static final Map<Integer, String> BEAMS = new LinkedHashMap<>();

    static {
        BEAMS.put(1, "BLEU of a beam of 1");
        BEAMS.put(2, "BLEU of a beam of 2");
        BEAMS.put(12, "BLEU of the widest beam");
    }

    /**
     * What a network is and how it is trained.
     *
     * @param reversed whether it reads sentences from their end
     * @param sgd whether it is trained by the SGD of the paper; otherwise by Adam
     */
    private record Setting(String name, boolean reversed, boolean attention, boolean sgd) {}

    private static final List<Setting> SETTINGS = List.of(
            new Setting("Reversed, SGD", true, false, true),
            new Setting("In order", false, false, false),
            new Setting("Reversed", true, false, false),
            new Setting("Reversed, attention", true, true, false));

    @Override
    public Optional<Diagram> net() {
        return Experiment.drawn(
                "With attention, as it learns: all words of a translation at once",
                Seq2Seq.of(new Seq2Seq.Sizes(3000, 6000, 256, 256, 4), true, Init.zeros(), Init.zeros()),
                (net, in) -> net.scores(in[0], in[1], in[2]),
                Input.ints(1, 6),
                Input.ints(1),
                Input.ints(1, 8));
    }

    @Override
    public boolean takesPrompt() {
        return true;
    }

    @Override
    public void run(Lab lab) {
        List<Pair> all = EnglishFrench.read(lab.data());
        List<Pair> pairs = all.subList(0, Math.min(all.size(), lab.of(15_000, 800)));
        int held = lab.of(500, 50);
        Corpus corpus = Corpus.of(pairs, held, lab.seed());
        List<String> prompt = prompt(lab.prompt(), corpus);
        int width = lab.of(256, 40);
        int layers = lab.of(4, 2);
        int epochs = lab.epochs(6, 8);
        int batch = lab.of(32, 16);
        lab.put("pairs", pairs.size())
                .put("learn", Corpus.pairs(corpus.training()))
                .put("held", held);
        lab.put("width", width).put("layers", layers).put("epochs", epochs).put("batch", batch);
        lab.put("english", corpus.english().size())
                .put("french", corpus.french().size());
        lab.put("range", range(width)).put("prompted", !prompt.isEmpty()).put("long", LONG);
        lab.section("The networks");

        Table table = lab.table("translators", "translator");
        ScoredTranslations dictionary = dictionary(corpus);
        double unigram = corpus.unigramPerplexity();
        Table examples = lab.table("examples", "English");
        IntStream.range(0, Math.min(SHOWN, held))
                .forEach(i -> examples.row(
                                Corpus.WORDS.text(corpus.test().get(i).english()))
                        .cell(
                                "a known translation",
                                Corpus.WORDS.text(corpus.test().get(i).french().get(0)))
                        .cell("Dictionary", dictionary.text(i)));
        Table prompted = prompt.isEmpty() ? null : lab.table("prompt", "network");
        Map<String, double[][]> curves = new LinkedHashMap<>();
        for (Setting setting : SETTINGS) {
            float range = range(width);
            var sizes =
                    new Seq2Seq.Sizes(corpus.english().size(), corpus.french().size(), width, width, layers);
            Seq2Seq net = Seq2Seq.of(sizes, setting.attention, Init.normal(0, 1), Init.uniform(-range, range));
            try (Model<Seq2Seq> model = Model.of(net, lab.seed());
                    Dataset train = corpus.dataset(corpus.training(), setting.reversed);
                    Dataset validation = corpus.dataset(corpus.validation(), setting.reversed)) {
                var trainer = Trainer.custom(model, setting.sgd ? new Sgd(0.7f) : new Adam(2e-3f), Seq2Seq::step)
                        .schedule(setting.sgd ? halved(epochs) : Schedule.cosine(epochs))
                        .clipNorm(5)
                        .keepBest()
                        .seed(lab.seed());
                var batches = train.shuffled(lab.seed()).batches(batch).bucketed("y", 50);
                var history = lab.train(setting.name, "pairs", trainer, batches, validation, epochs);
                double[][] curve = history.curve("val_loss");
                double words = (double) Corpus.tokens(corpus.validation()) / Corpus.pairs(corpus.validation());
                double[] perplexities = Arrays.stream(curve[1])
                        .map(loss -> Math.exp(loss / words))
                        .toArray();
                curves.put(setting.name, new double[][] {curve[0], perplexities});
                Table.Row row = table.row(setting.name)
                        .cell("parameters", model.parameterCount())
                        .cell("seconds", Math.round(history.seconds()))
                        .put(
                                "validation perplexity",
                                "%.2f",
                                Arrays.stream(perplexities).min().orElseThrow())
                        .baseline(unigram, "unigram model");
                ScoredTranslations widest = translate(lab, corpus, net, setting, row, dictionary);
                IntStream.range(0, examples.rows().size())
                        .forEach(i -> examples.rows().get(i).cell(setting.name, widest.text(i)));
                if (prompted != null) {
                    int[] source = corpus.source(new Corpus.Sentence(prompt, List.of()), setting.reversed);
                    Hypothesis best = net.search(beam(corpus, 12, prompt.size()), source)
                            .get(0)
                            .get(0);
                    prompted.row(setting.name).cell(Corpus.WORDS.text(prompt), text(corpus, best));
                }
                if (setting.attention) {
                    attention(lab, corpus, net, widest);
                } else if (setting.reversed && !setting.sgd) {
                    encoderStates(lab, corpus, net);
                }
            }
        }
        table.row("Dictionary")
                .cell("BLEU of a beam of 1", line("%.2f", dictionary.bleu()))
                .cell("character accuracy", line("%.1f %%", dictionary.characterAccuracy()));
        lab.section("Comparison").curves("perplexity.png", "validation perplexity", "epoch", curves);
        lab.section("The first test sentences");
        lab.section("Published results");
        Table published = lab.table("published", "what");
        PUBLISHED.forEach(
                row -> published.row(row.get(0)).cell("published", row.get(1)).cell("source", row.get(2)));
    }

    /** The words of the prompt; empty if there is no prompt. */
    private static List<String> prompt(@Nullable String text, Corpus corpus) {
        List<String> words = text == null ? List.of() : Corpus.WORDS.tokens(text);
        if (text != null && words.isEmpty()) {
            throw new IllegalArgumentException("the prompt has no words; give an English sentence to translate");
        }
        for (String word : words) {
            if (!corpus.english().contains(word)) {
                throw new IllegalArgumentException("the word \"" + word + "\" in the prompt is not among the "
                        + corpus.english().size() + " English words that the networks know; use other words");
            }
        }
        return words;
    }

    /**
     * Weights start in +- this number. It is the 0.08 of Sutskever et al. (2014) for layers of 1,000 cells, and grows
     * for narrower ones so that sums over a layer keep their size; otherwise little of a sentence passes four layers.
     */
    private static float range(int width) {
        return (float) (0.08 * Math.sqrt(1000.0 / width));
    }

    /**
     * The schedule of Sutskever et al. (2014), scaled to {@code epochs}: constant for two thirds of them, then halved
     * five times at equal intervals.
     */
    static Schedule halved(int epochs) {
        double from = epochs / 1.5;
        double every = epochs / 15.0;
        return (done, steps) -> done < from ? 1 : Math.pow(0.5, 1 + Math.floor((done - from) / every));
    }

    /** The test sentences, with each word replaced by its most probable translation under IBM Model 1. */
    private static ScoredTranslations dictionary(Corpus corpus) {
        List<List<String>> sources = new ArrayList<>();
        List<List<String>> targets = new ArrayList<>();
        for (Corpus.Sentence s : corpus.training()) {
            List<String> source = new ArrayList<>(List.of(IbmModel1.NOTHING));
            source.addAll(s.english());
            sources.addAll(Collections.nCopies(s.french().size(), source));
            targets.addAll(s.french());
        }
        IbmModel1 model = IbmModel1.fit(sources, targets, ITERATIONS);
        return ScoredTranslations.of(
                corpus.test().stream().map(s -> model.translation(s.english())).toList(), corpus.test());
    }

    /** Translates the test sentences by beams of all widths; what the widest gives is returned. */
    private static ScoredTranslations translate(
            Lab lab, Corpus corpus, Seq2Seq net, Setting setting, Table.Row row, ScoredTranslations dictionary) {
        ScoredTranslations scored = dictionary;
        List<List<Hypothesis>> beams = List.of();
        for (int width : BEAMS.keySet()) {
            lab.say("translating %d sentences with a beam of %d", corpus.test().size(), width);
            beams = search(lab, corpus, net, setting, width);
            scored = scored(corpus, beams.stream().map(beam -> beam.get(0)).toList());
            row.put(BEAMS.getOrDefault(width, ""), "%.2f", scored.bleu()).baseline(dictionary.bleu(), "dictionary");
        }
        Comparator<Hypothesis> probability = Comparator.comparingDouble(Hypothesis::logProbability);
        List<Hypothesis> unpenalized =
                beams.stream().map(beam -> Collections.max(beam, probability)).toList();
        row.put(
                "BLEU without length penalty",
                "%.2f",
                scored(corpus, unpenalized).bleu());
        row.put("character accuracy", "%.1f %%", scored.characterAccuracy())
                .baseline(dictionary.characterAccuracy(), "dictionary");
        return scored;
    }

    private static ScoredTranslations scored(Corpus corpus, List<Hypothesis> found) {
        return ScoredTranslations.of(
                found.stream().map(h -> corpus.french().tokens(h.toArray())).toList(), corpus.test());
    }

    private static String text(Corpus corpus, Hypothesis found) {
        return Corpus.WORDS.text(corpus.french().tokens(found.toArray()));
    }

    /** The beam of each test sentence. Sentences of similar length are translated together. */
    private static List<List<Hypothesis>> search(Lab lab, Corpus corpus, Seq2Seq net, Setting setting, int width) {
        List<Corpus.Sentence> sentences = corpus.test();
        List<Integer> order = IntStream.range(0, sentences.size())
                .boxed()
                .sorted(Comparator.comparingInt(i -> sentences.get(i).english().size()))
                .toList();
        int longest = sentences.get(order.get(order.size() - 1)).english().size();
        List<List<Hypothesis>> found = new ArrayList<>(Collections.nCopies(order.size(), List.of()));
        for (int from = 0; from < order.size(); from += CHUNK) {
            lab.check();
            List<Integer> chunk = order.subList(from, Math.min(order.size(), from + CHUNK));
            int[][] sources = chunk.stream()
                    .map(i -> corpus.source(sentences.get(i), setting.reversed))
                    .toArray(int[][]::new);
            List<List<Hypothesis>> beams = net.search(beam(corpus, width, longest), sources);
            IntStream.range(0, beams.size()).forEach(k -> found.set(chunk.get(k), beams.get(k)));
        }
        return found;
    }

    /** A search for translations of up to {@code longest} words, ranked by the mean log-probability of a token. */
    private static BeamSearch beam(Corpus corpus, int width, int longest) {
        int stop = corpus.french().reserved().end();
        return new BeamSearch(width, stop, 2 * longest + LONGER, LengthPenalty.power(1));
    }

    /**
     * Attention maps of long test sentences that are translated as a reference has it, or of the first test sentence if
     * there are none.
     */
    private static void attention(Lab lab, Corpus corpus, Seq2Seq net, ScoredTranslations translated) {
        List<Corpus.Sentence> test = corpus.test();
        int[] right = IntStream.range(0, test.size())
                .filter(i -> test.get(i).english().size() >= LONG)
                .filter(i ->
                        test.get(i).french().contains(translated.sentences().get(i)))
                .limit(MAPS)
                .toArray();
        lab.section("Attention").put("right", right.length > 0);
        int[] shown = right.length > 0 ? right : new int[] {0};
        for (int k = 0; k < MAPS; k++) {
            boolean is = k < shown.length;
            lab.put("map" + k, is);
            if (is) {
                Corpus.Sentence s = test.get(shown[k]);
                List<String> written = new ArrayList<>(translated.sentences().get(shown[k]));
                int[][] target = {corpus.french().ids(written)};
                float[][] weights = net.attentionWeights(new int[][] {corpus.source(s, true)}, target)[0];
                written.add("(stop)");
                List<String> read = new ArrayList<>(s.english());
                Collections.reverse(read);
                String text = Corpus.WORDS.text(s.english());
                lab.put("text" + k, text)
                        .picture("attention-" + k + ".png", () -> Plots.heatMap(text, written, read, weights));
            }
        }
    }

    /** The encoder's final states of short sentences, in the plane of their first two principal components. */
    private static void encoderStates(Lab lab, Corpus corpus, Seq2Seq net) {
        Map<String, List<List<String>>> groups = new LinkedHashMap<>();
        SENTENCES.forEach((group, sentences) -> {
            List<List<String>> known = sentences.stream()
                    .map(Corpus.WORDS::tokens)
                    .filter(words -> words.stream().allMatch(corpus.english()::contains))
                    .toList();
            if (!known.isEmpty()) {
                groups.put(group, known);
            }
        });
        int[][] sources = groups.values().stream()
                .flatMap(List::stream)
                .map(words -> corpus.source(new Corpus.Sentence(words, List.of()), true))
                .toArray(int[][]::new);
        lab.section("Encoder states of sentences").put("known", sources.length >= 3);
        if (sources.length >= 3) {
            float[][] states = net.encoderStates(sources);
            SparseRows rows = SparseRows.dense(Averages.flat(states), states[0].length);
            double[] scores = Pca.of(rows, 2, 1e-9, 1).scores(rows);
            Map<String, Map<String, double[]>> points = new LinkedHashMap<>();
            int next = 0;
            for (var group : groups.entrySet()) {
                Map<String, double[]> named = new LinkedHashMap<>();
                for (List<String> words : group.getValue()) {
                    named.put(Corpus.WORDS.text(words), new double[] {scores[next++], scores[next++]});
                }
                points.put(group.getKey(), named);
            }
            lab.put("groups", String.join(", ", points.keySet()))
                    .picture("sentences.png", () -> Plots.scatter("Sentences", points));
        }
    }
}

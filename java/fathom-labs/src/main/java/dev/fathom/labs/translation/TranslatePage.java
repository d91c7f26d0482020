package dev.fathom.labs.translation;

import static dev.fathom.labs.pages.Result.line;

import dev.fathom.labs.experiments.Run;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Result;
import dev.fathom.view.Plots;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * What the lab on translation shows.
 *
 * @param dictionary translations of the test word by word
 * @param taught the networks: by SGD, in order, reversed, and with attention
 */
record TranslatePage(
        Run run, Corpus corpus, Translator.Budget budget, ScoredTranslations dictionary, List<Translator> taught) {
    private static final String SUTSKEVER = "Sutskever et al. 2014";
    private static final int SHOWN = 12;
    private static final int MAPS = 3;
    private static final int LONG = 5;
    /** Sentences whose places are drawn: who it is about, or that it is a question. */
    private static final Map<String, List<String>> SENTENCES = Map.of(
            "I", List.of("I am tired.", "I am sick.", "I am happy.", "I was late.", "I know that."),
            "he", List.of("He is tired.", "He is sick.", "He is happy.", "He was late.", "He knows that."),
            "we", List.of("We are tired.", "We are sick.", "We are happy.", "We were late.", "We know that."),
            "question", List.of("Are you tired?", "Are you sick?", "Are you happy?", "Is he sick?", "Is he happy?"));

    void write(Result page, List<String> prompt) {
        if (!prompt.isEmpty()) {
            prompt(page, prompt);
        }
        compare(page);
        figures(page);
        published(page);
        examples(page);
        attention(page);
        meanings(page);
    }

    private void prompt(Result page, List<String> prompt) {
        var sentence = new Corpus.Sentence(prompt, List.of());
        page.section("The prompt", "What each network says of it with its widest beam.")
                .table(
                        List.of("network", Corpus.WORDS.text(prompt)),
                        taught.stream()
                                .map(t -> List.of(t.setting().name(), Corpus.WORDS.text(t.translation(sentence, run))))
                                .toList());
    }

    private void compare(Result page) {
        List<String> header = new ArrayList<>(List.of("translator", "parameters", "seconds", "perplexity"));
        Translator.WIDTHS.forEach(width -> header.add("BLEU, beam " + width));
        header.addAll(List.of("BLEU, no penalty", "characters right"));
        List<List<String>> rows = new ArrayList<>();
        List<String> first = new ArrayList<>(List.of("Dictionary", "", "", "", line("%.2f", dictionary.bleu())));
        first.addAll(List.of("", "", "", line("%.1f %%", dictionary.characters())));
        rows.add(first);
        Map<String, double[][]> curves = new LinkedHashMap<>();
        for (Translator t : taught) {
            List<String> row = new ArrayList<>(List.of(
                    t.setting().name(),
                    line("%,d", t.model().parameterCount()),
                    line("%.0f", t.seconds()),
                    line("%.2f", t.perplexity())));
            t.beams().values().forEach(b -> row.add(line("%.2f", b.bleu())));
            row.add(line("%.2f", t.unpenalized().bleu()));
            row.add(line("%.1f %%", t.widest().characters()));
            rows.add(row);
            curves.put(t.setting().name(), t.perplexities());
        }
        page.section(
                        "Beside each other",
                        line(
                                "Two LSTMs of %d layers, %d wide, as are the embeddings; words that come once are one unknown token (%,d English and "
                                        + "%,d French tokens). All learn from the same pairs for %d epochs in batches of %d; norms of gradients "
                                        + "above 5 are clipped, and all weights begin uniform in +-0.08. Adam's rate 0.002 falls to 0 on a "
                                        + "cosine; SGD's 0.7 stays for two thirds of the epochs and is then halved five times. The epoch with the least "
                                        + "loss on sentences held out is kept. No English sentence is in two parts.",
                                budget.layers(),
                                budget.width(),
                                corpus.english().size(),
                                corpus.french().size(),
                                budget.epochs(),
                                budget.batch()))
                .table(header, rows)
                .text(
                        "BLEU counts lower-case words and marks beside all known translations of a sentence. The unknown token is never written. Beams are ranked by the mean "
                                + "log-probability of a token; without that penalty for the length, the widest is ranked by probability. Characters right "
                                + "is 1 less the character error rate to the closest translation, of the widest beam. Perplexity is of French tokens held "
                                + "out. The dictionary says for each word the most probable one of IBM's model 1, which was fitted to the same pairs.")
                .series("perplexity.png", "Perplexity of French tokens held out", "perplexity", "epoch", curves)
                .text(conclusion());
    }

    /** What reversing and the optimizer did, as it was measured. */
    private String conclusion() {
        return line(
                "With Adam and a beam of 1, BLEU is %.2f reversed and %.2f in order, %.2f with attention; SGD has %.2f.",
                greedy(taught.get(2)), greedy(taught.get(1)), greedy(taught.get(3)), greedy(taught.get(0)));
    }

    private static double greedy(Translator t) {
        return t.beams().values().iterator().next().bleu();
    }

    private void figures(Result page) {
        String baseline = line("%.2f", dictionary.bleu());
        for (Translator t : taught) {
            Figure bleu = Figure.of(
                            t.setting().name() + ", BLEU of the widest beam",
                            "",
                            t.widest().bleu())
                    .published(baseline, "computed here: the dictionary");
            boolean judged = run.whole() && t.setting().attends();
            page.key(judged ? bleu.atLeast(dictionary.bleu()) : bleu);
        }
        page.figure(Figure.of("Dictionary, BLEU", "", dictionary.bleu()));
        page.figure(Figure.of("Dictionary, characters right", "%", dictionary.characters()));
        for (Translator t : taught) {
            page.figure(Figure.of(t.setting().name() + ", BLEU of a beam of 1", "", greedy(t)));
            page.figure(Figure.of(
                    t.setting().name() + ", characters right", "%", t.widest().characters()));
            page.figure(Figure.of(t.setting().name() + ", perplexity", "", t.perplexity()));
        }
    }

    private static void published(Result page) {
        page.section(
                        "What is published",
                        "Context, not a measure for the figures above: WMT'14 has 12 million pairs of long sentences, and its networks 384 million "
                                + "parameters. Keras's accuracy is of single characters after the true ones before them, with those that fill up a "
                                + "batch.")
                .table(
                        List.of("what", "published", "source"),
                        List.of(
                                List.of("in order, beam 12", "BLEU 26.17", SUTSKEVER),
                                List.of("reversed, beam 12", "BLEU 30.59", SUTSKEVER),
                                List.of("five reversed, beams 1, 2, 12", "BLEU 33.00, 34.50, 34.81", SUTSKEVER),
                                List.of("in order to reversed", "perplexity 5.8 to 4.7", SUTSKEVER),
                                List.of("with attention", "BLEU 28.45", "Bahdanau et al. 2015"),
                                List.of(
                                        "characters, 10,000 of these pairs, 20 epochs",
                                        "accuracy 0.8712",
                                        "Keras, lstm_seq2seq")));
    }

    private void examples(Result page) {
        List<String> header = new ArrayList<>(List.of("English", "a translation", "Dictionary"));
        taught.forEach(t -> header.add(t.setting().name()));
        List<List<String>> rows = new ArrayList<>();
        for (int i = 0; i < Math.min(SHOWN, corpus.test().size()); i++) {
            Corpus.Sentence s = corpus.test().get(i);
            List<String> row = new ArrayList<>(List.of(
                    Corpus.WORDS.text(s.english()),
                    Corpus.WORDS.text(s.french().get(0)),
                    Corpus.WORDS.text(dictionary.said().get(i))));
            for (Translator t : taught) {
                row.add(Corpus.WORDS.text(t.said(i)));
            }
            rows.add(row);
        }
        page.section("The first sentences of the test", "The networks with their widest beams.")
                .table(header, rows);
    }

    /** Where the words of some translations looked; of long sentences that are translated right where there are any. */
    private void attention(Result page) {
        Translator t = taught.get(taught.size() - 1);
        List<Corpus.Sentence> test = corpus.test();
        int[] right = IntStream.range(0, test.size())
                .filter(i -> test.get(i).english().size() >= LONG)
                .filter(i -> test.get(i).french().contains(t.said(i)))
                .limit(MAPS)
                .toArray();
        int[] shown = right.length > 0 ? right : new int[] {0};
        page.section(
                "Where attention looks",
                right.length > 0
                        ? "The first sentences of the test with at least " + LONG
                                + " tokens that are translated as a reference has it. Rows are what was written, columns what was read."
                        : "No long sentence of the test is translated as a reference has it, so this is its first sentence. Rows are what was "
                                + "written, columns what was read.");
        for (int i : shown) {
            Corpus.Sentence s = test.get(i);
            List<String> written = new ArrayList<>(t.said(i));
            float[][] looks = t.model()
                    .net()
                    .looks(
                            corpus.source(s, t.setting().reversed()),
                            corpus.french().ids(written));
            written.add("(stop)");
            List<String> read = new ArrayList<>(s.english());
            if (t.setting().reversed()) {
                Collections.reverse(read);
            }
            String text = Corpus.WORDS.text(s.english());
            page.picture(
                    "attention-" + i + ".png",
                    "How much each French word looked at each English one: " + text,
                    () -> Plots.heatMap(text, written, read, looks));
        }
    }

    /** The encoder's last states of some sentences, in the plane in which they differ most. */
    private void meanings(Result page) {
        Translator t = taught.get(2);
        Map<String, List<Corpus.Sentence>> groups = new LinkedHashMap<>();
        for (String group : List.of("I", "he", "we", "question")) {
            List<Corpus.Sentence> known = SENTENCES.getOrDefault(group, List.of()).stream()
                    .map(text -> new Corpus.Sentence(Corpus.WORDS.tokens(text), List.of()))
                    .filter(s -> s.english().stream().allMatch(corpus.english()::contains))
                    .toList();
            if (!known.isEmpty()) {
                groups.put(group, known);
            }
        }
        List<Corpus.Sentence> all =
                groups.values().stream().flatMap(List::stream).toList();
        if (all.size() < 3) {
            return;
        }
        int[][] sources =
                all.stream().map(s -> corpus.source(s, t.setting().reversed())).toArray(int[][]::new);
        double[][] places = Plane.of(t.model().net().meanings(sources));
        Map<String, Map<String, double[]>> points = new LinkedHashMap<>();
        int next = 0;
        for (var group : groups.entrySet()) {
            Map<String, double[]> named = new LinkedHashMap<>();
            for (Corpus.Sentence s : group.getValue()) {
                named.put(Corpus.WORDS.text(s.english()), places[next++]);
            }
            points.put(group.getKey(), named);
        }
        page.section(
                        "What the encoder makes of sentences",
                        "The state of the top layer after the sentence, "
                                + t.setting().name()
                                + ", on the first two principal components of these sentences, whose words are all known.")
                .picture(
                        "sentences.png",
                        "The encoder's states of short sentences in a plane: " + String.join(", ", points.keySet()),
                        () -> Plots.scatter("Sentences", points));
    }
}

package dev.fathom.labs.translation;

import static dev.fathom.labs.pages.Findings.line;

import dev.fathom.features.Pca;
import dev.fathom.features.SparseRows;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Findings;
import dev.fathom.view.Plots;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;

/**
 * The page of the lab on translation.
 *
 * @param dictionary word-by-word translations of the test sentences
 * @param trained the networks, at least one; fewer than in a whole run if the run was interrupted
 */
record TranslatePage(Corpus corpus, Translator.Budget budget, ScoredTranslations dictionary, List<Translator> trained) {
    private static final String SUTSKEVER = "Sutskever et al. 2014";
    private static final int SHOWN = 12;
    private static final int MAPS = 3;
    private static final int LONG = 5;
    /** The sentences whose encoder states are drawn, by their subject, and questions. */
    private static final List<String> GROUPS = List.of("I", "he", "we", "question");

    private static final Map<String, List<String>> SENTENCES = Map.of(
            "I", List.of("I am tired.", "I am sick.", "I am happy.", "I was late.", "I know that."),
            "he", List.of("He is tired.", "He is sick.", "He is happy.", "He was late.", "He knows that."),
            "we", List.of("We are tired.", "We are sick.", "We are happy.", "We were late.", "We know that."),
            "question", List.of("Are you tired?", "Are you sick?", "Are you happy?", "Is he sick?", "Is he happy?"));

    void write(Findings page, List<String> prompt) {
        if (!prompt.isEmpty()) {
            prompt(page, prompt);
        }
        comparison(page);
        figures(page);
        published(page);
        examples(page);
        trained.stream().filter(t -> t.setting().attention()).forEach(t -> attention(page, t));
        trained.stream()
                .filter(t -> !t.setting().attention())
                .reduce((first, second) -> second)
                .ifPresent(t -> encoderStates(page, t));
    }

    private void prompt(Findings page, List<String> prompt) {
        page.section("The prompt", "The translation by each network with its widest beam.")
                .table(
                        List.of("network", Corpus.WORDS.text(prompt)),
                        trained.stream()
                                .map(t -> List.of(t.setting().name(), Corpus.WORDS.text(t.translate(prompt))))
                                .toList());
    }

    private void comparison(Findings page) {
        List<String> header = new ArrayList<>(List.of("translator", "parameters", "seconds", "validation perplexity"));
        Translator.WIDTHS.forEach(width -> header.add("BLEU, beam " + width));
        header.addAll(List.of("BLEU without length penalty", "character accuracy"));
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of(
                "Dictionary",
                "",
                "",
                "",
                line("%.2f", dictionary.bleu()),
                "",
                "",
                "",
                line("%.1f %%", dictionary.characterAccuracy())));
        Map<String, double[][]> curves = new LinkedHashMap<>();
        for (Translator t : trained) {
            List<String> row = new ArrayList<>(List.of(
                    t.setting().name(),
                    line("%,d", t.model().parameterCount()),
                    line("%.0f", t.history().seconds()),
                    line("%.2f", t.perplexity())));
            t.beams().values().forEach(b -> row.add(line("%.2f", b.bleu())));
            row.add(line("%.2f", t.unpenalized().bleu()));
            row.add(line("%.1f %%", t.widest().characterAccuracy()));
            rows.add(row);
            curves.put(t.setting().name(), t.perplexities());
        }
        page.section(
                        "Comparison",
                        line(
                                "Each network consists of two LSTMs of %d layers; their states and the embeddings "
                                        + "are %d wide. Words that occur "
                                        + "once in the training pairs are one unknown token, which leaves %,d "
                                        + "English and %,d French tokens. All networks "
                                        + "are trained on the same pairs for %d epochs in batches of %d. "
                                        + "Gradients are clipped to a norm of 5. Weights "
                                        + "start uniform in +-%.2f, which is the paper's 0.08 scaled from 1,000 "
                                        + "cells to this width, and embeddings "
                                        + "start normal with a standard deviation of 1. Adam's learning rate of "
                                        + "0.002 falls to 0 on a cosine; that of SGD is 0.7 for "
                                        + "two thirds of the epochs and is then halved five times. The epoch with "
                                        + "the lowest loss on the validation "
                                        + "sentences is kept. No English sentence is in two parts. Attention uses "
                                        + "the score of Bahdanau et al. (2015), "
                                        + "and reads its context after the decoder's step, as in Luong et al. (2015).",
                                budget.layers(),
                                budget.width(),
                                corpus.english().size(),
                                corpus.french().size(),
                                budget.epochs(),
                                budget.batch(),
                                Translator.range(budget.width())))
                .table(header, rows)
                .text("BLEU compares lower-case words and punctuation of the test sentences with all their "
                        + "known translations. The unknown token is "
                        + "never written. Beams are ranked by the mean log-probability of a token; "
                        + "without this length penalty, the widest beam is "
                        + "ranked by the probability of the whole sentence. Character accuracy is 1 minus "
                        + "the character error rate to the closest "
                        + "known translation, for the widest beam. Perplexity is measured on the French "
                        + "tokens of the validation sentences, which also "
                        + "choose the epoch. The dictionary replaces each word by its most probable "
                        + "translation under IBM Model 1, fitted to the "
                        + "training pairs.")
                .series(
                        "perplexity.png",
                        "Perplexity of the validation sentences after each epoch",
                        "validation perplexity",
                        "epoch",
                        curves)
                .text("BLEU with a beam of 1: " + scores(t -> t.greedy().bleu()) + ".")
                .text("Validation perplexity: " + scores(Translator::perplexity) + ".");
    }

    /** A number of each network in a sentence. */
    private String scores(ToDoubleFunction<Translator> score) {
        return String.join(
                "; ",
                trained.stream()
                        .map(t -> line("%s %.2f", t.setting().name(), score.applyAsDouble(t)))
                        .toList());
    }

    private void figures(Findings page) {
        for (Translator t : trained) {
            Figure bleu = Figure.of(
                            t.setting().name() + ", BLEU of the widest beam",
                            "",
                            t.widest().bleu())
                    .baseline(dictionary.bleu(), "dictionary");
            page.key(bleu);
        }
        for (Translator t : trained) {
            String name = t.setting().name();
            page.figure(Figure.of(name + ", BLEU of a beam of 1", "", t.greedy().bleu())
                            .baseline(dictionary.bleu(), "dictionary"))
                    .figure(Figure.of(
                                    name + ", character accuracy",
                                    "%",
                                    t.widest().characterAccuracy())
                            .baseline(dictionary.characterAccuracy(), "dictionary"))
                    .figure(Figure.of(name + ", validation perplexity", "", t.perplexity())
                            .baseline(corpus.unigramPerplexity(), "unigram model"));
        }
    }

    private static void published(Findings page) {
        page.section(
                        "Published results",
                        "They are context and no measure for the figures above: WMT'14 has 12 million pairs of "
                                + "long sentences, and its networks have "
                                + "384 million parameters. Keras measures the accuracy of each character given "
                                + "the true characters before it, "
                                + "including padding.")
                .table(
                        List.of("what", "published", "source"),
                        List.of(
                                List.of("in order, beam 12", "BLEU 26.17", SUTSKEVER),
                                List.of("reversed, beam 12", "BLEU 30.59", SUTSKEVER),
                                List.of("five reversed, beams 1, 2, 12", "BLEU 33.00, 34.50, 34.81", SUTSKEVER),
                                List.of("from in order to reversed", "perplexity 5.8 to 4.7", SUTSKEVER),
                                List.of("with attention", "BLEU 28.45", "Bahdanau et al. 2015"),
                                List.of(
                                        "characters, 10,000 of these pairs, 20 epochs",
                                        "accuracy 0.8712",
                                        "Keras, lstm_seq2seq")));
    }

    private void examples(Findings page) {
        List<String> header = new ArrayList<>(List.of("English", "a known translation", "Dictionary"));
        trained.forEach(t -> header.add(t.setting().name()));
        List<List<String>> rows = new ArrayList<>();
        for (int i = 0; i < Math.min(SHOWN, corpus.test().size()); i++) {
            Corpus.Sentence s = corpus.test().get(i);
            List<String> row = new ArrayList<>(List.of(
                    Corpus.WORDS.text(s.english()),
                    Corpus.WORDS.text(s.french().get(0)),
                    Corpus.WORDS.text(dictionary.sentences().get(i))));
            for (Translator t : trained) {
                row.add(Corpus.WORDS.text(t.translation(i)));
            }
            rows.add(row);
        }
        page.section("The first test sentences", "The networks use their widest beams.")
                .table(header, rows);
    }

    /**
     * Attention maps of long test sentences that are translated as a reference has it, or of the first test sentence if
     * there are none.
     */
    private void attention(Findings page, Translator t) {
        List<Corpus.Sentence> test = corpus.test();
        int[] right = IntStream.range(0, test.size())
                .filter(i -> test.get(i).english().size() >= LONG)
                .filter(i -> test.get(i).french().contains(t.translation(i)))
                .limit(MAPS)
                .toArray();
        String rows =
                " Each row shows how much one token of the translation attends to each token of the source, which "
                        + "is read from left to right.";
        page.section(
                "Attention",
                right.length > 0
                        ? "The first test sentences of at least " + LONG
                                + " tokens whose translation equals a reference." + rows
                        : "No test sentence of at least " + LONG
                                + " tokens is translated like a reference, so this is the first test sentence." + rows);
        for (int i : right.length > 0 ? right : new int[] {0}) {
            Corpus.Sentence s = test.get(i);
            List<String> written = new ArrayList<>(t.translation(i));
            int[][] source = {corpus.source(s, t.setting().reversed())};
            int[][] target = {corpus.french().ids(written)};
            float[][] weights = t.model().net().attentionWeights(source, target)[0];
            written.add("(stop)");
            List<String> read = new ArrayList<>(s.english());
            if (t.setting().reversed()) {
                Collections.reverse(read);
            }
            String text = Corpus.WORDS.text(s.english());
            page.picture(
                    "attention-" + i + ".png",
                    "How much each French word attends to each English word: " + text,
                    () -> Plots.heatMap(text, written, read, weights));
        }
    }

    /** The encoder's final states of short sentences, in the plane of their first two principal components. */
    private void encoderStates(Findings page, Translator t) {
        Map<String, List<List<String>>> groups = new LinkedHashMap<>();
        for (String group : GROUPS) {
            List<List<String>> known = SENTENCES.getOrDefault(group, List.of()).stream()
                    .map(Corpus.WORDS::tokens)
                    .filter(words -> words.stream().allMatch(corpus.english()::contains))
                    .toList();
            if (!known.isEmpty()) {
                groups.put(group, known);
            }
        }
        int[][] sources = groups.values().stream()
                .flatMap(List::stream)
                .map(words -> corpus.source(
                        new Corpus.Sentence(words, List.of()), t.setting().reversed()))
                .toArray(int[][]::new);
        String heading = "Encoder states of sentences";
        if (sources.length < 3) {
            page.section(heading, "")
                    .text("There is no picture of encoder states: fewer than three of its sentences consist of "
                            + "words that the networks know.");
            return;
        }
        double[][] places = plane(t.model().net().encoderStates(sources));
        Map<String, Map<String, double[]>> points = new LinkedHashMap<>();
        int next = 0;
        for (var group : groups.entrySet()) {
            Map<String, double[]> named = new LinkedHashMap<>();
            for (List<String> words : group.getValue()) {
                named.put(Corpus.WORDS.text(words), places[next++]);
            }
            points.put(group.getKey(), named);
        }
        page.section(
                        heading,
                        "The state of the encoder's top layer after each sentence, in the network \""
                                + t.setting().name()
                                + "\", projected on the first two principal components of these states.")
                .picture(
                        "sentences.png",
                        "Encoder states of short sentences in a plane: " + String.join(", ", points.keySet()),
                        () -> Plots.scatter("Sentences", points));
    }

    private static double[][] plane(float[]... states) {
        int width = states[0].length;
        float[] values = new float[states.length * width];
        for (int i = 0; i < states.length; i++) {
            System.arraycopy(states[i], 0, values, i * width, width);
        }
        SparseRows rows = SparseRows.dense(values, width);
        double[] scores = Pca.of(rows, 2, 1e-9, 1).scores(rows);
        double[][] places = new double[states.length][];
        Arrays.setAll(places, i -> Arrays.copyOfRange(scores, 2 * i, 2 * i + 2));
        return places;
    }
}

package dev.fathom.labs.translation;

import static dev.fathom.experiments.data.ParallelCorpus.WORDS;

import dev.fathom.decode.Seq2Seq;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.ParallelCorpus;
import dev.fathom.experiments.data.ParallelCorpus.Sentence;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.features.Pca;
import dev.fathom.features.SparseRows;
import dev.fathom.view.Plots;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** What a network that reads sentences from their end attends to, and the states of its encoder. */
record TranslatorPictures(Lab lab, ParallelCorpus corpus, Seq2Seq net) {
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

    /**
     * Attention maps of long test sentences that are translated as a reference has it, or of the first test sentence if
     * there are none.
     */
    void attention(ScoredTranslations translated) {
        List<Sentence> test = corpus.test();
        int[] right = IntStream.range(0, test.size())
                .filter(i -> test.get(i).english().size() >= LONG)
                .filter(i ->
                        test.get(i).french().contains(translated.sentences().get(i)))
                .limit(MAPS)
                .toArray();
        lab.section("Attention").put("right", right.length > 0).put("long", LONG);
        int[] shown = right.length > 0 ? right : new int[] {0};
        for (int k = 0; k < MAPS; k++) {
            lab.put("map" + k, k < shown.length);
            if (k < shown.length) {
                Sentence sentence = test.get(shown[k]);
                List<String> written = new ArrayList<>(translated.sentences().get(shown[k]));
                int[][] source = {corpus.source(sentence, true)};
                float[][] weights = net.attentionWeights(
                                source, new int[][] {corpus.french().ids(written)})[0];
                written.add("(stop)");
                List<String> read = new ArrayList<>(sentence.english());
                Collections.reverse(read);
                lab.put("text" + k, sentence.text())
                        .picture(
                                "attention-" + k + ".png",
                                () -> Plots.heatMap(sentence.text(), written, read, weights));
            }
        }
    }

    /** The encoder's final states of short sentences, in the plane of their first two principal components. */
    void encoderStates() {
        Map<String, List<Sentence>> groups = new LinkedHashMap<>();
        SENTENCES.forEach((group, sentences) -> {
            List<Sentence> known = sentences.stream()
                    .map(WORDS::tokens)
                    .filter(words -> words.stream().allMatch(corpus.english()::contains))
                    .map(words -> new Sentence(words, List.of()))
                    .toList();
            if (!known.isEmpty()) {
                groups.put(group, known);
            }
        });
        int[][] sources = groups.values().stream()
                .flatMap(List::stream)
                .map(sentence -> corpus.source(sentence, true))
                .toArray(int[][]::new);
        lab.section("Encoder states of sentences").put("known", sources.length >= 3);
        if (sources.length >= 3) {
            float[][] states = net.encoderStates(sources);
            SparseRows rows = SparseRows.dense(Averages.flat(states), states[0].length);
            double[] scores = Pca.of(rows, 2, 1e-9, 1).scores(rows);
            Map<String, Map<String, double[]>> points = new LinkedHashMap<>();
            int[] next = {0};
            groups.forEach((group, sentences) -> {
                Map<String, double[]> named = new LinkedHashMap<>();
                sentences.forEach(s -> named.put(s.text(), new double[] {scores[next[0]++], scores[next[0]++]}));
                points.put(group, named);
            });
            lab.put("groups", String.join(", ", points.keySet()))
                    .picture("sentences.png", () -> Plots.scatter("Sentences", points));
        }
    }
}

package dev.fathom.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.fathom.data.Dataset;
import dev.fathom.nn.Model;
import dev.fathom.optim.Adam;
import dev.fathom.optim.Group;
import dev.fathom.optim.Schedule;
import dev.fathom.tensor.KeptTensor;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.Trainer;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Skip-gram: its pairs, its noise, and that it learns. */
class SkipGramTest {
    /** Each text has words of one topic out of 20; words of a topic must become neighbors. */
    @Test
    void skipGramLearnsTheTopicsOfGeneratedTexts() {
        int topics = 20;
        int size = 10; // words of a topic
        Vocabulary words = Vocabulary.ofTokens(IntStream.range(0, topics * size)
                        .mapToObj(i -> "t" + i / size + "w" + i % size)
                        .toList())
                .reserved(Reserved.KERAS);
        int first = Reserved.KERAS.tokens().size();
        Random random = new Random(1);
        int[][] texts = new int[2_000][60];
        for (int i = 0; i < texts.length; i++) {
            for (int k = 0; k < texts[i].length; k++) {
                texts[i][k] = first + i % topics * size + random.nextInt(size);
            }
        }
        long[] counts = new long[words.size()];
        Stream.of(texts).flatMapToInt(Arrays::stream).forEach(token -> counts[token]++);
        SkipGram.Pairs pairs = SkipGram.Pairs.of(texts, counts, first, 5, 1e-4, 1);
        double[] losses;
        WordVectors vectors;
        try (Pass pass = Pass.infer();
                KeptTensor noise = Tensor.ofInts(SkipGram.noise(counts, first), SkipGram.NOISE)
                        .keep();
                Dataset data = pairs.dataset();
                Model<SkipGram> model = Model.of(SkipGram.of(words.size(), 16), 1)) {
            losses = Trainer.custom(model, new Adam(0.01f), (net, batch) -> net.step(batch, noise, 5))
                    .groups(Group.of("*").lazy())
                    .schedule(Schedule.cosine(6))
                    .fit(data.shuffled(1).batches(1024), 6)
                    .series("loss");
            vectors = model.net().vectors(words);
            assertThat(pass.recording()).isFalse();
        }
        assertThat(pairs.words().length).isBetween(50_000, 200_000);
        assertThat(losses[0]).as("from all scores 0").isLessThan(6 * Math.log(2));
        assertThat(losses[5]).isLessThan(0.75 * losses[0]);
        long same = words.tokens().stream()
                .skip(first)
                .flatMap(word -> vectors.nearest(word, 5).stream()
                        .filter(near -> near.startsWith(word.substring(0, word.indexOf('w') + 1))))
                .count();
        assertThat(same / (5.0 * topics * size))
                .as("share of neighbors of the same topic")
                .isGreaterThan(0.9);
    }

    @Test
    void noiseFollowsThePowerOfCounts() {
        long[] counts = {5, 16, 81, 0, 1};
        int[] table = SkipGram.noise(counts, 1);
        long[] found = new long[counts.length];
        for (int token : table) {
            found[token]++;
        }
        double unit = table.length / 36.0; // 8 + 27 + 0 + 1
        assertThat(found[0]).isZero();
        assertThat(found[3]).isZero();
        assertThat(found[1]).isBetween((long) (8 * unit) - 1, (long) (8 * unit) + 2);
        assertThat(found[4]).isBetween((long) unit - 1, (long) unit + 2);
    }

    @Test
    void pairsAreNearAndFrequentWordsAreRare() {
        int[] text = new int[4000];
        for (int i = 0; i < text.length; i++) {
            text[i] = i % 2 == 0 ? 1 : 2 + i / 2; // every second is the same word
        }
        long[] counts = new long[2002];
        Arrays.stream(text).forEach(t -> counts[t]++);
        SkipGram.Pairs pairs = SkipGram.Pairs.of(new int[][] {text, {0, 0}}, counts, 1, 5, 1e-4, 1);
        long common = Arrays.stream(pairs.words()).filter(t -> t == 1).count();
        double share = (double) common / pairs.words().length;
        // a word of frequency 1/2 stays with sqrt(1e-4 / (1/2)) = 1.41 %, those of 1/4000 with 63 %
        assertThat(share).isBetween(0.01, 0.04);
        assertThat(pairs.words()).doesNotContain(0);
        assertThat(pairs.contexts()).hasSameSizeAs(pairs.words());
        assertThat(IntStream.range(0, pairs.words().length)
                        .filter(i -> pairs.words()[i] > 1 && pairs.contexts()[i] > 1)
                        .map(i -> Math.abs(pairs.words()[i] - pairs.contexts()[i])))
                .as("five places among the words that are kept, of which 63 % are")
                .allMatch(distance -> distance > 0 && distance < 30);
    }

    @Test
    void unfitArgumentsAreSentences() {
        long[] counts = {0, 3, 2};
        int[][] texts = {{1, 2}, {3}};
        assertThatIllegalArgumentException()
                .isThrownBy(() -> SkipGram.Pairs.of(texts, counts, 1, 5, 1e-4, 1))
                .withMessage(
                        "SkipGram: a text has the token 3, but there are counts of 3 tokens; give a count of each");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> SkipGram.Pairs.of(texts, counts, 1, 0, 1e-4, 1))
                .withMessageContaining("window");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> SkipGram.Pairs.of(texts, counts, 1, 5, 0, 1))
                .withMessageContaining("rare");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> SkipGram.noise(counts, 3))
                .withMessage("SkipGram: the first word is token 3, but there are counts of 3 tokens; give one of them");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> SkipGram.noise(new long[2], 0))
                .withMessage("SkipGram: no word has a count above 0; count those of the texts");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new SkipGram.Pairs(new int[2], new int[1]))
                .withMessageContaining("there are 2 words, but 1 contexts");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> SkipGram.of(10, 0))
                .withMessageContaining("dimensions");
        try (Model<SkipGram> model = Model.of(SkipGram.of(10, 2), 1)) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> model.net().vectors(Vocabulary.ofTokens(List.of("film"))))
                    .withMessage(
                            "SkipGram: the vocabulary has 1 tokens, but there are vectors of 10; give the one of the"
                                    + " texts");
        }
    }
}

package dev.fathom.labs.embeddings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fathom.experiments.TestData;
import dev.fathom.experiments.data.EnglishFrench.Pair;
import dev.fathom.labs.LabCall;
import dev.fathom.labs.ShortRun;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code fathom lab embeddings}: its short form, how sentences are split, and a search whose answer is known. */
class EmbeddingsLabTest {
    @TempDir
    Path temp;

    @Test
    void translationsAreFoundAndReviewsToldApart() {
        TestData.assume("eng-fra");
        TestData.assume("imdb");
        ShortRun run = ShortRun.of(new EmbeddingsLab(), 1, temp);
        assertThat(run.result().isFinished()).isTrue();
        for (String vectors : List.of("Word vectors", "Encoder")) {
            for (String way : List.of("English to French", "French to English")) {
                double first = run.figure(vectors + ", " + way + ", recall at 1"); // 0.2 % by chance
                assertThat(first).as(vectors + ", " + way).isGreaterThan(20);
                assertThat(run.figure(vectors + ", " + way + ", recall at 10")).isGreaterThan(first + 5);
            }
        }
        assertThat(run.figure("Word vectors, order of words"))
                .as("a mean has no order")
                .isEqualTo(50);
        assertThat(run.figure("Encoder, order of words")).isGreaterThan(55);
        assertThat(run.figure("Masked words that are named right")).isGreaterThan(2);
        for (String classifier : List.of("word vectors", "encoder from random weights", "encoder, pretrained")) {
            assertThat(run.figure("Reviews, " + classifier + ", test accuracy"))
                    .as(classifier)
                    .isBetween(45.0, 90.0);
        }
        assertThat(run.figure("Reviews, word vectors, test accuracy")).isGreaterThan(58);
        for (String picture : List.of("recall.png", "lengths.png", "reviews.png")) {
            assertThat(temp.resolve(picture)).isNotEmptyFile();
        }
    }

    @Test
    void finishedTrainingsAreNotDoneAgain() {
        TestData.assume("eng-fra");
        TestData.assume("imdb");
        LabCall.twice("embeddings", temp);
    }

    @Test
    void theDataMayBeInAFolderThatIsNamed() {
        assertThat(LabCall.on(temp, "embeddings").failure())
                .contains(temp.resolve("eng-fra").toString())
                .contains("eng-fra.tsv.gz");
    }

    @Test
    void noSentenceIsInTwoParts() {
        List<Pair> pairs = List.of(
                new Pair("Go.", "Va !"),
                new Pair("Run!", "Cours !"),
                new Pair("Leave.", "Pars !"),
                new Pair("go.", "Va !"), // the first one again
                new Pair("Move.", "Bouge !"),
                new Pair("Run!", "Fuis !"),
                new Pair("Go.", "Bouge !"), // joins two groups
                new Pair("Flee.", "Fuis !"));
        List<List<Pair>> groups = SentencePairs.groups(pairs);
        assertThat(groups.stream().map(g -> g.stream().map(Pair::english).toList()))
                .containsExactly(
                        List.of("go .", "move .", "go ."), List.of("run !", "run !", "flee ."), List.of("leave ."));
    }

    @Test
    void heldOutSentencesHaveOneTranslationEach() {
        List<Pair> pairs = IntStream.range(0, 300)
                .mapToObj(i -> new Pair("w" + i % 150 + " a.", "m" + i + " b."))
                .toList();
        SentencePairs split = SentencePairs.of(pairs, 20, 30, 400, 1);
        assertThat(split.choose()).hasSize(20);
        assertThat(split.test()).hasSize(30);
        assertThat(split.training()).hasSize(2 * (150 - 50));
        Set<String> learned = new HashSet<>();
        split.training().forEach(p -> learned.addAll(List.of(p.english(), p.french())));
        Set<String> held = new HashSet<>();
        for (Pair p : split.test()) {
            assertThat(held.add(p.english()) && held.add(p.french())).isTrue();
        }
        split.choose().forEach(p -> held.addAll(List.of(p.english(), p.french())));
        assertThat(held).hasSize(100).doesNotContainAnyElementsOf(learned);
        assertThatThrownBy(() -> SentencePairs.of(pairs, 50, 30, 400, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "the pairs have 150 groups of sentences, but 80 are held out; give a file with at least 160");
    }

    /** Ranks by angles that are read off: 10, 50 and 45 degrees are looked for by 0, 40 and 90. */
    @Test
    void aRankCountsTheTextsThatAreNearer() {
        Retrieval found = Retrieval.of(directions(0, 40, 90), directions(10, 50, 45));
        assertThat(found.ranks()).containsExactly(0, 1, 1);
        assertThat(found.nearest()).containsExactly(0, 2, 1);
        assertThat(found.recall(1)).isEqualTo(100 / 3.0);
        assertThat(found.recall(2)).isEqualTo(100);
        assertThat(Retrieval.of(directions(5, 5), directions(7, 7)).ranks())
                .as("vectors that are all the same find nothing")
                .containsExactly(1, 1);
    }

    @Test
    void aTieIsAHalf() {
        float[][] asked = directions(0, 0, 0, 0);
        assertThat(TranslationSearch.nearer(asked, directions(10, 30, 20, 5), directions(20, 15, 20, -5)))
                .isEqualTo(100 * (1 + 0 + 0.5 + 0.5) / 4);
    }

    private static float[][] directions(double... degrees) {
        float[][] rows = new float[degrees.length][];
        for (int i = 0; i < rows.length; i++) {
            double angle = Math.toRadians(degrees[i]);
            rows[i] = new float[] {(float) Math.cos(angle), (float) Math.sin(angle)};
        }
        return rows;
    }
}

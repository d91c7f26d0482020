package dev.fathom.labs.reviews;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fathom.experiments.TestData;
import dev.fathom.experiments.pages.Figure;
import dev.fathom.experiments.pages.Findings;
import dev.fathom.labs.InterruptedRun;
import dev.fathom.labs.LabCall;
import dev.fathom.text.Reserved;
import dev.fathom.text.Vocabulary;
import dev.fathom.text.WordVectors;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The lab on word vectors, and its parts. */
class WordsLabTest {
    private static final Pattern ROW =
            Pattern.compile("(?m)^(all|learned with the classifier|PCA, \\w+|skip-gram, \\w+) .*$");
    private static final Pattern NUMBER = Pattern.compile("([\\d.]+) %");

    @TempDir
    Path temp;

    @Test
    void shortForm() throws IOException {
        TestData.assume("imdb");
        LabCall.Ended run = LabCall.brief("words", temp);
        double[] analogies = row(run, "all");
        assertThat(analogies[0]).as("PCA beside chance").isGreaterThan(8);
        assertThat(analogies[0]).as("PCA beside the nearest word alone").isGreaterThan(analogies[2]);
        assertThat(row(run, "learned with the classifier")[1]).isGreaterThan(75);
        assertThat(row(run, "PCA, frozen")[1]).isGreaterThan(70);
        assertThat(row(run, "PCA, tuned")[1]).isGreaterThan(75);
        assertThat(analogies[3]).as("skip-gram, of 0.07 % by chance").isGreaterThan(0.3);
        assertThat(row(run, "skip-gram, frozen")[1]).isGreaterThan(57);
        assertThat(row(run, "skip-gram, tuned")[1]).isGreaterThan(72);
        assertThat(run.out()).containsPattern("\nterrible  .*(awful|horrible|stupid)");
        WordVectors vectors = WordVectors.read(temp.resolve("pca.txt"));
        assertThat(vectors.dimensions()).isEqualTo(32);
        assertThat(vectors.nearest("he", 10)).contains("she");
        assertThat(vectors.nearest("terrible", 10)).containsAnyOf("awful", "horrible", "bad");
        for (String file : List.of("report.html", "skip-gram.txt", "words-pca.png", "words-skip-gram.png")) {
            assertThat(temp.resolve(file)).isNotEmptyFile();
        }
    }

    private static double[] row(LabCall.Ended run, String name) {
        Matcher row = ROW.matcher(run.out());
        while (row.find()) {
            if (row.group(1).equals(name)) {
                return NUMBER.matcher(row.group())
                        .results()
                        .mapToDouble(m -> Double.parseDouble(m.group(1)))
                        .toArray();
            }
        }
        throw new AssertionError("no row " + name + " in " + run.out());
    }

    /** What is finished is not trained again, and frozen vectors stay as they were given. */
    @Test
    void aRunIsResumedAndFrozenVectorsStayAsTheyAre() throws IOException {
        Path data = ReviewFiles.opinions(temp.resolve("imdb"), 240);
        Path out = temp.resolve("out");
        LabCall lab = LabCall.of("words", out).brief().epochs(1).resume().data(data);
        LabCall.Ended first = lab.completed();
        assertThat(row(first, "learned with the classifier")[0]).isGreaterThan(65);
        LabCall.Ended again = lab.completed();
        assertThat(again.out()).doesNotContain("epoch 1/1");
        assertThat(row(again, "all")).isEqualTo(row(first, "all"));
        assertThat(row(again, "skip-gram, tuned")).isEqualTo(row(first, "skip-gram, tuned"));
        for (String vectors : List.of("pca", "skip-gram")) {
            float[] given = WordVectors.read(out.resolve(vectors + ".txt"))
                    .table(Vocabulary.ofTokens(WordVectors.read(out.resolve(vectors + ".txt"))
                                    .words()
                                    .tokens())
                            .reserved(Reserved.KERAS));
            given = MeanClassifier.scaled(given);
            Path kept = ReviewFiles.kept(out);
            assertThat(ReviewFiles.vectors(kept.resolve(vectors + "-frozen-192")))
                    .isEqualTo(given);
            assertThat(ReviewFiles.vectors(kept.resolve(vectors + "-tuned-192")))
                    .hasSameSizeAs(given)
                    .isNotEqualTo(given);
        }
    }

    @Test
    void anInterruptedRunShowsWhatIsFinished() throws IOException {
        Path data = ReviewFiles.opinions(temp.resolve("imdb"), 240);
        assertThat(interrupted("Counting co-occurrences", data).figures()).isEmpty();
        Findings page = interrupted("In skip-gram, a word's vector", data);
        assertThat(page.figures())
                .extracting(Figure::name)
                .containsExactly("PCA, correct analogies", "skip-gram, correct analogies");
        assertThat(page.parts())
                .filteredOn(Findings.Table.class::isInstance)
                .hasSize(4) // words, analogies, the reviews' classifier, and the settings of skip-gram
                .allSatisfy(table -> assertThat(((Findings.Table) table).rows()).isNotEmpty());
    }

    private Findings interrupted(String text, Path data) {
        Findings page = InterruptedRun.of(new WordsLab(), text, data, temp).result();
        assertThat(page.isFinished()).isFalse();
        assertThat(page.write(temp)).isNotEmptyFile();
        return page;
    }

    /** Words that the picture does not have. */
    @Test
    void withoutKnownWordsThereIsNoPicture() throws IOException {
        Path data = ReviewFiles.write(temp.resolve("imdb"), 120, 1);
        Findings page = InterruptedRun.of(new WordsLab(), "In skip-gram, a word's vector", data, temp)
                .result();
        assertThat(page.parts()).doesNotHaveAnyElementsOfTypes(Findings.Picture.class);
        assertThat(page.write(temp)).content().contains("fewer than three of the words");
    }

    @Test
    void badDataAreOneSentence() throws IOException {
        Path out = temp.resolve("out");
        LabCall.Ended missing = LabCall.of("words", out).in(temp);
        assertThat(missing.failure())
                .startsWith("the reviews of IMDB are not here")
                .hasLineCount(1);
        Path data = temp.resolve("imdb");
        assertThat(failed(data)).contains("imdb does not have train.tsv.gz, test.tsv.gz and imdb_word_index.json");
        ReviewFiles.opinions(data, 99);
        assertThat(failed(data)).contains("a file has 99, and this lab needs at least 100 in each");
        ReviewFiles.opinions(data, 100);
        assertThat(failed(data))
                .isEqualTo("the reviews of IMDB in " + data + " have 56 different words, but vectors of 100 "
                        + "numbers need more than 100; give the folder of the whole set");
        byte[] whole = Files.readAllBytes(data.resolve("train.tsv.gz"));
        Files.write(data.resolve("train.tsv.gz"), Arrays.copyOf(whole, whole.length / 2));
        assertThat(failed(data)).contains("train.tsv.gz");
    }

    /** The sentence with which the full form ends. */
    private String failed(Path data) {
        LabCall.Ended run = LabCall.of("words", temp.resolve("out")).data(data).run();
        assertThat(run.failure()).hasLineCount(1);
        return run.failure().strip();
    }

    /** The word nearest to c is a wrong one, so that only b - a + c gives the answer. */
    @Test
    void analogiesAreAnsweredByTheDirectionFromAToB() {
        List<String> words = List.of("man", "woman", "king", "queen", "actor", "actress", "throne", "stage", "tool");
        float[][] rows = {
            {1, 0, 1, 0, 0},
            {0, 1, 1, 0, 0}, // numbers: male, female, and three kinds of people
            {1, 0, 0, 1, 0},
            {0, 1, 0, 1, 0},
            {1, 0, 0, 0, 1},
            {0, 1, 0, 0, 1},
            {0.9f, 0.2f, 0, 1, 0},
            {0.9f, 0.2f, 0, 0, 1},
            {0.9f, 0.2f, 1, 0, 0}
        };
        float[] table = new float[words.size() * 5];
        for (int i = 0; i < rows.length; i++) {
            System.arraycopy(rows[i], 0, table, 5 * i, 5);
        }
        var scores = Analogies.scores(WordVectors.of(Vocabulary.ofTokens(words), table));
        assertThat(scores).containsOnlyKeys("he, she");
        assertThat(Analogies.sum(scores)).isEqualTo(new Analogies.Score(6, 6, 6, 0));
        assertThat(Analogies.sum(scores).accuracy()).isEqualTo(100);
    }
}

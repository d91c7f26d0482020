package dev.fathom.labs.reviews;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fathom.labs.CommandLineRun;
import dev.fathom.text.Vocabulary;
import dev.fathom.text.WordVectors;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.GZIPOutputStream;
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
        CommandLineRun.assumeData("imdb");
        CommandLineRun run = CommandLineRun.lab("words", temp);
        double[] analogies = row(run, "all");
        assertThat(analogies[0]).as("PCA beside chance").isGreaterThan(8);
        assertThat(analogies[0]).as("PCA beside the nearest word alone").isGreaterThan(analogies[2]);
        assertThat(row(run, "learned with the classifier")[1]).isGreaterThan(75);
        assertThat(row(run, "PCA, frozen")[1]).isGreaterThan(70);
        assertThat(row(run, "PCA, tuned")[1]).isGreaterThan(75);
        WordVectors vectors = WordVectors.read(temp.resolve("pca.txt"));
        assertThat(vectors.dimensions()).isEqualTo(32);
        assertThat(vectors.nearest("he", 10)).contains("she");
        assertThat(vectors.nearest("terrible", 10)).containsAnyOf("awful", "horrible", "bad");
        for (String file : List.of("report.html", "skip-gram.txt", "words-pca.png", "words-skip-gram.png")) {
            assertThat(temp.resolve(file)).isNotEmptyFile();
        }
    }

    private static double[] row(CommandLineRun run, String name) {
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

    /** What is finished is not trained again; the reviews are made here. */
    @Test
    void resumeGoesOn() throws IOException {
        Path data = reviews(240);
        String[] args = {
            "lab",
            "words",
            "--short",
            "--epochs",
            "1",
            "--resume",
            "--data",
            data.toString(),
            "--out",
            temp.resolve("out").toString()
        };
        CommandLineRun first = CommandLineRun.of(args);
        assertThat(first.code()).as(first.err()).isZero();
        assertThat(row(first, "learned with the classifier")[0]).isGreaterThan(65);
        CommandLineRun again = CommandLineRun.of(args);
        assertThat(again.code()).as(again.err()).isZero();
        assertThat(again.out()).doesNotContain("epoch 1/1");
        assertThat(row(again, "all")).isEqualTo(row(first, "all"));
        assertThat(row(again, "skip-gram, tuned")).isEqualTo(row(first, "skip-gram, tuned"));
    }

    /** Words of praise or of blame among others. */
    private Path reviews(int count) throws IOException {
        List<List<String>> words = List.of(
                List.of("bad", "worst", "terrible", "hate", "awful", "boring", "poor", "weak"),
                List.of("good", "best", "excellent", "love", "superb", "funny", "rich", "strong"));
        Random random = new Random(1);
        Path folder = Files.createDirectories(temp.resolve("imdb"));
        for (String part : List.of("train", "test")) {
            StringBuilder table = new StringBuilder("label\trating\tid\ttext\n");
            for (int i = 0; i < count; i++) {
                table.append(i % 2).append("\t5\t").append(i).append('\t');
                for (int k = 0; k < 20; k++) {
                    table.append("w").append(random.nextInt(40)).append("<br />");
                    table.append(words.get(i % 2).get(random.nextInt(8))).append(' ');
                }
                table.append('\n');
            }
            gzip(folder.resolve(part + ".tsv.gz"), table.toString());
        }
        return folder;
    }

    private static void gzip(Path file, String text) throws IOException {
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(file))) {
            out.write(text.getBytes(StandardCharsets.UTF_8));
        }
    }

    @Test
    void badDataAreOneSentence() throws IOException {
        CommandLineRun missing = CommandLineRun.in(
                temp, "lab", "words", "--out", temp.resolve("out").toString());
        assertThat(missing.code()).isNotZero();
        assertThat(missing.err())
                .startsWith("fathom lab: the reviews of IMDB are not here")
                .hasLineCount(1);
        Path data = reviews(20);
        String[] args = {
            "lab",
            "words",
            "--data",
            data.toString(),
            "--out",
            temp.resolve("out").toString()
        };
        byte[] whole = Files.readAllBytes(data.resolve("train.tsv.gz"));
        Files.write(data.resolve("train.tsv.gz"), Arrays.copyOf(whole, whole.length / 2));
        CommandLineRun damaged = CommandLineRun.of(args);
        assertThat(damaged.code()).isNotZero();
        assertThat(damaged.err()).contains("train.tsv.gz").hasLineCount(1);
        gzip(data.resolve("train.tsv.gz"), "label\trating\tid\ttext\n1\t9\t0\tgood film\n0\t1\t0\tbad film\n");
        CommandLineRun few = CommandLineRun.of(args);
        assertThat(few.code()).isNotZero();
        assertThat(few.err())
                .isEqualTo(
                        "fathom lab: pca: 100 components of 7 rows of 7 columns; ask for 1 to 7 of at least two rows\n");
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
        SkipGram.Pairs pairs = SkipGram.Pairs.of(new int[][] {text, {0, 0}}, counts, 1, 1);
        long common = Arrays.stream(pairs.words()).filter(t -> t == 1).count();
        double share = (double) common / pairs.words().length;
        // a word of frequency 1/2 stays with sqrt(1e-4 / (1/2)) = 1.41 %, those of 1/4000 with 63 %
        assertThat(share).isBetween(0.01, 0.04);
        assertThat(pairs.words()).doesNotContain(0);
        assertThat(pairs.contexts()).hasSameSizeAs(pairs.words());
    }

    /** Vectors in which b - a + c is d by construction, for a family of the list. */
    @Test
    void analogiesAreAnsweredByDirection() {
        List<String> words = List.of("man", "woman", "king", "queen", "actor", "actress", "film", "plot");
        float[] rows = {1, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 0, 0, 0, 1};
        float[] table = new float[words.size() * 5];
        for (int i = 0; i < words.size(); i++) {
            table[5 * i] = rows[2 * i];
            table[5 * i + 1] = rows[2 * i + 1];
            table[5 * i + 2 + Math.min(2, i / 2)] = i < 6 ? 2 : 0;
        }
        var scores = Analogies.scores(WordVectors.of(Vocabulary.ofTokens(words), table));
        assertThat(scores).containsOnlyKeys("he, she");
        assertThat(Analogies.sum(scores)).isEqualTo(new Analogies.Score(6, 6, 6, 6));
    }
}

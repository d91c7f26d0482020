package dev.fathom.labs.reviews;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fathom.labs.CommandLineRun;
import dev.fathom.labs.data.Imdb;
import dev.fathom.text.Vocabulary;
import dev.fathom.text.Words;
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
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The lab on reviews: what its short form learns, exact figures of the textbook, runs that go on, and data that are no reviews. */
class ImdbLabTest {
    private static final String DECODED =
            "<START> this film was just brilliant casting location scenery story direction everyone's";
    /** Those of both kinds, those of either, and fillers. */
    private static final List<String> WORDS = Stream.concat(
                    Stream.of("the", "film", "was", "good", "great", "bad", "dull"),
                    IntStream.range(0, 50).mapToObj(i -> "word" + i))
            .toList();

    @TempDir
    Path temp;

    @Test
    void theShortFormLearns() {
        CommandLineRun.assumeData("imdb");
        CommandLineRun run = CommandLineRun.lab("imdb", temp);
        assertThat(run.out().split(Pattern.quote(DECODED), -1))
                .as("decoded, and as printed")
                .hasSize(3);
        assertThat(test(run, "binary ")).isGreaterThan(75);
        assertThat(test(run, "TF-IDF ")).isGreaterThan(75);
        assertThat(test(run, "words and bigrams ")).isGreaterThan(75);
        assertThat(number(run, "\\nbinary +10,003 +([0-9.]+) %")).isBetween(1.25, 1.35);
        assertThat(number(run, "\\n2x16 network .* ([0-9.]+) %\\n")).isGreaterThan(75);
        assertThat(run.out()).contains("2x16 network: 160,353 parameters", "Python: 328,577 parameters");
        assertThat(run.out()).contains("speak most for a positive review: ", "worst");
        for (String file : List.of("report.html", "lasso.png", "network.png", "nets.png", "sizes.png")) {
            assertThat(temp.resolve(file)).isNotEmptyFile();
        }
    }

    /** The third last column of a row of the lasso's table. */
    private static double test(CommandLineRun run, String row) {
        return number(run, "\\n" + row + ".* ([0-9.]+) % +[0-9.]+ % +[0-9]+ s\\n");
    }

    private static double number(CommandLineRun run, String pattern) {
        Matcher m = Pattern.compile(pattern).matcher(run.out());
        assertThat(m.find()).as(pattern + " in " + run.out()).isTrue();
        return Double.parseDouble(m.group(1));
    }

    @Test
    void theReviewsHaveTheLengthsOfTheTextbook() {
        CommandLineRun.assumeData("imdb");
        Path folder = Imdb.folder();
        Vocabulary words = Imdb.words(folder).limit(9_999);
        assertThat(words.size()).isEqualTo(Reviews.CODES);
        int[] lengths = Arrays.stream(Imdb.read(folder, false)
                        .ids(text -> words.withStartAndEnd(Words.keras().tokens(text))))
                .mapToInt(codes -> codes.length)
                .sorted()
                .toArray();
        assertThat(lengths[12_499] + lengths[12_500]).isEqualTo(2 * 178);
        assertThat(Arrays.stream(lengths).filter(l -> l <= 500).count() / 25_000.0)
                .isEqualTo(0.91568);
    }

    @Test
    void aRunGoesOnWhereItWas() throws IOException {
        Path data = write(temp.resolve("reviews"), 120);
        String[] args = {
            "lab", "imdb", "--short", "--epochs", "1", "--resume", "--data", data.toString(), "--out", temp.toString()
        };
        CommandLineRun first = CommandLineRun.of(args);
        assertThat(first.code()).as(first.err()).isZero();
        assertThat(first.out()).contains("epoch 1/1").doesNotContain("resumed from");
        assertThat(test(first, "binary ")).as("words that say it all").isEqualTo(100);
        CommandLineRun again = CommandLineRun.of(args);
        assertThat(again.code()).as(again.err()).isZero();
        assertThat(again.out()).contains("binary: resumed from ").doesNotContain("epoch 1/1");
        assertThat(accuracies(again)).isEqualTo(accuracies(first)).hasSizeGreaterThan(20);
        Files.writeString(temp.resolve("lasso/binary.csv"), "rubbish,");
        assertThat(CommandLineRun.of(args).code())
                .as("a path of other settings is computed anew")
                .isZero();
        Files.writeString(temp.resolve("bag/curve.csv"), "rubbish");
        CommandLineRun damaged = CommandLineRun.of(args);
        assertThat(damaged.code()).isNotZero();
        assertThat(damaged.err()).contains("curve.csv is missing or damaged").hasLineCount(1);
    }

    private static List<String> accuracies(CommandLineRun run) {
        return Pattern.compile("([0-9.]+ %) of the test are right")
                .matcher(run.out())
                .results()
                .map(m -> m.group(1))
                .toList();
    }

    @Test
    void whatAreNoReviews() throws IOException {
        assertThat(failed(temp.resolve("nowhere")))
                .endsWith(
                        "does not have train.tsv.gz, test.tsv.gz and imdb_word_index.json; ./fathom data imdb fetches them");
        assertThat(failed(write(temp.resolve("few"), 99)))
                .contains("a file has 99, and this lab needs at least 100 in each");
        Path damaged = write(temp.resolve("damaged"), 200);
        byte[] whole = Files.readAllBytes(damaged.resolve("train.tsv.gz"));
        Files.write(damaged.resolve("train.tsv.gz"), Arrays.copyOf(whole, whole.length / 2));
        assertThat(failed(damaged)).contains("train.tsv.gz");
        gzip(damaged.resolve("train.tsv.gz"), "label\trating\tid\ttext\n7\t1\t1\tgood\n");
        assertThat(failed(damaged)).contains("train.tsv.gz");
    }

    /** The sentence with which the lab ends. */
    private String failed(Path data) {
        CommandLineRun run = CommandLineRun.of(
                "lab",
                "imdb",
                "--short",
                "--data",
                data.toString(),
                "--out",
                temp.resolve("out").toString());
        assertThat(run.code()).isNotZero();
        assertThat(run.err()).hasLineCount(1);
        return run.err().strip();
    }

    /** Reviews in which good and great are positive, bad and dull negative. */
    private static Path write(Path folder, int count) throws IOException {
        Files.createDirectories(folder);
        var random = new Random(1);
        for (String part : List.of("train", "test")) {
            StringBuilder lines = new StringBuilder("label\trating\tid\ttext\n");
            for (int i = 0; i < count; i++) {
                int label = i % 2;
                lines.append(label)
                        .append('\t')
                        .append(label == 1 ? 9 : 2)
                        .append('\t')
                        .append(i / 2)
                        .append("\tThe film was ");
                for (int word = 0; word < 5 + random.nextInt(20); word++) {
                    lines.append(WORDS.get(7 + random.nextInt(50))).append(' ');
                }
                lines.append(WORDS.get((label == 1 ? 3 : 5) + random.nextInt(2)))
                        .append(".\n");
            }
            gzip(folder.resolve(part + ".tsv.gz"), lines.toString());
        }
        StringBuilder index = new StringBuilder("{");
        for (int i = 0; i < WORDS.size(); i++) {
            index.append(i == 0 ? "" : ", ")
                    .append('"')
                    .append(WORDS.get(i))
                    .append("\": ")
                    .append(i + 1);
        }
        Files.writeString(folder.resolve(Imdb.INDEX), index.append("}"));
        return folder;
    }

    private static void gzip(Path file, String text) throws IOException {
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(file))) {
            out.write(text.getBytes(StandardCharsets.UTF_8));
        }
    }
}

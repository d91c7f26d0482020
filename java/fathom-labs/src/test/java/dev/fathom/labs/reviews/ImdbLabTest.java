package dev.fathom.labs.reviews;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.experiments.Lab;
import dev.fathom.experiments.LabRun;
import dev.fathom.experiments.TestData;
import dev.fathom.experiments.data.Imdb;
import dev.fathom.experiments.data.Reviews;
import dev.fathom.experiments.data.Reviews.Part;
import dev.fathom.experiments.pages.Figure;
import dev.fathom.experiments.pages.Findings;
import dev.fathom.experiments.training.Interrupt;
import dev.fathom.experiments.training.Recipe;
import dev.fathom.features.SparseRows;
import dev.fathom.labs.InterruptedRun;
import dev.fathom.labs.LabCall;
import dev.fathom.optim.Adam;
import dev.fathom.optim.Schedule;
import dev.fathom.tensor.Rng;
import dev.fathom.text.Vocabulary;
import dev.fathom.text.Words;
import dev.fathom.train.EpochLog;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The lab on reviews: its short form, the textbook's exact figures, its networks on generated reviews, resumed and
 * interrupted runs, and bad data.
 */
class ImdbLabTest {
    private static final PrintStream NOWHERE =
            new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8);
    private static final String DECODED =
            "<START> this film was just brilliant casting location scenery story direction everyone's";
    /** Lower bounds of the test accuracies of the lasso in the short form, in percent. */
    private static final Map<String, Integer> LASSO =
            Map.of("words and bigrams", 70, "binary", 74, "counts", 70, "proportions", 72, "TF-IDF", 72);
    /** The networks on word vectors and their parameters. */
    private static final Map<String, String> READERS = Map.of(
            "embedding, mean, dense", "320,129",
            "1-D CNN", "330,465",
            "simple RNN", "322,209",
            "LSTM, textbook in Python", "328,577",
            "LSTM, textbook in R", "328,449",
            "GRU", "326,465",
            "bidirectional LSTM", "337,057",
            "Transformer", "328,673");

    @TempDir
    Path temp;

    @Test
    void theShortFormLearns() throws IOException {
        TestData.assume("imdb");
        LabCall.Ended run = LabCall.brief("imdb", temp);
        assertThat(run.out().split(Pattern.quote(DECODED), -1))
                .as("decoded, and as printed")
                .hasSize(3);
        LASSO.forEach((row, least) -> assertThat(lasso(run, row)).as(row).isGreaterThan(least));
        assertThat(number(run, "\nbinary +10,003 +([0-9.]+) %")).isBetween(1.25, 1.35);
        assertThat(run.out())
                .containsPattern("largest positive coefficients are: .*(wonderful|best|loved)")
                .containsPattern("largest negative coefficients are: .*worst");
        assertThat(number(run, "\n2x16 network +160,353 .* ([0-9.]+) %\n")).isGreaterThan(75);
        assertThat(number(run, "\nembedding, mean, dense +320,129 .* ([0-9.]+) %\n"))
                .isGreaterThan(62);
        READERS.forEach((title, parameters) -> assertThat(
                        number(run, "\n" + Pattern.quote(title) + " +" + parameters + " .* ([0-9.]+) %\n"))
                .as(title)
                .isGreaterThan(40));
        for (String file : List.of("report.html", "lasso.png", "network.png", "nets.png", "gates.png", "sizes.png")) {
            assertThat(temp.resolve(file)).isNotEmptyFile();
        }
        String page = Files.readString(temp.resolve("report.html"));
        assertThat(page)
                .contains("960 training, 240 validation and 600 test reviews")
                .contains(">lasso on binary rows<")
                .contains(">learned vectors<");
        double violation = number(Pattern.compile("optimum are violated by at most ([0-9.]+) % of lambda"), page);
        assertThat(violation).isBetween(0.0, 10.0);
    }

    /** The test accuracy of a row of the lasso's table. */
    private static double lasso(LabCall.Ended run, String row) {
        return number(run, "\n" + row + " .* ([0-9.]+) % +[0-9.]+ % +[0-9]+ s\n");
    }

    private static double number(LabCall.Ended run, String pattern) {
        return number(Pattern.compile(pattern), run.out());
    }

    private static double number(Pattern pattern, String text) {
        Matcher m = pattern.matcher(text);
        assertThat(m.find()).as(pattern + " in " + text).isTrue();
        return Double.parseDouble(m.group(1));
    }

    @Test
    void theReviewsHaveTheLengthsOfTheTextbook() {
        TestData.assume("imdb");
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
    void twoThousandReviewsAreForValidation() {
        int[][] codes = IntStream.range(0, 25_000).mapToObj(i -> new int[] {i}).toArray(int[][]::new);
        Part whole = new Part(Collections.nCopies(codes.length, ""), codes, new int[codes.length]);
        Reviews reviews = Reviews.split(Vocabulary.ofTokens(List.of("film")), whole, whole.first(10), 1);
        assertThat(reviews.train().size()).isEqualTo(23_000);
        assertThat(reviews.validation().size()).isEqualTo(2_000);
        assertThat(Stream.of(reviews.train(), reviews.validation())
                        .flatMap(part -> Arrays.stream(part.codes()))
                        .map(c -> c[0]))
                .as("no review is in both parts")
                .doesNotHaveDuplicates();
        assertThat(Arrays.stream(reviews.validation().codes())
                        .mapToInt(c -> c[0])
                        .average()
                        .orElseThrow())
                .as("drawn from the whole file")
                .isCloseTo(12_500, within(500.0));
    }

    // ---- the lasso

    /** Uses generated reviews, in the short or the full form. */
    private <T> T with(boolean brief, Function<Lab, T> use) throws IOException {
        return with(ReviewFiles.write(temp.resolve("generated"), 200, 1), brief, use);
    }

    private <T> T with(Path data, boolean brief, Function<Lab, T> use) {
        try (Interrupt interrupt = Interrupt.install(NOWHERE)) {
            LabRun run = new LabRun(brief, null, 1, false, data, null, temp, interrupt, NOWHERE, NOWHERE);
            return use.apply(new Lab(new ImdbLab(), run));
        }
    }

    @Test
    void aFullPathHasFiftyLambdasAtItsOptimum() throws IOException {
        List<LassoPaths.LassoPath> paths = with(false, lab -> new LassoPaths(lab, ImdbLab.reviews(lab)).paths());
        assertThat(paths)
                .extracting(LassoPaths.LassoPath::name)
                .containsExactly("words and bigrams", "binary", "counts", "proportions", "TF-IDF");
        for (LassoPaths.LassoPath path : paths) {
            assertThat(path.points()).hasSize(50);
            LassoPaths.Point first = path.points().get(0);
            LassoPaths.Point last = path.points().get(49);
            assertThat(first.nonzero()).isZero();
            assertThat(last.nonzero()).isPositive();
            assertThat(last.lambda() / first.lambda()).isCloseTo(3e-4, within(1e-9));
            assertThat(path.points()).allSatisfy(p -> assertThat(p.violation()).isBetween(0.0, 0.1));
            assertThat(path.chosen().test()).as(path.name()).isEqualTo(1);
            assertThat(path.chosen().positive().split("; ")).containsAnyOf("good", "great");
            assertThat(path.chosen().negative().split("; ")).containsAnyOf("bad", "dull");
        }
    }

    @Test
    void rowsWeighWordsInFiveWays() throws IOException {
        Part part = new Part(
                List.of("Good, good film!", "Bad film."), new int[][] {{1, 7, 7, 5}, {1, 9, 5}}, new int[] {1, 0});
        Map<String, SparseRows> rows = with(
                true,
                lab -> new LassoPaths(lab, ImdbLab.reviews(lab))
                        .kinds().stream()
                                .collect(Collectors.toMap(
                                        LassoPaths.Kind::name,
                                        kind -> kind.rows().apply(part))));
        SparseRows binary = Objects.requireNonNull(rows.get("binary"));
        assertThat(binary.places()).containsExactly(1, 5, 7, 1, 5, 9);
        assertThat(binary.values()).containsExactly(1, 1, 1, 1, 1, 1);
        assertThat(Objects.requireNonNull(rows.get("counts")).values()).containsExactly(1, 1, 2, 1, 1, 1);
        float third = 1f / 3;
        assertThat(Objects.requireNonNull(rows.get("proportions")).values())
                .containsExactly(0.25f, 0.25f, 0.5f, third, third, third);
        float[] tfIdf = Objects.requireNonNull(rows.get("TF-IDF")).values();
        assertThat(tfIdf[0]).as("the start and film are in all reviews").isEqualTo(tfIdf[1]);
        assertThat(tfIdf[2]).as("good is rarer than film").isGreaterThan(2 * tfIdf[1]);
        assertThat(tfIdf[0] * tfIdf[0] + tfIdf[1] * tfIdf[1] + tfIdf[2] * tfIdf[2])
                .isCloseTo(1, within(1e-6f));
        assertThat(Objects.requireNonNull(rows.get("words and bigrams")).starts())
                .as("good, film, bad and unknown bigrams")
                .containsExactly(0, 3, 6);
    }

    // ---- the networks

    /** Each network is trained for longer than in the short form, on reviews that a single word decides. */
    @Test
    void everyNetworkLearnsWhatIsEasy() throws IOException {
        Recipe recipe = new Recipe(8, 16, new Adam(0.01f), Schedule.constant(), "Adam");
        Map<String, ReviewExperiment.Trained> all = with(true, lab -> {
            Reviews reviews = ImdbLab.reviews(lab);
            return new ReviewExperiments(lab)
                    .readers().stream()
                            .map(e -> new ReviewExperiment(
                                    e.title(), e.net(), recipe, e.padded(), e.frozen(), e.plain(), e.length()))
                            .collect(Collectors.toMap(ReviewExperiment::title, e -> e.train(lab, reviews)));
        });
        assertThat(all).hasSize(8).allSatisfy((title, trained) -> {
            assertThat(trained.test()).as(title).isGreaterThan(90);
            EpochLog best = Objects.requireNonNull(trained.history().best());
            assertThat(trained.tested().epoch())
                    .as("the last epoch of the plain training, and the best of all others")
                    .isEqualTo(title.equals("simple RNN") ? 8 : best.epoch());
            assertThat(String.format("%,d", trained.parameters())).isEqualTo(READERS.get(title));
        });
    }

    @Test
    void theTextbooksNetworksHaveItsSettings() throws IOException {
        List<ReviewExperiment> all = with(false, lab -> {
            ReviewExperiments experiments = new ReviewExperiments(lab);
            List<ReviewExperiment> some = new ArrayList<>(experiments.readers().stream()
                    .filter(ReviewExperiment::padded)
                    .toList());
            some.add(0, experiments.bag());
            return some;
        });
        assertThat(all)
                .extracting(ReviewExperiment::title)
                .containsExactly("2x16 network", "simple RNN", "LSTM, textbook in Python", "LSTM, textbook in R");
        assertThat(all).extracting(e -> e.recipe().epochs()).containsExactly(30, 6, 20, 10);
        assertThat(all).extracting(e -> e.recipe().batch()).containsExactly(512, 128, 300, 128);
        assertThat(all).extracting(ReviewExperiment::length).containsExactly(Integer.MAX_VALUE, 500, 500, 500);
    }

    // ---- resumed runs

    @Test
    void aRunIsResumedAndFrozenVectorsStayAsTheyAre() throws IOException {
        Path data = ReviewFiles.write(temp.resolve("reviews"), 120, 1);
        LabCall lab = LabCall.of("imdb", temp).brief().epochs(1).resume().data(data);
        LabCall.Ended first = lab.completed();
        assertThat(first.out()).contains("lambda 6 of 6", "Principal components", "epoch 1/1");
        assertThat(lasso(first, "binary")).as("one word decides").isEqualTo(100);
        Path kept = ReviewFiles.kept(temp);
        LabCall.Ended again = lab.completed();
        assertThat(again.out())
                .as("neither a path nor an epoch is computed again")
                .doesNotContain("lambda 6 of 6")
                .doesNotContain("Principal components")
                .doesNotContain("epoch 1/1");
        assertThat(accuracies(again)).isEqualTo(accuracies(first)).hasSize(1 + 8 + 8 + 4);
        assertFrozenVectorsStayAsTheyAre(data, kept);

        Path curve = kept.resolve("2x16-network/milestones.csv");
        for (String damaged : List.of("", "rubbish", "0.5\n")) {
            Files.writeString(curve, damaged);
            assertThat(failed(lab.run()))
                    .isEqualTo(curve
                            + " is missing or damaged, and with it what the steps so far led to; remove its folder to "
                            + "begin anew");
        }
        Path path = parts(kept, "settings").get(0);
        Files.writeString(path, "");
        assertThat(failed(lab.run())).isEqualTo(path + ": it is damaged; remove it, and run again");
    }

    /** The files of the kept parts of a kind. */
    private static List<Path> parts(Path kept, String kind) throws IOException {
        try (Stream<Path> files = Files.list(kept)) {
            return files.filter(f -> f.getFileName().toString().startsWith(kind))
                    .sorted()
                    .toList();
        }
    }

    /** The vectors of the checkpoints beside those that the networks were given. */
    private void assertFrozenVectorsStayAsTheyAre(Path data, Path kept) throws IOException {
        assertThat(parts(kept, "components")).hasSize(1);
        float[] pca = with(data, true, lab -> new ReviewExperiments(lab).components(ImdbLab.reviews(lab)));
        float[] random = new Rng(1).normal(pca.length, 0, 0.3f);
        Arrays.fill(random, 0, ReviewNets.WIDTH, 0); // padding
        for (String network : List.of("mean", "gru")) {
            Path folder = kept.resolve(network + "-pca-vectors-frozen");
            assertThat(ReviewFiles.vectors(folder)).isEqualTo(pca);
            assertThat(ReviewFiles.vectors(folder.resolveSibling(network + "-pca-vectors-tuned")))
                    .hasSameSizeAs(pca)
                    .isNotEqualTo(pca);
            assertThat(ReviewFiles.vectors(folder.resolveSibling(network + "-random-frozen")))
                    .isEqualTo(random);
        }
    }

    private static List<String> accuracies(LabCall.Ended run) {
        return Pattern.compile("Test accuracy ([0-9.]+ %)")
                .matcher(run.out())
                .results()
                .map(m -> m.group(1))
                .toList();
    }

    @Test
    void aPathOfOtherReviewsIsNotResumed() throws IOException {
        Path data = ReviewFiles.write(temp.resolve("reviews"), 120, 1);
        assertThat(paths(data)).contains("binary: lambda 6 of 6", "TF-IDF: lambda 6 of 6");
        assertThat(paths(data)).doesNotContain("lambda 6 of 6");
        ReviewFiles.write(data, 120, 2);
        assertThat(paths(data)).contains("binary: lambda 6 of 6", "TF-IDF: lambda 6 of 6");
    }

    /** What a resumed lasso prints. */
    private String paths(Path data) {
        var printed = new ByteArrayOutputStream();
        PrintStream out = new PrintStream(printed, true, StandardCharsets.UTF_8);
        try (Interrupt interrupt = Interrupt.install(NOWHERE)) {
            Lab lab =
                    new Lab(new ImdbLab(), new LabRun(true, null, 1, true, data, null, temp, interrupt, out, NOWHERE));
            assertThat(new LassoPaths(lab, ImdbLab.reviews(lab)).paths()).hasSize(5);
        }
        return printed.toString(StandardCharsets.UTF_8);
    }

    // ---- interrupted runs

    /** The threads of the lasso end with the run, and the rows of a table that was begun are on the page. */
    @Test
    void anInterruptedRunShowsWhatIsFinished() throws IOException {
        Path data = ReviewFiles.write(temp.resolve("reviews"), 120, 1);
        assertThat(figures(data, "The lasso: ")).as("those of the reviews").hasSize(3);
        assertThat(figures(data, "== simple RNN"))
                .endsWith("embedding, mean, dense, test accuracy", "1-D CNN, test accuracy");
        assertThat(figures(data, "== mean, random, frozen")).endsWith("Word vectors: mean, learned, test accuracy");
        assertThat(figures(data, "== LSTM on 96"))
                .endsWith("GRU on 96 reviews, test accuracy", "GRU on 96 reviews, time of a step");
    }

    /** The names of the figures of a run that is interrupted once {@code text} is printed. */
    private List<String> figures(Path data, String text) {
        Findings page = InterruptedRun.of(new ImdbLab(), text, data, temp).result();
        assertThat(page.isFinished()).isFalse();
        return page.figures().stream().map(Figure::name).toList();
    }

    // ---- bad data

    @Test
    void badDataAreOneSentence() throws IOException {
        assertThat(failedOn(temp.resolve("nowhere")))
                .endsWith("does not have train.tsv.gz, test.tsv.gz and imdb_word_index.json; ./fathom data imdb "
                        + "fetches them");
        assertThat(failedOn(ReviewFiles.write(temp.resolve("few"), 99, 1)))
                .contains("a file has 99, and this lab needs at least 100 in each");
        Path damaged = ReviewFiles.write(temp.resolve("damaged"), 200, 1);
        byte[] whole = Files.readAllBytes(damaged.resolve("train.tsv.gz"));
        Files.write(damaged.resolve("train.tsv.gz"), Arrays.copyOf(whole, whole.length / 2));
        assertThat(failedOn(damaged)).contains("train.tsv.gz");
        ReviewFiles.gzip(damaged.resolve("train.tsv.gz"), "label\trating\tid\ttext\n7\t1\t1\tgood\n");
        assertThat(failedOn(damaged)).contains("train.tsv.gz");
    }

    private String failedOn(Path data) {
        return failed(LabCall.of("imdb", temp.resolve("out")).brief().data(data).run());
    }

    /** The sentence with which a run ends. */
    private static String failed(LabCall.Ended run) {
        assertThat(run.failure()).hasLineCount(1);
        return run.failure().strip();
    }
}

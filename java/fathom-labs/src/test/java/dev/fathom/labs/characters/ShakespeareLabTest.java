package dev.fathom.labs.characters;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.LabRun;
import dev.fathom.experiments.TestData;
import dev.fathom.experiments.pages.Figure;
import dev.fathom.experiments.pages.Findings;
import dev.fathom.experiments.training.Interrupt;
import dev.fathom.labs.LabCall;
import dev.fathom.nn.Model;
import dev.fathom.op.Cell;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.State;
import dev.fathom.tensor.Tensor;
import dev.fathom.text.Texts;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The lab on plays and reviews, what its nets carry, and what it says of unfit texts. */
class ShakespeareLabTest {
    @TempDir
    Path temp;

    private static double number(String out, String pattern) {
        Matcher row = Pattern.compile(pattern, Pattern.MULTILINE).matcher(out);
        assertThat(row.find()).as("%s in %s", pattern, out).isTrue();
        return Double.parseDouble(row.group(1));
    }

    @Test
    void shortForm() throws IOException {
        TestData.assume("tinyshakespeare");
        TestData.assume("imdb");
        LabCall.Ended run = LabCall.brief("shakespeare", temp);
        String end = " +([\\d.]+) bits per character$";
        double single = number(run.out(), "^1-gram counts" + end);
        assertThat(single).isBetween(4.6, 5.0);
        assertThat(number(run.out(), "^2-gram counts" + end)).isLessThan(single - 1);
        assertThat(number(run.out(), "^5-gram counts" + end)).isLessThan(single - 2);
        assertThat(number(run.out(), "^gzip" + end)).isBetween(2.5, 3.5);
        assertThat(number(run.out(), "^LSTM +[\\d,]+" + end)).isLessThan(single - 1);
        assertThat(number(run.out(), "^GPT +[\\d,]+" + end)).isLessThan(single - 0.5);
        for (String property : List.of(
                "inside the first word of a line",
                "distance from the beginning of the line",
                "capital letter",
                "inside the name of a speaker")) {
            assertThat(number(run.out(), "^" + property + " +\\d+ +([\\d.]+) correlation +[\\d.]+$"))
                    .as(property)
                    .isGreaterThan(0.1 + number(run.out(), "^" + property + " +\\d+ +[\\d.]+ correlation +([\\d.]+)$"));
        }
        assertThat(temp.resolve("report.html"))
                .content()
                .contains("s plays: 54,000 characters for training, 3,000 for validation, 3,000 for the"
                        + " test; film reviews with quotes: 60,000 characters for training, 8,000 for"
                        + " validation, 8,000 for finding and measuring units");
        assertThat(run.out()).contains("\nLSTM\nROMEO:\n", "\nGPT\nROMEO:\n");
        for (String cell : List.of("LSTM", "GRU", "UGRNN")) {
            assertThat(number(
                            run.out(),
                            "^" + cell
                                    + " +[\\d,]+ +([\\d.]+) bits per character +\\d+ +[\\d.]+ correlation +[\\d.]+$"))
                    .isLessThan(4.6);
        }
        assertThat(Files.readString(temp.resolve("report.html")).split("class=\"colored\""))
                .hasSize(8);
    }

    /** Reviews of which some have quotes, as the data set has them. */
    private Path folder(int characters) throws IOException {
        Path folder = Files.createDirectories(temp.resolve("mine"));
        Random random = new Random(1);
        StringBuilder reviews = new StringBuilder("label\trating\tid\ttext\n");
        for (int i = 0; reviews.length() < 250_000; i++) {
            reviews.append(i % 2).append("\t1\t").append(i).append('\t');
            reviews.append("I saw \"the ").append(random.nextInt(1000)).append("\" again<br /><br />and slept.\n");
        }
        Files.writeString(folder.resolve("train.tsv.gz"), reviews);
        StringBuilder plays = new StringBuilder();
        while (plays.length() < characters) {
            plays.append("ROMEO:\nAy, ").append(random.nextInt(100)).append(" times a fool!\n\n");
        }
        Files.writeString(folder.resolve("input.txt"), plays.substring(0, characters));
        return folder;
    }

    private LabCall call(Path folder) {
        return LabCall.of("shakespeare", temp.resolve("out")).brief().data(folder);
    }

    /** What was finished is not trained again, and comes to the same. */
    @Test
    void resumeGoesOn() throws IOException {
        Path folder = folder(12_000);
        LabCall.Ended first = call(folder).epochs(1).resume().completed();
        LabCall.Ended again = call(folder).epochs(1).resume().completed();
        assertThat(again.out()).doesNotContain("epoch 1/1");
        for (String from : List.of("model  ", "cell  ")) {
            String rest = first.out().substring(first.out().indexOf(from));
            assertThat(again.out()).contains(rest.substring(0, rest.indexOf("\n\n")));
        }
    }

    @Test
    void unfitTextsAreSentences() throws IOException {
        Path folder = folder(9_999);
        assertSentence(
                call(folder).run(),
                "input.txt has 9999 characters, but at least 10000 are needed for training, validation and test; give"
                        + " a longer text");
        Files.write(folder.resolve("input.txt"), new byte[] {'a', (byte) 0xff});
        assertSentence(call(folder).run(), folder.resolve("input.txt").toString());
        Files.delete(folder.resolve("input.txt"));
        assertSentence(
                call(folder).run(), "the data set tinyshakespeare was not found: " + folder + " has no input.txt; ");
        folder(12_000);
        Files.writeString(folder.resolve("train.tsv.gz"), "label\trating\tid\ttext\n1\t9\t0\tSo \"so\".\n");
        assertSentence(call(folder).run(), "the reviews with quotes have 9 characters, but 76000 are needed");
        Files.writeString(folder.resolve("train.tsv.gz"), "label\trating\tid\ttext\n1\t9\n");
        assertSentence(call(folder).run(), "train.tsv.gz");
    }

    private static void assertSentence(LabCall.Ended run, String part) {
        assertThat(run.failure()).contains(part).hasLineCount(1);
    }

    @Test
    void reviewsWithQuotesAreTakenPlainly() {
        Texts reviews = Texts.of(List.of("None.", "A \"b\"<br /><br />c \u0096 é", "Odd \" one", "\"d\"\"e\""));
        assertThat(QuoteUnits.text(reviews, 15)).isEqualTo("A \"b\"\nc  \n\"d\"\"e");
        assertThatIllegalArgumentException().isThrownBy(() -> QuoteUnits.text(reviews, 18));
        assertThat(QuoteUnits.insideQuotes("a\"b\" \"\"")).containsExactly(0, 1, 1, 0, 0, 1, 0);
    }

    @Test
    void linesHaveTheirProperties() {
        Map<String, float[]> all = TextFeatures.ofPlays("KEN:\nO no: a\n\nJO\nA b:\n");
        assertThat(all.get("inside the first word of a line"))
                .containsExactly(1, 1, 1, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 1, 0, 0, 0, 0);
        assertThat(all.get("distance from the beginning of the line"))
                .containsExactly(1, 2, 3, 4, 0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 1, 2, 0, 1, 2, 3, 4, 0);
        assertThat(all.get("capital letter"))
                .containsExactly(1, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 1, 0, 0, 0, 0);
        assertThat(all.get("inside the name of a speaker"))
                .containsExactly(1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    }

    @Test
    void aUnitIsChosenOnTheFirstHalfAndJudgedOnTheOther() {
        float[] feature = {0, 1, 0, 1, 0, 1, 1, 0};
        float[][] units = {
            {0, 1, 0, 1, 0, 0, 0, 1}, {.5f, -.5f, .5f, -.25f, .5f, -.5f, -.5f, .25f}, {0, 0, 0, 0, 0, 1, 1, 0}
        };
        UnitSearch found = UnitSearch.of(units, feature);
        assertThat(found.unit()).isZero();
        assertThat(found.correlation()).isCloseTo(-1 / Math.sqrt(3), within(1e-12));
        assertThat(found.colors(units, 4, 8)).containsExactly(-0.0, -0.0, -0.0, -1);
    }

    /** Carried states and cell states are those of one long run. */
    @Test
    void unitsAreTheStatesOfOneLongRun() {
        int[] text = {3, 1, 4, 1, 5, 9, 2, 6};
        for (Cell cell : List.of(Cell.LSTM, Cell.UGRNN)) {
            try (Model<CharacterRnn> model = Model.of(CharacterRnn.of(cell, 10, 8), 1);
                    Pass pass = Pass.infer()) {
                float[][] units = CharacterRnn.units(model, text);
                CharacterRnn net = model.net();
                for (int length : new int[] {1, 8}) {
                    Tensor read = net.in().apply(Tensor.ofInts(Arrays.copyOf(text, length), 1, length));
                    State state = net.cell().run(read).state();
                    float[] expected = cell == Cell.LSTM
                            ? state.get("cell").tanh().toArray()
                            : state.get("hidden").toArray();
                    for (int u = 0; u < 8; u++) {
                        assertThat(units[u][length - 1]).isCloseTo(expected[u], within(1e-6f));
                    }
                }
                assertThat(CharacterRnn.write(model, text, 20, 0, 1)).hasSize(20);
            }
        }
    }

    /**
     * Bits per character come from one state that is carried through the whole text, over the ends of the pieces of
     * training.
     */
    @Test
    void bitsPerCharacterCarryTheState() {
        int[] text = new Random(1).ints(193, 0, 10).toArray();
        try (Model<CharacterRnn> model = Model.of(CharacterRnn.of(Cell.GRU, 10, 8), 1)) {
            double bits = CharacterTraining.bits(model, text);
            try (Pass pass = Pass.infer()) {
                CharacterRnn net = model.net();
                Tensor read = net.in().apply(Tensor.ofInts(Arrays.copyOf(text, 192), 1, 192));
                Tensor logits = net.out().apply(net.cell().run(read).steps());
                Tensor next = Tensor.ofInts(Arrays.copyOfRange(text, 1, 193), 1, 192);
                assertThat(bits).isCloseTo(logits.crossEntropy(next).item() / Math.log(2), within(1e-5));
            }
        }
    }

    /** Outside quotes there are other letters than inside, so each network must know where it is. */
    @Test
    void aUnitOfEachCellKnowsThatItIsInsideQuotes() throws IOException {
        Random random = new Random(1);
        StringBuilder text = new StringBuilder();
        for (String letters = "abc "; text.length() < 26_000; letters = letters.equals("abc ") ? "xyz " : "abc ") {
            random.ints(10 + random.nextInt(20), 0, 4).mapToObj(letters::charAt).forEach(text::append);
            text.append('"');
        }
        QuoteUnits quotes = new QuoteUnits(text.substring(0, 26_000), 20_000, 3_000);
        Findings page = page(quotes::run);
        for (String cell : List.of("LSTM", "GRU", "UGRNN")) {
            Figure unit = figure(page, cell + ", unit for inside quotes");
            assertThat(unit.measured())
                    .as(cell)
                    .isGreaterThan(0.9)
                    .isGreaterThan(0.05 + Objects.requireNonNull(unit.baseline()));
            assertThat(unit.of()).isEqualTo("best unit of the untrained network");
            assertThat(figure(page, cell + ", reviews").measured()).isLessThan(2.7);
        }
    }

    /** The figures of a part of the lab, in the short form with four epochs. */
    private Findings page(Consumer<Lab> part) {
        PrintStream nowhere = new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8);
        try (Interrupt interrupt = Interrupt.install(nowhere)) {
            LabRun run = new LabRun(true, 4, 1, false, null, null, temp, interrupt, nowhere, nowhere);
            return new Lab(
                            new Experiment() {
                                @Override
                                public String name() {
                                    return "shakespeare";
                                }

                                @Override
                                public void run(Lab lab) {
                                    part.accept(lab);
                                }
                            },
                            run)
                    .complete();
        }
    }

    private static Figure figure(Findings page, String name) {
        return page.figures().stream()
                .filter(f -> f.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    /** A text of one's own may lack empty lines, the letters of the prompt, and may have characters of two chars. */
    @Test
    void anOwnTextMayHaveNeitherEmptyLinesNorRomeo() throws IOException {
        Path folder = folder(12_000);
        Files.writeString(folder.resolve("input.txt"), "so \uD83D\uDE00 it goes ".repeat(800));
        LabCall.Ended run = call(folder).epochs(1).completed();
        assertThat(temp.resolve("out/report.html"))
                .content()
                .contains("s plays: 9,360 characters for training, 520 for validation, 520 for the test; ");
        assertThat(run.out())
                .contains("\nLSTM\nso \uD83D\uDE00 it goes so \uD83D\uDE00 it", "\nGPT\nso \uD83D\uDE00 it goes so")
                .doesNotContain("ROMEO");
        String half = "a\n\nbcd";
        assertThat(ShakespeareLab.start(half, 1)).isEqualTo(3);
        assertThat(ShakespeareLab.start(half, 3)).isEqualTo(3);
        assertThat(ShakespeareLab.start("abc\n\n", 2)).isEqualTo(2);
    }
}

package dev.fathom.experiments.pages;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fathom.labs.Labs;
import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The files that say what is expected of the figures of a lab. */
class ExpectationsTest {
    private static final String HEADER = "figure,kind,low,high,published,source,first,why\n";

    private static Expectations rows(String... rows) throws IOException {
        return Expectations.read("coin.csv", new StringReader(HEADER + String.join("\n", rows)));
    }

    @Test
    void theFirstRowOfANameHolds() throws IOException {
        Expectations coin = rows("LSTM on *,sanity,90,,,,,", "* on *,baseline,baseline - 10,,,,,");
        Figure lstm = coin.judge(Figure.of("LSTM on noise", "%", 89), true);
        assertThat(lstm.judgment()).isEqualTo("missed by 1");
        assertThat(lstm.kind()).isEqualTo(Figure.Kind.SANITY);
        Figure gru = coin.judge(Figure.of("GRU on noise", "%", 89).baseline(95, "a line"), true);
        assertThat(gru.expected()).isEqualTo("at least 85");
        assertThat(gru.verdict()).isEqualTo(Figure.Verdict.REACHED);
        assertThat(coin.judge(Figure.of("GRU", "%", 89), true).verdict()).isEqualTo(Figure.Verdict.NONE);
        assertThat(coin.unmet(List.of(lstm))).containsExactly("* on *");
    }

    /** What an earlier judgment said, or a lab that would judge itself, does not count. */
    @Test
    void aShortRunIsHeldToNoBand() throws IOException {
        Expectations coin = rows("heads,published,49,51,50 %,Bernoulli,,");
        Figure heads = coin.judge(Figure.of("heads", "%", 60), true);
        assertThat(heads.judgment()).isEqualTo("missed by 9");
        Figure shown = coin.judge(heads, false);
        assertThat(shown.band()).isNull();
        assertThat(shown.reference()).isEqualTo("published 50 % (Bernoulli)");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "baseline; 8",
                "baseline + 0.5; 8.5",
                "baseline - 0.5; 7.5",
                "baseline * 1.5; 12",
                "baseline / 4; 2",
                "-3e-2; -0.03",
            })
    void theEndsOfABand(String end, double low) throws IOException {
        Figure f = rows("f,baseline," + end + ",baseline * 100,,,,")
                .judge(Figure.of("f", "", 1).baseline(8, "b"), true);
        assertThat(f.band()).isEqualTo(new Figure.Range(low, 800));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "f,sanity,,,,,, | has no band; give low, high or both",
                "f,sanity,about 3,,,,, | has the end \"about 3\"; write a number, or \"baseline - 1\"",
                "f,published,3,,,,, | is published with the published value \"\"; a published value is what its band is for",
                "f,sanity,3,,4,somebody,, | is sanity with the published value \"4\"; a published value is what its band is for",
                "f,published,3,,4,,, | is published without a source",
                "f,exact,3,3,,,, | is exact without a source",
                "f,baseline,3,,,,, | is held to a baseline, but its band does not name it",
                "f,sanity,3,,,,at least 4, | names its first band or why it was changed; give both or none",
                "f,guess,3,,,,, | No enum constant",
            })
    void aWrongRowIsASentence(String row, String said) {
        assertThatThrownBy(() -> rows("g,sanity,1,,,,,", row))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("coin.csv: row 2 is wrong: ")
                .hasMessageContaining(said);
    }

    @Test
    void aBaselineThatIsMissingIsASentence() throws IOException {
        Expectations coin = rows("f,baseline,baseline,,,,,");
        assertThatThrownBy(() -> coin.judge(Figure.of("f", "", 1), true))
                .hasMessage("expected: \"f\" is held to the baseline of f, which has none");
    }

    /** Every file belongs to a lab, and every row of it can be read. */
    @Test
    void everyFileIsOfALab() throws Exception {
        Path folder = Path.of(Expectations.class
                        .getResource("/dev/fathom/labs/expected/misses.csv")
                        .toURI())
                .getParent();
        try (Stream<Path> files = Files.list(folder)) {
            List<String> names = files.map(f -> f.getFileName().toString().replace(".csv", ""))
                    .filter(name -> !name.equals("misses"))
                    .toList();
            assertThat(names).hasSizeGreaterThan(50).isSubsetOf(Labs.shown().keySet());
            names.forEach(Expectations::of);
        }
    }

    /** Each value that a lab cites is in a row with a band: the constructor of the row refuses it otherwise. */
    @Test
    void noFigureOfALabKnowsItsBand() {
        assertThat(Stream.of(Figure.class.getMethods()).map(java.lang.reflect.Method::getName))
                .doesNotContain("within", "atLeast", "atMost");
    }
}

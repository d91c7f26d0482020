package dev.fathom.experiments.pages;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.pages.Words.Code;
import dev.fathom.experiments.pages.Words.If;
import dev.fathom.experiments.pages.Words.Picture;
import dev.fathom.experiments.pages.Words.Place;
import dev.fathom.experiments.pages.Words.Text;
import dev.fathom.labs.Labs;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The Markdown in which the words of labs stand. */
class WordsTest {
    private static final Words COIN = new Words("coin.md", """
            ---
            shows: how often a coin falls
              on its head
            claim: A coin is fair.
            ---

            ## The throws

            Of {throws} throws,
            {share %.1f} % were heads.

            [sides]

            ```
            p = heads / throws

            q = 1 - p
            ```

            {?many} ![After {throws} throws](share-{throws}.png)

            ## Nothing
            """);

    @Test
    void theFileIsReadBlockByBlock() {
        assertThat(COIN.front("shows")).isEqualTo("how often a coin falls on its head");
        assertThat(COIN.front("claim")).isEqualTo("A coin is fair.");
        assertThat(COIN.front("key")).isEmpty();
        assertThat(COIN.section("The throws"))
                .containsExactly(
                        new Text("Of {throws} throws, {share %.1f} % were heads."),
                        new Place("sides"),
                        new Code("p = heads / throws\n\nq = 1 - p"),
                        new If("many", true, new Picture("share-{throws}.png", "After {throws} throws")));
        assertThat(COIN.section("Nothing")).isEmpty();
        assertThatThrownBy(() -> COIN.section("The end"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("coin.md: there is no section \"The end\" among [The throws, Nothing]");
        assertThatThrownBy(() -> new Words("coin.md", "# A coin\n"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("it must begin with lines such as");
    }

    @Test
    void valuesAreFilledIn() {
        Map<String, Object> values = Map.of(
                "throws", 12_345, "share", 49.87, "side", "$1", "heads", Figure.of("heads", "%", 49.87), "rest", 0.5);
        assertThat(Words.filled("{throws} throws, {share %.1f} %, {side}, {heads}, {heads %.0f}, {rest}", values))
                .isEqualTo("12,345 throws, 49.9 %, $1, 49.87 %, 50, 0.5");
        assertThatThrownBy(() -> Words.filled("{tails}", values)).hasMessage("nothing was put as {tails}");
        assertThatThrownBy(() -> Words.filled("{share %d}", values)).hasMessage("{share %d} does not suit 49.87");
    }

    static Iterable<Experiment> labs() {
        return Labs.ALL;
    }

    @ParameterizedTest
    @MethodSource("labs")
    void everyLabSaysWhatItShowsAndWhatTheCourseClaims(Experiment lab) {
        assertThat(lab.words().front("shows")).isNotEmpty().doesNotEndWith(".");
        assertThat(lab.words().front("claim")).endsWith(".");
        String picture = lab.words().front("picture");
        if (!picture.isEmpty()) {
            assertThat(lab.words().pictures())
                    .as(picture)
                    .anyMatch(file -> picture.matches(Pattern.quote(file).replaceAll("\\{[^}]*\\}", "\\\\E.*\\\\Q")));
        }
    }
}

package dev.fathom.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

/** Where texts are cut: words and punctuation, Keras's words, characters, m-grams. */
class TokenizerTest {
    @Test
    void wordsAndPunctuation() {
        Words words = new Words();
        assertThat(words.tokens("It's 3 o'clock!")).containsExactly("It's", "3", "o'clock", "!");
        assertThat(words.tokens("\u00c9t\u00e9 \u2014 \u201cna\u00efve\u201d, l\u2019\u00e9t\u00e9... x_1"))
                .containsExactly(
                        "\u00c9t\u00e9",
                        "\u2014",
                        "\u201c",
                        "na\u00efve",
                        "\u201d",
                        ",",
                        "l\u2019\u00e9t\u00e9",
                        ".",
                        ".",
                        ".",
                        "x_1");
        assertThat(words.tokens("'tis dogs' e\u0301te\u0301"))
                .as("an apostrophe at the edge is a mark; a combining mark is part of a word")
                .containsExactly("'", "tis", "dogs", "'", "e\u0301te\u0301");
        assertThat(words.tokens("\ud83d\ude00 \ud835\udcd7i\u00a0there"))
                .containsExactly("\ud83d\ude00", "\ud835\udcd7i", "there");
        assertThat(words.tokens(" \t\n")).isEmpty();
        assertThat(words.tokens("")).isEmpty();
        assertThat(words.text(List.of("so", "it", "goes"))).isEqualTo("so it goes");
    }

    @Test
    void settingsOfWords() {
        String text = "The END, the End.";
        assertThat(new Words().lowerCase().tokens(text)).containsExactly("the", "end", ",", "the", "end", ".");
        assertThat(new Words().withoutPunctuation().tokens(text)).containsExactly("The", "END", "the", "End");
        assertThat(new Words().lowerCase().withoutPunctuation().tokens(text))
                .isEqualTo(new Words().withoutPunctuation().lowerCase().tokens(text))
                .containsExactly("the", "end", "the", "end");
    }

    /**
     * What the README of the IMDB reviews says of Keras: small letters, blanks instead of the filters, cut at blanks.
     */
    @Test
    void wordsOfKeras() {
        String text = "It's <br />Well-made!\tA \u201cfilm\u201d\r (10/10) ...";
        assertThat(Words.keras().tokens(text))
                .containsExactly("it's", "br", "well", "made", "a", "\u201cfilm\u201d\r", "10", "10");
        String filters = "!\"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n ";
        assertThat(Words.keras().tokens(filters)).isEmpty();
        for (char c = ' '; c < 127; c++) {
            assertThat(Words.keras().tokens("a" + c + "b")).as("" + c).hasSize(filters.indexOf(c) >= 0 ? 2 : 1);
        }
        assertThat(Words.keras().withoutPunctuation().tokens(text))
                .isEqualTo(Words.keras().tokens(text));
    }

    @Test
    void charactersAreCodePoints() {
        var characters = new Characters();
        String text = "a\ud83d\ude00\n\ud800z";
        assertThat(characters.tokens(text)).containsExactly("a", "\ud83d\ude00", "\n", "\ud800", "z");
        assertThat(characters.text(characters.tokens(text))).isEqualTo(text);
        assertThat(characters.tokens("")).isEmpty();
    }

    @Test
    void runsOfNeighbors() {
        Ngrams two = new Ngrams(new Words(), 1, 2);
        assertThat(two.tokens("a b c")).containsExactly("a", "b", "c", "a b", "b c");
        assertThat(new Ngrams(new Words(), 2, 3).tokens("a b c")).containsExactly("a b", "b c", "a b c");
        assertThat(new Ngrams(new Words(), 2, 3).tokens("a")).isEmpty();
        assertThat(two.text(List.of("a b", "c"))).isEqualTo("a b c");
        assertThatThrownBy(() -> new Ngrams(new Words(), 2, 1))
                .isExactlyInstanceOf(IllegalArgumentException.class)
                .hasMessage("n-grams: min=2 max=1; choose 1 <= min <= max <= 100");
        assertThatThrownBy(() -> new Ngrams(new Words(), 0, 1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new Ngrams(new Words(), 1, 101)).isInstanceOf(IllegalArgumentException.class);
    }
}

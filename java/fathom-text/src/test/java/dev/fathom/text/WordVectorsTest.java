package dev.fathom.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fathom.nn.Embedding;
import dev.fathom.nn.Model;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Vectors in the text format of GloVe, of a small file made here. */
class WordVectorsTest {
    private static final String SMALL = "the 0.5 -1 2e-1\n. . . 1 0 0\nking 0.9 0.1 .5\nqueen 0.8 0.2 0.5\n";

    @TempDir
    Path temp;

    private static void refused(ThrowingCallable call, String sentence) {
        assertThatThrownBy(call)
                .isExactlyInstanceOf(IllegalArgumentException.class)
                .hasMessage(sentence);
    }

    private Path file(String text) throws IOException {
        return Files.writeString(temp.resolve("glove.txt"), text);
    }

    /**
     * The header was taken for a word with one number, and each word with all numbers but the last for a word with
     * blanks.
     */
    @Test
    void theHeaderOfWord2VecAndFastTextIsNoWord() throws IOException {
        Path file = Files.writeString(temp.resolve("wiki.vec"), "2 3\nthe 0.1 0.2 0.3 \n, 0.4 0.5 0.6 \n");
        WordVectors vectors = WordVectors.read(file);
        assertThat(vectors.words().tokens()).containsExactly("the", ",");
        assertThat(vectors.dimensions()).isEqualTo(3);
        assertThat(vectors.vector("the")).containsExactly(0.1f, 0.2f, 0.3f);
        Files.writeString(file, "2 3\nthe 0.1 0.2\n");
        assertThatThrownBy(() -> WordVectors.read(file))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(file
                        + " line 1: \"2 3\" is neither a word with its vector nor a header that counts the 2 numbers"
                        + " of the next line; mend it, or leave it out");
        Files.writeString(file, "2 3\n3 4\n");
        assertThat(WordVectors.read(file).words().tokens())
                .as("words and one number each")
                .containsExactly("2", "3");
    }

    @Test
    void aSmallFile() throws IOException {
        WordVectors v = WordVectors.read(file(SMALL));
        assertThat(v.dimensions()).isEqualTo(3);
        assertThat(v.words().tokens()).containsExactly("the", ". . .", "king", "queen");
        assertThat(v.vector("the")).containsExactly(0.5f, -1, 0.2f);
        assertThat(v.nearest("king", 2)).containsExactly("queen", ". . .");
        Vocabulary tokens =
                Vocabulary.ofTokens(List.of("queen", "zebra", "the")).reserved(Reserved.STANDARD);
        assertThat(v.table(tokens))
                .containsExactly(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0.8f, 0.2f, 0.5f, 0, 0, 0, 0.5f, -1, 0.2f);
        assertThat(WordVectors.read(file(SMALL.strip())).words().size())
                .as("the last line may do without its end")
                .isEqualTo(4);
    }

    /**
     * The row of a token, read by a layer that begins with the table, is the vector of its word; a token without a word
     * has zeros.
     */
    @Test
    void aLayerBeginsWithTheVectors() throws IOException {
        WordVectors v = WordVectors.read(file(SMALL));
        Vocabulary tokens =
                Vocabulary.ofTokens(List.of("queen", "zebra", "the")).reserved(Reserved.STANDARD);
        Embedding layer = Embedding.of(v.table(tokens), tokens.size(), v.dimensions());
        try (var model = Model.of(layer, 1);
                Pass pass = Pass.infer()) {
            for (String word : tokens.tokens()) {
                Tensor row = model.net().apply(Tensor.ofInts(new int[] {tokens.id(word)}, 1));
                assertThat(row.toArray())
                        .as(word)
                        .containsExactly(v.words().contains(word) ? v.vector(word) : new float[3]);
            }
        }
    }

    @Test
    void whatIsWrittenIsRead() throws IOException {
        Vocabulary words = Vocabulary.ofTokens(List.of("a", "b c", "\u00e9"));
        float[] table = {0.1f, Float.MIN_VALUE, Float.MAX_VALUE, -0f, 1e-7f, 3};
        Path file = temp.resolve("vectors.txt");
        WordVectors.of(words, table).write(file);
        WordVectors read = WordVectors.read(file);
        assertThat(read.words().tokens()).isEqualTo(words.tokens());
        assertThat(read.table(words)).isEqualTo(table);
        refused(
                () -> WordVectors.of(Vocabulary.ofTokens(List.of("a", "b\n")), new float[2])
                        .write(file),
                "word vectors: the format has no place for the word \"b\\n"
                        + "\", which has a line end or is first and has a blank; leave it out");
        refused(
                () -> WordVectors.of(Vocabulary.ofTokens(List.of("a b")), new float[2])
                        .write(file),
                "word vectors: the format has no place for the word \"a b\", which has a line end or is first and has"
                        + " a blank; leave it out");
        assertThat(WordVectors.read(file).table(words)).as("nothing was lost").isEqualTo(table);
        refused(
                () -> WordVectors.of(words, new float[4]),
                "word vectors: 4 numbers are no rows of 3 words; give as many for each");
        refused(
                () -> WordVectors.of(words, new float[] {0, 0, 0, Float.NaN, 0, 0}),
                "word vectors: number 1 of the word \"b c\" is NaN; give finite ones");
    }

    @Test
    void filesThatAreNoVectors() throws IOException {
        Path file = temp.resolve("glove.txt");
        String numbers = " finite numbers, as many as the first line has; the file is damaged or has a header, which "
                + "GloVe's format does not have";
        Map<String, String> sentences = Map.of(
                "a 1 2\nb 1\n", " line 2: it does not end with 2" + numbers,
                "a 1 2\nb 1 2x\n", " line 2: it does not end with 2" + numbers,
                "a 1 2\nb 1 NaN\n", " line 2: it does not end with 2" + numbers,
                "a 1 1e99\n", " line 1: it does not end with 2" + numbers,
                "400000 50\nthe 1 2\n", " line 2: the word \"the 1\" comes twice; give each word one line",
                "a 1\na 2\n", " line 2: the word \"a\" comes twice; give each word one line",
                " 1 2\n", " line 1: it has no word; give each word one line",
                "word\n",
                        " line 1: a word and 1 to 65536 numbers are separated by blanks, but there are 0 blanks; give "
                                + "vectors in the text format of GloVe",
                "", ": it is empty; give a file with a word on each line");
        for (Map.Entry<String, String> each : sentences.entrySet()) {
            if (!each.getKey().startsWith("400000")) {
                refused(() -> WordVectors.read(file(each.getKey())), file + each.getValue());
            }
        }
        refused(
                () -> WordVectors.read(file("2 3\nthe 1 2 3\nthe 1 2 3\n")),
                file + " line 3: the word \"the\" comes twice; give each word one line");
        Files.write(file, new byte[] {'a', (byte) 0xff, ' ', '1', '\n'});
        refused(() -> WordVectors.read(file), file + ": it is not UTF-8; convert it to UTF-8 first");
        WordVectors v = WordVectors.read(file(SMALL));
        refused(
                () -> v.vector("zebra"),
                "id: the token \"zebra\" is none of the 4 of this vocabulary; reserve an unknown token, or count texts "
                        + "that have it");
        refused(() -> v.nearest("the", -1), "nearest: n=-1; ask for 0 words or more");
    }
}

package dev.fathom.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which tokens get which numbers, reserved ones, cuts, files, and every sentence about what is no vocabulary. */
class VocabularyTest {
    private static final List<List<String>> DOCUMENTS =
            List.of(List.of("b", "a", "b", "c"), List.of(), List.of("d", "b", "c", "a", "\u00e9"));

    @TempDir
    Path temp;

    private static Vocabulary counted() {
        return Vocabulary.of(DOCUMENTS);
    }

    private static void refused(ThrowingCallable call, String sentence) {
        assertThatThrownBy(call)
                .isExactlyInstanceOf(IllegalArgumentException.class)
                .hasMessage(sentence);
    }

    @Test
    void theMostFrequentComesFirstAndTiesGoByTheirCharacters() {
        Vocabulary v = counted();
        assertThat(v.tokens()).containsExactly("b", "a", "c", "d", "\u00e9");
        assertThat(v.count("b")).isEqualTo(3);
        assertThat(v.count("\u00e9")).isEqualTo(1);
        assertThat(v).hasToString("Vocabulary of 5 tokens, 0 reserved");
        assertThat(v.ids(List.of("c", "b"))).containsExactly(2, 0);
        assertThat(v.tokens(2, 0)).containsExactly("c", "b");
        assertThat(v.atLeast(2).tokens()).containsExactly("b", "a", "c");
        assertThat(v.limit(1).tokens()).containsExactly("b");
        assertThat(v.limit(100).tokens()).hasSize(5);
        assertThat(v.contains("d")).isTrue();
        assertThat(v.limit(3).contains("d")).isFalse();
    }

    @Test
    void reservedTokensAreInFrontAndDoNotCount() {
        Vocabulary v = counted().reserved(Reserved.STANDARD).limit(2);
        assertThat(v.tokens()).containsExactly("<pad>", "<unk>", "<start>", "<end>", "b", "a");
        assertThat(v.id("zebra")).isEqualTo(1);
        assertThat(v.withStartAndEnd(List.of("a", "c", "b"))).containsExactly(2, 5, 1, 4, 3);
        assertThat(v.withStartAndEnd(List.of())).containsExactly(2, 3);
        assertThat(v.reserved(Reserved.NONE).tokens()).containsExactly("b", "a");
        assertThat(v.reserved(Reserved.NONE).withStartAndEnd(List.of("b"))).containsExactly(0);
        assertThat(v.atLeast(3).tokens()).hasSize(5).endsWith("b");
        assertThat(v.count("a")).isEqualTo(2);
    }

    /** The codes of Keras: index offset 3, 1 in front, 2 for a word beyond the limit. */
    @Test
    void theConventionOfKeras() throws IOException {
        Path index = Files.writeString(temp.resolve("index.json"), "{\"and\": 2, \"the\": 1, \"of\": 4, \"a\": 3}");
        Vocabulary v = Vocabulary.json(index, Reserved.KERAS, 3).limit(3);
        assertThat(v.size()).isEqualTo(7);
        assertThat(v.withStartAndEnd(Words.keras().tokens("The, A of the"))).containsExactly(1, 4, 6, 2, 4);
        assertThat(Words.keras().text(v.tokens(1, 4, 6, 2))).isEqualTo("<START> the a <UNK>");
        assertThat(v.token(v.reserved().padding())).isEqualTo("<PAD>");
    }

    /** The row of an embedding that was trained elsewhere is the number in the file, so none may move. */
    @Test
    void numbersInAFileAreKept() throws IOException {
        Path index = Files.writeString(temp.resolve("index.json"), "{\"the\": 1, \"film\": 3, \"a\": 2}");
        refused(
                () -> Vocabulary.json(index),
                index
                        + ": its numbers begin at 1, so another token has the number 0; say which: json(file,"
                        + " Reserved.PADDING, 0) for the word index of a Keras Tokenizer, json(file, Reserved.KERAS,"
                        + " 3) for that of Keras's IMDB reviews");
        Vocabulary tokenizer = Vocabulary.json(index, Reserved.PADDING, 0);
        assertThat(tokenizer.ids(List.of("the", "a", "film"))).containsExactly(1, 2, 3);
        assertThat(tokenizer.tokens()).containsExactly("<pad>", "the", "a", "film");
        assertThat(tokenizer.reserved().padding()).isZero();
        // Tokenizer(oov_token="<OOV>") writes the unknown token into the file
        Path oov = Files.writeString(temp.resolve("oov.json"), "{\"<OOV>\": 1, \"the\": 2}");
        Vocabulary v = Vocabulary.json(oov, new Reserved(List.of("<pad>", "<OOV>"), 0, 1, -1, -1), 0);
        assertThat(v.ids(List.of("the", "cat"))).containsExactly(2, 1);
        assertThat(Vocabulary.json(Files.writeString(temp.resolve("zero.json"), "{\"b\": 1, \"a\": 0}"))
                        .tokens())
                .containsExactly("a", "b");
        refused(
                () -> Vocabulary.json(oov, new Reserved(List.of("<OOV>", "<pad>"), 1, 0, -1, -1), 0),
                oov
                        + ": the reserved token \"<OOV>\" has the number 1 and not 0; give the reserved tokens and the"
                        + " offset of the file");
        refused(
                () -> Vocabulary.json(index, Reserved.KERAS, 2),
                index
                        + ": the number 3 of the token \"the\" is that of \"<UNUSED>\" too; 7 tokens have as many"
                        + " numbers without a gap");
        refused(
                () -> Vocabulary.json(index, Reserved.PADDING, Integer.MAX_VALUE),
                index
                        + ": the number 2147483648 of the token \"the\" is outside [0, 4); 4 tokens have as many"
                        + " numbers without a gap");
    }

    @Test
    void whatIsNotThereIsASentence() {
        Vocabulary v = counted();
        refused(
                () -> v.id("zebra\n"),
                "id: the token \"zebra\\n"
                        + "\" is none of the 5 of this vocabulary; reserve an unknown token, or count texts that "
                        + "have it");
        refused(() -> v.token(5), "token: 5 is outside [0, 5); this vocabulary has 5 tokens");
        refused(() -> v.tokens(0, -1), "token: -1 is outside [0, 5); this vocabulary has 5 tokens");
        refused(
                () -> v.atLeast(4),
                "atLeast: no token came 4 times, so the vocabulary would be empty; keep at least one");
        refused(() -> v.limit(0), "limit: 0 tokens are kept of 5, so the vocabulary would be empty; keep at least one");
        refused(
                () -> Vocabulary.of(List.of(List.of())),
                "vocabulary: there are no tokens in the documents; give at least one that is not empty");
        refused(() -> Vocabulary.ofTokens(List.of()), "vocabulary: there are no tokens; give at least one");
        refused(
                () -> Vocabulary.ofTokens(List.of("a", "b", "a")),
                "vocabulary: the token \"a\" comes twice, first as 0 and then as 2; leave one out");
        refused(
                () -> v.reserved(new Reserved(List.of("a"), 0, -1, -1, -1)),
                "vocabulary: the token \"a\" comes twice, first as 0 and then as 2; leave one out");
        refused(() -> v.count("x"), "count: \"x\" is not in this vocabulary; ask for a token that was counted");
        refused(
                () -> v.reserved(Reserved.STANDARD).count("<pad>"),
                "count: \"<pad>\" is reserved; ask for a token that was counted");
        refused(
                () -> new Reserved(List.of("a", "a"), 0, -1, -1, -1),
                "reserved: one of the tokens [a, a] is empty or comes twice; give each a name of its own");
        refused(
                () -> new Reserved(List.of("a"), 0, 1, -1, -1),
                "reserved: there is no token 1 among the 1 reserved ones; give the place of one in the list, or -1 for"
                        + " none");
        Vocabulary uncounted = Vocabulary.ofTokens(List.of("a"));
        assertThatThrownBy(() -> uncounted.atLeast(1))
                .isExactlyInstanceOf(IllegalStateException.class)
                .hasMessage("atLeast: this vocabulary was not counted, so its tokens have no frequencies; use limit");
        assertThatThrownBy(() -> uncounted.count("a")).isExactlyInstanceOf(IllegalStateException.class);
    }

    // ---- files

    @Test
    void aFileHasOneTokenALine() throws IOException {
        Vocabulary v = Vocabulary.ofTokens(List.of("\n", "\r", "\\", "a b", "\\n", "\ud83d\ude00", " ", "\u2028"))
                .reserved(Reserved.STANDARD);
        Path file = temp.resolve("vocabulary.txt");
        v.save(file);
        assertThat(Files.readString(file))
                .isEqualTo("<pad>\n<unk>\n<start>\n<end>\n\\n\n\\r\n\\\\\na b\n\\\\n\n\ud83d\ude00\n \n\u2028\n");
        assertThat(Vocabulary.load(file, Reserved.STANDARD).tokens()).isEqualTo(v.tokens());
        assertThat(Vocabulary.load(file, Reserved.NONE).id("<pad>")).isZero();
        Files.write(file, gzip("a\r\nb\r\n"));
        assertThat(Vocabulary.load(file, Reserved.NONE).tokens()).containsExactly("a", "b");
    }

    private static byte[] gzip(String text) throws IOException {
        var out = new ByteArrayOutputStream();
        try (var zip = new GZIPOutputStream(out)) {
            zip.write(text.getBytes(StandardCharsets.UTF_8));
        }
        return out.toByteArray();
    }

    private Path file(String text) throws IOException {
        return Files.writeString(temp.resolve("vocabulary.txt"), text);
    }

    @Test
    void filesThatAreNoVocabularies() throws IOException {
        Path file = temp.resolve("vocabulary.txt");
        refused(
                () -> Vocabulary.load(file("a\nb"), Reserved.NONE),
                file + ": it ends in the middle of a line; the file is truncated, fetch it again");
        refused(
                () -> Vocabulary.load(file("a\n\nb\n"), Reserved.NONE),
                file + " line 2: it is empty; write one token on each line, each once");
        refused(
                () -> Vocabulary.load(file("a\nb\na\n"), Reserved.NONE),
                file + " line 3: \"a\" stands on line 1 already; write one token on each line, each once");
        refused(
                () -> Vocabulary.load(file("a\n\\x\n"), Reserved.NONE),
                file + " line 2: after a backslash there may be n, r or a backslash; write a backslash as \\\\");
        refused(
                () -> Vocabulary.load(file("a\n"), Reserved.STANDARD),
                file
                        + ": it does not begin with the reserved tokens [<pad>, <unk>, <start>, <end>]; name those"
                        + " that it was saved with");
        for (String empty : List.of("", "\ufeff")) {
            refused(
                    () -> Vocabulary.load(file(empty), Reserved.NONE),
                    file + ": it has no tokens but reserved ones; the vocabulary is empty, so give another file");
        }
        Files.write(file, new byte[] {'a', (byte) 0xe9, '\n'});
        refused(() -> Vocabulary.load(file, Reserved.NONE), file + ": it is not UTF-8; convert it to UTF-8 first");
        Files.write(file, Arrays.copyOf(gzip("a\nb\n"), 15));
        refused(() -> Vocabulary.load(file, Reserved.NONE), file + ": its gzip data are damaged; fetch it again");
        assertThatThrownBy(() -> Vocabulary.load(temp.resolve("none"), Reserved.NONE))
                .isExactlyInstanceOf(UncheckedIOException.class)
                .hasMessage("cannot read " + temp.resolve("none")
                        + ": it does not exist; give the path of a vocabulary, plain or gzip");
    }

    @Test
    void jsonThatIsNoVocabulary() throws IOException {
        Path file = temp.resolve("vocabulary.txt");
        String damaged = file + ": it is not a JSON object from token to number; the file is damaged, fetch it again";
        for (String text : List.of(
                "",
                "{",
                "{\"a\": 0",
                "{\"a\": 0,",
                "{\"a\"}",
                "[]",
                "null",
                "{\"a\": \"x\"}",
                "{\"a\": 0.5}",
                "{\"a\": 99999999999}",
                "{\"a\": {}}",
                "{\"a\": 0} x",
                "{\"a\": 0}{}")) {
            refused(() -> Vocabulary.json(file(text)), damaged);
        }
        refused(
                () -> Vocabulary.json(file("{}")),
                file + ": it has no tokens; the vocabulary is empty, so give another file");
        refused(
                () -> Vocabulary.json(file("{\"a\": 0, \"a\": 1}")),
                file + ": the token \"a\" comes twice; give each token one number");
        refused(
                () -> Vocabulary.json(file("{\"a\": 0, \"b\": 0}")),
                file
                        + ": the number 0 of the token \"b\" is that of \"a\" too; 2 tokens have as many numbers"
                        + " without a gap");
        refused(
                () -> Vocabulary.json(file("{\"a\": 0, \"b\": 2000000000}")),
                file
                        + ": the number 2000000000 of the token \"b\" is outside [0, 2); 2 tokens have as many numbers"
                        + " without a gap");
        refused(
                () -> Vocabulary.json(file("{\"a\": -1}")),
                file
                        + ": the number -1 of the token \"a\" is outside [0, 1); 1 tokens have as many numbers without"
                        + " a gap");
    }

    /** Sixty million characters of a token that a small file unpacks to are refused before they fill the memory. */
    @Test
    void aSmallFileThatUnpacksToMuchIsRefused() throws IOException {
        Path file = temp.resolve("vocabulary.txt");
        try (var zip = new GZIPOutputStream(Files.newOutputStream(file))) {
            byte[] chunk = new byte[1 << 20];
            Arrays.fill(chunk, (byte) 'a');
            for (int i = 0; i < 65; i++) {
                zip.write(chunk);
            }
        }
        refused(
                () -> Vocabulary.load(file, Reserved.NONE),
                file + ": it has more than 67108864 characters, which is too much for a vocabulary");
    }

    @Test
    void anyBytesAreAVocabularyOrASentence() throws IOException {
        Random random = new Random(5);
        byte[] lines = "aab\n\n\n\\r\u00e9".getBytes(StandardCharsets.UTF_8);
        byte[] json = "{{\"\"\"a:::0123,}} ".getBytes(StandardCharsets.UTF_8);
        Path file = temp.resolve("vocabulary.txt");
        int[] good = new int[2];
        for (int round = 0; round < 2000; round++) {
            byte[] from = round % 2 == 0 ? lines : json;
            byte[] bytes = new byte[random.nextInt(10)];
            for (int i = 0; i < bytes.length; i++) {
                bytes[i] = from[random.nextInt(from.length)];
            }
            Files.write(file, bytes);
            try {
                Vocabulary v = round % 2 == 0 ? Vocabulary.load(file, Reserved.NONE) : Vocabulary.json(file);
                assertThat(v.size()).isPositive();
                good[round % 2]++;
            } catch (IllegalArgumentException e) {
                assertThat(e.getMessage()).startsWith(file + "").hasLineCount(1);
            }
        }
        assertThat(good[0]).isBetween(10, 900);
    }
}

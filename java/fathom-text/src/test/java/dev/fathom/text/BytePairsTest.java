package dev.fathom.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonStreamParser;
import dev.fathom.testing.Golden;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Byte-pair encoding against merges made by hand, against what GPT-2's own make of texts, and against the rule applied
 * word for word.
 */
@Tag("any-instruction-set")
class BytePairsTest {
    @TempDir
    Path temp;

    private static void refused(ThrowingCallable call, String sentence) {
        assertThatThrownBy(call)
                .isExactlyInstanceOf(IllegalArgumentException.class)
                .hasMessage(sentence);
    }

    // ---- by hand

    /**
     * The example of Sennrich et al. (2016): low 5, lower 2, newest 6, widest 3. "es" comes 9 times, then "est" 9 times
     * (e and s are 9 too, but merged), then "lo" 7 times, then "low" 7.
     */
    @Test
    void theMergesOfTheFirstPaper() {
        List<String> words = new ArrayList<>();
        Map<String, Integer> counts = Map.of("low", 5, "lower", 2, "newest", 6, "widest", 3);
        counts.forEach((word, n) -> {
            for (int i = 0; i < n; i++) {
                words.add(word);
            }
        });
        // e s: 9, s t: 9; by the rule the pair with the smaller left number: e before s
        BytePairs bpe = BytePairs.train(words, 256 + 6);
        assertThat(bpe.vocabulary().tokens().subList(256, 262))
                // lo 7 beats ne, ew, we (6): of lo 7 and ow 7, l is before o; then low 7; then ne, ew, w+est: e w 6
                // comes first
                .containsExactly("es", "est", "lo", "low", "ew", "new");
        assertThat(bpe.tokens("lowest newer")).containsExactly("low", "est", "\u0120", "new", "e", "r");
        assertThat(BytePairs.train(words, 262).vocabulary().tokens())
                .isEqualTo(bpe.vocabulary().tokens());
        java.util.Collections.reverse(words);
        assertThat(BytePairs.train(words, 262).vocabulary().tokens())
                .as("the order of the texts does not matter")
                .isEqualTo(bpe.vocabulary().tokens());
    }

    @Test
    void trainingEndsWhereNoPairComesTwice() {
        BytePairs bpe = BytePairs.train(List.of("ab ab ab"), 1000);
        // "ab", " ab", " ab": a b 3, then Ġ ab 2, then nothing comes twice
        assertThat(bpe.size()).isEqualTo(258);
        assertThat(bpe.tokens("ab ab")).containsExactly("ab", "\u0120ab");
        assertThat(BytePairs.train(List.of(), 300).size()).isEqualTo(256);
        assertThat(BytePairs.train(List.of("xyz"), 256).tokens("xyz")).containsExactly("x", "y", "z");
        refused(
                () -> BytePairs.train(List.of(), 255),
                "train: size=255 but the bytes alone are 256 tokens; choose 256 or more");
    }

    /** Of "aaaa", pairs count at every place, and are merged from the left. */
    @Test
    void aRunOfTheSameByte() {
        BytePairs bpe = BytePairs.train(List.of("aaaaa"), 257);
        assertThat(bpe.tokens("aaaaa")).containsExactly("aa", "aa", "a");
        BytePairs more = BytePairs.train(List.of("aaaaaaaaa"), 258);
        assertThat(more.vocabulary().token(257)).isEqualTo("aaaa");
        assertThat(more.tokens("aaaaaaaaaaa")).containsExactly("aaaa", "aaaa", "aa", "a");
    }

    /** GPT-2's table: 188 printable bytes first, then the others as the characters from 256 on. */
    @Test
    void bytesAreLettersAsInGpt2() {
        Vocabulary v = BytePairs.train(List.of(), 256).vocabulary();
        assertThat(v.token(0)).isEqualTo("!");
        assertThat(v.token(93)).isEqualTo("~");
        assertThat(v.token(94)).isEqualTo("\u00a1");
        assertThat(v.token(187)).isEqualTo("\u00ff");
        assertThat(v.token(188)).isEqualTo("\u0100");
        assertThat(v.token(198)).isEqualTo("\u010a");
        assertThat(v.token(220)).isEqualTo("\u0120");
        assertThat(v.token(255)).isEqualTo("\u0143");
        assertThat(v.id("\u0143")).as("the soft hyphen, 0xad, is the last one").isEqualTo(255);
    }

    // ---- GPT-2

    /** The published merges that could apply, and the published numbers of their tokens. */
    @Test
    void textsHaveTheNumbersOfGpt2() throws IOException {
        JsonObject golden =
                new JsonStreamParser(Golden.text("gpt2.json")).next().getAsJsonObject();
        JsonObject ids = golden.getAsJsonObject("ids");
        StringBuilder merges = new StringBuilder("#version: 0.2\n");
        golden.getAsJsonArray("merges")
                .forEach(m -> merges.append(m.getAsString()).append('\n'));
        // some of the merges alone have numbers with gaps: they are counted anew, in the same order
        List<String> tokens = new ArrayList<>(ids.keySet());
        tokens.sort((a, b) -> ids.get(a).getAsInt() - ids.get(b).getAsInt());
        JsonObject anew = new JsonObject();
        tokens.forEach(t -> anew.addProperty(t, anew.size()));
        Path vocabulary = Files.writeString(temp.resolve("vocab.json"), anew.toString());
        Path lines = Files.writeString(temp.resolve("merges.txt"), merges);
        BytePairs bpe = BytePairs.read(vocabulary, lines);
        int cases = 0;
        for (JsonElement each : golden.getAsJsonArray("cases")) {
            String text = each.getAsJsonObject().get("text").getAsString();
            List<Integer> expected = each.getAsJsonObject().getAsJsonArray("ids").asList().stream()
                    .map(JsonElement::getAsInt)
                    .toList();
            assertThat(bpe.tokens(text).stream().map(t -> ids.get(t).getAsInt()))
                    .as(text)
                    .containsExactlyElementsOf(expected);
            assertThat(bpe.decode(bpe.encode(text))).isEqualTo(text);
            cases++;
        }
        assertThat(cases).isEqualTo(15);
        assertThat(bpe.tokens("Hello world").stream().map(t -> ids.get(t).getAsInt()))
                .containsExactly(15496, 995);
    }

    // ---- any text

    @Test
    void everyTextComesBack() {
        BytePairs bpe = BytePairs.train(List.of("The cat sat on the mat. \u00c9t\u00e9 \ud83d\ude00\ud83d\ude00"), 300);
        Random random = new Random(1);
        for (int round = 0; round < 300; round++) {
            StringBuilder text = new StringBuilder();
            for (int i = 0; i < random.nextInt(40); i++) {
                int c = random.nextInt(4) == 0
                        ? random.nextInt(Character.MAX_CODE_POINT + 1)
                        : " the\n'sat1.\u00e9".codePointAt(random.nextInt(12));
                text.appendCodePoint(c >= 0xd800 && c <= 0xdfff ? 'x' : c);
            }
            int[] ids = bpe.encode(text.toString());
            assertThat(bpe.decode(ids)).isEqualTo(text.toString());
            assertThat(bpe.text(bpe.tokens(text.toString()))).isEqualTo(text.toString());
        }
        StringBuilder every = new StringBuilder();
        for (int c = 0; c <= Character.MAX_CODE_POINT; c++) {
            if (c < 0xd800 || c > 0xdfff) {
                every.appendCodePoint(c);
            }
        }
        assertThat(bpe.decode(bpe.encode(every.toString())))
                .as("all of Unicode")
                .isEqualTo(every.toString());
        assertThat(bpe.decode(bpe.encode("a\ud800b\udc00\udc00\ud83d"))).isEqualTo("a\ufffdb\ufffd\ufffd\ufffd");
        int[] half = Arrays.copyOf(bpe.encode("\u00e9"), 1);
        assertThat(bpe.decode(bpe.encode("\u0416")[0])).as("half a character").isEqualTo("\ufffd");
        assertThat(half).hasSize(1);
        refused(
                () -> bpe.decode(0, bpe.size()),
                "token: " + bpe.size() + " is outside [0, " + bpe.size() + "); this vocabulary has " + bpe.size()
                        + " tokens");
    }

    /**
     * The rule as it is written: while a pair has a place in the order, merge all places of the first such pair from
     * the left.
     */
    private static List<String> slowly(List<String> merges, String piece) {
        List<String> tokens = new ArrayList<>();
        piece.chars().forEach(c -> tokens.add((char) c == ' ' ? "\u0120" : "" + (char) c));
        for (String merge : merges) {
            String left = merge.substring(0, merge.indexOf(' '));
            String right = merge.substring(merge.indexOf(' ') + 1);
            for (int i = 0; i + 1 < tokens.size(); i++) {
                if (tokens.get(i).equals(left) && tokens.get(i + 1).equals(right)) {
                    tokens.set(i, left + right);
                    tokens.remove(i + 1);
                }
            }
        }
        return tokens;
    }

    @Test
    void theQueueMergesAsTheRuleSays() throws IOException {
        Random random = new Random(2);
        String text = random.ints(3000, 0, 4)
                .mapToObj(i -> "abc ".substring(i, i + 1))
                .reduce("", String::concat);
        BytePairs bpe = BytePairs.train(List.of(text), 330);
        bpe.save(temp.resolve("vocab.json"), temp.resolve("merges.txt"));
        List<String> merges =
                Files.readAllLines(temp.resolve("merges.txt")).stream().skip(1).toList();
        assertThat(merges).hasSize(74);
        for (int round = 0; round < 500; round++) {
            String piece = random.ints(1 + random.nextInt(60), 0, 3)
                    .mapToObj(i -> "abc".substring(i, i + 1))
                    .reduce("", String::concat);
            assertThat(bpe.tokens(piece)).isEqualTo(slowly(merges, piece));
        }
    }

    /** Counts all pairs anew at every step, as the rule of training says. */
    @Test
    void trainingMergesAsTheRuleSays() {
        Random random = new Random(3);
        List<String> words = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            words.add(random.ints(1 + random.nextInt(8), 0, 5)
                    .mapToObj(k -> "abcde".substring(k, k + 1))
                    .reduce("", String::concat));
        }
        BytePairs bpe = BytePairs.train(words, 256 + 60);
        List<String> names = new ArrayList<>(bpe.vocabulary().tokens().subList(0, 256));
        List<List<Integer>> pieces = new ArrayList<>();
        for (String w : words) {
            pieces.add(new ArrayList<>(
                    w.chars().mapToObj(c -> names.indexOf("" + (char) c)).toList()));
        }
        while (names.size() < 256 + 60) {
            Map<List<Integer>, Integer> counts = new HashMap<>();
            for (List<Integer> p : pieces) {
                for (int i = 1; i < p.size(); i++) {
                    counts.merge(List.of(p.get(i - 1), p.get(i)), 1, Integer::sum);
                }
            }
            counts.keySet().removeIf(pair -> names.contains(names.get(pair.get(0)) + names.get(pair.get(1))));
            List<Integer> best = counts.keySet().stream()
                    .min((a, b) -> !counts.get(a).equals(counts.get(b))
                            ? counts.get(b) - counts.get(a)
                            : !a.get(0).equals(b.get(0)) ? a.get(0) - b.get(0) : a.get(1) - b.get(1))
                    .orElseThrow();
            for (List<Integer> p : pieces) {
                for (int i = 0; i + 1 < p.size(); i++) {
                    if (p.get(i).equals(best.get(0)) && p.get(i + 1).equals(best.get(1))) {
                        p.set(i, names.size());
                        p.remove(i + 1);
                    }
                }
            }
            names.add(names.get(best.get(0)) + names.get(best.get(1)));
        }
        assertThat(bpe.vocabulary().tokens()).isEqualTo(names);
    }

    @Test
    void aMegabyteTakesSeconds() {
        String data = System.getenv("FATHOM_DATA");
        Path file = Path.of(data == null ? "" : data, "tinyshakespeare", "input.txt");
        assumeTrue(Files.isRegularFile(file), "byte pairs of Shakespeare are not timed: FATHOM_DATA has no " + file);
        Texts text = Texts.of(List.of(dev.fathom.io.TextFile.read(file, "a text", 1 << 22)));
        org.junit.jupiter.api.Assertions.assertTimeout(Duration.ofSeconds(60), () -> {
            BytePairs bpe = BytePairs.train(List.of(text.text(0)), 1000);
            int[] ids = bpe.encode(text.text(0));
            assertThat(ids.length).isBetween(300_000, 500_000);
            assertThat(bpe.decode(ids)).isEqualTo(text.text(0));
        });
    }

    @Test
    void oneLongPieceIsNotQuadratic() {
        BytePairs bpe = BytePairs.train(List.of("aaaaaaaa"), 258);
        org.junit.jupiter.api.Assertions.assertTimeout(Duration.ofSeconds(30), () -> {
            assertThat(bpe.encode("a".repeat(1 << 20))).hasSize(1 << 18);
            assertThat(bpe.encode(" ".repeat(1 << 20) + "a")).hasSize((1 << 20) + 1);
        });
    }

    // ---- files

    @Test
    void filesAreReadAsTheyWereWritten() throws IOException {
        BytePairs bpe = BytePairs.train(List.of("say \"hi\" \\ \n\n said he, said she\u00e9\u00e9\u00e9"), 290);
        Path vocabulary = temp.resolve("vocab.json");
        Path merges = temp.resolve("merges.txt");
        bpe.save(vocabulary, merges);
        BytePairs read = BytePairs.read(vocabulary, merges);
        assertThat(read.vocabulary().tokens()).isEqualTo(bpe.vocabulary().tokens());
        assertThat(read.encode("he said \"hi\"\n")).isEqualTo(bpe.encode("he said \"hi\"\n"));
        // a special token is known and decoded, and no text has it
        JsonObject json =
                new JsonStreamParser(Files.readString(vocabulary)).next().getAsJsonObject();
        json.addProperty("<|endoftext|>", bpe.size());
        Files.writeString(vocabulary, json.toString());
        BytePairs special = BytePairs.read(vocabulary, merges);
        assertThat(special.decode(special.size() - 1)).isEqualTo("<|endoftext|>");
        assertThat(special.encode("<|endoftext|>")).doesNotContain(special.size() - 1);
    }

    @Test
    void filesOfOtherTokenizersAreNamed() throws IOException {
        Path vocabulary = temp.resolve("vocab.json");
        Path merges = temp.resolve("merges.txt");
        BytePairs.train(List.of("abc abc"), 259).save(vocabulary, merges);
        Path other = temp.resolve("other");
        // the first piece of a ModelProto: field 1 of 14 bytes with the text <unk>, the score 0 and the kind 2
        byte[] sentencePiece = {10, 14, 10, 5, '<', 'u', 'n', 'k', '>', 21, 0, 0, 0, 0, 24, 2, 10, (byte) 0xff};
        Map<byte[], String> files = Map.of(
                "{\n  \"version\": \"1.0\",\n  \"truncation\": null,\n  \"model\": {\"type\": \"BPE\"}}"
                        .getBytes(StandardCharsets.UTF_8),
                ": it is a tokenizer.json of Hugging Face's tokenizers; read it by PretrainedTokenizer.read",
                "{\"add_prefix_space\": false, \"tokenizer_class\": \"GPT2Tokenizer\"}"
                        .getBytes(StandardCharsets.UTF_8),
                ": it has the settings of a tokenizer and not its tokens; give the vocab.json and merges.txt",
                sentencePiece,
                ": it is a model of SentencePiece, whose pieces are not byte pairs; read it by",
                "IQ== 0\nIg== 1\n".getBytes(StandardCharsets.UTF_8),
                ": it is a list of ranks of tiktoken, which has no merges; give",
                "[PAD]\n[unused0]\n".getBytes(StandardCharsets.UTF_8),
                ": it is a vocabulary of WordPiece, as BERT's vocab.txt, whose pieces are not byte pairs; read it by");
        for (Map.Entry<byte[], String> file : files.entrySet()) {
            Files.write(other, file.getKey());
            for (ThrowingCallable call : List.<ThrowingCallable>of(
                    () -> BytePairs.read(other, merges), () -> BytePairs.read(vocabulary, other))) {
                assertThatThrownBy(call)
                        .isExactlyInstanceOf(IllegalArgumentException.class)
                        .hasMessageStartingWith(other + file.getValue());
            }
        }
        Files.write(other, "{\"version\": \"1.0\", \"truncation\": null}".getBytes(StandardCharsets.UTF_8));
        assertThatThrownBy(() -> Vocabulary.json(other)).hasMessageStartingWith(other + ": it is a tokenizer.json");
        refused(
                () -> BytePairs.read(merges, vocabulary),
                merges + ": it is a list of merges and no vocabulary; give the vocabulary first and then the merges");
        refused(
                () -> BytePairs.read(vocabulary, vocabulary),
                vocabulary
                        + ": it is a JSON object and no list of merges; give the vocabulary first and then the merges");
        assertThat(BytePairs.read(vocabulary, merges).size()).isEqualTo(258);
    }

    @Test
    void filesThatAreNoMerges() throws IOException {
        Path vocabulary = temp.resolve("vocab.json");
        Path merges = temp.resolve("merges.txt");
        BytePairs.train(List.of("abc abc"), 259).save(vocabulary, merges);
        assertThat(Files.readString(merges)).isEqualTo("#version: 0.2\na b\nab c\n");
        Map<String, String> sentences = Map.of(
                "a b\nab",
                " line 2: it is not two tokens with a blank between them; the file is damaged, fetch it again",
                "a b\n\n",
                " line 2: it is not two tokens with a blank between them; the file is damaged, fetch it again",
                "a b c\n",
                " line 1: it is not two tokens with a blank between them; the file is damaged, fetch it again",
                "ab c\n",
                " line 1: it merges \"ab\", which is no byte and which no line before it makes; the file is damaged,"
                        + " fetch it again",
                "a b\na b\n",
                " line 2: \"ab\" is made by a line before it; give two files that belong together",
                "a c\n",
                " line 1: \"ac\" is not in " + vocabulary + "; give two files that belong together");
        for (Map.Entry<String, String> each : sentences.entrySet()) {
            Files.writeString(merges, each.getKey());
            refused(() -> BytePairs.read(vocabulary, merges), merges + each.getValue());
        }
        Files.write(merges, new byte[] {'a', ' ', (byte) 0xc4, '\n'});
        refused(() -> BytePairs.read(vocabulary, merges), merges + ": it is not UTF-8; convert it to UTF-8 first");
        Files.writeString(vocabulary, "{\"a\": 0}");
        refused(
                () -> BytePairs.read(vocabulary, merges),
                vocabulary
                        + ": it lacks the token \u0100 of a byte, but byte-pair encoding needs all 256; give the file"
                        + " that belongs to " + merges);
    }
}

package dev.fathom.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.fathom.json.Json;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Tokenizers of published models against the numbers that lie beside them: those of llama.cpp (47 strings that are hard
 * to cut), of transformers (SQuAD's questions and a text in French), of SentencePiece; and what tokenizers promise, on
 * small ones written here.
 */
class PretrainedTokenizerTest {
    private static final String SWIFT = "swift-goldens-gpt2-t5-bert";

    @TempDir
    Path temp;

    private static Path model(String name) {
        String data = System.getenv("FATHOM_DATA");
        Path folder = Path.of(data == null ? "" : data, "models", name);
        assumeTrue(
                data != null && Files.exists(folder),
                "tokenizers of published models are not tested: FATHOM_DATA has no models/" + name);
        return folder;
    }

    private static int[] ids(JsonArray list) {
        int[] ids = new int[list.size()];
        Arrays.setAll(ids, i -> list.get(i).getAsInt());
        return ids;
    }

    private static JsonObject json(Path file) throws IOException {
        return Json.read(Files.readString(file)).getAsJsonObject();
    }

    // ---- published tokenizers

    private static void theHardStrings(PretrainedTokenizer tokenizer, String name) throws IOException {
        Path folder = model("gguf-vocabs-goldens");
        String[] texts = Files.readString(folder.resolve(name + ".inp")).split("\n__ggml_vocab_test__\n", -1);
        String[] ids = Files.readString(folder.resolve(name + ".out")).split("\n", -1);
        assertThat(texts).hasSize(47);
        for (int i = 0; i < texts.length; i++) {
            String line = ids[i].strip();
            int[] expected = line.isEmpty()
                    ? new int[0]
                    : Arrays.stream(line.split(" +"))
                            .mapToInt(Integer::parseInt)
                            .toArray();
            assertThat(tokenizer.withoutSpecialTokens().encode(texts[i]).ids())
                    .as("text %d: %s", i, texts[i])
                    .containsExactly(expected);
        }
    }

    @Test
    void wordPieceCutsHardStringsAsOthersDo() throws IOException {
        PretrainedTokenizer mini = PretrainedTokenizer.read(model(SWIFT).resolve("all-MiniLM-L6-v2"));
        assertThat(mini.truncation()).contains(TokenTruncation.to(128));
        assertThat(mini.padding()).contains(new TokenPadding(128, 0, 0, 0, false));
        assertThat(mini.encode("Hello").size()).isEqualTo(128);
        theHardStrings(mini.withoutPadding().withoutTruncation(), "ggml-vocab-bert-bge.gguf");
        EncodedText e = mini.withoutPadding().encode("How do I reset my password?");
        assertThat(e.ids()).containsExactly(101, 2129, 2079, 1045, 25141, 2026, 20786, 1029, 102);
        assertThat(mini.decode(e.ids())).isEqualTo("how do i reset my password?");
    }

    @Test
    void byteLevelPairsCutHardStringsAsOthersDo() throws IOException {
        PretrainedTokenizer gpt2 = PretrainedTokenizer.read(model(SWIFT).resolve("gpt2"));
        theHardStrings(gpt2, "ggml-vocab-gpt-2.gguf");
        JsonObject known = json(model(SWIFT).resolve("gpt2_encoded_tokens.json"));
        String text = known.get("text").getAsString();
        int[] ids = ids(known.getAsJsonArray("token_ids"));
        assertThat(gpt2.encode(text).ids()).containsExactly(ids);
        assertThat(gpt2.decode(ids)).isEqualTo(text);
    }

    @ParameterizedTest
    @ValueSource(strings = {"bert-bge", "gpt-2", "mpt", "starcoder", "refact", "falcon", "deepseek-coder", "phi-3"})
    void vocabulariesOfLlamaCpp(String name) throws IOException {
        String file = "ggml-vocab-" + name + ".gguf";
        theHardStrings(
                PretrainedTokenizer.read(model("gguf-vocabs-goldens").resolve(file))
                        .plainText(),
                file);
    }

    @Test
    void theTokenizerOfAModelOfLlamaCpp() {
        PretrainedTokenizer stories =
                PretrainedTokenizer.read(model("llama-stories260k-gguf").resolve("tinyllm.gguf"));
        assertThat(stories.encode("This is a test").ids())
                .containsExactly(1, 274, 415, 293, 410, 293, 261, 259, 411, 356);
        assertThat(stories.decode(stories.encode("This is a test").ids())).isEqualTo("This is a test");
    }

    @Test
    void damagedFilesOfLlamaCppAreASentence() throws IOException {
        byte[] whole = Files.readAllBytes(model("llama-stories260k-gguf").resolve("tinyllm.gguf"));
        byte[] head = Arrays.copyOf(whole, 20_000); // the metadata, and some of the tensors
        Path file = temp.resolve("changed.gguf");
        Files.write(file, head);
        PretrainedTokenizer.read(file);
        Random random = new Random(2);
        int sentences = 0;
        for (int i = 0; i < 300; i++) {
            byte[] changed = i % 3 == 0 ? Arrays.copyOf(head, random.nextInt(5_000)) : head.clone();
            for (int k = 0; i % 3 != 0 && k < 5; k++) {
                changed[random.nextInt(5_000)] = (byte) random.nextInt();
            }
            Files.write(file, changed);
            try {
                PretrainedTokenizer.read(file).encode("This is a test \u00e9");
            } catch (IllegalArgumentException e) {
                assertThat(e).hasMessageStartingWith(file.toString());
                sentences++;
            }
        }
        assertThat(sentences).isPositive();
    }

    /** What Hugging Face's own library made of random texts; test-data/tokenizers/README.md says how. */
    @ParameterizedTest
    @ValueSource(strings = {"all-MiniLM-L6-v2", "gpt2"})
    void tenThousandHostileTexts(String name) throws IOException {
        var tokenizer = PretrainedTokenizer.read(model(SWIFT).resolve(name))
                .withoutPadding()
                .withoutTruncation();
        assertThat(texts(tokenizer, goldens(name + ".jsonl.gz"))).isEqualTo(10_000);
    }

    private static Path goldens(String name) {
        return Path.of(System.getProperty("fathom.root"), "test-data", "tokenizers", name);
    }

    private static Stream<String> parts() throws IOException {
        try (Stream<Path> files = Files.list(goldens("parts"))) {
            List<String> names = files.map(f -> String.valueOf(f.getFileName()))
                    .filter(n -> n.endsWith(".json"))
                    .sorted()
                    .toList();
            assertThat(names).hasSize(41);
            return names.stream();
        }
    }

    /** Small tokenizers, with every part of the format but two, and what Hugging Face's own library made of texts. */
    @ParameterizedTest
    @MethodSource("parts")
    void everyPartOfTheFormat(String name) throws IOException {
        var tokenizer = PretrainedTokenizer.read(goldens("parts").resolve(name));
        Path texts = goldens("parts").resolve(name.replace(".json", ".jsonl.gz"));
        assertThat(texts(tokenizer, texts)).isEqualTo(150);
    }

    /**
     * Lists of words of every tokenizer above, one by one and in pairs, and what Hugging Face's own library made of
     * them.
     */
    @ParameterizedTest
    @ValueSource(strings = {"words.jsonl.gz", "word-pairs.jsonl.gz"})
    void wordsThatWereCutBefore(String file) throws IOException {
        boolean pairs = file.startsWith("word-pairs");
        Map<String, PretrainedTokenizer> tokenizers = new HashMap<>();
        for (JsonArray known : lines(goldens(file))) {
            String name = known.get(0).getAsString();
            Path published = Path.of(String.valueOf(System.getenv("FATHOM_DATA")), "models", SWIFT, name);
            Path from = name.endsWith(".json") ? goldens("parts").resolve(name) : published;
            if (Files.notExists(from)) {
                continue; // the assumption of other tests names what is missing
            }
            PretrainedTokenizer tokenizer = tokenizers.computeIfAbsent(
                    name, n -> PretrainedTokenizer.read(from).withoutPadding().withoutTruncation());
            int at = pairs ? 3 : 2;
            EncodedText tokens = pairs
                    ? tokenizer.encodeWords(strings(known.get(1)), strings(known.get(2)))
                    : tokenizer.encodeWords(strings(known.get(1)));
            String as = known.toString();
            int[] starts = ids(known.get(at + 1).getAsJsonArray());
            int[] ends = ids(known.get(at + 2).getAsJsonArray());
            int[] words = ids(known.get(at + 3).getAsJsonArray());
            assertThat(tokens.ids()).as(as).containsExactly(ids(known.get(at).getAsJsonArray()));
            for (int i = 0; i < tokens.size(); i++) {
                assertThat(tokens.start(i)).as(as).isEqualTo(starts[i]);
                assertThat(tokens.end(i)).as(as).isEqualTo(ends[i]);
                assertThat(tokens.word(i)).as(as).isEqualTo(words[i]);
            }
            if (pairs) {
                assertThat(tokens.typeIds())
                        .as(as)
                        .containsExactly(ids(known.get(7).getAsJsonArray()));
            }
        }
        assertThat(tokenizers).hasSizeGreaterThanOrEqualTo(41);
    }

    /**
     * Small models with every setting of SentencePiece's trainer that changes texts, and what its own library made of
     * these.
     */
    @ParameterizedTest
    @ValueSource(
            strings = {"unigram-bytes", "unigram-rules", "unigram-suffix", "bpe-bytes", "bpe-blanks", "bpe-rules", "t5"
            })
    void modelsOfSentencePieceAsItsLibraryDoes(String name) throws IOException {
        Path file = name.equals("t5") ? model(SWIFT).resolve("t5").resolve("spiece.model") : temp.resolve("a.model");
        if (!name.equals("t5")) {
            Path packed = goldens("sentencepiece").resolve(name + ".model.gz");
            try (var in = new GZIPInputStream(Files.newInputStream(packed))) {
                Files.write(file, in.readAllBytes());
            }
        }
        PretrainedTokenizer tokenizer = PretrainedTokenizer.read(file);
        List<JsonArray> lines = lines(goldens("sentencepiece").resolve(name + ".jsonl.gz"));
        assertThat(lines).hasSize(500);
        for (JsonArray known : lines) {
            String text = known.get(0).getAsString();
            int[] ids = ids(known.get(1).getAsJsonArray());
            assertThat(tokenizer.encode(text).ids()).as(text).containsExactly(ids);
            assertThat(tokenizer.decode(ids)).as(text).isEqualTo(known.get(2).getAsString());
            int[] chance = ids(known.get(3).getAsJsonArray());
            assertThat(tokenizer.decode(chance)).isEqualTo(known.get(4).getAsString());
        }
    }

    private static List<String> strings(JsonElement list) {
        List<String> all = new ArrayList<>();
        list.getAsJsonArray().forEach(e -> all.add(e.getAsString()));
        return all;
    }

    private static List<JsonArray> lines(Path file) throws IOException {
        List<JsonArray> all = new ArrayList<>();
        try (var lines = new BufferedReader(
                new InputStreamReader(new GZIPInputStream(Files.newInputStream(file)), StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                all.add(Json.read(line).getAsJsonArray());
            }
        }
        return all;
    }

    /** Compares the numbers, the offsets and, where it is known, the text of the tokens, and counts the texts. */
    private static int texts(PretrainedTokenizer tokenizer, Path file) throws IOException {
        List<JsonArray> lines = lines(file);
        for (JsonArray known : lines) {
            String text = known.get(0).getAsString();
            EncodedText tokens = tokenizer.encode(text);
            assertThat(tokens.ids()).as(text).containsExactly(ids(known.get(1).getAsJsonArray()));
            int[] starts = ids(known.get(2).getAsJsonArray());
            int[] ends = ids(known.get(3).getAsJsonArray());
            for (int i = 0; i < starts.length; i++) {
                assertThat(tokens.start(i)).as(text).isEqualTo(starts[i]);
                assertThat(tokens.end(i)).as(text).isEqualTo(ends[i]);
            }
            if (known.size() > 4) {
                assertThat(tokenizer.decode(tokens.ids()))
                        .as(text)
                        .isEqualTo(known.get(4).getAsString());
            }
        }
        return lines.size();
    }

    /** An unknown character costs 10 more than the least likely token: -5 is better than -1 and -5 - 10. */
    @Test
    void anUnknownCharacterIsLessLikelyThanAnyToken() throws IOException {
        String model = """
                {"type": "Unigram", "unk_id": 0, "vocab": [["<unk>", 0], ["a", -1], ["ab", -5]]}""";
        PretrainedTokenizer tokenizer = small("model", model, "pre_tokenizer", "null", "post_processor", "null");
        assertThat(tokenizer.encode("ab").ids()).containsExactly(2);
        assertThat(tokenizer.encode("abb").ids()).containsExactly(2, 0);
    }

    /** The text and the cuts are those of a test of Hugging Face's tokenizers. */
    @Test
    void scriptsAreCutApart() throws IOException {
        PretrainedTokenizer scripts = small("normalizer", "null", "pre_tokenizer", "{\"type\": \"UnicodeScripts\"}")
                .withoutSpecialTokens();
        String text = "\u3069\u3053\u3067\u751f\u308c\u3002Yes";
        EncodedText cut = scripts.encode(text);
        List<String> parts = new ArrayList<>();
        for (int i = 0; i < cut.size(); i++) {
            parts.add(text.substring(cut.start(i), cut.end(i)));
        }
        assertThat(parts).containsExactly("\u3069\u3053\u3067\u751f\u308c", "\u3002", "Yes");
    }

    @Test
    void aVocabularyOfBertCutsTenThousandQuestionsAsTransformersDoes() throws IOException {
        Files.copy(model(SWIFT).resolve("bert-vocab.txt"), temp.resolve("vocab.txt"));
        PretrainedTokenizer bert = PretrainedTokenizer.read(temp);
        JsonObject known = json(model(SWIFT).resolve("bert_uncased_encoded.json"));
        assertThat(bert.encode(known.get("text").getAsString()).ids())
                .containsExactly(ids(known.getAsJsonArray("token_ids")));
        JsonArray questions = Json.read(Files.readString(model(SWIFT).resolve("question_tokens.json")))
                .getAsJsonArray();
        assertThat(questions.size()).isEqualTo(10_570);
        for (JsonElement q : questions) {
            List<String> pieces = new ArrayList<>();
            q.getAsJsonObject().getAsJsonArray("wordpiece").forEach(p -> pieces.add(p.getAsString()));
            String text = q.getAsJsonObject().get("original").getAsString();
            assertThat(bert.withoutSpecialTokens().encode(text).tokens()).isEqualTo(pieces);
        }
    }

    @Test
    void unigramModelsOfSentencePiece() throws IOException {
        PretrainedTokenizer t5 = PretrainedTokenizer.read(model(SWIFT).resolve("t5"));
        JsonObject known = json(model(SWIFT).resolve("t5_base_encoded.json"));
        String text = known.get("text").getAsString();
        int[] ids = ids(known.getAsJsonArray("token_ids"));
        assertThat(ids[ids.length - 1]).isEqualTo(1); // transformers adds the end of the text
        assertThat(t5.encode(text).ids()).containsExactly(Arrays.copyOf(ids, ids.length - 1));
        PretrainedTokenizer small =
                PretrainedTokenizer.read(model("sentencepiece-unigram").resolve("test_model.model"));
        assertThat(small.encode("Hello world").ids()).containsExactly(151, 88, 21, 887);
        assertThat(small.decode(151, 88, 21, 887)).isEqualTo("Hello world");
    }

    // ---- a small one

    private static final String TOKENS =
            "[PAD] [UNK] [CLS] [SEP] [MASK] the cat sat on mat ##s a un ##believ ##able ! . 猫 ##5";

    /** A tokenizer as BERT's, with these fields changed or added. */
    private PretrainedTokenizer small(String... fields) throws IOException {
        JsonObject all = Json.read("""
                {"version": "1.0", "truncation": null, "padding": null,
                 "added_tokens": [
                  {"id": 2, "content": "[CLS]", "special": true, "normalized": false},
                  {"id": 3, "content": "[SEP]", "special": true, "normalized": false},
                  {"id": 4, "content": "[MASK]", "special": true, "normalized": false, "lstrip": true}],
                 "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
                  "strip_accents": null, "lowercase": true},
                 "pre_tokenizer": {"type": "BertPreTokenizer"},
                 "post_processor": {"type": "TemplateProcessing",
                  "single": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
                   {"SpecialToken": {"id": "[SEP]", "type_id": 0}}],
                  "pair": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
                   {"SpecialToken": {"id": "[SEP]", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}},
                   {"SpecialToken": {"id": "[SEP]", "type_id": 1}}],
                  "special_tokens": {"[CLS]": {"id": "[CLS]", "ids": [2], "tokens": ["[CLS]"]},
                   "[SEP]": {"id": "[SEP]", "ids": [3], "tokens": ["[SEP]"]}}},
                 "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": true}}""").getAsJsonObject();
        JsonObject vocabulary = new JsonObject();
        String[] tokens = TOKENS.split(" ");
        for (int i = 0; i < tokens.length; i++) {
            vocabulary.addProperty(tokens[i], i);
        }
        JsonObject model = new JsonObject();
        model.addProperty("type", "WordPiece");
        model.addProperty("unk_token", "[UNK]");
        model.add("vocab", vocabulary);
        all.add("model", model);
        for (int i = 0; i < fields.length; i += 2) {
            all.add(fields[i], Json.read(fields[i + 1]));
        }
        Path file = temp.resolve("tokenizer.json");
        Files.writeString(file, all.toString());
        return PretrainedTokenizer.read(file);
    }

    /** The decoder, and whether the text that a token adds is said to depend on it alone. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '^',
            value = {
                "{'type': 'WordPiece'} | true",
                "{'type': 'ByteLevel'} | true",
                "{'type': 'Metaspace', 'replacement': 'e', 'prepend_scheme': 'always'} | true",
                "{'type': 'Fuse'} | true",
                "{'type': 'Strip', 'content': '#', 'start': 1, 'stop': 0} | true",
                "{'type': 'BPEDecoder', 'suffix': 's'} | false",
                "{'type': 'CTC'} | false",
                "{'type': 'Sequence', 'decoders': [{'type': 'Replace', 'pattern': {'String': '#'}, 'content': ' '},"
                        + " {'type': 'ByteFallback'}, {'type': 'Fuse'},"
                        + " {'type': 'Strip', 'content': ' ', 'start': 1, 'stop': 0}]} | true",
                "{'type': 'Sequence', 'decoders': [{'type': 'Fuse'},"
                        + " {'type': 'Replace', 'pattern': {'String': 's#'}, 'content': ' '}]} | false",
                "{'type': 'Sequence', 'decoders': [{'type': 'Fuse'},"
                        + " {'type': 'Strip', 'content': 's', 'start': 0, 'stop': 1}]} | false"
            })
    void whatATokenAddsDependsOnItAlone(String decoder, boolean apart) throws IOException {
        PretrainedTokenizer tokenizer = small("decoder", decoder.replace('\'', '"'));
        assertThat(tokenizer.decodesApart()).isEqualTo(apart);
        Map<Integer, Set<String>> added = new TreeMap<>();
        for (int a = 0; a < tokenizer.size(); a++) {
            for (int b = 0; b < tokenizer.size(); b++) {
                for (int c = 0; c < tokenizer.size(); c++) {
                    String before = tokenizer.decode(a, b);
                    String all = tokenizer.decode(a, b, c);
                    if (!before.isEmpty()) {
                        added.computeIfAbsent(c, token -> new TreeSet<>())
                                .add(all.startsWith(before) ? all.substring(before.length()) : "other");
                    }
                }
            }
        }
        assertThat(added.values().stream().allMatch(texts -> texts.size() == 1)).isEqualTo(apart);
    }

    @Test
    void offsetsAreThoseOfJavasStrings() throws IOException {
        String text = "  Únbelievable cats\u0000 \ud83d\ude00猫[MASK]!";
        EncodedText e = small().encode(text);
        assertThat(e.tokens())
                .containsExactly(
                        "[CLS]", "un", "##believ", "##able", "cat", "##s", "[UNK]", "猫", "[MASK]", "!", "[SEP]");
        List<String> parts = new ArrayList<>();
        for (int i = 0; i < e.size(); i++) {
            parts.add(text.substring(e.start(i), e.end(i)));
        }
        assertThat(parts)
                .containsExactly("", "Ún", "believ", "able", "cat", "s", "\ud83d\ude00", "猫", "[MASK]", "!", "");
        assertThat(e.word(1)).isEqualTo(e.word(3)).isNotEqualTo(e.word(4));
        assertThat(e.special(0)).isTrue();
        assertThat(e.special(1)).isFalse();
        assertThat(e.word(0)).isEqualTo(-1);
    }

    @Test
    void aSurrogateThatStandsAloneIsNoCharacter() throws IOException {
        EncodedText e = small().encode("cat\ud83d sat\udc00");
        assertThat(e.tokens()).containsExactly("[CLS]", "cat", "sat", "[SEP]");
        assertThat(e.end(2)).isEqualTo(8);
    }

    @Test
    void emptyTextsHaveTheirSpecialTokens() throws IOException {
        for (String text : List.of("", " ", "\n\t", "\u0000")) {
            assertThat(small().encode(text).ids()).containsExactly(2, 3);
            assertThat(small().withoutSpecialTokens().encode(text).size()).isZero();
        }
        assertThat(small().encode("", "").typeIds()).containsExactly(0, 0, 1);
        assertThat(small().encode(List.of())).isEmpty();
        assertThat(small().decode()).isEmpty();
        for (int id : new int[] {-1, 19, Integer.MAX_VALUE}) {
            assertThatThrownBy(() -> small().decode(5, id))
                    .hasMessage("decode: there is no token " + id + " among the 19 of this tokenizer; give the numbers"
                            + " that it gave, or those of a model that belongs to it");
        }
    }

    @Test
    void specialTokensInATextMayBeText() throws IOException {
        assertThat(small().encode("cat [SEP] sat").ids()).containsExactly(2, 6, 3, 7, 3);
        assertThat(small().plainText().encode("cat [SEP] sat").tokens())
                .containsExactly("[CLS]", "cat", "[UNK]", "[UNK]", "[UNK]", "sat", "[SEP]");
        assertThat(small().decode(2, 6, 10, 15, 3)).isEqualTo("cats!");
        assertThat(small().decode(new int[] {2, 6, 3}, false)).isEqualTo("[CLS] cat [SEP]");
    }

    @Test
    void pairsHaveTypesAndAreCutWhereTheyAreTooLong() throws IOException {
        EncodedText pair = small().encode("the cat", "sat on a mat");
        assertThat(pair.ids()).containsExactly(2, 5, 6, 3, 7, 8, 11, 9, 3);
        assertThat(pair.typeIds()).containsExactly(0, 0, 0, 0, 1, 1, 1, 1, 1);
        assertThat(pair.text(1)).isZero();
        assertThat(pair.text(4)).isEqualTo(1);
        assertThat(small().truncation(TokenTruncation.to(8))
                        .encode("the cat", "sat on a mat")
                        .ids())
                .containsExactly(2, 5, 6, 3, 7, 8, 11, 3);
        // 5 for both: 2 and 3
        assertThat(small().truncation(TokenTruncation.to(6))
                        .encode("the cat sat", "sat on a mat")
                        .ids())
                .containsExactly(2, 5, 3, 7, 8, 3);
        var second = new TokenTruncation(7, 1, TokenTruncation.Strategy.ONLY_SECOND, false);
        EncodedText cut = small().truncation(second).encode("the cat", "sat on a mat");
        assertThat(cut.ids()).containsExactly(2, 5, 6, 3, 7, 8, 3);
        assertThat(cut.overflowing())
                .extracting(EncodedText::tokens)
                .containsExactly(
                        List.of("[CLS]", "the", "cat", "[SEP]", "on", "a", "[SEP]"),
                        List.of("[CLS]", "the", "cat", "[SEP]", "a", "mat", "[SEP]"));
        var left = new TokenTruncation(5, 0, TokenTruncation.Strategy.ONLY_FIRST, true);
        assertThat(small().truncation(left).encode("the cat sat on a mat").tokens())
                .containsExactly("[CLS]", "on", "a", "mat", "[SEP]");
        assertThatThrownBy(() -> small().truncation(second).encode("the cat sat on a mat"))
                .hasMessage(
                        "encode: the second text is to be cut so that all have 5 tokens, but there is no second text;"
                                + " choose another strategy of truncation");
        assertThatThrownBy(() -> small().truncation(
                                new TokenTruncation(4, 2, TokenTruncation.Strategy.LONGEST_FIRST, false))
                        .encode("the cat sat"))
                .hasMessage("encode: parts of 2 tokens cannot share a stride of 2; choose a smaller stride or a greater"
                        + " length");
    }

    @Test
    void wordsKeepTheirPlaces() throws IOException {
        List<String> words = List.of("unbelievable", "", "cat!", " the [SEP] mat");
        EncodedText e = small().encodeWords(words);
        assertThat(e.tokens())
                .containsExactly("[CLS]", "un", "##believ", "##able", "cat", "!", "the", "[SEP]", "mat", "[SEP]");
        int[] places = {-1, 0, 0, 0, 2, 2, 3, 3, 3, -1};
        for (int i = 0; i < places.length; i++) {
            assertThat(e.word(i)).isEqualTo(places[i]);
        }
        assertThat(words.get(3).substring(e.start(8), e.end(8))).isEqualTo("mat");
        EncodedText cut = small().truncation(TokenTruncation.to(6)).encodeWords(List.of("cat", "cats"), words);
        assertThat(cut.tokens()).containsExactly("[CLS]", "cat", "[SEP]", "un", "##believ", "[SEP]");
        assertThat(small().padding(new TokenPadding(4, 0, 0, 0, false))
                        .encodeWords(List.of())
                        .ids())
                .containsExactly(2, 3, 0, 0);
    }

    @Test
    void batchesAreFilledUp() throws IOException {
        List<EncodedText> all = small().padding(TokenPadding.longest(0)).encode(List.of("the cat sat", "cat"));
        assertThat(all.get(1).ids()).containsExactly(2, 6, 3, 0, 0);
        assertThat(all.get(1).attentionMask()).containsExactly(1, 1, 1, 0, 0);
        assertThat(all.get(0).attentionMask()).containsOnly(1);
        EncodedText left = small().padding(new TokenPadding(0, 4, 0, 0, true)).encode("cat");
        assertThat(left.ids()).containsExactly(0, 2, 6, 3);
        assertThat(left.attentionMask()).containsExactly(0, 1, 1, 1);
    }

    @Test
    void aWordThatIsTooLongIsUnknownAndTheTimeIsLinear() throws IOException {
        assertThat(small().encode("a".repeat(101)).ids()).containsExactly(2, 1, 3);
        String words = "unbelievable ".repeat(100_000);
        assertThat(small().encode(words).size()).isEqualTo(300_002);
        assertThat(small().encode("a".repeat(2_000_000)).ids()).containsExactly(2, 1, 3);
    }

    @Test
    void manyThreadsGetTheSame() throws Exception {
        PretrainedTokenizer tokenizer = small();
        List<String> texts = new ArrayList<>();
        String[] words = TOKENS.split(" ");
        Random random = new Random(5);
        for (int i = 0; i < 500; i++) {
            StringBuilder text = new StringBuilder();
            for (int k = 0; k < 10; k++) {
                text.append(words[random.nextInt(words.length)]).append(k % 3 == 0 ? "" : " ");
            }
            texts.add(text.toString());
        }
        List<EncodedText> expected = tokenizer.encode(texts);
        ExecutorService threads = Executors.newFixedThreadPool(4);
        try {
            Callable<List<EncodedText>> call = () -> tokenizer.encode(texts);
            for (Future<List<EncodedText>> all : threads.invokeAll(List.of(call, call, call, call))) {
                assertThat(all.get()).isEqualTo(expected);
            }
        } finally {
            threads.shutdown();
        }
    }

    // ---- other files

    @Test
    void aTokenizerOfLlama2c() throws IOException {
        byte[] all = llama2c("<unk>", "\n<s>\n", "\n</s>\n");
        Path file = temp.resolve("tokenizer.bin");
        Files.write(file, all);
        PretrainedTokenizer t = PretrainedTokenizer.read(file);
        assertThat(t.encode("the é").tokens()).containsExactly(" the", " ", "<0xC3>", "<0xA9>");
        assertThat(t.decode(t.encode("the é").ids())).isEqualTo("the é");
        for (int n : new int[] {0, 3, 11, all.length - 1}) {
            Files.write(file, Arrays.copyOf(all, n));
            assertThatThrownBy(() -> PretrainedTokenizer.read(file))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageStartingWith(file + " is no tokenizer.bin of llama2.c");
        }
    }

    private static byte[] llama2c(String... specials) {
        var out = new ByteArrayOutputStream();
        List<String> all = new ArrayList<>(List.of(specials));
        for (int b = 0; b < 256; b++) {
            all.add(String.format(java.util.Locale.ROOT, "<0x%02X>", b));
        }
        all.addAll(List.of(" ", "t", "h", "e", "th", "he", " th", " the"));
        put(out, 8);
        for (int i = 0; i < all.size(); i++) {
            byte[] text = all.get(i).getBytes(StandardCharsets.UTF_8);
            put(out, Float.floatToIntBits(i < 259 ? 0 : 259 - i));
            put(out, text.length);
            out.writeBytes(text);
        }
        return out.toByteArray();
    }

    @Test
    void whatIsNotKnownOrDamagedIsASentence() throws IOException {
        assertThatThrownBy(() -> small("normalizer", "{\"type\": \"Rot13\"}"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(temp.resolve("tokenizer.json")
                        + ": the normalizer Rot13 is not known; there are BertNormalizer, ByteLevel, Lowercase, NFC,"
                        + " NFD, NFKC, NFKD, Nmt, Precompiled, Prepend, Replace, Sequence, Strip, StripAccents");
        for (String[] bad : new String[][] {
            {"pre_tokenizer", "{\"type\": \"Guess\"}"},
            {"post_processor", "{\"type\": \"Guess\"}"},
            {"decoder", "{\"type\": \"Guess\"}"},
            {"decoder", "{}"},
            {"model", "{\"type\": \"Guess\", \"vocab\": {}}"},
            {"model", "{\"type\": \"BPE\", \"vocab\": {\"a\": 0}, \"merges\": [\"a b\"]}"},
            {"model", "{\"type\": \"BPE\", \"vocab\": {\"a\": 0}, \"merges\": [\"a\"]}"},
            {"model", "{\"type\": \"Unigram\", \"unk_id\": 7, \"vocab\": [[\"a\", -1]]}"},
            {"model", "{\"type\": \"WordLevel\", \"vocab\": {\"a\": -1}}"},
            {"model", "{\"type\": \"WordLevel\", \"vocab\": {\"a\": 2000000000}}"},
            {"model", "7"},
            {"added_tokens", "[7]"},
            {"pre_tokenizer", "{\"type\": \"Split\", \"pattern\": {\"Regex\": \"(\"}, \"behavior\": \"Isolated\"}"},
            {"normalizer", "{\"type\": \"Precompiled\", \"precompiled_charsmap\": \"AAAA\"}"},
        }) {
            assertThatThrownBy(() -> small(bad[0], bad[1]))
                    .as(bad[1])
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageStartingWith(temp.resolve("tokenizer.json").toString());
        }
        Path file = temp.resolve("tokenizer.json");
        small();
        String whole = Files.readString(file);
        for (int n = 0; n < whole.length(); n += 97) {
            Files.writeString(file, whole.substring(0, n));
            assertThatThrownBy(() -> PretrainedTokenizer.read(file)).isInstanceOf(IllegalArgumentException.class);
        }
        Files.writeString(file, "[".repeat(1_000_000));
        assertThatThrownBy(() -> PretrainedTokenizer.read(file)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> PretrainedTokenizer.read(temp.resolve("none.json")))
                .isInstanceOf(java.io.UncheckedIOException.class);
        Path empty = Files.createDirectory(temp.resolve("empty"));
        assertThatThrownBy(() -> PretrainedTokenizer.read(empty))
                .hasMessageStartingWith(empty + " has no tokenizer; give a folder with one of tokenizer.json");
    }

    /** Bytes of a published model that were changed by chance give a tokenizer or a sentence. */
    @Test
    void hostileModelsOfSentencePiece() throws IOException {
        byte[] model = Files.readAllBytes(model("sentencepiece-unigram").resolve("test_model.model"));
        Path file = temp.resolve("spiece.model");
        Random random = new Random(11);
        int sentences = 0;
        for (int i = 0; i < 300; i++) {
            byte[] changed = random.nextBoolean() ? Arrays.copyOf(model, random.nextInt(model.length)) : model.clone();
            for (int k = 0; k < 20 && changed.length > 0; k++) {
                changed[random.nextInt(changed.length)] = (byte) random.nextInt();
            }
            Files.write(file, changed);
            try {
                PretrainedTokenizer.read(file).encode("Hello world, how are you? \u00e9\u0301\u2126");
            } catch (IllegalArgumentException | IllegalStateException e) {
                sentences++;
            }
        }
        assertThat(sentences).isPositive();
    }

    private static void put(ByteArrayOutputStream out, int value) {
        for (int i = 0; i < 4; i++) {
            out.write(value >> 8 * i);
        }
    }
}

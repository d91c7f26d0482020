package dev.fathom.bench;

import com.google.gson.Gson;
import dev.fathom.io.Safetensors;
import dev.fathom.op.Shape;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * The work of the rows {@code encoder-}: BERT's encoder of the width of MiniLM and BGE-small turns texts into vectors,
 * the mean of a text's tokens, scaled to the length 1. Every contender has the same numbers and the same tokens; Fathom
 * makes the tokens of the texts itself, in the time that is measured, and its peers are given them.
 *
 * @param layers 6, as MiniLM-L6 has, or 12, as MiniLM-L12 and BGE-small have
 * @param length tokens of the longest text
 * @param batch texts, whose lengths are spread evenly up to the longest
 */
public record EncoderCase(int layers, int length, int batch) {
    /** The size of BERT's vocabulary. */
    public static final int VOCABULARY = 30_522;
    /** Places of a text. */
    public static final int PLACES = 512;

    private static final int FIRST = 101;
    private static final int LAST = 102;
    private static final int WORDS = 1000;
    private static final Map<Integer, String> SPECIAL =
            Map.of(0, "[PAD]", 100, "[UNK]", FIRST, "[CLS]", LAST, "[SEP]", 103, "[MASK]");

    /** The encoder and the text of the row {@code cold-start-encoder}. */
    public static final EncoderCase COLD = new EncoderCase(6, 16, 1);

    /** The name of its row. */
    String name() {
        return "encoder-l" + layers + "-" + length + "-b" + batch;
    }

    /** The layers, whose numbers have the names of {@link Transformer}. */
    public Transformer layersOf() {
        return new Transformer(layers, 384, 12, 1536, true, length, batch, 0);
    }

    /**
     * The numbers of an embedding: {@code words}, {@code places} or {@code types}, or those of the norm behind them.
     */
    public static float[] numbers(String name, int n) {
        return name.startsWith("norm")
                ? Work.normal(name.hashCode(), n, name.endsWith("bias") ? 0 : 1, 0.1)
                : Work.normal(name.hashCode(), n, 0, 0.05);
    }

    /** The tokens of each text, from {@code [CLS]} to {@code [SEP]}. */
    public int[][] ids() {
        Random random = new Random(length);
        List<Integer> lengths = IntStream.rangeClosed(1, batch)
                .mapToObj(i -> Math.max(3, length * i / batch))
                .collect(Collectors.toCollection(ArrayList::new));
        Collections.shuffle(lengths, random);
        return lengths.stream()
                .map(n -> {
                    int[] ids = random.ints(n, WORDS, VOCABULARY).toArray();
                    ids[0] = FIRST;
                    ids[n - 1] = LAST;
                    return ids;
                })
                .toArray(int[][]::new);
    }

    /** The texts that have these tokens. */
    public List<String> texts() {
        return Arrays.stream(ids())
                .map(ids -> Arrays.stream(ids, 1, ids.length - 1)
                        .mapToObj(EncoderCase::word)
                        .collect(Collectors.joining(" ")))
                .toList();
    }

    /**
     * Texts of one run, padded to the longest of them.
     *
     * @param texts their numbers
     * @param length of the longest
     * @param ids [texts, length], 0 behind a text
     * @param lengths of the texts
     * @param shares [texts, length] of a text's tokens in its mean, 0 behind it
     */
    public record Padded(int[] texts, int length, int[] ids, int[] lengths, float[] shares) {}

    /**
     * The texts in runs of {@code together}, the shortest first: texts that are padded to one length are best of
     * similar lengths.
     */
    public List<Padded> padded(int together) {
        int[][] all = ids();
        int[] sorted = IntStream.range(0, batch)
                .boxed()
                .sorted(Comparator.comparingInt(i -> all[i].length))
                .mapToInt(i -> i)
                .toArray();
        return IntStream.iterate(0, from -> from < batch, from -> from + together)
                .mapToObj(from -> padded(all, Arrays.copyOfRange(sorted, from, Math.min(batch, from + together))))
                .toList();
    }

    private static Padded padded(int[][] all, int... texts) {
        int longest = all[texts[texts.length - 1]].length;
        int[] ids = new int[texts.length * longest];
        int[] lengths = new int[texts.length];
        float[] shares = new float[ids.length];
        for (int i = 0; i < texts.length; i++) {
            int[] text = all[texts[i]];
            lengths[i] = text.length;
            System.arraycopy(text, 0, ids, i * longest, text.length);
            Arrays.fill(shares, i * longest, i * longest + text.length, 1f / text.length);
        }
        return new Padded(texts, longest, ids, lengths, shares);
    }

    /** Tells vectors of all texts. */
    public static void tell(float[][] vectors) {
        double[] numbers = new double[12];
        for (int i = 0; i < numbers.length; i++) {
            float[] vector = vectors[i * (vectors.length - 1) / 11];
            numbers[i] = vector[i * (vector.length - 1) / 11];
        }
        Work.tell(numbers);
    }

    /** A word of four letters for each token. */
    private static String word(int id) {
        char[] letters = new char[4];
        for (int i = 0; i < 4; i++) {
            letters[i] = (char) ('a' + id % 26);
            id /= 26;
        }
        return new String(letters);
    }

    /** Floating-point operations on the tokens that the texts have. */
    double flops() {
        Transformer t = layersOf();
        double matrices = layers * (4.0 * t.width() * t.width() + 2.0 * t.width() * t.hidden());
        return Arrays.stream(ids())
                .mapToDouble(ids -> 2.0 * ids.length * (matrices + layers * 2.0 * ids.length * t.width()))
                .sum();
    }

    /** Writes the encoder as a folder of Hugging Face's. */
    void write(Path folder) throws IOException {
        Transformer t = layersOf();
        int w = t.width();
        Files.writeString(
                folder.resolve("config.json"),
                "{\"model_type\": \"bert\", \"architectures\": [\"BertModel\"], \"hidden_size\": " + w
                        + ", \"num_hidden_layers\": " + layers + ", \"num_attention_heads\": " + t.heads()
                        + ", \"intermediate_size\": " + t.hidden() + ", \"hidden_act\": \"gelu\""
                        + ", \"layer_norm_eps\": 1e-05, \"max_position_embeddings\": " + PLACES
                        + ", \"type_vocab_size\": 2, \"vocab_size\": " + VOCABULARY + ", \"pad_token_id\": 0}");
        Files.writeString(folder.resolve("tokenizer.json"), new Gson().toJson(tokenizer()));
        Safetensors.Writer file = new Safetensors.Writer();
        add(file, "embeddings.word_embeddings.weight", numbers("words", VOCABULARY * w), VOCABULARY, w);
        add(file, "embeddings.position_embeddings.weight", numbers("places", PLACES * w), PLACES, w);
        add(file, "embeddings.token_type_embeddings.weight", numbers("types", 2 * w), 2, w);
        add(file, "embeddings.LayerNorm.weight", numbers("norm.weight", w), w);
        add(file, "embeddings.LayerNorm.bias", numbers("norm.bias", w), w);
        for (int i = 0; i < layers; i++) {
            String from = "encoder.layers." + i + ".";
            String to = "encoder.layer." + i + ".";
            float[] weight = t.numbers(from + "self_attn.in_proj_weight", 3 * w * w);
            float[] bias = t.numbers(from + "self_attn.in_proj_bias", 3 * w);
            List<String> parts = List.of("query", "key", "value");
            for (int p = 0; p < 3; p++) {
                String part = to + "attention.self." + parts.get(p);
                add(file, part + ".weight", Arrays.copyOfRange(weight, p * w * w, (p + 1) * w * w), w, w);
                add(file, part + ".bias", Arrays.copyOfRange(bias, p * w, (p + 1) * w), w);
            }
            linear(file, t, from + "self_attn.out_proj", to + "attention.output.dense", w, w);
            linear(file, t, from + "linear1", to + "intermediate.dense", t.hidden(), w);
            linear(file, t, from + "linear2", to + "output.dense", w, t.hidden());
            norm(file, t, from + "norm1", to + "attention.output.LayerNorm");
            norm(file, t, from + "norm2", to + "output.LayerNorm");
        }
        file.write(folder.resolve("model.safetensors"));
    }

    /** BERT's tokenizer, with the vocabulary of the texts. */
    private static Map<String, Object> tokenizer() {
        Map<String, Integer> vocabulary = new LinkedHashMap<>();
        for (int i = 0; i < VOCABULARY; i++) {
            String token = i < WORDS ? SPECIAL.getOrDefault(i, "[unused" + i + "]") : word(i);
            vocabulary.put(token, i);
        }
        List<Map<String, Object>> added = SPECIAL.entrySet().stream()
                .sorted(Map.Entry.comparingByKey())
                .map(e -> Map.<String, Object>of(
                        "id",
                        e.getKey(),
                        "content",
                        e.getValue(),
                        "single_word",
                        false,
                        "lstrip",
                        false,
                        "rstrip",
                        false,
                        "normalized",
                        false,
                        "special",
                        true))
                .toList();
        return Map.of(
                "version",
                "1.0",
                "added_tokens",
                added,
                "normalizer",
                Map.of("type", "BertNormalizer", "clean_text", true, "handle_chinese_chars", true, "lowercase", true),
                "pre_tokenizer",
                Map.of("type", "BertPreTokenizer"),
                "post_processor",
                Map.of("type", "BertProcessing", "sep", List.of("[SEP]", LAST), "cls", List.of("[CLS]", FIRST)),
                "model",
                Map.of(
                        "type",
                        "WordPiece",
                        "unk_token",
                        "[UNK]",
                        "continuing_subword_prefix",
                        "##",
                        "max_input_chars_per_word",
                        100,
                        "vocab",
                        vocabulary));
    }

    private static void linear(Safetensors.Writer file, Transformer t, String from, String to, int out, int in) {
        add(file, to + ".weight", t.numbers(from + ".weight", out * in), out, in);
        add(file, to + ".bias", t.numbers(from + ".bias", out), out);
    }

    private static void norm(Safetensors.Writer file, Transformer t, String from, String to) {
        add(file, to + ".weight", t.numbers(from + ".weight", t.width()), t.width());
        add(file, to + ".bias", t.numbers(from + ".bias", t.width()), t.width());
    }

    private static void add(Safetensors.Writer file, String name, float[] values, int... shape) {
        file.add(name, Shape.of(shape), FloatBuffer.wrap(values));
    }
}

package dev.fathom.bench;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/**
 * The decoder of a {@link DecoderCase} as a file of llama.cpp, whose matrices have one of its types, and whose tokens
 * are characters, so that a text says which they are.
 */
public final class DecoderFile {
    /** Tokens that are no characters: three signs and the bytes. */
    private static final int SIGNS = 3 + 256;

    /** How many of the tokens are Chinese characters; the others are Korean ones. */
    private static final int CHINESE = 20_900;

    private static final int ALIGNED = 32;

    // the types of values in the header
    private static final int UNSIGNED = 4;
    private static final int INT = 5;
    private static final int FLOAT = 6;
    private static final int BOOL = 7;
    private static final int TEXT = 8;
    private static final int ARRAY = 9;

    /** The types of matrices, by the numbers that the format gives them. */
    private enum Type {
        F32(0, 1, 4),
        Q8_0(8, 32, 34),
        Q4_K(12, 256, 144);

        final int number;
        /** Numbers of a block. */
        final int block;

        final int bytes;

        Type(int number, int block, int bytes) {
            this.number = number;
            this.block = block;
            this.bytes = bytes;
        }
    }

    private final DecoderCase decoder;
    private final Type type;
    private final ByteBuffer header = ByteBuffer.allocate(4 << 20).order(ByteOrder.LITTLE_ENDIAN);

    private int keys;

    private DecoderFile(DecoderCase decoder, Type type) {
        this.decoder = decoder;
        this.type = type;
    }

    /** The file of the decoder of so many million parameters, which is written where it is missing. */
    public static Path of(int millions, String type) throws IOException {
        Path folder = Contender.BENCH.resolve("target/decoders");
        Path file = folder.resolve(millions + "m-" + type.toLowerCase(Locale.ROOT) + ".gguf");
        if (!Files.exists(file)) {
            Files.createDirectories(folder);
            Path made = Files.createTempFile(folder, "made", ".gguf");
            new DecoderFile(DecoderCase.of(millions), Type.valueOf(type)).write(made);
            Files.move(made, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        }
        return file;
    }

    /** The text of a token, which is empty for what is no character. */
    public static String text(int token) {
        int at = token - SIGNS;
        if (at < 0) {
            return "";
        }
        return String.valueOf((char) (at < CHINESE ? 0x4e00 + at : 0xac00 + at - CHINESE));
    }

    /** The tokens of a text. */
    public static int[] tokens(String text) {
        return text.chars()
                .map(c -> SIGNS + (c >= 0xac00 ? CHINESE + c - 0xac00 : c - 0x4e00))
                .toArray();
    }

    /** The first token that is a character. */
    public static int firstToken() {
        return SIGNS;
    }

    private record Matrix(String name, String ours, int rows, int columns) {}

    private void write(Path file) throws IOException {
        Map<String, Matrix> all = new LinkedHashMap<>();
        int w = decoder.width();
        int h = decoder.hidden();
        put(all, "token_embd", "words", DecoderCase.VOCABULARY, w);
        put(all, "output_norm", "encoder.norm", 0, w);
        for (int i = 0; i < decoder.layers(); i++) {
            String block = "blk." + i + ".";
            String layer = "encoder.layers." + i + ".";
            for (String part : new String[] {"q", "k", "v"}) {
                put(all, block + "attn_" + part, layer + "self_attn." + part + "_proj", w, w);
            }
            put(all, block + "attn_output", layer + "self_attn.out_proj", w, w);
            put(all, block + "ffn_gate", layer + "gate", h, w);
            put(all, block + "ffn_up", layer + "linear1", h, w);
            put(all, block + "ffn_down", layer + "linear2", w, h);
            put(all, block + "attn_norm", layer + "norm1", 0, w);
            put(all, block + "ffn_norm", layer + "norm2", 0, w);
        }
        header(all);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            writeAll(channel, header);
            for (Matrix m : all.values()) {
                float[] numbers = decoder.numbers(m.ours, Math.max(1, m.rows) * m.columns);
                writeAll(channel, bytes(typeOf(m), numbers));
            }
        }
    }

    private static void writeAll(FileChannel channel, ByteBuffer filled) throws IOException {
        filled.flip();
        while (filled.hasRemaining()) {
            channel.write(filled);
        }
    }

    private static void put(Map<String, Matrix> all, String name, String ours, int rows, int columns) {
        all.put(name, new Matrix(name + ".weight", ours + ".weight", rows, columns));
    }

    private Type typeOf(Matrix m) {
        return m.rows == 0 ? Type.F32 : type;
    }

    private static long padded(long bytes) {
        return (bytes + ALIGNED - 1) / ALIGNED * ALIGNED;
    }

    // ---- the header

    private void header(Map<String, Matrix> all) {
        header.put("GGUF".getBytes(StandardCharsets.US_ASCII)).putInt(3).putLong(all.size());
        int count = header.position();
        header.putLong(0);
        text("general.architecture", "llama");
        text("general.name", "decoder");
        number("llama.context_length", decoder.context());
        number("llama.embedding_length", decoder.width());
        number("llama.block_count", decoder.layers());
        number("llama.feed_forward_length", decoder.hidden());
        number("llama.attention.head_count", decoder.heads());
        number("llama.attention.head_count_kv", decoder.heads());
        number("llama.rope.dimension_count", decoder.width() / decoder.heads());
        number("llama.vocab_size", DecoderCase.VOCABULARY);
        key("llama.attention.layer_norm_rms_epsilon", FLOAT).putFloat(DecoderCase.EPSILON);
        key("llama.rope.freq_base", FLOAT).putFloat(10_000);
        text("tokenizer.ggml.model", "llama");
        array("tokenizer.ggml.tokens", TEXT);
        for (int i = 0; i < DecoderCase.VOCABULARY; i++) {
            string(
                    i < 3
                            ? new String[] {"<unk>", "<s>", "</s>"}[i]
                            : i < SIGNS ? String.format("<0x%02X>", i - 3) : text(i));
        }
        array("tokenizer.ggml.scores", FLOAT);
        for (int i = 0; i < DecoderCase.VOCABULARY; i++) {
            header.putFloat(0);
        }
        array("tokenizer.ggml.token_type", INT);
        for (int i = 0; i < DecoderCase.VOCABULARY; i++) {
            header.putInt(i == 0 ? 2 : i < 3 ? 3 : i < SIGNS ? 6 : 1); // unknown, control, byte, normal
        }
        number("tokenizer.ggml.bos_token_id", 1);
        number("tokenizer.ggml.eos_token_id", 2);
        number("tokenizer.ggml.unknown_token_id", 0);
        key("tokenizer.ggml.add_bos_token", BOOL).put((byte) 0);
        key("tokenizer.ggml.add_space_prefix", BOOL).put((byte) 0);
        header.putLong(count, keys);
        long at = 0;
        for (Matrix m : all.values()) {
            string(m.name);
            header.putInt(m.rows == 0 ? 1 : 2).putLong(m.columns);
            if (m.rows > 0) {
                header.putLong(m.rows);
            }
            Type t = typeOf(m);
            header.putInt(t.number).putLong(at);
            at += padded((long) Math.max(1, m.rows) * m.columns / t.block * t.bytes);
        }
        header.position((int) padded(header.position()));
    }

    private void string(String s) {
        byte[] bytes = s.getBytes(StandardCharsets.UTF_8);
        header.putLong(bytes.length).put(bytes);
    }

    /** Begins a value of a type, which follows. */
    private ByteBuffer key(String key, int type) {
        keys++;
        string(key);
        return header.putInt(type);
    }

    private void text(String key, String value) {
        key(key, TEXT);
        string(value);
    }

    private void number(String key, int value) {
        key(key, UNSIGNED).putInt(value);
    }

    /** Begins a value for each token, which follow. */
    private void array(String key, int type) {
        key(key, ARRAY).putInt(type).putLong(DecoderCase.VOCABULARY);
    }

    // ---- blocks

    private static ByteBuffer bytes(Type type, float[] numbers) {
        int bytes = numbers.length / type.block * type.bytes;
        ByteBuffer to = ByteBuffer.allocate((int) padded(bytes)).order(ByteOrder.LITTLE_ENDIAN);
        for (int from = 0; from < numbers.length; from += type.block) {
            switch (type) {
                case F32 -> to.putFloat(numbers[from]);
                case Q8_0 -> q8(numbers, from, to);
                case Q4_K -> q4(numbers, from, to);
            }
        }
        return to.position(to.capacity());
    }

    /** A half that is near, and its bits; scales here are neither too large nor too small for that. */
    private static int half(float x) {
        return x == 0 ? 0 : (Float.floatToRawIntBits(x) + 0xfff >> 13) - (112 << 10);
    }

    private static float ofHalf(int bits) {
        return bits == 0 ? 0 : Float.intBitsToFloat(bits + (112 << 10) << 13);
    }

    private static void q8(float[] w, int from, ByteBuffer to) {
        float largest = 0;
        for (int i = from; i < from + 32; i++) {
            largest = Math.max(largest, Math.abs(w[i]));
        }
        int d = half(largest / 127);
        to.putShort((short) d);
        for (int i = from; i < from + 32; i++) {
            to.put((byte) Math.max(-127, Math.min(127, Math.rint(w[i] / ofHalf(d)))));
        }
    }

    /** Scales and minima of the extremes of 32 numbers, not the best ones. */
    private static void q4(float[] w, int from, ByteBuffer to) {
        float[] least = new float[8];
        float[] step = new float[8];
        for (int part = 0; part < 8; part++) {
            float most = 0;
            for (int i = from + 32 * part; i < from + 32 * part + 32; i++) {
                least[part] = Math.min(least[part], w[i]);
                most = Math.max(most, w[i]);
            }
            step[part] = (most - least[part]) / 15;
        }
        int d = half(largest(step) / 63);
        for (int part = 0; part < 8; part++) {
            least[part] = -least[part];
        }
        int e = half(largest(least) / 63);
        int[] s = new int[8];
        int[] m = new int[8];
        for (int part = 0; part < 8; part++) {
            s[part] = (int) Math.min(63, Math.rint(step[part] / ofHalf(d)));
            m[part] = (int) Math.min(63, Math.rint(least[part] / ofHalf(e)));
        }
        to.putShort((short) d).putShort((short) e);
        for (int i = 0; i < 8; i++) {
            to.put((byte) (i < 4 ? s[i] | s[i + 4] >> 4 << 6 : m[i - 4] | m[i] >> 4 << 6));
        }
        for (int i = 4; i < 8; i++) {
            to.put((byte) (s[i] & 15 | (m[i] & 15) << 4));
        }
        for (int pair = 0; pair < 8; pair += 2) {
            for (int i = 0; i < 32; i++) {
                int low = q(w[from + 32 * pair + i], ofHalf(d) * s[pair], ofHalf(e) * m[pair]);
                int high = q(w[from + 32 * pair + 32 + i], ofHalf(d) * s[pair + 1], ofHalf(e) * m[pair + 1]);
                to.put((byte) (low | high << 4));
            }
        }
    }

    private static int q(float w, float scale, float minimum) {
        return (int) Math.max(0, Math.min(15, Math.rint((w + minimum) / scale)));
    }

    private static float largest(float[] of) {
        float largest = 0;
        for (float x : of) {
            largest = Math.max(largest, x);
        }
        return largest;
    }
}

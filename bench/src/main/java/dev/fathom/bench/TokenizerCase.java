package dev.fathom.bench;

import com.google.gson.Gson;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Published tokenizers and texts for the rows {@code tokenize-}, so that every contender reads the same file and writes
 * the same numbers. Both are data of FATHOM_DATA.
 */
public final class TokenizerCase {
    /** The kinds of the rows, each with the file of a published tokenizer. */
    static final Map<String, String> FILES = new LinkedHashMap<>();

    static {
        String folder = "models/swift-goldens-gpt2-t5-bert/";
        FILES.put("wordpiece", folder + "all-MiniLM-L6-v2/tokenizer.json");
        FILES.put("bpe", folder + "gpt2/tokenizer.json");
        FILES.put("unigram", folder + "t5/spiece.model");
    }

    private static final String PLAYS = "tinyshakespeare/input.txt";
    /** How many characters a call reads. */
    static final int ALL = 400_000;
    /** How many characters a text has. */
    static final int LENGTH = 400;

    private TokenizerCase() {}

    /** Why there are no such rows, or null. */
    static @Nullable String missing() {
        List<String> files = new ArrayList<>(FILES.values());
        files.add(PLAYS);
        return Data.missing("tokenizers and texts", files);
    }

    /** The first characters of Shakespeare's plays, in texts of {@code length} characters. */
    public static List<String> texts(int length) throws IOException {
        String all = Files.readString(Data.file(PLAYS)).substring(0, ALL);
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < ALL; i += length) {
            texts.add(all.substring(i, Math.min(ALL, i + length)));
        }
        return texts;
    }

    /** Tells how many tokens there are, and a sum that another order or another token would change. */
    public static void tell(List<int[]> ids) {
        int tokens = 0;
        int sum = 1;
        for (int[] some : ids) {
            tokens += some.length;
            for (int id : some) {
                sum = (31 * sum + id) % 997;
            }
        }
        Work.tell(tokens, sum);
    }

    /** The {@code tokenizer.json} of a kind; T5's is written anew from its {@code spiece.model}. */
    public static Path json(String kind) throws IOException {
        Path published = Data.file(String.valueOf(FILES.get(kind)));
        if (!kind.equals("unigram")) {
            return published;
        }
        List<List<Object>> pieces = new ArrayList<>();
        String[] map = {""};
        fields(ByteBuffer.wrap(Files.readAllBytes(published)), (field, message) -> {
            if (field == 1) {
                Object[] piece = {"", 0f};
                fields(message, (f, value) -> {
                    if (f == 1) {
                        piece[0] = StandardCharsets.UTF_8.decode(value).toString();
                    } else if (f == 2) {
                        piece[1] = value.order(ByteOrder.LITTLE_ENDIAN).getFloat();
                    }
                });
                pieces.add(List.of(piece));
            } else if (field == 3) {
                fields(message, (f, value) -> {
                    if (f == 2) {
                        byte[] bytes = new byte[value.remaining()];
                        value.get(bytes);
                        map[0] = Base64.getEncoder().encodeToString(bytes);
                    }
                });
            }
        });
        Map<String, Object> tokenizer = new LinkedHashMap<>();
        tokenizer.put("version", "1.0");
        tokenizer.put("added_tokens", List.of());
        tokenizer.put("normalizer", Map.of("type", "Precompiled", "precompiled_charsmap", map[0]));
        tokenizer.put(
                "pre_tokenizer",
                Map.of("type", "Metaspace", "replacement", "\u2581", "prepend_scheme", "always", "split", true));
        tokenizer.put("model", Map.of("type", "Unigram", "unk_id", 2, "vocab", pieces));
        Path json = Files.createTempFile("t5", ".json");
        json.toFile().deleteOnExit();
        return Files.writeString(json, new Gson().toJson(tokenizer));
    }

    /** What to do with a field of a message. */
    private interface Field {
        void accept(int number, ByteBuffer value);
    }

    /** The fields of a message of protocol buffers that have bytes, or four of them. */
    private static void fields(ByteBuffer in, Field each) {
        while (in.hasRemaining()) {
            long key = varint(in);
            int kind = (int) key & 7;
            int bytes = kind == 5 ? 4 : kind == 1 ? 8 : (int) varint(in);
            if (kind != 0) {
                each.accept((int) (key >> 3), in.slice(in.position(), bytes));
                in.position(in.position() + bytes);
            }
        }
    }

    private static long varint(ByteBuffer in) {
        long all = 0;
        for (int shift = 0; ; shift += 7) {
            byte b = in.get();
            all |= (long) (b & 0x7f) << shift;
            if (b >= 0) {
                return all;
            }
        }
    }
}

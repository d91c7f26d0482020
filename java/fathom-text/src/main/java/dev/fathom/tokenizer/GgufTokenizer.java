package dev.fathom.tokenizer;

import dev.fathom.io.AtomicFile;
import dev.fathom.tokenizer.PreTokenizer.Behavior;
import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Reads the tokenizer in a file of llama.cpp (GGUF, versions 2 and 3): its tokens with their scores or merges, and the
 * name of the way in which a text is cut, whose expressions are not in the file but here.
 */
final class GgufTokenizer {
    private static final String PREFIX = "tokenizer.ggml.";
    private static final int LONGEST = 1 << 20;
    private static final int MOST = 1 << 24;

    private static final String WORDS = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)";

    private static final String CASELESS_WORDS = "(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])"
            + "|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}%s| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

    /** The expressions of each way to cut, each of which cuts what those before it left. */
    private static final Map<String, List<String>> CUTS = new TreeMap<>(Map.of(
            "gpt-2", List.of(WORDS),
            "mpt", List.of(WORDS),
            "olmo", List.of(WORDS),
            "starcoder", List.of("\\p{N}", WORDS),
            "refact", List.of("\\p{N}", WORDS),
            "smollm", List.of("\\p{N}", WORDS),
            "falcon", List.of("[\\p{P}\\$\\+<=>\\^~\\|`]+", WORDS, "[0-9][0-9][0-9]"),
            "deepseek-coder", List.of("[\\r\\n]", "\\s?\\p{L}+", "\\s?\\p{P}+", "[一-龥ࠀ-一가-\ud7ff]+", "\\p{N}"),
            "llama-bpe", List.of(String.format(CASELESS_WORDS, "{1,3}")),
            "qwen2", List.of(String.format(CASELESS_WORDS, ""))));

    // kinds of tokens
    private static final int UNKNOWN = 2;
    private static final int CONTROL = 3;
    private static final int USER = 4;
    private static final int UNUSED = 5;

    private final Path file;
    private final InputStream in;
    private final Map<String, Object> values = new HashMap<>();

    private GgufTokenizer(Path file, InputStream in) {
        this.file = file;
        this.in = in;
    }

    static PretrainedTokenizer read(Path file) {
        try (InputStream in = new BufferedInputStream(Files.newInputStream(file), 1 << 16)) {
            var gguf = new GgufTokenizer(file, in);
            gguf.metadata();
            return gguf.tokenizer();
        } catch (EOFException e) {
            throw new IllegalArgumentException(file + " ends within its metadata; fetch it again", e);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + file + ": " + AtomicFile.reason(e), e);
        }
    }

    private IllegalArgumentException wrong(String what) {
        return new IllegalArgumentException(file + ": " + what);
    }

    // ---- the file

    private void metadata() throws IOException {
        if (number(4) != 0x46554747 || number(4) - 2 > 1) {
            throw wrong("it is no GGUF of version 2 or 3; give a file of llama.cpp, or fetch it again");
        }
        number(8); // tensors
        long count = number(8);
        for (long i = 0; i < count; i++) {
            String key = string();
            int type = (int) number(4);
            boolean wanted = key.startsWith(PREFIX) && !key.endsWith("chat_template");
            if (wanted) {
                values.put(key.substring(PREFIX.length()), value(type));
            } else {
                skip(type);
            }
        }
    }

    private long number(int bytes) throws IOException {
        long all = 0;
        for (int i = 0; i < bytes; i++) {
            int b = in.read();
            if (b < 0) {
                throw new EOFException();
            }
            all |= (long) b << 8 * i;
        }
        return all;
    }

    private String string() throws IOException {
        long n = number(8);
        if (n < 0 || n > LONGEST) {
            throw wrong("it has a string of " + Long.toUnsignedString(n) + " bytes; fetch it again");
        }
        byte[] bytes = in.readNBytes((int) n);
        if (bytes.length < n) {
            throw new EOFException();
        }
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private int bytes(int type) {
        return switch (type) {
            case 0, 1, 7 -> 1;
            case 2, 3 -> 2;
            case 4, 5, 6 -> 4;
            case 10, 11, 12 -> 8;
            default -> throw wrong("it has a value of the type " + type + ", which is not known; fetch it again");
        };
    }

    private Object value(int type) throws IOException {
        if (type == 8) {
            return string();
        }
        if (type != 9) {
            long bits = number(bytes(type));
            return switch (type) { // boxed one by one, or all would be doubles
                case 6 -> Float.valueOf(Float.intBitsToFloat((int) bits));
                case 12 -> Double.valueOf(Double.longBitsToDouble(bits));
                default -> Long.valueOf(bits);
            };
        }
        int of = (int) number(4);
        long n = number(8);
        if (n < 0 || n > MOST || of == 9) {
            throw wrong(
                    "it has a list of " + Long.toUnsignedString(n) + " values of the type " + of + "; fetch it again");
        }
        List<Object> all = new ArrayList<>();
        for (long i = 0; i < n; i++) {
            all.add(value(of));
        }
        return all;
    }

    private void skip(int type) throws IOException {
        if (type != 9) {
            long n = type == 8 ? number(8) : bytes(type);
            if (n < 0) {
                throw wrong("it has a string of " + Long.toUnsignedString(n) + " bytes; fetch it again");
            }
            in.skipNBytes(n);
            return;
        }
        int of = (int) number(4);
        long n = number(8);
        if (of == 9) {
            throw wrong("it has a list of lists; fetch it again");
        }
        if (of == 8) {
            for (long i = 0; i < n; i++) {
                skip(of);
            }
        } else {
            int size = bytes(of);
            if (n < 0 || n > Long.MAX_VALUE / size) {
                throw wrong("it has a list of " + Long.toUnsignedString(n) + " values; fetch it again");
            }
            in.skipNBytes(n * size);
        }
    }

    // ---- the tokenizer

    private PretrainedTokenizer tokenizer() {
        PretrainedTokenizer.Parts parts;
        try {
            parts = parts();
        } catch (IllegalArgumentException e) {
            String message = String.valueOf(e.getMessage());
            throw message.startsWith(file.toString()) ? e : new IllegalArgumentException(file + ": " + message, e);
        }
        return new PretrainedTokenizer(parts, null, null);
    }

    private List<?> list(String name, int size) {
        Object list = values.get(name);
        if (!(list instanceof List<?> all) || size >= 0 && all.size() != size) {
            throw wrong("it lacks the list " + PREFIX + name + (size < 0 ? "" : " of " + size + " values")
                    + "; give a file with a tokenizer");
        }
        return all;
    }

    private long number(String name, long otherwise) {
        return values.get(name) instanceof Long n ? n : otherwise;
    }

    private int id(String name) {
        long id = number(name, -1);
        return id < 0 || id > Integer.MAX_VALUE ? -1 : (int) id;
    }

    private PretrainedTokenizer.Parts parts() {
        String kind = String.valueOf(values.getOrDefault("model", "no model"));
        List<?> tokens = list("tokens", -1);
        int[] types = new int[tokens.size()];
        if (values.containsKey("token_type")) {
            List<?> all = list("token_type", types.length);
            Arrays.setAll(types, i -> all.get(i) instanceof Long n ? (int) (long) n : 1);
        }
        return switch (kind) {
            case "gpt2" -> pairs(tokens, types);
            case "llama" -> scored(tokens, types);
            case "bert" -> words(tokens, types);
            default ->
                throw wrong("its tokenizer of the kind " + kind + " is not known; there are bert, gpt2 and llama");
        };
    }

    /** Special tokens, and those of users. */
    private static List<AddedTokens.Token> added(List<?> tokens, int[] types) {
        List<AddedTokens.Token> added = new ArrayList<>();
        for (int id = 0; id < types.length; id++) {
            if ((types[id] == CONTROL || types[id] == USER)
                    && !String.valueOf(tokens.get(id)).isEmpty()) {
                added.add(AddedTokens.Token.of(String.valueOf(tokens.get(id)), id, types[id] == CONTROL));
            }
        }
        return added;
    }

    private static TokenTable table(List<?> tokens) {
        TokenTable table = new TokenTable();
        for (int id = 0; id < tokens.size(); id++) {
            table.put(String.valueOf(tokens.get(id)), id);
        }
        return table;
    }

    /** Byte-level pairs. */
    private PretrainedTokenizer.Parts pairs(List<?> tokens, int[] types) {
        String name = String.valueOf(values.getOrDefault("pre", "gpt-2"));
        List<String> expressions = CUTS.get(name.equals("llama3") || name.equals("llama-v3") ? "llama-bpe" : name);
        if (expressions == null) {
            throw wrong("its way to cut texts, " + name + ", is not known; there are "
                    + String.join(", ", CUTS.keySet()) + "; give the tokenizer.json of the same model");
        }
        TokenTable table = table(tokens);
        List<?> merges = list("merges", -1);
        var pairs = new Bpe.Merges(merges.size());
        for (Object merge : merges) {
            String both = String.valueOf(merge);
            int blank = both.indexOf(' ', 1);
            String left = both.substring(0, Math.max(0, blank));
            String right = both.substring(blank + 1);
            if (!pairs.put(table, left, right, left + right)) {
                throw wrong("the merge \"" + both + "\" does not make a token of two; fetch the file again");
            }
        }
        List<PreTokenizer> cuts = new ArrayList<>();
        for (String expression : expressions) {
            cuts.add(new PreTokenizer.Split(
                    new TextPattern.Regex(LinearPattern.compile(expression)), Behavior.ISOLATED, false));
        }
        cuts.add(new PreTokenizer.ByteLevel(false, false));
        boolean whole = name.startsWith("llama");
        return new PretrainedTokenizer.Parts(
                added(tokens, types),
                new Normalizer.Sequence(List.of()),
                new PreTokenizer.Sequence(cuts),
                new Bpe(table, pairs, new Bpe.Settings(null, "", "", false, false, whole)),
                around(table, false),
                new Decoder.ByteLevel());
    }

    /** Pieces of SentencePiece with their scores. */
    private PretrainedTokenizer.Parts scored(List<?> tokens, int[] types) {
        List<?> list = list("scores", types.length);
        float[] scores = new float[types.length];
        boolean[] usable = new boolean[types.length];
        int unknown = id("unknown_token_id");
        for (int id = 0; id < scores.length; id++) {
            scores[id] = list.get(id) instanceof Float score ? score : 0;
            usable[id] = types[id] != CONTROL && types[id] != UNKNOWN && types[id] != UNUSED;
        }
        TokenTable table = table(tokens);
        boolean fallback = Arrays.stream(table.bytes()).allMatch(id -> id >= 0);
        boolean prefix = number("add_space_prefix", 1) != 0;
        return new PretrainedTokenizer.Parts(
                added(tokens, types),
                new SentencePieceModel.Normalization(null, prefix, false, SentencePieceModel.SIGN),
                null,
                SentencePieceModel.scored(table, scores, usable, unknown, fallback),
                around(table, true),
                SentencePieceModel.decoder(SentencePieceModel.SIGN, prefix));
    }

    /** WordPiece, whose tokens begin a word with a sign instead of going on with another. */
    private PretrainedTokenizer.Parts words(List<?> tokens, int[] types) {
        TokenTable table = new TokenTable();
        String sign = Character.toString(SentencePieceModel.SIGN);
        for (int id = 0; id < types.length; id++) {
            String token = String.valueOf(tokens.get(id));
            boolean special = types[id] != 1 || token.startsWith("[") && token.endsWith("]");
            table.put(special ? token : token.startsWith(sign) ? token.substring(1) : "##" + token, id);
        }
        int first = id("cls_token_id");
        int end = id("seperator_token_id"); // sic
        int unknown = id("unknown_token_id");
        String unknownToken = table.token(unknown);
        if (first < 0 || end < 0 || unknownToken == null) {
            throw wrong("it lacks the number of a token that begins, ends or is unknown; give a file with a tokenizer");
        }
        return new PretrainedTokenizer.Parts(
                added(tokens, types),
                new Normalizer.Bert(true, true, true, true),
                new PreTokenizer.Bert(),
                new WordPiece(table, unknownToken, "##", 100),
                PostProcessor.Template.bert(table, first, end),
                new Decoder.WordPiece("##", true));
    }

    /** The beginning and the end of a text, where the file says that they are added. */
    private PostProcessor around(TokenTable table, boolean begins) {
        List<PostProcessor.Template.Part> all = new ArrayList<>();
        if (number("add_bos_token", begins ? 1 : 0) != 0 && id("bos_token_id") >= 0) {
            all.add(PostProcessor.Template.special(id("bos_token_id"), 0));
        }
        all.add(PostProcessor.Template.text(0, 0));
        if (number("add_eos_token", 0) != 0 && id("eos_token_id") >= 0) {
            all.add(PostProcessor.Template.special(id("eos_token_id"), 0));
        }
        List<PostProcessor.Template.Part> two = new ArrayList<>(all);
        two.add(PostProcessor.Template.text(1, 0));
        return new PostProcessor.Template(table, all, two);
    }
}

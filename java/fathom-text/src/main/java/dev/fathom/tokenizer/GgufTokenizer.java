package dev.fathom.tokenizer;

import dev.fathom.files.Gguf;
import dev.fathom.tokenizer.PreTokenizer.Behavior;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Reads the tokenizer in a file of llama.cpp (GGUF): its tokens with their scores or merges, and the name of the way in
 * which a text is cut, whose expressions are not in the file but here.
 */
final class GgufTokenizer {
    private static final String PREFIX = "tokenizer.ggml.";

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
    private final Map<String, Object> values;

    private GgufTokenizer(Path file, Map<String, Object> values) {
        this.file = file;
        this.values = values;
    }

    static PretrainedTokenizer read(Path file) {
        return new GgufTokenizer(file, Gguf.read(file).values()).tokenizer();
    }

    private IllegalArgumentException wrong(String what) {
        return new IllegalArgumentException(file + ": " + what);
    }

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
        Object list = values.get(PREFIX + name);
        if (!(list instanceof List<?> all) || size >= 0 && all.size() != size) {
            throw wrong("it lacks the list " + PREFIX + name + (size < 0 ? "" : " of " + size + " values")
                    + "; give a file with a tokenizer");
        }
        return all;
    }

    private long number(String name, long otherwise) {
        Object value = values.get(PREFIX + name);
        return value instanceof Long n ? n : value instanceof Boolean yes ? yes ? 1 : 0 : otherwise;
    }

    private int id(String name) {
        long id = number(name, -1);
        return id < 0 || id > Integer.MAX_VALUE ? -1 : (int) id;
    }

    private PretrainedTokenizer.Parts parts() {
        String kind = String.valueOf(values.getOrDefault(PREFIX + "model", "no model"));
        List<?> tokens = list("tokens", -1);
        int[] types = new int[tokens.size()];
        if (values.containsKey(PREFIX + "token_type")) {
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
        String name = String.valueOf(values.getOrDefault(PREFIX + "pre", "gpt-2"));
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
                new SentencePieceModel.Normalization(prefix, false, SentencePieceModel.SIGN),
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

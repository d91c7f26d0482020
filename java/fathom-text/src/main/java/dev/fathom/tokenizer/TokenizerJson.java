package dev.fathom.tokenizer;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import dev.fathom.io.AtomicFile;
import dev.fathom.json.Json;
import dev.fathom.tokenizer.PreTokenizer.Behavior;
import java.io.IOException;
import java.io.Reader;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.text.Normalizer.Form;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Reads a {@code tokenizer.json}, the file of Hugging Face's tokenizers. */
final class TokenizerJson {
    private static final String NAME = "tokenizer.json";

    /** What errors call it. */
    private final String file;

    private final Map<String, JsonElement> all = new HashMap<>();

    // the model, whose vocabulary is not kept as JSON
    private final Map<String, JsonElement> settings = new HashMap<>();
    private final TokenTable table = new TokenTable();
    private double[] scores = new double[0];
    private boolean scored;
    private final List<String> merges = new ArrayList<>();
    private boolean merging;

    private TokenizerJson(String file) {
        this.file = file;
    }

    static PretrainedTokenizer read(Path path) {
        Path file = Files.isDirectory(path) ? path.resolve(NAME) : path;
        return read(file.toString(), () -> Files.newBufferedReader(file, StandardCharsets.UTF_8));
    }

    static PretrainedTokenizer ofText(String text) {
        return read("the text", () -> new StringReader(text));
    }

    private interface Source {
        Reader open() throws IOException;
    }

    private static PretrainedTokenizer read(String file, Source source) {
        var json = new TokenizerJson(file);
        try (JsonReader in = new JsonReader(source.open())) {
            json.fields(in);
            return json.tokenizer();
        } catch (Unreadable e) {
            throw e;
        } catch (IOException e) {
            if (e instanceof java.nio.file.FileSystemException) {
                throw new UncheckedIOException("cannot read " + file + ": " + AtomicFile.reason(e), e);
            }
            throw json.damaged(e); // what is no JSON, and bytes that are no UTF-8
        } catch (JsonParseException
                | ClassCastException
                | IllegalArgumentException
                | IllegalStateException
                | UnsupportedOperationException e) {
            throw json.damaged(e);
        }
    }

    /** Says in one sentence, with the file, what is wrong with it. */
    private static final class Unreadable extends IllegalArgumentException {
        private static final long serialVersionUID = 1;

        Unreadable(String message) {
            super(message);
        }
    }

    private IllegalArgumentException damaged(Throwable cause) {
        return new IllegalArgumentException(
                file + " is no tokenizer.json, or is damaged: " + cause.getMessage() + "; fetch it again", cause);
    }

    private IllegalArgumentException wrong(String what) {
        return new Unreadable(file + ": " + what);
    }

    // ---- the file

    private void fields(JsonReader in) throws IOException {
        in.beginObject();
        while (in.hasNext()) {
            String name = in.nextName();
            if (name.equals("model") && in.peek() == JsonToken.BEGIN_OBJECT) {
                model(in);
            } else {
                all.put(name, Json.read(in));
            }
        }
        in.endObject();
        if (settings.isEmpty() && table.count() == 0) {
            throw wrong("it has no model with a vocabulary; give a tokenizer.json");
        }
    }

    private void model(JsonReader in) throws IOException {
        in.beginObject();
        while (in.hasNext()) {
            String name = in.nextName();
            if (name.equals("vocab") && in.peek() == JsonToken.BEGIN_OBJECT) {
                in.beginObject();
                while (in.hasNext()) {
                    table.put(in.nextName(), in.nextInt());
                }
                in.endObject();
            } else if (name.equals("vocab")) {
                scored = true;
                in.beginArray();
                for (int id = 0; in.hasNext(); id++) {
                    in.beginArray();
                    table.put(in.nextString(), id);
                    if (id == scores.length) {
                        scores = Arrays.copyOf(scores, 2 * id + 64);
                    }
                    scores[id] = in.nextDouble();
                    in.endArray();
                    if (!in.hasNext()) {
                        scores = Arrays.copyOf(scores, id + 1);
                    }
                }
                in.endArray();
            } else if (name.equals("merges")) {
                merging = true;
                in.beginArray();
                while (in.hasNext()) {
                    merge(in);
                }
                in.endArray();
            } else {
                settings.put(name, Json.read(in));
            }
        }
        in.endObject();
    }

    /** Two tokens in an array, or in a string with a blank between them. */
    private void merge(JsonReader in) throws IOException {
        if (in.peek() == JsonToken.BEGIN_ARRAY) {
            in.beginArray();
            merges.add(in.nextString());
            merges.add(in.nextString());
            in.endArray();
            return;
        }
        String both = in.nextString();
        int blank = both.indexOf(' ');
        if (blank <= 0 || blank == both.length() - 1 || both.indexOf(' ', blank + 1) >= 0) {
            throw wrong("the merge \"" + both + "\" is not two tokens with a blank between them; fetch the file again");
        }
        merges.add(both.substring(0, blank));
        merges.add(both.substring(blank + 1));
    }

    private PretrainedTokenizer tokenizer() {
        Model model = model();
        List<AddedTokens.Token> added = added();
        JsonObject normalizer = object(all.get("normalizer"));
        JsonObject cut = object(all.get("pre_tokenizer"));
        JsonObject processor = object(all.get("post_processor"));
        JsonObject decoder = object(all.get("decoder"));
        return new PretrainedTokenizer(
                new PretrainedTokenizer.Parts(
                        added,
                        normalizer == null ? new Normalizer.Sequence(List.of()) : normalizer(normalizer),
                        cut == null ? null : preTokenizer(cut),
                        model,
                        processor == null ? null : postProcessor(processor),
                        decoder == null ? null : decoder(decoder)),
                truncation(),
                padding());
    }

    private List<AddedTokens.Token> added() {
        List<AddedTokens.Token> added = new ArrayList<>();
        JsonElement list = all.get("added_tokens");
        if (list != null && list.isJsonArray()) {
            for (JsonElement e : list.getAsJsonArray()) {
                JsonObject t = e.getAsJsonObject();
                String content = string(t, "content");
                if (content.isEmpty()) {
                    continue;
                }
                int known = table.id(content);
                int id = known >= 0 ? known : number(t, "id", -1);
                boolean special = flag(t, "special", false);
                table.put(content, id);
                added.add(new AddedTokens.Token(
                        content,
                        id,
                        special,
                        flag(t, "normalized", !special),
                        flag(t, "single_word", false),
                        flag(t, "lstrip", false),
                        flag(t, "rstrip", false)));
            }
        }
        return added;
    }

    private @Nullable TokenTruncation truncation() {
        JsonObject t = object(all.get("truncation"));
        if (t == null) {
            return null;
        }
        TokenTruncation.Strategy strategy = switch (text(t, "strategy", "LongestFirst")) {
            case "OnlyFirst" -> TokenTruncation.Strategy.ONLY_FIRST;
            case "OnlySecond" -> TokenTruncation.Strategy.ONLY_SECOND;
            default -> TokenTruncation.Strategy.LONGEST_FIRST;
        };
        return new TokenTruncation(
                number(t, "max_length", 512),
                number(t, "stride", 0),
                strategy,
                text(t, "direction", "Right").equals("Left"));
    }

    private @Nullable TokenPadding padding() {
        JsonObject p = object(all.get("padding"));
        if (p == null) {
            return null;
        }
        JsonElement strategy = p.get("strategy");
        int fixed = strategy != null && strategy.isJsonObject() ? number(strategy.getAsJsonObject(), "Fixed", 0) : 0;
        return new TokenPadding(
                fixed,
                number(p, "pad_to_multiple_of", 0),
                number(p, "pad_id", 0),
                number(p, "pad_type_id", 0),
                text(p, "direction", "Right").equals("Left"));
    }

    // ---- the model

    private Model model() {
        JsonObject m = new JsonObject();
        settings.forEach(m::add);
        String kind = text(
                m,
                "type",
                merging ? "BPE" : scored ? "Unigram" : m.has("max_input_chars_per_word") ? "WordPiece" : "WordLevel");
        return switch (kind) {
            case "WordPiece" ->
                new WordPiece(
                        table,
                        text(m, "unk_token", "[UNK]"),
                        text(m, "continuing_subword_prefix", "##"),
                        number(m, "max_input_chars_per_word", 100));
            case "WordLevel" -> new WordLevel(table, text(m, "unk_token", "<unk>"));
            case "Unigram" -> {
                int unknown = number(m, "unk_id", -1);
                if (unknown >= scores.length) {
                    throw wrong("the unknown token has the number " + unknown + " but there are " + scores.length
                            + " tokens; fetch the file again");
                }
                yield new Unigram(table, scores, unknown, flag(m, "byte_fallback", false));
            }
            case "BPE" -> bpe(m);
            default -> throw unknown("model", kind, "BPE, Unigram, WordLevel, WordPiece");
        };
    }

    private Model bpe(JsonObject m) {
        JsonElement dropout = m.get("dropout");
        if (dropout != null && !dropout.isJsonNull() && dropout.getAsDouble() != 0) {
            throw wrong("it leaves out merges by chance (dropout " + dropout
                    + "), which is for training alone; set dropout to null");
        }
        String continuation = text(m, "continuing_subword_prefix", "");
        var pairs = new Bpe.Merges(merges.size() / 2);
        for (int i = 0; i < merges.size(); i += 2) {
            String left = merges.get(i);
            String right = merges.get(i + 1);
            String both = left + (right.startsWith(continuation) ? right.substring(continuation.length()) : right);
            if (!pairs.put(table, left, right, both)) {
                String lacks = Stream.of(left, right, both)
                        .filter(token -> table.id(token) < 0)
                        .findFirst()
                        .orElseThrow();
                throw wrong("the merge of \"" + left + "\" and \"" + right + "\" needs the token \"" + lacks
                        + "\", which is not in the vocabulary; fetch the file again");
            }
        }
        String unknown = text(m, "unk_token", "");
        return new Bpe(
                table,
                pairs,
                new Bpe.Settings(
                        unknown.isEmpty() ? null : unknown,
                        continuation,
                        text(m, "end_of_word_suffix", ""),
                        flag(m, "fuse_unk", false),
                        flag(m, "byte_fallback", false),
                        flag(m, "ignore_merges", false)));
    }

    // ---- the parts around it

    private Normalizer normalizer(JsonObject n) {
        String kind = string(n, "type");
        return switch (kind) {
            case "Sequence" -> new Normalizer.Sequence(list(n, "normalizers", this::normalizer));
            case "BertNormalizer" -> {
                boolean lowercase = flag(n, "lowercase", true);
                yield new Normalizer.Bert(
                        flag(n, "clean_text", true),
                        flag(n, "handle_chinese_chars", true),
                        flag(n, "strip_accents", lowercase),
                        lowercase);
            }
            case "NFC", "NFD", "NFKC", "NFKD" -> new Normalizer.Unicodes(Form.valueOf(kind));
            case "Lowercase" -> new Normalizer.Lowercase();
            case "StripAccents" -> new Normalizer.StripAccents();
            case "Strip" -> new Normalizer.Strip(flag(n, "strip_left", true), flag(n, "strip_right", true));
            case "Nmt" -> new Normalizer.Nmt();
            case "Replace" -> new Normalizer.Replace(pattern(n), string(n, "content"));
            case "Prepend" -> new Normalizer.Prepend(string(n, "prepend"));
            case "ByteLevel" -> new Normalizer.Bytes();
            case "Precompiled" -> CharacterMap.ofBase64(string(n, "precompiled_charsmap"));
            default ->
                throw unknown(
                        "normalizer",
                        kind,
                        "BertNormalizer, ByteLevel, Lowercase, NFC, NFD, NFKC, NFKD, Nmt, Precompiled, Prepend,"
                                + " Replace, Sequence, Strip, StripAccents");
        };
    }

    private PreTokenizer preTokenizer(JsonObject p) {
        String kind = string(p, "type");
        return switch (kind) {
            case "Sequence" -> new PreTokenizer.Sequence(list(p, "pretokenizers", this::preTokenizer));
            case "BertPreTokenizer" -> new PreTokenizer.Bert();
            case "ByteLevel" ->
                new PreTokenizer.ByteLevel(flag(p, "add_prefix_space", true), flag(p, "use_regex", true));
            case "CharDelimiterSplit" -> {
                int delimiter = character(p, "delimiter");
                yield PreTokenizer.at(c -> c == delimiter, Behavior.REMOVED);
            }
            case "Metaspace" ->
                new PreTokenizer.Metaspace(character(p, "replacement"), prefix(p), flag(p, "split", true));
            case "Whitespace" -> new PreTokenizer.Whitespace();
            case "WhitespaceSplit" -> PreTokenizer.at(Unicode::whiteSpace, Behavior.REMOVED);
            case "Punctuation" -> PreTokenizer.at(Unicode::punctuation, behavior(text(p, "behavior", "Isolated")));
            case "Digits" ->
                PreTokenizer.at(
                        Unicode::number, flag(p, "individual_digits", false) ? Behavior.ISOLATED : Behavior.CONTIGUOUS);
            case "Split" ->
                new PreTokenizer.Split(pattern(p), behavior(string(p, "behavior")), flag(p, "invert", false));
            case "UnicodeScripts" -> new PreTokenizer.Scripts();
            case "FixedLength" -> {
                int length = number(p, "length", 5);
                if (length < 1) {
                    throw wrong("pieces of " + length + " characters cannot be cut; give a length of 1 or more");
                }
                yield new PreTokenizer.FixedLength(length);
            }
            default ->
                throw unknown(
                        "pre-tokenizer",
                        kind,
                        "BertPreTokenizer, ByteLevel, CharDelimiterSplit, Digits, FixedLength, Metaspace, Punctuation,"
                                + " Sequence, Split, UnicodeScripts, Whitespace, WhitespaceSplit");
        };
    }

    /** Older files have a flag in the place of the scheme. */
    private static PreTokenizer.Metaspace.Prefix prefix(JsonObject p) {
        return switch (text(p, "prepend_scheme", flag(p, "add_prefix_space", true) ? "always" : "never")) {
            case "never" -> PreTokenizer.Metaspace.Prefix.NEVER;
            case "first" -> PreTokenizer.Metaspace.Prefix.FIRST;
            default -> PreTokenizer.Metaspace.Prefix.ALWAYS;
        };
    }

    private Behavior behavior(String name) {
        return switch (name) {
            case "Removed" -> Behavior.REMOVED;
            case "Isolated" -> Behavior.ISOLATED;
            case "MergedWithPrevious" -> Behavior.MERGED_WITH_PREVIOUS;
            case "MergedWithNext" -> Behavior.MERGED_WITH_NEXT;
            case "Contiguous" -> Behavior.CONTIGUOUS;
            default ->
                throw unknown(
                        "behavior of a split",
                        name,
                        "Contiguous, Isolated, MergedWithNext, MergedWithPrevious, Removed");
        };
    }

    private PostProcessor postProcessor(JsonObject p) {
        String kind = string(p, "type");
        return switch (kind) {
            case "Sequence" -> new PostProcessor.Sequence(list(p, "processors", this::postProcessor));
            case "BertProcessing" -> PostProcessor.Template.bert(table, named(p, "cls"), named(p, "sep"));
            case "RobertaProcessing" -> {
                var first = PostProcessor.Template.special(named(p, "cls"), 0);
                var end = PostProcessor.Template.special(named(p, "sep"), 0);
                var text = PostProcessor.Template.text(0, 0);
                var second = PostProcessor.Template.text(1, 0);
                PostProcessor template = new PostProcessor.Template(
                        table, List.of(first, text, end), List.of(first, text, end, end, second, end));
                yield flag(p, "trim_offsets", true)
                        ? new PostProcessor.Sequence(
                                List.of(new PostProcessor.TrimOffsets(flag(p, "add_prefix_space", true)), template))
                        : template;
            }
            case "ByteLevel" ->
                flag(p, "trim_offsets", true)
                        ? new PostProcessor.TrimOffsets(flag(p, "add_prefix_space", true))
                        : new PostProcessor.Sequence(List.of());
            case "TemplateProcessing" -> new PostProcessor.Template(table, template(p, "single"), template(p, "pair"));
            default ->
                throw unknown(
                        "post-processor",
                        kind,
                        "BertProcessing, ByteLevel, RobertaProcessing, Sequence, TemplateProcessing");
        };
    }

    /** The number of a pair of a token and its number. */
    private int named(JsonObject p, String name) {
        JsonElement pair = p.get(name);
        if (pair == null || !pair.isJsonArray() || pair.getAsJsonArray().size() != 2) {
            throw wrong("its post-processor lacks " + name + ", a token and its number; fetch the file again");
        }
        return pair.getAsJsonArray().get(1).getAsInt();
    }

    private List<PostProcessor.Template.Part> template(JsonObject p, String name) {
        JsonObject specials = object(p.get("special_tokens"));
        List<PostProcessor.Template.Part> parts = new ArrayList<>();
        for (JsonElement e : array(p, name)) {
            JsonObject part = e.getAsJsonObject();
            JsonObject sequence = object(part.get("Sequence"));
            if (sequence != null) {
                int text = string(sequence, "id").equals("A") ? 0 : 1;
                if (text == 1 && name.equals("single")) {
                    throw wrong("its template for one text names a second one; fetch the file again");
                }
                parts.add(PostProcessor.Template.text(text, number(sequence, "type_id", 0)));
                continue;
            }
            JsonObject special = object(part.get("SpecialToken"));
            String id = special == null ? "" : string(special, "id");
            JsonObject token = specials == null ? null : object(specials.get(id));
            if (special == null || token == null) {
                throw wrong("its template names the special token \"" + id
                        + "\", whose numbers it lacks; fetch the file again");
            }
            JsonArray ids = array(token, "ids");
            int[] numbers = new int[ids.size()];
            Arrays.setAll(numbers, i -> ids.get(i).getAsInt());
            parts.add(new PostProcessor.Template.Part(-1, numbers, number(special, "type_id", 0)));
        }
        return parts;
    }

    private Decoder decoder(JsonObject d) {
        String kind = string(d, "type");
        return switch (kind) {
            case "Sequence" -> new Decoder.Sequence(list(d, "decoders", this::decoder));
            case "ByteLevel" -> new Decoder.ByteLevel();
            case "WordPiece" -> new Decoder.WordPiece(text(d, "prefix", "##"), flag(d, "cleanup", true));
            case "Metaspace" ->
                new Decoder.Metaspace(character(d, "replacement"), prefix(d) != PreTokenizer.Metaspace.Prefix.NEVER);
            case "BPEDecoder" -> new Decoder.Suffix(text(d, "suffix", "</w>"));
            case "ByteFallback" -> new Decoder.ByteFallback();
            case "Fuse" -> new Decoder.Fuse();
            case "Strip" -> new Decoder.Strip(character(d, "content"), number(d, "start", 0), number(d, "stop", 0));
            case "Replace" -> new Decoder.Replace(pattern(d), string(d, "content"));
            case "CTC" ->
                new Decoder.Ctc(
                        text(d, "pad_token", "<pad>"), text(d, "word_delimiter_token", "|"), flag(d, "cleanup", true));
            default ->
                throw unknown(
                        "decoder",
                        kind,
                        "BPEDecoder, ByteFallback, ByteLevel, CTC, Fuse, Metaspace, Replace, Sequence, Strip,"
                                + " WordPiece");
        };
    }

    private TextPattern pattern(JsonObject of) {
        JsonElement pattern = of.get("pattern");
        if (pattern != null && pattern.isJsonPrimitive()) {
            return TextPattern.Exactly.of(pattern.getAsString());
        }
        JsonObject p = object(pattern);
        if (p != null && p.has("String")) {
            return TextPattern.Exactly.of(string(p, "String"));
        }
        if (p != null && p.has("Regex")) {
            try {
                return new TextPattern.Regex(LinearPattern.compile(string(p, "Regex")));
            } catch (IllegalArgumentException e) {
                throw wrong(String.valueOf(e.getMessage()));
            }
        }
        throw wrong("a " + of.get("type") + " has no pattern, which is a String or a Regex; fetch the file again");
    }

    // ---- JSON

    private IllegalArgumentException unknown(String part, String kind, String known) {
        return wrong("the " + part + " " + kind + " is not known; there are " + known);
    }

    private <T> List<T> list(JsonObject of, String name, Function<JsonObject, T> each) {
        List<T> all = new ArrayList<>();
        for (JsonElement e : array(of, name)) {
            all.add(each.apply(e.getAsJsonObject()));
        }
        return all;
    }

    private JsonArray array(JsonObject of, String name) {
        JsonElement e = of.get(name);
        if (e == null || !e.isJsonArray()) {
            throw wrong("it lacks the list \"" + name + "\"; fetch the file again");
        }
        return e.getAsJsonArray();
    }

    private String string(JsonObject of, String name) {
        JsonElement e = of.get(name);
        if (e == null || !e.isJsonPrimitive()) {
            throw wrong("it lacks \"" + name + "\" in "
                    + of.keySet().stream().limit(5).toList() + "; fetch the file again");
        }
        return e.getAsString();
    }

    private int character(JsonObject of, String name) {
        String s = string(of, name);
        if (s.isEmpty() || s.codePointCount(0, s.length()) != 1) {
            throw wrong("\"" + name + "\" is \"" + s + "\" but must be one character; fetch the file again");
        }
        return s.codePointAt(0);
    }

    private static @Nullable JsonObject object(@Nullable JsonElement e) {
        return e != null && e.isJsonObject() ? e.getAsJsonObject() : null;
    }

    private static String text(JsonObject of, String name, String otherwise) {
        JsonElement e = of.get(name);
        return e == null || e.isJsonNull() ? otherwise : e.getAsString();
    }

    private static boolean flag(JsonObject of, String name, boolean otherwise) {
        JsonElement e = of.get(name);
        return e == null || e.isJsonNull() ? otherwise : e.getAsBoolean();
    }

    private static int number(JsonObject of, String name, int otherwise) {
        JsonElement e = of.get(name);
        return e == null || e.isJsonNull() ? otherwise : e.getAsInt();
    }
}

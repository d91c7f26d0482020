package dev.fathom.tokenizer;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import dev.fathom.io.AtomicFile;
import dev.fathom.io.TextFile;
import dev.fathom.json.Json;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The files in which tokenizers are published. */
final class TokenizerFiles {
    /** The model of SentencePiece of DeBERTa's second and third version, which only folders of it have. */
    private static final String DEBERTA = "spm.model";

    private static final List<String> NAMES = List.of(
            "tokenizer.json",
            "spiece.model",
            DEBERTA,
            "sentencepiece.bpe.model",
            "tokenizer.model",
            "vocab.json",
            "vocab.txt",
            "tokenizer.bin");

    private static final int MOST_BYTES = 1 << 28;

    private TokenizerFiles() {}

    static PretrainedTokenizer read(Path path) {
        Path file = path;
        if (Files.isDirectory(path)) {
            file = NAMES.stream()
                    .map(path::resolve)
                    .filter(Files::isRegularFile)
                    .findFirst()
                    .orElseThrow(() -> new IllegalArgumentException(
                            path + " has no tokenizer; give a folder with one of " + String.join(", ", NAMES)));
        }
        String name = String.valueOf(file.getFileName());
        if (name.endsWith(".json")) {
            Path merges = file.resolveSibling("merges.txt");
            boolean two = name.equals("vocab.json") && Files.exists(merges);
            return two ? byteLevel(file, merges) : TokenizerJson.read(file);
        }
        if (name.endsWith(".model")) {
            return sentencePiece(file);
        }
        if (name.endsWith(".bin")) {
            return llama2c(file);
        }
        if (name.endsWith(".txt")) {
            return bert(file);
        }
        if (name.endsWith(".gguf")) {
            return GgufTokenizer.read(file);
        }
        throw new IllegalArgumentException(
                file + ": it is not known what tokenizer this is; give a file with one of these names: "
                        + String.join(", ", NAMES) + ", or a .gguf");
    }

    private static byte[] bytes(Path file) {
        try {
            long size = Files.size(file);
            if (size > MOST_BYTES) {
                throw new IllegalArgumentException(file + " has " + size + " bytes, but a tokenizer has " + MOST_BYTES
                        + " at most; give the file of a tokenizer");
            }
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + file + ": " + AtomicFile.reason(e), e);
        }
    }

    private static PretrainedTokenizer sentencePiece(Path file) {
        try {
            PretrainedTokenizer.Parts parts = SentencePieceModel.parts(bytes(file));
            boolean deberta = String.valueOf(file.getFileName()).equals(DEBERTA);
            return new PretrainedTokenizer(deberta ? deberta(parts, file) : parts, null, null);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    file + " is no model of SentencePiece, or is damaged: " + e.getMessage() + "; fetch it again", e);
        }
    }

    /** These parts with the special tokens of DeBERTa, of which {@code [MASK]} comes behind all pieces. */
    private static PretrainedTokenizer.Parts deberta(PretrainedTokenizer.Parts parts, Path file) {
        for (String key : List.of("do_lower_case", "split_by_punct")) {
            if (setting(file.resolveSibling("tokenizer_config.json"), key, false)) {
                throw new IllegalArgumentException(
                        "\"" + key + "\" of its tokenizer_config.json is true, which is not known");
            }
        }
        TokenTable table = parts.model().table();
        if (table.id("[MASK]") < 0) {
            table.put("[MASK]", table.size());
        }
        List<AddedTokens.Token> added = new ArrayList<>();
        for (String special : List.of("[PAD]", "[CLS]", "[SEP]", "[UNK]", "[MASK]")) {
            if (table.id(special) < 0) {
                throw new IllegalArgumentException("it lacks the piece " + special + " of DeBERTa");
            }
            added.add(AddedTokens.Token.of(special, table.id(special), true));
        }
        return new PretrainedTokenizer.Parts(
                added,
                parts.normalizer() instanceof SentencePieceModel.Normalization n && n.prefix()
                        ? eachPrefixed(n)
                        : parts.normalizer(),
                parts.cut(),
                parts.model(),
                PostProcessor.Template.bert(table, table.id("[CLS]"), table.id("[SEP]")),
                parts.decoder());
    }

    /** What stands between special tokens is a text of its own, which a blank precedes. */
    private static Normalizer eachPrefixed(SentencePieceModel.Normalization first) {
        return text -> {
            Text all = first.normalize(text);
            boolean later = text.from(text.start) > 0 && !all.isEmpty();
            return later ? Normalizer.prepended(all, Character.toString(first.blank())) : all;
        };
    }

    /** A byte-level tokenizer, as GPT-2 has it. */
    private static PretrainedTokenizer byteLevel(Path vocabulary, Path merges) {
        TokenTable table = new TokenTable();
        try {
            JsonObject all = Json.read(new String(bytes(vocabulary), StandardCharsets.UTF_8))
                    .getAsJsonObject();
            all.entrySet().forEach(e -> table.put(e.getKey(), e.getValue().getAsInt()));
        } catch (IOException | JsonParseException | IllegalStateException | IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    vocabulary + " is no vocabulary in JSON, or is damaged: " + e.getMessage() + "; fetch it again", e);
        }
        var pairs = new Bpe.Merges(table.count());
        TextFile.lines(merges, "a file of merges", (number, line) -> {
            if (number == 1 && line.startsWith("#version") || line.isEmpty()) {
                return;
            }
            int blank = line.indexOf(' ');
            String left = line.substring(0, Math.max(0, blank));
            String right = line.substring(blank + 1);
            if (!pairs.put(table, left, right, left + right)) {
                throw new IllegalArgumentException(merges + " line " + number
                        + ": it does not merge two tokens of " + vocabulary + " to a third; give two files that belong"
                        + " together");
            }
        });
        List<AddedTokens.Token> added = new ArrayList<>();
        table.all().forEach((token, id) -> {
            if (token.startsWith("<|") && token.endsWith("|>")) {
                added.add(AddedTokens.Token.of(token, id, true));
            }
        });
        return new PretrainedTokenizer(
                new PretrainedTokenizer.Parts(
                        added,
                        new Normalizer.Sequence(List.of()),
                        new PreTokenizer.ByteLevel(false, true),
                        new Bpe(table, pairs, new Bpe.Settings(null, "", "", false, false, false)),
                        new PostProcessor.TrimOffsets(false),
                        new Decoder.ByteLevel()),
                null,
                null);
    }

    /** BERT's vocabulary, a token a line. */
    private static PretrainedTokenizer bert(Path file) {
        TokenTable table = new TokenTable();
        TextFile.lines(file, "a vocabulary", (number, line) -> table.put(line, (int) number - 1));
        if (table.id("[UNK]") < 0 || table.id("[CLS]") < 0 || table.id("[SEP]") < 0) {
            throw new IllegalArgumentException(
                    file + " lacks one of the tokens [UNK], [CLS] and [SEP], so that it is no"
                            + " vocabulary of BERT; give one, or the tokenizer.json of the model");
        }
        boolean small = setting(file.resolveSibling("tokenizer_config.json"), "do_lower_case", true);
        List<AddedTokens.Token> added = new ArrayList<>();
        for (String special : List.of("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")) {
            if (table.id(special) >= 0) {
                added.add(AddedTokens.Token.of(special, table.id(special), true));
            }
        }
        return new PretrainedTokenizer(
                new PretrainedTokenizer.Parts(
                        added,
                        new Normalizer.Bert(true, true, small, small),
                        new PreTokenizer.Bert(),
                        new WordPiece(table, "[UNK]", "##", 100),
                        PostProcessor.Template.bert(table, table.id("[CLS]"), table.id("[SEP]")),
                        new Decoder.WordPiece("##", true)),
                null,
                null);
    }

    private static boolean setting(Path settings, String key, boolean otherwise) {
        if (!Files.exists(settings)) {
            return otherwise;
        }
        try {
            JsonElement all = Json.read(new String(bytes(settings), StandardCharsets.UTF_8));
            JsonElement value = all.isJsonObject() ? all.getAsJsonObject().get(key) : null;
            return value == null || value.isJsonNull() ? otherwise : value.getAsBoolean();
        } catch (IOException
                | JsonParseException
                | IllegalStateException
                | IllegalArgumentException
                | UnsupportedOperationException e) {
            throw new IllegalArgumentException(
                    settings + " is no JSON, or is damaged: " + e.getMessage() + "; fetch it again", e);
        }
    }

    /** The pieces of llama2.c with their scores, whose blank is a blank; numbers 3 to 258 are those of bytes. */
    private static PretrainedTokenizer llama2c(Path file) {
        ByteBuffer in = ByteBuffer.wrap(bytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        TokenTable table = new TokenTable();
        List<Float> scores = new ArrayList<>();
        int longest = in.remaining() < 4 ? -1 : in.getInt();
        while (in.remaining() >= 8 && longest > 0) {
            scores.add(in.getFloat());
            int length = in.getInt();
            if (length < 0 || length > Math.min(longest, in.remaining())) {
                longest = -1;
                break;
            }
            byte[] text = new byte[length];
            in.get(text);
            table.put(new String(text, StandardCharsets.UTF_8), scores.size() - 1);
        }
        if (longest < 1 || in.remaining() > 0 || scores.size() < 4) {
            throw new IllegalArgumentException(
                    file + " is no tokenizer.bin of llama2.c, or is damaged: a piece is longer"
                            + " than the longest or the file ends within one; fetch it again");
        }
        float[] all = new float[scores.size()];
        boolean[] usable = new boolean[all.length];
        for (int id = 0; id < all.length; id++) {
            all[id] = scores.get(id);
            usable[id] = id >= 3;
        }
        String unknown = String.valueOf(table.token(0));
        boolean fallback = Arrays.stream(table.bytes()).allMatch(id -> id >= 0);
        return new PretrainedTokenizer(
                new PretrainedTokenizer.Parts(
                        List.of(),
                        new SentencePieceModel.Normalization(true, false, ' '),
                        null,
                        SentencePieceModel.scored(table, all, usable, table.id(unknown), fallback),
                        null,
                        new Decoder.Sequence(
                                List.of(new Decoder.ByteFallback(), new Decoder.Fuse(), new Decoder.Strip(' ', 1, 0)))),
                null,
                null);
    }
}

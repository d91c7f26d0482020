package dev.fathom.text;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;

/** Files of tokenizers that people mistake for another, known by their first bytes. */
final class TokenizerFile {
    private static final int HEAD = 1 << 12;
    /** The first keys of a {@code tokenizer.json}. */
    private static final Pattern HUGGING_FACE = Pattern.compile(
            "(?s)\\s*\\{\\s*\"version\"\\s*:\\s*\"[^\"]*\"\\s*,\\s*\"(truncation|padding|added_tokens|model)\".*");

    private static final Pattern SETTINGS = Pattern.compile("(?s)\\s*\\{.*"
            + "\"(tokenizer_class|model_max_length|bos_token|eos_token|unk_token|cls_token)\"\\s*:\\s*[\"{\\d].*");
    /** A token in Base64 and its rank. */
    private static final Pattern TIKTOKEN = Pattern.compile("(?s)[A-Za-z0-9+/]+={0,2} \\d+\\r?\\n.*");

    private static final Pattern WORD_PIECE = Pattern.compile("(?s)\\[(PAD|UNK|unused0)]\\r?\\n.*");

    private TokenizerFile() {}

    /**
     * What a file is that no vocabulary in JSON and no file of merges begins like, with what to do; null where it is
     * not known.
     */
    static @Nullable String known(Path file) {
        byte[] head = head(file);
        String text = new String(head, StandardCharsets.ISO_8859_1);
        if (HUGGING_FACE.matcher(text).matches()) {
            return "it is a tokenizer.json of Hugging Face's tokenizers; read it by PretrainedTokenizer.read, or give"
                    + " the vocab.json and merges.txt that lie beside it";
        }
        if (SETTINGS.matcher(text).matches() && !text.contains("\u0120")) {
            return "it has the settings of a tokenizer and not its tokens; give the vocab.json and merges.txt beside"
                    + " it";
        }
        if (sentencePiece(head)) {
            return "it is a model of SentencePiece, whose pieces are not byte pairs; read it by"
                    + " PretrainedTokenizer.read, or give the vocab.json and merges.txt of a byte-level tokenizer such"
                    + " as GPT-2's";
        }
        if (TIKTOKEN.matcher(text).matches()) {
            return "it is a list of ranks of tiktoken, which has no merges; give the vocab.json and merges.txt of the"
                    + " same tokenizer";
        }
        if (WORD_PIECE.matcher(text).matches()) {
            return "it is a vocabulary of WordPiece, as BERT's vocab.txt, whose pieces are not byte pairs; read it by"
                    + " PretrainedTokenizer.read, or give the vocab.json and merges.txt of a byte-level tokenizer such"
                    + " as GPT-2's";
        }
        return null;
    }

    /** Refuses a file of a known other kind, and one that begins like the other of the two. */
    static void check(Path file, boolean merges) {
        String known = known(file);
        if (known == null) {
            String text = new String(head(file), StandardCharsets.UTF_8).stripLeading();
            if (merges && text.startsWith("{\"")) {
                known = "it is a JSON object and no list of merges; give the vocabulary first and then the merges";
            } else if (!merges && text.startsWith("#version")) {
                known = "it is a list of merges and no vocabulary; give the vocabulary first and then the merges";
            }
        }
        if (known != null) {
            throw new IllegalArgumentException(file + ": " + known);
        }
    }

    /** A repeated message of a piece, its score and its kind in protocol buffers. */
    private static boolean sentencePiece(byte[] b) {
        int text = b.length > 4 ? b[3] : 0;
        return text > 0 && b[0] == 10 && b[2] == 10 && b[1] >= text + 7 && b.length > 4 + text && b[4 + text] == 21;
    }

    /** The first bytes, unpacked; none if they cannot be read, which the reader says. */
    private static byte[] head(Path file) {
        try (InputStream in = new BufferedInputStream(Files.newInputStream(file))) {
            in.mark(2);
            boolean gzip = in.read() == 0x1f && in.read() == 0x8b;
            in.reset();
            return (gzip ? new GZIPInputStream(in) : in).readNBytes(HEAD);
        } catch (IOException e) {
            return new byte[0];
        }
    }
}

package dev.fathom.tokenizer;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The tokenizer of a pretrained model, as the files beside its weights describe it. It gives the very tokens that the
 * model was trained with, and for each the part of the text that it stands for.
 *
 * <pre>{@code
 * var tokenizer = PretrainedTokenizer.read(Path.of("all-MiniLM-L6-v2"));
 * EncodedText e = tokenizer.encode("How do I reset my password?");
 * int[] ids = e.ids();                     // 101, 2129, 2079, 1045, 25141, 2026, 20786, 1029, 102
 * String text = tokenizer.decode(ids);     // how do i reset my password?
 * }</pre>
 *
 * <p>A text is normalized, cut into pieces, and the pieces become tokens by WordPiece, by a unigram model, by byte-pair
 * encoding or word by word; then special tokens are set around them. Time is linear in the length of a text, but for n
 * log n in the length of a single piece. Any number of threads may share an object.
 */
public final class PretrainedTokenizer {
    /** What the files say. */
    record Parts(
            AddedTokens added,
            Normalizer normalizer,
            @Nullable PreTokenizer cut,
            Model model,
            @Nullable PostProcessor processor,
            @Nullable Decoder decoder) {
        Parts(
                List<AddedTokens.Token> added,
                Normalizer normalizer,
                @Nullable PreTokenizer cut,
                Model model,
                @Nullable PostProcessor processor,
                @Nullable Decoder decoder) {
            this(new AddedTokens(added, normalizer), normalizer, cut, model, processor, decoder);
        }
    }

    private final Parts parts;
    private final @Nullable TokenTruncation truncation;
    private final @Nullable TokenPadding padding;
    private final boolean special;
    private final boolean plain;

    PretrainedTokenizer(Parts parts, @Nullable TokenTruncation truncation, @Nullable TokenPadding padding) {
        this(parts, truncation, padding, true, false);
    }

    private PretrainedTokenizer(
            Parts parts,
            @Nullable TokenTruncation truncation,
            @Nullable TokenPadding padding,
            boolean special,
            boolean plain) {
        this.parts = parts;
        this.truncation = truncation;
        this.padding = padding;
        this.special = special;
        this.plain = plain;
    }

    /**
     * Reads a tokenizer from a file, or from the folder of a model: {@code tokenizer.json} of Hugging Face's
     * tokenizers; {@code spiece.model} or {@code tokenizer.model} of SentencePiece; {@code vocab.json} with
     * {@code merges.txt} beside it, as GPT-2 has them; {@code vocab.txt} of BERT, whose letters are small unless
     * {@code tokenizer_config.json} says that {@code do_lower_case} is false; {@code tokenizer.bin} of llama2.c. In a
     * folder the first of these that is there is read. Of a file of llama.cpp ({@code .gguf}) the tokenizer is read.
     *
     * <p>A model of SentencePiece gives what its own library gives: no special tokens around a text, and none found in
     * it. That of DeBERTa's later versions, {@code spm.model}, has {@code [CLS]} and {@code [SEP]} around and
     * {@code [MASK]} behind its pieces.
     *
     * @throws IllegalArgumentException if a file is damaged, or has a part that is not known
     * @throws java.io.UncheckedIOException if it cannot be read
     */
    public static PretrainedTokenizer read(Path file) {
        return TokenizerFiles.read(file);
    }

    /**
     * Reads the text of a {@code tokenizer.json} of Hugging Face's tokenizers, such as one that was put into a
     * {@link dev.fathom.plan.PlanFile} beside the plan.
     *
     * @throws IllegalArgumentException if it is damaged, or has a part that is not known
     */
    public static PretrainedTokenizer ofJson(String text) {
        return TokenizerJson.ofText(text);
    }

    // ---- settings

    /** Returns this tokenizer with another way to cut texts that are too long. */
    public PretrainedTokenizer truncation(TokenTruncation truncation) {
        return new PretrainedTokenizer(parts, truncation, padding, special, plain);
    }

    /** Returns this tokenizer without any limit to the length of a text. */
    public PretrainedTokenizer withoutTruncation() {
        return new PretrainedTokenizer(parts, null, padding, special, plain);
    }

    /** Returns this tokenizer with another way to fill up short texts. */
    public PretrainedTokenizer padding(TokenPadding padding) {
        return new PretrainedTokenizer(parts, truncation, padding, special, plain);
    }

    /** Returns this tokenizer without padding. */
    public PretrainedTokenizer withoutPadding() {
        return new PretrainedTokenizer(parts, truncation, null, special, plain);
    }

    /** Returns this tokenizer without special tokens around the texts. */
    public PretrainedTokenizer withoutSpecialTokens() {
        return new PretrainedTokenizer(parts, truncation, padding, false, plain);
    }

    /**
     * Returns this tokenizer with special tokens in a text taken for text, so that nobody who writes one can forge an
     * end of text or a role.
     */
    public PretrainedTokenizer plainText() {
        return new PretrainedTokenizer(parts, truncation, padding, special, true);
    }

    /** Returns how texts that are too long are cut, if they are. */
    public Optional<TokenTruncation> truncation() {
        return Optional.ofNullable(truncation);
    }

    /** Returns how short texts are filled up, if they are. */
    public Optional<TokenPadding> padding() {
        return Optional.ofNullable(padding);
    }

    // ---- the vocabulary

    /** Returns one more than the largest number of a token. */
    public int size() {
        return parts.model.table().size();
    }

    /** Returns the number of a token, or -1 if there is no such token. */
    public int id(String token) {
        return parts.model.table().id(token);
    }

    /** Returns the token of a number, if there is one. */
    public Optional<String> token(int id) {
        return Optional.ofNullable(parts.model.table().token(id));
    }

    // ---- encoding

    /** Returns the tokens of a text. */
    public EncodedText encode(String text) {
        return padded(List.of(whole(Source.text(text)))).get(0);
    }

    /** Returns the tokens of two texts that belong together, as a question and a passage. */
    public EncodedText encode(String text, String second) {
        return padded(List.of(whole(Source.text(text), Source.text(second)))).get(0);
    }

    /**
     * Returns the tokens of a text that is already cut into words, such as those that a label each belongs to. Every
     * word is encoded for itself: {@link EncodedText#word} is its place in this list, and offsets count within it.
     */
    public EncodedText encodeWords(List<String> words) {
        return padded(List.of(whole(new Source(words, true)))).get(0);
    }

    /** Returns the tokens of two texts that belong together and are already cut into words. */
    public EncodedText encodeWords(List<String> words, List<String> second) {
        return padded(List.of(whole(new Source(words, true), new Source(second, true))))
                .get(0);
    }

    /** Returns the tokens of each text of a batch, filled up to one length if there is padding. */
    public List<EncodedText> encode(List<String> texts) {
        List<EncodedText> all = new ArrayList<>(texts.size());
        for (String text : texts) {
            all.add(whole(Source.text(text)));
        }
        return padded(all);
    }

    /**
     * A text to encode.
     *
     * @param strings the words that it is already cut into, or the whole of it
     * @param words whether these are words
     */
    record Source(List<String> strings, boolean words) {
        static Source text(String text) {
            return new Source(List.of(text), false);
        }

        /** The string that offsets count in, for a token of the word or the piece of this number. */
        String string(int word) {
            return strings.get(words ? word : 0);
        }
    }

    private EncodedText tokens(Source source, int number) {
        Tokens tokens = new Tokens();
        for (String string : source.strings) {
            tokens(string, source.words, tokens);
            tokens.word++;
        }
        return EncodedText.of(parts.model.table(), tokens, number);
    }

    private void tokens(String text, boolean wordsAreGiven, Tokens tokens) {
        List<Text> pieces = new ArrayList<>();
        for (Text piece : parts.added.cut(Text.of(text), plain)) {
            if (piece.added >= 0) {
                pieces.add(piece);
            } else {
                parts.added.cutNormalized(parts.normalizer.normalize(piece), plain, pieces);
            }
        }
        if (parts.cut != null) {
            pieces = PreTokenizer.all(parts.cut, pieces);
        }
        tokens.reserve(pieces.size() + pieces.size() / 2 + 8);
        var trim = parts.processor == null ? null : parts.processor.trim();
        for (Text piece : pieces) {
            if (piece.added >= 0 && trim != null) {
                trim.add(piece, tokens.size, tokens);
            } else if (piece.added >= 0) {
                tokens.add(piece.added, piece, piece.start, piece.end);
            } else if (!piece.isEmpty()) {
                parts.model.tokens(piece, tokens);
            }
            tokens.word += wordsAreGiven ? 0 : 1;
        }
    }

    /** One or two texts with their special tokens, cut where they are too long. */
    private EncodedText whole(Source... texts) {
        List<EncodedText> all = new ArrayList<>(texts.length);
        for (Source text : texts) {
            all.add(tokens(text, all.size()));
        }
        if (truncation != null) {
            int specials = special && parts.processor != null ? parts.processor.added(texts.length > 1) : 0;
            all = truncated(all, truncation, Math.max(0, truncation.length() - specials));
        }
        if (parts.processor != null) {
            all = parts.processor.process(all, List.of(texts), special);
        }
        return EncodedText.join(all);
    }

    private static List<EncodedText> truncated(List<EncodedText> texts, TokenTruncation how, int most) {
        int[] sizes = texts.stream().mapToInt(EncodedText::size).toArray();
        int total = Arrays.stream(sizes).sum();
        if (total <= most) {
            return texts;
        }
        int[] to = sizes.clone();
        if (most == 0) {
            Arrays.fill(to, 0);
        } else if (how.strategy() == TokenTruncation.Strategy.LONGEST_FIRST && texts.size() > 1) {
            int shorter = sizes[0] <= sizes[1] ? 0 : 1;
            int n = sizes[shorter];
            int other = n > most ? n : Math.max(n, most - n);
            if (n + other > most) {
                n = most / 2;
                other = n + most % 2;
            }
            to[shorter] = Math.min(sizes[shorter], n);
            to[1 - shorter] = Math.min(sizes[1 - shorter], other);
        } else {
            int which = how.strategy() == TokenTruncation.Strategy.ONLY_SECOND ? 1 : 0;
            if (which >= texts.size() || sizes[which] <= total - most) {
                throw new IllegalArgumentException("encode: the " + (which == 0 ? "first" : "second")
                        + " text is to be cut so that all have " + most + " tokens, but "
                        + (which >= texts.size()
                                ? "there is no second text"
                                : "the other alone has " + (total - sizes[which]))
                        + "; choose another strategy of truncation");
            }
            to[which] = sizes[which] - (total - most);
        }
        List<EncodedText> cut = new ArrayList<>();
        for (int i = 0; i < to.length; i++) {
            if (to[i] > 0 && to[i] < sizes[i] && how.stride() >= to[i]) {
                throw new IllegalArgumentException("encode: parts of " + to[i] + " tokens cannot share a stride of "
                        + how.stride() + "; choose a smaller stride or a greater length");
            }
            cut.add(texts.get(i).truncated(to[i], how.stride(), how.left()));
        }
        return cut;
    }

    private List<EncodedText> padded(List<EncodedText> all) {
        if (padding == null || all.isEmpty()) {
            return all;
        }
        int length = padding.length() > 0
                ? padding.length()
                : all.stream().mapToInt(EncodedText::size).max().orElse(0);
        if (padding.multiple() > 1) {
            length = (length + padding.multiple() - 1) / padding.multiple() * padding.multiple();
        }
        int to = length;
        TokenPadding p = padding;
        return all.stream().map(e -> e.padded(to, p.id(), p.typeId(), p.left())).toList();
    }

    // ---- decoding

    /**
     * Returns whether what a token adds to a decoded text depends on this token alone, if the text before it is not
     * empty and its last letter is whole. So whoever decodes a text token by token may keep what a token has added.
     */
    public boolean decodesApart() {
        return parts.decoder == null || parts.decoder.apart();
    }

    /**
     * Returns the text of some tokens, without the special ones.
     *
     * @throws IllegalArgumentException if there is no such token
     */
    public String decode(int... ids) {
        return decode(ids, true);
    }

    /**
     * Returns the text of some tokens.
     *
     * @param skipSpecial whether special tokens are left out of it
     * @throws IllegalArgumentException if there is no such token
     */
    public String decode(int[] ids, boolean skipSpecial) {
        List<String> tokens = new ArrayList<>(ids.length);
        for (int id : ids) {
            String token = parts.model.table().token(id);
            if (token == null) {
                throw new IllegalArgumentException("decode: there is no token " + id + " among the " + size()
                        + " of this tokenizer; give the numbers that it gave, or those of a model that belongs to it");
            }
            if (!(skipSpecial && parts.added.special(token))) {
                tokens.add(token);
            }
        }
        if (parts.decoder == null) {
            return String.join(" ", tokens);
        }
        return tokens.isEmpty() ? "" : String.join("", parts.decoder.decode(tokens));
    }
}

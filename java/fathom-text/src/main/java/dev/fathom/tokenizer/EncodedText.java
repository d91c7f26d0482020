package dev.fathom.tokenizer;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A text, or a pair of texts, as tokens: their numbers as a model takes them, and for each token the part of the text
 * that it stands for.
 *
 * <pre>{@code
 * EncodedText e = tokenizer.encode("How do I reset my password?");
 * int[] ids = e.ids();
 * String third = "How do I reset my password?".substring(e.start(3), e.end(3));
 * }</pre>
 *
 * <p>Offsets are indices of Java's strings, which count UTF-16 units, within the text, or within the word where the
 * text was given as words. A token that stands for nothing in the text, such as {@code [CLS]}, begins and ends at 0.
 */
public final class EncodedText {
    /** No text or no word. */
    private static final int NONE = -1;

    private final TokenTable table;
    private final int[] ids;
    private final int[] typeIds;
    private final int[] starts;
    private final int[] ends;
    private final int[] words;
    private final int[] texts;
    /** How many tokens are padding, in front (negative) or behind. */
    private final int padding;

    private final List<EncodedText> overflowing;

    private EncodedText(
            TokenTable table,
            int[] ids,
            int[] typeIds,
            int[] starts,
            int[] ends,
            int[] words,
            int[] texts,
            int padding,
            List<EncodedText> overflowing) {
        this.table = table;
        this.ids = ids;
        this.typeIds = typeIds;
        this.starts = starts;
        this.ends = ends;
        this.words = words;
        this.texts = texts;
        this.padding = padding;
        this.overflowing = overflowing;
    }

    /** What was found in the text of this number, which is that of its type unless a template says another. */
    static EncodedText of(TokenTable table, Tokens tokens, int text) {
        int n = tokens.size;
        int[] texts = new int[n];
        Arrays.fill(texts, text);
        return new EncodedText(
                table,
                Arrays.copyOf(tokens.ids, n),
                texts,
                Arrays.copyOf(tokens.starts, n),
                Arrays.copyOf(tokens.ends, n),
                Arrays.copyOf(tokens.words, n),
                texts,
                0,
                List.of());
    }

    /** Special tokens, which are of no text. */
    static EncodedText special(TokenTable table, int[] ids, int typeId) {
        int n = ids.length;
        int[] types = new int[n];
        Arrays.fill(types, typeId);
        int[] none = new int[n];
        Arrays.fill(none, NONE);
        return new EncodedText(table, ids, types, new int[n], new int[n], none, none, 0, List.of());
    }

    /** Returns how many tokens there are, with special ones and padding. */
    public int size() {
        return ids.length;
    }

    /** Returns the numbers of the tokens. */
    public int[] ids() {
        return ids.clone();
    }

    /** Returns for each token the number that models such as BERT take for the text that it belongs to. */
    public int[] typeIds() {
        return typeIds.clone();
    }

    /** Returns 1 for each token, and 0 for padding. */
    public int[] attentionMask() {
        int[] mask = new int[size()];
        Arrays.fill(mask, Math.max(0, -padding), size() - Math.max(0, padding), 1);
        return mask;
    }

    /** Returns the tokens as they stand in the vocabulary. */
    public List<String> tokens() {
        return Arrays.stream(ids)
                .mapToObj(id -> Objects.requireNonNullElse(table.token(id), ""))
                .toList();
    }

    /** Returns where in its text or its word a token begins. */
    public int start(int token) {
        return starts[Objects.checkIndex(token, size())];
    }

    /** Returns where in its text or its word a token ends. */
    public int end(int token) {
        return ends[Objects.checkIndex(token, size())];
    }

    /**
     * Returns the piece of its text that a token is from, counted from 0, or -1 where it is from none. Where the text
     * was given as words, this is the place of its word in their list.
     */
    public int word(int token) {
        return words[Objects.checkIndex(token, size())];
    }

    /** Returns 0 for a token of the first text, 1 for one of the second, and -1 where it is of none. */
    public int text(int token) {
        return texts[Objects.checkIndex(token, size())];
    }

    /** Returns whether a token was set by the tokenizer and is of no text: {@code [CLS]}, or padding. */
    public boolean special(int token) {
        return text(token) == NONE;
    }

    /** Returns what truncation cut off, in parts that are as long, in their order. */
    public List<EncodedText> overflowing() {
        return overflowing;
    }

    // ---- for the tokenizer

    EncodedText withTypeId(int typeId) {
        int[] types = new int[size()];
        Arrays.fill(types, typeId);
        return new EncodedText(
                table,
                ids,
                types,
                starts,
                ends,
                words,
                texts,
                padding,
                overflowing.stream().map(e -> e.withTypeId(typeId)).toList());
    }

    /** Changes offsets in these texts in place, before anybody has them. */
    void offsets(List<PretrainedTokenizer.Source> of, Trim trim) {
        for (int i = 0; i < ids.length; i++) {
            if (texts[i] != NONE) {
                String token = Objects.requireNonNullElse(table.token(ids[i]), "");
                long both = trim.trimmed(i, token, of.get(texts[i]).string(words[i]), starts[i], ends[i]);
                starts[i] = (int) (both >>> 32);
                ends[i] = (int) both;
            }
        }
        overflowing.forEach(e -> e.offsets(of, trim));
    }

    /** Where a token begins and ends in a text, in the upper and the lower half of a number. */
    interface Trim {
        long trimmed(int at, String token, String text, int start, int end);
    }

    private EncodedText range(int first, int last, List<EncodedText> more) {
        return new EncodedText(
                table,
                Arrays.copyOfRange(ids, first, last),
                Arrays.copyOfRange(typeIds, first, last),
                Arrays.copyOfRange(starts, first, last),
                Arrays.copyOfRange(ends, first, last),
                Arrays.copyOfRange(words, first, last),
                Arrays.copyOfRange(texts, first, last),
                0,
                more);
    }

    /** At most {@code n} tokens, and what does not fit in parts of as many, which share {@code stride} tokens. */
    EncodedText truncated(int n, int stride, boolean left) {
        if (n >= size()) {
            return this;
        }
        if (n == 0) {
            return range(0, 0, List.of(this));
        }
        List<EncodedText> parts = new ArrayList<>();
        int step = n - stride;
        boolean end = false;
        for (int i = 0; i < size() && !end; i += step) {
            int first = left ? Math.max(0, size() - i - n) : i;
            int last = left ? size() - i : Math.min(size(), i + n);
            end = left ? first == 0 : last == size();
            parts.add(range(first, last, List.of()));
        }
        EncodedText main = parts.get(0);
        return main.range(0, main.size(), List.copyOf(parts.subList(1, parts.size())));
    }

    /** Some encodings as one, and what overflows of each together with the others. */
    static EncodedText join(List<EncodedText> parts) {
        if (parts.stream().allMatch(p -> p.overflowing.isEmpty())) {
            return concat(parts);
        }
        EncodedText joined = parts.get(0);
        for (EncodedText part : parts.subList(1, parts.size())) {
            joined = joined.join(part);
        }
        return joined;
    }

    private EncodedText join(EncodedText next) {
        List<EncodedText> more = new ArrayList<>();
        for (EncodedText o : overflowing) {
            more.add(concat(List.of(o, next)));
            for (EncodedText p : next.overflowing) {
                more.add(concat(List.of(o, p)));
            }
        }
        for (EncodedText p : next.overflowing) {
            more.add(concat(List.of(this, p)));
        }
        EncodedText both = concat(List.of(this, next));
        return both.range(0, both.size(), List.copyOf(more));
    }

    /** Without what overflows. */
    private static EncodedText concat(List<EncodedText> parts) {
        int n = parts.stream().mapToInt(EncodedText::size).sum();
        var all = new EncodedText(
                parts.get(0).table,
                new int[n],
                new int[n],
                new int[n],
                new int[n],
                new int[n],
                new int[n],
                0,
                List.of());
        int at = 0;
        for (EncodedText p : parts) {
            System.arraycopy(p.ids, 0, all.ids, at, p.size());
            System.arraycopy(p.typeIds, 0, all.typeIds, at, p.size());
            System.arraycopy(p.starts, 0, all.starts, at, p.size());
            System.arraycopy(p.ends, 0, all.ends, at, p.size());
            System.arraycopy(p.words, 0, all.words, at, p.size());
            System.arraycopy(p.texts, 0, all.texts, at, p.size());
            at += p.size();
        }
        return all;
    }

    /** With padding up to {@code length} tokens. */
    EncodedText padded(int length, int id, int typeId, boolean left) {
        int more = length - size();
        List<EncodedText> others = overflowing.stream()
                .map(e -> e.padded(length, id, typeId, left))
                .toList();
        if (more <= 0) {
            return others.isEmpty() ? this : range(0, size(), others);
        }
        int[] fill = new int[more];
        Arrays.fill(fill, id);
        EncodedText some = special(table, fill, typeId);
        EncodedText all = concat(left ? List.of(some, this) : List.of(this, some));
        return new EncodedText(
                table, all.ids, all.typeIds, all.starts, all.ends, all.words, all.texts, left ? -more : more, others);
    }

    @Override
    public boolean equals(@Nullable Object o) {
        return o instanceof EncodedText e
                && Arrays.equals(ids, e.ids)
                && Arrays.equals(typeIds, e.typeIds)
                && Arrays.equals(starts, e.starts)
                && Arrays.equals(ends, e.ends)
                && Arrays.equals(words, e.words)
                && Arrays.equals(texts, e.texts)
                && padding == e.padding
                && overflowing.equals(e.overflowing);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(ids);
    }

    /** Returns the tokens and their numbers. */
    @Override
    public String toString() {
        return tokens() + " " + Arrays.toString(ids);
    }
}

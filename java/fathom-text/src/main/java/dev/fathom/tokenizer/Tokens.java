package dev.fathom.tokenizer;

import java.util.Arrays;

/** The tokens of a text while they are found: their numbers, and the part of the text that each stands for. */
final class Tokens {
    int[] ids = {};
    int[] starts = {};
    int[] ends = {};
    /** The piece of the text, or the word of the caller's, that each is from. */
    int[] words = {};

    int size;
    /** The piece or the word that is cut now. */
    int word;

    /** Makes room for so many more. */
    void reserve(int more) {
        if (size + more > ids.length) {
            int room = Math.max(2 * size, size + more);
            ids = Arrays.copyOf(ids, room);
            starts = Arrays.copyOf(starts, room);
            ends = Arrays.copyOf(ends, room);
            words = Arrays.copyOf(words, room);
        }
    }

    /** Adds the token of the code points of {@code text} from {@code first} to {@code last}. */
    void add(int id, Text text, int first, int last) {
        reserve(1);
        ids[size] = id;
        starts[size] = text.from(first);
        ends[size] = text.to(last - 1);
        words[size++] = word;
    }
}

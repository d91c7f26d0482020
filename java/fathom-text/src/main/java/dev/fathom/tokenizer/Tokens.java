package dev.fathom.tokenizer;

import java.util.Arrays;

/** The tokens of a text while they are found: their numbers, and the part of the text that each stands for. */
final class Tokens {
    int[] ids;
    int[] starts;
    int[] ends;
    /** The piece of the text that each is from. */
    int[] words;

    int size;
    /** The piece that is cut now. */
    int word;

    Tokens(int room) {
        ids = new int[room];
        starts = new int[room];
        ends = new int[room];
        words = new int[room];
    }

    private void grow() {
        int room = 2 * size + 16;
        ids = Arrays.copyOf(ids, room);
        starts = Arrays.copyOf(starts, room);
        ends = Arrays.copyOf(ends, room);
        words = Arrays.copyOf(words, room);
    }

    /** Adds the token of the code points of {@code text} from {@code first} to {@code last}. */
    void add(int id, Text text, int first, int last) {
        if (size == ids.length) {
            grow();
        }
        ids[size] = id;
        starts[size] = text.from(first);
        ends[size] = text.to(last - 1);
        words[size++] = word;
    }
}

package dev.fathom.tokenizer;

import java.util.Arrays;

/**
 * Strings by their code points, and a number for each: a step from a node by a code point is one look into a table.
 * Once it is filled, any number of threads may walk in it.
 */
final class Trie {
    /** The node in which every walk begins. */
    static final int ROOT = 0;
    /** Where no node or no number is. */
    static final int NONE = -1;

    private static final int POINT_BITS = 21;
    private static final int DIRECT = 128;

    /** The steps, by {@code node << 21 | code point} plus 1; 0 where the place is free. */
    private long[] keys = new long[1 << 10];

    private int[] next = new int[1 << 10];
    private int[] numbers = new int[1 << 8];
    private int nodes = 1;
    /** The first steps by ASCII characters. */
    private final int[] first = new int[DIRECT];

    Trie() {
        Arrays.fill(first, NONE);
        Arrays.fill(numbers, NONE);
    }

    /** Remembers a number for a string, in the place of an earlier one. */
    void put(String string, int number) {
        int node = ROOT;
        for (int i = 0, n; i < string.length(); i += n) {
            int c = string.codePointAt(i);
            n = Character.charCount(c);
            int to = step(node, c);
            node = to == NONE ? add(node, c) : to;
        }
        numbers[node] = number;
    }

    private int add(int node, int c) {
        int made = nodes++;
        if (made == numbers.length) {
            numbers = Arrays.copyOf(numbers, 2 * made);
            Arrays.fill(numbers, made, numbers.length, NONE);
        }
        if (node == ROOT && c < DIRECT) {
            first[c] = made;
            return made;
        }
        if (2 * made > keys.length) {
            long[] old = keys;
            int[] oldNext = next;
            keys = new long[2 * old.length];
            next = new int[2 * old.length];
            for (int i = 0; i < old.length; i++) {
                if (old[i] != 0) {
                    int at = place(old[i]);
                    keys[at] = old[i];
                    next[at] = oldNext[i];
                }
            }
        }
        long key = key(node, c);
        int at = place(key);
        keys[at] = key;
        next[at] = made;
        return made;
    }

    private static long key(int node, int c) {
        return ((long) node << POINT_BITS | c) + 1;
    }

    /** Where a key lies, or the free place for it. */
    private int place(long key) {
        long mixed = key * 0x9e3779b97f4a7c15L;
        int mask = keys.length - 1;
        int at = (int) (mixed >>> 40) & mask;
        while (keys[at] != key && keys[at] != 0) {
            at = at + 1 & mask;
        }
        return at;
    }

    /** The node that a code point leads to, or {@link #NONE}. */
    int step(int node, int c) {
        if (node == ROOT && c < DIRECT) {
            return first[c];
        }
        int at = place(key(node, c));
        return keys[at] == 0 ? NONE : next[at];
    }

    /** The number of the string that ends in a node, or {@link #NONE}. */
    int number(int node) {
        return numbers[node];
    }

    /**
     * The longest string that begins at {@code from} and ends before {@code to}: its number, or {@link #NONE}, in the
     * upper half, and where it ends in the lower half.
     */
    long longest(int[] points, int from, int to) {
        int id = NONE;
        int end = from;
        int node = ROOT;
        for (int i = from; i < to; i++) {
            node = step(node, points[i]);
            if (node == NONE) {
                break;
            }
            if (numbers[node] != NONE) {
                id = numbers[node];
                end = i + 1;
            }
        }
        return (long) id << 32 | end;
    }

    /** The node of a string, or {@link #NONE}. */
    int node(String string) {
        int node = ROOT;
        for (int i = 0; i < string.length() && node != NONE; ) {
            int c = string.codePointAt(i);
            node = step(node, c);
            i += Character.charCount(c);
        }
        return node;
    }
}

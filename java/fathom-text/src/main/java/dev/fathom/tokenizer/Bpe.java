package dev.fathom.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * Byte-pair encoding (Sennrich et al. 2016): a piece is cut into characters, and neighbors are merged, those of the
 * smallest rank first and from the left, until no two of them merge. A character without a token is written by its
 * bytes, or is unknown, or is left out. It takes time n log n for a piece of n characters.
 */
final class Bpe implements Model {
    /** Pieces whose tokens are kept, of so many characters at most. */
    private static final int KEPT = 1 << 14;

    private static final int KEPT_LENGTH = 48;

    /**
     * What a model may do.
     *
     * @param unknown the token of a character without one, or null
     * @param continuation what stands in front of a character that does not begin a piece, or nothing
     * @param suffix what stands behind the last character of a piece, or nothing
     * @param fuseUnknown whether neighbors that are unknown become one token
     * @param byteFallback whether a character without a token is written by the tokens of its bytes
     * @param ignoreMerges whether a piece that is a token stays whole, whatever the merges say
     */
    record Settings(
            @Nullable String unknown,
            String continuation,
            String suffix,
            boolean fuseUnknown,
            boolean byteFallback,
            boolean ignoreMerges) {}

    /** The tokens of a piece: their numbers and where each ends in it, or begins, in pairs. */
    private record Word(int[] points, int[] ids, int[] starts, int[] ends) {
        boolean of(Text piece) {
            return Arrays.equals(points, 0, points.length, piece.points, piece.start, piece.end);
        }
    }

    private final TokenTable table;
    private final Settings settings;
    private final int unknown;
    private final int[] bytes;
    private final Merges merges;
    /** Strings that are tokens of their own wherever they stand. */
    private final Trie symbols;

    private final AtomicReferenceArray<@Nullable Word> kept = new AtomicReferenceArray<>(KEPT);
    /** The tokens of single characters of ASCII, or -1. */
    private final int[] ascii = new int[128];

    Bpe(TokenTable table, Merges merges, Settings settings) {
        this(table, merges, settings, new Trie());
    }

    Bpe(TokenTable table, Merges merges, Settings settings, Trie symbols) {
        this.table = table;
        this.merges = merges;
        this.symbols = symbols;
        this.settings = settings;
        unknown = settings.unknown() == null ? -1 : table.id(settings.unknown());
        bytes = settings.byteFallback() ? table.bytes() : new int[0];
        Arrays.setAll(ascii, c -> table.id(Character.toString(c)));
    }

    @Override
    public TokenTable table() {
        return table;
    }

    /** Pairs of tokens, with the rank and the result of each, in an open table. */
    static final class Merges {
        private long[] pairs;
        private int[] ranks;
        private int[] results;
        private int size;

        Merges(int room) {
            int places = Integer.highestOneBit(Math.max(8, room)) * 4;
            pairs = new long[places];
            Arrays.fill(pairs, -1);
            ranks = new int[places];
            results = new int[places];
        }

        private int place(long pair) {
            int mask = pairs.length - 1;
            int at = (int) (pair * 0x9e3779b97f4a7c15L >>> 40) & mask;
            while (pairs[at] != pair && pairs[at] != -1) {
                at = at + 1 & mask;
            }
            return at;
        }

        /** Merges a pair in the order in which they are put; of two merges of one pair the later holds. */
        void put(int left, int right, int result) {
            put(left, right, result, size);
        }

        /** Whether two tokens and what they make are in a table; they are merged in the order in which they are put. */
        boolean put(TokenTable table, String left, String right, String both) {
            int[] ids = {table.id(left), table.id(right), table.id(both)};
            boolean known = ids[0] >= 0 && ids[1] >= 0 && ids[2] >= 0;
            if (known) {
                put(ids[0], ids[1], ids[2]);
            }
            return known;
        }

        /** Merges a pair before those of a greater rank. */
        void put(int left, int right, int result, int rank) {
            if (2 * (size + 1) > pairs.length) {
                Merges more = new Merges(pairs.length);
                for (int i = 0; i < pairs.length; i++) {
                    if (pairs[i] != -1) {
                        int at = more.place(pairs[i]);
                        more.pairs[at] = pairs[i];
                        more.ranks[at] = ranks[i];
                        more.results[at] = results[i];
                    }
                }
                pairs = more.pairs;
                ranks = more.ranks;
                results = more.results;
            }
            int at = place((long) left << 32 | right);
            pairs[at] = (long) left << 32 | right;
            ranks[at] = rank;
            size++;
            results[at] = result;
        }

        /** Where a pair lies, or -1. */
        int find(int left, int right) {
            int at = place((long) left << 32 | right);
            return pairs[at] == -1 ? -1 : at;
        }
    }

    @Override
    public void tokens(Text piece, Tokens to) {
        int n = piece.size();
        if (n > KEPT_LENGTH) {
            put(word(piece), piece, to);
            return;
        }
        int hash = 1;
        for (int i = piece.start; i < piece.end; i++) {
            hash = 31 * hash + piece.points[i];
        }
        int place = (hash ^ hash >>> 15) & KEPT - 1;
        Word word = kept.getPlain(place);
        if (word == null || !word.of(piece)) {
            word = word(piece);
            kept.setRelease(place, word);
        }
        put(word, piece, to);
    }

    private static void put(Word word, Text piece, Tokens to) {
        for (int i = 0; i < word.ids.length; i++) {
            to.add(word.ids[i], piece, piece.start + word.starts[i], piece.start + word.ends[i]);
        }
    }

    private Word word(Text piece) {
        int[] points = Arrays.copyOfRange(piece.points, piece.start, piece.end);
        if (settings.ignoreMerges()) {
            int id = table.id(piece.toString());
            if (id >= 0) {
                return new Word(points, new int[] {id}, new int[] {0}, new int[] {points.length});
            }
        }
        return new Merging(points).word();
    }

    private int symbol(int c, boolean first, boolean last) {
        boolean bare = (first || settings.continuation().isEmpty())
                && (!last || settings.suffix().isEmpty());
        if (bare) {
            return c < ascii.length ? ascii[c] : table.id(Character.toString(c));
        }
        return table.id(
                (first ? "" : settings.continuation()) + Character.toString(c) + (last ? settings.suffix() : ""));
    }

    /** A piece while its symbols are merged: a list with links, and a heap of the pairs that may be merged. */
    private final class Merging {
        private final int[] points;
        private int[] ids;
        private int[] starts;
        private int[] ends;
        private int size;
        private long[] heap = new long[16];
        private int waiting;

        Merging(int[] points) {
            this.points = points;
            int n = points.length;
            ids = new int[n];
            starts = new int[n];
            ends = new int[n];
            int lastUnknown = -1;
            for (int i = 0; i < n; i++) {
                long whole = symbols.longest(points, i, n);
                if (whole >= 0) {
                    add((int) (whole >>> 32), i, (int) whole);
                    lastUnknown = -1;
                    i = (int) whole - 1;
                    continue;
                }
                int id = symbol(points[i], i == 0, i == n - 1);
                if (id >= 0) {
                    add(id, i, i + 1);
                    lastUnknown = -1;
                } else if (!written(points, i)) {
                    if (unknown >= 0 && settings.fuseUnknown() && lastUnknown >= 0) {
                        ends[lastUnknown] = i + 1;
                    } else if (unknown >= 0) {
                        lastUnknown = size;
                        add(unknown, i, i + 1);
                    }
                }
            }
        }

        private void add(int id, int first, int last) {
            if (size == ids.length) {
                ids = Arrays.copyOf(ids, 2 * size + 4);
                starts = Arrays.copyOf(starts, 2 * size + 4);
                ends = Arrays.copyOf(ends, 2 * size + 4);
            }
            ids[size] = id;
            starts[size] = first;
            ends[size++] = last;
        }

        /** Writes a character by its bytes, if each of them has a token. */
        private boolean written(int[] points, int i) {
            if (bytes.length == 0) {
                return false;
            }
            byte[] all = Character.toString(points[i]).getBytes(StandardCharsets.UTF_8);
            for (byte b : all) {
                if (bytes[b & 0xff] < 0) {
                    return false;
                }
            }
            for (byte b : all) {
                add(bytes[b & 0xff], i, i + 1);
            }
            return true;
        }

        Word word() {
            int n = size;
            int[] next = new int[n];
            int[] previous = new int[n];
            for (int i = 0; i < n; i++) {
                next[i] = i + 1;
                previous[i] = i - 1;
            }
            for (int i = 0; i + 1 < n; i++) {
                offer(i, i + 1);
            }
            while (waiting > 0) {
                long first = poll();
                int i = (int) first;
                int right = ids[i] < 0 ? n : next[i];
                int merge = right >= n ? -1 : merges.find(ids[i], ids[right]);
                if (merge < 0 || merges.ranks[merge] != first >>> 32) {
                    continue; // one of the two is part of another token by now
                }
                ids[i] = merges.results[merge];
                ends[i] = ends[right];
                ids[right] = -1;
                next[i] = next[right];
                if (next[i] < n) {
                    previous[next[i]] = i;
                    offer(i, next[i]);
                }
                if (previous[i] >= 0) {
                    offer(previous[i], i);
                }
            }
            int m = 0;
            for (int i = 0; i < n; i = next[i]) {
                ids[m] = ids[i];
                starts[m] = starts[i];
                ends[m++] = ends[i];
            }
            return new Word(points, Arrays.copyOf(ids, m), Arrays.copyOf(starts, m), Arrays.copyOf(ends, m));
        }

        private void offer(int left, int right) {
            int merge = merges.find(ids[left], ids[right]);
            if (merge < 0) {
                return;
            }
            if (waiting == heap.length) {
                heap = Arrays.copyOf(heap, 2 * waiting);
            }
            long value = (long) merges.ranks[merge] << 32 | left;
            int at = waiting++;
            while (at > 0 && heap[(at - 1) / 2] > value) {
                heap[at] = heap[(at - 1) / 2];
                at = (at - 1) / 2;
            }
            heap[at] = value;
        }

        private long poll() {
            long first = heap[0];
            long value = heap[--waiting];
            int at = 0;
            for (int child = 1; child < waiting; child = 2 * at + 1) {
                if (child + 1 < waiting && heap[child + 1] < heap[child]) {
                    child++;
                }
                if (heap[child] >= value) {
                    break;
                }
                heap[at] = heap[child];
                at = child;
            }
            heap[at] = value;
            return first;
        }
    }
}

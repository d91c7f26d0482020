package dev.fathom.text;

import dev.fathom.io.AtomicFile;
import dev.fathom.io.TextFile;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Byte-pair encoding as GPT-2 has it (Sennrich et al. 2016, Radford et al. 2019): a text is cut into pieces (a word
 * with the blank before it, a number, a run of punctuation or of white space), each piece becomes its bytes in UTF-8,
 * and the pairs of neighbors that were most frequent in training are merged in the order in which training found them.
 * Every text has tokens, none is unknown, and {@link #decode} gives the text back; only a lone surrogate, which is no
 * character, becomes U+FFFD.
 *
 * <pre>{@code
 * var bpe = BytePairs.train(List.of(shakespeare), 512);                        // or BytePairs.read(vocab, merges)
 * int[] ids = bpe.encode("To be, or not to be");
 * }</pre>
 *
 * <p>In names of tokens each byte is one printable character, in the table of GPT-2: the blank is {@code Ġ} and the
 * line feed {@code Ċ}. A special token such as {@code <|endoftext|>} is in the {@link #vocabulary} but never comes out
 * of a text.
 *
 * <p>Encoding takes time n log n for a piece of n bytes, however long. Any number of threads may share an object.
 */
public final class BytePairs implements Tokenizer {
    private static final Pattern PIECE = Pattern.compile("'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+"
            + "| ?[^\\p{IsWhite_Space}\\p{L}\\p{N}]+|\\p{IsWhite_Space}+(?!\\P{IsWhite_Space})|\\p{IsWhite_Space}+");

    private static final int BYTES = 256;
    /** Of each byte. */
    private static final char[] LETTERS = new char[BYTES];

    private static final Map<Character, Integer> BYTE_OF = new HashMap<>();
    /** The bytes in the order of their numbers in a vocabulary that was trained: those that are printable first. */
    private static final int[] ORDER = new int[BYTES];

    static {
        int printable = 0;
        for (int b = 0; b < BYTES; b++) {
            if (printable(b)) {
                ORDER[printable++] = b;
            }
        }
        int others = 0;
        for (int b = 0; b < BYTES; b++) {
            LETTERS[b] = (char) b;
            if (!printable(b)) {
                ORDER[printable + others] = b;
                LETTERS[b] = (char) (BYTES + others++);
            }
            BYTE_OF.put(LETTERS[b], b);
        }
    }

    private static boolean printable(int b) {
        return b >= '!' && b <= '~' || b >= 0xa1 && b <= 0xac || b >= 0xae;
    }

    private final Vocabulary vocabulary;
    /** The pairs of tokens in the order in which they are merged. */
    private final List<Merge> merges;
    /** {@link #pair} to its place in the order. */
    private final Map<Long, Integer> ranks;
    /** Of each byte. */
    private final int[] bytes = new int[BYTES];

    /** Two tokens and what they become, by their numbers. */
    private record Merge(int left, int right, int merged) {}

    private BytePairs(Vocabulary vocabulary, List<Merge> merges) {
        this.vocabulary = vocabulary;
        this.merges = merges;
        for (int b = 0; b < BYTES; b++) {
            bytes[b] = vocabulary.id(String.valueOf(LETTERS[b]));
        }
        ranks = new HashMap<>(2 * merges.size());
        for (int i = 0; i < merges.size(); i++) {
            ranks.put(pair(merges.get(i).left, merges.get(i).right), i);
        }
    }

    private static long pair(int left, int right) {
        return (long) left << 32 | right;
    }

    // ---- training

    /**
     * Learns merges from some texts until the vocabulary has {@code size} tokens, or no pair comes twice. The 256 bytes
     * come first, then the merges in their order. At each step the most frequent pair is merged; of pairs that are
     * equally frequent, it is the one whose left token has the smaller number, and then the one whose right token has
     * it. A pair whose bytes are a token already is passed over. The same texts always give the same merges.
     *
     * @throws IllegalArgumentException if the size is less than 256
     */
    public static BytePairs train(Iterable<String> texts, int size) {
        if (size < BYTES) {
            throw new IllegalArgumentException(
                    "train: size=" + size + " but the bytes alone are 256 tokens; choose 256 or more");
        }
        Map<String, long[]> pieces = new LinkedHashMap<>();
        for (String text : texts) {
            Matcher m = PIECE.matcher(whole(text));
            while (m.find()) {
                pieces.computeIfAbsent(m.group(), p -> new long[1])[0]++;
            }
        }
        int[] place = new int[BYTES];
        List<String> names = new ArrayList<>();
        for (int i = 0; i < BYTES; i++) {
            place[ORDER[i]] = i;
            names.add(String.valueOf(LETTERS[ORDER[i]]));
        }
        List<Merge> merges = new Training(pieces, place).merges(names, size);
        return new BytePairs(Vocabulary.ofTokens(names), merges);
    }

    /** The pieces of the texts as tokens, and how often each pair of neighbors is in them. */
    private static final class Training {
        /**
         * A pair and how often it came when it was written down; a smaller number that holds now is found when the pair
         * is the first.
         */
        private record Candidate(long pair, long count) {}

        private final List<int[]> pieces = new ArrayList<>();
        private final long[] times;
        private final Map<Long, Long> counts = new HashMap<>();
        /** The pieces that have, or had, a pair. */
        private final Map<Long, Set<Integer>> places = new HashMap<>();

        private final PriorityQueue<Candidate> queue = new PriorityQueue<>(
                Comparator.comparingLong(Candidate::count).reversed().thenComparingLong(Candidate::pair));

        Training(Map<String, long[]> texts, int[] place) {
            times = texts.values().stream().mapToLong(n -> n[0]).toArray();
            texts.keySet().forEach(text -> {
                byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
                int[] piece = new int[bytes.length];
                Arrays.setAll(piece, i -> place[bytes[i] & 0xff]);
                pieces.add(piece);
            });
            for (int i = 0; i < times.length; i++) {
                count(i, times[i]);
            }
            counts.forEach((pair, count) -> queue.add(new Candidate(pair, count)));
        }

        /** Adds {@code times} to the pairs of a piece. */
        private void count(int i, long times) {
            int[] piece = pieces.get(i);
            for (int k = 1; k < piece.length; k++) {
                long pair = pair(piece[k - 1], piece[k]);
                counts.merge(pair, times, Long::sum);
                if (times > 0) {
                    places.computeIfAbsent(pair, p -> new HashSet<>()).add(i);
                }
            }
        }

        List<Merge> merges(List<String> names, int size) {
            List<Merge> merges = new ArrayList<>();
            Set<String> known = new HashSet<>(names);
            while (names.size() < size && !queue.isEmpty()) {
                Candidate best = queue.poll();
                long now = counts.getOrDefault(best.pair, 0L);
                if (now != best.count) {
                    if (now > 1) {
                        queue.add(new Candidate(best.pair, now));
                    }
                    continue;
                }
                if (now < 2) {
                    break;
                }
                int left = (int) (best.pair >> 32);
                int right = (int) best.pair;
                String name = names.get(left) + names.get(right);
                if (!known.add(name)) { // the same bytes by another way: a token has one number
                    counts.remove(best.pair);
                    continue;
                }
                merges.add(new Merge(left, right, names.size()));
                merge(left, right, names.size(), best.pair);
                names.add(name);
            }
            return merges;
        }

        private void merge(int left, int right, int merged, long pair) {
            Set<Long> grown = new HashSet<>();
            for (int i : places.getOrDefault(pair, Set.of())) {
                count(i, -times[i]);
                int[] piece = pieces.get(i);
                int n = 0;
                for (int k = 0; k < piece.length; k++) {
                    boolean both = k + 1 < piece.length && piece[k] == left && piece[k + 1] == right;
                    piece[n++] = both ? merged : piece[k];
                    k += both ? 1 : 0;
                }
                int[] shorter = Arrays.copyOf(piece, n);
                pieces.set(i, shorter);
                count(i, times[i]);
                for (int k = 1; k < n; k++) {
                    if (shorter[k - 1] == merged || shorter[k] == merged) {
                        grown.add(pair(shorter[k - 1], shorter[k]));
                    }
                }
            }
            places.remove(pair);
            for (long p : grown) {
                queue.add(new Candidate(p, counts.getOrDefault(p, 0L)));
            }
        }
    }

    // ---- files

    /**
     * Reads a vocabulary and its merges in the two files of GPT-2, plain or gzip: {@code vocab.json}, an object from
     * token to number, and {@code merges.txt} (once {@code vocab.bpe}), two tokens a line in the order of the merges
     * after a first line that may begin with {@code #version}.
     *
     * @throws IllegalArgumentException if a file is damaged or of another tokenizer, which is named, the vocabulary
     *     lacks a byte or what a line merges, or a line merges what no line before it makes
     * @throws java.io.UncheckedIOException if a file cannot be read
     */
    public static BytePairs read(Path vocabulary, Path merges) {
        TokenizerFile.check(vocabulary, false);
        TokenizerFile.check(merges, true);
        Vocabulary tokens = Vocabulary.json(vocabulary);
        Set<String> made = new HashSet<>();
        for (char letter : LETTERS) {
            if (!tokens.contains(String.valueOf(letter))) {
                throw new IllegalArgumentException(vocabulary + ": it lacks the token " + letter
                        + " of a byte, but byte-pair encoding needs all 256; give the file that belongs to " + merges);
            }
            made.add(String.valueOf(letter));
        }
        List<Merge> all = new ArrayList<>();
        TextFile.lines(merges, "a file of merges", (number, line) -> {
            if (number == 1 && line.startsWith("#version")) {
                return;
            }
            int blank = line.indexOf(' ');
            String left = line.substring(0, Math.max(0, blank));
            String right = line.substring(blank + 1);
            if (left.isEmpty() || right.isEmpty() || right.indexOf(' ') >= 0) {
                throw new IllegalArgumentException(merges + " line " + number
                        + ": it is not two tokens with a blank between them; the file is damaged, fetch it again");
            }
            if (!made.contains(left) || !made.contains(right)) {
                throw new IllegalArgumentException(merges + " line " + number + ": it merges "
                        + Vocabulary.shown(made.contains(left) ? right : left)
                        + ", which is no byte and which no line before it makes; the file is damaged, fetch it again");
            }
            if (!made.add(left + right) || !tokens.contains(left + right)) {
                throw new IllegalArgumentException(merges + " line " + number + ": "
                        + Vocabulary.shown(left + right) + " is "
                        + (tokens.contains(left + right) ? "made by a line before it" : "not in " + vocabulary)
                        + "; give two files that belong together");
            }
            all.add(new Merge(tokens.id(left), tokens.id(right), tokens.id(left + right)));
        });
        return new BytePairs(tokens, all);
    }

    /**
     * Writes the two files that {@link #read} takes.
     *
     * @throws java.io.UncheckedIOException if one cannot be written
     */
    public void save(Path vocabulary, Path merges) {
        StringBuilder json = new StringBuilder("{");
        for (int id = 0; id < size(); id++) {
            json.append(id == 0 ? "" : ", ").append(quoted(this.vocabulary.token(id)));
            json.append(": ").append(id);
        }
        byte[] object = json.append("}\n").toString().getBytes(StandardCharsets.UTF_8);
        StringBuilder lines = new StringBuilder("#version: 0.2\n");
        for (Merge m : this.merges) {
            lines.append(this.vocabulary.token(m.left)).append(' ');
            lines.append(this.vocabulary.token(m.right)).append('\n');
        }
        byte[] text = lines.toString().getBytes(StandardCharsets.UTF_8);
        AtomicFile.write(vocabulary, out -> out.write(object));
        AtomicFile.write(merges, out -> out.write(text));
    }

    private static String quoted(String token) {
        return new com.google.gson.JsonPrimitive(token).toString();
    }

    // ---- encoding

    /** Returns the tokens with their numbers. */
    public Vocabulary vocabulary() {
        return vocabulary;
    }

    /** Returns the number of tokens: 256 bytes, the merges, and special tokens. */
    public int size() {
        return vocabulary.size();
    }

    /** Returns the numbers of the tokens of a text. */
    public int[] encode(String text) {
        IntList ids = new IntList();
        Matcher m = PIECE.matcher(whole(text));
        while (m.find()) {
            merged(m.group().getBytes(StandardCharsets.UTF_8), ids);
        }
        return ids.toArray();
    }

    /**
     * Returns the text of some tokens. Bytes that are no character, such as the first half of one, become U+FFFD.
     *
     * @throws IllegalArgumentException if there is no such token
     */
    public String decode(int... ids) {
        return text(vocabulary.tokens(ids));
    }

    @Override
    public List<String> tokens(String text) {
        return vocabulary.tokens(encode(text));
    }

    @Override
    public String text(List<String> tokens) {
        return written(tokens);
    }

    /**
     * Returns the printable character by which tokens of this kind write a byte.
     *
     * @param b the byte, of which the lowest eight bits count
     */
    public static char letter(int b) {
        return LETTERS[b & 0xff];
    }

    /**
     * Returns the text whose bytes these tokens write, whatever their vocabulary. A token that has other characters
     * than those of bytes stands for itself, and bytes that are no character become U+FFFD.
     */
    public static String written(List<String> tokens) {
        var all = new ByteArrayOutputStream();
        for (String token : tokens) {
            boolean ofBytes = token.chars().allMatch(c -> BYTE_OF.containsKey((char) c));
            if (ofBytes) {
                token.chars().forEach(c -> all.write(BYTE_OF.getOrDefault((char) c, 0)));
            } else {
                all.writeBytes(token.getBytes(StandardCharsets.UTF_8)); // a special one, as it is written
            }
        }
        return all.toString(StandardCharsets.UTF_8);
    }

    /** The text with U+FFFD for each surrogate that stands alone, which UTF-8 cannot write. */
    private static String whole(String text) {
        StringBuilder changed = null;
        for (int i = 0, n; i < text.length(); i += n) {
            int c = text.codePointAt(i);
            n = Character.charCount(c);
            if (c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE) {
                changed = changed == null ? new StringBuilder(text) : changed;
                changed.setCharAt(i, '\ufffd');
            }
        }
        return changed == null ? text : changed.toString();
    }

    /**
     * Merges the bytes of a piece: the pair that comes first in the order, the leftmost of its places first, until none
     * is left. The queue holds (place in the order, place in the piece); the tokens are a list with links, in which a
     * merged right half is -1.
     */
    private void merged(byte[] piece, IntList to) {
        int n = piece.length;
        int[] ids = new int[n];
        int[] next = new int[n];
        int[] previous = new int[n];
        for (int i = 0; i < n; i++) {
            ids[i] = bytes[piece[i] & 0xff];
            next[i] = i + 1;
            previous[i] = i - 1;
        }
        PriorityQueue<Long> queue = new PriorityQueue<>();
        for (int i = 0; i + 1 < n; i++) {
            offer(queue, ids[i], ids[i + 1], i);
        }
        for (Long first = queue.poll(); first != null; first = queue.poll()) {
            int i = (int) (long) first;
            Merge m = merges.get((int) (first >> 32));
            int right = next[i];
            if (ids[i] != m.left || right >= n || ids[right] != m.right) {
                continue; // one of the two is part of another token by now
            }
            ids[i] = m.merged;
            ids[right] = -1;
            next[i] = next[right];
            if (next[i] < n) {
                previous[next[i]] = i;
                offer(queue, ids[i], ids[next[i]], i);
            }
            if (previous[i] >= 0) {
                offer(queue, ids[previous[i]], ids[i], previous[i]);
            }
        }
        for (int i = 0; i < n; i = next[i]) {
            to.add(ids[i]);
        }
    }

    private void offer(PriorityQueue<Long> queue, int left, int right, int at) {
        Integer rank = ranks.get(pair(left, right));
        if (rank != null) {
            queue.add((long) rank << 32 | at);
        }
    }

    /** Numbers without a box. */
    private static final class IntList {
        private int[] all = new int[64];
        private int size;

        void add(int value) {
            if (size == all.length) {
                all = Arrays.copyOf(all, 2 * size);
            }
            all[size++] = value;
        }

        int[] toArray() {
            return Arrays.copyOf(all, size);
        }
    }
}

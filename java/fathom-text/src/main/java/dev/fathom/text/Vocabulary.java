package dev.fathom.text;

import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import com.google.gson.stream.MalformedJsonException;
import dev.fathom.io.AtomicFile;
import dev.fathom.io.TextFile;
import java.io.IOException;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The tokens that a model knows, numbered from 0: {@link Reserved} ones first, then the others by falling frequency.
 * Tokens that are equally frequent are in the order of their characters, so that the numbers depend on nothing but the
 * counts.
 *
 * <pre>{@code
 * var words = new Words().lowerCase();
 * var vocabulary = Vocabulary.of(train.tokens(words)).atLeast(5).limit(20_000).reserved(Reserved.STANDARD);
 * int[] ids = vocabulary.ids(words.tokens("A strange film."));
 * }</pre>
 *
 * <p>A vocabulary is immutable: each method that changes it returns another.
 */
public final class Vocabulary {
    /** Tokens of a vocabulary, and characters of a file of one, at most. */
    private static final int MOST = 1 << 26;

    private final Reserved reserved;
    private final List<String> tokens;
    private final Map<String, Integer> ids;
    /** Of the tokens that are not reserved; null where the vocabulary was read. */
    private final long @Nullable [] counts;

    /** Tokens that are different, the reserved ones among them. */
    private Vocabulary(Reserved reserved, List<String> tokens, long @Nullable [] counts) {
        this.reserved = reserved;
        this.tokens = List.copyOf(tokens);
        this.counts = counts;
        ids = new HashMap<>(tokens.size() * 2);
        for (int i = 0; i < tokens.size(); i++) {
            if (ids.put(tokens.get(i), i) != null) {
                throw new IllegalArgumentException("vocabulary: the token " + shown(tokens.get(i))
                        + " comes twice, first as " + tokens.indexOf(tokens.get(i)) + " and then as " + i
                        + "; leave one out");
            }
        }
    }

    // ---- making

    /**
     * Counts the tokens of some documents, such as {@link Texts#tokens}. No token is reserved.
     *
     * @throws IllegalArgumentException if there are no tokens
     */
    public static Vocabulary of(Iterable<List<String>> documents) {
        Map<String, long[]> seen = new HashMap<>();
        for (List<String> document : documents) {
            for (String token : document) {
                seen.computeIfAbsent(token, t -> new long[1])[0]++;
            }
        }
        if (seen.isEmpty()) {
            throw new IllegalArgumentException(
                    "vocabulary: there are no tokens in the documents; give at least one that is not empty");
        }
        List<String> sorted = new ArrayList<>(seen.keySet());
        sorted.sort((a, b) -> {
            int more = Long.compare(count(seen, b), count(seen, a));
            return more != 0 ? more : a.compareTo(b);
        });
        return new Vocabulary(
                Reserved.NONE,
                sorted,
                sorted.stream().mapToLong(t -> count(seen, t)).toArray());
    }

    private static long count(Map<String, long[]> seen, String token) {
        return seen.getOrDefault(token, new long[1])[0];
    }

    /**
     * Makes a vocabulary of these tokens in this order, none of them reserved.
     *
     * @throws IllegalArgumentException if there are none, or one comes twice
     */
    public static Vocabulary ofTokens(List<String> tokens) {
        if (tokens.isEmpty()) {
            throw new IllegalArgumentException("vocabulary: there are no tokens; give at least one");
        }
        return new Vocabulary(Reserved.NONE, tokens, null);
    }

    /**
     * Returns the tokens that came {@code count} times or more, and the reserved ones.
     *
     * @throws IllegalArgumentException if no token is left
     * @throws IllegalStateException if the vocabulary was read from a file, which has no counts
     */
    public Vocabulary atLeast(long count) {
        long[] known = counts;
        if (known == null) {
            throw new IllegalStateException(
                    "atLeast: this vocabulary was not counted, so its tokens have no frequencies; use limit");
        }
        return kept("atLeast: no token came " + count + " times", (int)
                Arrays.stream(known).filter(c -> c >= count).count());
    }

    /**
     * Returns a vocabulary of the {@code size} most frequent tokens; reserved tokens are kept and do not count.
     *
     * @throws IllegalArgumentException if no token is left
     */
    public Vocabulary limit(int size) {
        int others = size() - reserved.tokens().size();
        return kept("limit: " + size + " tokens are kept of " + others, Math.min(size, others));
    }

    private Vocabulary kept(String none, int n) {
        if (n < 1) {
            throw new IllegalArgumentException(none + ", so the vocabulary would be empty; keep at least one");
        }
        return new Vocabulary(
                reserved,
                tokens.subList(0, reserved.tokens().size() + n),
                counts == null ? null : Arrays.copyOf(counts, n));
    }

    /**
     * Returns this vocabulary with these tokens in front, instead of those that were reserved before.
     *
     * @throws IllegalArgumentException if one of them is a token already
     */
    public Vocabulary reserved(Reserved reserved) {
        List<String> all = new ArrayList<>(reserved.tokens());
        all.addAll(tokens.subList(this.reserved.tokens().size(), tokens.size()));
        return new Vocabulary(reserved, all, counts);
    }

    // ---- asking

    /** Returns the number of tokens, the reserved ones among them: the rows of an embedding. */
    public int size() {
        return tokens.size();
    }

    /** Returns the reserved tokens. */
    public Reserved reserved() {
        return reserved;
    }

    /** Returns all tokens in the order of their numbers. */
    public List<String> tokens() {
        return tokens;
    }

    /** Returns whether a token is in the vocabulary. */
    public boolean contains(String token) {
        return ids.containsKey(token);
    }

    /**
     * Returns the number of a token, or that of the unknown token.
     *
     * @throws IllegalArgumentException if the token is unknown and there is no token for that
     */
    public int id(String token) {
        Integer id = ids.get(token);
        if (id != null) {
            return id;
        }
        if (reserved.unknown() < 0) {
            throw new IllegalArgumentException("id: the token " + shown(token) + " is none of the " + size()
                    + " of this vocabulary; reserve an unknown token, or count texts that have it");
        }
        return reserved.unknown();
    }

    /**
     * Returns the token of a number.
     *
     * @throws IllegalArgumentException if there is no such token
     */
    public String token(int id) {
        if (id < 0 || id >= tokens.size()) {
            throw new IllegalArgumentException("token: " + id + " is outside [0, " + tokens.size()
                    + "); this vocabulary has " + tokens.size() + " tokens");
        }
        return tokens.get(id);
    }

    /**
     * Returns the numbers of some tokens.
     *
     * @throws IllegalArgumentException as {@link #id}
     */
    public int[] ids(List<String> tokens) {
        return tokens.stream().mapToInt(this::id).toArray();
    }

    /**
     * Returns the numbers of some tokens, with the start token in front and the end token behind where they are
     * reserved.
     *
     * @throws IllegalArgumentException as {@link #id}
     */
    public int[] withStartAndEnd(List<String> tokens) {
        int before = reserved.start() < 0 ? 0 : 1;
        int after = reserved.end() < 0 ? 0 : 1;
        int[] all = new int[before + tokens.size() + after];
        System.arraycopy(ids(tokens), 0, all, before, tokens.size());
        if (before > 0) {
            all[0] = reserved.start();
        }
        if (after > 0) {
            all[all.length - 1] = reserved.end();
        }
        return all;
    }

    /**
     * Returns the tokens of some numbers.
     *
     * @throws IllegalArgumentException if there is no such token
     */
    public List<String> tokens(int... ids) {
        return Arrays.stream(ids).mapToObj(this::token).toList();
    }

    /**
     * Returns how often a token came in the documents that were counted.
     *
     * @throws IllegalArgumentException if the token is unknown or reserved
     * @throws IllegalStateException if the vocabulary was read from a file, which has no counts
     */
    public long count(String token) {
        Integer id = ids.get(token);
        if (id == null || id < reserved.tokens().size()) {
            throw new IllegalArgumentException("count: " + shown(token) + " is "
                    + (id == null ? "not in this vocabulary" : "reserved") + "; ask for a token that was counted");
        }
        if (counts == null) {
            throw new IllegalStateException("count: this vocabulary was not counted; make it with Vocabulary.of");
        }
        return counts[id - reserved.tokens().size()];
    }

    /** Returns a short form such as {@code Vocabulary of 10004 tokens, 4 reserved}. */
    @Override
    public String toString() {
        return "Vocabulary of " + size() + (size() == 1 ? " token, " : " tokens, ")
                + reserved.tokens().size() + " reserved";
    }

    static String shown(String token) {
        String text = escaped(token.length() > 60 ? token.substring(0, 60) + "..." : token);
        return "\"" + text + "\"";
    }

    // ---- files

    /**
     * Writes one token a line in the order of the numbers, the reserved ones first. Backslash, line feed and carriage
     * return are written as {@code \\}, {@code \n} and {@code \r}. The counts are not written.
     *
     * @throws java.io.UncheckedIOException if the file cannot be written
     */
    public void save(Path file) {
        StringBuilder text = new StringBuilder();
        tokens.forEach(t -> text.append(escaped(t)).append('\n'));
        AtomicFile.write(file, out -> out.write(text.toString().getBytes(StandardCharsets.UTF_8)));
    }

    private static String escaped(String token) {
        return token.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r");
    }

    /**
     * Reads what {@link #save} wrote, plain or gzip. The file must begin with the tokens of {@code reserved}.
     *
     * @throws IllegalArgumentException if the file has no tokens or other reserved ones, a line is empty, a token comes
     *     twice, an escape is unknown, the last line does not end, or the text is not UTF-8
     * @throws java.io.UncheckedIOException if it cannot be read
     */
    public static Vocabulary load(Path file, Reserved reserved) {
        List<String> tokens = new ArrayList<>();
        Map<String, Long> seen = new HashMap<>();
        String text = TextFile.read(file, "a vocabulary", MOST);
        if (!text.isEmpty() && !text.endsWith("\n")) {
            throw new IllegalArgumentException(
                    file + ": it ends in the middle of a line; the file is truncated, fetch it again");
        }
        for (int from = 0, end; from < text.length(); from = end + 1) {
            end = text.indexOf('\n', from);
            long number = tokens.size() + 1L;
            boolean dos = end > from && text.charAt(end - 1) == '\r';
            String token = unescaped(file, number, text.substring(from, dos ? end - 1 : end));
            Long before = seen.put(token, number);
            if (token.isEmpty() || before != null) {
                throw new IllegalArgumentException(file + " line " + number + ": "
                        + (before == null ? "it is empty" : shown(token) + " stands on line " + before + " already")
                        + "; write one token on each line, each once");
            }
            tokens.add(token);
        }
        int n = reserved.tokens().size();
        if (tokens.size() < n || !tokens.subList(0, n).equals(reserved.tokens())) {
            throw new IllegalArgumentException(file + ": it does not begin with the reserved tokens "
                    + reserved.tokens() + "; name those that it was saved with");
        }
        if (tokens.size() == n) {
            throw new IllegalArgumentException(
                    file + ": it has no tokens but reserved ones; the vocabulary is empty, so give another file");
        }
        return new Vocabulary(reserved, tokens, null);
    }

    private static String unescaped(Path file, long number, String line) {
        if (line.indexOf('\\') < 0) {
            return line;
        }
        StringBuilder token = new StringBuilder();
        for (int i = 0; i < line.length(); i++) {
            char c = line.charAt(i);
            if (c == '\\') {
                char next = ++i < line.length() ? line.charAt(i) : ' ';
                if (next != '\\' && next != 'n' && next != 'r') {
                    throw new IllegalArgumentException(file + " line " + number
                            + ": after a backslash there may be n, r or a backslash; write a backslash as \\\\");
                }
                c = next == 'n' ? '\n' : next == 'r' ? '\r' : '\\';
            }
            token.append(c);
        }
        return token.toString();
    }

    /**
     * Reads a JSON object from token to number, plain or gzip, such as the {@code vocab.json} of GPT-2. Each token
     * keeps its number; the numbers begin at 0 and leave none out. None is reserved.
     *
     * @throws IllegalArgumentException if the file is not such an object, is damaged, has no tokens, or a token or a
     *     number comes twice or is missing; if the numbers begin at 1, for which {@link #json(Path, Reserved, int)}
     *     says what the others mean
     * @throws java.io.UncheckedIOException if it cannot be read
     */
    public static Vocabulary json(Path file) {
        return json(file, Reserved.NONE, 0);
    }

    /**
     * Reads a JSON object from token to number, plain or gzip, in which some numbers are reserved. The number of a
     * token is that of the file plus {@code offset}, and each reserved token has its place in {@code reserved}, whether
     * or not the file has it:
     *
     * <ul>
     *   <li>{@code json(file, Reserved.KERAS, 3)} reads the word index of Keras's IMDB reviews, whose numbers begin at
     *       1, with Keras's {@code index_from=3}
     *   <li>{@code json(file, Reserved.PADDING, 0)} reads the {@code word_index} of a Keras {@code Tokenizer}, whose
     *       numbers begin at 1 because 0 is padding
     * </ul>
     *
     * @throws IllegalArgumentException as {@link #json(Path)}, or if the file has a reserved token under another number
     * @throws java.io.UncheckedIOException if it cannot be read
     */
    public static Vocabulary json(Path file, Reserved reserved, int offset) {
        Map<String, Integer> numbers = new LinkedHashMap<>();
        String text = TextFile.read(file, "a vocabulary in JSON", MOST);
        try (JsonReader in = new JsonReader(new StringReader(text))) {
            in.beginObject();
            while (in.hasNext()) {
                String token = in.nextName();
                if (numbers.put(token, in.nextInt()) != null) {
                    throw new IllegalArgumentException(
                            file + ": the token " + shown(token) + " comes twice; give each token one number");
                }
            }
            in.endObject();
            if (in.peek() != JsonToken.END_DOCUMENT) {
                throw new MalformedJsonException("there is something after the object");
            }
        } catch (IOException | IllegalStateException | NumberFormatException e) {
            String known = TokenizerFile.known(file);
            if (known != null) {
                throw new IllegalArgumentException(file + ": " + known, e);
            }
            throw new IllegalArgumentException(
                    file + ": it is not a JSON object from token to number; the file is damaged, fetch it again", e);
        }
        return ofNumbers(file, numbers, reserved, offset);
    }

    private static Vocabulary ofNumbers(Path file, Map<String, Integer> numbers, Reserved reserved, int offset) {
        if (numbers.isEmpty()) {
            throw new IllegalArgumentException(
                    file + ": it has no tokens; the vocabulary is empty, so give another file");
        }
        if (reserved.tokens().isEmpty()
                && offset == 0
                && numbers.values().stream().mapToInt(i -> i).min().orElseThrow() == 1) {
            throw new IllegalArgumentException(
                    file + ": its numbers begin at 1, so another token has the number 0; say which: json(file,"
                            + " Reserved.PADDING, 0) for the word index of a Keras Tokenizer, json(file, "
                            + "Reserved.KERAS,"
                            + " 3) for that of Keras's IMDB reviews");
        }
        int more = (int)
                reserved.tokens().stream().filter(t -> !numbers.containsKey(t)).count();
        @Nullable String[] tokens = new String[numbers.size() + more];
        for (int i = 0; i < reserved.tokens().size(); i++) {
            String token = reserved.tokens().get(i);
            Integer own = numbers.get(token);
            if (own != null && (long) own + offset != i) {
                throw new IllegalArgumentException(
                        file + ": the reserved token " + shown(token) + " has the number " + ((long) own + offset)
                                + " and not " + i + "; give the reserved tokens and the offset of the file");
            }
            tokens[i] = own == null ? token : null;
        }
        numbers.forEach((token, id) -> {
            long at = (long) id + offset;
            if (at < 0 || at >= tokens.length || tokens[(int) at] != null) {
                throw new IllegalArgumentException(file + ": the number " + at + " of the token " + shown(token)
                        + (at >= 0 && at < tokens.length
                                ? " is that of " + shown(String.valueOf(tokens[(int) at])) + " too"
                                : " is outside [0, " + tokens.length + ")")
                        + "; " + tokens.length + " tokens have as many numbers without a gap");
            }
            tokens[(int) at] = token;
        });
        return new Vocabulary(reserved, Arrays.asList(tokens), null);
    }
}

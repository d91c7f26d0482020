package dev.fathom.text;

import dev.fathom.io.AtomicFile;
import dev.fathom.io.TextFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Vectors of words, in the text format of GloVe (Pennington et al. 2014): on each line a word and its numbers,
 * separated by blanks, in UTF-8.
 *
 * <pre>{@code
 * WordVectors glove = WordVectors.read(Path.of("glove.6B.50d.txt"));
 * float[] table = glove.table(vocabulary);                 // [vocabulary size, 50] for an embedding
 * }</pre>
 */
public final class WordVectors {
    /** No published vectors have this many; a line of more is no line of this format. */
    private static final int MOST_DIMENSIONS = 1 << 16;

    private final Vocabulary words;
    private final List<float[]> vectors;

    private WordVectors(Vocabulary words, List<float[]> vectors) {
        this.words = words;
        this.vectors = vectors;
    }

    /**
     * Makes vectors from the rows of an embedding [words, dimensions], to write them to a file.
     *
     * @throws IllegalArgumentException if the table does not have as many whole rows as there are words, or a number is
     *     NaN or infinite
     */
    public static WordVectors of(Vocabulary words, float[] table) {
        if (table.length == 0 || table.length % words.size() != 0) {
            throw new IllegalArgumentException("word vectors: " + table.length + " numbers are no rows of "
                    + words.size() + " words; give as many for each");
        }
        int dimensions = table.length / words.size();
        List<float[]> vectors = new ArrayList<>();
        for (int i = 0; i < words.size(); i++) {
            float[] vector = new float[dimensions];
            for (int k = 0; k < dimensions; k++) {
                vector[k] = table[i * dimensions + k];
                if (!Float.isFinite(vector[k])) {
                    throw new IllegalArgumentException("word vectors: number " + k + " of the word "
                            + Vocabulary.shown(words.token(i)) + " is " + vector[k] + "; give finite ones");
                }
            }
            vectors.add(vector);
        }
        return new WordVectors(words, vectors);
    }

    /**
     * Reads a file, plain or gzip. The first line decides how many numbers a vector has; a word of a later line may
     * contain blanks. A first line of two whole numbers of which the second is how many numbers the next line has is
     * the header of word2vec and fastText, and no word.
     *
     * @throws IllegalArgumentException with file and line if a line has no word or another number of numbers, one is
     *     not finite, a word comes twice, the last line does not end, or the file is empty or not UTF-8
     * @throws java.io.UncheckedIOException if it cannot be read
     */
    public static WordVectors read(Path file) {
        List<String> words = new ArrayList<>();
        List<float[]> vectors = new ArrayList<>();
        java.util.Set<String> seen = new java.util.HashSet<>();
        String[] header = {""};
        TextFile.lines(file, "a file of word vectors", (number, text) -> {
            String line = text.endsWith(" ") ? text.substring(0, text.length() - 1) : text; // as fastText writes it
            int blanks = (int) line.chars().filter(c -> c == ' ').count();
            if (number == 1 && line.matches("\\d+ \\d+")) {
                header[0] = line;
            } else if (number == 2 && !header[0].isEmpty() && header[0].endsWith(" " + blanks) && blanks > 1) {
                words.clear();
                vectors.clear();
                seen.clear();
            } else if (number == 2 && !header[0].isEmpty() && blanks > 1) {
                throw new IllegalArgumentException(file + " line 1: \"" + header[0]
                        + "\" is neither a word with its vector nor a" + " header that counts the " + blanks
                        + " numbers of the next line; mend it, or leave it out");
            }
            int dimensions = vectors.isEmpty() ? blanks : vectors.get(0).length;
            if (dimensions < 1 || dimensions > MOST_DIMENSIONS) {
                throw new IllegalArgumentException(file + " line " + number + ": a word and 1 to " + MOST_DIMENSIONS
                        + " numbers are separated by blanks, but there are " + dimensions
                        + " blanks; give vectors in the text format of GloVe");
            }
            float[] vector = new float[dimensions];
            int end = line.length();
            for (int k = dimensions - 1; k >= 0; k--) {
                int blank = line.lastIndexOf(' ', end - 1);
                vector[k] = blank < 0 ? Float.NaN : number(line.substring(blank + 1, end));
                if (!Float.isFinite(vector[k])) {
                    throw new IllegalArgumentException(file + " line " + number + ": it does not end with "
                            + dimensions + " finite numbers, as many as the first line has; the file is damaged or has "
                            + "a header, which GloVe's format does not have");
                }
                end = blank;
            }
            String word = line.substring(0, Math.max(0, end));
            if (word.isEmpty() || !seen.add(word)) {
                throw new IllegalArgumentException(file + " line " + number + ": "
                        + (word.isEmpty() ? "it has no word" : "the word " + Vocabulary.shown(word) + " comes twice")
                        + "; give each word one line");
            }
            words.add(word);
            vectors.add(vector);
        });
        if (words.isEmpty()) {
            throw new IllegalArgumentException(file + ": it is empty; give a file with a word on each line");
        }
        return new WordVectors(Vocabulary.ofTokens(words), vectors);
    }

    /** NaN for what is no number; Java's 1d, 1f and 0x1p3 are none either. */
    private static float number(String text) {
        if (!text.matches("[-+.0-9eE]+")) {
            return Float.NaN;
        }
        try {
            return Float.parseFloat(text);
        } catch (NumberFormatException e) {
            return Float.NaN;
        }
    }

    /**
     * Writes the vectors so that {@link #read} gives the same numbers.
     *
     * @throws IllegalArgumentException if a word has a line feed or carriage return, or the first one a blank
     * @throws java.io.UncheckedIOException if the file cannot be written
     */
    public void write(Path file) {
        for (String word : words.tokens()) {
            if (word.indexOf('\n') >= 0
                    || word.indexOf('\r') >= 0
                    || word.equals(words.token(0)) && word.contains(" ")) {
                throw new IllegalArgumentException("word vectors: the format has no place for the word "
                        + Vocabulary.shown(word) + ", which has a line end or is first and has a blank; leave it out");
            }
        }
        AtomicFile.write(file, out -> {
            for (int i = 0; i < vectors.size(); i++) {
                StringBuilder line = new StringBuilder(words.token(i));
                for (float x : vectors.get(i)) {
                    line.append(' ').append(x);
                }
                out.write(line.append('\n').toString().getBytes(StandardCharsets.UTF_8));
            }
        });
    }

    /** Returns the words in the order of the file. */
    public Vocabulary words() {
        return words;
    }

    /** Returns the number of numbers of a vector. */
    public int dimensions() {
        return vectors.get(0).length;
    }

    /**
     * Returns the vector of a word.
     *
     * @throws IllegalArgumentException if there is no such word
     */
    public float[] vector(String word) {
        return vectors.get(words.id(word)).clone();
    }

    /**
     * Returns the rows [vocabulary size, dimensions] of an embedding for these tokens. A token without a vector gets
     * zeros; {@code words().contains(token)} says which these are.
     *
     * @throws IllegalArgumentException if the rows would have 2^31 numbers or more
     */
    public float[] table(Vocabulary vocabulary) {
        int d = dimensions();
        if ((long) vocabulary.size() * d > Integer.MAX_VALUE - 8) {
            throw new IllegalArgumentException("table: " + vocabulary.size() + " rows of " + d
                    + " numbers are more than an array can hold; limit the vocabulary");
        }
        float[] table = new float[vocabulary.size() * d];
        for (int i = 0; i < vocabulary.size(); i++) {
            if (words.contains(vocabulary.token(i))) {
                System.arraycopy(vectors.get(words.id(vocabulary.token(i))), 0, table, i * d, d);
            }
        }
        return table;
    }

    /**
     * Returns the {@code n} other words whose vectors have the greatest cosine with that of {@code word}, the nearest
     * first.
     *
     * @throws IllegalArgumentException if there is no such word, or n is negative
     */
    public List<String> nearest(String word, int n) {
        if (n < 0) {
            throw new IllegalArgumentException("nearest: n=" + n + "; ask for 0 words or more");
        }
        int self = words.id(word);
        double[] cosine =
                vectors.stream().mapToDouble(v -> cosine(v, vectors.get(self))).toArray();
        return IntStream.range(0, cosine.length)
                .filter(i -> i != self)
                .boxed()
                .sorted(Comparator.comparingDouble(i -> -cosine[i]))
                .limit(n)
                .map(words::token)
                .toList();
    }

    private static double cosine(float[] a, float[] b) {
        double ab = 0;
        double aa = 0;
        double bb = 0;
        for (int k = 0; k < a.length; k++) {
            ab += (double) a[k] * b[k];
            aa += (double) a[k] * a[k];
            bb += (double) b[k] * b[k];
        }
        return aa == 0 || bb == 0 ? 0 : ab / Math.sqrt(aa * bb);
    }
}

package dev.fathom.text;

import dev.fathom.data.Dataset;
import dev.fathom.data.Field;
import dev.fathom.data.RowSampling;
import dev.fathom.io.AtomicFile;
import dev.fathom.io.TextFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Texts in memory, with a class for each unless they have none. They become a {@link Dataset} whose field {@code x}
 * holds the tokens of each text, ragged, and whose field {@code y} holds the classes:
 *
 * <pre>{@code
 * Texts train = Texts.tsv(Path.of("imdb/train.tsv.gz"), "text", "label");
 * Texts test = Texts.tsv(Path.of("imdb/test.tsv.gz"), "text", "label", train.classes());    // with the same numbers
 * var words = Words.keras();
 * var vocabulary = Vocabulary.of(train.tokens(words)).limit(10_000).reserved(Reserved.KERAS);
 * Dataset data = train.dataset(text -> vocabulary.withStartAndEnd(words.tokens(text)))
 *     .padded("x", Padding.front().length(500).keepEnd());                   // the last 500 tokens, zeros in front
 * }</pre>
 *
 * <p>A batch of these has the tokens {@code x()} [n, length], I32, how many of each text are not padding,
 * {@code lengths("x")} [n], I32, and the labels {@code y()} [n], I32.
 */
public final class Texts {
    private static final int MOST = 1 << 26;

    private final List<String> texts;
    private final int @Nullable [] labels;
    private final List<String> classes;

    private Texts(List<String> texts, int @Nullable [] labels, List<String> classes) {
        this.texts = List.copyOf(texts);
        this.labels = labels;
        this.classes = List.copyOf(classes);
        if (texts.isEmpty()) {
            throw new IllegalArgumentException("texts: there are no texts; give at least one");
        }
        if (new HashSet<>(classes).size() < classes.size()) {
            throw new IllegalArgumentException(
                    "texts: two of the classes " + classes + " have one name; give each a name of its own");
        }
    }

    // ---- making

    /**
     * Holds these texts, without classes.
     *
     * @throws IllegalArgumentException if there are none
     */
    public static Texts of(List<String> texts) {
        return new Texts(texts, null, List.of());
    }

    /**
     * Holds these texts with the name of a class for each. Classes are numbered in the order of {@code classes}.
     *
     * @throws IllegalArgumentException if there are no texts, another number of names, or a name that is not among the
     *     classes
     */
    public static Texts of(List<String> texts, List<String> names, List<String> classes) {
        if (texts.size() != names.size()) {
            throw new IllegalArgumentException("texts: there are " + texts.size() + " texts but " + names.size()
                    + " names of classes; give one for each");
        }
        int[] labels = new int[names.size()];
        for (int i = 0; i < labels.length; i++) {
            labels[i] = label("texts: text " + i, names.get(i), classes);
        }
        return new Texts(texts, labels, classes);
    }

    private static int label(String where, String name, List<String> classes) {
        int label = classes.indexOf(name);
        if (label < 0) {
            throw new IllegalArgumentException(where + " has the class " + Vocabulary.shown(name)
                    + ", which is none of " + classes + "; name all classes");
        }
        return label;
    }

    /**
     * Reads a text from each line of a file, plain or gzip, in UTF-8, without classes. An empty line is an empty text.
     *
     * @throws IllegalArgumentException if the file is empty or damaged
     * @throws UncheckedIOException if it cannot be read
     */
    public static Texts lines(Path file) {
        List<String> all = new ArrayList<>();
        TextFile.lines(file, "a file of texts", (number, line) -> all.add(line));
        if (all.isEmpty()) {
            throw new IllegalArgumentException(file + ": it is empty; give a file with a text on each line");
        }
        return of(all);
    }

    /**
     * Reads a table of which each line is an example and each tab separates two fields, plain or gzip, in UTF-8. The
     * first line names the columns. Nothing is quoted: a quotation mark is part of a text. Give the classes in the
     * order of their numbers; without any, they are the texts of the column {@code label}, sorted as numbers if all of
     * them are whole numbers. Another file may have others, so read it with the {@link #classes} of the first.
     *
     * @param text the column of the texts
     * @param label the column of the classes
     * @throws IllegalArgumentException with file and line if a line has more or fewer fields than the first, a label is
     *     none of the classes, a column does not exist, there are no lines, or the file is damaged
     * @throws UncheckedIOException if it cannot be read
     */
    public static Texts tsv(Path file, String text, String label, String... classes) {
        List<String> columns = new ArrayList<>();
        List<String> texts = new ArrayList<>();
        List<String> names = new ArrayList<>();
        TextFile.lines(file, "a file of texts with tabs", (number, line) -> {
            String[] fields = line.split("\t", -1);
            if (number == 1) {
                columns.addAll(List.of(fields));
                column(file, columns, text);
                column(file, columns, label);
                return;
            }
            if (fields.length != columns.size()) {
                throw new IllegalArgumentException(file + " line " + number + ": it has " + fields.length
                        + (fields.length == 1 ? " field" : " fields") + " but there are " + columns.size()
                        + " columns; separate them by tabs, and write a tab within a text as a blank");
            }
            String name = fields[columns.indexOf(label)];
            if (classes.length > 0) {
                label(file + " line " + number + ": it", name, List.of(classes));
            }
            // a copy: the field alone, and not the line that it is part of
            texts.add(fields[columns.indexOf(text)]);
            names.add(name);
        });
        if (texts.isEmpty()) {
            throw new IllegalArgumentException(file + ": it has no texts; give one line at least after the names");
        }
        return of(texts, names, classes.length > 0 ? List.of(classes) : sorted(names));
    }

    /**
     * Reads a table as {@link #tsv(Path, String, String, String...)} does, with the classes of other texts, such as
     * those that a network learned from: {@code Texts.tsv(file, "text", "label", train.classes())}. A class may have no
     * text here.
     *
     * @throws IllegalArgumentException as there, and if there are no classes
     */
    public static Texts tsv(Path file, String text, String label, List<String> classes) {
        return tsv(file, text, label, named(classes).toArray(new String[0]));
    }

    private static List<String> named(List<String> classes) {
        if (classes.isEmpty()) {
            throw new IllegalArgumentException(
                    "texts: there are no classes; give those of the texts that a network learned from");
        }
        return classes;
    }

    private static void column(Path file, List<String> columns, String name) {
        if (!columns.contains(name)) {
            throw new IllegalArgumentException(file + " has no column " + name + "; it has " + columns);
        }
    }

    private static List<String> sorted(List<String> names) {
        List<String> classes = new ArrayList<>(new TreeSet<>(names));
        if (classes.stream().allMatch(name -> name.matches("-?\\d{1,9}"))) {
            classes.sort(Comparator.comparing(Integer::valueOf));
        }
        return classes;
    }

    /**
     * Reads a folder with a sub-folder for each class, of {@code .txt} files in UTF-8, which may lie in nested folders
     * and behind links. This is the layout of the IMDB reviews. Files are in the order of their names. Give the classes
     * in the order of their numbers, and other sub-folders are left out; without any, they are all sub-folders in the
     * order of their names. Another folder may have others, so read it with the {@link #classes} of the first.
     *
     * @throws IllegalArgumentException if there are no classes, one has no texts, or a file is not UTF-8
     * @throws UncheckedIOException if a folder or a file cannot be read
     */
    public static Texts folder(Path folder, String... classes) {
        return classes.length > 0 ? folder(folder, List.of(classes), false) : folder(folder, List.of(), true);
    }

    /**
     * Reads a folder as {@link #folder(Path, String...)} does, with the classes of other texts, such as those that a
     * network learned from: {@code Texts.folder(test, train.classes())}. Every sub-folder must be one of these classes,
     * and a class without a sub-folder has no text here.
     *
     * @throws IllegalArgumentException if there are no classes, a sub-folder is none of them or has no texts, there are
     *     no sub-folders, or a file is not UTF-8
     * @throws UncheckedIOException if a folder or a file cannot be read
     */
    public static Texts folder(Path folder, List<String> classes) {
        return folder(folder, named(classes), true);
    }

    /**
     * With {@code every}, all sub-folders, which must be among the classes if there are any; else those of the classes.
     */
    private static Texts folder(Path folder, List<String> classes, boolean every) {
        List<String> texts = new ArrayList<>();
        List<String> names = new ArrayList<>();
        try {
            List<String> there = every ? folders(folder) : classes;
            if (there.isEmpty()) {
                throw new IllegalArgumentException(
                        "texts: " + folder + " has no folders; put the texts of each class into one of its own");
            }
            for (String name : there) {
                if (!classes.isEmpty() && !classes.contains(name)) {
                    throw new IllegalArgumentException("texts: " + folder.resolve(name) + " is none of the classes "
                            + classes + "; name it among them, or remove it");
                }
                List<Path> files = files(folder.resolve(name));
                if (files.isEmpty()) {
                    throw new IllegalArgumentException("texts: " + folder.resolve(name)
                            + " has no .txt files; put the texts of its class there, or remove the folder");
                }
                for (Path file : files) {
                    texts.add(TextFile.read(file, "a text", MOST));
                    names.add(name);
                }
            }
            return of(texts, names, classes.isEmpty() ? there : classes);
        } catch (IOException e) {
            throw new UncheckedIOException(
                    "cannot read " + folder + ": " + AtomicFile.reason(e)
                            + "; give a folder that you may read, with one of texts for each class",
                    e);
        }
    }

    private static List<String> folders(Path folder) throws IOException {
        try (Stream<Path> all = Files.list(folder)) {
            return all.filter(Files::isDirectory)
                    .map(p -> p.getFileName().toString())
                    .filter(name -> !name.startsWith("."))
                    .sorted()
                    .toList();
        }
    }

    private static List<Path> files(Path folder) throws IOException {
        try (Stream<Path> all = Files.walk(folder, FileVisitOption.FOLLOW_LINKS)) {
            return all.filter(p -> p.getFileName().toString().matches("[^.].*\\.txt") && Files.isRegularFile(p))
                    .sorted(Comparator.comparing(Path::toString))
                    .toList();
        } catch (UncheckedIOException e) { // a folder below that cannot be read, or a link that leads to one above it
            throw Objects.requireNonNull(e.getCause());
        }
    }

    // ---- what they are

    /** Returns the number of texts. */
    public int size() {
        return texts.size();
    }

    /**
     * Returns text {@code i}.
     *
     * @throws IllegalArgumentException if there is none of this number
     */
    public String text(int i) {
        if (i < 0 || i >= texts.size()) {
            throw new IllegalArgumentException(
                    "text: " + i + " is outside [0, " + texts.size() + "); give the number of one that exists");
        }
        return texts.get(i);
    }

    /** Returns the names of the classes in the order of their numbers; there are none without labels. */
    public List<String> classes() {
        return classes;
    }

    /** Returns the number of the class of each text; empty if they have none. */
    public int[] labels() {
        return labels == null ? new int[0] : labels.clone();
    }

    /**
     * Returns texts {@code from} to {@code to - 1} with the same classes.
     *
     * @throws IllegalArgumentException unless {@code 0 <= from < to <= size()}
     */
    public Texts take(int from, int to) {
        if (from < 0 || from >= to || to > size()) {
            throw new IllegalArgumentException("take: " + from + " to " + to + " is no part of " + size()
                    + " texts; choose 0 <= from < to <= " + size());
        }
        return new Texts(
                texts.subList(from, to), labels == null ? null : Arrays.copyOfRange(labels, from, to), classes);
    }

    /**
     * Two parts of texts.
     *
     * @param rest the texts that were not held out
     * @param heldOut the texts that were held out
     */
    public record Split(Texts rest, Texts heldOut) {}

    /**
     * Holds {@code count} randomly chosen texts out. Both parts keep the order of the whole; the choice depends on
     * {@code seed} alone, and is that of a dataset or a table of as many examples.
     *
     * @throws IllegalArgumentException unless {@code 1 <= count < size()}
     */
    public Split split(int count, long seed) {
        return split(RowSampling.split(size(), count, seed, "texts"));
    }

    /**
     * Holds {@code count} randomly chosen texts out and keeps the shares of the classes: of a class with k texts,
     * {@code count k / size()} are held out, rounded down or up. Both parts keep the order of the whole; the choice
     * depends on {@code seed} alone.
     *
     * @throws IllegalArgumentException if there are no classes, or unless {@code 1 <= count < size()}
     */
    public Split stratified(int count, long seed) {
        if (labels == null) {
            throw new IllegalArgumentException("stratified: these texts have no classes; use split");
        }
        return split(RowSampling.stratified(labels, classes.size(), count, seed, "texts"));
    }

    private Split split(RowSampling.Parts parts) {
        return new Split(picked(parts.rest()), picked(parts.heldOut()));
    }

    private Texts picked(int[] some) {
        int[] all = labels;
        return new Texts(
                Arrays.stream(some).mapToObj(texts::get).toList(),
                all == null ? null : Arrays.stream(some).map(i -> all[i]).toArray(),
                classes);
    }

    /** Returns a short form such as {@code Texts of 25000 examples, 2 classes}. */
    @Override
    public String toString() {
        return "Texts of " + size() + (size() == 1 ? " example" : " examples")
                + (labels == null ? "" : ", " + classes.size() + " classes");
    }

    // ---- what becomes of them

    /** Returns the tokens of each text, cut when they are asked for, to count them. */
    public Iterable<List<String>> tokens(Tokenizer tokenizer) {
        return () -> texts.stream().map(tokenizer::tokens).iterator();
    }

    /** Returns the numbers that {@code encode} makes of each text. */
    public int[][] ids(Function<String, int[]> encode) {
        return texts.stream().map(encode).toArray(int[][]::new);
    }

    /**
     * Returns a dataset with the numbers that {@code encode} makes of each text as the ragged field {@code x}, and the
     * classes, if there are any, as the labels {@code y}. It knows of all classes, even if some have no text.
     */
    public Dataset dataset(Function<String, int[]> encode) {
        Field x = Field.ragged("x", ids(encode)).input();
        return labels == null
                ? Dataset.of(x)
                : Dataset.of(x, Field.labels("y", labels).target()).withClasses(classes.size());
    }
}

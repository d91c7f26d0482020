package dev.fathom.retrieval;

import dev.fathom.pretrained.Embedder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Passages of the text files of a folder, found by what they mean: each has the vector that an {@link Embedder} gives
 * it, and an answer to a question has the largest cosines with the question's.
 *
 * <pre>{@code
 * try (var embedder = Embedder.load(Path.of("all-MiniLM-L6-v2"));
 *         var index = TextIndex.of(Path.of("notes"), embedder)) {
 *     for (TextIndex.Match match : index.search("When is the rent due?", 5)) {
 *         System.out.println(match.score() + " " + match.passage());
 *     }
 * }
 * }</pre>
 *
 * <p>The index lies in a folder of its own and is renewed when it is opened: files of the same size and time of change
 * stay as they are, those of the same content too, and only passages of others are read by the model. An index that is
 * damaged, or of another model, is made anew. Files and folders whose names begin with a dot, and links, are left out;
 * so are, with a sentence in {@link #skipped}, files that are not UTF-8 and those above 64 MiB. Where a model has
 * prompts for queries and passages, it gets them. Any number of threads may search.
 */
public final class TextIndex implements AutoCloseable {
    /** The name of the folder of an index, in the folder whose files it holds. */
    public static final String FOLDER = ".fathom-search";

    private static final long LONGEST_FILE = 64L << 20;
    private static final long MOST_CHARACTERS = 1L << 30;
    /** Characters of a passage at most, and for each token that a model reads: of most languages tokens have more. */
    private static final int LONGEST = 1000;

    private static final int CHARACTERS = 3;
    private static final int BATCH = 64;

    private final Embedder queries;
    private final VectorFile vectors;
    private final List<Passage> passages;
    private final List<String> skipped;
    private final int files;
    private final int embedded;

    private TextIndex(
            Embedder queries, VectorFile vectors, List<TextFiles.Source> sources, List<String> skipped, int embedded) {
        this.queries = queries;
        this.vectors = vectors;
        this.skipped = skipped;
        this.embedded = embedded;
        passages = sources.stream().flatMap(s -> s.passages().stream()).toList();
        files = (int) sources.stream().filter(s -> s.fault().isEmpty()).count();
    }

    /**
     * A passage that a search found.
     *
     * @param score the cosine of the angle between its vector and the question's
     */
    public record Match(Passage passage, float score) {}

    /** Is told how much of the work is done. */
    @FunctionalInterface
    public interface Progress {
        /** Is called with the number of passages that the model has read, of all that it has to read. */
        void done(int passages, int total);
    }

    /**
     * Opens the index of the files {@code .txt} and {@code .md} of a folder, in the folder {@value #FOLDER} in it, and
     * renews it.
     *
     * @throws IllegalArgumentException if there is no such folder, or it has more than 2^30 characters of text
     * @throws UncheckedIOException if the folder cannot be read, or the index not written
     */
    public static TextIndex of(Path folder, Embedder embedder) {
        return of(folder, folder.resolve(FOLDER), embedder, Set.of(".txt", ".md"), (done, total) -> {});
    }

    /**
     * Opens the index of a folder's files and renews it.
     *
     * @param index the folder of the index
     * @param endings how the names of the files end, in lower case
     * @param progress is told how much of the work is done
     * @throws IllegalArgumentException if there is no such folder, or it has more than 2^30 characters of text
     * @throws UncheckedIOException if the folder cannot be read, or the index not written
     */
    public static TextIndex of(Path folder, Path index, Embedder embedder, Set<String> endings, Progress progress) {
        if (!Files.isDirectory(folder)) {
            throw new IllegalArgumentException(
                    "TextIndex: " + folder + " is not a folder; give one with the text files to search");
        }
        Embedder reader = prompted(embedder, "passage", "document");
        int longest = Math.min(LONGEST, CHARACTERS * Math.min(LONGEST, embedder.longest()));
        String model = model(reader, longest);
        List<String> skipped = new ArrayList<>();
        List<Path> paths = paths(folder, endings, skipped);
        TextFiles old = TextFiles.read(index, model);
        VectorFile before = old == null ? null : open(index, old);
        try {
            Map<String, Integer> firsts = new HashMap<>();
            Map<String, TextFiles.Source> known = new HashMap<>();
            if (old != null && before != null) {
                int at = 0;
                for (TextFiles.Source s : old.sources()) {
                    firsts.put(s.name(), at);
                    known.put(s.name(), s);
                    at += s.passages().size();
                }
            }
            List<TextFiles.Source> sources = new ArrayList<>();
            long characters = 0;
            for (Path path : paths) {
                String name = folder.relativize(path).toString().replace('\\', '/');
                TextFiles.Source source = source(path, name, known.get(name), longest);
                sources.add(source);
                if (!source.fault().isEmpty()) {
                    skipped.add(path + ": " + source.fault());
                }
                for (Passage p : source.passages()) {
                    characters += p.text().length();
                }
                if (characters > MOST_CHARACTERS) {
                    throw new IllegalArgumentException("TextIndex: " + folder + " has more than " + MOST_CHARACTERS
                            + " characters of text; index folders within it one by one");
                }
            }
            if (old != null && before != null && sources.equals(old.sources())) {
                TextIndex same = new TextIndex(prompted(embedder, "query"), before, sources, skipped, 0);
                before = null;
                return same;
            }
            VectorFile from = before;
            String name = "vectors-" + UUID.randomUUID() + ".safetensors";
            int[] read = new int[1];
            VectorFile.write(index.resolve(name), reader.dimensions(), VectorFile.Metric.COSINE, true, rows -> {
                var batches = new Batches(reader, rows, progress, sources, known);
                for (TextFiles.Source s : sources) {
                    batches.add(s, from, firsts.get(s.name()));
                }
                batches.flush();
                read[0] = batches.done;
            });
            new TextFiles(model, name, sources).write(index);
            removeOthers(index, name);
            return new TextIndex(
                    prompted(embedder, "query"), VectorFile.open(index.resolve(name)), sources, skipped, read[0]);
        } finally {
            if (before != null) {
                before.close();
            }
        }
    }

    private static Embedder prompted(Embedder embedder, String... names) {
        for (String name : names) {
            String prompt = embedder.prompts().get(name);
            if (prompt != null) {
                return embedder.prompt(prompt);
            }
        }
        return embedder;
    }

    /** What tells one model, with its prompt, from another: what it makes of a text. */
    private static String model(Embedder reader, int longest) {
        float[] vector = reader.embed("Fathom measures how far one text is from another.");
        ByteBuffer bytes =
                ByteBuffer.allocate(Integer.BYTES + Float.BYTES * vector.length).putInt(longest);
        for (float x : vector) {
            bytes.putFloat(x);
        }
        return hash(bytes.array());
    }

    private static String hash(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // every JVM has it
        }
    }

    private static @Nullable VectorFile open(Path index, TextFiles files) {
        try {
            VectorFile vectors = VectorFile.open(index.resolve(files.vectors()));
            if (vectors.count()
                    == files.sources().stream()
                            .mapToInt(s -> s.passages().size())
                            .sum()) {
                return vectors;
            }
            vectors.close();
        } catch (IllegalArgumentException | UncheckedIOException e) {
            return null; // it is made anew
        }
        return null;
    }

    private static void removeOthers(Path index, String name) {
        try (Stream<Path> all = Files.list(index)) {
            for (Path p : all.toList()) {
                String other = p.getFileName().toString();
                if (TextFiles.VECTORS.matcher(other).matches() && !other.equals(name)) {
                    Files.deleteIfExists(p);
                }
            }
        } catch (IOException e) {
            // where a system keeps files that are open, the next renewal removes it
        }
    }

    // ---- files

    private static List<Path> paths(Path folder, Set<String> endings, List<String> skipped) {
        List<Path> paths = new ArrayList<>();
        try {
            Files.walkFileTree(folder, new SimpleFileVisitor<>() {
                @Override
                public FileVisitResult preVisitDirectory(Path path, BasicFileAttributes a) {
                    return !path.equals(folder) && hidden(path)
                            ? FileVisitResult.SKIP_SUBTREE
                            : FileVisitResult.CONTINUE;
                }

                @Override
                public FileVisitResult visitFile(Path path, BasicFileAttributes a) {
                    String name = path.getFileName().toString().toLowerCase(Locale.ROOT);
                    if (a.isRegularFile() && !hidden(path) && endings.stream().anyMatch(name::endsWith)) {
                        paths.add(path);
                    }
                    return FileVisitResult.CONTINUE;
                }

                @Override
                public FileVisitResult visitFileFailed(Path path, IOException e) {
                    skipped.add(path + ": it cannot be read");
                    return FileVisitResult.CONTINUE;
                }
            });
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + folder + ": " + e.getMessage(), e);
        }
        paths.sort(Comparator.comparing(Path::toString));
        return paths;
    }

    private static boolean hidden(Path path) {
        return path.getFileName().toString().startsWith(".");
    }

    private static TextFiles.Source source(Path path, String name, TextFiles.@Nullable Source known, int longest) {
        try {
            long size = Files.size(path);
            long time = Files.getLastModifiedTime(path).toMillis();
            if (known != null && known.size() == size && known.time() == time) {
                return known;
            }
            if (size > LONGEST_FILE) {
                return new TextFiles.Source(
                        name,
                        size,
                        time,
                        "",
                        "it has " + size + " bytes and is not indexed; 64 MiB are the most",
                        List.of());
            }
            byte[] bytes = Files.readAllBytes(path);
            String hash = hash(bytes);
            if (known != null && known.hash().equals(hash)) {
                return new TextFiles.Source(name, size, time, hash, known.fault(), known.passages());
            }
            String text = text(bytes);
            return text == null
                    ? new TextFiles.Source(name, size, time, hash, "it is not UTF-8 text and is not indexed", List.of())
                    : new TextFiles.Source(name, size, time, hash, "", Passage.split(name, text, longest));
        } catch (IOException e) {
            return new TextFiles.Source(name, -1, -1, "", "it cannot be read", List.of());
        }
    }

    private static @Nullable String text(byte[] bytes) {
        try {
            String text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
            return text.indexOf('\0') >= 0 ? null : text.startsWith("\ufeff") ? text.substring(1) : text;
        } catch (CharacterCodingException e) {
            return null;
        }
    }

    // ---- vectors

    /** Writes the vectors of passages in their order, some of which the old file has. */
    private static final class Batches {
        private final Embedder embedder;
        private final VectorFile.Rows rows;
        private final Progress progress;
        private final Map<String, TextFiles.Source> known;
        private final int total;
        private final List<String> waiting = new ArrayList<>();
        private int done;

        Batches(
                Embedder embedder,
                VectorFile.Rows rows,
                Progress progress,
                List<TextFiles.Source> sources,
                Map<String, TextFiles.Source> known) {
            this.embedder = embedder;
            this.rows = rows;
            this.progress = progress;
            this.known = known;
            total = sources.stream()
                    .filter(s -> !same(s))
                    .mapToInt(s -> s.passages().size())
                    .sum();
        }

        private boolean same(TextFiles.Source s) {
            TextFiles.Source before = known.get(s.name());
            return before != null && before.hash().equals(s.hash());
        }

        void add(TextFiles.Source s, @Nullable VectorFile from, @Nullable Integer first) {
            if (from != null && first != null && same(s)) {
                flush();
                for (int i = 0; i < s.passages().size(); i++) {
                    rows.add(from.vector(first + i));
                }
                return;
            }
            for (Passage p : s.passages()) {
                waiting.add(p.text());
                if (waiting.size() == BATCH) {
                    flush();
                }
            }
        }

        void flush() {
            if (!waiting.isEmpty()) {
                for (float[] vector : embedder.embed(waiting)) {
                    rows.add(vector);
                }
                done += waiting.size();
                waiting.clear();
                progress.done(done, total);
            }
        }
    }

    // ---- answers

    /**
     * Returns the k passages whose vectors have the largest cosines with the question's, or all if there are fewer, in
     * descending order.
     *
     * @throws IllegalArgumentException if k is below 1
     * @throws IllegalStateException if the index or the embedder was closed
     */
    public List<Match> search(String question, int k) {
        return vectors.nearest(queries.embed(question), k).stream()
                .map(n -> new Match(passages.get(n.index()), n.score()))
                .toList();
    }

    /** Returns all passages, in the order of files and lines. */
    public List<Passage> passages() {
        return passages;
    }

    /** Returns how many files are indexed. */
    public int files() {
        return files;
    }

    /** Returns how many passages the model had to read when the index was opened. */
    public int embedded() {
        return embedded;
    }

    /** Returns a sentence for each file that was left out. */
    public List<String> skipped() {
        return List.copyOf(skipped);
    }

    /** Closes the index, and leaves the embedder open. */
    @Override
    public void close() {
        vectors.close();
    }
}

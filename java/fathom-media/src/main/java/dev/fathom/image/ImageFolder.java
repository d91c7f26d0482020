package dev.fathom.image;

import dev.fathom.data.Dataset;
import dev.fathom.io.AtomicFile;
import dev.fathom.io.MappedFile;
import dev.fathom.op.Shape;
import dev.fathom.tree.Records;
import java.io.BufferedOutputStream;
import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.FileSystems;
import java.nio.file.FileVisitOption;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.zip.CRC32C;
import java.util.zip.CheckedOutputStream;
import org.jspecify.annotations.Nullable;

/**
 * A folder with a sub-folder for each class, in which lie PNG, JPEG and BMP files of any size, also in folders below
 * and behind links. They are decoded once, to bytes [height, width, channels], and kept in a cache file. As long as the
 * files' names, sizes and times and the settings are unchanged, the cache is used instead.
 *
 * <p>The decoded images stay in the cache file, which is mapped: only the examples of a batch are copied. So the images
 * may be larger than the memory and do not count against {@code -Dfathom.memory}. The file should stay as it is while
 * they are in use. Another {@link #read} does not change it but puts a new one in its place, and a file that became
 * shorter is an {@link IllegalStateException} when it is read.
 *
 * <pre>{@code
 * try (var pets = ImageFolder.of(Path.of("pets"), Preprocessing.of(64, 64)).skipDamaged().read()) {
 *     var split = pets.data().split(500, 1);
 *     ...
 * }
 * }</pre>
 *
 * <p>Classes and files are in the order of their names, and a class's label is its index in this order, unless
 * {@link #classes} gives another. Images become what the recipe says, and a server that follows the same recipe gives
 * the network what it was trained on. The settings are immutable: each method returns another.
 *
 * @param folder the folder that holds the classes' folders
 * @param recipe what becomes of an image
 * @param skip whether damaged files are left out
 * @param cache the file in which the decoded images are kept
 * @param names the classes in the order of their labels; null for the sub-folders in the order of their names
 */
public record ImageFolder(
        Path folder,
        Preprocessing recipe,
        boolean skip,
        @Nullable Path cache,
        @Nullable List<String> names) {
    private static final Pattern IMAGE = Pattern.compile("(?i)[^.].*\\.(png|jpe?g|bmp)");

    /** The names that people see; where these are the same, the bytes that this locale cannot spell. */
    private static final Comparator<Path> BY_NAME =
            Comparator.comparing(Path::toString).thenComparing(Comparator.naturalOrder());

    private static final int VERSION = 5;
    /**
     * Returns whether a file has the name of a picture that can be read: it ends in .png, .jpg, .jpeg or .bmp and is
     * not hidden.
     */
    public static boolean isPicture(Path file) {
        return IMAGE.matcher(file.getFileName().toString()).matches();
    }

    /** Files decoded at once. */
    private static final int CHUNK = 256;

    private static final int BUFFER = 1 << 16;
    /** The checksum of {@link Listing#text} that a cache begins with. */
    private static final int HEAD = 32;
    /** Where the files' fates begin, and the checksum of all before this. */
    private static final int TAIL = 16;

    /**
     * The images of a folder. Close this, or its data.
     *
     * @param data the images [height, width, channels], with values as the recipe says
     * @param classes the names of the sub-folders, in the order of the labels
     * @param skipped a sentence for each file that was left out
     */
    public record Images(Dataset data, List<String> classes, List<String> skipped) implements AutoCloseable {
        @Override
        public void close() {
            data.close();
        }
    }

    /**
     * Reads images by a recipe, such as {@code Preprocessing.of(64, 64).gray()}. A damaged file is an error unless
     * {@link #skipDamaged} is set.
     */
    public static ImageFolder of(Path folder, Preprocessing recipe) {
        return new ImageFolder(folder, recipe, false, null, null);
    }

    /**
     * Returns this folder without the files that are damaged or cannot be opened, which are named in
     * {@link Images#skipped}.
     */
    public ImageFolder skipDamaged() {
        return Records.with(this, "skip", true);
    }

    /** Returns this folder with its cache in {@code file}, instead of a hidden file in the folder itself. */
    public ImageFolder cache(Path file) {
        return Records.with(this, "cache", file);
    }

    /**
     * Returns this folder with these classes in the order of their labels, which a folder to test on needs if it lacks
     * one: {@code ImageFolder.of(test, recipe).classes(train.classes())}. A class without a sub-folder has no images.
     *
     * @throws IllegalArgumentException if there are none, or one comes twice
     */
    public ImageFolder classes(List<String> inOrder) {
        if (inOrder.isEmpty() || inOrder.stream().distinct().count() < inOrder.size()) {
            throw new IllegalArgumentException(
                    "image folder: the classes " + inOrder + " are none, or one comes twice; name each class once");
        }
        return Records.with(this, "names", List.copyOf(inOrder));
    }

    // ---- reading

    /**
     * Reads the images, from the cache if it is up to date.
     *
     * @throws IllegalArgumentException if there are no classes or no images, a sub-folder is none of the
     *     {@link #classes}, or a file is damaged and {@link #skipDamaged} is not set
     * @throws UncheckedIOException if a folder cannot be read, or the cache cannot be written
     */
    public Images read() {
        Listing listing = list();
        Path file = cache != null
                ? cache
                : folder.resolve(
                        ".fathom-" + recipe.height() + "x" + recipe.width() + "x" + recipe.channels() + ".images");
        if (file.getFileSystem() != FileSystems.getDefault()) {
            throw new IllegalArgumentException("image folder: the decoded images cannot be kept in " + file
                    + ", which is no file on disk; name one by cache(file)");
        }
        Images images = cached(file, listing, false);
        if (images == null) {
            try {
                AtomicFile.write(file, out -> decode(listing, out));
            } catch (UncheckedIOException e) {
                String hint = cache != null ? "" : " (cache(file) keeps the decoded images elsewhere)";
                throw new UncheckedIOException(e.getMessage() + hint, e.getCause());
            }
            images = cached(file, listing, true);
            if (images == null) {
                throw new UncheckedIOException(new IOException(
                        "cannot read " + file + ": it was changed as soon as it was written; try again"));
            }
        }
        return images;
    }

    /** The images there are: a line of settings and files, and for each file its class. */
    private record Listing(String text, List<Path> files, List<Integer> labels, List<String> classes) {}

    private Listing list() {
        List<String> classes = new ArrayList<>();
        List<Path> files = new ArrayList<>();
        List<Integer> labels = new ArrayList<>();
        StringBuilder text = new StringBuilder("fathom images " + VERSION + ": " + recipe.height() + " x "
                + recipe.width() + " x " + recipe.channels() + ", " + recipe.filter() + ", " + recipe.fit() + "\n");
        List<String> wanted = names;
        try {
            for (Path sub : classes()) {
                String name = sub.getFileName().toString();
                int label = wanted == null ? classes.size() : wanted.indexOf(name);
                if (label < 0) {
                    throw new IllegalArgumentException("image folder: " + sub + " is none of the classes " + wanted
                            + "; name it among them, or remove it");
                }
                List<Path> images = images(sub);
                if (images.isEmpty()) {
                    throw new IllegalArgumentException("image folder: " + sub
                            + " has no file .png, .jpg, .jpeg or .bmp; put the images of one class there, or"
                            + " remove it");
                }
                for (Path image : images) {
                    files.add(image);
                    labels.add(label);
                    text.append(folder.relativize(image))
                            .append('\t')
                            .append(state(image))
                            .append('\n');
                }
                classes.add(name);
            }
        } catch (IOException e) {
            String file = e instanceof FileSystemException f && f.getFile() != null ? f.getFile() : folder.toString();
            throw new UncheckedIOException(
                    "cannot read " + file + ": " + AtomicFile.reason(e)
                            + "; give a folder that you may read, with one of images for each class",
                    e);
        }
        if (classes.isEmpty()) {
            throw new IllegalArgumentException(
                    "image folder: " + folder + " has no folders; put the images of each class into one of its own");
        }
        return new Listing(text.toString(), files, labels, wanted == null ? classes : wanted);
    }

    private List<Path> classes() throws IOException {
        Path root = folder.toRealPath();
        List<Path> classes = new ArrayList<>();
        try (DirectoryStream<Path> all = Files.newDirectoryStream(folder, Files::isDirectory)) {
            for (Path sub : all) {
                if (root.startsWith(sub.toRealPath())) {
                    throw new IllegalArgumentException(
                            "image folder: " + sub + " is a link to a folder that it lies in; remove it");
                }
                if (!sub.getFileName().toString().startsWith(".")) {
                    classes.add(sub);
                }
            }
        } catch (DirectoryIteratorException e) {
            throw e.getCause();
        }
        classes.sort(BY_NAME);
        return classes;
    }

    /**
     * The images in a folder and those below, links followed. A link to a folder above shows nothing new, one to
     * nowhere is a damaged file.
     */
    private static List<Path> images(Path sub) throws IOException {
        List<Path> images = new ArrayList<>();
        Files.walkFileTree(sub, EnumSet.of(FileVisitOption.FOLLOW_LINKS), Integer.MAX_VALUE, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                if ((attributes.isRegularFile() || attributes.isSymbolicLink()) && isPicture(file)) {
                    images.add(file);
                }
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException e) throws IOException {
                if (e instanceof FileSystemLoopException) {
                    return FileVisitResult.CONTINUE;
                }
                throw e;
            }
        });
        images.sort(BY_NAME);
        return images;
    }

    /** What changes when a file does. */
    private static String state(Path image) throws IOException {
        return Files.isReadable(image) ? Files.size(image) + "\t" + Files.getLastModifiedTime(image) : "cannot be read";
    }

    private static byte[] sha256(String text) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    // ---- the cache: sha256 of the listing, the images, for each file an empty text or why it was skipped, where these
    // begin, CRC32C

    private void decode(Listing listing, OutputStream to) throws IOException {
        var crc = new CheckedOutputStream(to, new CRC32C());
        var out = new DataOutputStream(new BufferedOutputStream(crc, BUFFER));
        ImageFile reader = recipe.reader();
        List<Path> files = listing.files();
        List<String> fates = new ArrayList<>();
        out.write(sha256(listing.text()));
        long tail = HEAD;
        for (int from = 0; from < files.size(); from += CHUNK) {
            List<Path> some = files.subList(from, Math.min(files.size(), from + CHUNK));
            List<Object> results =
                    some.parallelStream().map(f -> decoded(reader, f)).toList();
            for (int i = 0; i < some.size(); i++) {
                // what had not enough memory among others may have it alone
                Object result = results.get(i).equals(ImageFile.MEMORY) ? decoded(reader, some.get(i)) : results.get(i);
                if (result instanceof byte[] image) {
                    out.write(image);
                    tail += image.length;
                    fates.add("");
                } else {
                    refused(some.get(i) + ": " + result);
                    fates.add((String) result);
                }
            }
        }
        for (String fate : fates) {
            out.writeUTF(fate);
        }
        out.writeLong(tail);
        out.flush();
        out.writeLong(crc.getChecksum().getValue());
        out.flush();
    }

    /** Bytes, or why there are none. */
    private static Object decoded(ImageFile reader, Path file) {
        try {
            return reader.read(file).pixels();
        } catch (ImageFile.Damaged e) {
            String why = String.valueOf(e.getMessage());
            return why.length() > 10_000 ? why.substring(0, 10_000) : why;
        }
    }

    private void refused(String sentence) {
        if (!skip) {
            throw new IllegalArgumentException(sentence + "; replace the file, or leave such out with skipDamaged()");
        }
    }

    /**
     * What a cache holds, or null where it is not there, of other images, damaged, or lacks some that only memory
     * lacked for.
     *
     * @param fresh whether it was just written, and so has all that there was memory for
     */
    private @Nullable Images cached(Path file, Listing listing, boolean fresh) {
        MappedFile in;
        try {
            in = MappedFile.open(file);
        } catch (UncheckedIOException e) {
            return null; // not there
        }
        Images images = null;
        try {
            images = cached(in, listing, fresh);
        } catch (IOException | IllegalStateException e) {
            return null; // cut
        } finally {
            if (images == null) {
                in.close();
            }
        }
        if (images == null) {
            return null;
        }
        try (Dataset raw = images.data) {
            return new Images(recipe.normalize(raw), images.classes, images.skipped);
        }
    }

    private @Nullable Images cached(MappedFile in, Listing listing, boolean fresh) throws IOException {
        Shape shape = Shape.of(recipe.height(), recipe.width(), recipe.channels());
        long image = shape.size();
        int all = listing.files().size();
        long end = in.size() - TAIL;
        if (end < HEAD || !MessageDigest.isEqual(bytes(in, 0, HEAD).array(), sha256(listing.text()))) {
            return null;
        }
        long tail = bytes(in, end, TAIL).getLong(0);
        if (tail < HEAD || tail > end || (tail - HEAD) % image != 0 || (tail - HEAD) / image > all) {
            return null;
        }
        long count = end - tail;
        if (count > Integer.MAX_VALUE - 8 || count > 2L * all + 40_000L * (all - (tail - HEAD) / image)) {
            return null;
        }
        List<String> skipped = new ArrayList<>();
        int[] labels = labels(bytes(in, tail, (int) count).array(), listing, skipped);
        if (labels.length != (tail - HEAD) / image
                || !fresh && skipped.stream().anyMatch(why -> why.endsWith(ImageFile.MEMORY))) {
            return null;
        }
        skipped.forEach(this::refused);
        if (labels.length == 0) {
            throw new IllegalArgumentException(
                    "image folder: all " + all + " files of " + folder + " are damaged, the first: " + skipped.get(0));
        }
        if (!intact(in)) {
            return null;
        }
        Dataset data =
                MappedImages.dataset(in, HEAD, shape, labels, listing.classes().size());
        return new Images(data, listing.classes(), List.copyOf(skipped));
    }

    private static ByteBuffer bytes(MappedFile in, long at, int count) {
        ByteBuffer to = ByteBuffer.allocate(count);
        in.read(at, to);
        return to.flip();
    }

    /** Whether the checksum at the end is that of all before it. */
    private static boolean intact(MappedFile in) {
        CRC32C crc = new CRC32C();
        long end = in.size() - Long.BYTES;
        for (long at = 0; at < end; at += BUFFER) {
            crc.update(bytes(in, at, (int) Math.min(BUFFER, end - at)));
        }
        return crc.getValue() == bytes(in, end, Long.BYTES).getLong();
    }

    private static int[] labels(byte[] fates, Listing listing, List<String> skipped) throws IOException {
        var in = new DataInputStream(new ByteArrayInputStream(fates));
        IntStream.Builder labels = IntStream.builder();
        for (int i = 0; i < listing.files().size(); i++) {
            String fate = in.readUTF();
            if (fate.isEmpty()) {
                labels.add(listing.labels().get(i));
            } else {
                skipped.add(listing.files().get(i) + ": " + fate);
            }
        }
        if (in.read() >= 0) {
            throw new IOException("more than the files");
        }
        return labels.build().toArray();
    }

    /** Returns a short form such as {@code pets as [64, 64, 3], BILINEAR, Cover[]}. */
    @Override
    public String toString() {
        return folder + " as " + recipe;
    }
}

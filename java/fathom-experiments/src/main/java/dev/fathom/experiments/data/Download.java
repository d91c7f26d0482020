package dev.fathom.experiments.data;

import dev.fathom.io.AtomicFile;
import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.net.HttpURLConnection;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Locale;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;

/**
 * Fetches a file over HTTP whose content is known by a checksum. What has come lies in {@code NAME.part} beside it, is
 * gone on with after a cut or in a later run (a Range request), and becomes {@code NAME} in one move once the content
 * is the known one: the place never holds anything else.
 *
 * <p>Nothing that the server says is believed: redirects end after five, a body longer than the content could be is
 * cut, a server that sends nothing, or next to nothing, is left.
 */
public final class Download {
    private static final int ATTEMPTS = 5;
    private static final int REDIRECTS = 5;
    private static final int CHUNK = 1 << 16;
    /** What a server must send for each time of patience. */
    private static final int LEAST = 4096;

    private static final int RANGE_NOT_SATISFIABLE = 416;

    /** Who shows how far it is: bytes of how many, 0 where the server does not say. */
    public interface Progress {
        void at(long bytes, long of);
    }

    /**
     * What is expected.
     *
     * @param bytes of the content
     * @param algorithm of the sum, as Java calls it
     * @param sum in hexadecimal digits
     * @param packed whether bytes and sum are those of what a gzip file unpacks to, and not of the file
     */
    public record Content(long bytes, String algorithm, String sum, boolean packed) {
        /** The content of a gzip file, of which several may be around. */
        public static Content ofGzip(long bytes, String sha256) {
            return new Content(bytes, "SHA-256", sha256, true);
        }

        /** A file as it is. */
        public static Content ofFile(long bytes, String md5) {
            return ofFile(bytes, "MD5", md5);
        }

        /** A file as it is, by the sum that an algorithm such as {@code SHA-256} makes of it. */
        public static Content ofFile(long bytes, String algorithm, String sum) {
            return new Content(bytes, algorithm, sum, false);
        }

        /** The name of the algorithm, such as {@code sha256}. */
        public String kind() {
            return algorithm.toLowerCase(Locale.ROOT).replace("-", "");
        }

        /** Bytes of the file at most: what deflate cannot shrink grows by five bytes in 16 KB. */
        long most() {
            return packed ? bytes + (bytes >> 10) + 1024 : bytes;
        }

        /** Whether a file is there and holds it. */
        public boolean isIn(Path file) {
            return Files.isRegularFile(file) && sumOf(file).equals(sum);
        }

        /** The sum of what a file holds, or words for why there is none. */
        String sumOf(Path file) {
            MessageDigest digest;
            try {
                digest = MessageDigest.getInstance(algorithm);
            } catch (NoSuchAlgorithmException e) {
                throw new IllegalStateException(e);
            }
            try (InputStream raw = Files.newInputStream(file);
                    InputStream in = packed ? new GZIPInputStream(raw, CHUNK) : raw) {
                byte[] chunk = new byte[CHUNK];
                long read = 0;
                for (int n = in.read(chunk); n >= 0; n = in.read(chunk)) {
                    read += n;
                    if (read > bytes) {
                        return "more than " + bytes + " bytes";
                    }
                    digest.update(chunk, 0, n);
                }
            } catch (IOException e) {
                return packed ? "damaged gzip data" : "unreadable data";
            }
            return HexFormat.of().formatHex(digest.digest());
        }
    }

    /** The next attempt may succeed. */
    private static final class Cut extends IOException {
        private static final long serialVersionUID = 1;

        Cut(String message) {
            super(message);
        }
    }

    private final Duration patience;
    private final Duration pause;

    /**
     * With these manners.
     *
     * @param patience with a server that sends nothing
     * @param pause before the second attempt; twice as long before each further one
     */
    public Download(Duration patience, Duration pause) {
        this.patience = patience;
        this.pause = pause;
    }

    /** Thirty seconds of patience, a second of pause. */
    public Download() {
        this(Duration.ofSeconds(30), Duration.ofSeconds(1));
    }

    /**
     * Sees to it that {@code file} holds the content; false if it did already.
     *
     * @throws UncheckedIOException if it cannot be fetched or written, with what to do
     */
    public boolean fetch(URI from, Path file, Content content, Progress progress) {
        if (content.isIn(file)) {
            return false;
        }
        Path part = part(file);
        try (RandomAccessFile out = opened(part);
                FileLock lock = locked(out, part)) {
            try {
                fetch(from, out, part, content, progress);
                out.getFD().sync();
            } finally {
                if (part.toFile().length() == 0) {
                    part.toFile().delete();
                }
            }
        } catch (IOException e) {
            throw failure("cannot write " + part + ": " + AtomicFile.reason(e) + "; make room, then run this again", e);
        }
        become(part, file);
        return true;
    }

    /**
     * Sees to it that {@code file} holds the content, from another file of this machine; false if it did already.
     *
     * @throws UncheckedIOException if that one cannot be read or holds something else, of which nothing is kept
     */
    public static boolean copy(Path from, Path file, Content content) {
        if (content.isIn(file)) {
            return false;
        }
        Path part = part(file);
        try {
            Files.createDirectories(part.toAbsolutePath().getParent());
            Files.copy(from, part, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw failure("cannot copy " + from + " to " + part + ": " + AtomicFile.reason(e), e);
        }
        String sum = content.sumOf(part);
        if (!sum.equals(content.sum)) {
            part.toFile().delete();
            throw failure(
                    from + " is not the file that is known: " + sum + " instead of " + content.kind() + " "
                            + content.sum + "; nothing was kept, try another place with --from",
                    null);
        }
        become(part, file);
        return true;
    }

    private static Path part(Path file) {
        return file.resolveSibling(file.getFileName() + ".part");
    }

    private static void become(Path part, Path file) {
        try {
            Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw failure("cannot write " + file + ": " + AtomicFile.reason(e), e);
        }
    }

    private static RandomAccessFile opened(Path part) {
        try {
            Files.createDirectories(part.toAbsolutePath().getParent());
            return new RandomAccessFile(part.toFile(), "rw");
        } catch (IOException e) {
            throw failure(
                    "cannot write " + part + ": " + AtomicFile.reason(e) + "; choose a folder that you may write to",
                    e);
        }
    }

    private static FileLock locked(RandomAccessFile out, Path part) throws IOException {
        FileLock lock;
        try {
            lock = out.getChannel().tryLock();
        } catch (OverlappingFileLockException e) {
            lock = null;
        }
        if (lock == null) {
            throw failure(part + " is being written by another download; wait for it to end", null);
        }
        return lock;
    }

    private void fetch(URI from, RandomAccessFile out, Path part, Content content, Progress progress)
            throws IOException {
        int failed = 0;
        boolean resumed = out.length() > 0;
        while (true) {
            long before = out.length();
            try {
                transfer(from, out, content, progress);
            } catch (Cut e) {
                if (out.length() > before) {
                    failed = 0;
                    resumed = true;
                }
                if (++failed == ATTEMPTS) {
                    throw failure(
                            from + ": " + e.getMessage() + ", " + ATTEMPTS
                                    + " times; run this again later, it goes on after the " + out.length()
                                    + " bytes that have come",
                            e);
                }
                rest(failed);
                continue;
            }
            String sum = content.sumOf(part);
            if (sum.equals(content.sum)) {
                return;
            }
            out.setLength(0);
            if (!resumed) {
                throw failure(
                        from + " is not the file that is known: " + sum + " instead of " + content.kind() + " "
                                + content.sum + "; nothing was kept, try another address with --from",
                        null);
            }
            resumed = false; // the beginning was of something else: once more, from there
        }
    }

    private void rest(int failed) {
        try {
            Thread.sleep(pause.toMillis() << failed - 1);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw failure("interrupted", null);
        }
    }

    // ---- one attempt

    /** Appends what is missing to {@code out}. */
    private void transfer(URI from, RandomAccessFile out, Content content, Progress progress) throws IOException {
        long at = out.length();
        HttpURLConnection connection;
        int code;
        try {
            connection = answered(from, at);
            code = connection.getResponseCode();
        } catch (SocketTimeoutException e) {
            throw new Cut("no answer for " + patience.toMillis() / 1000.0 + " s");
        } catch (UnknownHostException e) {
            throw failure("there is no way to " + e.getMessage() + " from here: no such host, or no network", e);
        } catch (IOException e) {
            throw new Cut(String.valueOf(e.getMessage()));
        }
        try {
            if (code == RANGE_NOT_SATISFIABLE && at > 0) {
                return; // all of it is here, or something else is: the sum tells
            }
            if (code == HttpURLConnection.HTTP_OK) {
                if (at > 0) {
                    out.setLength(0);
                }
                at = 0;
            } else if (code != HttpURLConnection.HTTP_PARTIAL) {
                refuse(from, code, connection.getResponseMessage());
            } else if (!String.valueOf(connection.getHeaderField("Content-Range"))
                    .startsWith("bytes " + at + "-")) {
                out.setLength(0);
                throw new Cut("the server sent another part than was asked for");
            }
            body(connection, out, at, content, progress);
        } finally {
            connection.disconnect();
        }
    }

    private static void refuse(URI from, int code, @Nullable String words) throws Cut {
        String says = "the server says " + code + (words == null || words.isBlank() ? "" : " " + words);
        if (code < 0 || code == 408 || code == 429 || code >= 500) {
            throw new Cut(says);
        }
        throw failure(from + ": " + says + "; try another address with --from", null);
    }

    /** Follows redirects to an answer. */
    private HttpURLConnection answered(URI from, long at) throws IOException {
        URI uri = from;
        for (int i = 0; i <= REDIRECTS; i++) {
            if (!"http".equals(uri.getScheme()) && !"https".equals(uri.getScheme())) {
                throw failure(uri + " is not an address of http or https; try another address with --from", null);
            }
            HttpURLConnection connection = (HttpURLConnection) uri.toURL().openConnection();
            connection.setInstanceFollowRedirects(false);
            connection.setConnectTimeout((int) patience.toMillis());
            connection.setReadTimeout((int) patience.toMillis());
            connection.setRequestProperty("User-Agent", "fathom");
            if (at > 0) {
                connection.setRequestProperty("Range", "bytes=" + at + "-");
            }
            int code = connection.getResponseCode();
            String location = connection.getHeaderField("Location");
            if (code < 300 || code >= 400 || location == null) {
                return connection;
            }
            connection.disconnect();
            try {
                uri = uri.resolve(location);
            } catch (IllegalArgumentException e) {
                throw failure(from + ": the server sends on to " + location + ", which is no address", null);
            }
        }
        throw failure(
                from + ": the server sends on more than " + REDIRECTS + " times; try another address with --from",
                null);
    }

    private void body(
            HttpURLConnection connection, RandomAccessFile out, long begin, Content content, Progress progress)
            throws IOException {
        long length = connection.getContentLengthLong();
        long end = length < 0 ? 0 : begin + length;
        long most = content.most();
        long at = begin;
        long window = System.nanoTime();
        long windowAt = at;
        out.seek(at);
        byte[] chunk = new byte[CHUNK];
        progress.at(at, end);
        try (InputStream in = connection.getInputStream()) {
            while (true) {
                int n = read(in, chunk);
                if (n < 0) {
                    break;
                }
                out.write(chunk, 0, n);
                at += n;
                if (at > most) {
                    out.setLength(0);
                    throw failure(
                            connection.getURL() + " is not the file that is known: it has more than " + most
                                    + " bytes; nothing was kept, try another address with --from",
                            null);
                }
                progress.at(at, end);
                if (System.nanoTime() - window > patience.toNanos()) {
                    if (at - windowAt < LEAST) {
                        throw new Cut("the server sends next to nothing");
                    }
                    window = System.nanoTime();
                    windowAt = at;
                }
            }
        }
        if (at < end) {
            throw new Cut("the connection was cut after " + at + " of " + end + " bytes");
        }
    }

    /** What fails here is the network, and not the disk. */
    private int read(InputStream in, byte[] chunk) throws Cut {
        try {
            return in.read(chunk);
        } catch (SocketTimeoutException e) {
            throw new Cut("no byte came for " + patience.toMillis() / 1000.0 + " s");
        } catch (IOException e) {
            throw new Cut("the connection was cut");
        }
    }

    private static UncheckedIOException failure(String message, @Nullable IOException cause) {
        return new UncheckedIOException(message, cause == null ? new IOException(message) : cause);
    }
}

package dev.fathom.experiments.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whatever a server does, the place holds the known content or nothing, and what has come is not fetched twice. */
class DownloadTest {
    private static final byte[] UNPACKED = new byte[300_000];
    private static final byte[] BODY;
    private static final Download.Content CONTENT;

    static {
        new Random(5).nextBytes(UNPACKED);
        try {
            BODY = gzip(UNPACKED);
            CONTENT = content(UNPACKED);
        } catch (Exception e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    @TempDir
    Path temp;

    private Path file;
    private Path part;
    private final List<Long> shown = new ArrayList<>();
    private final Download download = new Download(Duration.ofMillis(300), Duration.ofMillis(1));

    @BeforeEach
    void place() {
        file = temp.resolve("a/new/folder/file.gz");
        part = file.resolveSibling("file.gz.part");
    }

    private static byte[] gzip(byte[] bytes) throws IOException {
        var out = new ByteArrayOutputStream();
        try (var gzip = new GZIPOutputStream(out)) {
            gzip.write(bytes);
        }
        return out.toByteArray();
    }

    private static Download.Content content(byte[] unpacked) throws Exception {
        return Download.Content.ofGzip(
                unpacked.length,
                HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(unpacked)));
    }

    private boolean fetch(Loopback server) {
        return fetch(server.uri("/file.gz"));
    }

    private boolean fetch(URI from) {
        return download.fetch(from, file, CONTENT, (bytes, of) -> shown.add(bytes));
    }

    private void assertFetched(Loopback server, int... ranges) {
        assertThat(fetch(server)).isTrue();
        assertThat(file).hasBinaryContent(BODY);
        assertThat(part).doesNotExist();
        assertThat(server.requests().stream().mapToInt(Loopback.Request::from))
                .containsExactly(Arrays.stream(ranges).boxed().toArray(Integer[]::new));
    }

    private void assertRefused(Loopback server, String sentence) {
        assertThatThrownBy(() -> fetch(server))
                .isExactlyInstanceOf(UncheckedIOException.class)
                .hasMessage(sentence);
        assertThat(file).doesNotExist();
    }

    private void assertNothingKept() throws IOException {
        try (var files = Files.list(file.getParent())) {
            assertThat(files).isEmpty();
        }
    }

    /** Writes the body up to {@code to} and hangs up. */
    private static void upTo(int to, Loopback.Request request, OutputStream out) throws IOException {
        Loopback.head(BODY.length, request.from(), out);
        out.write(BODY, request.from(), to - request.from());
    }

    @Test
    void fetchedOnce() throws Exception {
        try (var server = new Loopback((request, out) -> Loopback.honest(request, out, BODY))) {
            assertFetched(server, 0);
            assertThat(shown).isSorted().startsWith(0L).endsWith((long) BODY.length);
            assertThat(fetch(server)).isFalse();
            assertThat(server.requests()).hasSize(1);
            Files.write(file, new byte[] {1, 2, 3});
            assertThat(fetch(server)).isTrue();
            assertThat(file).hasBinaryContent(BODY);
        }
    }

    @Test
    void aCutIsGoneOnWith() throws Exception {
        try (var server = new Loopback((request, out) -> {
            int from = request.from();
            upTo(from == 0 ? 100_000 : from == 100_000 ? 250_000 : BODY.length, request, out);
        })) {
            assertFetched(server, 0, 100_000, 250_000);
        }
    }

    @Test
    void aLaterRunGoesOn() throws Exception {
        try (var server = new Loopback((request, out) -> {
            if (request.from() == 0) {
                upTo(70_000, request, out);
            } else {
                Loopback.head(out, "503 Slow Down", "Content-Length: 0");
            }
        })) {
            assertRefused(
                    server,
                    server.uri("/file.gz")
                            + ": the server says 503 Slow Down, 5 times; run this again later, it goes on after "
                            + "the 70000 bytes that"
                            + " have come");
            assertThat(part).hasSize(70_000);
        }
        try (var server = new Loopback((request, out) -> Loopback.honest(request, out, BODY))) {
            assertFetched(server, 70_000);
        }
    }

    @Test
    void aServerThatIgnoresRangesStartsAnew() throws Exception {
        try (var server = new Loopback((request, out) -> {
            Loopback.head(out, "200 OK", "Content-Length: " + BODY.length);
            out.write(BODY, 0, request.from() == 0 ? 1234 : BODY.length);
        })) {
            assertFetched(server, 0, 1234);
        }
    }

    @Test
    void aServerThatSendsAnotherPartIsAskedForAll() throws Exception {
        var number = new AtomicInteger();
        try (var server = new Loopback((request, out) -> {
            switch (number.incrementAndGet()) {
                case 1 -> upTo(5000, request, out);
                case 2 ->
                    Loopback.head(
                            out, "206 Partial Content", "Content-Range: bytes 4000-9999/10000", "Content-Length: 6000");
                default -> Loopback.honest(request, out, BODY);
            }
        })) {
            assertFetched(server, 0, 5000, 0);
        }
    }

    @Test
    void withoutALengthTheContentTells() throws Exception {
        try (var server = new Loopback((request, out) -> {
            Loopback.head(out, "200 OK");
            out.write(BODY);
        })) {
            assertFetched(server, 0);
        }
    }

    @Test
    void wrongBytesAreNotKept() throws Exception {
        byte[] other = UNPACKED.clone();
        other[7]++;
        byte[] wrong = gzip(other);
        try (var server = new Loopback((request, out) -> Loopback.honest(request, out, wrong))) {
            assertRefused(
                    server,
                    server.uri("/file.gz") + " is not the file that is known: "
                            + content(other).sum()
                            + " instead of sha256 " + CONTENT.sum()
                            + "; nothing was kept, try another address with --from");
            assertNothingKept();
            assertThat(server.requests()).hasSize(1);
        }
        byte[] page = "<html>Please log in</html>".getBytes();
        try (var server = new Loopback((request, out) -> Loopback.honest(request, out, page))) {
            assertThatThrownBy(() -> fetch(server)).hasMessageContaining(": damaged gzip data instead of sha256 ");
        }
        byte[] bomb = gzip(new byte[UNPACKED.length + 1]);
        try (var server = new Loopback((request, out) -> Loopback.honest(request, out, bomb))) {
            assertThatThrownBy(() -> fetch(server)).hasMessageContaining(": more than 300000 bytes instead of sha256 ");
            assertNothingKept();
        }
    }

    @Test
    void anOldBeginningThatDoesNotFitIsFetchedAnew() throws Exception {
        try (var server = new Loopback((request, out) -> Loopback.honest(request, out, BODY))) {
            Files.createDirectories(part.getParent());
            Files.write(part, new byte[1000]);
            assertFetched(server, 1000, 0);
        }
        try (var server = new Loopback((request, out) -> Loopback.honest(request, out, BODY))) {
            Files.delete(file);
            Files.write(part, new byte[BODY.length + 5]);
            assertFetched(server, BODY.length + 5, 0);
        }
        try (var server = new Loopback((request, out) -> Loopback.honest(request, out, BODY))) {
            Files.delete(file);
            Files.write(part, BODY);
            assertFetched(server, BODY.length);
        }
    }

    @Test
    void redirectsAreFollowedToAnEnd() throws Exception {
        try (var server = new Loopback((request, out) -> {
            switch (request.path()) {
                case "/file.gz" -> Loopback.head(out, "302 Found", "Location: elsewhere/x", "Content-Length: 0");
                case "/elsewhere/x" -> Loopback.head(out, "301 Moved", "Location: /there", "Content-Length: 0");
                case "/there" -> Loopback.honest(request, out, BODY);
                case "/local" -> Loopback.head(out, "302 Found", "Location: file:///etc/passwd", "Content-Length: 0");
                case "/none" -> Loopback.head(out, "302 Found", "Location: a b", "Content-Length: 0");
                default -> Loopback.head(out, "307 Again", "Location: " + request.path(), "Content-Length: 0");
            }
        })) {
            assertFetched(server, 0, 0, 0);
            Files.delete(file);
            assertThatThrownBy(() -> fetch(server.uri("/loop")))
                    .hasMessage(server.uri("/loop")
                            + ": the server sends on more than 5 times; try another address with --from");
            assertThatThrownBy(() -> fetch(server.uri("/local")))
                    .hasMessage(
                            "file:///etc/passwd is not an address of http or https; try another address with --from");
            assertThatThrownBy(() -> fetch(server.uri("/none")))
                    .hasMessage(server.uri("/none") + ": the server sends on to a b, which is no address");
            assertThatThrownBy(() -> fetch(URI.create("ftp://127.0.0.1/file.gz")))
                    .hasMessage("ftp://127.0.0.1/file.gz is not an address of http or https; try another address with "
                            + "--from");
            assertNothingKept();
        }
    }

    @Test
    void whatIsNotThereIsNotAskedForTwice() throws Exception {
        try (var server = new Loopback((request, out) -> Loopback.head(out, "404 Not Found", "Content-Length: 0"))) {
            assertRefused(
                    server,
                    server.uri("/file.gz") + ": the server says 404 Not Found; try another address with --from");
            assertThat(server.requests()).hasSize(1);
            assertNothingKept();
        }
    }

    @Test
    void aSilentServerIsLeft() throws Exception {
        var over = new CountDownLatch(1);
        try (var server = new Loopback((request, out) -> {
            if (request.from() == 0) {
                upTo(90_000, request, out);
                over.await(); // the connection stays open, and nothing comes
            } else {
                Loopback.honest(request, out, BODY);
            }
        })) {
            // the server serves one at a time: what was silent lets go as soon as the next one has connected
            Thread release = new Thread(() -> {
                try {
                    Thread.sleep(500);
                    over.countDown();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            });
            release.start();
            assertFetched(server, 0, 90_000);
            release.join();
        }
        try (var server = new Loopback((request, out) -> Thread.sleep(310))) {
            Files.delete(file);
            assertRefused(
                    server,
                    server.uri("/file.gz")
                            + ": no answer for 0.3 s, 5 times; run this again later, it goes on after the 0 bytes "
                            + "that have come");
        }
    }

    @Test
    void aTricklingServerIsLeft() throws Exception {
        try (var server = new Loopback((request, out) -> {
            Loopback.head(BODY.length, request.from(), out);
            if (request.from() == 0) {
                for (int i = 0; i < 1000; i++) {
                    out.write(BODY[i]);
                    out.flush();
                    Thread.sleep(20);
                }
            } else {
                out.write(BODY, request.from(), BODY.length - request.from());
            }
        })) {
            assertThat(fetch(server)).isTrue();
            assertThat(file).hasBinaryContent(BODY);
            assertThat(server.requests()).hasSize(2);
            assertThat(server.requests().get(1).from()).isBetween(5, 200);
        }
    }

    @Test
    void anEndlessBodyIsCut() throws Exception {
        try (var server = new Loopback((request, out) -> {
            Loopback.head(out, "200 OK");
            while (true) {
                out.write(BODY);
            }
        })) {
            assertRefused(
                    server,
                    server.uri("/file.gz")
                            + " is not the file that is known: it has more than 301316 bytes; nothing was kept, "
                            + "try another"
                            + " address with --from");
            assertNothingKept();
        }
    }

    @Test
    void nobodyListens() throws Exception {
        Loopback server = new Loopback((request, out) -> {});
        server.close();
        assertThatThrownBy(() -> fetch(server))
                .isExactlyInstanceOf(UncheckedIOException.class)
                .hasMessageContaining("Connection refused, 5 times; run this again later");
        assertThatThrownBy(() -> fetch(URI.create("http://no-such-host.invalid/file.gz")))
                .hasMessage("there is no way to no-such-host.invalid from here: no such host, or no network");
    }

    @Test
    void whereNothingCanBeWritten() throws Exception {
        try (var server = new Loopback((request, out) -> Loopback.honest(request, out, BODY))) {
            Files.createFile(temp.resolve("a"));
            assertThatThrownBy(() -> fetch(server))
                    .isExactlyInstanceOf(UncheckedIOException.class)
                    .hasMessageStartingWith("cannot write " + part + ": ")
                    .hasMessageEndingWith("; choose a folder that you may write to");
            assertThat(server.requests()).isEmpty();
        }
    }

    @Test
    void aFullDiskIsSaid() throws Exception {
        assumeTrue(Files.exists(Path.of("/dev/full")), "there is no /dev/full");
        Files.createDirectories(part.getParent());
        Files.createSymbolicLink(part, Path.of("/dev/full"));
        try (var server = new Loopback((request, out) -> Loopback.honest(request, out, BODY))) {
            assertRefused(server, "cannot write " + part + ": No space left on device; make room, then run this again");
            assertThat(Files.exists(part, LinkOption.NOFOLLOW_LINKS)).isFalse();
        }
    }

    @Test
    void twoAtOnceDoNotMixTheirBytes() throws Exception {
        var begun = new CountDownLatch(1);
        var refused = new CountDownLatch(1);
        try (var server = new Loopback((request, out) -> {
            Loopback.head(BODY.length, 0, out);
            begun.countDown();
            refused.await();
            out.write(BODY);
        })) {
            Download patient = new Download(Duration.ofSeconds(20), Duration.ofMillis(1));
            Thread first = new Thread(() -> patient.fetch(server.uri("/file.gz"), file, CONTENT, (bytes, of) -> {}));
            first.start();
            begun.await();
            assertThatThrownBy(() -> fetch(server))
                    .isExactlyInstanceOf(UncheckedIOException.class)
                    .hasMessage(part + " is being written by another download; wait for it to end");
            refused.countDown();
            first.join();
            assertThat(file).hasBinaryContent(BODY);
        }
    }
}

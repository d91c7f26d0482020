package dev.fathom.labs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code fathom data}: the real files over loopback into the cache folder, and where experiments look for them. */
class DataTest {
    private static final Path ROOT = Path.of(System.getProperty("fathom.root"));
    private static final Path SAMPLES = ROOT.resolve("test-data/fashion-mnist");

    @TempDir
    Path temp;

    @BeforeEach
    void empty() {
        System.setProperty("fathom.data", temp.resolve("data").toString());
        System.setProperty("fathom.cache", temp.resolve("cache").toString());
        System.setProperty("fathom.root", temp.resolve("tree").toString());
    }

    @AfterEach
    void asBefore() {
        System.clearProperty("fathom.data");
        System.clearProperty("fathom.cache");
        System.setProperty("fathom.root", ROOT.toString());
    }

    @Test
    void fetchesTheFourFilesOnce() throws Exception {
        try (var server = new Loopback((request, out) -> Loopback.honest(
                request,
                out,
                Files.readAllBytes(SAMPLES.resolve(request.path().substring("/some/where/".length())))))) {
            CommandLineRun run = CommandLineRun.of(
                    "data", "fashion-mnist", "--from", server.uri("/some/where").toString());
            assertThat(run.err()).isEmpty();
            assertThat(run.code()).isZero();
            Path folder = temp.resolve("cache/data/fashion-mnist");
            assertThat(run.out()).isEqualTo("""
                            train-images-idx3-ubyte.gz   26.4 MB  fetched, sha256 as known
                            train-labels-idx1-ubyte.gz   29.5 KB  fetched, sha256 as known
                            t10k-images-idx3-ubyte.gz     4.4 MB  fetched, sha256 as known
                            t10k-labels-idx1-ubyte.gz     5.1 KB  fetched, sha256 as known

                            In %s; next:
                              ./fathom quickstart
                            """.formatted(folder));
            assertThat(ImageSet.FASHION_MNIST.folder()).isEqualTo(folder);
            assertThat(folder.resolve("t10k-images-idx3-ubyte.gz"))
                    .hasSameBinaryContentAs(SAMPLES.resolve("t10k-images-idx3-ubyte.gz"));
            // one lost, one damaged: the others stay
            Files.delete(folder.resolve("t10k-labels-idx1-ubyte.gz"));
            Files.write(folder.resolve("train-labels-idx1-ubyte.gz"), new byte[5]);
            run = CommandLineRun.of(
                    "data",
                    "fashion-mnist",
                    "--from",
                    server.uri("/some/where/").toString());
            assertThat(run.code()).as(run.err()).isZero();
            assertThat(run.out().lines().filter(l -> l.endsWith("is there, sha256 as known")))
                    .hasSize(2);
            assertThat(server.requests()).hasSize(6);
        }
    }

    @Test
    void whatCannotBeFetchedIsOneLine() throws Exception {
        try (var server = new Loopback((request, out) -> Loopback.head(out, "404 Not Found", "Content-Length: 0"))) {
            CommandLineRun run =
                    CommandLineRun.of("data", "mnist", "--from", server.uri("/").toString());
            assertThat(run.err())
                    .isEqualTo("fathom data: " + server.uri("/train-images-idx3-ubyte.gz")
                            + ": the server says 404 Not Found; try another address with --from\n");
            assertThat(run.code()).isEqualTo(1);
        }
        CommandLineRun run = CommandLineRun.of("data", "cifar");
        assertThat(run.err())
                .contains("'cifar' is neither fashion-mnist nor mnist")
                .hasLineCount(1);
        assertThat(run.code()).isEqualTo(2);
        assertThat(CommandLineRun.of("data").code()).isEqualTo(2);
        assertThat(CommandLineRun.of("data", "--help").out()).contains("--from=URL", "SET");
    }

    @Test
    void theDataFolderComesBeforeTheCacheAndTheCacheBeforeTheTree() throws Exception {
        Path tree = TinyImages.write(temp.resolve("tree")).resolve("test-data/fashion-mnist");
        assertThat(ImageSet.FASHION_MNIST.folder()).isEqualTo(tree);
        Path cache = copied(tree, temp.resolve("cache/data/fashion-mnist"));
        assertThat(ImageSet.FASHION_MNIST.folder()).isEqualTo(cache);
        Path data = copied(tree, temp.resolve("data/fashion-mnist"));
        assertThat(ImageSet.FASHION_MNIST.folder()).isEqualTo(data);
        Files.delete(data.resolve("t10k-labels-idx1-ubyte.gz"));
        assertThat(ImageSet.FASHION_MNIST.folder()).isEqualTo(cache);
        assertThatThrownBy(ImageSet.MNIST::folder)
                .isExactlyInstanceOf(IllegalArgumentException.class)
                .hasMessage("--data mnist: there is no folder " + temp.resolve("data/mnist") + " or "
                        + temp.resolve("cache/data/mnist") + " or " + temp.resolve("tree/test-data/mnist")
                        + "; ./fathom data mnist fetches it");
    }

    private static Path copied(Path from, Path to) throws Exception {
        Files.createDirectories(to);
        try (var files = Files.list(from)) {
            for (Path file : files.toList()) {
                Files.copy(file, to.resolve(file.getFileName()), StandardCopyOption.REPLACE_EXISTING);
            }
        }
        return to;
    }
}

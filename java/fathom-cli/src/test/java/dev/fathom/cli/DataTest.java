package dev.fathom.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.fathom.data.Dataset;
import dev.fathom.experiments.data.Download;
import dev.fathom.experiments.data.ImageSet;
import dev.fathom.experiments.data.Images;
import dev.fathom.experiments.data.Imdb;
import dev.fathom.experiments.data.Loopback;
import dev.fathom.experiments.data.TarTest;
import dev.fathom.experiments.data.TinyImages;
import dev.fathom.experiments.data.TinyShakespeare;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
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
                .contains("'cifar' is none of fashion-mnist, mnist, cifar10, cifar100, imdb, tinyshakespeare")
                .hasLineCount(1);
        assertThat(run.code()).isEqualTo(2);
        assertThat(CommandLineRun.of("data").code()).isEqualTo(2);
        assertThat(CommandLineRun.of("data", "mnist", "--from", "no address").err())
                .contains("'no address' is no address, such as https://example.org/folder/")
                .hasLineCount(1);
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

    /** The players are served, all else is not there. */
    @Test
    void allOfThemAreFetchedOrStoodInFor() throws Exception {
        byte[] players = Files.readAllBytes(ROOT.resolve("test-data/hitters/Hitters.csv"));
        try (var server = new Loopback((request, to) -> {
            if (request.path().equals("/some/where/hitters/Hitters.csv")) {
                Loopback.honest(request, to, players);
            } else {
                to.write("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            }
        })) {
            String from = server.uri("/some/where").toString();
            CommandLineRun run = CommandLineRun.of("data", "all", "--from", from);
            assertThat(run.err()).isEmpty();
            assertThat(run.code()).isZero();
            List<String> said =
                    run.out().lines().map(line -> line.replaceAll(" +", " ")).toList();
            Path cache = temp.resolve("cache");
            assertThat(said)
                    .contains(
                            "Hitters.csv 21.0 KB fetched, sha256 as known",
                            "hitters yes " + cache.resolve("data/hitters") + " 21.0 KB BSD-3-Clause (ISLP) hitters",
                            "names was not fetched: " + server.uri("/some/where/names/names.txt")
                                    + ": the server says 404 Not Found; try another address with --from",
                            "names: a stand-in is in " + cache.resolve("stand-ins/names"),
                            "ecg has no address: make them of dataset/ecg/raw in the repository "
                                    + "chickenbestlover/RNN-Time-series-Anomaly-Detection")
                    .anyMatch(line -> line.startsWith("names stand-in " + cache.resolve("stand-ins/names") + " "))
                    .anyMatch(line -> line.startsWith("mnist stand-in "))
                    .noneMatch(line -> line.contains(" no ") && line.endsWith(" names"));
            // once there, it is not fetched again, and a set can be fetched alone
            int requests = server.requests().size();
            assertThat(CommandLineRun.of("data", "hitters", "--from", from + "/hitters")
                            .out())
                    .contains("is there, sha256 as known");
            assertThat(server.requests()).hasSize(requests);
        }
        // a stand-in is for labs alone, and nothing of them is stored
        assertThatThrownBy(ImageSet.MNIST::folder).hasMessageEndingWith("fetch all with ./fathom data mnist");
        Files.createDirectories(temp.resolve("tree/docs"));
        CommandLineRun save = CommandLineRun.of(
                "lab", "names", "--save", "--out", temp.resolve("out").toString());
        assertThat(save.code()).isEqualTo(2);
        assertThat(save.err())
                .contains("--save stores runs on the data themselves, and there are only stand-ins for names; "
                        + "./fathom data all says how to get the data");
        assertThat(temp.resolve("out")).doesNotExist();
    }

    // ---- archives

    @Test
    void anArchiveIsFetchedUnpackedAndRemoved() throws Exception {
        byte[] one = new byte[70_000];
        new Random(1).nextBytes(one);
        byte[] two = new byte[3000];
        var tar = new ByteArrayOutputStream();
        tar.write(TarTest.entry("set/one.bin", '0', one));
        tar.write(TarTest.entry("set/two.bin", '0', two));
        byte[] archive = TarTest.gzip(tar.toByteArray());
        var known = Download.Content.ofFile(
                archive.length,
                HexFormat.of().formatHex(MessageDigest.getInstance("MD5").digest(archive)));
        Map<String, Long> files = new TreeMap<>(Map.of("one.bin", 70_000L, "two.bin", 3000L));
        Path cache = temp.resolve("cache/set");
        var out = new ByteArrayOutputStream();
        Data data = new Data(new PrintStream(out, true));
        try (var server = new Loopback((request, to) -> {
            if (request.from() == 0) { // the connection is cut, and gone on with
                Loopback.head(archive.length, 0, to);
                to.write(archive, 0, 50_000);
            } else {
                Loopback.honest(request, to, archive);
            }
        })) {
            data.unpacked(server.uri("/"), cache, "set.tar.gz", known, files);
            assertThat(server.requests().stream().map(Loopback.Request::from)).containsExactly(0, 50_000);
            assertThat(cache.resolve("one.bin")).hasBinaryContent(one);
            assertThat(cache.resolve("two.bin")).hasBinaryContent(two);
            try (var left = Files.list(cache)) {
                assertThat(left).hasSize(2);
            }
            assertThat(out.toString().lines().map(line -> line.replaceAll(" +", " ")))
                    .containsExactly(
                            "set.tar.gz 70.3 KB fetched, md5 as the publisher prints it",
                            "one.bin 70.0 KB unpacked",
                            "two.bin 3.0 KB unpacked");
            out.reset();
            data.unpacked(server.uri("/"), cache, "set.tar.gz", known, files);
            assertThat(server.requests()).hasSize(2);
            assertThat(out.toString()).contains("is there, size as known");
            // one lost: all of it again
            Files.delete(cache.resolve("two.bin"));
            data.unpacked(server.uri("/"), cache, "set.tar.gz", known, files);
            assertThat(cache.resolve("two.bin")).hasBinaryContent(two);
        }
    }

    @Test
    void anotherArchiveIsNotTaken() throws Exception {
        byte[] other = TarTest.gzip(TarTest.entry("set/data_batch_1.bin", '0', new byte[10]));
        try (var server = new Loopback((request, out) -> Loopback.honest(request, out, other))) {
            CommandLineRun run = CommandLineRun.of(
                    "data", "cifar10", "--from", server.uri("/").toString());
            assertThat(run.code()).isEqualTo(1);
            assertThat(run.err())
                    .startsWith("fathom data: " + server.uri("/cifar-10-binary.tar.gz")
                            + " is not the file that is known: ")
                    .contains(" instead of md5 c32a1d4ab5d03f1284b67883e8d87530; nothing was kept")
                    .hasLineCount(1);
            try (var left = Files.list(temp.resolve("cache/data/cifar10"))) {
                assertThat(left).isEmpty();
            }
        }
    }

    /**
     * The reviews themselves are not at hand: another archive is refused, and tables that are there are counted and
     * kept.
     */
    @Test
    void reviewsOfFilms() throws Exception {
        Path folder = temp.resolve("cache/data/imdb");
        try (var server = new Loopback((request, to) -> Loopback.honest(request, to, new byte[10]))) {
            String from = server.uri("/some/where").toString();
            CommandLineRun run = CommandLineRun.of("data", "imdb", "--from", from);
            assertThat(run.code()).isEqualTo(1);
            assertThat(run.err())
                    .startsWith("fathom data: " + server.uri("/some/where/aclImdb_v1.tar.gz")
                            + " is not the file that is known: ")
                    .contains(" instead of md5 7c2ac02c03563afcf9b574c7e56c153a; nothing was kept")
                    .hasLineCount(1);
            StringBuilder table = new StringBuilder("label\trating\tid\ttext\n");
            for (int i = 0; i < 25_000; i++) {
                table.append(i % 2).append("\t1\t").append(i / 2).append("\tfilm\n");
            }
            byte[] gzip = TarTest.gzip(table.toString().getBytes(StandardCharsets.UTF_8));
            Files.write(folder.resolve("train.tsv.gz"), gzip);
            Files.write(folder.resolve("test.tsv.gz"), gzip);
            run = CommandLineRun.of("data", "IMDB", "--from", from);
            assertThat(run.out().lines().map(line -> line.replaceAll(" +", " ")))
                    .containsExactly(
                            String.format(Locale.ROOT, "train.tsv.gz %.1f KB is there, ", gzip.length / 1e3)
                                    + "12,500 reviews of each class, as known",
                            String.format(Locale.ROOT, "test.tsv.gz %.1f KB is there, ", gzip.length / 1e3)
                                    + "12,500 reviews of each class, as known");
            assertThat(run.err())
                    .startsWith("fathom data: " + server.uri("/some/where/imdb_word_index.json")
                            + " is not the file that is known: ")
                    .contains(" instead of md5 bfafd718b763782e994055a2d397834f");
            // one review less: all of it again
            Files.write(
                    folder.resolve("test.tsv.gz"),
                    TarTest.gzip(table.substring(0, table.length() - 11).getBytes(StandardCharsets.UTF_8)));
            assertThat(CommandLineRun.of("data", "imdb", "--from", from).err()).contains("aclImdb_v1.tar.gz");
        }
        assertThat(Imdb.address(Imdb.ARCHIVE).toString())
                .isEqualTo("https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz");
        assertThat(Imdb.address(Imdb.INDEX).toString())
                .isEqualTo("https://storage.googleapis.com/tensorflow/tf-keras-datasets/imdb_word_index.json");
    }

    @Test
    void anotherFileIsNotThePlays() throws Exception {
        Path file = temp.resolve("cache/data/tinyshakespeare/input.txt");
        try (var server = new Loopback((request, to) -> Loopback.honest(request, to, new byte[1_115_394]))) {
            CommandLineRun run = CommandLineRun.of(
                    "data", "tinyshakespeare", "--from", server.uri("/").toString());
            assertThat(run.code()).isEqualTo(1);
            assertThat(run.err())
                    .startsWith("fathom data: " + server.uri("/input.txt") + " is not the file that is known: ")
                    .contains(" instead of sha256 86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed; "
                            + "nothing was "
                            + "kept")
                    .hasLineCount(1);
            assertThat(file).doesNotExist();
            assertThat(TinyShakespeare.file()).isEmpty();
        }
        assertThat(TinyShakespeare.ADDRESS.toString())
                .isEqualTo(
                        "https://raw.githubusercontent.com/karpathy/char-rnn/6f9487a6fe5b420b7ca9afb0d7c078e37c1d1b4e/"
                                + "data/tinyshakespeare/input.txt");
    }

    @Test
    void thePlaysAreFetchedOnce() throws Exception {
        Path file = temp.resolve("cache/data/tinyshakespeare/input.txt");
        Path here = Path.of(System.getenv().getOrDefault("FATHOM_DATA", "nowhere"), "tinyshakespeare/input.txt");
        assumeTrue(Files.isRegularFile(here), "the plays are not fetched: FATHOM_DATA has no " + here);
        byte[] all = Files.readAllBytes(here);
        try (var server = new Loopback((request, to) -> Loopback.honest(request, to, all))) {
            String from = server.uri("/").toString();
            assertThat(CommandLineRun.of("data", "TinyShakespeare", "--from", from)
                            .out())
                    .matches("(?s)input\\.txt +1\\.1 MB  fetched, sha256 as known\\R\\RIn .*; next:\\R  \\./fathom "
                            + "example 11\\R");
            assertThat(CommandLineRun.of("data", "tinyshakespeare", "--from", from)
                            .out())
                    .contains("is there, sha256 as known");
            assertThat(server.requests()).hasSize(1);
        }
        assertThat(TinyShakespeare.file()).contains(file);
    }

    /** Files of the true size with so many images of each class, all of them black. */
    private static void cifar(Path folder, String name, int first, int n, int classes, int labels) throws Exception {
        Files.createDirectories(folder);
        try (var file = new RandomAccessFile(folder.resolve(name).toFile(), "rw")) {
            long record = labels + 3072;
            file.setLength(n * record);
            for (int i = 0; i < n; i++) {
                file.seek(i * record + labels - 1);
                file.write((first + i) % classes);
            }
        }
    }

    @Test
    void whatIsThereIsCounted() throws Exception {
        Path folder = temp.resolve("cache/data/cifar100");
        cifar(folder, "train.bin", 0, 50_000, 100, 2);
        cifar(folder, "test.bin", 0, 10_000, 100, 2);
        CommandLineRun run = CommandLineRun.of("data", "cifar100");
        assertThat(run.err()).isEmpty();
        assertThat(run.out()).isEqualTo("""
                        train.bin                   153.7 MB  is there, size as known
                        test.bin                     30.7 MB  is there, size as known
                        50,000 images to learn from, 500 of each class, as known
                        10,000 images for the test, 100 of each class, as known

                        In %s.
                        """.formatted(folder));
        cifar(folder, "test.bin", 0, 10_000, 99, 2);
        run = CommandLineRun.of("data", "cifar100");
        assertThat(run.err())
                .isEqualTo("fathom data: " + folder
                        + ": there are 102 images of class 0 and not 100; remove the folder and fetch it again\n");
        cifar(folder, "test.bin", 100, 10_000, 120, 2);
        assertThat(CommandLineRun.of("data", "cifar100").err())
                .isEqualTo("fathom data: " + folder.resolve("test.bin")
                        + ": label 100 of record 0 is outside [0, 100); the file is damaged or not CIFAR-100, "
                        + "fetch it again, after removing " + folder + "\n");
        assertThat(run.code()).isEqualTo(1);
    }

    @Test
    void cifarFoldersOfEveryKind() throws Exception {
        assertThatThrownBy(ImageSet.CIFAR10::folder).hasMessageEndingWith("; ./fathom data cifar10 fetches it");
        Path part = temp.resolve("data/cifar10");
        for (String name : List.of("train_15000", "valid_4000", "test_1000")) {
            cifar(temp, "plain", name.length(), 20, 10, 1);
            Files.createDirectories(part);
            Files.write(part.resolve(name + ".bin.gz"), TarTest.gzip(Files.readAllBytes(temp.resolve("plain"))));
        }
        assertThat(ImageSet.CIFAR10.folder()).isEqualTo(part);
        try (Images images = ImageSet.CIFAR10.images(null, 1)) {
            assertThat(images.learn()).hasToString("Dataset [37, 32, 32, 3] of U8, 10 classes");
            assertThat(images.choose().size()).isEqualTo(3);
            assertThat(images.test().size()).isEqualTo(20);
            assertThat(images.classes()).hasSize(10).startsWith("airplane");
        }
        // the whole set, in the folder that the publisher's archive makes, comes before the part
        for (int i = 1; i <= 5; i++) {
            cifar(part.resolve("cifar-10-batches-bin"), "data_batch_" + i + ".bin", i, 10, 10, 1);
        }
        cifar(part.resolve("cifar-10-batches-bin"), "test_batch.bin", 0, 10, 10, 1);
        try (Dataset d = ImageSet.CIFAR10.read(part, false)) {
            assertThat(d.size()).isEqualTo(50);
            assertThat(d.label(10)).isEqualTo(2);
        }
        Path hundred = temp.resolve("data/cifar100");
        cifar(hundred, "train.bin", 0, 100, 100, 2);
        assertThatThrownBy(ImageSet.CIFAR100::folder)
                .hasMessage("--data cifar100: " + hundred
                        + " lacks test.bin; put it there, or fetch all with ./fathom data cifar100");
        cifar(hundred, "test.bin", 0, 100, 100, 2);
        try (Dataset d = ImageSet.CIFAR100.read(ImageSet.CIFAR100.folder(), true)) {
            assertThat(d).hasToString("Dataset [100, 32, 32, 3] of U8, 100 classes");
            assertThat(ImageSet.CIFAR100.classes()).hasSize(100).isSorted();
        }
        assertThat(CommandLineRun.of("quickstart", "--data", "cifar10").err())
                .contains("'cifar10' is none of fashion-mnist, mnist");
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

package dev.fathom.experiments.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Known files come out of an archive whole; nothing else that it says is followed. */
public class TarTest {
    @TempDir
    Path temp;

    private final ByteArrayOutputStream tar = new ByteArrayOutputStream();

    /** One entry, as tar writes it. */
    public static byte[] entry(String path, char type, byte[] content) throws IOException {
        byte[] head = new byte[512];
        put(head, 0, path);
        put(head, 100, "0000644\0" + "0000000\0" + "0000000\0" + String.format("%011o\0", content.length));
        put(head, 136, "00000000000\0");
        put(head, 148, "        ");
        head[156] = (byte) type;
        put(head, 257, "ustar\0" + "00");
        int sum = 0;
        for (byte b : head) {
            sum += b & 0xff;
        }
        put(head, 148, String.format("%06o\0 ", sum));
        var out = new ByteArrayOutputStream();
        out.write(head);
        out.write(content);
        out.write(new byte[(512 - content.length % 512) % 512]);
        return out.toByteArray();
    }

    private static void put(byte[] head, int at, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
        System.arraycopy(bytes, 0, head, at, bytes.length);
    }

    public static byte[] gzip(byte[] bytes) throws IOException {
        var out = new ByteArrayOutputStream();
        try (var gzip = new GZIPOutputStream(out)) {
            gzip.write(bytes);
        }
        return out.toByteArray();
    }

    private static byte[] noise(int n) {
        byte[] bytes = new byte[n];
        new Random(n).nextBytes(bytes);
        return bytes;
    }

    private Path archive() throws IOException {
        tar.write(new byte[1024]);
        return Files.write(temp.resolve("a.tar.gz"), gzip(tar.toByteArray()));
    }

    private static Map<String, Long> files(Object... namesAndSizes) {
        Map<String, Long> files = new LinkedHashMap<>();
        for (int i = 0; i < namesAndSizes.length; i += 2) {
            files.put((String) namesAndSizes[i], ((Integer) namesAndSizes[i + 1]).longValue());
        }
        return files;
    }

    @Test
    void knownFilesComeOutAndNothingElse() throws IOException {
        byte[] one = noise(1000);
        byte[] two = noise(100_000);
        tar.write(entry("set/", '5', new byte[0]));
        tar.write(entry("../../../etc/passwd", '0', noise(10)));
        tar.write(entry("set/readme", '0', noise(513)));
        tar.write(entry("/one.bin", '2', new byte[0])); // a link of the name
        tar.write(entry("one.bin", '1', new byte[1000])); // a link of its size
        tar.write(entry("set/two.bin", '0', noise(99))); // another size
        tar.write(entry("set/two.bin", '0', two));
        tar.write(entry("set/none.bin", '0', new byte[0]));
        tar.write(entry("../one.bin", '\0', one));
        Path to = temp.resolve("new/folder");
        Tar.unpack(archive(), to, files("one.bin", 1000, "two.bin", 100_000, "none.bin", 0));
        assertThat(to.resolve("one.bin")).hasBinaryContent(one);
        assertThat(to.resolve("two.bin")).hasBinaryContent(two);
        assertThat(to.resolve("none.bin")).isEmptyFile();
        try (var all = Files.walk(temp)) {
            assertThat(all.filter(Files::isRegularFile)).hasSize(4);
        }
    }

    @Test
    void damageIsASentence() throws IOException {
        tar.write(entry("set/one.bin", '0', noise(1000)));
        tar.write(entry("set/two.bin", '0', noise(1000)));
        byte[] good = tar.toByteArray();
        Path archive = temp.resolve("a.tar.gz");
        assertRefused(archive, good, files("three.bin", 5), "it lacks three.bin of 5 bytes");
        assertRefused(
                archive,
                Arrays.copyOf(good, 512 + 1024 + 100),
                files("two.bin", 1000),
                "it lacks two.bin of 1000 bytes");
        assertRefused(archive, Arrays.copyOf(good, 1100), files("two.bin", 1000), "it is truncated");
        // within a file that is wanted
        assertRefused(archive, Arrays.copyOf(good, 1100), files("one.bin", 1000), "it is truncated");
        assertRefused(archive, Arrays.copyOf(good, 1536 + 600), files("two.bin", 1000), "it is truncated");
        byte[] huge = entry("set/one.bin", '0', new byte[0]);
        sized(huge, "77777777777\0");
        assertRefused(archive, huge, files("two.bin", 1000), "it is truncated");
        byte[] wrong = good.clone();
        wrong[3] ^= 1;
        assertRefused(archive, wrong, files("two.bin", 1000), "a header's checksum is wrong");
        Files.write(archive, Arrays.copyOf(gzip(good), 300));
        assertThatThrownBy(() -> Tar.unpack(archive, temp, files("two.bin", 1000)))
                .isExactlyInstanceOf(UncheckedIOException.class)
                .hasMessage(archive + ": it is truncated; remove it and fetch it again");
        Files.write(archive, good);
        assertThatThrownBy(() -> Tar.unpack(archive, temp, files("two.bin", 1000)))
                .hasMessage(archive + ": its gzip data are damaged; remove it and fetch it again");
        byte[] size = entry("set/one.bin", '0', new byte[0]);
        sized(size, "-0000000001\0");
        assertRefused(archive, size, files("two.bin", 1000), "a header is damaged");
        assertThat(temp.resolve("two.bin")).doesNotExist();
    }

    private static void sized(byte[] head, String size) {
        put(head, 124, size);
        put(head, 148, "        ");
        int sum = 0;
        for (byte b : head) {
            sum += b & 0xff;
        }
        put(head, 148, String.format("%06o\0 ", sum));
    }

    private static void assertRefused(Path archive, byte[] tar, Map<String, Long> files, String sentence)
            throws IOException {
        Files.write(archive, gzip(tar));
        assertThatThrownBy(() -> Tar.unpack(archive, archive.getParent(), files))
                .isExactlyInstanceOf(UncheckedIOException.class)
                .hasMessage(archive + ": " + sentence + "; remove it and fetch it again");
    }
}

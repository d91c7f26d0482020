package dev.fathom.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fathom.data.Dataset;
import dev.fathom.memory.Memory;
import dev.fathom.op.Shape;
import dev.fathom.tensor.Pass;
import dev.fathom.testing.Damage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * idx files, plain and gzip by content: read whole, or refused in a sentence before memory is taken for what they
 * claim.
 */
class IdxTest {
    private static final String DAMAGED = "; the file is damaged or not idx, fetch it again";

    @TempDir
    Path temp;

    private static byte[] idx(int magic, int[] dims, byte... values) {
        ByteBuffer b = ByteBuffer.allocate(4 + 4 * dims.length + values.length).putInt(magic);
        for (int d : dims) {
            b.putInt(d);
        }
        return b.put(values).array();
    }

    static byte[] gzip(byte[] bytes) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (GZIPOutputStream z = new GZIPOutputStream(out)) {
            z.write(bytes);
        }
        return out.toByteArray();
    }

    private Path file(byte[] bytes) throws IOException {
        return Files.write(temp.resolve("some-idx3-ubyte.gz"), bytes);
    }

    private void assertRefused(byte[] bytes, String sentence) throws IOException {
        Path file = file(bytes);
        assertThatThrownBy(() -> Idx.read(file).toArray())
                .isExactlyInstanceOf(IllegalArgumentException.class)
                .hasMessage(file + ": " + sentence + DAMAGED);
    }

    @Test
    void plainAndGzipByContent() throws IOException {
        byte[] bytes = idx(0x803, new int[] {2, 1, 3}, (byte) 1, (byte) 2, (byte) 3, (byte) -1, (byte) 0, (byte) 9);
        for (byte[] content : new byte[][] {bytes, gzip(bytes)}) {
            Idx idx = Idx.read(file(content));
            assertThat(idx.shape()).isEqualTo(Shape.of(2, 1, 3));
            assertThat(idx.toArray()).containsExactly(1, 2, 3, -1, 0, 9);
            try (InputStream values = idx.stream()) {
                assertThat(values.read()).isEqualTo(1);
                assertThat(values.readNBytes(4)).containsExactly(2, 3, -1, 0);
                assertThat(values.readAllBytes()).containsExactly(9);
                assertThat(values.read()).isEqualTo(-1);
            }
            Path labels = Files.write(temp.resolve("labels"), idx(0x801, new int[] {2}, (byte) 3, (byte) 200));
            try (Dataset d = Idx.dataset(file(content), labels)) {
                assertThat(d).hasToString("Dataset [2, 1, 3] of U8, 201 classes");
                assertThat(d.pixels(1)).containsExactly(-1, 0, 9);
                assertThat(d.labels()).containsExactly(3, 200);
            }
        }
        assertThat(Idx.read(file(idx(0x801, new int[] {0}))).toArray()).isEmpty();
    }

    @Test
    void imagesAndLabelsMustBelongTogether() throws IOException {
        Path images = Files.write(
                temp.resolve("images"),
                ByteBuffer.allocate(12).putInt(0x802).putInt(2).putInt(0).array());
        Path three = Files.write(
                temp.resolve("three"),
                ByteBuffer.allocate(11).putInt(0x801).putInt(3).array());
        Path pair = Files.write(
                temp.resolve("pair"),
                ByteBuffer.allocate(16).putInt(0x802).putInt(2).putInt(2).array());
        Path none = Files.write(
                temp.resolve("none"),
                ByteBuffer.allocate(12).putInt(0x802).putInt(0).putInt(2).array());
        refused(
                () -> Idx.dataset(three, pair),
                "idx: images must have two dimensions or more and labels one, but " + three + " is [3] and " + pair
                        + " is [2, 2]; give the images first");
        refused(
                () -> Idx.dataset(pair, three),
                "idx: there are 2 images in " + pair + " but 3 labels in " + three + "; give one label for each image");
        Path noLabels = Files.write(
                temp.resolve("no-labels"),
                ByteBuffer.allocate(8).putInt(0x801).putInt(0).array());
        Path two = Files.write(temp.resolve("two"), idx(0x801, new int[] {2}, new byte[2]));
        for (Path[] empty : new Path[][] {{none, noLabels}, {images, two}}) {
            refused(
                    () -> Idx.dataset(empty[0], empty[1]),
                    "idx: " + empty[0] + " is " + (empty[0] == none ? "[0, 2]" : "[2, 0]")
                            + ", so there is nothing in it; give a file of at least one image of at least one pixel");
        }
    }

    private static void refused(ThrowingCallable call, String sentence) {
        assertThatThrownBy(call)
                .isExactlyInstanceOf(IllegalArgumentException.class)
                .hasMessage(sentence);
    }

    @Test
    void damageIsASentence() throws IOException {
        byte[] good = idx(0x802, new int[] {2, 2}, (byte) 1, (byte) 2, (byte) 3, (byte) 4);
        assertRefused(new byte[0], "it is truncated");
        assertRefused(new byte[] {0}, "it is truncated");
        assertRefused(Arrays.copyOf(good, 3), "it is truncated");
        assertRefused(Arrays.copyOf(good, 10), "it is truncated");
        assertRefused(Arrays.copyOf(good, 15), "its header says [2, 2], which takes 16 bytes, but there are 15");
        assertRefused(Arrays.copyOf(good, 17), "its header says [2, 2], which takes 16 bytes, but there are 17");
        assertRefused(
                idx(0x50470d0a, new int[] {1}),
                "it begins with 50470d0a where an idx file of bytes begins with 000008 and its dimensions");
        assertRefused(
                idx(0x800, new int[] {1}),
                "it begins with 00000800 where an idx file of bytes begins with 000008 and its dimensions");
        assertRefused(idx(0x8ff, new int[] {1}), "it claims 255 dimensions but 6 are the most");
        assertRefused(idx(0x801, new int[] {-1}), "it claims a dimension of 4294967295, which no file could fill");
        int most = Integer.MAX_VALUE;
        assertRefused(
                idx(0x803, new int[] {most, most, most}),
                "it claims a dimension of 2147483647, which no file could fill");
        assertRefused(
                idx(0x802, new int[] {most, 1 << 14}),
                "its header says [2147483647, 16384], which takes 35184372072460 bytes, but there are 12");
        Path file = file(idx(0xd01, new int[] {1}, (byte) 0, (byte) 0, (byte) 0, (byte) 0));
        assertThatThrownBy(() -> Idx.read(file))
                .isExactlyInstanceOf(IllegalArgumentException.class)
                .hasMessage(file
                        + ": its values are of the type float32 but only unsigned bytes are read; convert it before");
    }

    @Test
    void damagedGzipIsASentence() throws IOException {
        byte[] values = new byte[5000];
        new Random(1).nextBytes(values);
        byte[] good = idx(0x802, new int[] {50, 100}, values);
        byte[] zipped = gzip(good);
        assertRefused(Arrays.copyOf(zipped, 5), "it is truncated");
        Path truncated = file(Arrays.copyOf(zipped, 3000));
        assertThatThrownBy(() -> Idx.read(truncated))
                .isExactlyInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith(
                        truncated + ": its header says [50, 100], which takes 5012 bytes, but there are ")
                .hasMessageEndingWith(" according to its gzip trailer" + DAMAGED);
        byte[] garbage = Arrays.copyOf(zipped, zipped.length + 4);
        assertRefused(
                garbage,
                "its header says [50, 100], which takes 5012 bytes, but there are 0 according to its gzip trailer");
        assertRefused(
                gzip(Arrays.copyOf(good, good.length + 1)),
                "its header says [50, 100], which takes 5012 bytes, but there are 5013 according to its gzip trailer");
        byte[] flipped = zipped.clone();
        flipped[zipped.length / 2] ^= 0x10;
        assertRefused(flipped, "its gzip data are damaged");
        byte[] checksum = zipped.clone();
        checksum[zipped.length - 6] ^= 1;
        assertRefused(checksum, "its gzip data are damaged");
        byte[] method = zipped.clone();
        method[2] = 7;
        assertRefused(method, "its gzip data are damaged");
    }

    /** The header and the trailer agree on 2 GB; the file has a hundred bytes. */
    @Test
    void aBombTakesNoMemory() throws IOException {
        byte[] zipped = gzip(idx(0x802, new int[] {2, 1_000_000_000}, new byte[1000]));
        ByteBuffer.wrap(zipped).order(ByteOrder.LITTLE_ENDIAN).putInt(zipped.length - 4, 2_000_000_012);
        assertRefused(zipped, "its gzip data are damaged");
        assertThatThrownBy(() -> Idx.read(file(zipped))).isExactlyInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void whatCannotBeReadIsNamed() {
        Path missing = temp.resolve("missing");
        assertThatThrownBy(() -> Idx.read(missing))
                .isExactlyInstanceOf(UncheckedIOException.class)
                .hasMessage(
                        "cannot read " + missing + ": it does not exist; give the path of an idx file, plain or gzip");
        assertThatThrownBy(() -> Idx.read(temp))
                .isExactlyInstanceOf(UncheckedIOException.class)
                .hasMessage("cannot read " + temp + ": it is not a file; give the path of an idx file, plain or gzip");
    }

    // ---- images that stay in the file

    /** Never a crash: no kernel reads a mapped page. */
    @Test
    void aFileThatBecomesShorterIsASentence() throws IOException {
        Path images = Files.write(temp.resolve("images"), idx(0x803, new int[] {50, 40, 40}, new byte[80_000]));
        Path labels = Files.write(temp.resolve("labels"), idx(0x801, new int[] {50}, new byte[50]));
        try (Dataset d = Idx.dataset(images, labels);
                Pass pass = Pass.infer()) {
            assertThat(d.batches(50).epoch(0).next().size()).isEqualTo(50);
            try (RandomAccessFile cut = new RandomAccessFile(images.toFile(), "rw")) {
                cut.setLength(1000);
            }
            assertThatThrownBy(() -> d.batches(50).epoch(0).next())
                    .isExactlyInstanceOf(IllegalStateException.class)
                    .hasMessage("read: " + images + " became shorter than the 80016 bytes that it had when it was"
                            + " opened; leave it as it is while it is in use, and open it again");
            assertThat(d.labels()).hasSize(50);
            assertThat(pass.liveBytes()).isPositive();
        }
    }

    @Test
    void aDeletedFileAndAnInterruptedThreadReadOn() throws IOException {
        Path images = Files.write(
                temp.resolve("images"), idx(0x802, new int[] {2, 2}, (byte) 1, (byte) 2, (byte) 3, (byte) 4));
        Path labels = Files.write(temp.resolve("labels"), idx(0x801, new int[] {2}, (byte) 1, (byte) 0));
        Thread.currentThread().interrupt();
        try (Dataset d = Idx.dataset(images, labels)) {
            assertThat(Thread.currentThread().isInterrupted()).isTrue();
            Files.delete(images);
            assertThat(d.pixels(1)).containsExactly(3, 4);
        } finally {
            assertThat(Thread.interrupted()).isTrue();
        }
    }

    /** A file inside an archive cannot be mapped. */
    @Test
    void aFileInsideAnArchiveIsCopied() throws IOException {
        try (FileSystem zip = FileSystems.newFileSystem(temp.resolve("a.zip"), Map.of("create", "true"))) {
            Path images = Files.write(zip.getPath("images"), idx(0x802, new int[] {1, 2}, (byte) 1, (byte) 2));
            Path labels = Files.write(zip.getPath("labels"), idx(0x801, new int[] {1}, (byte) 3));
            try (Dataset d = Idx.dataset(images, labels)) {
                assertThat(d.pixels(0)).containsExactly(1, 2);
                assertThat(d.labels()).containsExactly(3);
            }
        }
    }

    /** Trains on a file of 78 MB and prints the weights. */
    static final class Child {
        private Child() {}

        public static void main(String[] args) {
            try (Dataset data = Idx.dataset(Path.of(args[0]), Path.of(args[1]))) {
                System.out.println(LargerThanMemory.trained(data));
            }
        }
    }

    @Test
    void imagesLargerThanTheLimitTrainToTheBitsOfMemory() throws Exception {
        byte[] pixels = new byte[100_000 * 784];
        new Random(1).nextBytes(pixels);
        byte[] classes = new byte[100_000];
        for (int i = 0; i < classes.length; i++) {
            classes[i] = (byte) (i * 7 % 5);
        }
        byte[] file = idx(0x803, new int[] {100_000, 28, 28}, pixels);
        Path images = Files.write(temp.resolve("images"), file);
        Path labels = Files.write(temp.resolve("labels"), idx(0x801, new int[] {100_000}, classes));
        String mapped = LargerThanMemory.child(Child.class, images, labels);
        Path zipped = Files.write(temp.resolve("images.gz"), gzip(file));
        long before = Memory.stats().owned();
        try (Dataset held = Idx.dataset(zipped, labels)) {
            assertThat(Memory.stats().owned() - before).isGreaterThan(pixels.length);
            assertThat(mapped).isEqualTo(LargerThanMemory.trained(held));
        }
        assertThatThrownBy(() -> LargerThanMemory.child(Child.class, zipped, labels))
                .as("copied, it does not fit")
                .hasMessageContaining("-Dfathom.memory");
    }

    @Test
    void damageIsRefusedOrReadWhole() throws IOException {
        byte[] values = new byte[60];
        new Random(2).nextBytes(values);
        byte[] plain = idx(0x802, new int[] {6, 10}, values);
        Random random = new Random(3);
        for (byte[] whole : new byte[][] {plain, gzip(plain)}) {
            int readable = 0;
            for (int round = 0; round < 2000; round++) {
                Path file = temp.resolve("damaged");
                Damage.overwrite(file, Damage.of(whole, 3, whole.length, 8, random));
                try {
                    assertThat(Idx.read(file).toArray()).hasSize(60);
                    readable++;
                } catch (IllegalArgumentException e) {
                    assertThat(e.getMessage()).startsWith(file + ": ");
                }
            }
            assertThat(readable).isBetween(400, 1900);
        }
    }
}

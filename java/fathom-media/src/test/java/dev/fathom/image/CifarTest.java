package dev.fathom.image;

import static dev.fathom.image.IdxTest.gzip;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fathom.data.Dataset;
import dev.fathom.op.Shape;
import dev.fathom.testing.Damage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * CIFAR's records, plain and gzip by content: read whole, or refused in a sentence before memory is taken for what they
 * claim.
 */
class CifarTest {
    @TempDir
    Path temp;

    /** n records whose labels are (i % 10) or (i % 20, i % 100), the rest noise. */
    private static byte[] records(int n, int labels, int seed) {
        byte[] bytes = new byte[n * (labels + Cifar.IMAGE)];
        new Random(seed).nextBytes(bytes);
        for (int i = 0; i < n; i++) {
            int at = i * (labels + Cifar.IMAGE);
            bytes[at] = (byte) (i % (labels == 1 ? 10 : 20));
            if (labels == 2) {
                bytes[at + 1] = (byte) (i % 100);
            }
        }
        return bytes;
    }

    private Path file(byte[] bytes) throws IOException {
        return Files.write(temp.resolve("data_batch_1.bin"), bytes);
    }

    private void assertRefused(byte[] bytes, String sentence) throws IOException {
        Path file = file(bytes);
        assertThatThrownBy(() -> Cifar.ten(file))
                .isExactlyInstanceOf(IllegalArgumentException.class)
                .hasMessage(file + ": " + sentence + "; the file is damaged or not CIFAR-10, fetch it again");
    }

    @Test
    void planesBecomePixels() throws IOException {
        byte[] bytes = records(131, 1, 1);
        for (byte[] content : new byte[][] {bytes, gzip(bytes)}) {
            try (Dataset d = Cifar.ten(file(content))) {
                assertThat(d).hasToString("Dataset [131, 32, 32, 3] of U8, 10 classes");
                for (int i : new int[] {0, 63, 64, 130}) {
                    assertThat(d.label(i)).isEqualTo(i % 10);
                    byte[] pixels = d.pixels(i);
                    for (int p = 0; p < 1024; p++) {
                        for (int c = 0; c < 3; c++) {
                            assertThat(pixels[3 * p + c]).isEqualTo(bytes[3073 * i + 1 + 1024 * c + p]);
                        }
                    }
                }
            }
        }
    }

    @Test
    void severalFilesAreOneSet() throws IOException {
        Path first = Files.write(temp.resolve("a"), records(3, 1, 1));
        Path second = Files.write(temp.resolve("b"), gzip(records(70, 1, 2)));
        try (Dataset d = Cifar.ten(first, second);
                Dataset alone = Cifar.ten(second)) {
            assertThat(d.size()).isEqualTo(73);
            assertThat(d.pixels(3 + 69)).isEqualTo(alone.pixels(69));
            assertThat(d.label(3 + 69)).isEqualTo(9);
        }
        assertThatThrownBy(Cifar::ten).hasMessage("cifar: there are no files; give at least one");
    }

    @Test
    void aHundredClassesAndTheirTwentyKinds() throws IOException {
        Path file = file(records(130, 2, 3));
        try (Dataset fine = Cifar.hundred(file);
                Dataset coarse = Cifar.coarse(file)) {
            assertThat(fine).hasToString("Dataset [130, 32, 32, 3] of U8, 100 classes");
            assertThat(coarse).hasToString("Dataset [130, 32, 32, 3] of U8, 20 classes");
            assertThat(fine.label(119)).isEqualTo(19);
            assertThat(fine.label(99)).isEqualTo(99);
            assertThat(coarse.label(99)).isEqualTo(19);
            assertThat(fine.pixels(129)).isEqualTo(coarse.pixels(129));
            assertThat(fine.featureShape()).isEqualTo(Shape.of(32, 32, 3));
        }
    }

    @Test
    void fewClassesInAFileAreStillTen() throws IOException {
        try (Dataset d = Cifar.ten(file(records(2, 1, 1)))) {
            assertThat(d.classes()).isEqualTo(10);
        }
    }

    @Test
    void damageIsASentence() throws IOException {
        byte[] good = records(4, 1, 1);
        assertRefused(new byte[0], "it has 0 bytes, which are not whole records of 3073");
        assertRefused(Arrays.copyOf(good, 3072), "it has 3072 bytes, which are not whole records of 3073");
        assertRefused(Arrays.copyOf(good, good.length + 1), "it has 12293 bytes, which are not whole records of 3073");
        byte[] wrong = good.clone();
        wrong[2 * 3073] = 10;
        assertRefused(wrong, "label 10 of record 2 is outside [0, 10)");
        wrong[2 * 3073] = -1;
        assertRefused(wrong, "label 255 of record 2 is outside [0, 10)");
        Path hundred = file(records(4, 2, 1));
        assertThatThrownBy(() -> Cifar.ten(hundred))
                .hasMessageContaining("it has 12296 bytes, which are not whole records of 3073");
        byte[] fine = records(4, 2, 1);
        fine[3074 + 1] = 100;
        Path file = file(fine);
        for (Runnable read : new Runnable[] {
            () -> Cifar.hundred(file).close(), () -> Cifar.coarse(file).close()
        }) {
            assertThatThrownBy(read::run)
                    .isExactlyInstanceOf(IllegalArgumentException.class)
                    .hasMessage(file
                            + ": label 100 of record 1 is outside [0, 100); the file is damaged or not "
                            + "CIFAR-100, fetch it again");
        }
    }

    @Test
    void damagedGzipIsASentence() throws IOException {
        byte[] zipped = gzip(records(4, 1, 1));
        assertRefused(
                gzip(new byte[3074]),
                "it has 3074 bytes according to its gzip trailer, which are not whole records of 3073");
        byte[] flipped = zipped.clone();
        flipped[zipped.length / 2] ^= 0x10;
        assertRefused(flipped, "its gzip data are damaged");
        byte[] shorter = gzip(records(3, 1, 1));
        ByteBuffer.wrap(shorter).order(ByteOrder.LITTLE_ENDIAN).putInt(shorter.length - 4, 4 * 3073);
        assertRefused(shorter, "its gzip data are damaged");
        byte[] longer = gzip(records(5, 1, 1));
        ByteBuffer.wrap(longer).order(ByteOrder.LITTLE_ENDIAN).putInt(longer.length - 4, 4 * 3073);
        assertRefused(longer, "it goes on after its 4 records");
        assertRefused(
                Arrays.copyOf(zipped, 3),
                "it has 3 bytes according to its gzip trailer, which are not whole records of 3073");
    }

    /** The trailer tells of 1.2 GB; the file has some bytes. */
    @Test
    void aBombTakesNoMemory() throws IOException {
        byte[] zipped = gzip(new byte[3073]);
        ByteBuffer.wrap(zipped).order(ByteOrder.LITTLE_ENDIAN).putInt(zipped.length - 4, 400_000 * 3073);
        Path file = file(zipped);
        assertThatThrownBy(() -> Cifar.ten(file)).hasMessageContaining("its gzip data are damaged");
    }

    @Test
    void whatCannotBeReadIsNamed() {
        Path missing = temp.resolve("missing");
        assertThatThrownBy(() -> Cifar.hundred(missing))
                .isExactlyInstanceOf(UncheckedIOException.class)
                .hasMessage("cannot read " + missing
                        + ": it does not exist; give the path of a CIFAR-100 file, plain or gzip");
    }

    @Test
    void damageIsRefusedOrReadWhole() throws IOException {
        byte[] plain = records(3, 1, 5);
        Random random = new Random(3);
        for (byte[] whole : new byte[][] {plain, gzip(plain)}) {
            int readable = 0;
            for (int round = 0; round < 500; round++) {
                Path file = temp.resolve("damaged");
                Damage.overwrite(file, Damage.of(whole, 3, whole.length, 8, random));
                try (Dataset d = Cifar.ten(file)) {
                    readable += d.size() > 0 ? 1 : 0;
                } catch (IllegalArgumentException e) {
                    assertThat(e.getMessage()).startsWith(file + ": ");
                }
            }
            assertThat(readable).isBetween(100, 490);
        }
    }
}

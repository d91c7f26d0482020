package dev.fathom.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fathom.io.Npy;
import dev.fathom.offheap.Block;
import dev.fathom.op.DType;
import dev.fathom.op.Shape;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import dev.fathom.testing.Damage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Archives that NumPy wrote are read, what is written is read again, and what lies is refused before memory is taken
 * for it.
 */
class NpzTest {
    @TempDir
    Path temp;

    private static Path golden(String name) {
        return Path.of(System.getProperty("fathom.root"), "test-data", "goldens", "npy", name);
    }

    @ParameterizedTest
    @ValueSource(strings = {"stored.npz", "deflated.npz"})
    void archivesOfNumpy(String name) {
        Map<String, Npy> arrays = Npz.read(golden(name));
        assertThat(arrays.keySet()).containsExactly("w", "layer/b", "pixels");
        assertThat(arrays.get("w")).hasToString(golden(name) + ": \"w.npy\" [2, 2, 3] of F32");
        assertThat(arrays.get("pixels").dtype()).isEqualTo(DType.U8);
        try (Pass pass = Pass.infer()) {
            for (Map.Entry<String, String> same :
                    Map.of("w", "f4-little.npy", "layer/b", "i8-big.npy").entrySet()) {
                Tensor there = Npy.read(golden(same.getValue())).tensor();
                Tensor here = arrays.get(same.getKey()).tensor();
                assertThat(here.shape()).isEqualTo(there.shape());
                if (here.dtype() == DType.F32) {
                    assertThat(here.toArray()).containsExactly(there.toArray());
                } else {
                    assertThat(here.toIntArray()).containsExactly(there.toIntArray());
                }
            }
        }
    }

    @Test
    void storedTypesAreWrittenAndRead() {
        Path file = temp.resolve("types.npz");
        try (Pass pass = Pass.infer()) {
            Tensor x = Tensor.of(new float[] {0.1f, -2, 1e6f, -300}, 2, 2);
            Npz.write(file, Map.of("half", x.to(DType.F16), "signed", x.to(DType.I8), "unsigned", x.to(DType.U8)));
            Map<String, Npy> read = Npz.read(file);
            assertThat(read.get("half").tensorAsStored().toShortArray())
                    .containsExactly(0x2e66, (short) 0xc000, 0x7c00, (short) 0xdcb0);
            assertThat(read.get("signed").tensorAsStored().dtype()).isEqualTo(DType.I8);
            assertThat(read.get("signed").tensor().toIntArray()).containsExactly(0, -2, 127, -128);
            assertThat(read.get("unsigned").tensor().toIntArray()).containsExactly(0, 0, 255, 0);
            assertThatThrownBy(() -> Npz.write(file, Map.of("b", x.to(DType.BF16))))
                    .isExactlyInstanceOf(IllegalArgumentException.class)
                    .hasMessage("npy: x [2, 2] is BF16, which NumPy does not have; convert it with to(DType.F32)");
        }
    }

    private Path written(Path file) {
        float[] many = new float[200_000];
        for (int i = 0; i < many.length; i++) {
            many[i] = i % 1000 / 8f;
        }
        try (Pass pass = Pass.infer()) {
            Map<String, Tensor> arrays = new LinkedHashMap<>();
            arrays.put("many", Tensor.of(many, 100, 2000));
            arrays.put("none", Tensor.zeros(0, 3));
            arrays.put("counts", Tensor.ofInts(new int[] {7, -7}, 2));
            Npz.write(file, arrays);
        }
        return file;
    }

    @Test
    void whatIsWrittenIsReadAgain() throws IOException {
        Path file = written(temp.resolve("x.npz"));
        assertThat(Files.size(file)).isLessThan(100_000);
        Map<String, Npy> again = Npz.read(file);
        assertThat(again.keySet()).containsExactly("many", "none", "counts");
        try (Pass pass = Pass.infer()) {
            float[] many = again.get("many").tensor().toArray();
            for (int i = 0; i < many.length; i++) {
                assertThat(many[i]).isEqualTo(i % 1000 / 8f);
            }
            assertThat(again.get("none").shape()).isEqualTo(Shape.of(0, 3));
            assertThat(again.get("counts").tensor().toIntArray()).containsExactly(7, -7);
        }
        assertThat(written(temp.resolve("again.npz"))).hasSameBinaryContentAs(file);
        try (Pass pass = Pass.infer()) {
            Map<String, Tensor> nameless = Map.of("", Tensor.zeros(1));
            assertThatThrownBy(() -> Npz.write(file, nameless))
                    .isExactlyInstanceOf(IllegalArgumentException.class)
                    .hasMessage("npz: \"\" is no name of an array; choose another");
        }
    }

    private Path zip(String name, byte[] content) throws IOException {
        Path file = temp.resolve("some.npz");
        try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(file))) {
            zip.putNextEntry(new ZipEntry(name));
            zip.write(content);
        }
        return file;
    }

    @Test
    void whatIsNoArchiveOfArraysIsRefused() throws IOException {
        Path text = zip("notes.txt", new byte[3]);
        assertThatThrownBy(() -> Npz.read(text))
                .isExactlyInstanceOf(IllegalArgumentException.class)
                .hasMessage(text
                        + ": its entry \"notes.txt\" is not an npy file; remove it, or read the arrays one by one");
        Path other = zip("x.npy", "not an array at all".getBytes());
        assertThatThrownBy(() -> Npz.read(other))
                .isExactlyInstanceOf(IllegalArgumentException.class)
                .hasMessage(other
                        + ": \"x.npy\": it does not begin with \\x93NUMPY; the file is damaged or not "
                        + "npy, fetch or save it again");
        Path npy = Files.copy(golden("vector.npy"), temp.resolve("vector.npz"));
        assertThatThrownBy(() -> Npz.read(npy))
                .isExactlyInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith(npy + ": it is not a whole zip file (")
                .hasMessageEndingWith("); the file is damaged or not npz, fetch or save it again");
        assertThatThrownBy(() -> Npz.read(temp.resolve("none.npz")))
                .isExactlyInstanceOf(UncheckedIOException.class)
                .hasMessage("cannot read " + temp.resolve("none.npz")
                        + ": it does not exist; give the path of an npz file");
    }

    /** An archive of a kilobyte that claims a terabyte is refused by the sizes alone. */
    @Test
    void aBombAllocatesNothing() throws IOException {
        byte[] header = Files.readAllBytes(golden("vector.npy"));
        String lie = new String(header, java.nio.charset.StandardCharsets.ISO_8859_1)
                .replace("(5,), }             ", "(536870912,), }     ");
        Path file = zip("x.npy", lie.getBytes(java.nio.charset.StandardCharsets.ISO_8859_1));
        byte[] bytes = Files.readAllBytes(file);
        int directory = new String(bytes, java.nio.charset.StandardCharsets.ISO_8859_1).indexOf("PK\1\2");
        java.nio.ByteBuffer.wrap(bytes).order(java.nio.ByteOrder.LITTLE_ENDIAN).putInt(directory + 24, (int)
                (128 + 4 * 536870912L));
        Files.write(file, bytes);
        assertThatThrownBy(() -> Npz.read(file))
                .isExactlyInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith(file + ": \"x.npy\": its archive is damaged (it claims 2147483776 bytes of ");
    }

    @Test
    void damageIsRefusedOrReadWhole() throws IOException {
        Random random = new Random(5);
        byte[] whole = Files.readAllBytes(written(temp.resolve("x.npz")));
        Path file = temp.resolve("damaged.npz");
        int refused = 0;
        for (int round = 0; round < 400; round++) {
            Damage.overwrite(file, Damage.of(whole, 3, whole.length, 8, random));
            try (Block block = new Block("test", 800_000)) {
                for (Npy array : Npz.read(file).values()) {
                    if (array.shape().size() <= 200_000) {
                        array.copyTo(block::view);
                    }
                }
            } catch (IllegalArgumentException e) {
                assertThat(e.getMessage()).startsWith(file + ": ");
                refused++;
            } catch (UncheckedIOException e) {
                assertThat(e.getMessage()).startsWith("cannot read " + file);
                refused++;
            }
        }
        assertThat(refused).isGreaterThan(150);
    }
}

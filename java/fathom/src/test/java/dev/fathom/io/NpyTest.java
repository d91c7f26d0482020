package dev.fathom.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fathom.offheap.Block;
import dev.fathom.op.DType;
import dev.fathom.op.Shape;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import dev.fathom.testing.Damage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What NumPy writes is read, in every form; what is written is what NumPy writes; what lies is refused before memory is
 * taken for it.
 */
class NpyTest {
    private static final String DAMAGED = "; the file is damaged or not npy, fetch or save it again";
    private static final int[] VALUES = {0, 1, -2, 3, -4, 5, 6, 7, 8, -9, 10, 11};

    @TempDir
    Path temp;

    private static Path golden(String name) {
        return Path.of(System.getProperty("fathom.root"), "test-data", "goldens", "npy", name + ".npy");
    }

    private static float[] floats(Path file) {
        try (Pass pass = Pass.infer()) {
            return Npy.read(file).tensor().toArray();
        }
    }

    private static int[] ints(Path file) {
        try (Pass pass = Pass.infer()) {
            return Npy.read(file).tensor().toIntArray();
        }
    }

    private static byte[] bytes(Path file) {
        Npy npy = Npy.read(file);
        try (Block block = new Block("test", npy.shape().size() + 64)) {
            npy.copyTo((at, n) -> block.view(3 + at, n));
            byte[] values = new byte[(int) npy.shape().size()];
            block.view(3, values.length).get(values);
            assertThat(block.view(0, 3).getShort(1)).isZero();
            return values;
        }
    }

    // ---- NumPy's own files

    @ParameterizedTest
    @ValueSource(
            strings = {"f2-little", "f4-little", "f4-big", "f8-little", "f8-big-fortran", "version-2", "version-3"})
    void floatsOfNumpy(String name) {
        Npy npy = Npy.read(golden(name));
        assertThat(npy.shape()).isEqualTo(Shape.of(2, 2, 3));
        assertThat(npy.dtype()).isEqualTo(DType.F32);
        float[] quarters = new float[VALUES.length];
        for (int i = 0; i < quarters.length; i++) {
            quarters[i] = VALUES[i] / 4f;
        }
        assertThat(floats(golden(name))).containsExactly(quarters);
    }

    @ParameterizedTest
    @ValueSource(strings = {"i1", "i2-big", "i4-little-fortran", "i4-big", "i8-little", "i8-big"})
    void integersOfNumpy(String name) {
        assertThat(Npy.read(golden(name)).dtype()).isEqualTo(DType.I32);
        assertThat(ints(golden(name))).containsExactly(VALUES);
    }

    @ParameterizedTest
    @ValueSource(strings = {"u2-little", "u4-big", "u8-little"})
    void unsignedIntegersOfNumpy(String name) {
        assertThat(Npy.read(golden(name)).dtype()).isEqualTo(DType.I32);
        assertThat(ints(golden(name)))
                .containsExactly(Arrays.stream(VALUES).map(Math::abs).toArray());
    }

    @Test
    void halvesOfNumpyAreReadExactly() {
        assertThat(floats(golden("halves")))
                .containsExactly(
                        0,
                        -0f,
                        1,
                        -2,
                        65504,
                        0x1p-14f,
                        0x1p-24f,
                        Float.POSITIVE_INFINITY,
                        Float.NEGATIVE_INFINITY,
                        0.333251953125f);
    }

    /** Read as they are stored, and written as NumPy wrote them. */
    @ParameterizedTest
    @CsvSource({"f2-little, F16", "halves, F16", "i1, I8", "f4-little, F32", "u1-fortran, U8", "i2-big, I32"})
    void typesStayWhereThatIsAskedFor(String name, DType type) {
        Path again = temp.resolve("again.npy");
        try (Pass pass = Pass.infer()) {
            Tensor t = Npy.read(golden(name)).tensorAsStored();
            Tensor plain = Npy.read(golden(name)).tensor();
            assertThat(t.dtype()).isEqualTo(type);
            assertThat(t.to(DType.F32).toArray()).isEqualTo(plain.to(DType.F32).toArray());
            Npy.write(again, t);
            if (name.matches("f2-little|halves|i1|f4-little")) {
                assertThat(again).hasSameBinaryContentAs(golden(name));
            }
            assertThat(Npy.read(again).tensorAsStored().to(DType.F32).toArray())
                    .isEqualTo(plain.to(DType.F32).toArray());
        }
    }

    @Test
    void typesStayInOtherOrdersToo() throws IOException {
        byte[] halves = {0x3c, 0, 0x40, 0, 0x42, 0, 0x44, 0, 0x45, 0, 0x46, 0}; // 1 to 6
        Path columns = file("{'descr': '>f2', 'fortran_order': True, 'shape': (2, 3), }", halves);
        try (Pass pass = Pass.infer()) {
            Tensor t = Npy.read(columns).tensorAsStored();
            assertThat(t.shape()).isEqualTo(Shape.of(2, 3));
            assertThat(t.toShortArray()).containsExactly(0x3c00, 0x4200, 0x4500, 0x4000, 0x4400, 0x4600);
            assertThatThrownBy(() -> Npy.write(temp.resolve("x.npy"), t.to(DType.BF16)))
                    .isExactlyInstanceOf(IllegalArgumentException.class)
                    .hasMessage("npy: x [2, 3] is BF16, which NumPy does not have; convert it with to(DType.F32)");
        }
    }

    @Test
    void bytesAndTruthsOfNumpy() {
        assertThat(Npy.read(golden("u1-fortran")).dtype()).isEqualTo(DType.U8);
        assertThat(bytes(golden("u1-fortran"))).containsExactly(0, 1, -2, 3, -4, 5, 6, 7, 8, -9, 10, 11);
        assertThat(bytes(golden("bool"))).containsExactly(0, 1, 0, 1, 0, 1, 1, 1, 1, 0, 1, 1);
    }

    @Test
    void scalarsAndNothingOfNumpy() {
        assertThat(Npy.read(golden("scalar")).shape()).isEqualTo(Shape.SCALAR);
        assertThat(floats(golden("scalar"))).containsExactly(2.5f);
        assertThat(Npy.read(golden("empty")).shape()).isEqualTo(Shape.of(0, 3));
        assertThat(floats(golden("empty"))).isEmpty();
        assertThat(floats(golden("vector"))).containsExactly(0, 1, 2, 3, 4);
        assertThat(Npy.read(golden("vector"))).hasToString(golden("vector") + " [5] of F32");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            fields  | records of several fields
            complex | the type "<c8"
            """)
    void otherTypesOfNumpyAreNamed(String name, String what) {
        assertThatThrownBy(() -> Npy.read(golden(name)))
                .isExactlyInstanceOf(IllegalArgumentException.class)
                .hasMessage(golden(name) + ": it holds " + what
                        + " but float16, float32, float64, all integers and bool are read; convert it "
                        + "before it is saved");
    }

    // ---- writing

    @Test
    void whatIsWrittenIsWhatNumpyWrites() throws IOException {
        float[] quarters = floats(golden("f4-little"));
        Path file = temp.resolve("x.npy");
        Npy.write(file, Shape.of(2, 2, 3), FloatBuffer.wrap(quarters));
        assertThat(file).hasBinaryContent(Files.readAllBytes(golden("f4-little")));
        Npy.write(file, Shape.of(5), FloatBuffer.wrap(new float[] {9, 0, 1, 2, 3, 4}, 1, 5));
        assertThat(file).hasBinaryContent(Files.readAllBytes(golden("vector")));
        Npy.write(file, Shape.SCALAR, FloatBuffer.wrap(new float[] {2.5f}));
        assertThat(file).hasBinaryContent(Files.readAllBytes(golden("scalar")));
        Npy.write(file, Shape.of(0, 3), FloatBuffer.allocate(0));
        assertThat(file).hasBinaryContent(Files.readAllBytes(golden("empty")));
    }

    @Test
    void whatIsWrittenIsReadAgain() {
        Path file = temp.resolve("x.npy");
        int[] many = new Random(1).ints(100_003).toArray();
        Npy.write(file, Shape.of(many.length), IntBuffer.wrap(many));
        assertThat(ints(file)).containsExactly(many);
        byte[] pixels = new byte[200_001];
        new Random(2).nextBytes(pixels);
        Npy.write(file, Shape.of(3, pixels.length / 3), ByteBuffer.wrap(pixels));
        assertThat(bytes(file)).containsExactly(pixels);
        float[] odd = {Float.NaN, -0f, Float.NEGATIVE_INFINITY, Float.MIN_VALUE};
        FloatBuffer direct =
                ByteBuffer.allocateDirect(16).asFloatBuffer().put(odd).flip();
        Npy.write(file, Shape.of(2, 2), direct);
        assertThat(direct.remaining()).isEqualTo(4);
        assertThat(floats(file)).containsExactly(odd);
        try (Pass pass = Pass.infer()) {
            Npy.write(file, Tensor.of(odd, 4, 1));
            assertThat(Npy.read(file).shape()).isEqualTo(Shape.of(4, 1));
            Npy.write(file, Tensor.ofInts(new int[] {7, -7}, 2));
            assertThat(Npy.read(file).tensor().toIntArray()).containsExactly(7, -7);
            Npy.write(temp.resolve("u.npy"), Shape.of(2), ByteBuffer.wrap(new byte[] {-1, 3}));
            Tensor u = Npy.read(temp.resolve("u.npy")).tensor();
            Npy.write(file, u);
            assertThat(bytes(file)).containsExactly(-1, 3);
        }
        assertThatThrownBy(() -> Npy.write(file, Shape.of(2), FloatBuffer.allocate(3)))
                .isExactlyInstanceOf(IllegalArgumentException.class)
                .hasMessage("npy: [2] has 2 elements but 3 values were given; give one for each");
        assertThatThrownBy(() -> Npy.write(temp, Shape.of(2), FloatBuffer.allocate(2)))
                .isExactlyInstanceOf(UncheckedIOException.class);
    }

    // ---- values that do not fit

    private Path file(String header, byte... data) throws IOException {
        return file(1, header.getBytes(StandardCharsets.ISO_8859_1), data);
    }

    private Path file(int version, byte[] header, byte... data) throws IOException {
        var out = new ByteArrayOutputStream();
        out.writeBytes(new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', (byte) version, 0});
        ByteBuffer length =
                ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(header.length);
        out.write(length.array(), 0, version == 1 ? 2 : 4);
        out.writeBytes(header);
        out.writeBytes(data);
        return Files.write(temp.resolve("some.npy"), out.toByteArray());
    }

    @Test
    void aValueThatDoesNotFitIsNamed() throws IOException {
        byte[] wide = ByteBuffer.allocate(16)
                .putLong(Integer.MIN_VALUE)
                .putLong(1L << 31)
                .array();
        Path file = file("{'descr': '>i8', 'fortran_order': False, 'shape': (2,), }", wide);
        assertThatThrownBy(() -> ints(file))
                .isExactlyInstanceOf(IllegalArgumentException.class)
                .hasMessage(file
                        + ": value number 1, 2147483648, does not fit into I32; convert the array before it is saved");
        byte[] unsigned = ByteBuffer.allocate(16).putLong(7).putLong(-1).array();
        Path most = file("{'descr': '>u8', 'fortran_order': False, 'shape': (2,), }", unsigned);
        assertThatThrownBy(() -> ints(most))
                .hasMessage(most
                        + ": value number 1, 18446744073709551615, does not fit into I32; convert the "
                        + "array before it is saved");
        byte[] large =
                ByteBuffer.allocate(16).putDouble(-1e308 * 10).putDouble(1e39).array();
        Path other = file("{'descr': '>f8', 'fortran_order': False, 'shape': (2,), }", large);
        assertThatThrownBy(() -> floats(other))
                .hasMessage(other
                        + ": value number 1, 1.0E39, does not fit into F32; convert the array before it is saved");
    }

    // ---- hostile files

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '"', textBlock = """
            {'descr': '<f4', 'fortran_order': False, 'shape': (2), }                | its header is not the dictionary of an npy file
            {'descr': '<f4', 'fortran_order': False, 'shape': (-2,), }              | its header is not the dictionary of an npy file
            {'descr': '<f4', 'fortran_order': False, 'shape': (2.0,), }             | its header is not the dictionary of an npy file
            {'descr': '<f4', 'fortran_order': False, 'shape': [2], }                | its header is not the dictionary of an npy file
            {'descr': '<f4', 'fortran_order': False, }                              | its header is not the dictionary of an npy file
            {'descr': '<f4', 'fortran_order': 0, 'shape': (2,), }                   | its header is not the dictionary of an npy file
            {'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2,)} | its header is not the dictionary of an npy file
            {'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'x': 1}         | its header is not the dictionary of an npy file
            {'descr': '<f4' 'fortran_order': False, 'shape': (2,)}                  | its header is not the dictionary of an npy file
            {'descr': '<f4', 'fortran_order': False, 'shape': (2,)} x               | its header is not the dictionary of an npy file
            {'descr': '<f4, 'fortran_order': False, 'shape': (2,)                   | its header is not the dictionary of an npy file
            {'descr': '<f4', 'fortran_order': False, 'shape': (2,                   | its header is not the dictionary of an npy file
            {                                                                       | its header is not the dictionary of an npy file
            x                                                                       | its header is not the dictionary of an npy file
            {'descr': '<f4', 'fortran_order': False, 'shape': (2147483648,), }      | it claims a dimension of 2147483648 but 2147483647 is the largest
            {'descr': '<f4', 'fortran_order': False, 'shape': (2147483647, 2147483647), } | it claims the shape [2147483647, 2147483647], which no file could fill
            {'descr': '<f4', 'fortran_order': False, 'shape': (0, 2147483647, 2147483647), } | it claims the shape [0, 2147483647, 2147483647], which no file could fill
            """)
    void everyLieIsASentence(String header, String sentence) throws IOException {
        Path file = file(header, new byte[8]);
        assertThatThrownBy(() -> Npy.read(file))
                .isExactlyInstanceOf(IllegalArgumentException.class)
                .hasMessage(file + ": " + sentence + DAMAGED);
    }

    @Test
    void lengthsAreBounded() throws IOException {
        String fine = "{\"shape\": (2L, ), \"descr\": \"<f4\",\n \"fortran_order\": True}";
        assertThat(floats(file(fine, new byte[8]))).containsExactly(0, 0);
        Path file = file(fine, new byte[9]);
        assertThatThrownBy(() -> Npy.read(file))
                .hasMessage(file + ": its header says [2] of F32, which takes " + (18 + fine.length())
                        + " bytes, but there are " + (19 + fine.length()) + DAMAGED);
        for (int version : new int[] {0, 4, 255}) {
            Path other = file(version, fine.getBytes(StandardCharsets.US_ASCII), new byte[8]);
            assertThatThrownBy(() -> Npy.read(other))
                    .hasMessage(other + ": its format version is " + version + ".0 but 1.0 to 3.0 are known" + DAMAGED);
        }
        byte[] huge = Arrays.copyOf(Files.readAllBytes(file(2, new byte[0])), 12);
        ByteBuffer.wrap(huge).putInt(8, -1);
        Files.write(file, huge);
        assertThatThrownBy(() -> Npy.read(file))
                .hasMessage(file + ": its header claims 4294967295 bytes but 65536 are the most" + DAMAGED);
        Path dims = file("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1, 1, 1, 1, 1, 1), }", new byte[4]);
        assertThatThrownBy(() -> Npy.read(dims))
                .hasMessage(dims + ": it has 7 dimensions but 6 are the most; reshape it before it is saved");
        byte[] whole = Files.readAllBytes(golden("vector"));
        for (int size = 0; size < 128; size++) {
            Path cut = Files.write(temp.resolve("cut.npy"), Arrays.copyOf(whole, size));
            assertThatThrownBy(() -> Npy.read(cut))
                    .isExactlyInstanceOf(IllegalArgumentException.class)
                    .hasMessage(cut + ": it is truncated" + DAMAGED);
        }
        Path other = Files.write(temp.resolve("other"), "PK\3\4 is a zip, as npz".getBytes(StandardCharsets.US_ASCII));
        assertThatThrownBy(() -> Npy.read(other)).hasMessage(other + ": it does not begin with \\x93NUMPY" + DAMAGED);
        assertThatThrownBy(() -> Npy.read(temp))
                .isExactlyInstanceOf(UncheckedIOException.class)
                .hasMessage("cannot read " + temp + ": it is not a file; give the path of an npy file");
    }

    @Test
    void aFileThatChangesBetweenIsNoticed() throws IOException {
        Path file = temp.resolve("x.npy");
        Npy.write(file, Shape.of(2), IntBuffer.wrap(new int[2]));
        Npy npy = Npy.read(file);
        try (RandomAccessFile f = new RandomAccessFile(file.toFile(), "rw")) {
            f.setLength(f.length() - 1);
        }
        try (Block block = new Block("test", 64)) {
            assertThatThrownBy(() -> npy.copyTo(block::view))
                    .isExactlyInstanceOf(IllegalArgumentException.class)
                    .hasMessage(file + ": it ends before the last of the values that its header tells" + DAMAGED);
            Npy.write(file, Shape.of(3), IntBuffer.wrap(new int[3]));
            assertThatThrownBy(() -> npy.copyTo(block::view))
                    .hasMessage(file + ": the file has changed since its header was read; read it again");
        }
    }

    @Test
    void damageIsRefusedOrReadWhole() throws IOException {
        Random random = new Random(3);
        byte[] whole = Files.readAllBytes(golden("f8-big-fortran"));
        int readable = 0;
        for (int round = 0; round < 3000; round++) {
            Path file = temp.resolve("damaged");
            Damage.overwrite(file, Damage.of(whole, 3, 80, 8, random)); // of the header
            try (Pass pass = Pass.infer()) {
                assertThat(Npy.read(file).tensor().size()).isNotNegative();
                readable++;
            } catch (IllegalArgumentException e) {
                assertThat(e.getMessage()).startsWith(file + ": ");
            }
        }
        assertThat(readable).isBetween(500, 2500);
    }
}

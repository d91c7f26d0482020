package dev.fathom.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.fathom.op.DType;
import dev.fathom.op.Shape;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.testing.Damage;
import dev.fathom.testing.Golden;
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
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What is written is read again, bit for bit; every lie of a header is one sentence; a failed write loses nothing. */
class SafetensorsTest {
    private static final String DAMAGED = "; the file is damaged or not safetensors, fetch or save it again";

    @TempDir
    Path temp;

    private static float[] read(Safetensors from, String name) {
        float[] values = new float[(int) from.shape(name).size()];
        from.copy(name, FloatBuffer.wrap(values));
        return values;
    }

    @Test
    void whatIsWrittenIsReadAgain() {
        Path file = temp.resolve("net.safetensors");
        float[] large = new float[100_000];
        for (int i = 0; i < large.length; i++) {
            large[i] = i * 0.25f - 7;
        }
        float[] odd = {Float.NaN, Float.intBitsToFloat(0x7fc12345), -0f, Float.NEGATIVE_INFINITY, Float.MIN_VALUE, 1};
        FloatBuffer middle = FloatBuffer.wrap(new float[] {9, 1, 2, 9}, 1, 2);
        new Safetensors.Writer()
                .add("1.weight", Shape.of(250, 400), FloatBuffer.wrap(large))
                .add("a \"quoted\" näme\u2028", Shape.of(2, 3), FloatBuffer.wrap(odd))
                .add("empty", Shape.of(0, 5), FloatBuffer.allocate(0))
                .add("scalar", Shape.SCALAR, FloatBuffer.wrap(new float[] {42}))
                .add("middle", Shape.of(2), middle)
                .metadata("format", "pt")
                .metadata("note", "ein\nZeilenumbruch")
                .write(file);
        assertThat(middle.position()).isEqualTo(1);
        assertThat(middle.limit()).isEqualTo(3);
        try (Safetensors s = Safetensors.read(file)) {
            assertThat(s.names()).containsExactly("1.weight", "a \"quoted\" näme\u2028", "empty", "scalar", "middle");
            assertThat(s.shape("1.weight")).isEqualTo(Shape.of(250, 400));
            assertThat(s.shape("empty")).isEqualTo(Shape.of(0, 5));
            assertThat(s.shape("scalar")).isEqualTo(Shape.SCALAR);
            assertThat(s.metadata()).isEqualTo(Map.of("format", "pt", "note", "ein\nZeilenumbruch"));
            assertThat(read(s, "1.weight")).containsExactly(large);
            assertThat(read(s, "middle")).containsExactly(1, 2);
            assertThat(read(s, "scalar")).containsExactly(42);
            assertThat(read(s, "empty")).isEmpty();
            float[] again = read(s, "a \"quoted\" näme\u2028");
            for (int i = 0; i < odd.length; i++) {
                assertThat(Float.floatToRawIntBits(again[i])).isEqualTo(Float.floatToRawIntBits(odd[i]));
            }
            FloatBuffer direct =
                    ByteBuffer.allocateDirect(20).order(ByteOrder.nativeOrder()).asFloatBuffer();
            direct.position(2).limit(4);
            s.copy("middle", direct);
            assertThat(direct.position()).isEqualTo(2);
            assertThat(direct.get(2)).isEqualTo(1);
            assertThat(direct.get(3)).isEqualTo(2);
        }
    }

    /** A tensor may lie in a file with its dimensions in another order: [2, 3, 4] as [4, 2, 3], element by element. */
    @Test
    void dimensionsMayHaveAnotherOrderInTheFile() {
        Path file = temp.resolve("net.safetensors");
        FloatBuffer values = FloatBuffer.wrap(new Rng(1).normal(100_026, 0, 1));
        FloatBuffer small = values.duplicate().position(1).limit(25);
        FloatBuffer large = values.duplicate().position(26);
        new Safetensors.Writer()
                .add("small", Shape.of(2, 3, 4), small, 2, 0, 1)
                .add("large", Shape.of(50, 40, 50), large, 1, 2, 0)
                .checksum()
                .write(file);
        try (Safetensors s = Safetensors.read(file);
                Pass pass = Pass.infer()) {
            s.verify();
            assertThat(s.shape("small")).isEqualTo(Shape.of(4, 2, 3));
            assertThat(s.shape("large")).isEqualTo(Shape.of(40, 50, 50));
            assertThat(read(s, "small"))
                    .isEqualTo(Tensor.of(small, 2, 3, 4).permute(2, 0, 1).toArray());
            assertThat(read(s, "large"))
                    .isEqualTo(Tensor.of(large, 50, 40, 50).permute(1, 2, 0).toArray());
            FloatBuffer again = FloatBuffer.allocate(26).position(1).limit(25);
            s.copy("small", again, 2, 0, 1);
            assertThat(again).isEqualTo(small);
            assertThat(again.position()).isEqualTo(1);
            FloatBuffer all = FloatBuffer.allocate(100_000);
            s.copy("large", all, 1, 2, 0);
            assertThat(all).isEqualTo(large);
            assertThatThrownBy(() -> s.copy("small", again, 0, 0, 1))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("[0, 0, 1] is not an order of the 3 dimensions of [4, 2, 3]; name each once");
        }
        assertThatThrownBy(() -> new Safetensors.Writer().add("x", Shape.of(1, 1), FloatBuffer.allocate(1), 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("[0] is not an order of the 2 dimensions of [1, 1]; name each once");
    }

    @Test
    void theBytesAreThoseOfTheFormat() throws IOException {
        Path file = temp.resolve("net.safetensors");
        new Safetensors.Writer()
                .metadata("format", "pt")
                .add("w", Shape.of(1, 2), FloatBuffer.wrap(new float[] {1, -2}))
                .write(file);
        byte[] bytes = Files.readAllBytes(file);
        String header =
                "{\"__metadata__\":{\"format\":\"pt\"},\"w\":{\"dtype\":\"F32\",\"shape\":[1,2],\"data_offsets\":[0,8]}}";
        int padded = header.length() + 7 & -8;
        ByteBuffer data = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        assertThat(data.getLong(0)).isEqualTo(padded);
        assertThat(new String(bytes, 8, padded, StandardCharsets.UTF_8))
                .isEqualTo(header + " ".repeat(padded - header.length()));
        assertThat(bytes).hasSize(8 + padded + 8);
        assertThat(data.getFloat(8 + padded)).isEqualTo(1);
        assertThat(data.getFloat(8 + padded + 4)).isEqualTo(-2);
    }

    /**
     * {@code save({"b.weight": ..., "a": ..., "s": ..., "e": ...}, {"format": "pt"})} of Python's safetensors 0.8.0.
     */
    private static final String REFERENCE =
            "CAEAAAAAAAB7Il9fbWV0YWRhdGFfXyI6eyJmb3JtYXQiOiJwdCJ9LCJhIjp7ImR0eXBlIjoiRjMyIiwic2hhcGUiOlsx"
                    + "XSwiZGF0YV9vZmZzZXRzIjpbMCw0XX0sImIud2VpZ2h0Ijp7ImR0eXBlIjoiRjMyIiwic2hhcGUiOlsyLDJdLCJkYXRh"
                    + "X29mZnNldHMiOls0LDIwXX0sImUiOnsiZHR5cGUiOiJGMzIiLCJzaGFwZSI6WzAsM10sImRhdGFfb2Zmc2V0cyI6WzIw"
                    + "LDIwXX0sInMiOnsiZHR5cGUiOiJGMzIiLCJzaGFwZSI6W10sImRhdGFfb2Zmc2V0cyI6WzIwLDI0XX19ICAgICAAAOBA"
                    + "AACAPwAAAMAAAAA/AABAQAAAgEA=";

    @Test
    void theReferenceImplementationWritesTheSameBytes() throws IOException {
        byte[] reference = Base64.getDecoder().decode(REFERENCE);
        Path file = Files.write(temp.resolve("reference"), reference);
        Path ours = temp.resolve("ours");
        try (Safetensors s = Safetensors.read(file)) {
            assertThat(s.names()).containsExactly("a", "b.weight", "e", "s");
            assertThat(read(s, "b.weight")).containsExactly(1, -2, 0.5f, 3);
            Safetensors.Writer w = new Safetensors.Writer();
            s.metadata().forEach(w::metadata);
            s.names().forEach(name -> w.add(name, s.shape(name), FloatBuffer.wrap(read(s, name))));
            w.write(ours);
        }
        assertThat(ours).hasBinaryContent(reference);
    }

    @Test
    void tensorsComeInTheOrderOfTheirOffsets() throws IOException {
        Path file = file(
                "{\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]},"
                        + " \"a\":{\"data_offsets\":[0,4],\"shape\":[],\"dtype\":\"F32\"}}  ",
                8);
        try (Safetensors s = Safetensors.read(file)) {
            assertThat(s.names()).containsExactly("a", "b");
            assertThat(s.metadata()).isEmpty();
        }
        try (Safetensors s = Safetensors.read(file("{}", 0))) {
            assertThat(s.names()).isEmpty();
        }
    }

    // ---- other types

    /** One tensor "w" of {@code dtype} with these little-endian bytes. */
    private Safetensors of(String dtype, ByteBuffer data, int n) throws IOException {
        String header = "{\"w\":{\"dtype\":\"" + dtype + "\",\"shape\":[" + n + "],\"data_offsets\":[0,"
                + data.capacity() + "]}}";
        Path file = file(header, 0);
        Files.write(file, data.array(), StandardOpenOption.APPEND);
        return Safetensors.read(file);
    }

    private static ByteBuffer bytes(int n) {
        return ByteBuffer.allocate(n).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** Every half there is, against the definition of IEEE 754. */
    @Test
    void halvesAreWidenedExactly() throws IOException {
        ByteBuffer data = bytes(2 << 16);
        for (int bits = 0; bits < 1 << 16; bits++) {
            data.putShort((short) bits);
        }
        float[] values;
        try (Safetensors s = of("F16", data, 1 << 16)) {
            assertThat(s.dtype("w")).isEqualTo(DType.F32);
            values = read(s, "w");
        }
        for (int bits = 0; bits < 1 << 16; bits++) {
            int exponent = bits >> 10 & 31;
            int fraction = bits & 1023;
            double magnitude = exponent == 0
                    ? fraction * Math.pow(2, -24)
                    : exponent < 31
                            ? (1024 + fraction) * Math.pow(2, exponent - 25)
                            : fraction == 0 ? Double.POSITIVE_INFINITY : Double.NaN;
            double expected = bits >= 1 << 15 ? -magnitude : magnitude;
            assertThat(Float.compare(values[bits], (float) expected))
                    .as("half %04x", bits)
                    .isZero();
        }
        assertThat(1 / values[0x8000]).isEqualTo(Float.NEGATIVE_INFINITY);
    }

    @Test
    void brainFloatsAreTheUpperHalves() throws IOException {
        float[] expected = {1, -2.5f, -0f, Float.POSITIVE_INFINITY, 0x1p-133f, 3.3895314e38f};
        ByteBuffer data = bytes(2 * expected.length);
        for (float f : expected) {
            data.putShort((short) (Float.floatToRawIntBits(f) >> 16));
        }
        try (Safetensors s = of("BF16", data, expected.length)) {
            assertThat(read(s, "w")).containsExactly(expected);
        }
    }

    @Test
    void doublesAreRounded() throws IOException {
        double[] values = {0.1, -1e-60, Double.NaN, Double.NEGATIVE_INFINITY, Float.MAX_VALUE, 1 + 0x1p-24};
        ByteBuffer data = bytes(8 * values.length);
        float[] expected = new float[values.length];
        for (int i = 0; i < values.length; i++) {
            data.putDouble(values[i]);
            expected[i] = (float) values[i];
        }
        try (Safetensors s = of("F64", data, values.length)) {
            assertThat(read(s, "w")).containsExactly(expected);
            assertThatThrownBy(() -> s.copy("w", IntBuffer.allocate(6)))
                    .isExactlyInstanceOf(IllegalArgumentException.class)
                    .hasMessage("copy: \"w\" holds F64; copy it to a FloatBuffer");
        }
        try (Safetensors s = of("F64", bytes(16).putDouble(1).putDouble(1e300), 2)) {
            assertThatThrownBy(() -> read(s, "w"))
                    .isExactlyInstanceOf(IllegalArgumentException.class)
                    .hasMessage(temp.resolve("hostile.safetensors")
                            + ": element 1 of \"w\", 1.0E300 in F64, does not fit; convert the tensor before"
                            + " it is saved");
        }
    }

    @Test
    void integersKeepTheirValues() throws IOException {
        long[] values = {0, 1, -1, Integer.MAX_VALUE, Integer.MIN_VALUE, 1 << 24};
        ByteBuffer data = bytes(8 * values.length);
        Arrays.stream(values).forEach(data::putLong);
        try (Safetensors s = of("I64", data, values.length)) {
            assertThat(s.dtype("w")).isEqualTo(DType.I32);
            int[] ints = new int[values.length];
            s.copy("w", IntBuffer.wrap(ints));
            assertThat(Arrays.stream(ints).asLongStream())
                    .containsExactly(0L, 1L, -1L, 2147483647L, -2147483648L, 16777216L);
            String does = " in I64, does not fit; convert the tensor before it is saved";
            assertThatThrownBy(() -> read(s, "w")).hasMessageEndingWith("element 3 of \"w\", 2147483647" + does);
        }
        try (Safetensors s = of("I64", bytes(16).putLong(5).putLong(1L << 31), 2)) {
            assertThat(read(s, "w")).containsExactly(5, 0x1p31f);
            assertThatThrownBy(() -> s.copy("w", IntBuffer.allocate(2)))
                    .hasMessageEndingWith(
                            "element 1 of \"w\", 2147483648 in I64, does not fit; convert the tensor before it is"
                                    + " saved");
        }
        try (Safetensors s = of("I64", bytes(8).putLong(Long.MAX_VALUE), 1)) {
            assertThatThrownBy(() -> read(s, "w")).hasMessageContaining("9223372036854775807 in I64, does not fit");
        }
        try (Safetensors s = of("I16", bytes(4).putShort((short) -7).putShort((short) 300), 2);
                Pass pass = Pass.infer()) {
            assertThat(s.tensor("w").toIntArray()).containsExactly(-7, 300);
            assertThat(read(s, "w")).containsExactly(-7, 300);
        }
        try (Safetensors s = of("U16", bytes(4).putShort((short) -1).putShort((short) 300), 2);
                Pass pass = Pass.infer()) {
            assertThat(s.tensor("w").toIntArray()).containsExactly(65535, 300);
            assertThat(read(s, "w")).containsExactly(65535, 300);
        }
        try (Safetensors s = of("U32", bytes(8).putInt(Integer.MAX_VALUE).putInt(1 << 31), 2)) {
            assertThat(s.dtype("w")).isEqualTo(DType.I32);
            assertThatThrownBy(() -> s.copy("w", IntBuffer.allocate(2)))
                    .hasMessageEndingWith(
                            "element 1 of \"w\", 2147483648 in U32, does not fit; convert the tensor before it is"
                                    + " saved");
        }
        try (Safetensors s = of("U32", bytes(8).putInt(0xffffff00).putInt(1 << 31), 2)) {
            assertThat(read(s, "w")).containsExactly(4294967040f, 0x1p31f);
        }
        try (Safetensors s = of("U64", bytes(16).putLong(3L << 62).putLong(-1), 2)) {
            assertThatThrownBy(() -> s.copy("w", IntBuffer.allocate(2)))
                    .hasMessageEndingWith(
                            "element 0 of \"w\", 13835058055282163712 in U64, does not fit; convert the tensor before"
                                    + " it is saved");
            assertThatThrownBy(() -> read(s, "w"))
                    .hasMessageEndingWith(
                            "element 1 of \"w\", 18446744073709551615 in U64, does not fit; convert the tensor before"
                                    + " it is saved");
        }
        try (Safetensors s = of("U64", bytes(24).putLong(3L << 62).putLong(7).putLong(-1L << 40), 3)) {
            assertThat(read(s, "w")).containsExactly(0x1.8p63f, 7, 0x1p64f - 0x1p40f);
        }
        try (Safetensors s = of("BOOL", bytes(3).put((byte) 1).put((byte) 0).put((byte) 2), 3);
                Pass pass = Pass.infer()) {
            assertThat(s.dtype("w")).isEqualTo(DType.U8);
            assertThat(read(s, "w")).containsExactly(1, 0, 1);
            assertThat(s.tensor("w").dtype()).isEqualTo(DType.U8);
        }
    }

    /** PyTorch made the halves of the floats that are in the file too. */
    @Test
    void typesStayWhereThatIsAskedFor() {
        Path again = temp.resolve("again.safetensors");
        try (Safetensors s = Safetensors.read(Golden.path("dtypes"));
                Pass pass = Pass.infer()) {
            Tensor x = s.tensorAsStored("x");
            Safetensors.Writer writer = new Safetensors.Writer().checksum();
            for (DType type : List.of(DType.F16, DType.BF16)) {
                String name = type == DType.F16 ? "float16" : "bfloat16";
                Tensor t = s.tensorAsStored(name);
                assertThat(t.dtype()).isEqualTo(type);
                assertThat(s.dtype(name)).isEqualTo(DType.F32);
                assertThat(s.tensor(name).dtype()).isEqualTo(DType.F32);
                assertThat(t.toShortArray()).isEqualTo(x.to(type).toShortArray());
                assertThat(t.to(DType.F32).toArray()).isEqualTo(s.tensor(name).toArray());
                writer.add(name, t);
            }
            Tensor bytes = s.tensorAsStored("int8");
            assertThat(bytes.dtype()).isEqualTo(DType.I8);
            assertThat(bytes.toIntArray()).containsExactly(-128, -127, -1, 0, 1, 127);
            assertThat(s.tensor("int8").dtype()).isEqualTo(DType.I32);
            assertThat(s.tensorAsStored("uint8").toIntArray()).containsExactly(128, 129, 255, 0, 1, 127);
            assertThat(s.tensorAsStored("bool").toIntArray()).containsExactly(0, 0, 0, 0, 1, 1);
            writer.add("int8", bytes)
                    .add("uint8", bytes.to(DType.U8))
                    .add("whole", bytes.to(DType.I32))
                    .add("x", x);
            assertThatThrownBy(() -> writer.add("x", x)).hasMessageContaining("was added twice");
            writer.write(again);
            try (Safetensors written = Safetensors.read(again)) {
                written.verify();
                assertThat(written.names().stream().map(n -> written.entry(n).type()))
                        .containsExactly("F16", "BF16", "I8", "U8", "I32", "F32");
                for (String name : List.of("float16", "bfloat16")) {
                    assertThat(written.tensorAsStored(name).toShortArray())
                            .isEqualTo(s.tensorAsStored(name).toShortArray());
                }
                assertThat(written.tensorAsStored("int8").shape()).isEqualTo(Shape.of(2, 3));
                assertThat(written.tensorAsStored("int8").toIntArray()).isEqualTo(bytes.toIntArray());
                assertThat(written.tensor("whole").toIntArray()).isEqualTo(bytes.toIntArray());
                assertThat(written.tensor("x").toArray()).isEqualTo(x.toArray());
            }
        }
    }

    @Test
    void tensorsOfThePass() throws IOException {
        ByteBuffer data = bytes(2 * 100_000);
        for (int i = 0; i < 100_000; i++) {
            data.putShort((short) 0x3c00);
        }
        data.putShort(2 * 99_999, (short) 0x4000);
        try (Safetensors s = of("F16", data, 100_000);
                Pass pass = Pass.infer()) {
            Tensor w = s.tensor("w");
            assertThat(w.shape()).isEqualTo(Shape.of(100_000));
            assertThat(w.sum().item()).isEqualTo(100_001);
        }
    }

    @Test
    void aClosedFileSaysWhere() throws IOException {
        Path file = file(tensor("w", "[1]", "[0,4]"), 4);
        Safetensors s = Safetensors.read(file);
        s.close();
        s.close();
        assertThat(s.names()).containsExactly("w");
        assertThat(s.shape("w")).isEqualTo(Shape.of(1));
        assertThatThrownBy(() -> read(s, "w"))
                .isExactlyInstanceOf(IllegalStateException.class)
                .hasMessageStartingWith("copy: " + file + " was closed at ")
                .hasMessageEndingWith("; copy before the close");
    }

    @Test
    void aTextThatIsHalfAPairIsRefused() {
        var writer = new Safetensors.Writer();
        for (String[] text : new String[][] {{"a\ud83d", "\ude00b"}, {"\ud83d", "x"}, {"x", "\ude00"}}) {
            assertThatThrownBy(() -> writer.metadata(text[0], text[1]))
                    .isExactlyInstanceOf(IllegalArgumentException.class)
                    .hasMessageEndingWith("is not valid Unicode; choose another");
        }
        writer.metadata("smile", "\ud83d\ude00");
    }

    /** torchvision's SqueezeNet: halves and floats under PyTorch's names. */
    @Test
    void aRealNetworkOfHalves() {
        String data = System.getenv("FATHOM_DATA");
        Path file = Path.of(String.valueOf(data), "pretrained-imagenet", "squeezenet1_1.safetensors");
        assumeTrue(Files.isRegularFile(file), "FATHOM_DATA has no pretrained-imagenet/squeezenet1_1.safetensors");
        try (Safetensors s = Safetensors.read(file);
                Pass pass = Pass.infer()) {
            assertThat(s.names())
                    .contains("features.0.weight", "classifier.1.bias")
                    .hasSize(52);
            assertThat(s.shape("features.0.weight")).isEqualTo(Shape.of(64, 3, 3, 3));
            long parameters = 0;
            for (String name : s.names()) {
                assertThat(s.dtype(name)).isEqualTo(DType.F32);
                Tensor t = s.tensor(name);
                assertThat(t.nonfinite().item()).isZero();
                parameters += t.size();
            }
            assertThat(parameters).isEqualTo(1_235_496);
        }
    }

    @Test
    void aMissingNameOrAWrongBufferIsASentence() throws IOException {
        Path file = file(tensor("w", "[2]", "[0,8]"), 8);
        try (Safetensors s = Safetensors.read(file)) {
            assertThatThrownBy(() -> s.shape("v"))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage(file + " has no tensor \"v\"; it holds [w]");
            assertThatThrownBy(() -> s.copy("w", FloatBuffer.allocate(3)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("copy: \"w\" [2] has 2 elements but the buffer has room for 3; give one of exactly that"
                            + " size");
        }
    }

    @Test
    void aFileThatShrinksAfterItWasOpenedIsNoticed() throws IOException {
        Path file = file(tensor("w", "[2]", "[0,8]"), 8);
        try (Safetensors s = Safetensors.read(file)) {
            try (RandomAccessFile f = new RandomAccessFile(file.toFile(), "rw")) {
                f.setLength(f.length() - 1);
            }
            float[] to = {5, 5};
            assertThatThrownBy(() -> s.copy("w", FloatBuffer.wrap(to)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage(file + ": the file has been truncated since it was opened; fetch or save it again");
            assertThat(to).containsExactly(5, 5);
        }
    }

    @Test
    void aFileThatIsReplacedAfterItWasOpenedStaysTheSame() {
        Path file = temp.resolve("net.safetensors");
        new Safetensors.Writer()
                .add("w", Shape.of(1), FloatBuffer.wrap(new float[] {1}))
                .write(file);
        try (Safetensors old = Safetensors.read(file)) {
            new Safetensors.Writer()
                    .add("v", Shape.of(2), FloatBuffer.wrap(new float[] {2, 3}))
                    .write(file);
            assertThat(read(old, "w")).containsExactly(1);
        }
        try (Safetensors s = Safetensors.read(file)) {
            assertThat(s.names()).containsExactly("v");
        }
    }

    // ---- streams, buffers, archives

    @Test
    void aFileIsReadWhereverItLies() throws IOException {
        Path file = temp.resolve("net.safetensors");
        new Safetensors.Writer()
                .add("w", Shape.of(3), FloatBuffer.wrap(new float[] {1, 2, 3}))
                .metadata("note", "here")
                .checksum()
                .write(file);
        byte[] bytes = Files.readAllBytes(file);
        Path jar = temp.resolve("app.jar");
        try (var out = new java.util.zip.ZipOutputStream(Files.newOutputStream(jar))) {
            out.putNextEntry(new java.util.zip.ZipEntry("models/net.safetensors"));
            out.write(bytes);
            out.putNextEntry(new java.util.zip.ZipEntry("models/bad.safetensors"));
            out.write(bytes, 0, bytes.length - 1);
        }
        ByteBuffer direct = ByteBuffer.allocateDirect(bytes.length + 7).put(3, bytes);
        direct.position(3).limit(3 + bytes.length);
        try (var archive = java.nio.file.FileSystems.newFileSystem(jar)) {
            Path inside = archive.getPath("models", "net.safetensors");
            var stream = new java.io.ByteArrayInputStream(bytes);
            for (Safetensors s : List.of(
                    Safetensors.read(inside),
                    Safetensors.read(stream, "the stream"),
                    Safetensors.read(direct, "the buffer"))) {
                try (s) {
                    s.verify();
                    assertThat(read(s, "w")).containsExactly(1, 2, 3);
                    assertThat(s.metadata()).containsEntry("note", "here");
                }
                assertThatThrownBy(() -> read(s, "w"))
                        .isExactlyInstanceOf(IllegalStateException.class)
                        .hasMessageStartingWith("copy: " + s + " was closed at ");
            }
            assertThat(stream.read()).isEqualTo(-1);
            assertThat(direct.position()).isEqualTo(3);
            Path bad = archive.getPath("models", "bad.safetensors");
            assertThatThrownBy(() -> Safetensors.read(bad))
                    .hasMessage(bad + ": its tensors take 12 bytes but 11 lie behind its header" + DAMAGED);
            assertThatThrownBy(() -> Safetensors.read(archive.getPath("models", "no.safetensors")))
                    .isExactlyInstanceOf(UncheckedIOException.class)
                    .hasMessage("cannot read models/no.safetensors: it does not exist; give the path of a safetensors"
                            + " file");
            Path copy = archive.getPath("more", "copy.safetensors");
            new Safetensors.Writer()
                    .add("w", Shape.of(1), FloatBuffer.allocate(1))
                    .write(copy);
            new Safetensors.Writer()
                    .add("w", Shape.of(2), FloatBuffer.wrap(new float[] {4, 5}))
                    .write(copy);
            try (Safetensors s = Safetensors.read(copy);
                    Stream<Path> all = Files.list(archive.getPath("more"))) {
                assertThat(read(s, "w")).containsExactly(4, 5);
                assertThat(all).hasSize(1);
            }
        }
        var failing = new java.io.InputStream() {
            @Override
            public int read() throws IOException {
                throw new IOException("Connection reset");
            }
        };
        assertThatThrownBy(() -> Safetensors.read(failing, "https://example.org/net"))
                .isExactlyInstanceOf(UncheckedIOException.class)
                .hasMessage("cannot read https://example.org/net: Connection reset");
        assertThatThrownBy(() -> Safetensors.read(ByteBuffer.allocate(3), "the buffer"))
                .hasMessage("the buffer: it has 3 bytes where the length of the header alone takes 8" + DAMAGED);
    }

    @Test
    void theClassPathIsReadByAClass() {
        assertThatThrownBy(() -> Safetensors.resource(SafetensorsTest.class, "none.safetensors"))
                .isExactlyInstanceOf(IllegalArgumentException.class)
                .hasMessage("resource: the class path has no none.safetensors beside dev.fathom.io.SafetensorsTest;"
                        + " put the file there, begin its name with / to look from the root, and in a module open its"
                        + " package to dev.fathom");
        // a resource that is not safetensors is read as far as that
        assertThatThrownBy(() -> Safetensors.resource(SafetensorsTest.class, "SafetensorsTest.class"))
                .isExactlyInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("SafetensorsTest.class: its header claims ");
    }

    // ---- other formats

    private static byte[] zip(String entry) {
        var bytes = new ByteArrayOutputStream();
        try (var out = new java.util.zip.ZipOutputStream(bytes)) {
            out.putNextEntry(new java.util.zip.ZipEntry(entry));
            out.write(new byte[40]);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    private static byte[] latin(String text) {
        return (text + " ".repeat(40)).getBytes(StandardCharsets.ISO_8859_1);
    }

    /** First bytes as the formats' own documents give them, and for ONNX and Git LFS those of files. */
    static Stream<Arguments> otherFormats() {
        String files = "TensorFile.open or Model.load, with dev.fathom:fathom-files";
        String numpy = "safetensors.numpy.save_file";
        return Stream.of(
                Arguments.of("net.pth", zip("archive/data.pkl"), "a file of torch.save", files),
                Arguments.of(
                        "old.pt",
                        latin("\u0080\2\u008a\nl\u00fc\u009cF\u00f9 j\u00a8P\31."),
                        "a file of torch.save",
                        files),
                Arguments.of("net.pkl", latin("\u0080\4\u0095abc"), "a pickle of Python", numpy),
                Arguments.of("net.npz", zip("w.npy"), "an npz archive of NumPy", files),
                Arguments.of(
                        "net.npy", latin("\u0093NUMPY\1\0v\0{'descr': '<f4'}"), "an npy array of NumPy", "Npy.read"),
                Arguments.of("net.h5", latin("\u0089HDF\r\n\u001a\n"), "an HDF5 file", numpy),
                Arguments.of("net.keras", zip("model.weights.h5"), "a model of Keras", numpy),
                Arguments.of("app.zip", zip("readme.txt"), "a zip archive", "unpack it"),
                Arguments.of("net.onnx", latin("\10\7\22\7pytorch\32"), "an ONNX model", "onnx.numpy_helper"),
                Arguments.of("net.plan", latin("FATHPLAN\1\0\0\0"), "a frozen plan", "load it by Plan.load"),
                Arguments.of("net.gguf", latin("GGUF\3\0\0\0"), "a GGUF file of llama.cpp", files),
                Arguments.of("net.tflite", latin("\34\0\0\0TFL3"), "a TensorFlow Lite model", numpy),
                Arguments.of("saved_model.pb", latin("\10\1\22\u00a0\5"), "a SavedModel of TensorFlow", numpy),
                Arguments.of(
                        "checkpoint",
                        latin("model_checkpoint_path: \"ckpt-1\""),
                        "part of a checkpoint of TensorFlow",
                        numpy),
                Arguments.of(
                        "ckpt.data-00000-of-00001",
                        latin("\u00ff".repeat(64)),
                        "part of a checkpoint of TensorFlow",
                        numpy),
                Arguments.of(
                        "ckpt.index",
                        "\0\0\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u0057\u00fb\u0080\u008b\u0024\u0075\u0047\u00db"
                                .getBytes(StandardCharsets.ISO_8859_1),
                        "part of a checkpoint of TensorFlow",
                        numpy),
                Arguments.of(
                        "net.safetensors",
                        latin("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a"),
                        "a pointer of Git LFS",
                        "git lfs pull"),
                Arguments.of("net.safetensors", latin("\n<!DOCTYPE html><html>404"), "a web page", "direct address"),
                Arguments.of(
                        "net.safetensors",
                        latin("<?xml version=\"1.0\"?><Error>"),
                        "an XML text",
                        "fetch the file again"),
                Arguments.of(
                        "model.safetensors.index.json",
                        latin("{\"weight_map\": {}}"),
                        "an index that tells which files hold which tensors",
                        files),
                Arguments.of("config.json", latin("{\"hidden_size\": 32}"), "a JSON text", "file of the tensors"),
                Arguments.of("net.gz", latin("\u001f\u008b\b\0"), "a compressed file or an archive", "unpack it"),
                Arguments.of(
                        "net.tar",
                        latin("net" + "\0".repeat(254) + "ustar"),
                        "a compressed file or an archive",
                        "unpack it"));
    }

    @ParameterizedTest
    @MethodSource("otherFormats")
    void anotherFormatIsNamed(String name, byte[] bytes, String what, String remedy) throws IOException {
        Path file = Files.write(temp.resolve(name), bytes);
        assertThatThrownBy(() -> Safetensors.read(file))
                .isExactlyInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith(file + ": it is " + what)
                .hasMessageContaining(", not safetensors; ")
                .hasMessageContaining(remedy);
    }

    /** A header of a length whose bytes are those of another format is still one of safetensors. */
    @Test
    void whatIsSafetensorsIsNotTakenForAnotherFormat() throws IOException {
        String tensor = tensor("w", "[1]", "[0,4]");
        Path file = file(tensor + " ".repeat(0x120708 - tensor.length()), 4); // 08 07 12, as ONNX begins
        try (Safetensors s = Safetensors.read(file)) {
            assertThat(s.names()).containsExactly("w");
        }
    }

    // ---- hostile files

    private static String tensor(String name, String shape, String offsets) {
        return "{\"" + name + "\":{\"dtype\":\"F32\",\"shape\":" + shape + ",\"data_offsets\":" + offsets + "}}";
    }

    private Path file(String header, int dataBytes) throws IOException {
        return file(header.getBytes(StandardCharsets.UTF_8), dataBytes);
    }

    private Path file(byte[] header, int dataBytes) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(ByteBuffer.allocate(8)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(header.length)
                .array());
        out.write(header);
        out.write(new byte[dataBytes]);
        return Files.write(temp.resolve("hostile.safetensors"), out.toByteArray());
    }

    static Stream<Arguments> lies() {
        String notJson = "its header is not the JSON of a safetensors file";
        String fine = "\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]";
        return Stream.of(
                Arguments.of("{\"w\":{" + fine + "}", notJson),
                Arguments.of("{\"w\":{" + fine + "},}", notJson),
                Arguments.of("{\"w\":{" + fine + "}}\0", notJson),
                Arguments.of("{\"w\":{" + fine + "}}}", notJson),
                Arguments.of("{\"w\0\":{" + fine + "}}", notJson),
                Arguments.of("{'w':{" + fine + "}}", notJson),
                Arguments.of("{\"w\":{" + fine + "}} // and more", notJson),
                Arguments.of("{\"w\":{" + fine + "}} {}", notJson),
                Arguments.of("[]      ", "its header does not begin with {"),
                Arguments.of("        ", "its header does not begin with {"),
                Arguments.of("\f{\"w\":{" + fine + "}}", "its header does not begin with {"),
                Arguments.of(
                        "{\"w\":" + "[".repeat(100_000) + "}",
                        "tensor \"w\" is not an object with dtype, shape and data_offsets"),
                Arguments.of("{\"w\":null}", "tensor \"w\" is not an object with dtype, shape and data_offsets"),
                Arguments.of(
                        "{\"w\":{" + fine + ",\"x\":" + "{\"x\":".repeat(100_000) + "}",
                        "tensor \"w\" has the unknown field \"x\""),
                Arguments.of("{\"w\":{" + fine + "},\"w\":{" + fine + "}}", "two tensors are called \"w\""),
                Arguments.of("{\"w\\ud800\":{" + fine + "}}", notJson),
                Arguments.of("{\"w\":{\"shape\":[1],\"data_offsets\":[0,4]}}", "tensor \"w\" lacks its dtype"),
                Arguments.of("{\"w\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}", "tensor \"w\" lacks its shape"),
                Arguments.of("{\"w\":{\"dtype\":\"F32\",\"shape\":[1]}}", "tensor \"w\" lacks its two data_offsets"),
                Arguments.of(tensor("w", "[1]", "[0]"), "tensor \"w\" lacks its two data_offsets"),
                Arguments.of(tensor("w", "[1]", "[0,4,8]"), "tensor \"w\" has more than 2 numbers in its data_offsets"),
                Arguments.of("{\"w\":{" + fine + ",\"dtype\":\"F32\"}}", "tensor \"w\" has dtype twice"),
                Arguments.of("{\"w\":{" + fine + ",\"shape\":[1]}}", "tensor \"w\" has shape twice"),
                Arguments.of(
                        "{\"w\":{\"dtype\":7,\"shape\":[1],\"data_offsets\":[0,4]}}",
                        "tensor \"w\" has a dtype that is not a text"),
                Arguments.of(tensor("w", "1", "[0,4]"), "tensor \"w\" has a shape that is not a list"),
                Arguments.of(tensor("w", "[-1]", "[0,4]"), "tensor \"w\" has something else than counts in its shape"),
                Arguments.of(tensor("w", "[1.0]", "[0,4]"), "tensor \"w\" has something else than counts in its shape"),
                Arguments.of(
                        tensor("w", "[\"1\"]", "[0,4]"), "tensor \"w\" has something else than counts in its shape"),
                Arguments.of(tensor("w", "[[1]]", "[0,4]"), "tensor \"w\" has something else than counts in its shape"),
                Arguments.of(
                        tensor("w", "[1]", "[0,99999999999999999999]"),
                        "tensor \"w\" has something else than counts in its data_offsets"),
                Arguments.of(
                        tensor("w", "[" + "1,".repeat(64) + "1]", "[0,4]"),
                        "tensor \"w\" has more than 64 numbers in its shape"),
                Arguments.of(
                        tensor("w", "[4294967297]", "[0,4]"),
                        "tensor \"w\" lies at 0 to 4 but its shape [4294967297] takes 17179869188 bytes"),
                Arguments.of(
                        tensor("w", "[65536,65536]", "[0,4]"),
                        "tensor \"w\" lies at 0 to 4 but its shape [65536, 65536] takes 17179869184 bytes"),
                Arguments.of(
                        tensor("w", "[2147483647,2147483647,0]", "[0,0]"),
                        "tensor \"w\" claims the shape [2147483647, 2147483647, 0], which no memory holds"),
                Arguments.of(
                        "{\"w\":{\"dtype\":\"F8_E4M3\",\"shape\":[4],\"data_offsets\":[4,0]}}",
                        "tensor \"w\" lies at 4 to 0, which is not where a tensor lies"),
                Arguments.of(
                        tensor("w", "[2]", "[0,4]"), "tensor \"w\" lies at 0 to 4 but its shape [2] takes 8 bytes"),
                Arguments.of(
                        tensor("w", "[1]", "[8,4]"), "tensor \"w\" lies at 8 to 4 but its shape [1] takes 4 bytes"),
                Arguments.of(tensor("w", "[1]", "[4,8]"), "tensor \"w\" begins at 4 but the one before it ends at 0"),
                Arguments.of(tensor("w", "[2]", "[0,8]"), "its tensors take 8 bytes but 4 lie behind its header"),
                Arguments.of("{}", "its tensors take 0 bytes but 4 lie behind its header"),
                Arguments.of(
                        "{\"v\":{" + fine + "},\"w\":{" + fine + "}}",
                        "tensor \"w\" begins at 0 but the one before it ends at 4"),
                Arguments.of("{\"__metadata__\":{\"a\":1}}", "__metadata__ maps \"a\" to something else than a text"),
                Arguments.of("{\"__metadata__\":{\"a\":{}}}", "__metadata__ maps \"a\" to something else than a text"),
                Arguments.of("{\"__metadata__\":{\"a\":\"\",\"a\":\"\"}}", "__metadata__ has \"a\" twice"),
                Arguments.of("{\"__metadata__\":{},\"__metadata__\":{}}", "it has __metadata__ twice"),
                Arguments.of(
                        "{\"__metadata__\":{" + fine + "}}",
                        "__metadata__ maps \"shape\" to something else than a text"));
    }

    @ParameterizedTest
    @MethodSource("lies")
    void everyLieIsASentence(String header, String sentence) throws IOException {
        Path file = file(header, 4);
        assertThatThrownBy(() -> Safetensors.read(file))
                .isExactlyInstanceOf(IllegalArgumentException.class)
                .hasMessage(file + ": " + sentence + DAMAGED);
    }

    /** What one tensor is must not keep a user from the others. */
    @Test
    void aTensorThatCannotBeReadIsRefusedWhereItIsUsed() throws IOException {
        String types =
                " but [BOOL, U8, I8, I16, U16, I32, U32, I64, U64, F16, BF16, F32, F64] are read; convert it before it"
                        + " is saved, or leave it out";
        Path file = file(
                "{\"w\":{\"dtype\":\"F8_E4M3\",\"shape\":[4],\"data_offsets\":[0,4]},"
                        + "\"v\":{\"dtype\":\"F32\",\"shape\":[1,1,2,1,1,1,1],\"data_offsets\":[4,12]},"
                        + "\"u\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[12,16]},"
                        + "\"e\":{\"dtype\":\"F32\",\"shape\":[3000000000, 0],\"data_offsets\":[16,16]}}",
                16);
        try (Safetensors s = Safetensors.read(file);
                Pass pass = Pass.infer()) {
            assertThat(s.names()).containsExactly("w", "v", "u", "e");
            assertThat(read(s, "u")).containsExactly(0);
            for (org.assertj.core.api.ThrowableAssert.ThrowingCallable use :
                    List.<org.assertj.core.api.ThrowableAssert.ThrowingCallable>of(
                            () -> s.dtype("w"),
                            () -> s.tensor("w"),
                            () -> s.copy("w", FloatBuffer.allocate(4)),
                            () -> s.copy("w", IntBuffer.allocate(4)))) {
                assertThatThrownBy(use)
                        .isExactlyInstanceOf(IllegalArgumentException.class)
                        .hasMessage(file + ": tensor \"w\" has the dtype \"F8_E4M3\"" + types);
            }
            assertThat(s.shape("w")).isEqualTo(Shape.of(4));
            for (org.assertj.core.api.ThrowableAssert.ThrowingCallable use :
                    List.<org.assertj.core.api.ThrowableAssert.ThrowingCallable>of(
                            () -> s.shape("v"), () -> s.tensor("v"), () -> s.copy("v", FloatBuffer.allocate(2)))) {
                assertThatThrownBy(use)
                        .isExactlyInstanceOf(IllegalArgumentException.class)
                        .hasMessage(file
                                + ": tensor \"v\" [1, 1, 2, 1, 1, 1, 1] has 7 dimensions but a tensor has at most 6;"
                                + " reshape or split it before it is saved, or leave it out");
            }
            assertThatThrownBy(() -> s.shape("e"))
                    .hasMessage(file + ": tensor \"e\" [3000000000, 0] has more than 2147483647 elements, which no"
                            + " buffer holds; reshape or split it before it is saved, or leave it out");
        }
        Path other = file("{\"w\":{\"dtype\":\"F16\",\"shape\":[4],\"data_offsets\":[0,4]}}", 4);
        assertThatThrownBy(() -> Safetensors.read(other))
                .hasMessage(other + ": tensor \"w\" lies at 0 to 4 but its shape [4] takes 8 bytes" + DAMAGED);
    }

    @Test
    void aLyingLengthAllocatesNothing() throws IOException {
        for (long length : new long[] {0, 1, 13, 100_000_001, Integer.MAX_VALUE, Long.MAX_VALUE, -1, Long.MIN_VALUE}) {
            Path file = Files.write(
                    temp.resolve("lying"),
                    ByteBuffer.allocate(20)
                            .order(ByteOrder.LITTLE_ENDIAN)
                            .putLong(length)
                            .array());
            assertThatThrownBy(() -> Safetensors.read(file))
                    .isExactlyInstanceOf(IllegalArgumentException.class)
                    .hasMessage(file + ": its header claims " + Long.toUnsignedString(length)
                            + " bytes; there are 12 behind its length and 100000000 are the most" + DAMAGED);
        }
        Path huge = temp.resolve("huge");
        try (RandomAccessFile f = new RandomAccessFile(huge.toFile(), "rw")) {
            f.setLength(1L << 40);
            f.writeLong(Long.reverseBytes(200_000_000));
        }
        assertThatThrownBy(() -> Safetensors.read(huge))
                .isExactlyInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("its header claims 200000000 bytes");
        for (int size = 0; size < 8; size++) {
            Path file = Files.write(temp.resolve("short"), new byte[size]);
            assertThatThrownBy(() -> Safetensors.read(file))
                    .isExactlyInstanceOf(IllegalArgumentException.class)
                    .hasMessage(
                            size == 0
                                    ? file + ": it is an empty file, not safetensors; fetch or save it again"
                                    : file + ": it has " + size + " bytes where the length of the header alone takes 8"
                                            + DAMAGED);
        }
    }

    @Test
    void aHeaderThatIsNotUtf8IsASentence() throws IOException {
        byte[] header = tensor("wé", "[1]", "[0,4]").getBytes(StandardCharsets.ISO_8859_1);
        Path file = file(header, 4);
        assertThatThrownBy(() -> Safetensors.read(file))
                .isExactlyInstanceOf(IllegalArgumentException.class)
                .hasMessage(file + ": its header is not UTF-8" + DAMAGED);
    }

    @Test
    void aLongOrStrangeNameIsCutInTheMessage() throws IOException {
        Path file = file(
                "{\"" + "n".repeat(5000) + "\":{\"dtype\":\"\\u001b[31m\",\"shape\":[1],\"data_offsets\":[8,12]}}", 4);
        assertThatThrownBy(() -> Safetensors.read(file))
                .hasMessage(file + ": tensor \"" + "n".repeat(80) + "...\" begins at 8 but the one before it ends at 0"
                        + DAMAGED);
    }

    /** The reference reader takes white space before the header and any character in a name. */
    @Test
    void whiteSpaceAndEscapedNamesAreRead() throws IOException {
        String tensor = ":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}";
        try (Safetensors s = Safetensors.read(file(" \n\t\r {\"a\\u0000b\\n\\\"\\ud83d\\ude00\"" + tensor, 4))) {
            assertThat(s.names()).containsExactly("a\0b\n\"\ud83d\ude00");
            assertThat(read(s, "a\0b\n\"\ud83d\ude00")).containsExactly(0);
            assertThatThrownBy(() -> s.shape("c"))
                    .hasMessageEndingWith(" has no tensor \"c\"; it holds [a?b?\"\ud83d\ude00]");
        }
    }

    @Test
    void whatCannotBeReadIsNamed() {
        Path missing = temp.resolve("missing");
        assertThatThrownBy(() -> Safetensors.read(missing))
                .isExactlyInstanceOf(UncheckedIOException.class)
                .hasMessage("cannot read " + missing + ": it does not exist; give the path of a safetensors file");
        assertThatThrownBy(() -> Safetensors.read(temp))
                .isExactlyInstanceOf(UncheckedIOException.class)
                .hasMessage("cannot read " + temp + ": it is not a file; give the path of a safetensors file");
    }

    @Test
    void damageIsRefusedOrReadWhole() throws IOException {
        Path file = temp.resolve("net.safetensors");
        new Safetensors.Writer()
                .metadata("format", "pt")
                .add("0.weight", Shape.of(3, 2), FloatBuffer.wrap(new float[] {1, 2, 3, 4, 5, 6}))
                .add("0.bias", Shape.of(3), FloatBuffer.wrap(new float[] {7, 8, 9}))
                .write(file);
        byte[] whole = Files.readAllBytes(file);
        Random random = new Random(1);
        int readable = 0;
        int refused = 0;
        for (int round = 0; round < 5000; round++) {
            Damage.overwrite(file, Damage.of(whole, 4, whole.length, 16, random));
            try (Safetensors s = Safetensors.read(file)) {
                long elements = 0;
                for (String name : s.names()) {
                    elements += read(s, name).length;
                }
                assertThat(elements).isEqualTo(9);
                readable++;
            } catch (IllegalArgumentException e) {
                assertThat(e.getMessage()).startsWith(file + ": ");
                refused++;
            }
        }
        assertThat(readable).isGreaterThan(500);
        assertThat(refused).isGreaterThan(2000);
    }

    // ---- writing

    @Test
    void namesAndShapesAreChecked() {
        Safetensors.Writer w = new Safetensors.Writer().add("w", Shape.of(1), FloatBuffer.allocate(1));
        assertThatThrownBy(() -> w.add("w", Shape.of(1), FloatBuffer.allocate(1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("safetensors: \"w\" was added twice; each tensor needs a name of its own");
        assertThatThrownBy(() -> w.add("v", Shape.of(2, 3), FloatBuffer.allocate(5)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("safetensors: \"v\" [2, 3] has 6 elements but 5 values were given; give one for each");
        assertThatThrownBy(() -> w.add("__metadata__", Shape.of(1), FloatBuffer.allocate(1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("safetensors: the name \"__metadata__\" is reserved for texts; use metadata(key, value);"
                        + " choose another");
        assertThatThrownBy(() -> w.add("a\nb", Shape.of(1), FloatBuffer.allocate(1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("safetensors: the name \"a?b\" contains a control character; choose another");
        assertThatThrownBy(() -> w.add("\ud800", Shape.of(1), FloatBuffer.allocate(1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageEndingWith("is not valid Unicode; choose another");
        assertThatThrownBy(() -> w.metadata("k", "\udc00"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("safetensors: the text of \"k\" is not valid Unicode; choose another");
    }

    @Test
    void aPlaceThatCannotBeWrittenIsNamed() throws IOException {
        Safetensors.Writer w = new Safetensors.Writer().add("w", Shape.of(1), FloatBuffer.allocate(1));
        Path missing = temp.resolve("no/such/net.safetensors");
        w.write(missing);
        assertThat(Safetensors.read(missing).names())
                .as("missing folders are made")
                .containsExactly("w");
        Path below = missing.resolve("net.safetensors");
        assertThatThrownBy(() -> w.write(below))
                .isExactlyInstanceOf(UncheckedIOException.class)
                .hasMessage("cannot write " + below + ": " + missing + " is not a folder; choose another place");
        assertThatThrownBy(() -> w.write(temp))
                .isExactlyInstanceOf(UncheckedIOException.class)
                .hasMessage("cannot write " + temp + ": it is a folder; give the name of a file in it");
        // not even root may make a file there
        Path forbidden = Path.of("/proc/self/net.safetensors");
        assumeTrue(Files.isDirectory(forbidden.getParent()));
        assertThatThrownBy(() -> w.write(forbidden))
                .isExactlyInstanceOf(UncheckedIOException.class)
                .hasMessageStartingWith(
                        "cannot write /proc/self/net.safetensors: the folder /proc/self takes no new file (")
                .hasMessageEndingWith("); choose one that you may write to");
    }

    @Test
    void aFailedWriteLeavesTheOldFileAndNothingElse() throws IOException {
        Path file = Files.writeString(temp.resolve("old"), "old");
        assertThatThrownBy(() -> AtomicFile.write(file, out -> {
                    out.write(new byte[100_000]);
                    throw new IOException("No space left on device");
                }))
                .isExactlyInstanceOf(UncheckedIOException.class)
                .hasMessage("cannot write " + file + ": No space left on device; what was there before is unchanged");
        assertThatThrownBy(() -> AtomicFile.write(file, out -> {
                    throw new IllegalStateException("released");
                }))
                .hasMessage("released");
        assertThat(file).hasContent("old");
        try (Stream<Path> all = Files.list(temp)) {
            assertThat(all).isEqualTo(List.of(file));
        }
    }

    @Test
    void aLinkStaysALinkAndAnInterruptLosesNothing() throws IOException {
        Path file = Files.writeString(temp.resolve("target"), "old");
        Path link = Files.createSymbolicLink(temp.resolve("link"), file);
        Thread.currentThread().interrupt();
        try {
            AtomicFile.write(link, out -> out.write("new".getBytes(StandardCharsets.UTF_8)));
            assertThat(Thread.currentThread().isInterrupted()).isTrue();
        } finally {
            Thread.interrupted();
        }
        assertThat(link).isSymbolicLink().hasContent("new");
        assertThat(file).isRegularFile().hasContent("new");
    }
}

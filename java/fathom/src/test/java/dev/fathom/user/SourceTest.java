package dev.fathom.user;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fathom.data.Batch;
import dev.fathom.data.Batches;
import dev.fathom.data.Dataset;
import dev.fathom.data.Field;
import dev.fathom.data.Padding;
import dev.fathom.data.Source;
import dev.fathom.io.MappedFile;
import dev.fathom.io.Npy;
import dev.fathom.kernel.NativeRuntime;
import dev.fathom.memory.Memory;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.op.Shape;
import dev.fathom.optim.Adam;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.testing.ChildJvm;
import dev.fathom.train.Trainer;
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
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Examples that stay where they are: formats of a user's own, and files that are mapped. */
class SourceTest {
    @TempDir
    Path temp;

    private static void refused(Class<? extends Exception> type, ThrowingCallable call, String sentence) {
        assertThatThrownBy(call).isExactlyInstanceOf(type).hasMessage(sentence);
    }

    // ---- a format of a user's own

    /** Lines such as {@code 0.5,-1.25,2;1}: three numbers and a class. */
    private static final class Lines implements Source {
        private final List<String> lines;
        private int closes;

        Lines(List<String> lines) {
            this.lines = lines;
        }

        @Override
        public int size() {
            return lines.size();
        }

        @Override
        public List<Field> fields() {
            return List.of(
                    Field.floats("numbers", Shape.of(3)).input(),
                    Field.labels("kind").classes(3).target());
        }

        @Override
        public void read(int field, int example, ByteBuffer to) {
            String[] parts = lines.get(example).split(";");
            if (field == 0) {
                Stream.of(parts[0].split(",")).forEach(number -> to.putFloat(Float.parseFloat(number)));
            } else {
                to.putInt(Integer.parseInt(parts[1]));
            }
        }

        @Override
        public void close() {
            closes++;
        }
    }

    /** A source of one field that misbehaves as a test wants it to. */
    private record Odd(int size, Field field, Reader reader) implements Source {
        interface Reader {
            void read(int example, ByteBuffer to) throws IOException;
        }

        @Override
        public List<Field> fields() {
            return List.of(field);
        }

        @Override
        public void read(int field, int example, ByteBuffer to) throws IOException {
            reader.read(example, to);
        }
    }

    private static List<float[]> epoch(Batches batches, int number) {
        List<float[]> all = new ArrayList<>();
        Batches.Epoch epoch = batches.epoch(number);
        while (epoch.hasNext()) {
            try (Pass pass = Pass.infer()) {
                Batch b = epoch.next();
                for (String name : b.names()) {
                    all.add(b.get(name).to(dev.fathom.op.DType.F32).toArray());
                }
                assertThat(pass.liveBytes()).isPositive();
            }
        }
        return all;
    }

    private static void assertSame(Batches a, Batches b) {
        for (int number = 0; number < 2; number++) {
            assertThat(epoch(a, number)).usingRecursiveComparison().isEqualTo(epoch(b, number));
        }
    }

    @Test
    void aFormatOfOnesOwnIsADataset() {
        float[] numbers = new Rng(1).normal(150, 0, 1);
        int[] kinds = IntStream.range(0, 50).map(i -> i % 3).toArray();
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            lines.add(numbers[3 * i] + "," + numbers[3 * i + 1] + "," + numbers[3 * i + 2] + ";" + kinds[i]);
        }
        Lines source = new Lines(lines);
        try (Dataset held = Dataset.of(numbers, Shape.of(3), kinds);
                Dataset read = Dataset.of(source)) {
            assertThat(read).hasToString("Dataset [50, 3] of F32, 3 classes");
            assertThat(read.labels()).containsExactly(kinds);
            assertThat(read.label(4)).isEqualTo(1);
            for (var pair : List.of(
                    List.of(held, read),
                    List.of(
                            held.stratified(10, 3).rest(),
                            read.stratified(10, 3).rest()),
                    List.of(held.subset(7, 7, 3, 9), read.subset(7, 7, 3, 9)),
                    List.of(held.reshaped(3, 1), Dataset.concat(read.reshaped(3, 1))))) {
                Dataset a = pair.get(0);
                Dataset b = pair.get(1);
                assertSame(a.batches(4), b.batches(4));
                assertSame(a.shuffled(5).batches(3), b.shuffled(5).batches(3));
                assertSame(a.withReplacement(5).batches(3), b.withReplacement(5).batches(3));
            }
            read.close();
            assertThat(source.closes).as("parts are open").isZero();
        }
    }

    @Test
    void aSourceIsClosedOnceAndThenNotRead() {
        Lines source = new Lines(List.of("1,2,3;0", "4,5,6;1"));
        Dataset all = Dataset.of(source);
        Dataset part = all.take(1, 2);
        all.close();
        assertThat(source.closes).isZero();
        assertThat(part.label(0)).isEqualTo(1);
        part.close();
        part.close();
        assertThat(source.closes).isEqualTo(1);
        assertThatThrownBy(() -> part.label(0))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageStartingWith("dataset is closed: it was closed at SourceTest.");
    }

    @Test
    void whatASourceDoesWrongIsASentence() {
        Field x = Field.floats("x", Shape.of(2)).input();
        Field y = Field.labels("y").classes(3).target();
        ByteOrder other =
                ByteOrder.nativeOrder() == ByteOrder.BIG_ENDIAN ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN;
        assertWrong(
                y,
                (i, to) -> to.order(other).putInt(2),
                IllegalStateException.class,
                "source: read changed the byte order of the buffer for the field y of example 0; put values in the"
                        + " order that it has, such as to.putFloat(bigEndian.getFloat())");
        assertWrong(
                x,
                (i, to) -> to.putFloat(1),
                IllegalStateException.class,
                "source: read left 4 of the 8 bytes of the field x of example 0 empty; put all values, by puts that move"
                        + " the position of the buffer");
        assertWrong(
                x,
                (i, to) -> to.putFloat(1).putFloat(2).putFloat(3),
                IllegalStateException.class,
                "source: read puts more than the 8 bytes of the field x of example 0; put its values and nothing else");
        assertWrong(
                x,
                (i, to) -> to.putFloat(1).putFloat(Float.NaN),
                IllegalArgumentException.class,
                "source: value 1 of the field x of example 0 is NaN; replace it, or leave the example out");
        assertWrong(
                y,
                (i, to) -> to.putInt(3),
                IllegalArgumentException.class,
                "source: label 3 of example 0 is outside [0, 3); number the classes from 0");
        assertWrong(
                x,
                (i, to) -> {
                    throw new IOException("the disk is gone");
                },
                UncheckedIOException.class,
                "source: cannot read the field x of example 0: the disk is gone");
        Class<IllegalArgumentException> argument = IllegalArgumentException.class;
        Odd.Reader none = (i, to) -> {};
        refused(argument, () -> Dataset.of(new Odd(0, x, none)), "source: there are no examples; give at least one");
        refused(argument, () -> Dataset.of(new Odd(-1, x, none)), "source: there are no examples; give at least one");
        refused(
                argument,
                () -> Dataset.of(new Odd(1, Field.labels("y"), none)),
                "source: the labels y are of an unknown number of classes; tell it by Field.labels(..).classes(n)");
        refused(
                argument,
                () -> Dataset.of(new Odd(1, Field.floats("x", Shape.of(1), new float[1]), none)),
                "source: the field x has values; describe it without them, since read gives them");
        refused(
                argument,
                () -> Dataset.of(x),
                "of: the field x has no values; give them, or make a dataset of a Source");
    }

    private static void assertWrong(Field field, Odd.Reader reader, Class<? extends Exception> type, String sentence) {
        try (Dataset d = Dataset.of(new Odd(2, field, reader));
                Pass pass = Pass.infer()) {
            refused(type, () -> d.batches(2).epoch(0).next(), sentence);
            assertThat(pass.liveBytes()).isNotNegative();
        }
    }

    private record Sentences(int[][] words) implements Source {
        @Override
        public int size() {
            return words.length;
        }

        @Override
        public List<Field> fields() {
            return List.of(Field.ints("words", Shape.SCALAR).ragged().input());
        }

        @Override
        public int steps(int field, int example) {
            return words[example] == null ? -1 : words[example].length;
        }

        @Override
        public void read(int field, int example, ByteBuffer to) {
            for (int word : words[example]) {
                to.putInt(word);
            }
        }
    }

    @Test
    void aRaggedSourceIsPaddedLikeMemory() {
        int[][] words = {{1, 2, 3}, {}, {4}, {5, 6, 7, 8, 9}, {10, 11}};
        try (Dataset held = Dataset.of(Field.ragged("words", words).input());
                Dataset read = Dataset.of(new Sentences(words));
                Dataset broken = Dataset.of(new Sentences(new int[][] {null}))) {
            assertThat(read).hasToString(held.toString());
            for (Padding p : List.of(
                    Padding.behind(),
                    Padding.front().value(7),
                    Padding.front().length(4).keepEnd())) {
                assertSame(
                        held.padded("words", p).shuffled(1).batches(3),
                        read.padded("words", p).shuffled(1).batches(3));
            }
            assertSame(held.batches(2).bucketed("words", 2), read.batches(2).bucketed("words", 2));
            refused(
                    IllegalStateException.class,
                    () -> broken.forEach(b -> {}),
                    "source: example 0 has -1 steps in the field words; a length is 0 or more");
        }
    }

    // ---- mapped files

    private Path npy(String name, Shape shape, float[] values) {
        Npy.write(temp.resolve(name), shape, FloatBuffer.wrap(values));
        return temp.resolve(name);
    }

    private Path npy(String name, int... values) {
        Npy.write(temp.resolve(name), Shape.of(values.length), IntBuffer.wrap(values));
        return temp.resolve(name);
    }

    @Test
    void mappedFilesHaveTheBitsOfMemory() {
        Path floats = npy("x.npy", Shape.of(40, 5), new Rng(1).normal(200, 0, 1));
        Path targets = npy("t.npy", Shape.of(40, 2), new Rng(2).normal(80, 0, 1));
        Path labels = npy("y.npy", IntStream.range(0, 40).map(i -> i * 7 % 5).toArray());
        byte[] bytes = new byte[240];
        new java.util.Random(1).nextBytes(bytes);
        Npy.write(temp.resolve("p.npy"), Shape.of(40, 2, 3), ByteBuffer.wrap(bytes));
        Npy.write(temp.resolve("k.npy"), Shape.of(40), ByteBuffer.wrap(bytes, 0, 40));
        for (List<Path> files : List.of(
                List.of(floats, labels),
                List.of(floats, targets),
                List.of(temp.resolve("p.npy"), labels),
                List.of(floats, temp.resolve("k.npy")))) {
            long owned = Memory.stats().owned();
            try (Dataset held = Dataset.npy(files.get(0), files.get(1));
                    Dataset mapped = Dataset.mapped(files.get(0), files.get(1))) {
                assertThat(mapped).hasToString(held.toString());
                assertThat(mapped.classes()).isEqualTo(held.classes());
                assertSame(held.shuffled(1).batches(7), mapped.shuffled(1).batches(7));
            }
            assertThat(Memory.stats().owned()).isEqualTo(owned);
        }
        try (Dataset pixels = Dataset.mapped(temp.resolve("p.npy"), labels);
                Dataset held = Dataset.npy(temp.resolve("p.npy"), labels)) {
            assertThat(pixels.pixels(3)).containsExactly(held.pixels(3));
            assertSame(
                    held.normalizedBy(held).batches(9),
                    pixels.normalizedBy(pixels).batches(9));
        }
    }

    @Test
    void whatCannotBeMappedIsASentence() throws IOException {
        Path x = npy("x.npy", Shape.of(2, 1), new float[] {1, 2});
        Path labels = npy("y.npy", 0, -1);
        Class<IllegalArgumentException> argument = IllegalArgumentException.class;
        refused(
                argument,
                () -> Dataset.mapped(x, labels),
                "npy: label -1 of example 1 is out of range; number the classes from 0");
        refused(
                argument,
                () -> Dataset.mapped(x, npy("three.npy", 0, 1, 2)),
                "npy: there are 2 examples but 3 labels; give one for each");
        Path doubles = temp.resolve("doubles.npy");
        byte[] file = Files.readAllBytes(x);
        String header = new String(file, StandardCharsets.ISO_8859_1);
        Files.write(doubles, header.replace("'<f4'", "'>f4'").getBytes(StandardCharsets.ISO_8859_1));
        assertThatThrownBy(() -> Dataset.mapped(doubles, labels))
                .isExactlyInstanceOf(argument)
                .hasMessage(doubles + " [2, 1] of F32 cannot be mapped as it is, in this order of its numbers or bytes;"
                        + " save it as float32, int32 or uint8, in C order and the byte order of this machine");
        Files.write(doubles, header.replace("'<f4'", "'<f2'").getBytes(StandardCharsets.ISO_8859_1));
        assertThatThrownBy(() -> Dataset.mapped(doubles, labels)).isExactlyInstanceOf(argument);
        assertThatThrownBy(() -> MappedFile.open(temp))
                .isExactlyInstanceOf(UncheckedIOException.class)
                .hasMessageStartingWith("cannot read " + temp);
    }

    /** Never a crash: no kernel reads a mapped page. */
    @Test
    void aFileThatBecomesShorterIsASentence() throws IOException {
        Path x = npy("x.npy", Shape.of(4000, 50), new float[200_000]);
        Path y = npy("y.npy", new int[4000]);
        try (Dataset d = Dataset.mapped(x, y);
                Pass pass = Pass.infer()) {
            assertThat(d.batches(100).epoch(0).batch(39).size()).isEqualTo(100);
            try (RandomAccessFile cut = new RandomAccessFile(x.toFile(), "rw")) {
                cut.setLength(1000);
            }
            assertThatThrownBy(() -> d.batches(100).epoch(0).batch(39))
                    .isExactlyInstanceOf(IllegalStateException.class)
                    .hasMessage("read: " + x + " became shorter than the 800128 bytes that it had when it was opened;"
                            + " leave it as it is while it is in use, and open it again");
            assertThat(pass.liveBytes()).isPositive();
        }
        MappedFile file = MappedFile.open(y);
        assertThat(file.size()).isEqualTo(16_128);
        assertThat(file.read(0)).isEqualTo(0x93);
        refused(
                IllegalArgumentException.class,
                () -> file.read(16_120, ByteBuffer.allocate(9)),
                "read: bytes 16120 to 16129 are not within the 16128 of " + y + "; ask for bytes that it has");
        file.close();
        refused(IllegalStateException.class, () -> file.read(0), "read: " + y + " was closed; use it before the close");
    }

    /** The JVM tells of a page that went away within a copy at some later place, which would be anywhere. */
    @Test
    void aFileThatBecomesShorterWithinAReadIsASentence() throws Exception {
        Path path = temp.resolve("cut");
        byte[] bytes = new byte[1 << 23];
        ByteBuffer to = ByteBuffer.allocateDirect(bytes.length);
        for (int round = 0; round < 50; round++) {
            Files.write(path, bytes);
            int pause = 20 * round;
            try (MappedFile file = MappedFile.open(path);
                    RandomAccessFile cut = new RandomAccessFile(path.toFile(), "rw")) {
                Thread cutter = new Thread(() -> {
                    LockSupport.parkNanos(pause * 1000L);
                    try {
                        cut.setLength(1000);
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                });
                cutter.start();
                assertThatThrownBy(() -> {
                            while (true) {
                                file.read(0, to.clear());
                            }
                        })
                        .isExactlyInstanceOf(IllegalStateException.class)
                        .hasMessageContaining("became shorter than the 8388608 bytes");
                cutter.join();
            }
        }
    }

    // ---- tokens

    @Test
    void windowsOverlapAndPiecesDoNot() {
        int[] tokens = IntStream.range(100, 121).toArray();
        Path file = npy("tokens.npy", tokens);
        try (Dataset held = Dataset.windows(tokens, 6, 4);
                Dataset mapped = Dataset.windows(file, 6, 4);
                Dataset pieces = Dataset.pieces(tokens, 2, 5);
                Dataset mappedPieces = Dataset.pieces(file, 2, 5);
                Pass pass = Pass.infer()) {
            assertThat(held.size()).isEqualTo(4);
            Batch b = held.batches(4).epoch(0).next();
            assertThat(Arrays.copyOfRange(b.x().toIntArray(), 6, 12)).containsExactly(104, 105, 106, 107, 108, 109);
            assertThat(Arrays.copyOfRange(b.y().toIntArray(), 18, 24)).containsExactly(113, 114, 115, 116, 117, 118);
            assertSame(held.shuffled(1).batches(3), mapped.shuffled(1).batches(3));
            assertSame(pieces.batches(2), mappedPieces.batches(2));
            assertThat(pass.liveBytes()).isPositive();
        }
        Class<IllegalArgumentException> argument = IllegalArgumentException.class;
        refused(
                argument,
                () -> Dataset.windows(tokens, 21, 1),
                "windows: 21 tokens are too few for a window of 21 and the token behind it; give more, or make the windows"
                        + " shorter");
        refused(argument, () -> Dataset.windows(tokens, 1, 0), "windows: stride=0 must be at least 1");
        Path floats = npy("floats.npy", Shape.of(4), new float[4]);
        refused(
                argument,
                () -> Dataset.windows(floats, 1, 1),
                "tokens: they are int32 of one dimension, but " + floats
                        + " [4] of F32; save them as np.int32, one after" + " another");
    }

    // ---- streams

    @Test
    void partsOfAStreamBecomeOneDatasetOnDisk() throws IOException {
        Path file = temp.resolve("all.tmp");
        List<Dataset> parts = new ArrayList<>();
        List<Dataset> same = new ArrayList<>();
        for (int p = 0; p < 3; p++) {
            for (List<Dataset> to : List.of(parts, same)) {
                to.add(Dataset.of(
                        Field.pixels("image", Shape.of(2), new byte[] {(byte) p, 1, 2, (byte) 200})
                                .input(),
                        Field.ragged("words", new int[][] {new int[p], {p, p, 7}}),
                        Field.ints("letters", Shape.of(2), new byte[] {(byte) 255, 1, 2, 3}),
                        Field.floats("weight", Shape.SCALAR, new float[] {p, 0.5f}),
                        Field.labels("kind", p, 0).classes(4).target()));
            }
        }
        try (Dataset expected = Dataset.concat(same.toArray(Dataset[]::new));
                Dataset all = Dataset.onDisk(file, parts.iterator())) {
            assertThat(all.size()).isEqualTo(6);
            assertThat(all.classes()).isEqualTo(4);
            assertThat(all.pixels(5)).containsExactly(2, 200);
            assertSame(expected.shuffled(1).batches(4), all.shuffled(1).batches(4));
            assertThatThrownBy(() -> parts.get(1).label(0)).hasMessageStartingWith("dataset is closed");
            assertThatThrownBy(() -> Dataset.onDisk(file, same.iterator()))
                    .isExactlyInstanceOf(UncheckedIOException.class)
                    .hasMessageStartingWith("onDisk: cannot write " + file + ": ")
                    .hasMessageEndingWith("; give the path of a file that does not exist");
            assertThat(file).exists();
        }
        assertThat(file).doesNotExist();
        refused(
                IllegalArgumentException.class,
                () -> Dataset.onDisk(file, List.<Dataset>of().iterator()),
                "onDisk: there are no datasets; give at least one");
        Dataset other = Dataset.of(new float[2], Shape.of(1), new int[2]);
        assertThatThrownBy(
                        () -> Dataset.onDisk(file, List.of(same.get(2), other).iterator()))
                .hasMessageStartingWith("onDisk: Dataset [2, 1] of F32, 1 classes has other fields than ");
        assertThat(file).doesNotExist();
        same.forEach(Dataset::close);
        other.close();
    }

    // ---- more than memory

    /** Trains on files of 80 MB and prints the weights. */
    static final class Child {
        private Child() {}

        public static void main(String[] args) {
            try (Dataset data = Dataset.mapped(Path.of(args[0]), Path.of(args[1]))) {
                System.out.println(Arrays.hashCode(trained(data)));
            }
        }
    }

    private static float[] trained(Dataset data) {
        try (var model = Model.of(new Linear(1024, 2), 1)) {
            Trainer.of(model, Loss.crossEntropy(), new Adam(1e-3f))
                    .fit(data.shuffled(1).batches(100), 1);
            try (Pass pass = Pass.infer()) {
                assertThat(pass.liveBytes()).isZero();
                return model.net().weight().value().toArray();
            }
        }
    }

    @Test
    void dataLargerThanTheLimitTrainToTheSameBits() throws Exception {
        Path x = npy("x.npy", Shape.of(20_000, 1024), new Rng(1).normal(20_000 * 1024, 0, 1));
        Path y = npy("y.npy", IntStream.range(0, 20_000).map(i -> i % 2).toArray());
        List<String> options = List.of(
                "-Xmx64m",
                "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
                "-Dfathom.memory=48m",
                "-Dfathom.isa=" + NativeRuntime.get().isa());
        String said = ChildJvm.said(Child.class, options, x, y);
        try (Dataset held = Dataset.npy(x, y)) {
            assertThat(said.strip()).isEqualTo("" + Arrays.hashCode(trained(held)));
        }
    }
}

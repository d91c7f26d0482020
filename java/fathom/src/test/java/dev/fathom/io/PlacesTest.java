package dev.fathom.io;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fathom.op.Shape;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Elements that come in pieces lie where each of them by itself would. */
class PlacesTest {
    private static final List<Shape> SHAPES = List.of(
            Shape.of(5, 40, 3, 3),
            Shape.of(7, 129),
            Shape.of(2, 300, 2),
            Shape.of(1, 1, 9),
            Shape.of(4, 3, 5, 1),
            Shape.of(6));

    private static List<int[]> orders(int rank) {
        List<int[]> orders = new ArrayList<>(List.of(new int[0]));
        for (int n = 0; n < rank; n++) {
            List<int[]> longer = new ArrayList<>();
            for (int[] order : orders) {
                for (int at = 0; at <= n; at++) {
                    int place = at;
                    int next = n;
                    longer.add(IntStream.rangeClosed(0, n)
                            .map(i -> i < place ? order[i] : i == place ? next : order[i - 1])
                            .toArray());
                }
            }
            orders = longer;
        }
        return orders;
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 7, 64, 1000, 5000})
    void inPieces(int most) {
        for (Shape shape : SHAPES) {
            for (int[] order : orders(shape.rank())) {
                int size = (int) shape.size();
                Places each = Places.of(shape, order);
                float[] expected = new float[size];
                for (int i = 0; i < size; i++) {
                    expected[(int) each.next()] = i;
                }
                Places pieces = Places.of(shape, order);
                float[] found = new float[size];
                FloatBuffer piece = FloatBuffer.allocate(most);
                for (int i = 0; i < size; i += most) {
                    int n = Math.min(most, size - i);
                    for (int k = 0; k < n; k++) {
                        piece.put(k, i + k);
                    }
                    pieces.put(piece, n, FloatBuffer.wrap(found));
                }
                assertThat(found).as("%s in the order %s", shape, order).isEqualTo(expected);
            }
        }
    }

    /** Of a file, in chunks and behind a first number that stays; rows go through a kernel. */
    @ParameterizedTest
    @EnumSource(
            value = Stored.class,
            names = {"U8", "BF16", "F32", "F64"})
    void ofAFile(Stored stored) {
        List<Shape> shapes = new ArrayList<>(SHAPES);
        shapes.add(Shape.of(300, 8, 9, 7)); // many chunks of rows
        shapes.add(Shape.of(2, 200, 201)); // rows longer than a chunk
        shapes.add(Shape.of(0, 3, 4));
        shapes.add(Shape.of(2, 1, 3, 1, 2, 5));
        for (Shape shape : shapes) {
            for (int[] order : orders(shape.rank())) {
                int size = (int) shape.size();
                TensorFile.Source source = (at, to, n) -> {
                    ByteBuffer bytes = ByteBuffer.wrap(to).order(ByteOrder.LITTLE_ENDIAN);
                    int first = (int) (at / stored.bytes());
                    for (int i = 0; i < n / stored.bytes(); i++) {
                        int value = (first + i) % 251;
                        switch (stored) {
                            case U8 -> bytes.put(i, (byte) value);
                            case BF16 -> bytes.putShort(2 * i, (short) (Float.floatToRawIntBits(value) >> 16));
                            case F32 -> bytes.putFloat(4 * i, value);
                            default -> bytes.putDouble(8 * i, value);
                        }
                    }
                };
                long[] dims = Arrays.stream(shape.toArray()).asLongStream().toArray();
                var entry =
                        new TensorFile.Entry("w", stored.name(), stored, dims, (long) size * stored.bytes(), source);
                float[] expected = new float[size + 1];
                expected[0] = -1;
                Places each = Places.of(shape, order);
                for (int i = 0; i < size; i++) {
                    expected[1 + (int) each.next()] = i % 251;
                }
                float[] found = new float[size + 1];
                found[0] = -1;
                try (var file = new TensorFile("numbers", List.of(entry), Map.of(), () -> {})) {
                    file.copy("w", FloatBuffer.wrap(found).position(1), order);
                }
                assertThat(found).as("%s in the order %s", shape, order).isEqualTo(expected);
            }
        }
    }
}

package dev.fathom.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fathom.op.DType;
import dev.fathom.op.Shape;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tensors are copies of what lies between position and limit, in whatever memory and byte order. */
class TensorBuffersTest {
    @Test
    void heapDirectAndMapped(@TempDir Path temp) throws IOException {
        try (Pass pass = Pass.infer()) {
            FloatBuffer heap = FloatBuffer.wrap(new float[] {9, 1, 2, 3, 4, 9}, 1, 4);
            Tensor t = Tensor.of(heap, 2, 2);
            heap.put(1, 77);
            assertThat(heap.position()).isEqualTo(1);
            assertThat(t.toArray()).containsExactly(1, 2, 3, 4);
            IntBuffer direct = ByteBuffer.allocateDirect(12)
                    .order(ByteOrder.BIG_ENDIAN)
                    .asIntBuffer()
                    .put(new int[] {5, -6, 7})
                    .flip();
            assertThat(Tensor.ofInts(direct, 3).toIntArray()).containsExactly(5, -6, 7);
            Path file = Files.write(temp.resolve("raw"), new byte[] {0, 0, 0, 0, 0, 0, (byte) 0x80, 0x3f, (byte) 200});
            try (FileChannel channel = FileChannel.open(file)) {
                ByteBuffer mapped =
                        channel.map(FileChannel.MapMode.READ_ONLY, 0, 9).order(ByteOrder.LITTLE_ENDIAN);
                assertThat(Tensor.of(
                                        mapped.slice(0, 8)
                                                .order(ByteOrder.LITTLE_ENDIAN)
                                                .asFloatBuffer(),
                                        2)
                                .toArray())
                        .containsExactly(0, 1);
                Tensor bytes = Tensor.ofBytes(mapped.position(6), 3, 1);
                assertThat(bytes.dtype()).isEqualTo(DType.U8);
                assertThat(bytes.shape()).isEqualTo(Shape.of(3, 1));
                assertThat(bytes.toIntArray()).containsExactly(128, 63, 200);
            }
        }
    }

    @Test
    void theCountMustFit() {
        try (Pass pass = Pass.infer()) {
            assertThatThrownBy(() -> Tensor.of(FloatBuffer.allocate(3), 2, 2))
                    .isExactlyInstanceOf(IllegalArgumentException.class)
                    .hasMessage("of: 3 values do not fill shape [2, 2], which has 4 elements; give one value for each");
        }
    }
}

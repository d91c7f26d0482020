package dev.fathom.bench;

import dev.fathom.offheap.Block;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;

/** Floats outside the Java heap, as all libraries in the process see them. */
final class Floats implements AutoCloseable {
    private final Block block;
    private final int n;

    Floats(int n) {
        this(n, false);
    }

    Floats(float[] values) {
        this(values, false);
    }

    /** {@code huge}: on huge pages, as large tensors of the library are; for rows whose peer has them too. */
    Floats(int n, boolean huge) {
        this.n = n;
        block = new Block("bench", 4L * n, huge);
    }

    Floats(float[] values, boolean huge) {
        this(values.length, huge);
        view().put(values);
    }

    long address() {
        return block.address();
    }

    private ByteBuffer bytes() {
        return block.view(0, 4L * n).order(ByteOrder.nativeOrder());
    }

    FloatBuffer view() {
        return bytes().asFloatBuffer();
    }

    IntBuffer ints() {
        return bytes().asIntBuffer();
    }

    float[] values() {
        float[] values = new float[n];
        view().get(values);
        return values;
    }

    FloatPointer pointer() {
        return new At(block.address());
    }

    @Override
    public void close() {
        block.close();
    }

    private static final class At extends FloatPointer {
        At(long address) {
            super((Pointer) null);
            this.address = address;
        }
    }
}

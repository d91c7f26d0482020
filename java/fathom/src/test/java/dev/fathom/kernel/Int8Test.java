package dev.fathom.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fathom.command.Commands;
import dev.fathom.jni.Native;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Products of int8 through the commands that a plan writes: what they lose, and that nothing else changes a bit. */
class Int8Test {
    private static final int M = 7;
    private static final int N = 37;
    private static final int K = 203;

    private final Commands commands = new Commands();
    private final ByteBuffer x = floats(M * K);
    private final ByteBuffer w = floats(N * K);
    private final ByteBuffer packed = bytes(Native.int8Bytes(N, K, 1));

    Int8Test() {
        Random random = new Random(1);
        for (ByteBuffer all : List.of(x, w)) {
            FloatBuffer values = all.asFloatBuffer();
            for (int i = 0; i < values.limit(); i++) {
                values.put(i, (float) random.nextGaussian());
            }
        }
        commands.begin(Kernel.INT8_PACK)
                .at(Native.address(w))
                .at(Native.address(packed))
                .put(N)
                .put(K)
                .put(1)
                .run();
    }

    private static ByteBuffer bytes(long count) {
        return ByteBuffer.allocateDirect(Math.toIntExact(count)).order(ByteOrder.nativeOrder());
    }

    private static ByteBuffer floats(int count) {
        return bytes((long) Float.BYTES * count);
    }

    /** The product of rows {@code from .. from + rows} of x. */
    private float[] product(int from, int rows) {
        ByteBuffer y = floats(rows * N);
        commands.begin(Kernel.LINEAR_INT8)
                .at(Native.address(x) + (long) Float.BYTES * from * K)
                .at(Native.address(packed))
                .at(0)
                .at(0)
                .at(0)
                .at(Native.address(y))
                .put(rows)
                .put(N)
                .put(K)
                .put(-1)
                .put(0f)
                .put(0f);
        ByteBuffer scratch = bytes(commands.scratchBytes());
        commands.run(Native.address(scratch));
        float[] result = new float[rows * N];
        y.asFloatBuffer().get(result);
        return result;
    }

    @Test
    void aHundredthIsLost() {
        FloatBuffer left = x.asFloatBuffer();
        FloatBuffer right = w.asFloatBuffer();
        float[] y = product(0, M);
        double error = 0;
        double size = 0;
        for (int i = 0; i < M * N; i++) {
            double sum = 0;
            for (int k = 0; k < K; k++) {
                sum += (double) left.get(i / N * K + k) * right.get(i % N * K + k);
            }
            error += (y[i] - sum) * (y[i] - sum);
            size += sum * sum;
        }
        assertThat(Math.sqrt(error / size)).isBetween(1e-4, 0.02);
    }

    @Test
    @Tag("any-instruction-set")
    void aRowHasTheSameBitsAloneAndOnEveryInstructionSet() {
        Isa configured = NativeRuntime.get().isa();
        List<float[]> results = new ArrayList<>();
        try {
            for (Isa isa : NativeRuntime.available()) {
                Native.selectIsa(isa.ordinal());
                results.add(product(0, M));
                float[] alone = new float[M * N];
                for (int i = 0; i < M; i++) {
                    System.arraycopy(product(i, 1), 0, alone, i * N, N);
                }
                results.add(alone);
            }
        } finally {
            Native.selectIsa(configured.ordinal());
        }
        assertThat(results).hasSizeGreaterThan(1).allSatisfy(y -> assertThat(y).isEqualTo(results.get(0)));
    }

    @Test
    void aSumThatMayNotFit() {
        int most = Integer.MAX_VALUE / (127 * 127);
        assertThatThrownBy(() -> commands.begin(Kernel.INT8_PACK)
                        .at(0)
                        .at(0)
                        .put(1)
                        .put(most + 1)
                        .put(1)
                        .run())
                .isInstanceOf(KernelException.class)
                .hasMessage("INT8_PACK would sum " + (most + 1) + " products of int8, but a sum of more than " + most
                        + " may not fit into an int32; keep this layer in F32");
    }
}

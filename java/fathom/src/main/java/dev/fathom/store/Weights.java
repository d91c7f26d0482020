package dev.fathom.store;

import dev.fathom.jni.Native;
import dev.fathom.kernel.Kernel;
import dev.fathom.offheap.Arena;
import dev.fathom.offheap.Block;
import dev.fathom.op.Shape;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The numbers of a model, which its replicas share: one flat block of segments, every parameter and then every buffer,
 * 64-byte aligned, in the order of the walk. Each parameter has a version, a trainable flag and packed copies.
 */
final class Weights {
    private static final int ALIGN = 16;
    /** What one view of Java can show. */
    private static final long LARGEST = 1L << 30;

    final List<String> names;
    /** In floats; the last is the end of the block. */
    final long[] offsets;
    /** How many segments are parameters; they come first. */
    final int parameters;

    final Block block;
    final int[] versions;
    final boolean[] trainable;
    private final @Nullable Block[] packed;
    private final int[] packedVersions;

    Weights(List<? extends StoreCell> cells, List<String> names) {
        this.names = List.copyOf(names);
        int n = cells.size();
        offsets = new long[n + 1];
        int count = 0;
        for (int i = 0; i < n; i++) {
            Shape shape = cells.get(i).shape;
            if (Float.BYTES * shape.size() > LARGEST) {
                throw new IllegalArgumentException("model: " + names.get(i) + " " + shape + " takes "
                        + Float.BYTES * shape.size() + " bytes but " + LARGEST + " are the most; split it");
            }
            offsets[i + 1] = offsets[i] + (shape.size() + ALIGN - 1) / ALIGN * ALIGN;
            if (cells.get(i).trained()) {
                count = i + 1;
            }
        }
        parameters = count;
        block = new Block("model", Float.BYTES * offsets[n], true);
        versions = new int[count];
        trainable = new boolean[count];
        Arrays.fill(trainable, true);
        packed = new Block[2 * count];
        packedVersions = new int[2 * count];
    }

    /**
     * Where parameter {@code i} lies packed by {@code packing} of a matrix [n, k], which is done once for every change
     * of it; the arena keeps it there. Threads that infer beside each other come here one after the other. None of them
     * can read what another packs anew: while a pass of another thread reads the values, nothing changes them
     * ({@link Block#change}), and what is packed is theirs.
     */
    synchronized long packed(Arena arena, int i, Kernel packing, long n, long k) {
        int copy = packing == Kernel.WINOGRAD_PACK
                ? i + parameters
                : i; // filters may be used both ways, by images of different sizes
        arena.lease(block); // another thread may have closed the model since
        Block p = packed[copy];
        if (p == null || packedVersions[copy] != versions[i]) {
            if (p == null) {
                p = new Block("packed weights", Native.packedBytes(n, k), true);
                packed[copy] = p;
            }
            arena.commands()
                    .begin(packing)
                    .at(block.address() + Float.BYTES * offsets[i])
                    .at(p.address())
                    .put(n)
                    .put(k)
                    .run();
            packedVersions[copy] = versions[i];
        }
        arena.lease(p);
        return p.address();
    }

    void close() {
        block.close();
        synchronized (this) {
            for (Block p : packed) {
                if (p != null) {
                    p.close();
                }
            }
        }
    }
}

package dev.fathom.tensor;

import dev.fathom.kernel.Commands;
import dev.fathom.kernel.Kernel;
import dev.fathom.kernel.Native;
import dev.fathom.memory.Block;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The flat block of one model: every parameter, then every buffer, 64-byte aligned, in the order of the walk. Gradients are a second block of
 * the parameters' layout, mapped at the first backward. Each segment has a version, a trainable flag and a fresh flag: whether its
 * gradient is of a backward since the last step.
 */
public final class Store implements AutoCloseable {
    private static final int ALIGN = 16;

    private final List<Held> held;
    private final List<String> names;
    private final long[] offsets;
    private final int parameters;
    private final long parameterFloats;
    private final Block values;
    private final int[] versions;
    private final boolean[] trainable;
    private final boolean[] fresh;
    private final @Nullable Block[] packed;
    private final int[] packedVersions;
    private @Nullable Block gradients;
    private volatile @Nullable String superseded;

    /** Lays out {@code held} (parameters first) without binding anything. */
    Store(List<Held> held, List<String> names) {
        this.held = List.copyOf(held);
        this.names = List.copyOf(names);
        int n = held.size();
        offsets = new long[n + 1];
        int count = 0;
        for (int i = 0; i < n; i++) {
            offsets[i + 1] = offsets[i] + (held.get(i).shape().size() + ALIGN - 1) / ALIGN * ALIGN;
            if (held.get(i) instanceof Parameter) {
                count = i + 1;
            }
        }
        parameters = count;
        parameterFloats = offsets[count];
        values = new Block("model", 4 * offsets[n], true);
        versions = new int[n];
        trainable = new boolean[n];
        Arrays.fill(trainable, 0, count, true);
        fresh = new boolean[count];
        packed = new Block[count];
        packedVersions = new int[count];
    }

    /** Parameters and buffers, in the order of the block. */
    public List<Held> held() {
        return held;
    }

    /** How many of them are parameters; they come first. */
    public int parameters() {
        return parameters;
    }

    /** Floats from the block's start to the end of the last parameter, padding included. */
    public long parameterFloats() {
        return parameterFloats;
    }

    /** The name of segment {@code i}. */
    public String name(int i) {
        return names.get(i);
    }

    /** Where segment {@code i} begins, in floats. */
    public long offset(int i) {
        return offsets[i];
    }

    /** The block of values. */
    public Block values() {
        check();
        return values;
    }

    /** The block of values, closed or not. */
    public Block block() {
        return values;
    }

    /** The block of gradients, of the layout of the parameters. */
    public Block gradients() {
        check();
        Block g = gradients;
        return g == null ? makeGradients() : g;
    }

    /** Under the lock of {@link #close}, so that what is made here is closed there. */
    private synchronized Block makeGradients() {
        check();
        Block g = gradients;
        if (g == null) {
            g = new Block("gradients", 4 * parameterFloats, true);
            gradients = g;
        }
        return g;
    }

    /** The address of segment {@code i}. */
    public long address(int i) {
        return values.address() + 4 * offsets[i];
    }

    boolean trainable(int i) {
        return trainable[i];
    }

    /** Freezes or unfreezes parameter {@code i}. */
    public void trainable(int i, boolean on) {
        trainable[i] = on;
    }

    /** Whether parameter {@code i} may be trained. */
    public boolean isTrainable(int i) {
        return trainable[i];
    }

    int version(int i) {
        return versions[i];
    }

    /** Tells that the values of segment {@code i} have changed. */
    public void changed(int i) {
        versions[i]++;
    }

    /** Whether the gradient of parameter {@code i} is of a backward since the last step. */
    public boolean fresh(int i) {
        return fresh[i];
    }

    /** Says whether it is. */
    public void fresh(int i, boolean on) {
        fresh[i] = on;
    }

    @Nullable
    Tensor gradientTensor(int i) {
        return fresh[i]
                ? Tensor.over(gradients(), 4 * offsets[i], held.get(i).shape(), "gradient of " + names.get(i))
                : null;
    }

    /** Packs parameter {@code i} as a matrix [n, k] for the linear kernel unless that was done since its last change. */
    synchronized Block packed(Commands commands, int i, long n, long k) {
        Block block = packed[i];
        if (block == null || packedVersions[i] != versions[i]) {
            check(); // another thread may have closed the model since
            if (block == null) {
                block = new Block("packed weights", Native.packedBytes(n, k), true);
                packed[i] = block;
            }
            commands.begin(Kernel.LINEAR_PACK)
                    .put(address(i))
                    .put(block.address())
                    .put(n)
                    .put(k)
                    .run();
            packedVersions[i] = versions[i];
        }
        return block;
    }

    /** Says that another model has taken the values over; everything but {@link #close} now refuses with {@code by}. */
    void supersede(String by) {
        superseded = by;
    }

    /**
     * Refuses a closed or superseded model.
     *
     * @throws IllegalStateException naming where it was closed, or who took its parameters
     */
    public void check() {
        if (superseded != null) {
            throw new IllegalStateException("model is superseded: " + superseded + "; use that model");
        }
        if (values.closed()) {
            throw new IllegalStateException(
                    "model is closed: it was closed at " + values.closedAt() + "; use it before the close");
        }
    }

    @Override
    public void close() {
        values.close();
        synchronized (this) {
            if (gradients != null) {
                gradients.close();
            }
            for (Block p : packed) {
                if (p != null) {
                    p.close();
                }
            }
        }
    }
}

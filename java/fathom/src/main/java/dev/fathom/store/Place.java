package dev.fathom.store;

import dev.fathom.autograd.Leaf;
import dev.fathom.autograd.Values;
import dev.fathom.command.Commands;
import dev.fathom.kernel.Kernel;
import dev.fathom.offheap.Arena;
import dev.fathom.offheap.Block;
import dev.fathom.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** Segment {@code index} of a store, as backward sees it: what stands behind the tensor of a parameter or buffer. */
public final class Place implements Leaf {
    private final Store store;
    private final int index;
    final Tensor tensor;

    Place(Store store, int index) {
        this.store = store;
        this.index = index;
        tensor = Values.over(
                Tensor.class,
                store.block(index),
                store.offsetInBlock(index),
                store.<StoreCell>cells().get(index).shape,
                store.name(index),
                this);
    }

    /** The place of a variable's tensor; null for other tensors. */
    public static @Nullable Place of(Tensor leaf) {
        return (Place) Values.leaf(leaf);
    }

    /** The store. */
    public Store store() {
        return store;
    }

    /** The number of the segment there. */
    public int index() {
        return index;
    }

    @Override
    public String name() {
        return store.name(index);
    }

    @Override
    public String label() {
        return (isParameter() ? "parameter " : "buffer ") + name();
    }

    @Override
    public void check() {
        store.check();
    }

    @Override
    public boolean isParameter() {
        return index < store.parameters();
    }

    @Override
    public boolean trainable() {
        return isParameter() && store.isTrainable(index);
    }

    @Override
    public int version() {
        return store.version(index);
    }

    @Override
    public void changed() {
        store.changed(index);
    }

    @Override
    public long packed(Arena arena, Kernel packing, long n, long k) {
        return store.packed(arena, index, packing, n, k);
    }

    @Override
    public Block gradients() {
        return store.gradients();
    }

    @Override
    public long gradientOffset() {
        return Float.BYTES * store.offset(index);
    }

    @Override
    public boolean writeWhole() {
        return store.writeWhole(index);
    }

    @Override
    public void writeRows(Commands commands, int[] rows, int n) {
        store.writeRows(commands, index, rows, n);
    }

    @Override
    public boolean keepsGradientOf(long backward) {
        return isParameter() && store.keepsGradientOf(index, backward);
    }

    @Override
    public void forgetGradient() {
        if (isParameter()) {
            store.forget(index);
        }
    }
}

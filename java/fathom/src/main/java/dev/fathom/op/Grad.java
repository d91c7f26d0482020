package dev.fathom.op;

import dev.fathom.kernel.Kernel;
import java.util.function.LongConsumer;

/**
 * The view that an {@link Op} has of its backward: a {@link Call} with the gradients of its results and of its inputs.
 */
public abstract class Grad extends Call {
    /** For what runs ops backward: a pass. */
    protected Grad() {}

    /**
     * Returns whether result {@code o} received a gradient at all. If it did not, it adds nothing to the gradients of
     * the inputs.
     */
    public abstract boolean received(int o);

    /** Returns the address of the gradient of result {@code o}, which is zeros if nothing was received. */
    public abstract long dout(int o);

    /**
     * Returns the address of the gradient of result {@code o}, as {@link #dout} does, in memory that the op may
     * overwrite.
     */
    public abstract long doutOwned(int o);

    /** Returns whether anybody asked for the gradient of input {@code i}. */
    public abstract boolean wants(int i);

    /**
     * Returns the address for the gradient of input {@code i}; {@link #adds} then says whether to add to what is there.
     * One command may write several gradients: where one tensor is two inputs, each has an address of its own until the
     * op is done.
     */
    public abstract long din(int i);

    /**
     * Writes the addresses for the gradients of these inputs to {@code addresses}, 0 for what nobody {@link #wants},
     * for one command that computes them all.
     *
     * @return the sum of 1, 2, 4 and so on for those that the command adds to what is there, in this order
     */
    public final long dins(int[] inputs, long[] addresses) {
        long add = 0;
        for (int i = 0; i < inputs.length; i++) {
            if (wants(inputs[i])) {
                addresses[i] = din(inputs[i]);
                add |= adds() ? 1L << i : 0;
            }
        }
        return add;
    }

    /**
     * Returns the address for the gradient of input {@code i}, as {@link #din} does, for an op that only adds to the
     * rows which its I32 input {@code index} names. For a parameter with more rows than that, the gradient is then
     * these rows and their values: {@link #adds} is true, and neither backward nor a lazy step touches the others.
     *
     * @param index the input of row numbers, of which negative ones count from the end; those outside the table are
     *     ignored
     * @param lengths the input [n] with the count of valid numbers in each row of {@code index} [n, length], or -1 if
     *     all are valid
     * @param padding a number to ignore; give one that no row has if there is none
     */
    public abstract long dinRows(int i, int index, int lengths, long padding);

    /**
     * Returns the address for the gradient of input {@code i}, as {@link #din} does. It may be the buffer of
     * {@code dout(0)}, for ops of one input that work in place.
     */
    public abstract long dinReusing(int i);

    /**
     * Returns whether the address that the last {@code din} gave holds a gradient already: the op writes {@code +=} if
     * so, and {@code =} otherwise.
     */
    public abstract boolean adds();

    /**
     * Sets the gradient of input {@code i} at {@code dx}, which the last {@code din} gave, to 0 unless it holds one
     * already: for ops that add to some of its elements.
     */
    public final void clear(int i, long dx) {
        if (!adds()) {
            fill(dx, shape(i).size());
        }
    }

    /**
     * Has {@code write} compute the gradient of input {@code i} at the address that it gets, for kernels that only
     * write. What is there already is added to.
     */
    public final void through(int i, LongConsumer write) {
        long dx = din(i);
        if (!adds()) {
            write.accept(dx);
            return;
        }
        long n = shape(i).size();
        long apart = scratch(Float.BYTES * n);
        write.accept(apart);
        begin(Kernel.ACCUMULATE).at(apart, dx).put(n).run();
    }

    /** dx (+)= dy, {@code n} floats, as {@link #adds} says of the place that the last {@code din} gave. */
    public final void carry(long dy, long dx, long n) {
        if (adds()) {
            begin(Kernel.ACCUMULATE).at(dy, dx).put(n).run();
        } else {
            begin(Kernel.COPY).at(dy, dx).put(Float.BYTES * n).run();
        }
    }

    /** Returns whether a ReLU passes max(dy, 0) back, whatever went forward through it. */
    public abstract boolean rectifies();

    /** Returns the gradient of result {@code o} as a Java array, for ops written in Java. */
    public abstract float[] readGradient(int o);

    /** Stores or adds the gradient of input {@code i} from a Java array. */
    public abstract void writeGradient(int i, float[] values);
}

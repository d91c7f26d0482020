package dev.fathom.op;

import dev.fathom.kernel.Kernel;

/** What an {@link Op} sees in backward: a {@link Call} with the gradients of its results and of its inputs. */
public abstract class Grad extends Call {
    /** For what runs ops backward: a pass. */
    protected Grad() {}

    /** Where the gradient of result {@code o} lies; zeros where nothing was received. */
    public abstract long dout(int o);

    /** As {@link #dout}, but the op may overwrite it. */
    public abstract long doutOwned(int o);

    /** Whether anybody asked for the gradient of input {@code i}. */
    public abstract boolean wants(int i);

    /** Where the gradient of input {@code i} goes; {@link #adds} then says whether to add to what is there. */
    public abstract long din(int i);

    /**
     * As {@link #din}, for an op that only adds to the rows of input {@code i} that its I32 input {@code index} names. For a parameter with more rows than
     * that, the gradient is then these rows and their values: {@link #adds} is true, and neither backward nor a lazy step touches the others.
     */
    public abstract long dinRows(int i, int index);

    /** As {@link #din}, but may be the buffer of {@code dout(0)}: for ops of one input that work in place. */
    public abstract long dinReusing(int i);

    /** Whether the place that the last {@code din} gave holds a gradient already: {@code +=} if so, else {@code =}. */
    public abstract boolean adds();

    /** dx (+)= dy, {@code n} floats, as {@link #adds} says of the place that the last {@code din} gave. */
    public final void carry(long dy, long dx, long n) {
        if (adds()) {
            begin(Kernel.ACCUMULATE).at(dy).at(dx).put(n).run();
        } else {
            begin(Kernel.COPY).at(dy).at(dx).put(Float.BYTES * n).run();
        }
    }

    /** Whether what flows back through a ReLU is max(dy, 0), whatever went forward through it. */
    public abstract boolean rectifies();

    /** The gradient of result {@code o} as a Java array, for ops written in Java. */
    public abstract float[] readGradient(int o);

    /** Stores or adds the gradient of input {@code i} from a Java array. */
    public abstract void writeGradient(int i, float[] values);
}

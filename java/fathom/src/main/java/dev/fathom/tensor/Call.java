package dev.fathom.tensor;

import dev.fathom.kernel.Kernel;
import org.jspecify.annotations.Nullable;

/**
 * What an {@link Op} sees while it runs: shapes, addresses, and commands to the kernels. Eagerly a command runs at once; while a plan is
 * made it is written down. Integers go through {@code put} and addresses through {@code at}, so that a plan can move memory and scale the
 * integers with the batch.
 */
public abstract class Call {
    Call() {}

    /** How many inputs. */
    public abstract int inputs();

    /** The shape of input {@code i}. */
    public abstract Shape shape(int i);

    /** The element type of input {@code i}. */
    public abstract DType dtype(int i);

    /** The shape of result {@code o}. */
    public abstract Shape outShape(int o);

    /** The name of the parameter behind input {@code i}, or what it is called in messages. */
    public abstract String inName(int i);

    /** Where input {@code i} lies. */
    public abstract long in(int i);

    /** Where result {@code o} goes; 0 when nobody needs it. */
    public abstract long out(int o);

    /** Memory for this call alone, for what the op keeps from command to command; scratch of a kernel comes with {@link #run}. */
    public abstract long scratch(long bytes);

    /** Whether input {@code i} has this shape whenever the command runs again, but for its first dimension: in a plan with a free length it may not. */
    public boolean fixed(int i) {
        return true;
    }

    /**
     * The weight at input {@code i} as {@code packing} of a matrix [n, k] makes it: prepared once where weights do not change from call to
     * call; 0 where they do, or where another backend than ours multiplies.
     */
    public abstract long packed(int i, Kernel packing, long n, long k);

    /** Starts a command. */
    public abstract Call begin(Kernel kernel);

    /** An integer argument. */
    public abstract Call put(long word);

    /** A float argument. */
    public abstract Call put(float value);

    /** An address argument: of an input, a result, scratch (plus an offset in bytes), or 0. */
    public abstract Call at(long address);

    /** Ends the command. The word for scratch of a kernel that has one, always its last, is not written by the op: it is filled here. */
    public abstract void run();

    /** Copies input {@code i} into a Java array, for ops written in Java; not available while a plan is made. */
    public abstract float[] read(int i);

    /** Copies a Java array into result {@code o}. */
    public abstract void write(int o, float[] values);

    /** The sentence for the address of values of type {@code dtype} in a word of the kernel that takes others, or null if it takes them. */
    static @Nullable String refusal(Kernel kernel, int i, DType dtype) {
        boolean fits = switch (kernel.letter(i)) {
            case 'P' -> dtype == DType.F32;
            case 'Q' -> dtype == DType.I32;
            case 'A' -> dtype != DType.U8;
            default -> true;
        };
        return fits
                ? null
                : kernel + " takes no " + dtype + " at argument word " + i + "; the addresses may have changed places";
    }

    /** The exception for bad arguments: {@code op at path: message}. */
    public abstract IllegalArgumentException fail(String message);
}

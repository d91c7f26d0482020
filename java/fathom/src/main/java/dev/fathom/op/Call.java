package dev.fathom.op;

import dev.fathom.kernel.Kernel;

/**
 * The view that an {@link Op} has of one call: shapes, addresses, and commands to the kernels. In eager use a command
 * runs at once; while a plan is made it is written down. Integers go through {@code put} and addresses through
 * {@code at}, so that a plan can move memory and scale the integers with the batch.
 */
public abstract class Call {
    /** For what runs ops: a pass or a plan. */
    protected Call() {}

    /** Returns the number of inputs, including those that are left out. */
    public abstract int inputs();

    /** Returns whether input {@code i} is given. An input may be left out if {@link Op#optional} allows it. */
    public abstract boolean has(int i);

    /** Returns the shape of input {@code i}. */
    public abstract Shape shape(int i);

    /** Returns the element type of input {@code i}. */
    public abstract DType dtype(int i);

    /** Returns the shape of result {@code o}. */
    public abstract Shape outShape(int o);

    /** Returns the name of the parameter behind input {@code i}, or the name of the input in messages. */
    public abstract String inName(int i);

    /** Returns the address of input {@code i}, or 0 if it is left out. */
    public abstract long in(int i);

    /** Returns the address for result {@code o}, or 0 if nobody needs it. */
    public abstract long out(int o);

    /**
     * Returns how many elements apart the rows of result 0 begin, a row being its last dimension. They may be more than
     * a row has if {@link Op#spreadsRows} allows it.
     */
    public long outRow() {
        return outShape(0).dim(-1);
    }

    /**
     * Returns the address of memory that the op keeps from command to command in this call. The scratch of a kernel
     * comes with {@link #run}.
     */
    public abstract long scratch(long bytes);

    /**
     * Returns whether the shape of input {@code i} is fixed but for its first dimension. In a plan with a free length
     * it may not be.
     */
    public boolean fixed(int i) {
        return true;
    }

    /**
     * Returns the address of the weight at input {@code i}, packed by {@code packing} as a matrix [n, k]. It is packed
     * once for many calls. The address is 0 if the op must read the weight unpacked, because weights change from call
     * to call or because another backend multiplies.
     */
    public abstract long packed(int i, Kernel packing, long n, long k);

    /** Starts a command of this kernel. */
    public abstract Call begin(Kernel kernel);

    /** Adds an integer argument. */
    public abstract Call put(long word);

    /** Adds a float argument. */
    public abstract Call put(float value);

    /** Adds an address argument: that of an input, a result or scratch, plus an offset in bytes, or 0. */
    public abstract Call at(long address);

    /** Adds two integer arguments. */
    public final Call put(long a, long b) {
        return put(a).put(b);
    }

    /** Adds three integer arguments. */
    public final Call put(long a, long b, long c) {
        return put(a).put(b).put(c);
    }

    /** Adds four integer arguments. */
    public final Call put(long a, long b, long c, long d) {
        return put(a).put(b).put(c).put(d);
    }

    /** Adds five integer arguments. */
    public final Call put(long a, long b, long c, long d, long e) {
        return put(a, b, c, d).put(e);
    }

    /** Adds six integer arguments. */
    public final Call put(long a, long b, long c, long d, long e, long f) {
        return put(a, b, c, d).put(e, f);
    }

    /** Adds integer arguments; up to six of them need no array. */
    public final Call put(long... words) {
        for (long word : words) {
            put(word);
        }
        return this;
    }

    /** Adds two address arguments. */
    public final Call at(long a, long b) {
        return at(a).at(b);
    }

    /** Adds three address arguments. */
    public final Call at(long a, long b, long c) {
        return at(a).at(b).at(c);
    }

    /** Adds four address arguments. */
    public final Call at(long a, long b, long c, long d) {
        return at(a).at(b).at(c).at(d);
    }

    /** Adds five address arguments. */
    public final Call at(long a, long b, long c, long d, long e) {
        return at(a, b, c, d).at(e);
    }

    /** Adds six address arguments. */
    public final Call at(long a, long b, long c, long d, long e, long f) {
        return at(a, b, c, d).at(e, f);
    }

    /** Adds address arguments; up to six of them need no array. */
    public final Call at(long... addresses) {
        for (long address : addresses) {
            at(address);
        }
        return this;
    }

    /** Sets {@code n} numbers of four bytes to 0. */
    public final void fill(long address, long n) {
        begin(Kernel.FILL).at(address).put(n).put(0f).run();
    }

    /**
     * Ends the command. An op does not write the word for a kernel's scratch, which is always the last: it is filled
     * here.
     */
    public abstract void run();

    /**
     * Copies input {@code i} into a Java array, for ops written in Java. This is not available while a plan is made.
     */
    public abstract float[] read(int i);

    /** Copies a Java array into result {@code o}. */
    public abstract void write(int o, float[] values);

    /** Refuses the address of values of type {@code dtype} where the kernel's argument word {@code i} takes others. */
    protected final void checkType(Kernel kernel, int i, DType dtype) {
        boolean fits = switch (kernel.letter(i)) {
            case 'P' -> dtype == DType.F32;
            case 'Q' -> dtype == DType.I32;
            case 'A' -> dtype.computes();
            default -> true;
        };
        if (!fits) {
            throw fail(kernel + " takes no " + dtype + " at argument word " + i
                    + "; the addresses may have changed places");
        }
    }

    /** Makes the exception for bad arguments, with the message {@code op at path: message}. */
    public abstract IllegalArgumentException fail(String message);
}

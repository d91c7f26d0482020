package dev.fathom.op;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * The dimensions of a dense row-major tensor, outermost first. There are at most six; the empty shape is that of a
 * scalar.
 */
public final class Shape {
    /** The largest number of dimensions that a shape may have. */
    public static final int MAX_RANK = 6;

    /** The shape of a single number. */
    public static final Shape SCALAR = new Shape(new int[0]);

    /** The most elements: four bytes for each fill the addresses of a process. */
    private static final double MOST = 1L << 45;

    private final int[] dims;
    private final long size;

    private Shape(int[] dims) {
        this.dims = dims;
        long product = 1;
        double all = 1; // without the zeros: what an op makes of some of the dimensions must not overflow either
        for (int d : dims) {
            product *= d;
            all *= Math.max(d, 1);
        }
        if (all > MOST) {
            throw new TooLarge(
                    "shape " + Arrays.toString(dims) + " has more than 2^45 elements, which no memory holds");
        }
        size = product;
    }

    /** More elements than a process has addresses for: whoever knows which op asked says so. */
    public static final class TooLarge extends IllegalArgumentException {
        private static final long serialVersionUID = 1;

        TooLarge(String message) {
            super(message);
        }
    }

    /**
     * Returns the shape with these dimensions.
     *
     * @throws IllegalArgumentException if one is negative, there are more than six, or their product is above 2^45
     */
    public static Shape of(int... dims) {
        if (dims.length == 0) {
            return SCALAR;
        }
        if (dims.length > MAX_RANK) {
            throw new IllegalArgumentException("shape " + Arrays.toString(dims) + " has " + dims.length
                    + " dimensions but " + MAX_RANK + " are the most; reshape it");
        }
        for (int d : dims) {
            if (d < 0) {
                throw new IllegalArgumentException(
                        "shape " + Arrays.toString(dims) + " has the dimension " + d + "; dimensions are 0 or more");
            }
        }
        return new Shape(dims.clone());
    }

    /** Returns the number of dimensions. */
    public int rank() {
        return dims.length;
    }

    /**
     * Returns dimension {@code i}; negative numbers count from the end.
     *
     * @throws IndexOutOfBoundsException if there is no such dimension
     */
    public int dim(int i) {
        return dims[axis(i)];
    }

    /** {@code i} as a number from 0, where negative ones count from the end. */
    public int axis(int i) {
        if (i < -dims.length || i >= dims.length) {
            throw new IndexOutOfBoundsException(
                    "dimension " + i + " of " + this + " does not exist; it has " + dims.length + ", counted from 0");
        }
        return i < 0 ? i + dims.length : i;
    }

    /** Returns the product of all dimensions. */
    public long size() {
        return size;
    }

    /**
     * Returns the product of dimensions {@code from} to {@code to - 1}.
     *
     * @throws IndexOutOfBoundsException if {@code to} is negative, or one of them does not exist
     */
    public long size(int from, int to) {
        if (to < 0) { // an axis that a file claims; there would be no dimension to fail at
            throw new IndexOutOfBoundsException("dimension " + to + " of " + this + " does not exist");
        }
        long product = 1;
        for (int i = from; i < to; i++) {
            product *= dims[i];
        }
        return product;
    }

    /** Returns the index, one number for each dimension, of an element that is counted in row-major order. */
    public int[] index(long element) {
        int[] index = new int[dims.length];
        for (int i = dims.length - 1; i >= 0; i--) {
            index[i] = (int) (element % dims[i]);
            element /= dims[i];
        }
        return index;
    }

    /** Returns a copy of the dimensions. */
    public int[] toArray() {
        return dims.clone();
    }

    /** Returns this shape with dimension {@code i} replaced. */
    public Shape with(int i, int dim) {
        int[] copy = dims.clone();
        copy[axis(i)] = dim;
        return dim < 0 ? of(copy) : new Shape(copy);
    }

    /**
     * Returns the dimensions in another order: dimension i of the result is dimension {@code order[i]} of this shape.
     *
     * @throws IllegalArgumentException unless the order names each dimension once
     */
    public Shape permuted(int... order) {
        if (!Arrays.equals(
                Arrays.stream(order).sorted().toArray(),
                IntStream.range(0, dims.length).toArray())) {
            throw new IllegalArgumentException(Arrays.toString(order) + " is not an order of the " + dims.length
                    + " dimensions of " + this + "; name each once");
        }
        return of(Arrays.stream(order).map(i -> dims[i]).toArray());
    }

    /**
     * The number of dimension {@code dim}, which counts from the end where it is negative.
     *
     * @param op who asks, for the message
     * @throws IllegalArgumentException if there is no such dimension
     */
    public int axis(String op, int dim) {
        int rank = rank();
        if (dim < -rank || dim >= rank) {
            throw new IllegalArgumentException(op + Where.running() + ": x " + this + " has no dimension " + dim
                    + (rank == 0 ? "; it is a single number" : "; choose one from " + -rank + " to " + (rank - 1)));
        }
        return dim < 0 ? dim + rank : dim;
    }

    /**
     * These dimensions as one, for {@code op}, which is made of others.
     *
     * @throws IllegalArgumentException naming the op and where it runs, if an int does not count them
     */
    public static int merged(String op, int... dims) {
        double places = 1;
        for (int d : dims) {
            places *= d;
        }
        if (places > Integer.MAX_VALUE) {
            throw new IllegalArgumentException(op + Where.running() + ": " + Arrays.toString(dims)
                    + " make one dimension of more places than an int counts; give less at a time");
        }
        return (int) places;
    }

    @Override
    public boolean equals(Object o) {
        return o instanceof Shape s && Arrays.equals(dims, s.dims);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(dims);
    }

    /** Returns the dimensions as {@code [2, 3]}. */
    @Override
    public String toString() {
        return Arrays.toString(dims);
    }
}

package dev.fathom.onnx;

import java.util.Arrays;

/** A whole number of a traced function, as it is at each of the sizes that were traced. */
record Extent(long[] at) {
    static Extent of(long number, int traces) {
        long[] at = new long[traces];
        Arrays.fill(at, number);
        return new Extent(at);
    }

    boolean constant() {
        return Arrays.stream(at).allMatch(v -> v == at[0]);
    }

    boolean is(long number) {
        return Arrays.stream(at).allMatch(v -> v == number);
    }

    /** The number at the first sizes, which is that of all where it is constant. */
    long first() {
        return at[0];
    }

    Extent minus(Extent other) {
        long[] less = at.clone();
        Arrays.setAll(less, i -> at[i] - other.at[i]);
        return new Extent(less);
    }

    @Override
    public boolean equals(Object o) {
        return o instanceof Extent e && Arrays.equals(at, e.at);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(at);
    }

    @Override
    public String toString() {
        return constant() ? Long.toString(at[0]) : Arrays.toString(at);
    }
}

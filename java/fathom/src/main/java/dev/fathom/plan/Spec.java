package dev.fathom.plan;

import dev.fathom.op.DType;
import dev.fathom.op.Shape;
import java.util.Arrays;

/** An input of a plan: its name, element type and dimensions, of which some may be {@link Dim#BATCH} or {@link Dim#LENGTH}. */
public final class Spec {
    private final String name;
    private final DType dtype;
    private final int[] dims;

    private Spec(String name, DType dtype, int[] dims) {
        this.name = name;
        this.dtype = dtype;
        this.dims = dims;
    }

    /**
     * Describes an input of these dimensions.
     *
     * @throws IllegalArgumentException if a dimension is neither positive nor one of {@link Dim}
     */
    public static Spec of(String name, DType dtype, int... dims) {
        for (int d : dims) {
            if (d != Dim.BATCH && d != Dim.LENGTH && d < 1) {
                throw new IllegalArgumentException("spec " + name + ": dimension " + d + " in " + Arrays.toString(dims)
                        + " must be at least 1, Dim.BATCH or Dim.LENGTH");
            }
        }
        return new Spec(name, dtype, dims.clone());
    }

    /** Describes an F32 input of these dimensions. */
    public static Spec of(String name, int... dims) {
        return of(name, DType.F32, dims);
    }

    /** Returns the name, for {@link Session#input(String)}. */
    public String name() {
        return name;
    }

    /** Returns the element type. */
    public DType dtype() {
        return dtype;
    }

    /** Whether it has one of the dimensions of {@link Dim}. */
    boolean has(int dim) {
        return Arrays.stream(dims).anyMatch(d -> d == dim);
    }

    Shape at(Sizes sizes) {
        return Shape.of(Arrays.stream(dims)
                .map(d -> d == Dim.BATCH ? sizes.batch() : d == Dim.LENGTH ? sizes.length() : d)
                .toArray());
    }
}

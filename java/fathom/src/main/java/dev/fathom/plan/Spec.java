package dev.fathom.plan;

import dev.fathom.op.DType;
import dev.fathom.op.Shape;
import dev.fathom.tensor.State;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * An input or output of a plan: its name, element type and dimensions, of which some may be {@link Dim#BATCH} or
 * {@link Dim#LENGTH}.
 */
public final class Spec {
    private final String name;
    private final DType dtype;
    private final int[] dims;
    private final Begins begins;
    private final @Nullable Range batches;
    private final @Nullable Range lengths;

    /** What an input holds before anybody writes to it. */
    enum Begins {
        /** Zeros, and whatever the caller writes before a run. */
        ZERO,
        /** Zeros, and after a run what the state became. */
        CARRIED,
        /** The length of the session. */
        FULL
    }

    private Spec(
            String name, DType dtype, int[] dims, Begins begins, @Nullable Range batches, @Nullable Range lengths) {
        this.name = name;
        this.dtype = dtype;
        this.dims = dims;
        this.begins = begins;
        this.batches = batches;
        this.lengths = lengths;
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
        return new Spec(name, dtype, dims.clone(), Begins.ZERO, null, null);
    }

    /** Describes an F32 input of these dimensions. */
    public static Spec of(String name, int... dims) {
        return of(name, DType.F32, dims);
    }

    /**
     * Describes the I32 lengths [{@link Dim#BATCH}] of sequences, an input that a caller may leave alone: in a new
     * session each is the length of the session, so that every sequence is complete. Another input of the plan must
     * have {@link Dim#LENGTH}.
     */
    public static Spec lengths(String name) {
        return new Spec(name, DType.I32, new int[] {Dim.BATCH}, Begins.FULL, null, null);
    }

    /**
     * The inputs that are a state. The first dimension of each tensor is the batch, unless the plan has none; the
     * values do not matter.
     */
    static List<Spec> carried(State state, boolean batch) {
        return state.tensors().entrySet().stream()
                .map(e -> {
                    int[] dims = e.getValue().shape().toArray();
                    if (batch && dims.length > 0) {
                        dims[0] = Dim.BATCH;
                    }
                    Spec s = of(e.getKey(), e.getValue().dtype(), dims);
                    return new Spec(s.name, s.dtype, s.dims, Begins.CARRIED, null, null);
                })
                .toList();
    }

    /**
     * Returns this input with the lengths that sessions may choose for {@link Dim#LENGTH}: from {@code min} to
     * {@code max}. They hold for all inputs of a plan, so one names them. Without, a plan finds the lengths up to 4,096
     * that its function takes. A plan keeps constants that grow with the length, such as tables of positions or masks,
     * as they are at the greatest: naming a smaller one saves memory.
     *
     * @throws IllegalArgumentException if there is no such length, or the input has no {@link Dim#LENGTH}
     */
    public Spec length(int min, int max) {
        return length(min, max, 1);
    }

    /**
     * Returns this input with the lengths that sessions may choose for {@link Dim#LENGTH}: the multiples of
     * {@code multipleOf} from {@code min} to {@code max}, such as those that a net which halves and doubles its length
     * can take, or which cuts it into frames of more than 32 steps.
     *
     * @throws IllegalArgumentException if there is no such length, or the input has no {@link Dim#LENGTH}
     */
    public Spec length(int min, int max, int multipleOf) {
        return new Spec(name, dtype, dims, begins, batches, range("length", Dim.LENGTH, min, max, multipleOf));
    }

    /**
     * Returns this input with the batch sizes that sessions may choose for {@link Dim#BATCH}: from {@code min} to
     * {@code max}. They hold for all inputs of a plan, so one names them. Without, a plan finds the batch sizes up to
     * 4,096 that its function takes.
     *
     * @throws IllegalArgumentException if there is no such batch, or the input has no {@link Dim#BATCH}
     */
    public Spec batch(int min, int max) {
        return new Spec(name, dtype, dims, begins, range("batch", Dim.BATCH, min, max, 1), lengths);
    }

    private Range range(String what, int dim, int min, int max, int multipleOf) {
        if (!has(dim)) {
            throw new IllegalArgumentException("spec " + name + ": it has no Dim." + what.toUpperCase(Locale.ROOT)
                    + ", so there is no " + what + " to choose; name the range of an input that has it");
        }
        return Range.of(name, what, min, max, multipleOf);
    }

    /**
     * The range that specs declare for one of the dimensions of {@link Dim}, or null if none does.
     *
     * @throws IllegalArgumentException if they declare several
     */
    static @Nullable Range declared(List<Spec> specs, int dim) {
        Range found = null;
        for (Spec s : specs) {
            Range range = dim == Dim.BATCH ? s.batches : s.lengths;
            if (found != null && range != null && !found.equals(range)) {
                throw new IllegalArgumentException("freeze: inputs declare different "
                        + (dim == Dim.BATCH ? "batches" : "lengths") + ", " + found + " and " + range
                        + "; a session has one, so let one input name it");
            }
            found = range == null ? found : range;
        }
        return found;
    }

    /** An output of these dimensions. */
    static Spec output(String name, DType dtype, int... dims) {
        return new Spec(name, dtype, dims, Begins.ZERO, null, null);
    }

    boolean isCarried() {
        return begins == Begins.CARRIED;
    }

    /** Returns whether this is the lengths of sequences, made by {@link #lengths}. */
    public boolean isLengths() {
        return begins == Begins.FULL;
    }

    /** How it begins in a session. */
    Begins begins() {
        return begins;
    }

    Spec begins(Begins other) {
        return new Spec(name, dtype, dims, other, batches, lengths);
    }

    /** Returns the dimensions, some of which may be those of {@link Dim}. */
    public int[] dims() {
        return dims.clone();
    }

    /** Returns the name, for {@link Session#input(String)}. */
    public String name() {
        return name;
    }

    /** Returns the element type. */
    public DType dtype() {
        return dtype;
    }

    /** Returns whether this has one of the dimensions of {@link Dim}. */
    public boolean has(int dim) {
        return axis(dim) >= 0;
    }

    /** Where it has one of the dimensions of {@link Dim}, or -1. */
    int axis(int dim) {
        for (int i = 0; i < dims.length; i++) {
            if (dims[i] == dim) {
                return i;
            }
        }
        return -1;
    }

    /**
     * Returns how many elements this has at a batch size and a length; a dimension that is {@link Dim#OPEN} counts as
     * 1.
     *
     * @throws ArithmeticException if there are more than a long counts
     */
    public long elements(long batch, long length) {
        return Arrays.stream(dims)
                .mapToLong(d -> d == Dim.BATCH ? batch : d == Dim.LENGTH ? length : Math.max(d, 1))
                .reduce(1, Math::multiplyExact);
    }

    Shape at(Sizes sizes) {
        int[] at = dims.clone();
        for (int i = 0; i < at.length; i++) {
            at[i] = at[i] == Dim.BATCH ? sizes.batch() : at[i] == Dim.LENGTH ? sizes.length() : at[i];
        }
        return Shape.of(at);
    }

    /** Returns name, type and dimensions, such as {@code tokens I32 [batch, length]}. */
    @Override
    public String toString() {
        return name + " " + dtype + " "
                + Arrays.stream(dims)
                        .mapToObj(d -> switch (d) {
                            case Dim.BATCH -> "batch";
                            case Dim.LENGTH -> "length";
                            case Dim.OPEN -> "?";
                            default -> Integer.toString(d);
                        })
                        .toList();
    }
}

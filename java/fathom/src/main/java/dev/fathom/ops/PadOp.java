package dev.fathom.ops;

import dev.fathom.kernel.Kernel;
import dev.fathom.op.Call;
import dev.fathom.op.Grad;
import dev.fathom.op.PadMode;
import dev.fathom.op.Shape;
import dev.fathom.op.Where;
import dev.fathom.op.WindowedOp;
import java.util.Arrays;
import java.util.Locale;

/**
 * y = x with places on either side of up to three neighboring dimensions.
 *
 * @param value the bits of an element, which the places hold where the mode is ZEROS
 * @param axis the first of these dimensions
 * @param spatial how many of the six sides count, the last ones of front, back, top, bottom, left, right
 */
public record PadOp(
        PadMode mode, int value, int axis, int spatial, int front, int back, int top, int bottom, int left, int right)
        implements MoveOp, WindowedOp {
    public PadOp {
        if (spatial != 2 && spatial != 4 && spatial != 6) {
            throw new IllegalArgumentException("pad" + Where.running() + ": " + spatial
                    + " sides count; they must be 2, 4 or 6, since a dimension has two");
        }
        top = spatial < 4 ? 0 : top;
        bottom = spatial < 4 ? 0 : bottom;
        front = spatial < 6 ? 0 : front;
        back = spatial < 6 ? 0 : back;
        int[] last = {left, right, top, bottom, front, back};
        if (Arrays.stream(last).anyMatch(s -> s < 0)) {
            throw new IllegalArgumentException("pad" + Where.running() + ": the sides "
                    + Arrays.toString(Arrays.copyOf(last, spatial)) + " must be 0 or more; slice() takes away");
        }
    }

    /** Either side of dimension {@code axis} alone. */
    public static PadOp along(PadMode mode, int value, int axis, int before, int after) {
        return new PadOp(mode, value, axis, 2, 0, 0, 0, 0, before, after);
    }

    /**
     * The dimensions between the first and the last of x [n, l, c], [n, h, w, c] or [n, d, h, w, c], with the sides of
     * the last of them first, as PyTorch has them.
     */
    public static PadOp of(Shape x, PadMode mode, int value, int[] sides) {
        if (sides.length != 2 && sides.length != 4 && sides.length != 6) {
            throw new IllegalArgumentException("pad" + Where.running() + ": " + Arrays.toString(sides)
                    + " are " + sides.length
                    + " sides; give left and right, then top and bottom of images, then front and "
                    + "back of volumes");
        }
        int rank = sides.length / 2 + 2;
        int[] s = Arrays.copyOf(sides, 6);
        PadOp op = new PadOp(mode, value, 1, sides.length, s[4], s[5], s[2], s[3], s[0], s[1]);
        if (x.rank() != rank) {
            throw new IllegalArgumentException("pad" + Where.running() + ": x " + x + " has " + x.rank()
                    + " dimensions but " + sides.length + " sides are those of "
                    + (rank == 3 ? "[n, l, c]" : rank == 4 ? "[n, h, w, c]" : "[n, d, h, w, c]")
                    + "; reshape it, or name the dimension to pad");
        }
        return op;
    }

    /** This op with other values in the padding. */
    public PadOp withValue(int other) {
        return new PadOp(mode, other, axis, spatial, front, back, top, bottom, left, right);
    }

    private int[] sides() {
        return new int[] {front, back, top, bottom, left, right};
    }

    /** How many places come in front of dimension {@code i}, which is one of those that are padded. */
    private int before(int i) {
        return sides()[6 - spatial + 2 * (i - axis)];
    }

    @Override
    public Shape shape(Call c, int output) {
        Shape x = c.shape(0);
        int[] dims = x.toArray();
        for (int i = axis; i < axis + spatial / 2; i++) {
            int before = before(i);
            int after = sides()[6 - spatial + 2 * (i - axis) + 1];
            int widest = Math.max(before, after);
            if (widest > most(dims[i])) {
                throw c.fail("x " + x + " has dim(" + i + ")=" + dims[i] + " but " + widest + " places beside it; "
                        + mode.name().toLowerCase(Locale.ROOT) + " fills at most " + most(dims[i])
                        + ", so pad less or with zeros");
            }
            if ((long) dims[i] + before + after > Integer.MAX_VALUE) {
                throw c.fail("dim(" + i + ") of the result would be " + ((long) dims[i] + before + after)
                        + "; an int is the most");
            }
            dims[i] += before + after;
        }
        return Shape.of(dims);
    }

    /** How many places beside {@code n} the mode can fill. */
    private int most(int n) {
        return switch (mode) {
            case ZEROS -> Integer.MAX_VALUE;
            case REPLICATE -> n == 0 ? 0 : Integer.MAX_VALUE;
            case REFLECT -> Math.max(n - 1, 0);
            case CIRCULAR -> n;
        };
    }

    /** What a mode puts there counts as padding, wherever it came from. */
    @Override
    public Span span(int at, int from, int to) {
        int i = 1 + at;
        return i < axis || i >= axis + spatial / 2 ? Span.SAME : new Span(-before(i), 1, 1);
    }

    @Override
    public void forward(Call c) {
        c.begin(Kernel.PAD).put(mode.ordinal(), c.dtype(0).bytes()).at(c.in(0), c.out(0));
        image(c).put(value).run();
    }

    @Override
    public void backward(Grad g) {
        long dy = g.dout(0);
        long dx = g.din(0);
        g.begin(Kernel.PAD_GRAD).put(mode.ordinal()).at(dy, dx);
        image(g).put(g.adds() ? 1 : 0).run();
    }

    /**
     * x as n, d, h, w, c, and the sides. The last padded dimension is w, but h where there is no n in front of it: the
     * threads share rows.
     */
    private Call image(Call c) {
        Shape x = c.shape(0);
        int behind = axis + spatial / 2;
        long inner = x.size(behind, x.rank());
        if (axis == 0 && spatial == 2) {
            return c.put(1, 1, x.dim(0), 1, inner, 0, 0, left, right, 0, 0);
        }
        c.put(x.size(0, axis), spatial < 6 ? 1 : x.dim(behind - 3), spatial < 4 ? 1 : x.dim(behind - 2));
        return c.put(x.dim(behind - 1), inner, front, back, top, bottom, left, right);
    }
}

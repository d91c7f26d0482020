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
 * y = x [n, l, c], [n, h, w, c] or [n, d, h, w, c] with places on either side of each dimension between the first and
 * the last.
 *
 * @param value what they hold where the mode is ZEROS
 * @param spatial how many of the six sides count, the last ones of front, back, top, bottom, left, right
 */
public record PadOp(
        PadMode mode, float value, int spatial, int front, int back, int top, int bottom, int left, int right)
        implements BlindOp, WindowedOp {
    public PadOp {
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

    /** Sides of the last dimension first, as PyTorch has them. */
    public static PadOp of(PadMode mode, float value, int[] sides) {
        if (sides.length != 2 && sides.length != 4 && sides.length != 6) {
            throw new IllegalArgumentException("pad" + Where.running() + ": " + Arrays.toString(sides)
                    + " are " + sides.length
                    + " sides; give left and right, then top and bottom of images, then front and "
                    + "back of volumes");
        }
        int[] s = Arrays.copyOf(sides, 6);
        return new PadOp(mode, value, sides.length, s[4], s[5], s[2], s[3], s[0], s[1]);
    }

    /** This op with other values in the padding. */
    public PadOp withValue(float other) {
        return new PadOp(mode, other, spatial, front, back, top, bottom, left, right);
    }

    private int[] sides() {
        return new int[] {front, back, top, bottom, left, right};
    }

    @Override
    public String label() {
        return "pad";
    }

    @Override
    public Shape shape(Call c, int output) {
        Shape x = c.shape(0);
        int rank = spatial / 2 + 2;
        if (x.rank() != rank) {
            throw c.fail("x " + x + " has " + x.rank() + " dimensions but " + spatial + " sides are those of "
                    + (rank == 3 ? "[n, l, c]" : rank == 4 ? "[n, h, w, c]" : "[n, d, h, w, c]")
                    + "; reshape it, or give two sides for each dimension between the first and the last");
        }
        int[] dims = x.toArray();
        for (int i = 1; i < rank - 1; i++) {
            int before = sides()[6 - spatial + 2 * (i - 1)];
            int after = sides()[6 - spatial + 2 * (i - 1) + 1];
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
    public Span span(int axis, int from, int to) {
        return new Span(-sides()[6 - spatial + 2 * axis], 1, 1);
    }

    @Override
    public void forward(Call c) {
        c.begin(Kernel.PAD).put(mode.ordinal()).at(c.in(0)).at(c.out(0));
        image(c).put(value).run();
    }

    @Override
    public void backward(Grad g) {
        long dy = g.dout(0);
        long dx = g.din(0);
        g.begin(Kernel.PAD_GRAD).put(mode.ordinal()).at(dy).at(dx);
        image(g).put(g.adds() ? 1 : 0).run();
    }

    /** n, d, h, w, c of x and the sides. */
    private Call image(Call c) {
        Shape x = c.shape(0);
        int rank = x.rank();
        c.put(x.dim(0))
                .put(rank < 5 ? 1 : x.dim(1))
                .put(rank < 4 ? 1 : x.dim(-3))
                .put(x.dim(-2))
                .put(x.dim(-1));
        for (int side : sides()) {
            c.put(side);
        }
        return c;
    }
}

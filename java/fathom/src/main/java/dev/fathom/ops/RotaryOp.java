package dev.fathom.ops;

import dev.fathom.kernel.Kernel;
import dev.fathom.op.Call;
import dev.fathom.op.DType;
import dev.fathom.op.Grad;
import dev.fathom.op.Op;
import dev.fathom.op.Shape;

/**
 * y = x [n, l, heads d], of whose first {@code turned} heads the first r numbers are turned in pairs by the angle of
 * their token's position (Su et al. 2021). Inputs: x; a table [positions, r] of r / 2 cosines before r / 2 sines; and
 * optionally the I32 position [n] of each row's first token.
 *
 * @param beside whether a pair is (2i, 2i + 1), else (i, i + r / 2)
 */
public record RotaryOp(int heads, int turned, boolean beside) implements Op {
    @Override
    public DType takes(int i) {
        return i == 2 ? DType.I32 : DType.F32;
    }

    @Override
    public boolean optional(int i) {
        return i == 2;
    }

    @Override
    public boolean readsInput(int i) {
        return i != 0;
    }

    @Override
    public boolean readsOutput(int o) {
        return false;
    }

    @Override
    public Shape shape(Call c, int output) {
        Shape x = c.shape(0);
        Shape table = c.shape(1);
        if (heads < 1 || turned < 0 || turned > heads) {
            throw c.fail("turned=" + turned + " of heads=" + heads + " are turned; give 0 to heads of them");
        }
        if (x.rank() != 3 || x.dim(2) % heads != 0) {
            throw c.fail("x " + x + " must be [batch, tokens, heads * d] with " + heads + " heads");
        }
        int d = x.dim(2) / heads;
        if (table.rank() != 2 || table.dim(1) % 2 != 0 || table.dim(1) > d) {
            throw c.fail("x " + x + " has heads of " + d + " numbers, of which the table " + table
                    + " cannot turn pairs; give [positions, an even number of at most " + d + "]");
        }
        if (x.dim(1) > table.dim(0)) {
            throw c.fail("x " + x + " and the table " + table + " disagree: x.dim(1)=" + x.dim(1) + " tokens but only "
                    + table.dim(0) + " positions; make a table of more positions");
        }
        if (c.has(2) && !c.shape(2).equals(Shape.of(x.dim(0)))) {
            throw c.fail("past " + c.shape(2) + " must be [" + x.dim(0) + "], a position for each row of x " + x);
        }
        return x;
    }

    @Override
    public void forward(Call c) {
        run(c, c.in(0), c.out(0), false, false);
    }

    @Override
    public void backward(Grad g) {
        if (g.wants(0)) {
            long dy = g.dout(0);
            long dx = g.din(0);
            run(g, dy, dx, true, g.adds());
        }
    }

    private void run(Call c, long from, long to, boolean back, boolean add) {
        Shape x = c.shape(0);
        Shape table = c.shape(1);
        c.begin(Kernel.ROTARY).at(from, c.in(1), c.has(2) ? c.in(2) : 0, to);
        c.put(x.dim(0), x.dim(1), heads, turned, x.dim(2) / heads, table.dim(1), table.dim(0));
        c.put(beside ? 1 : 0, back ? 1 : 0, add ? 1 : 0).run();
    }
}

package dev.fathom.ops;

import dev.fathom.kernel.Kernel;
import dev.fathom.op.Call;
import dev.fathom.op.DType;
import dev.fathom.op.Grad;
import dev.fathom.op.Op;
import dev.fathom.op.Shape;
import org.jspecify.annotations.Nullable;

/**
 * y [n, out] = b + sum over k &lt; lengths[n] of w[n, k] W[token[n, k]], where tokens that are {@code padding} add
 * nothing. Inputs: W [vocabulary, out], tokens I32 [n, length], lengths I32 [n] or none, w [n, length] or none, b [out]
 * or none.
 *
 * @param padding a number that is no token, or {@link EmbeddingOp#NO_PADDING}
 */
public record BagOp(long padding) implements Op {
    private static final int LENGTHS = 2;
    private static final int WEIGHTS = 3;
    private static final int BIAS = 4;

    public static BagOp of(@Nullable Integer padding) {
        return new BagOp(padding == null ? IndexedOp.NO_PADDING : padding);
    }

    @Override
    public String label() {
        return "embedding_bag";
    }

    @Override
    public DType takes(int i) {
        return i == 1 || i == LENGTHS ? DType.I32 : DType.F32;
    }

    @Override
    public boolean optional(int i) {
        return i >= LENGTHS;
    }

    @Override
    public Shape shape(Call c, int output) {
        Shape w = RowsOp.table(c);
        Shape tokens = c.shape(1);
        if (tokens.rank() != 2) {
            throw c.fail("tokens " + tokens + " are no rows; give [n, length], padded to one length");
        }
        if (c.has(LENGTHS)) {
            checkLengths(c, "tokens", tokens, "lengths", c.shape(LENGTHS));
        }
        if (c.has(WEIGHTS) && !c.shape(WEIGHTS).equals(tokens)) {
            throw c.fail("tokens " + tokens + " and weights " + c.shape(WEIGHTS)
                    + " disagree; give one weight for each token");
        }
        if (c.has(BIAS) && (c.shape(BIAS).rank() != 1 || c.shape(BIAS).dim(0) != w.dim(1))) {
            throw c.fail("weight " + w + " and bias " + c.shape(BIAS) + " disagree: weight.dim(1)=" + w.dim(1)
                    + " but the bias has " + c.shape(BIAS).size() + " numbers; give one for each output");
        }
        return Shape.of(tokens.dim(0), w.dim(1));
    }

    /** One length for each row of x [n, ..]. */
    static void checkLengths(Call c, String x, Shape rows, String name, Shape lengths) {
        if (lengths.rank() != 1 || lengths.dim(0) != rows.dim(0)) {
            throw c.fail(x + " " + rows + " and " + name + " " + lengths + " disagree: " + x + ".dim(0)="
                    + rows.dim(0) + " but there are " + lengths.size() + " " + name + "; give [" + rows.dim(0)
                    + "], one for each row");
        }
    }

    @Override
    public boolean readsInput(int i) {
        return i != BIAS;
    }

    @Override
    public boolean readsOutput(int o) {
        return false;
    }

    @Override
    public void forward(Call c) {
        Shape w = c.shape(0);
        Shape tokens = c.shape(1);
        c.begin(Kernel.BAG).at(c.in(0)).put(w.dim(0)).at(c.in(1), c.in(LENGTHS), c.in(WEIGHTS), c.in(BIAS), c.out(0));
        c.put(tokens.dim(0), tokens.dim(1), w.dim(1), padding).run();
    }

    @Override
    public void backward(Grad g) {
        Shape w = g.shape(0);
        Shape tokens = g.shape(1);
        long dy = g.dout(0);
        if (g.wants(0)) {
            IndexedOp.addRows(g, dy, LENGTHS, WEIGHTS, tokens.dim(0), tokens.dim(1), padding);
        }
        if (g.wants(WEIGHTS)) {
            long rows = g.in(0);
            long dweights = g.din(WEIGHTS);
            g.begin(Kernel.BAG_WEIGHTS).at(rows).put(w.dim(0)).at(g.in(1), g.in(LENGTHS), dy, dweights);
            g.put(tokens.dim(0), tokens.dim(1), w.dim(1), padding, g.adds() ? 1 : 0)
                    .run();
        }
        if (g.wants(BIAS)) {
            long db = g.din(BIAS);
            long[] rows = {1, tokens.dim(0), w.dim(1)};
            ReduceOp.step(g, ReduceOp.Kind.SUM.kernel, dy, 0, db, rows, 1, g.adds());
        }
    }

    @Override
    public long multiplyAdds(Shape... in) {
        return in[1].size() * in[0].dim(1);
    }
}

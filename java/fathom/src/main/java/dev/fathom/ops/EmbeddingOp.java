package dev.fathom.ops;

import dev.fathom.kernel.Kernel;
import dev.fathom.op.Call;
import dev.fathom.op.DType;
import dev.fathom.op.Grad;
import dev.fathom.op.Op;
import dev.fathom.op.Shape;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * y [.., dim] = rows of W [vocabulary, dim] that the I32 tokens [..] name. Where a token is {@code padding}, no
 * gradient flows to its row.
 *
 * @param padding a token, or {@link #NO_PADDING}
 */
public record EmbeddingOp(long padding) implements Op {
    /** What no token is; {@code internal.h} has it too. */
    public static final long NO_PADDING = 1L << 32;

    public static EmbeddingOp of(@Nullable Integer padding) {
        return new EmbeddingOp(padding == null ? NO_PADDING : padding);
    }

    @Override
    public String label() {
        return "embedding";
    }

    @Override
    public DType takes(int i) {
        return i == 0 ? DType.F32 : DType.I32;
    }

    @Override
    public Shape shape(Call c, int output) {
        Shape w = table(c);
        Shape tokens = c.shape(1);
        if (tokens.rank() == Shape.MAX_RANK) {
            throw c.fail("tokens " + tokens + " and their vectors make " + (Shape.MAX_RANK + 1) + " dimensions but "
                    + Shape.MAX_RANK + " are the most; flatten the tokens");
        }
        int[] dims = Arrays.copyOf(tokens.toArray(), tokens.rank() + 1);
        dims[tokens.rank()] = w.dim(1);
        return Shape.of(dims);
    }

    /** Input 0, a row for each token. */
    static Shape table(Call c) {
        Shape w = c.shape(0);
        if (w.rank() != 2) {
            throw c.fail(c.inName(0) + " " + w + " is no table; give [vocabulary, dim], a row for each token");
        }
        return w;
    }

    @Override
    public boolean readsInput(int i) {
        return i == 1;
    }

    @Override
    public boolean readsOutput(int o) {
        return false;
    }

    @Override
    public void forward(Call c) {
        Shape w = c.shape(0);
        TakeOp.gather(c, c.in(0), c.in(1), c.out(0), 1, w.dim(0), c.shape(1).size(), w.dim(1));
    }

    @Override
    public void backward(Grad g) {
        addRows(g, g.dout(0), -1, -1, g.shape(1).size(), 1, padding);
    }

    /**
     * dW += the rows of dy [rows, dim] at the tokens [rows, most] of input 1, of as many as the input {@code lengths}
     * says and times those of the input {@code weights}, each of which may be -1 for none.
     */
    static void addRows(Grad g, long dy, int lengths, int weights, long rows, long most, long padding) {
        Shape w = g.shape(0);
        long tokens = g.in(1);
        long dw = g.dinRows(0, 1, lengths, padding);
        if (!g.adds()) {
            g.begin(Kernel.FILL).at(dw).put(w.size()).put(0f).run();
        }
        g.begin(Kernel.SCATTER_ADD)
                .at(dy)
                .at(tokens)
                .at(lengths < 0 ? 0 : g.in(lengths))
                .at(weights < 0 ? 0 : g.in(weights))
                .at(dw)
                .put(1)
                .put(rows)
                .put(most)
                .put(w.dim(1))
                .put(w.dim(0))
                .put(padding)
                .run();
    }
}

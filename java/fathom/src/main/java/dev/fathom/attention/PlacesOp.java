package dev.fathom.attention;

import dev.fathom.kernel.KernelException;
import dev.fathom.op.Call;
import dev.fathom.op.Grad;
import dev.fathom.op.Shape;
import dev.fathom.ops.MoveOp;
import dev.fathom.ops.TakeOp;

/**
 * The rows of a table [positions, width] at the places [batch, tokens] that follow each row's past. A place that the
 * table lacks is reported in the words of whoever gave the past.
 *
 * @param label the layer, as errors call it
 */
record PlacesOp(String label, int tokens) implements MoveOp {
    private static final TakeOp TAKE = new TakeOp(0);

    @Override
    public Shape shape(Call c, int output) {
        return TAKE.shape(c, output);
    }

    @Override
    public boolean readsInput(int i) {
        return TAKE.readsInput(i);
    }

    @Override
    public void forward(Call c) {
        TAKE.forward(c);
    }

    @Override
    public void backward(Grad g) {
        TAKE.backward(g);
    }

    @Override
    public String refusal(KernelException e) {
        return "row " + e.row() / tokens + " has past " + (e.found() - e.row() % tokens) + " and " + tokens
                + " more tokens, but there are only " + e.bound()
                + " positions; make more of them, or start a new sequence with past 0";
    }
}

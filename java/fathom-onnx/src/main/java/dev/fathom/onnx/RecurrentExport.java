package dev.fathom.onnx;

import dev.fathom.op.Cell;
import dev.fathom.ops.RecurrentOp;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A recurrent layer as one node of ONNX, which wants the gates in another order, a dimension for the directions, and
 * the steps before the batch.
 */
final class RecurrentExport {
    /** The order in which steps come first. */
    private static final int[] STEPS_FIRST = {1, 0, 2};
    /** Where the gates of ONNX (i, o, f, c and z, r, h) are among those of the library (i, f, g, o and r, z, n). */
    private static final int[] LSTM = {0, 3, 1, 2};

    private static final int[] GRU = {1, 0, 2};
    private static final int[] ONE = {0};
    /** Where the peepholes of ONNX (i, o, f) are among those of the library (i, f, o). */
    private static final int[] PEEPHOLES = {0, 2, 1};

    private RecurrentExport() {}

    static void draw(Drawing d, RecurrentOp op) {
        Cell cell = op.cell();
        if (cell == Cell.UGRNN) {
            throw d.refusal("");
        }
        if (op.lag() != 1 || d.has(RecurrentOp.SKIP) || d.has(RecurrentOp.MASK)) {
            throw d.refusal("connections that skip steps, or a mask of the states");
        }
        if (op.paddedInFront() && d.has(RecurrentOp.LENGTHS)) {
            throw d.refusal("padding in front");
        }
        for (int i : new int[] {
            RecurrentOp.WEIGHT,
            RecurrentOp.RECURRENT_WEIGHT,
            RecurrentOp.BIAS,
            RecurrentOp.RECURRENT_BIAS,
            RecurrentOp.PEEPHOLE
        }) {
            if (d.has(i) && !d.input(i).constant()) {
                throw d.refusal("with weights that depend on an input");
            }
        }
        int[] gates = cell.gates() == 4 ? LSTM : cell.gates() == 3 ? GRU : ONE;
        long hidden = d.dim(RecurrentOp.RECURRENT_WEIGHT, 1).first();
        Map<String, Object> how = new LinkedHashMap<>();
        how.put("hidden_size", hidden);
        how.put("direction", op.reverse() ? "reverse" : "forward");
        if (cell == Cell.RELU) {
            how.put("activations", List.of("Relu"));
        }
        if (cell.gates() == 3) {
            how.put("linear_before_reset", cell == Cell.GRU ? 1L : 0L);
        }
        boolean turned = cell.hasUpdateGate() && op.updateGatesCandidate();
        String type = cell.hasCellState() ? "LSTM" : cell.gates() == 3 ? "GRU" : "RNN";
        String[] y = d.nodes(
                type,
                how,
                cell.hasCellState() ? 3 : 2,
                d.get(0, STEPS_FIRST),
                weight(d, RecurrentOp.WEIGHT, gates, turned),
                weight(d, RecurrentOp.RECURRENT_WEIGHT, gates, turned),
                bias(d, gates, hidden, turned),
                d.has(RecurrentOp.LENGTHS) ? d.get(RecurrentOp.LENGTHS) : "",
                state(d, RecurrentOp.HIDDEN),
                state(d, RecurrentOp.CELL),
                d.has(RecurrentOp.PEEPHOLE) ? weight(d, RecurrentOp.PEEPHOLE, PEEPHOLES, false) : "");
        for (int o = 0; o < y.length; o++) {
            if (!d.wants(o)) {
                d.drop(y[o]);
            }
        }
        if (d.wants(0)) {
            d.result(0, d.node("Squeeze", y[0], d.ints(1)), STEPS_FIRST);
        }
        for (int o = 1; o < y.length; o++) {
            if (d.wants(o)) {
                d.result(o, d.node("Squeeze", y[o], d.ints(0)), Drawing.plain(2));
            }
        }
    }

    /** A state [n, h] as [1, n, h]; zeros are left out. */
    private static String state(Drawing d, int i) {
        return !d.has(i) || d.zero(d.in(i)) ? "" : d.node("Unsqueeze", d.get(i), d.ints(0));
    }

    /** A matrix or vector of gates as [1, ..], in the order of ONNX. */
    private static String weight(Drawing d, int i, int[] gates, boolean turned) {
        Traced.Value of = d.input(i);
        int[] dims = of.first().shape().toArray();
        long[] all = new long[dims.length + 1];
        all[0] = 1;
        for (int k = 0; k < dims.length; k++) {
            all[k + 1] = dims[k];
        }
        int block = (int) (of.first().size() / gates.length);
        return d.initial(d.nameOf(d.in(i)), ElementType.FLOAT, all, () -> Turn.bits(ordered(of, gates, block, turned)));
    }

    private static String bias(Drawing d, int[] gates, long hidden, boolean turned) {
        boolean first = d.has(RecurrentOp.BIAS);
        boolean second = d.has(RecurrentOp.RECURRENT_BIAS);
        if (!first && !second) {
            return "";
        }
        int half = Math.toIntExact(gates.length * hidden);
        Traced.Value b = first ? d.input(RecurrentOp.BIAS) : null;
        Traced.Value r = second ? d.input(RecurrentOp.RECURRENT_BIAS) : null;
        return d.initial(
                d.nameOf(d.in(first ? RecurrentOp.BIAS : RecurrentOp.RECURRENT_BIAS)),
                ElementType.FLOAT,
                new long[] {1, 2L * half},
                () -> {
                    float[] both = new float[2 * half];
                    if (b != null) {
                        System.arraycopy(ordered(b, gates, (int) hidden, turned), 0, both, 0, half);
                    }
                    if (r != null) {
                        System.arraycopy(ordered(r, gates, (int) hidden, turned), 0, both, half, half);
                    }
                    return Turn.bits(both);
                });
    }

    /** The blocks of gates in another order; those of the update gate, the first, may be turned round. */
    private static float[] ordered(Traced.Value of, int[] gates, int block, boolean turned) {
        float[] from = of.first().toArray();
        float[] to = new float[from.length];
        for (int g = 0; g < gates.length; g++) {
            System.arraycopy(from, gates[g] * block, to, g * block, block);
        }
        for (int i = 0; turned && i < block; i++) {
            to[i] = -to[i];
        }
        return to;
    }
}

package dev.fathom.labs.memory;

import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.op.Cell;
import dev.fathom.parameter.Initializer;
import dev.fathom.parameter.Parameter;
import dev.fathom.recurrent.Recurrent;
import dev.fathom.tensor.Tensor;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A recurrent layer and a linear one: of each step of symbols [n, t], or of the last step of numbers [n, t, features].
 *
 * @param task which decides what goes in and what comes out
 * @param cell the recurrent layer
 * @param out what answers
 */
record MemoryNet(MemoryTask task, Recurrent cell, Linear out) implements Layer {
    /** The cells that are compared. */
    static final List<Cell> CELLS = List.of(Cell.TANH, Cell.LSTM, Cell.GRU, Cell.UGRNN);

    /** A net whose gates, where the cell has any, begin to remember for up to {@code length} steps. */
    static MemoryNet of(MemoryTask task, Cell cell, int hidden, int length) {
        boolean copies = task == MemoryTask.COPY;
        int in = copies ? MemoryTask.SYMBOLS : 2;
        return new MemoryNet(
                task,
                remembering(Recurrent.of(cell, in, hidden), task.steps(length)),
                new Linear(hidden, copies ? MemoryTask.SYMBOLS : 1));
    }

    /** What a cell is called. */
    static String name(Cell cell) {
        return cell == Cell.TANH ? "RNN" : cell.name();
    }

    /**
     * The same net where the bias of what keeps the state begins at log(u - 1) with u uniform in [2, steps): a gate of that bias forgets a share 1 / u of its unit
     * in each step, so that the units remember for as many steps as there may be (Tallec and Ollivier 2018). What writes into an LSTM begins at the opposite. A
     * tanh net has no gate, and stays as it is.
     */
    static Recurrent remembering(Recurrent net, int steps) {
        int hidden = net.settings().hidden();
        // keeps: an LSTM's forget gate is the second, a GRU's update gate too, a UGRNN's update gate the first
        int keeps = switch (net.settings().cell()) {
            case LSTM, GRU -> hidden;
            case UGRNN -> 0;
            default -> -1;
        };
        if (keeps < 0) {
            return net;
        }
        Initializer chronological = (shape, rng) -> {
            float[] bias = new float[(int) shape.size()];
            float[] times = rng.uniform(hidden, 1, Math.max(2, steps - 1));
            for (int i = 0; i < hidden; i++) {
                bias[keeps + i] = (float) Math.log(times[i]);
                if (net.settings().cell() == Cell.LSTM) {
                    bias[i] = -bias[keeps + i];
                }
            }
            return bias;
        };
        return with(
                net, Map.of("bias_ih_l0", chronological, "bias_hh_l0", (shape, rng) -> new float[(int) shape.size()]));
    }

    /** The same net where some of the parameters begin otherwise. */
    static Recurrent with(Recurrent net, Map<String, Initializer> others) {
        Map<String, Parameter> weights = new LinkedHashMap<>(net.weights());
        others.forEach((name, init) -> weights.computeIfPresent(name, (n, p) -> new Parameter(p.shape(), init)));
        return new Recurrent(net.settings(), weights);
    }

    /** What the recurrent layer reads: numbers as they are, symbols as a 1 among zeros. */
    Tensor read(Tensor x) {
        return task == MemoryTask.COPY ? x.oneHot(MemoryTask.SYMBOLS) : x;
    }

    @Override
    public Tensor forward(Tensor x) {
        var states = cell.run(read(x));
        return out.apply(task == MemoryTask.COPY ? states.steps() : states.last());
    }
}

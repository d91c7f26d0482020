package dev.fathom.labs.memory;

import dev.fathom.experiments.data.MemoryTask;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.nn.Init;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.op.Cell;
import dev.fathom.op.Shape;
import dev.fathom.parameter.Initializer;
import dev.fathom.recurrent.Recurrent;
import dev.fathom.tensor.Tensor;
import java.util.Arrays;
import java.util.List;

/**
 * A recurrent layer and a linear layer, which is applied to every step of symbols [n, t] or to the last step of numbers
 * [n, t, features].
 *
 * @param task which determines the input and the output
 * @param cell the recurrent layer
 * @param out the linear layer
 */
record MemoryNet(MemoryTask task, Recurrent cell, Linear out) implements Layer {
    /** The cells that are compared. */
    static final List<Cell> CELLS = List.of(Cell.TANH, Cell.LSTM, Cell.GRU, Cell.UGRNN);

    /** A network whose gates, if the cell has any, are initialized to remember for up to {@code length} steps. */
    static MemoryNet of(MemoryTask task, Cell cell, int hidden, int length) {
        boolean copies = task == MemoryTask.COPY;
        int in = copies ? MemoryTask.SYMBOLS : 2;
        return new MemoryNet(
                task,
                chronoInit(Recurrent.of(cell, in, hidden), task.steps(length)),
                new Linear(hidden, copies ? MemoryTask.SYMBOLS : 1));
    }

    /** The name of a cell. */
    static String name(Cell cell) {
        return cell == Cell.TANH ? "RNN" : cell.name();
    }

    /**
     * Chrono initialization (Tallec and Ollivier 2018): the bias of the gate that keeps the state starts at log(u - 1)
     * with u uniform in [2, steps). Such a gate forgets a share 1 / u of its unit in each step, so the units remember
     * for different times up to the length of a sequence. The input gate of an LSTM starts at the opposite bias. A tanh
     * cell has no gate and is returned unchanged.
     */
    static Recurrent chronoInit(Recurrent layer, int steps) {
        int hidden = layer.settings().hidden();
        // the forget gate of an LSTM and the update gate of a GRU are the second gate, the update gate of a UGRNN is
        // the first
        int keeps = switch (layer.settings().cell()) {
            case LSTM, GRU -> hidden;
            case UGRNN -> 0;
            default -> -1;
        };
        if (keeps < 0) {
            return layer;
        }
        Initializer chronological = (shape, rng) -> {
            float[] bias = new float[(int) shape.size()];
            float[] times = rng.uniform(hidden, 1, Math.max(2, steps - 1));
            for (int i = 0; i < hidden; i++) {
                bias[keeps + i] = (float) Math.log(times[i]);
                if (layer.settings().cell() == Cell.LSTM) {
                    bias[i] = -bias[keeps + i];
                }
            }
            return bias;
        };
        return layer.init("bias_ih_l0", chronological).init("bias_hh_l0", Init.zeros());
    }

    /**
     * The recurrent weights of each gate begin as an orthogonal matrix of its own (Saxe et al. 2014), which keeps the
     * norm of every state.
     */
    static Recurrent orthogonalInit(Recurrent layer) {
        int hidden = layer.settings().hidden();
        Initializer one = Init.orthogonal();
        return layer.init("weight_hh_l0", (shape, rng) -> {
            float[][] gates = new float[layer.settings().cell().gates()][];
            Arrays.setAll(gates, g -> one.values(Shape.of(hidden, hidden), rng.split(g)));
            return Averages.flat(gates);
        });
    }

    /** The input of the recurrent layer: numbers unchanged, symbols one-hot. */
    Tensor read(Tensor x) {
        return task == MemoryTask.COPY ? x.oneHot(MemoryTask.SYMBOLS) : x;
    }

    @Override
    public Tensor forward(Tensor x) {
        var states = cell.run(read(x));
        return out.apply(task == MemoryTask.COPY ? states.steps() : states.last());
    }
}

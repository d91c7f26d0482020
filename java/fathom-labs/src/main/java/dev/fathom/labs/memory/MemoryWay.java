package dev.fathom.labs.memory;

import dev.fathom.experiments.data.MemoryTask;
import dev.fathom.op.Cell;
import dev.fathom.optim.Adam;
import dev.fathom.optim.GradientNoise;
import dev.fathom.optim.Optimizer;
import dev.fathom.optim.Schedule;
import dev.fathom.recurrent.Recurrent;
import dev.fathom.tree.Records;

/**
 * How networks begin and are trained on a problem.
 *
 * @param batch the sequences of a step
 * @param rate of Adam
 * @param falls whether the rate falls to 0 along half a cosine wave
 * @param orthogonal whether the recurrent weights of each gate begin as an orthogonal matrix
 * @param inputs the input weights begin uniform in [-inputs, inputs]; 0 for the usual range
 * @param noise the variance of the gradient noise at the first step, 0 for none
 */
record MemoryWay(int batch, float rate, boolean falls, boolean orthogonal, float inputs, float noise) {
    private static final MemoryWay ADDING = new MemoryWay(20, 0.01f, false, false, 0, 0);
    private static final MemoryWay COPYING = new MemoryWay(50, 0.03f, true, true, 1, 0);

    static MemoryWay of(MemoryTask task) {
        return task == MemoryTask.ADDING ? ADDING : COPYING;
    }

    /** With one setting changed, to see what it does. */
    MemoryWay with(String setting, Object value) {
        return Records.with(this, setting, value);
    }

    Optimizer optimizer() {
        Optimizer adam = new Adam(rate);
        return noise == 0 ? adam : new GradientNoise(adam, noise);
    }

    Schedule schedule(int epochs) {
        return falls ? Schedule.cosine(epochs) : Schedule.constant();
    }

    /** A network at its start. */
    MemoryNet start(MemoryTask task, Cell cell, int hidden, int length) {
        MemoryNet net = MemoryNet.of(task, cell, hidden, length);
        Recurrent layer = net.cell();
        if (orthogonal) {
            layer = MemoryNet.orthogonalInit(layer);
        }
        if (inputs > 0) {
            layer = layer.init(
                    "weight_ih_l0", (shape, rng) -> rng.uniform(Math.toIntExact(shape.size()), -inputs, inputs));
        }
        return new MemoryNet(task, layer, net.out());
    }
}

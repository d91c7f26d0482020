package dev.fathom.train;

import dev.fathom.autograd.Frames;
import dev.fathom.autograd.ReturnedTensors;
import dev.fathom.autograd.Values;
import dev.fathom.data.Batch;
import dev.fathom.op.DType;
import dev.fathom.parameter.Parameter;
import dev.fathom.parameter.Variable;
import dev.fathom.store.StoreRange;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.State;
import dev.fathom.tensor.Tape;
import dev.fathom.tensor.Tensor;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where the first number that is not finite came from: the batch, a parameter, or an op of a forward pass run again
 * with the same random numbers.
 */
final class Divergence {
    private final Pass pass;
    private int looked;
    private @Nullable String culprit;

    private Divergence(Pass pass) {
        this.pass = pass;
    }

    /** A clause and what to do; never throws, since what it explains must reach the user. */
    static String explain(Trainer<?> trainer, Batch batch, State state, Rng before) {
        try {
            return where(trainer, batch, state, before);
        } catch (RuntimeException | Error e) { // a net that does not bear to be run again, no memory for it
            return "the loss overflows; lower the learning rate or scale the data";
        }
    }

    private static String where(Trainer<?> trainer, Batch batch, State state, Rng before) {
        for (String name : batch.names()) {
            int bad = nonfinite(batch.get(name));
            if (bad > 0) {
                return "the batch itself holds " + bad + " values that are not finite in its field " + name
                        + "; clean the data";
            }
        }
        for (Variable h : StoreRange.store(trainer.model.range()).<Variable>cells()) {
            if (nonfinite(h.value()) > 0) {
                return (h instanceof Parameter ? "parameter " : "buffer ") + h.name()
                        + " became non-finite at an earlier step; lower the learning rate";
            }
        }
        String culprit;
        try (Pass pass = Pass.train(before)) {
            Divergence look = new Divergence(pass);
            Frames.of(pass).observe(look::at);
            var unused = trainer.run(batch, state);
            culprit = look.culprit;
        }
        return (culprit == null ? "the loss overflows" : "the first non-finite values come from " + culprit)
                + "; lower the learning rate or scale the data";
    }

    private static int nonfinite(Tensor t) {
        return t.dtype() == DType.F32 ? (int) t.nonfinite().item() : 0;
    }

    /**
     * A net has returned: what was recorded since the last did comes first, then its result, which no tape may know.
     */
    private void at(Frames.Called call) {
        if (culprit != null || call.result() == null) {
            return;
        }
        List<Tape.Entry> entries = pass.tape().entries();
        for (; looked < entries.size() && culprit == null; looked++) {
            Tape.Entry e = entries.get(looked);
            for (Tensor y : e.outputs()) {
                if (y != null && Values.alive(y) && nonfinite(y) > 0) {
                    culprit = e.path().isEmpty() ? e.op().label() : e.op().label() + " at " + e.path();
                }
            }
        }
        ReturnedTensors.forEach(call.result(), Tensor.class, y -> {
            if (culprit == null && nonfinite(y) > 0) {
                culprit = Values.name(y);
            }
        });
    }
}

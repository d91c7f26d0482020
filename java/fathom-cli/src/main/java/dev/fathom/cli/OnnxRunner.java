package dev.fathom.cli;

import dev.fathom.onnx.OnnxModel;
import dev.fathom.plan.Dim;
import dev.fathom.plan.Plan;
import dev.fathom.plan.Session;
import dev.fathom.plan.Spec;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A model of ONNX with its inputs: runs by a frozen plan, or where there can be none, by passes. */
final class OnnxRunner implements AutoCloseable {
    private final OnnxModel model;
    private final OnnxInputs.Filled inputs;
    private @Nullable Plan plan;
    private @Nullable Session session;
    private String unfrozen = "";

    OnnxRunner(OnnxModel model, OnnxInputs.Filled inputs, int threads) {
        this.model = model;
        this.inputs = inputs;
        try {
            freeze(threads);
        } catch (IllegalArgumentException | IllegalStateException e) {
            unfrozen = String.valueOf(e.getMessage());
            release();
        }
    }

    private void freeze(int threads) {
        Plan made = model.plan(inputs.sizes());
        plan = made;
        int batch = made.defaultBatch();
        for (int i = 0; i < inputs.arrays().size(); i++) {
            if (made.inputs().get(i).has(Dim.BATCH)) {
                batch = inputs.arrays().get(i).shape().dim(0);
            }
        }
        session = made.newSession(batch);
        session.threads(threads);
        for (int i = 0; i < inputs.arrays().size(); i++) {
            NamedArray a = inputs.arrays().get(i);
            if (!session.inputShape(i).equals(a.shape())) {
                throw new IllegalArgumentException("dimensions without a name have several sizes; a plan needs names");
            }
            session.inputBytes(a.name()).put(a.bytes().duplicate().rewind());
        }
        session.run();
    }

    /** Why there is no plan; empty where there is one. */
    String unfrozen() {
        return unfrozen;
    }

    /** Runs once and keeps nothing. */
    void run() {
        if (session != null) {
            session.run();
        } else {
            try (Pass pass = Pass.infer()) {
                eager();
            }
        }
    }

    private Map<String, Tensor> eager() {
        return model.run(inputs.arrays().stream().map(NamedArray::tensor).toArray(Tensor[]::new));
    }

    /** Runs once, and copies what comes out. */
    List<NamedArray> outputs() {
        List<NamedArray> outputs = new ArrayList<>();
        Session frozen = session;
        if (frozen != null && plan != null) {
            frozen.run();
            for (Spec out : plan.outputs()) {
                outputs.add(NamedArray.copy(
                        out.name(), frozen.outputShape(out.name()), out.dtype(), frozen.outputBytes(out.name())));
            }
        } else {
            try (Pass pass = Pass.infer()) {
                eager().forEach((name, t) -> outputs.add(NamedArray.of(name, t)));
            }
        }
        return outputs;
    }

    /** The microseconds of so many runs, one by one. */
    double[] micros(int runs) {
        double[] micros = new double[runs];
        for (int i = 0; i < runs; i++) {
            long begin = System.nanoTime();
            run();
            micros[i] = (System.nanoTime() - begin) / 1e3;
        }
        return micros;
    }

    private void release() {
        if (session != null) {
            session.close();
            session = null;
        }
        if (plan != null) {
            plan.close();
            plan = null;
        }
    }

    @Override
    public void close() {
        release();
    }
}

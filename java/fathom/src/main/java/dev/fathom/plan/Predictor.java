package dev.fathom.plan;

import dev.fathom.op.DType;
import dev.fathom.op.Shape;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Runs a plan for any number of threads, in sessions that it keeps for the next call of the same sizes. */
final class Predictor {
    /** Sessions that wait for a call, at most: the one that waited longest is closed for another. */
    private static final int WAITING = 2 * Runtime.getRuntime().availableProcessors();

    private final Plan plan;
    private final List<Spec> inputs;
    private final Deque<Session> waiting = new ArrayDeque<>();
    private boolean closed;

    /** The shape and the values of an output. */
    record Prediction(Shape shape, float[] values) {}

    Predictor(Plan plan) {
        this.plan = plan;
        inputs = plan.inputs();
    }

    /** The first output that is no state. */
    Prediction predict(float[]... values) {
        if (values.length != inputs.size()) {
            throw new IllegalArgumentException("predict: " + values.length + " arrays were given but the plan has the "
                    + "inputs " + inputs + "; give one array for each");
        }
        Session session = take(sizes(values));
        boolean done = false;
        try {
            for (int i = 0; i < values.length; i++) {
                set(session, inputs.get(i), values[i]);
            }
            session.run();
            Prediction result = result(session);
            session.clear();
            done = true;
            return result;
        } finally {
            if (done) {
                give(session);
            } else {
                session.close();
            }
        }
    }

    /** The batch and length at which the inputs have so many values. */
    private Sizes sizes(float[]... values) {
        long batch = 0;
        for (int i = 0; i < values.length && batch == 0; i++) {
            if (inputs.get(i).has(Dim.BATCH) && !inputs.get(i).has(Dim.LENGTH)) {
                batch = values[i].length / inputs.get(i).elements(1, 1);
            }
        }
        batch = Math.max(1, batch);
        long length = 0;
        for (int i = 0; i < values.length && length == 0; i++) {
            if (inputs.get(i).has(Dim.LENGTH)) {
                long rows = inputs.get(i).has(Dim.BATCH) ? batch : 1;
                length = Math.max(1, values[i].length / inputs.get(i).elements(rows, 1));
            }
        }
        return new Sizes((int) batch, (int) length);
    }

    private static void set(Session session, Spec input, float[] values) {
        if (input.dtype() == DType.F32) {
            session.set(input.name(), values);
            return;
        }
        DType type = input.dtype();
        ByteBuffer all = ByteBuffer.allocate(Math.multiplyExact(values.length, type.bytes()))
                .order(ByteOrder.nativeOrder());
        for (int i = 0; i < values.length; i++) {
            type.put(all, i, values[i]);
            if (type.isWhole() && type.get(all, i) != values[i]) {
                throw new IllegalArgumentException("predict: input " + input + " holds " + values[i] + " at element "
                        + i + ", which is no " + type + "; give whole numbers");
            }
        }
        session.set(input.name(), all);
    }

    private Prediction result(Session session) {
        if (plan.outputs().isEmpty()) {
            throw new IllegalStateException(
                    "predict: all outputs of the plan are carried state; read them in a session");
        }
        Spec output = plan.outputs().get(0);
        ByteBuffer bytes = session.outputBytes(output.name());
        Shape shape = session.outputShape(output.name());
        float[] values = new float[(int) shape.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) output.dtype().get(bytes, i);
        }
        return new Prediction(shape, values);
    }

    private Session take(Sizes sizes) {
        synchronized (waiting) {
            for (Iterator<Session> all = waiting.descendingIterator(); all.hasNext(); ) {
                Session session = all.next();
                if (session.batch() == sizes.batch() && session.length() == Math.max(1, sizes.length())) {
                    all.remove();
                    return session;
                }
            }
        }
        return sizes.length() == 0 ? plan.newSession(sizes.batch()) : plan.newSession(sizes.batch(), sizes.length());
    }

    private void give(Session session) {
        @Nullable Session over = session;
        synchronized (waiting) {
            if (!closed) {
                waiting.addLast(session);
                over = waiting.size() > WAITING ? waiting.removeFirst() : null;
            }
        }
        if (over != null) {
            over.close();
        }
    }

    /** Closes the sessions that wait, and later those that are given back. */
    void close() {
        synchronized (waiting) {
            closed = true;
            waiting.forEach(Session::close);
            waiting.clear();
        }
    }
}

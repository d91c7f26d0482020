package dev.fathom.bench.ort;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.nio.FloatBuffer;
import java.util.Map;

/**
 * A graph from {@code x} to {@code y} that turns the same numbers into its answer again and again, from float[] to
 * float[].
 */
final class OrtServed implements AutoCloseable {
    private final OrtSession session;
    private final float[] x;
    private final float[] y;
    private final FloatBuffer in;
    private final FloatBuffer out;
    private final Map<String, OnnxTensor> inputs;
    private final Map<String, OnnxTensor> outputs;

    /** Makes the session and its tensors. */
    OrtServed(byte[] graph, int threads, float[] x, long[] shape, long... outShape) throws OrtException {
        this(OrtEnvironment.getEnvironment().createSession(graph, OrtRows.options(threads)), x, shape, outShape);
    }

    /** Makes the tensors, and closes the session in the end. */
    OrtServed(OrtSession session, float[] x, long[] shape, long... outShape) throws OrtException {
        OrtEnvironment env = OrtEnvironment.getEnvironment();
        this.session = session;
        this.x = x;
        int size = 1;
        for (long dim : outShape) {
            size *= (int) dim;
        }
        y = new float[size];
        in = OrtRows.direct(x.length);
        out = OrtRows.direct(size);
        inputs = Map.of("x", OnnxTensor.createTensor(env, in, shape));
        outputs = Map.of("y", OnnxTensor.createTensor(env, out, outShape));
    }

    /** The answer, which the next call overwrites. */
    float[] answer() throws OrtException {
        in.clear();
        in.put(x).rewind();
        try (OrtSession.Result result = session.run(inputs, outputs)) {
            out.rewind();
            out.get(y);
        }
        return y;
    }

    @Override
    public void close() throws OrtException {
        inputs.values().forEach(OnnxTensor::close);
        outputs.values().forEach(OnnxTensor::close);
        session.close();
    }
}

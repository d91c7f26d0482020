package dev.fathom.bench.ort;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.fathom.bench.Work;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Map;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** ONNX Runtime: tensors over direct buffers made once, the output pinned, one thread inside an operator. */
@SuppressWarnings("try") // the result is pinned: closed, not read
public class OrtRows {
    /** What runs here. */
    public static String about() {
        return "ONNX Runtime " + OrtEnvironment.getEnvironment().getVersion();
    }

    static OrtSession.SessionOptions options() throws OrtException {
        OrtSession.SessionOptions options = new OrtSession.SessionOptions();
        options.setIntraOpNumThreads(1);
        options.setInterOpNumThreads(1);
        options.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.ALL_OPT);
        return options;
    }

    static FloatBuffer direct(int floats) {
        return ByteBuffer.allocateDirect(4 * floats)
                .order(ByteOrder.nativeOrder())
                .asFloatBuffer();
    }

    /** The network at batch 1, from float[] to float[]. */
    @State(Scope.Thread)
    public static class Latency {
        private final float[] pixels = Work.gauss(1, Work.MLP[0], 1);
        private final float[] logits = new float[Work.MLP[Work.MLP.length - 1]];
        private final FloatBuffer in = direct(pixels.length);
        private final FloatBuffer out = direct(logits.length);
        private OrtSession session;
        private Map<String, OnnxTensor> inputs;
        private Map<String, OnnxTensor> outputs;

        /** Makes the session and its tensors. */
        @Setup(Level.Trial)
        public void setup() throws OrtException {
            OrtEnvironment env = OrtEnvironment.getEnvironment();
            session = env.createSession(OnnxMlp.bytes(), options());
            inputs = Map.of("x", OnnxTensor.createTensor(env, in, new long[] {1, pixels.length}));
            outputs = Map.of("y", OnnxTensor.createTensor(env, out, new long[] {1, logits.length}));
        }

        float[] run() throws OrtException {
            in.clear();
            in.put(pixels).rewind();
            try (OrtSession.Result result = session.run(inputs, outputs)) {
                out.rewind();
                out.get(logits);
            }
            return logits;
        }

        /** The answer equals the network in double precision. */
        @TearDown(Level.Trial)
        public void check() throws OrtException {
            double[] expected = Work.mlp(pixels);
            for (int i = 0; i < logits.length; i++) {
                Work.check("logit " + i, logits[i], expected[i], 1e-4);
            }
            inputs.values().forEach(OnnxTensor::close);
            outputs.values().forEach(OnnxTensor::close);
            session.close();
        }
    }

    /** One answer. */
    @Benchmark
    public float[] latency(Latency latency) throws OrtException {
        return latency.run();
    }
}

package dev.fathom.bench.ort;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.fathom.bench.Kept;
import dev.fathom.bench.Transformer;
import dev.fathom.bench.Work;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** Transformers in ONNX Runtime: its fused operators, tensors over direct buffers made once, outputs pinned. */
@SuppressWarnings("try") // results are pinned: closed, not read
public class OrtTransformers {
    private static final int THREADS = 2;

    private static IntBuffer ints() {
        return ByteBuffer.allocateDirect(4).order(ByteOrder.nativeOrder()).asIntBuffer();
    }

    /** The encoder {@code bert}, from float[] to float[]. */
    @State(Scope.Thread)
    public static class Frozen {
        /** Whether attention holds the weights of queries, keys and values. */
        @Param("true")
        public boolean packed;

        private final Transformer t = Transformer.of("bert");
        private OrtServed served;

        /** Makes the session and its tensors, or takes those of the turn before. */
        @Setup(Level.Trial)
        public void setup() throws Exception {
            long[] shape = {1, t.length(), t.width()};
            served = Kept.of(
                    () -> new OrtServed(Onnx.encoder(t, packed), THREADS, t.x(), shape, shape), OrtServed::close);
        }

        float[] answer() throws OrtException {
            return served.answer();
        }

        /** The answer is that of the other contenders. */
        @TearDown(Level.Trial)
        public void check() throws OrtException {
            Work.tell(answer());
        }
    }

    /** One answer. */
    @Benchmark
    public float[] answer(Frozen frozen) throws OrtException {
        return frozen.answer();
    }

    /**
     * The net {@code gpt} writes a sequence, each token the likeliest after those before; caches are updated where they
     * lie.
     */
    @State(Scope.Thread)
    public static class Generation {
        private final Transformer t = Transformer.of("gpt");
        private final float[] y = new float[t.vocabulary()];
        private final FloatBuffer out = OrtRows.direct(y.length);
        private final IntBuffer token = ints();
        private final IntBuffer position = ints();
        private final IntBuffer total = ints();
        private final Map<String, OnnxTensor> inputs = new LinkedHashMap<>();
        private final Map<String, OnnxTensor> outputs = new LinkedHashMap<>();
        private OrtSession session;

        /** Makes the session and its tensors. */
        @Setup(Level.Trial)
        public void setup() throws OrtException {
            OrtEnvironment env = OrtEnvironment.getEnvironment();
            session = env.createSession(Onnx.step(t), OrtRows.options(THREADS));
            inputs.put("token", OnnxTensor.createTensor(env, token, new long[] {1, 1}));
            inputs.put("position", OnnxTensor.createTensor(env, position, new long[] {1}));
            inputs.put("lengths", OnnxTensor.createTensor(env, position, new long[] {1}));
            inputs.put("total", OnnxTensor.createTensor(env, total, new long[] {1}));
            outputs.put("y", OnnxTensor.createTensor(env, out, new long[] {1, 1, y.length}));
            long[] shape = {1, t.heads(), t.length(), t.width() / t.heads()};
            for (int i = 0; i < t.layers(); i++) {
                for (String cache : List.of("k" + i, "v" + i)) {
                    OnnxTensor tensor = OnnxTensor.createTensor(env, OrtRows.direct(t.length() * t.width()), shape);
                    inputs.put(cache, tensor);
                    outputs.put("n" + cache, tensor);
                }
            }
        }

        float[] sequence() throws OrtException {
            int next = 0;
            for (int i = 0; i < t.length(); i++) {
                token.put(0, next);
                position.put(0, i);
                total.put(0, i + 1);
                try (OrtSession.Result result = session.run(inputs, outputs)) {
                    out.rewind();
                    out.get(y);
                }
                next = Transformer.likeliest(y);
            }
            return y;
        }

        /** What follows the last token is that of the other contenders. */
        @TearDown(Level.Trial)
        public void check() throws OrtException {
            Work.tell(sequence());
            inputs.values().forEach(OnnxTensor::close);
            outputs.get("y").close();
            session.close();
        }
    }

    /** One sequence. */
    @Benchmark
    public float[] generate(Generation generation) throws OrtException {
        return generation.sequence();
    }
}

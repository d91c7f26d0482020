package dev.fathom.bench.ort;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.fathom.bench.EncoderCase;
import dev.fathom.bench.EncoderParams;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/**
 * Vectors of texts in ONNX Runtime: its fused operators, some texts together that are padded to the longest of them,
 * tensors over direct buffers made once, outputs pinned.
 */
@SuppressWarnings("try") // results are pinned: closed, not read
public class OrtEncoders {
    /** A session, and the texts in parts. */
    @State(Scope.Thread)
    public static class Texts extends EncoderParams {
        /** Texts of a run. */
        @Param("1")
        public int together;

        /** Whether attention holds the weights of queries, keys and values. */
        @Param("true")
        public boolean packed;

        /** Threads of a run. */
        @Param("2")
        public int threads;

        @Override
        protected Encoder make(EncoderCase encoder) throws OrtException {
            OrtEnvironment env = OrtEnvironment.getEnvironment();
            OrtSession session = env.createSession(Onnx.texts(encoder, packed, together > 1), OrtRows.options(threads));
            float[][] vectors = new float[batch][encoder.layersOf().width()];
            List<Part> parts = new ArrayList<>();
            for (EncoderCase.Padded texts : encoder.padded(together)) {
                parts.add(new Part(env, texts, vectors[0].length, together > 1));
            }
            return new Opened(session, parts, vectors);
        }
    }

    private record Opened(OrtSession session, List<Part> parts, float[][] vectors) implements EncoderParams.Encoder {
        @Override
        public float[][] vectors() {
            try {
                for (Part part : parts) {
                    part.run(session, vectors);
                }
            } catch (OrtException e) {
                throw new IllegalStateException(e);
            }
            return vectors;
        }

        @Override
        public void close() throws OrtException {
            parts.forEach(Part::close);
            session.close();
        }
    }

    /** Texts of one run, and its tensors. */
    static final class Part {
        private final EncoderCase.Padded texts;
        private final IntBuffer ids;
        private final FloatBuffer out;
        private final Map<String, OnnxTensor> inputs = new HashMap<>();
        private final Map<String, OnnxTensor> outputs;

        Part(OrtEnvironment env, EncoderCase.Padded texts, int width, boolean masked) throws OrtException {
            this.texts = texts;
            int n = texts.lengths().length;
            ids = ints(n * texts.length());
            IntBuffer types = ints(n * texts.length());
            FloatBuffer shares = OrtRows.direct(n * texts.length());
            shares.put(0, texts.shares());
            long[] shape = {n, texts.length()};
            inputs.put("ids", OnnxTensor.createTensor(env, ids, shape));
            inputs.put("types", OnnxTensor.createTensor(env, types, shape));
            if (masked) {
                IntBuffer lengths = ints(n);
                lengths.put(0, texts.lengths());
                inputs.put("lengths", OnnxTensor.createTensor(env, lengths, new long[] {n}));
            }
            inputs.put("shares", OnnxTensor.createTensor(env, shares, new long[] {n, 1, texts.length()}));
            out = OrtRows.direct(n * width);
            outputs = Map.of("y", OnnxTensor.createTensor(env, out, new long[] {n, width}));
        }

        private static IntBuffer ints(int n) {
            return ByteBuffer.allocateDirect(4 * n)
                    .order(ByteOrder.nativeOrder())
                    .asIntBuffer();
        }

        void run(OrtSession session, float[][] vectors) throws OrtException {
            ids.put(0, texts.ids());
            try (OrtSession.Result result = session.run(inputs, outputs)) {
                for (int i = 0; i < texts.texts().length; i++) {
                    out.get(i * vectors[0].length, vectors[texts.texts()[i]]);
                }
            }
        }

        void close() {
            inputs.values().forEach(OnnxTensor::close);
            outputs.values().forEach(OnnxTensor::close);
        }
    }

    /** The vectors of all texts. */
    @Benchmark
    public float[][] embed(Texts texts) throws Exception {
        return texts.vectors();
    }
}

package dev.fathom.bench.ort;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.fathom.bench.Kept;
import dev.fathom.bench.Network;
import dev.fathom.bench.Recurrence;
import dev.fathom.bench.Work;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** ONNX Runtime: tensors over direct buffers made once, the output pinned. */
@SuppressWarnings("try") // the result is pinned: closed, not read
public class OrtRows {
    /** What runs here. */
    public static String about() {
        return "ONNX Runtime " + OrtEnvironment.getEnvironment().getVersion();
    }

    /** The number of threads inside an operator. */
    static OrtSession.SessionOptions options(int threads) throws OrtException {
        OrtSession.SessionOptions options = new OrtSession.SessionOptions();
        options.setIntraOpNumThreads(threads);
        options.setInterOpNumThreads(1);
        options.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.ALL_OPT);
        return options;
    }

    static FloatBuffer direct(int floats) {
        return ByteBuffer.allocateDirect(4 * floats)
                .order(ByteOrder.nativeOrder())
                .asFloatBuffer();
    }

    /** A network at batch 1, from float[] to float[]. */
    @State(Scope.Thread)
    public static class Latency {
        /** Which: {@code mlp}, {@code lstm}, or that of a {@link Network}. */
        @Param("mlp")
        public String net;

        /** Threads inside an operator. */
        @Param("1")
        public int threads;

        private float[] pixels;
        private OrtServed served;

        /** Makes the session and its tensors, or takes those of the turn before. */
        @Setup(Level.Trial)
        public void setup() throws Exception {
            pixels = switch (net) {
                case "mlp" -> Work.gauss(1, Work.MLP[0], 1);
                case "lstm" -> Recurrence.of(net).x(0);
                default -> Network.of(net).images(1, 1);
            };
            served = Kept.of(this::served, OrtServed::close);
        }

        private OrtServed served() throws OrtException {
            if (net.equals("mlp")) {
                long[] shape = {1, pixels.length};
                return new OrtServed(Onnx.mlp(), threads, pixels, shape, 1, Work.MLP[Work.MLP.length - 1]);
            }
            if (net.equals("lstm")) {
                Recurrence r = Recurrence.of(net);
                return new OrtServed(Onnx.recurrent(r), threads, pixels, new long[] {r.steps(), 1, r.in()}, 1, 1);
            }
            Network network = Network.of(net);
            long[] shape = {1, network.channels(), network.side(), network.side()};
            return new OrtServed(Onnx.network(network), threads, pixels, shape, 1, network.classes());
        }

        float[] run() throws OrtException {
            return served.answer();
        }

        /** The answer is that of the network in double precision, or that of the other contenders. */
        @TearDown(Level.Trial)
        public void check() throws OrtException {
            float[] logits = run();
            if (net.equals("mlp")) {
                Work.checkMlp(pixels, logits, 1e-4);
            } else if (net.equals("lstm")) {
                Work.check("logit", logits[0], Recurrence.of(net).answer(pixels), 1e-5);
            } else {
                Work.tell(logits);
            }
        }
    }

    /** One answer. */
    @Benchmark
    public float[] latency(Latency latency) throws OrtException {
        return latency.run();
    }
}

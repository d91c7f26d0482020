package dev.fathom.bench.tflite;

import dev.fathom.bench.Network;
import dev.fathom.bench.Work;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.tensorflowlite.BuiltinOpResolver;
import org.bytedeco.tensorflowlite.FlatBufferModel;
import org.bytedeco.tensorflowlite.Interpreter;
import org.bytedeco.tensorflowlite.InterpreterBuilder;
import org.bytedeco.tensorflowlite.OpResolver;
import org.bytedeco.tensorflowlite.global.tensorflowlite;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** TensorFlow Lite with XNNPACK, which must take over the whole of a network. */
public class TfliteRows {
    /** What runs here. */
    public static String about() {
        return "TensorFlow Lite " + tensorflowlite.TfLiteVersion().getString() + ", XNNPACK";
    }

    private static void ok(int status) {
        if (status != 0) {
            throw new IllegalStateException("TensorFlow Lite: status " + status);
        }
    }

    /** A network at batch 1, from float[] to float[]. */
    @State(Scope.Thread)
    public static class Latency {
        /** Which: {@code mlp}, or that of a {@link Network}. */
        @Param("mlp")
        public String net;

        /** Threads inside an operator. */
        @Param("1")
        public int threads;

        private float[] pixels;
        private float[] logits;
        private BytePointer file;
        private FlatBufferModel model;
        private OpResolver resolver;
        private Interpreter interpreter;
        private FloatPointer in;
        private FloatPointer out;

        /** Makes the interpreter. */
        @Setup(Level.Trial)
        public void setup() {
            if (net.equals("mlp")) {
                pixels = Work.gauss(1, Work.MLP[0], 1);
                logits = new float[Work.MLP[Work.MLP.length - 1]];
                file = new BytePointer(TfliteFile.mlp());
            } else {
                Network network = Network.of(net);
                pixels = Work.swap(network.images(1, 1), 1, network.channels(), network.side() * network.side());
                logits = new float[network.classes()];
                file = new BytePointer(TfliteFile.of(network));
            }
            model = FlatBufferModel.BuildFromBuffer(file, file.limit());
            resolver = new BuiltinOpResolver();
            interpreter = new Interpreter((Pointer) null);
            try (InterpreterBuilder builder = new InterpreterBuilder(model, resolver)) {
                ok(builder.SetNumThreads(threads));
                ok(builder.apply(interpreter));
            }
            ok(interpreter.AllocateTensors());
            if (!interpreter.primary_subgraph().IsFullyDelegated()) {
                throw new IllegalStateException("XNNPACK does not run all of " + net);
            }
            in = interpreter.typed_input_tensor_float(0);
            out = interpreter.typed_output_tensor_float(0);
        }

        float[] run() {
            in.put(pixels);
            ok(interpreter.Invoke());
            out.get(logits);
            return logits;
        }

        /** The answer is that of the network in double precision, or that of the other contenders. */
        @TearDown(Level.Trial)
        public void check() {
            run();
            if (net.equals("mlp")) {
                Work.checkMlp(pixels, logits, 1e-4);
            } else {
                Work.tell(logits);
            }
            interpreter.close();
            resolver.close();
            model.close();
            file.close();
        }
    }

    /** One answer. */
    @Benchmark
    public float[] latency(Latency latency) {
        return latency.run();
    }
}

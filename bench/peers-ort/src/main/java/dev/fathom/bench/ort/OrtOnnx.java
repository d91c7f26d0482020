package dev.fathom.bench.ort;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.TensorInfo;
import dev.fathom.bench.OnnxFolder;
import dev.fathom.bench.OnnxFolder.Array;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** Models of files, whose free dimensions are given sizes, so that ONNX Runtime can fold what depends on them. */
@SuppressWarnings("try") // results are pinned: closed, not read
public class OrtOnnx {
    /** The file that Fathom has read. */
    @State(Scope.Thread)
    public static class File {
        /** The name of its folder. */
        @Param("resnet50-1x3x224x224")
        public String model;

        /** Threads of a run. */
        @Param("2")
        public int threads;

        final OrtEnvironment env = OrtEnvironment.getEnvironment();
        OnnxFolder folder;

        /** Finds the folder. */
        @Setup(Level.Trial)
        public void setup() {
            folder = OnnxFolder.of(model);
        }

        OrtSession session() throws IOException, OrtException {
            OrtSession.SessionOptions options = OrtRows.options(threads);
            for (Map.Entry<String, Integer> size : folder.sizes().entrySet()) {
                options.setSymbolicDimensionValue(size.getKey(), size.getValue());
            }
            return env.createSession(folder.model().toString(), options);
        }
    }

    /** A session, its inputs and its pinned outputs. */
    @State(Scope.Thread)
    public static class Made extends File {
        private final Map<String, OnnxTensor> inputs = new HashMap<>();
        private final Map<String, OnnxTensor> outputs = new HashMap<>();
        private OrtSession session;

        /** Makes the session and its tensors. */
        @Setup(Level.Trial)
        public void make() throws IOException, OrtException {
            session = session();
            for (Array in : folder.inputs()) {
                TensorInfo info =
                        (TensorInfo) session.getInputInfo().get(in.name()).getInfo();
                inputs.put(in.name(), tensor(info.type, in));
            }
            for (Array out : folder.outputs()) {
                TensorInfo info =
                        (TensorInfo) session.getOutputInfo().get(out.name()).getInfo();
                outputs.put(out.name(), tensor(info.type, new Array(out.name(), out.dims(), true, zeros(out))));
            }
        }

        private static ByteBuffer zeros(Array like) {
            return ByteBuffer.allocate(4 * like.size()).order(ByteOrder.nativeOrder());
        }

        private OnnxTensor tensor(OnnxJavaType type, Array a) throws OrtException {
            long[] dims = Arrays.stream(a.dims()).asLongStream().toArray();
            return OrtCompare.tensor(env, type, a.bytes(), dims);
        }

        void run() throws OrtException {
            session.run(inputs, outputs).close();
        }

        /** The outputs are Fathom's. */
        @TearDown(Level.Trial)
        public void check() throws IOException, OrtException {
            run();
            for (Array out : folder.outputs()) {
                out.check(OrtCompare.array(out.name(), outputs.get(out.name())));
            }
            inputs.values().forEach(OnnxTensor::close);
            outputs.values().forEach(OnnxTensor::close);
            session.close();
        }
    }

    /** One run. */
    @Benchmark
    public void run(Made made) throws OrtException {
        made.run();
    }

    /** From the file to a session that can run. */
    @Benchmark
    public void read(File file) throws IOException, OrtException {
        file.session().close();
    }
}

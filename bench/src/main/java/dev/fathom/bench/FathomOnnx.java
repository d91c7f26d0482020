package dev.fathom.bench;

import dev.fathom.bench.OnnxFolder.Array;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Model;
import dev.fathom.onnx.OnnxExport;
import dev.fathom.onnx.OnnxModel;
import dev.fathom.op.DType;
import dev.fathom.op.Shape;
import dev.fathom.plan.Dim;
import dev.fathom.plan.Plan;
import dev.fathom.plan.Session;
import dev.fathom.plan.Spec;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** Models read from files of ONNX, frozen. */
public class FathomOnnx {
    /** Writes the library's network of this name. */
    static void write(String net, Path file) {
        if (net.equals("bert-base")) {
            try (Model<FathomTransformers.Bert> model = FathomTransformers.Bert.base()) {
                OnnxExport.of(model, (bert, in) -> bert.apply(in[0]), Spec.of("x", DType.I32, Dim.BATCH, Dim.LENGTH))
                        .write(file);
            }
        } else {
            try (Model<Layer> model = FathomNets.library(net)) {
                OnnxExport.of(model, Shape.of(1, 224, 224, 3)).write(file);
            }
        }
    }

    /** A file, and what is read from it. */
    @State(Scope.Thread)
    public static class File {
        /** Name of an {@link OnnxCase}. */
        @Param("resnet50-1x3x224x224")
        public String model;

        OnnxFolder folder;
        private Map<String, Integer> sizes;

        /** Leaves the file for the peers. */
        @Setup(Level.Trial)
        public void setup() throws IOException {
            OnnxCase work = OnnxCase.of(model);
            folder = work.prepared();
            sizes = work.fixed(folder.model());
        }

        Plan plan() {
            return OnnxModel.read(folder.model()).consume(sizes);
        }
    }

    /** A session with its inputs. */
    @State(Scope.Thread)
    public static class Frozen extends File {
        private Plan plan;
        private Session session;

        /** Sets the inputs. */
        @Setup(Level.Trial)
        public void freeze() throws IOException {
            plan = plan();
            List<Array> inputs = folder.inputs();
            session = session(plan, inputs);
            for (Array in : inputs) {
                session.inputBytes(in.name()).put(in.values());
            }
        }

        /** A session of the batch and the length that the inputs have. */
        private static Session session(Plan plan, List<Array> inputs) {
            int batch = plan.defaultBatch();
            int length = -1;
            for (int i = 0; i < inputs.size(); i++) {
                int[] dims = inputs.get(i).dims();
                for (int d = 0; d < dims.length; d++) {
                    int free = plan.inputs().get(i).dims()[d];
                    batch = free == Dim.BATCH ? dims[d] : batch;
                    length = free == Dim.LENGTH ? dims[d] : length;
                }
            }
            return length < 0 ? plan.newSession(batch) : plan.newSession(batch, length);
        }

        /** Leaves the outputs, which the peers compare with theirs. */
        @TearDown(Level.Trial)
        public void tell() throws IOException {
            session.run();
            List<Array> outputs = new ArrayList<>();
            for (Spec out : plan.outputs()) {
                outputs.add(Array.of(session, out));
            }
            folder.outputs(outputs);
            session.close();
            plan.close();
        }
    }

    /** One run. */
    @Benchmark
    public void run(Frozen frozen) {
        frozen.session.run();
    }

    /** From the file to a session that can run. */
    @Benchmark
    @SuppressWarnings("try") // a session is made, not run
    public void read(File file) {
        try (Plan plan = file.plan();
                Session session = plan.newSession()) {}
    }
}

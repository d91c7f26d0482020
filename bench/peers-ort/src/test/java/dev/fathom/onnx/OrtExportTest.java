package dev.fathom.onnx;

import static org.assertj.core.api.Assertions.assertThat;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.fathom.autograd.ReturnedTensors;
import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.op.DType;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * ONNX Runtime computes from the files that {@link OnnxExport} writes what the library computes, at several batches and
 * lengths: {@code mvn -Ppeers package -pl bench/peers-ort -am -Dtest=OrtExportTest}.
 */
class OrtExportTest {
    @TempDir
    Path folder;

    static Stream<ExportedNet> nets() {
        return Stream.concat(ExportedNet.all(), ExportedNet.large());
    }

    @ParameterizedTest
    @MethodSource("nets")
    void theNumbersAreTheSame(ExportedNet net) throws OrtException {
        Path file = folder.resolve("net.onnx");
        OrtEnvironment env = OrtEnvironment.getEnvironment();
        try (Model<Net> model = Model.of(net.net(), 1)) {
            net.export(model).write(file);
            try (OrtSession session = env.createSession(file.toString())) {
                compare(net, model.net(), session, env, new ExportedNet.Sizes(1, 9));
                compare(net, model.net(), session, env, new ExportedNet.Sizes(3, 20));
            }
        }
    }

    private static void compare(
            ExportedNet net, Net layers, OrtSession session, OrtEnvironment env, ExportedNet.Sizes sizes)
            throws OrtException {
        Map<String, OnnxTensor> inputs = new HashMap<>();
        try (Pass pass = Pass.infer()) {
            Tensor[] in = net.tensors(sizes);
            for (int i = 0; i < in.length; i++) {
                inputs.put(net.inputs().get(i).name(), given(env, in[i]));
            }
            Map<String, Tensor> expected = new LinkedHashMap<>();
            ReturnedTensors.forEachNamed(net.function().apply(layers, in), Tensor.class, expected::put);
            try (OrtSession.Result result = session.run(inputs)) {
                assertThat(result).hasSameSizeAs(expected.entrySet());
                for (Map.Entry<String, Tensor> e : expected.entrySet()) {
                    same(e.getKey(), channelsFirst(e.getValue()), (OnnxTensor)
                            result.get(e.getKey()).orElseThrow());
                }
            }
        } finally {
            inputs.values().forEach(OnnxTensor::close);
        }
    }

    private static OnnxTensor given(OrtEnvironment env, Tensor x) throws OrtException {
        Tensor turned = channelsFirst(x);
        return x.dtype() == DType.F32
                ? OnnxTensor.createTensor(env, FloatBuffer.wrap(turned.toArray()), dims(turned))
                : OnnxTensor.createTensor(env, IntBuffer.wrap(turned.toIntArray()), dims(turned));
    }

    private static Tensor channelsFirst(Tensor x) {
        return x.shape().rank() == 4 ? x.permute(0, 3, 1, 2) : x;
    }

    private static long[] dims(Tensor x) {
        return Arrays.stream(x.shape().toArray()).asLongStream().toArray();
    }

    private static void same(String name, Tensor expected, OnnxTensor actual) {
        assertThat(actual.getInfo().getShape()).as(name).isEqualTo(dims(expected));
        if (expected.dtype() == DType.I32) {
            int[] ints = new int[(int) expected.size()];
            actual.getIntBuffer().get(ints);
            assertThat(ints).as(name).isEqualTo(expected.toIntArray());
            return;
        }
        float[] x = expected.toArray();
        FloatBuffer y = actual.getFloatBuffer();
        double largest = 1e-30;
        double off = 0;
        for (int i = 0; i < x.length; i++) {
            largest = Math.max(largest, Math.abs(x[i]));
            off = Math.max(off, Math.abs(x[i] - y.get(i)));
        }
        assertThat(off / largest).as(name).isLessThan(1e-5);
    }
}

package dev.fathom.bench.ort;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.fathom.bench.Cold;
import dev.fathom.bench.Work;
import java.nio.FloatBuffer;
import java.util.Map;

/** From the start of the JVM to the first answer of a network read from an ONNX file. */
public final class OrtCold {
    private OrtCold() {}

    /** The file. */
    public static void main(String[] args) throws OrtException {
        OrtEnvironment env = OrtEnvironment.getEnvironment();
        FloatBuffer x = OrtRows.direct(Work.MLP[0]);
        x.put(Cold.pixels()).rewind();
        try (OrtSession session = env.createSession(args[0], OrtRows.options(1));
                OnnxTensor tensor = OnnxTensor.createTensor(env, x, new long[] {1, Work.MLP[0]});
                OrtSession.Result result = session.run(Map.of("x", tensor))) {
            Cold.answered(((float[][]) result.get(0).getValue())[0]);
        }
    }
}

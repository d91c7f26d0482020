package dev.fathom.bench.ort;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.fathom.bench.Cold;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.Map;

/** From the start of the JVM to the first answer of ResNet-50 in a file of ONNX. */
public final class OrtOnnxCold {
    private OrtOnnxCold() {}

    /** {@code FOLDER}, where Fathom has left the file, or {@code write FOLDER} to put the library beside it. */
    public static void main(String[] args) throws IOException, OrtException {
        Path folder = Path.of(args[args.length - 1]);
        if (args.length == 2) {
            OrtCold.unpack(folder);
            return;
        }
        OrtEnvironment env = OrtEnvironment.getEnvironment();
        float[] pixels = Cold.pixels(3 * 224 * 224);
        FloatBuffer x = OrtRows.direct(pixels.length);
        x.put(pixels).rewind();
        String file = folder.resolve("model.onnx").toString();
        try (OrtSession session = env.createSession(file, OrtRows.options(2));
                OnnxTensor tensor = OnnxTensor.createTensor(env, x, new long[] {1, 3, 224, 224});
                OrtSession.Result result = session.run(Map.of("input", tensor))) {
            Cold.answered(((float[][]) result.get(0).getValue())[0], folder.resolve("vector"));
        }
    }
}

package dev.fathom.bench.ort;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.fathom.bench.Cold;
import dev.fathom.bench.Work;
import java.io.IOException;
import java.io.InputStream;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;

/** From the start of the JVM to the first answer of a network read from an ONNX file. */
public final class OrtCold {
    private OrtCold() {}

    /** {@code FILE}, or {@code write FILE} to make it. */
    public static void main(String[] args) throws IOException, OrtException {
        if (args.length == 2) {
            Path file = Path.of(args[1]);
            Files.write(file, Onnx.mlp());
            unpack(file.resolveSibling(""));
            return;
        }
        OrtEnvironment env = OrtEnvironment.getEnvironment();
        FloatBuffer x = OrtRows.direct(Work.MLP[0]);
        x.put(Cold.pixels()).rewind();
        try (OrtSession session = env.createSession(args[0], OrtRows.options(1));
                OnnxTensor tensor = OnnxTensor.createTensor(env, x, new long[] {1, Work.MLP[0]});
                OrtSession.Result result = session.run(Map.of("x", tensor))) {
            Cold.answered(((float[][]) result.get(0).getValue())[0]);
        }
    }

    /** Copies the library into a folder, as a user does who does not want it unpacked at every start. */
    static void unpack(Path folder) throws IOException {
        String system = System.getProperty("os.name").startsWith("Mac") ? "osx-" : "linux-";
        String platform = system + (System.getProperty("os.arch").equals("aarch64") ? "aarch64/" : "x64/");
        for (String name : List.of("onnxruntime", "onnxruntime4j_jni")) {
            String file = System.mapLibraryName(name);
            try (InputStream in =
                    OrtEnvironment.class.getResourceAsStream("/ai/onnxruntime/native/" + platform + file)) {
                if (in == null) {
                    throw new IOException("ONNX Runtime has no library for " + platform);
                }
                Files.copy(in, folder.resolve(file), StandardCopyOption.REPLACE_EXISTING);
            }
        }
    }
}

package dev.fathom.bench.ort;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.fathom.bench.Cold;
import dev.fathom.bench.EncoderCase;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** From the start of the JVM to the first vector of a text by an ONNX file and Hugging Face's tokenizer. */
public final class OrtEncoderCold {
    private OrtEncoderCold() {}

    /** {@code FOLDER}, or {@code write FOLDER} to write the file into it. */
    public static void main(String[] args) throws IOException, OrtException {
        Path folder = Path.of(args[args.length - 1]);
        Path onnx = folder.resolve("model.onnx");
        if (args.length == 2) {
            Files.write(onnx, Onnx.texts(EncoderCase.COLD, true, false));
            OrtCold.unpack(folder);
            return;
        }
        OrtEnvironment env = OrtEnvironment.getEnvironment();
        try (HuggingFaceTokenizer tokenizer = HuggingFaceTokenizer.newInstance(folder.resolve("tokenizer.json"));
                OrtSession session = env.createSession(onnx.toString(), OrtRows.options(2))) {
            long[] tokens = tokenizer.encode(EncoderCase.COLD.texts().get(0)).getIds();
            int n = tokens.length;
            IntBuffer ids = ByteBuffer.allocateDirect(4 * n)
                    .order(ByteOrder.nativeOrder())
                    .asIntBuffer();
            IntBuffer types = ByteBuffer.allocateDirect(4 * n)
                    .order(ByteOrder.nativeOrder())
                    .asIntBuffer();
            FloatBuffer shares = OrtRows.direct(n);
            for (int i = 0; i < n; i++) {
                ids.put(i, (int) tokens[i]);
                shares.put(i, 1f / n);
            }
            try (OnnxTensor a = OnnxTensor.createTensor(env, ids, new long[] {1, n});
                    OnnxTensor b = OnnxTensor.createTensor(env, types, new long[] {1, n});
                    OnnxTensor c = OnnxTensor.createTensor(env, shares, new long[] {1, 1, n});
                    OrtSession.Result result = session.run(Map.of("ids", a, "types", b, "shares", c))) {
                Cold.answered(((float[][]) result.get(0).getValue())[0], folder.resolve("vector"));
            }
        }
    }
}

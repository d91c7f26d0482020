package dev.fathom.bench;

import dev.fathom.onnx.OnnxModel;
import dev.fathom.plan.Plan;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** From the start of the JVM to the first answer of ResNet-50 in a file of ONNX. */
public final class FathomOnnxCold {
    private FathomOnnxCold() {}

    /** {@code FOLDER}, or {@code write FOLDER} to make it, with the answer that is expected in {@code vector}. */
    public static void main(String[] args) throws IOException {
        Path folder = Path.of(args[args.length - 1]);
        Path file = folder.resolve("model.onnx");
        if (args.length == 2) {
            Files.createDirectories(folder);
            FathomOnnx.write("resnet50", file);
        }
        try (Plan plan = OnnxModel.read(file).consume()) {
            float[] logits = plan.predict(Cold.pixels(3 * 224 * 224));
            if (args.length == 2) {
                Cold.keep(logits, folder.resolve("vector"));
            } else {
                Cold.answered(logits, folder.resolve("vector"));
            }
        }
    }
}

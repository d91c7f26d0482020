package dev.fathom.bench;

import dev.fathom.pretrained.Embedder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** From the start of the JVM to the first vector of a text by the encoder of a folder. */
public final class FathomEncoderCold {
    private FathomEncoderCold() {}

    /** {@code FOLDER}, or {@code write FOLDER} to make it, with the vector that is expected in {@code vector}. */
    public static void main(String[] args) throws IOException {
        Path folder = Path.of(args[args.length - 1]);
        if (args.length == 2) {
            Files.createDirectories(folder);
            EncoderCase.COLD.write(folder);
        }
        try (Embedder embedder = Embedder.load(folder)) {
            float[] vector = embedder.embed(EncoderCase.COLD.texts().get(0));
            if (args.length == 2) {
                Cold.keep(vector, folder.resolve("vector"));
            } else {
                Cold.answered(vector, folder.resolve("vector"));
            }
        }
    }
}

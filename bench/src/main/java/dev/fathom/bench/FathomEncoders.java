package dev.fathom.bench;

import dev.fathom.pretrained.Embedder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** Vectors of texts by the embedder of a folder, with all that it does for them. */
public class FathomEncoders {
    /** A folder, and the texts. */
    @State(Scope.Thread)
    public static class Texts extends EncoderParams {
        private List<String> texts;
        private Embedder embedder;

        /** Loads the folder. */
        @Setup(Level.Trial)
        public void setup() throws IOException {
            EncoderCase encoder = encoder();
            texts = encoder.texts();
            Path folder = Files.createTempDirectory("encoder");
            encoder.write(folder);
            embedder = Embedder.load(folder);
            try (Stream<Path> files = Files.list(folder)) {
                for (Path file : files.toList()) {
                    Files.delete(file);
                }
            }
            Files.delete(folder);
        }

        float[][] vectors() {
            return embedder.embed(texts);
        }

        /** The vectors are those of the other contenders. */
        @TearDown(Level.Trial)
        public void check() {
            EncoderCase.tell(vectors());
            embedder.close();
        }
    }

    /** The vectors of all texts. */
    @Benchmark
    public float[][] embed(Texts texts) {
        return texts.vectors();
    }
}

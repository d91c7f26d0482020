package dev.fathom.bench;

import dev.fathom.pretrained.Embedder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** Vectors of texts by the embedder of a folder, with all that it does for them. */
public class FathomEncoders {
    /** A folder, and the texts. */
    @State(Scope.Thread)
    public static class Texts extends EncoderParams {
        @Override
        protected Loaded make(EncoderCase encoder) throws IOException {
            Path folder = Files.createTempDirectory("encoder");
            encoder.write(folder);
            Loaded loaded = new Loaded(encoder.texts(), Embedder.load(folder));
            try (Stream<Path> files = Files.list(folder)) {
                for (Path file : files.toList()) {
                    Files.delete(file);
                }
            }
            Files.delete(folder);
            return loaded;
        }
    }

    /** An embedder, and the texts that it is to embed. */
    record Loaded(List<String> texts, Embedder embedder) implements EncoderParams.Encoder {
        @Override
        public float[][] vectors() {
            return embedder.embed(texts);
        }

        @Override
        public void close() {
            embedder.close();
        }
    }

    /** The vectors of all texts. */
    @Benchmark
    public float[][] embed(Texts texts) throws Exception {
        return texts.vectors();
    }
}

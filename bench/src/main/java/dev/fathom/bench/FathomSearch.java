package dev.fathom.bench;

import dev.fathom.retrieval.Neighbor;
import dev.fathom.retrieval.VectorFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** The nearest of many vectors in a file that was read into memory, or is mapped while memory holds its pages. */
public class FathomSearch {
    /** A file of vectors and a query. */
    @State(Scope.Thread)
    public static class Searching {
        /** {@code f32} or {@code int8}, and {@code -mapped} behind it if the file is mapped. */
        @Param("f32")
        public String kind = "f32";

        private VectorFile file;
        private float[] query;

        /** Writes the file and reads it once, or takes that of the turn before. */
        @Setup(Level.Trial)
        public void setup() throws Exception {
            query = Work.vector(Work.VECTORS);
            file = Kept.of(this::write, VectorFile::close);
        }

        private VectorFile write() throws IOException {
            Path path = Files.createTempFile("search", ".safetensors");
            path.toFile().deleteOnExit();
            VectorFile.write(path, Work.VECTOR, VectorFile.Metric.DOT, kind.startsWith("int8"), rows -> {
                for (int i = 0; i < Work.VECTORS; i++) {
                    rows.add(Work.vector(i));
                }
            });
            VectorFile made = kind.endsWith("-mapped") ? VectorFile.open(path) : VectorFile.load(path);
            Files.delete(path); // what is mapped stays until it is closed
            List<Neighbor> found = made.nearest(query, Work.NEAREST);
            Work.tell(found.stream().mapToDouble(Neighbor::index).toArray());
            return made;
        }

        List<Neighbor> search() {
            return file.nearest(query, Work.NEAREST);
        }
    }

    /** The ten nearest of a million. */
    @Benchmark
    public List<Neighbor> nearest(Searching searching) {
        return searching.search();
    }
}

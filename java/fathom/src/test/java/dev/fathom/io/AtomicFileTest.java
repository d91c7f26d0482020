package dev.fathom.io;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("any-instruction-set")
class AtomicFileTest {
    @TempDir
    Path temp;

    /** Each of several threads may be the one that makes the folder, between any two looks of another at it. */
    @Test
    void threadsWriteIntoAFolderThatIsNotThereYet() throws Exception {
        int threads = 4;
        CyclicBarrier start = new CyclicBarrier(threads);
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        try {
            for (int round = 0; round < 500; round++) {
                Path folder = temp.resolve(round + "/kept/part");
                List<Future<Path>> written = new ArrayList<>();
                for (int i = 0; i < threads; i++) {
                    Path file = folder.resolve(i + ".txt");
                    written.add(pool.submit(() -> {
                        start.await();
                        AtomicFile.write(file, out -> out.write(1));
                        return file;
                    }));
                }
                for (Future<Path> one : written) {
                    assertThat(one.get()).hasSize(1);
                }
            }
        } finally {
            pool.shutdownNow();
        }
    }
}

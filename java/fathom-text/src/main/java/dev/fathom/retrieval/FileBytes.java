package dev.fathom.retrieval;

import dev.fathom.io.MappedFile;
import dev.fathom.offheap.Block;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/** The bytes of a file: mapped, of which kernels get copies, or in memory, where they read them in place. */
final class FileBytes {
    /** What one thread reads at once. */
    private static final long PIECE = 4 << 20;

    private final MappedFile file;
    private final @Nullable Block memory;

    private FileBytes(MappedFile file, @Nullable Block memory) {
        this.file = file;
        this.memory = memory;
    }

    static FileBytes mapped(Path path) {
        return new FileBytes(MappedFile.open(path), null);
    }

    /** Reads all of it, by all threads. */
    static FileBytes loaded(Path path) {
        try (MappedFile file = MappedFile.open(path)) {
            Block memory = new Block("file of vectors", file.size(), true);
            boolean done = false;
            try {
                LongStream.range(0, (file.size() + PIECE - 1) / PIECE)
                        .map(i -> i * PIECE)
                        .parallel()
                        .forEach(at -> {
                            int n = (int) Math.min(PIECE, file.size() - at);
                            file.read(at, Block.at(memory.address() + at, n));
                        });
                done = true;
                return new FileBytes(file, memory);
            } catch (IllegalStateException e) {
                throw original(e);
            } finally {
                if (!done) {
                    memory.close();
                }
            }
        }
    }

    /** An exception of another thread of a stream comes inside a copy, whose message has the name of a class. */
    static IllegalStateException original(IllegalStateException e) {
        return e.getCause() instanceof IllegalStateException cause ? cause : e;
    }

    long size() {
        return file.size();
    }

    /** Fills a buffer with the bytes from {@code at} on. */
    void read(long at, ByteBuffer to) {
        if (memory == null) {
            file.read(at, to);
        } else {
            to.put(Block.at(memory.address() + at, to.remaining()));
        }
    }

    /** Returns the address of {@code n} bytes, which are copied to {@code room} if they are not in memory. */
    long find(long at, int n, long room) {
        if (memory != null) {
            return memory.address() + at;
        }
        file.read(at, Block.at(room, n));
        return room;
    }

    /** Keeps what is in memory there until {@link #release}, also for threads that work for this one. */
    void lease() {
        if (memory != null) {
            memory.lease();
        }
    }

    void release() {
        if (memory != null) {
            memory.release();
        }
    }

    void close() {
        file.close();
        if (memory != null) {
            memory.close();
        }
    }
}

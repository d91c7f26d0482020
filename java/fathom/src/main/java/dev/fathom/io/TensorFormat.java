package dev.fathom.io;

import java.nio.file.Path;

/**
 * A format of files of named tensors that a module beside the library reads, found by {@link java.util.ServiceLoader}
 * for {@link TensorFile#open} and {@link dev.fathom.nn.Model#load(Path)}.
 */
public interface TensorFormat {
    /**
     * Whether a file is of this format, as its name and its first bytes tell.
     *
     * @param head its first bytes, at most 512 of them
     */
    boolean reads(Path file, byte[] head);

    /**
     * Opens a file for which {@link #reads} is true, and checks what it says of its tensors.
     *
     * @throws IllegalArgumentException if it is damaged
     * @throws java.io.UncheckedIOException if it cannot be read
     */
    TensorFile open(Path file);
}

package dev.fathom.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.EOFException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Bytes of files, opened and mapped, are read alike, and a file that became shorter is an error. */
class BytesTest {
    private static final int SIZE = 3_000_000;

    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void ofAFile(boolean mapped) throws IOException {
        byte[] all = new byte[SIZE];
        all[SIZE - 1] = 7;
        Path file = Files.write(folder.resolve("bytes"), all);
        Bytes bytes = mapped ? Bytes.mapped(file, "a file") : Bytes.of(file, "a file");
        byte[] some = new byte[100];
        bytes.read(SIZE - 50, some, 50);
        assertThat(bytes.length()).isEqualTo(SIZE);
        assertThat(some[49]).isEqualTo((byte) 7);
        assertThatThrownBy(() -> bytes.read(SIZE - 50, some, 51)).isInstanceOf(EOFException.class);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.truncate(1000);
        }
        assertThatThrownBy(() -> bytes.read(2_000_000, some, 100)).isInstanceOf(EOFException.class);
        bytes.close();
        Path empty = Files.createFile(folder.resolve("empty"));
        Bytes none = mapped ? Bytes.mapped(empty, "a file") : Bytes.of(empty, "a file");
        assertThat(none.length()).isZero();
        none.close();
    }
}

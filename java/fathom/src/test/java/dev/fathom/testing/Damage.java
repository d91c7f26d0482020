package dev.fathom.testing;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;

/** Files as they should not be. */
public final class Damage {
    private Damage() {}

    /** Without cutting the file to nothing first, which makes some file systems write each version to the disk. */
    public static void overwrite(Path file, byte[] bytes) throws IOException {
        try (RandomAccessFile f = new RandomAccessFile(file.toFile(), "rw")) {
            f.write(bytes);
            f.setLength(bytes.length);
        }
    }

    /**
     * A copy with fewer than {@code flips} of the first {@code within} bytes drawn anew, and every fourth time cut, or
     * longer by less than {@code longer}.
     */
    public static byte[] of(byte[] whole, int flips, int within, int longer, Random random) {
        byte[] bytes = whole.clone();
        for (int i = random.nextInt(flips); i > 0; i--) {
            bytes[random.nextInt(within)] = (byte) random.nextInt(256);
        }
        return random.nextInt(4) == 0 ? Arrays.copyOf(bytes, random.nextInt(bytes.length + longer)) : bytes;
    }
}

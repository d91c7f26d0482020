package dev.fathom.experiments.data;

import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.zip.GZIPOutputStream;

/**
 * A project folder with four small idx files: 28x28 noise with a bright bar whose row is the class, every seventh label
 * wrong.
 */
public final class TinyImages {
    public static final int TRAIN = 600;
    public static final int TEST = 120;

    private TinyImages() {}

    public static Path write(Path root) throws IOException {
        Path folder = Files.createDirectories(root.resolve("test-data/fashion-mnist"));
        set(folder, "train", TRAIN, 1);
        set(folder, "t10k", TEST, 2);
        return root;
    }

    private static void set(Path folder, String name, int n, int seed) throws IOException {
        Random random = new Random(seed);
        byte[] labels = new byte[n];
        byte[] pixels = new byte[n * 784];
        for (int i = 0; i < n; i++) {
            int shown = i % 10;
            labels[i] = (byte) (i % 7 == 0 ? random.nextInt(10) : shown);
            for (int p = 0; p < 784; p++) {
                pixels[784 * i + p] = (byte) (random.nextInt(60) + (p / 28 / 2 == shown + 2 ? 180 : 0));
            }
        }
        idx(folder.resolve(name + "-images-idx3-ubyte.gz"), pixels, n, 28, 28);
        idx(folder.resolve(name + "-labels-idx1-ubyte.gz"), labels, n);
    }

    public static void idx(Path file, byte[] values, int... dims) throws IOException {
        try (var out = new DataOutputStream(new GZIPOutputStream(Files.newOutputStream(file)))) {
            out.writeInt(0x800 | dims.length);
            for (int d : dims) {
                out.writeInt(d);
            }
            out.write(values);
        }
    }
}

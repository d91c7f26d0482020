package dev.fathom.experiments.data;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.SplittableRandom;

/**
 * Stand-ins for sets of images: digits of seven segments, and stripes whose slope and color tell the class. A few
 * labels are wrong, so that no network is perfect.
 */
final class DrawnImages {
    /** Which of the segments top, upper left, upper right, middle, lower left, lower right, bottom a digit has. */
    private static final String[] SEGMENTS = {
        "1110111", "0010010", "1011101", "1011011", "0111010", "1101011", "1101111", "1010010", "1111111", "1111011"
    };

    private DrawnImages() {}

    /** Writes {@code n} images and their labels in the format of MNIST. */
    static void idx(Path images, Path labels, int n, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        ByteBuffer pixels = ByteBuffer.allocate(16 + n * 784);
        ByteBuffer classes = ByteBuffer.allocate(8 + n);
        pixels.putInt(2051).putInt(n).putInt(28).putInt(28);
        classes.putInt(2049).putInt(n);
        for (int i = 0; i < n; i++) {
            int label = random.nextInt(10);
            pixels.put(digit(label, random));
            classes.put((byte) said(label, 10, random));
        }
        StandIn.bytes(images, pixels.array());
        StandIn.bytes(labels, classes.array());
    }

    /** A digit of random place, slope, width and brightness: bytes [28, 28]. */
    private static byte[] digit(int digit, SplittableRandom random) {
        int left = random.nextInt(5, 11);
        int top = random.nextInt(3, 8);
        int wide = random.nextInt(7, 11);
        int half = random.nextInt(7, 9);
        double slope = random.nextDouble(-0.15, 0.3);
        int bright = random.nextInt(150, 256);
        int pen = random.nextInt(2, 4);
        int[][] boxes = { // row, column, rows, columns
            {0, 0, pen, wide},
            {0, 0, half, pen},
            {0, wide - pen, half, pen},
            {half - 1, 0, pen, wide},
            {half, 0, half, pen},
            {half, wide - pen, half, pen},
            {2 * half - pen, 0, pen, wide}
        };
        byte[] image = new byte[784];
        for (int s = 0; s < boxes.length; s++) {
            for (int row = boxes[s][0]; SEGMENTS[digit].charAt(s) == '1' && row < boxes[s][0] + boxes[s][2]; row++) {
                for (int column = boxes[s][1]; column < boxes[s][1] + boxes[s][3]; column++) {
                    int x = left + column + (int) Math.round(slope * (half - row));
                    image[(top + row) * 28 + x] = (byte) (bright - random.nextInt(60));
                }
            }
        }
        return image;
    }

    /** The label, or one time in twenty any other. */
    private static int said(int label, int classes, SplittableRandom random) {
        return random.nextInt(20) == 0 ? random.nextInt(classes) : label;
    }

    /** Writes {@code n} color images in the format of CIFAR-10 or, with two labels, of CIFAR-100. */
    static void records(Path file, int n, int classes, int labels, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        ByteBuffer records = ByteBuffer.allocate(n * (labels + 3072));
        for (int i = 0; i < n; i++) {
            int label = random.nextInt(classes);
            int said = said(label, classes, random);
            if (labels == 2) {
                records.put((byte) (said / 5));
            }
            records.put((byte) said);
            double angle = Math.PI * (label + random.nextDouble(-0.3, 0.3)) / classes;
            double phase = random.nextDouble(2 * Math.PI);
            for (int channel = 0; channel < 3; channel++) {
                double light = 128 + 60 * Math.sin(label + 2 * channel) + random.nextInt(-20, 21);
                for (int p = 0; p < 1024; p++) {
                    int row = p / 32;
                    double across = (p % 32) * Math.cos(angle) + row * Math.sin(angle);
                    double value = light + 40 * Math.sin(across + phase) + random.nextInt(-25, 26);
                    records.put((byte) Math.round(Math.max(0, Math.min(255, value))));
                }
            }
        }
        StandIn.bytes(file, records.array());
    }
}

package dev.fathom.labs.generative;

import dev.fathom.view.ImageSheet;
import dev.fathom.view.Shades;
import java.awt.image.BufferedImage;
import java.util.function.IntFunction;

/** Generated images as pictures. */
final class Sheets {
    private static final int SIDE = 28;

    private Sheets() {}

    /** Gray images of 28 x 28 numbers from 0 to 1 in rows, each over its caption. */
    static BufferedImage captioned(float[] pixels, int columns, IntFunction<String> caption) {
        return new ImageSheet(SIDE, SIDE, 1)
                .columns(columns)
                .addAll(pixels, caption)
                .render();
    }

    /** Rows of as many images, of one array and of the other in turn. */
    static float[] alternating(int columns, float[] above, float[] below) {
        int row = columns * SIDE * SIDE;
        float[] both = new float[2 * above.length];
        for (int from = 0; from < above.length; from += row) {
            System.arraycopy(above, from, both, 2 * from, row);
            System.arraycopy(below, from, both, 2 * from + row, row);
        }
        return both;
    }

    /** Gray images of 28 x 28 numbers from 0 to 1 side by side without gaps, twice as large. */
    static BufferedImage mosaic(float[] pixels, int columns) {
        byte[] shades = Shades.unit(pixels);
        int n = shades.length / (SIDE * SIDE);
        int width = 2 * SIDE;
        int rows = (n + columns - 1) / columns;
        BufferedImage all = new BufferedImage(columns * width, rows * width, BufferedImage.TYPE_INT_RGB);
        for (int y = 0; y < all.getHeight(); y++) {
            for (int x = 0; x < all.getWidth(); x++) {
                int image = y / width * columns + x / width;
                int at = (image * SIDE + y % width / 2) * SIDE + x % width / 2;
                all.setRGB(x, y, image < n ? 0x010101 * (shades[at] & 255) : 0);
            }
        }
        return all;
    }
}

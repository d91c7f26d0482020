package dev.fathom.labs.style;

import dev.fathom.image.Picture;
import dev.fathom.tensor.Rng;
import dev.fathom.view.ImageSheet;
import dev.fathom.view.Plots;
import java.nio.file.Path;

/** Pictures that are made and written. */
public final class StylePictures {
    private StylePictures() {}

    /** Gray noise with some color, from which textures begin. */
    public static Picture noise(int height, int width, long seed) {
        float[] values = new Rng(seed).normal(3 * height * width, 127.5f, 30);
        byte[] pixels = new byte[values.length];
        for (int i = 0; i < values.length; i++) {
            pixels[i] = (byte) Math.round(Math.max(0, Math.min(255, values[i])));
        }
        return new Picture(pixels, height, width);
    }

    /** Writes a PNG file. */
    public static void write(Picture picture, Path file) {
        ImageSheet one = new ImageSheet(picture.height(), picture.width(), 3).add(picture.pixels(), "");
        Plots.write(one.images().get(0), file);
    }
}

package dev.fathom.image;

import dev.fathom.memory.Memory;
import dev.fathom.op.DType;
import dev.fathom.op.Shape;
import dev.fathom.tensor.Tensor;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/**
 * A whole photograph, upright and with its proportions, for networks that take images of any size.
 * {@link Preprocessing} cuts the square that a classifier expects out of it.
 *
 * <pre>{@code
 * Picture picture = Picture.read(Path.of("cat.png"), 512);
 * try (var pass = Pass.infer()) {
 *     Picture styled = Picture.of(model.net().apply(picture.tensor()));
 * }
 * }</pre>
 *
 * @param pixels [height, width, 3], red, green, blue
 */
public record Picture(byte[] pixels, int height, int width) {
    private static final int MOST = 1 << 14;

    /**
     * Checks the size.
     *
     * @throws IllegalArgumentException if a side is below 1 or there are not as many bytes as three channels have
     */
    public Picture {
        if (height < 1 || width < 1 || pixels.length != 3L * height * width) {
            throw new IllegalArgumentException("picture: " + pixels.length + " bytes where [" + height + ", " + width
                    + ", 3] has " + 3L * height * width + "; give red, green and blue of every pixel");
        }
    }

    /**
     * Reads a PNG, JPEG or BMP file and resizes it, with the antialiased bilinear filter of Pillow, until its longer
     * side has {@code longer} pixels. A photograph that its camera marked as rotated (EXIF) is turned upright.
     *
     * @throws IllegalArgumentException with the file's name and the reason, if it cannot be opened, is another kind of
     *     file, is damaged, or has colors that are not supported; or if longer is not in 1 to 16,384
     */
    public static Picture read(Path file, int longer) {
        if (longer < 1 || longer > MOST) {
            throw new IllegalArgumentException("picture: longer=" + longer + " must be in 1 to " + MOST);
        }
        try {
            ImageFile.Decoded size = Preprocessing.of(1, 1)
                    .stretched()
                    .filter(Filter.NEAREST)
                    .reader()
                    .read(file);
            double scale = (double) longer / Math.max(size.height(), size.width());
            int h = (int) Math.max(1, Math.rint(scale * size.height()));
            int w = (int) Math.max(1, Math.rint(scale * size.width()));
            byte[] pixels =
                    Preprocessing.of(h, w).stretched().reader().read(file).pixels();
            return new Picture(pixels, h, w);
        } catch (ImageFile.Damaged e) {
            throw new IllegalArgumentException(file + ": " + e.getMessage(), e);
        }
    }

    /**
     * Rounds a tensor [1, height, width, 3] of the current pass, with values from 0 to 1; what lies beyond becomes
     * black or white.
     *
     * @throws IllegalArgumentException if it has another shape
     */
    public static Picture of(Tensor x) {
        Shape shape = x.shape();
        if (shape.rank() != 4 || shape.dim(0) != 1 || shape.dim(3) != 3) {
            throw new IllegalArgumentException("picture: x " + shape + " must be [1, height, width, 3]");
        }
        float[] values = x.toArray();
        byte[] pixels = new byte[values.length];
        for (int i = 0; i < values.length; i++) {
            pixels[i] = (byte) Math.round(255 * Math.max(0, Math.min(1, values[i])));
        }
        return new Picture(pixels, shape.dim(1), shape.dim(2));
    }

    /**
     * Returns the picture as a tensor [1, height, width, 3] of the current pass, with values from 0 to 1.
     *
     * @throws IllegalStateException if no pass is open
     */
    public Tensor tensor() {
        ByteBuffer bytes = Memory.buffer(pixels.length).put(pixels).flip();
        return Tensor.ofBytes(bytes, 1, height, width, 3).to(DType.F32).div(255);
    }
}

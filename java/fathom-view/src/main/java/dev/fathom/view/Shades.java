package dev.fathom.view;

import java.awt.Color;

/**
 * Turns numbers into the bytes of an {@link ImageSheet}: those of a feature map, a filter, a gradient, or a map over a
 * photograph.
 */
public final class Shades {
    private Shades() {}

    /** Maps the smallest number to black and the largest to white; all are black if all are equal. */
    public static byte[] gray(float... values) {
        float least = Float.POSITIVE_INFINITY;
        float most = Float.NEGATIVE_INFINITY;
        for (float v : values) {
            least = Math.min(least, v);
            most = Math.max(most, v);
        }
        byte[] bytes = new byte[values.length];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) (most > least ? Math.round(255 * (values[i] - least) / (most - least)) : 0);
        }
        return bytes;
    }

    /** Maps 0 to black and 1 to white; what lies outside becomes the nearest of them. */
    public static byte[] unit(float... values) {
        byte[] bytes = new byte[values.length];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) Math.round(255 * Math.max(0, Math.min(1, values[i])));
        }
        return bytes;
    }

    /** Maps 0 to the middle gray and the largest magnitude to black or white, for numbers with a sign. */
    public static byte[] signed(float... values) {
        float most = 0;
        for (float v : values) {
            most = Math.max(most, Math.abs(v));
        }
        byte[] bytes = new byte[values.length];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) (most == 0 ? 128 : Math.round(127.5 + 127.5 * values[i] / most));
        }
        return bytes;
    }

    /**
     * Colors a gray photograph by a map: blue where the map is smallest, and red where it is largest.
     *
     * @param photo [height, width, 3]
     * @param map [height, width]
     * @throws IllegalArgumentException when the map has not a number for each pixel
     */
    public static byte[] heat(byte[] photo, float... map) {
        if (photo.length != 3 * map.length) {
            throw new IllegalArgumentException("heat: " + map.length + " numbers for a photograph of " + photo.length
                    + " bytes, which has " + photo.length / 3 + " pixels; give one for each");
        }
        byte[] gray = gray(map);
        byte[] bytes = new byte[photo.length];
        for (int i = 0; i < map.length; i++) {
            double share = (gray[i] & 255) / 255.0;
            int color = Color.HSBtoRGB((float) (2 * (1 - share) / 3), 1, 1);
            double light =
                    0.299 * (photo[3 * i] & 255) + 0.587 * (photo[3 * i + 1] & 255) + 0.114 * (photo[3 * i + 2] & 255);
            for (int c = 0; c < 3; c++) {
                int part = color >> 8 * (2 - c) & 255;
                bytes[3 * i + c] = (byte) Math.round(0.55 * light + 0.45 * part);
            }
        }
        return bytes;
    }
}

package dev.fathom.experiments.pages;

/** Weights as pixels. */
public final class WeightPictures {
    private WeightPictures() {}

    /** {@code n} weights as bytes about a middle gray that is 0, the largest by its size black or white. */
    public static byte[] around(float[] weights, int from, int n) {
        float largest = 0;
        for (int i = from; i < from + n; i++) {
            largest = Math.max(largest, Math.abs(weights[i]));
        }
        byte[] pixels = new byte[n];
        for (int i = 0; i < n; i++) {
            pixels[i] = (byte) Math.round(127.5f + (largest == 0 ? 0 : 127.5f * weights[from + i] / largest));
        }
        return pixels;
    }
}

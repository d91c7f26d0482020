package dev.fathom.labs.codes;

import dev.fathom.features.KMeans;
import dev.fathom.tensor.Rng;
import dev.fathom.train.Workers;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A code by sub-bands: the bins are divided into bands, and each band of a window is replaced by the nearest of the centers that k-means found for it.
 *
 * @param first the first bin of each band
 * @param books the centers of each band
 */
record SubBands(int frames, int[] first, List<KMeans> books) {
    /** Learns {@code 2^bits} centers for each of some bands of about equal width. */
    static SubBands fit(int frames, float[][] windows, int bands, int bits, long seed) {
        int[] first = IntStream.rangeClosed(0, bands)
                .map(b -> b * Windows.BINS / bands)
                .toArray();
        List<KMeans> books = Workers.all().run(bands, b -> {
            float[][] rows = band(frames, windows, first[b], first[b + 1]);
            int[] order = new Rng(seed).split(b).permutation(rows.length);
            float[][] start =
                    IntStream.range(0, 1 << bits).mapToObj(i -> rows[order[i]]).toArray(float[][]::new);
            return KMeans.fit(rows, start);
        });
        return new SubBands(frames, first, books);
    }

    private static float[][] band(int frames, float[][] windows, int from, int to) {
        int width = to - from;
        float[][] rows = new float[windows.length][frames * width];
        for (int w = 0; w < windows.length; w++) {
            for (int t = 0; t < frames; t++) {
                System.arraycopy(windows[w], t * Windows.BINS + from, rows[w], t * width, width);
            }
        }
        return rows;
    }

    /** What is left of windows. */
    float[][] coded(float[][] windows) {
        List<int[]> codes = Workers.all()
                .run(books.size(), b -> books.get(b).assign(band(frames, windows, first[b], first[b + 1])));
        float[][] coded = new float[windows.length][frames * Windows.BINS];
        for (int b = 0; b < books.size(); b++) {
            int width = first[b + 1] - first[b];
            for (int w = 0; w < windows.length; w++) {
                float[] center = books.get(b).centers()[codes.get(b)[w]];
                for (int t = 0; t < frames; t++) {
                    System.arraycopy(center, t * width, coded[w], t * Windows.BINS + first[b], width);
                }
            }
        }
        return coded;
    }
}

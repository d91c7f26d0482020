package dev.fathom.labs.restoration;

import dev.fathom.experiments.data.GarmentScenes;
import dev.fathom.experiments.statistics.Averages;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Segmentation by brightness alone.
 *
 * @param level the hundredths of full brightness from which a pixel belongs to a garment
 * @param garment the class that every such pixel is said to be of
 */
record Threshold(int level, int garment) {
    private static final int LEVELS = 100;

    /** The level that parts garments and ground with the best intersection over union, and the commonest garment. */
    static Threshold of(GarmentScenes scenes) {
        long[] seen = new long[LEVELS + 1];
        long[] objects = new long[LEVELS + 1];
        long[] counts = new long[GarmentScenes.CLASSES.size()];
        for (int i = 0; i < scenes.images().length; i++) {
            for (int p = 0; p < scenes.images()[i].length; p++) {
                int label = scenes.masks()[i][p];
                int level = level(scenes.images()[i][p]);
                counts[label]++;
                seen[level]++;
                objects[level] += label == 0 ? 0 : 1;
            }
        }
        long all = Arrays.stream(objects).sum();
        long hit = 0;
        long said = 0;
        double best = -1;
        int threshold = LEVELS;
        for (int level = LEVELS; level >= 0; level--) {
            hit += objects[level];
            said += seen[level];
            double iou = (double) hit / (all + said - hit);
            threshold = iou > best ? level : threshold;
            best = Math.max(iou, best);
        }
        return new Threshold(threshold, Averages.highest(1, counts.length, label -> counts[label]));
    }

    private static int level(float brightness) {
        return Math.round(LEVELS * brightness);
    }

    /** The class of each pixel. */
    int[][] maps(GarmentScenes scenes) {
        return Arrays.stream(scenes.images())
                .map(image -> IntStream.range(0, image.length)
                        .map(p -> level(image[p]) >= level ? garment : 0)
                        .toArray())
                .toArray(int[][]::new);
    }
}

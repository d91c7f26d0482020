package dev.fathom.labs.restoration;

import dev.fathom.assess.ConfusionMatrix;
import dev.fathom.experiments.data.GarmentScenes;

/**
 * How well maps of classes agree with the true masks.
 *
 * @param pixels all pixels, by true and said class
 * @param edges those that have a neighbor of another class
 * @param objects all pixels, where every class but the first, which is the ground, counts as one
 */
record Segmentation(ConfusionMatrix pixels, ConfusionMatrix edges, ConfusionMatrix objects) {
    /** Compares maps [n][pixels] with masks. */
    static Segmentation of(int[][] said, int[][] masks, int classes) {
        Segmentation all =
                new Segmentation(new ConfusionMatrix(classes), new ConfusionMatrix(classes), new ConfusionMatrix(2));
        for (int i = 0; i < said.length; i++) {
            for (int p = 0; p < said[i].length; p++) {
                all.pixels.add(masks[i][p], said[i][p]);
                all.objects.add(Math.min(1, masks[i][p]), Math.min(1, said[i][p]));
                if (GarmentScenes.edge(masks[i], p)) {
                    all.edges.add(masks[i][p], said[i][p]);
                }
            }
        }
        return all;
    }

    /** Intersection over union, TP / (TP + FP + FN), from F1 = 2 TP / (2 TP + FP + FN). */
    static double iou(ConfusionMatrix counts, int label) {
        double f1 = counts.f1(label);
        return f1 / (2 - f1);
    }
}

package dev.fathom.labs.restoration;

import dev.fathom.assess.ConfusionMatrix;
import java.util.stream.IntStream;

/**
 * How well maps of classes agree with the true masks.
 *
 * @param pixels all pixels, by true and said class
 * @param edges those that have a neighbor of another class
 */
record Segmentation(ConfusionMatrix pixels, ConfusionMatrix edges) {
    /** Compares maps [n][pixels] with masks. */
    static Segmentation of(int[][] said, int[][] masks, int classes) {
        ConfusionMatrix pixels = new ConfusionMatrix(classes);
        ConfusionMatrix edges = new ConfusionMatrix(classes);
        for (int i = 0; i < said.length; i++) {
            for (int p = 0; p < said[i].length; p++) {
                pixels.add(masks[i][p], said[i][p]);
                if (Scenes.edge(masks[i], p)) {
                    edges.add(masks[i][p], said[i][p]);
                }
            }
        }
        return new Segmentation(pixels, edges);
    }

    /**
     * Intersection over union of a class: pixels that are and were said to be of it, in parts of those that are or
     * were. 1 where there are none.
     */
    double iou(int label) {
        long both = pixels.count(label, label);
        long either = -both;
        for (int c = 0; c < pixels.classes(); c++) {
            either += pixels.count(label, c) + pixels.count(c, label);
        }
        return either == 0 ? 1 : (double) both / either;
    }

    /** The mean over all classes. */
    double meanIou() {
        return IntStream.range(0, pixels.classes())
                .mapToDouble(this::iou)
                .average()
                .orElse(1);
    }

    /** Intersection over union of all classes but the first, which is the ground, taken as one. */
    double objectIou() {
        long ground = pixels.count(0, 0);
        long wrong = 0;
        for (int c = 1; c < pixels.classes(); c++) {
            wrong += pixels.count(0, c) + pixels.count(c, 0);
        }
        long objects = pixels.total() - ground - wrong;
        return objects + wrong == 0 ? 1 : (double) objects / (objects + wrong);
    }
}

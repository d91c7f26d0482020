package dev.fathom.labs.restoration;

import dev.fathom.assess.ConfusionMatrix;

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
        return pixels.macro(this::iou);
    }

    /** Intersection over union of all classes but the first, which is the ground, taken as one. */
    double objectIou() {
        long said = pixels.total() - pixels.count(0, 0); // or are of them
        long right = 0;
        for (int is = 1; is < pixels.classes(); is++) {
            for (int says = 1; says < pixels.classes(); says++) {
                right += pixels.count(is, says);
            }
        }
        return said == 0 ? 1 : (double) right / said;
    }
}

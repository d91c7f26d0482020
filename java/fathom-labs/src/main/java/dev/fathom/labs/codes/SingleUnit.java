package dev.fathom.labs.codes;

import java.util.Arrays;

/**
 * How well one number of an example, such as the activation of a hidden unit, says whether the example is of a class
 * (Le et al. 2012). The number, one of {@link #THRESHOLDS} thresholds at equal distances, and the side on which the
 * class lies are chosen by their accuracy on training examples. Accuracy is balanced: it is the mean of the share of
 * the class and the share of all other examples that lie on their side, so that a guess has 50 %.
 *
 * @param unit the number of the unit
 * @param threshold beyond which the answer is yes
 * @param above whether beyond means above
 * @param accuracy on the training examples
 */
record SingleUnit(int unit, float threshold, boolean above, double accuracy) {
    /** As many as Le et al. try. */
    static final int THRESHOLDS = 20;

    /** The best unit for each class. */
    static SingleUnit[] best(float[][] activations, int[] labels, int classes) {
        SingleUnit[] best = new SingleUnit[classes];
        Arrays.fill(best, new SingleUnit(0, 0, true, 0));
        for (int unit = 0; unit < activations[0].length; unit++) {
            float least = Float.POSITIVE_INFINITY;
            float most = Float.NEGATIVE_INFINITY;
            for (float[] row : activations) {
                least = Math.min(least, row[unit]);
                most = Math.max(most, row[unit]);
            }
            float step = (most - least) / THRESHOLDS;
            int[][] counts = new int[classes][THRESHOLDS]; // by the interval between thresholds
            for (int i = 0; i < labels.length && step > 0; i++) {
                counts[labels[i]][Math.min(THRESHOLDS - 1, (int) ((activations[i][unit] - least) / step))]++;
            }
            for (int c = 0; c < classes && step > 0; c++) {
                int t = bestCut(counts, c);
                SingleUnit found = new SingleUnit(unit, least + t * step, true, 0);
                double accuracy = found.on(activations, labels, c);
                if (Math.max(accuracy, 1 - accuracy) > best[c].accuracy) {
                    best[c] = new SingleUnit(unit, found.threshold, accuracy >= 0.5, Math.max(accuracy, 1 - accuracy));
                }
            }
        }
        return best;
    }

    /** The number of intervals below the threshold that tells a class best from the others. */
    private static int bestCut(int[][] counts, int wanted) {
        double of = Arrays.stream(counts[wanted]).sum();
        double others = Arrays.stream(counts).flatMapToInt(Arrays::stream).sum() - of;
        int cut = 0;
        double most = 0;
        double difference = 0;
        for (int t = 0; t < THRESHOLDS; t++) {
            int at = t;
            int here = Arrays.stream(counts).mapToInt(count -> count[at]).sum();
            difference += counts[wanted][t] / of - (here - counts[wanted][t]) / others;
            if (Math.abs(difference) > most) {
                most = Math.abs(difference);
                cut = t + 1;
            }
        }
        return cut;
    }

    /** The balanced accuracy on other examples. */
    double on(float[][] activations, int[] labels, int wanted) {
        int[] right = new int[2];
        int[] count = new int[2];
        for (int i = 0; i < labels.length; i++) {
            int is = labels[i] == wanted ? 1 : 0;
            boolean yes = above ? activations[i][unit] >= threshold : activations[i][unit] < threshold;
            count[is]++;
            right[is] += yes == (is == 1) ? 1 : 0;
        }
        return 0.5 * ((double) right[0] / count[0] + (double) right[1] / count[1]);
    }
}

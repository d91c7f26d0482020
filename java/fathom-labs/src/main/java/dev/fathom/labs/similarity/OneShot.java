package dev.fathom.labs.similarity;

import dev.fathom.labs.statistics.Averages;
import dev.fathom.tensor.Rng;
import java.util.stream.IntStream;

/**
 * One-shot classification: in each episode one image of every class is known, and one other image of every class is to
 * be named by the nearest of them.
 *
 * @param x the vectors of all images
 * @param labels their classes, 0 to classes - 1
 */
record OneShot(float[][] x, int[] labels, int classes) {
    /**
     * The accuracy over episodes.
     *
     * @param low lower end of its 95 % interval
     * @param high upper end of its 95 % interval
     */
    record Accuracy(double mean, double low, double high) {}

    /**
     * The images of an episode.
     *
     * @param known one image of each class
     * @param asked another image of each class
     */
    record Episode(int[] known, int[] asked) {}

    /** Draws an episode. */
    Episode episode(Rng rng) {
        int[] known = new int[classes];
        int[] asked = new int[classes];
        for (int c = 0; c < classes; c++) {
            int label = c;
            int[] of = IntStream.range(0, labels.length)
                    .filter(i -> labels[i] == label)
                    .toArray();
            int[] two = rng.permutation(of.length);
            known[c] = of[two[0]];
            asked[c] = of[two[1]];
        }
        return new Episode(known, asked);
    }

    /** The place in {@code known} of the image that is nearest to {@code asked}. */
    int nearest(int[] known, int asked) {
        int best = 0;
        for (int k = 1; k < known.length; k++) {
            best = distance(known[k], asked) < distance(known[best], asked) ? k : best;
        }
        return best;
    }

    /** The Euclidean distance of two images. */
    double distance(int a, int b) {
        double sum = 0;
        for (int i = 0; i < x[a].length; i++) {
            double d = (double) x[a][i] - x[b][i];
            sum += d * d;
        }
        return Math.sqrt(sum);
    }

    /** The accuracy over {@code episodes} episodes, which the seed of {@code rng} decides. */
    Accuracy accuracy(int episodes, Rng rng) {
        double[] right = new double[episodes];
        for (int e = 0; e < episodes; e++) {
            Episode one = episode(rng.split(e));
            for (int c = 0; c < classes; c++) {
                right[e] += nearest(one.known(), one.asked()[c]) == c ? 1.0 / classes : 0;
            }
        }
        double mean = Averages.mean(right);
        double half = 1.96 * Averages.deviation(right) / Math.sqrt(episodes);
        return new Accuracy(mean, mean - half, mean + half);
    }
}

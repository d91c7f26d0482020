package dev.fathom.labs.similarity;

import dev.fathom.experiments.statistics.Averages;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Vectors;
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
     * The images of an episode.
     *
     * @param known one image of each class
     * @param asked another image of each class
     */
    record Episode(int[] known, int[] asked) {}

    /** Draws an episode. */
    Episode episode(Rng rng) {
        Episode episode = new Episode(new int[classes], new int[classes]);
        for (int c = 0; c < classes; c++) {
            int label = c;
            int[] of = IntStream.range(0, labels.length)
                    .filter(i -> labels[i] == label)
                    .toArray();
            int[] two = rng.permutation(of.length);
            episode.known[c] = of[two[0]];
            episode.asked[c] = of[two[1]];
        }
        return episode;
    }

    /** The place in {@code known} of the image that is nearest to {@code asked}. */
    int nearest(int[] known, int asked) {
        return Averages.lowest(0, known.length, k -> distance(known[k], asked));
    }

    /** The Euclidean distance of two images. */
    double distance(int a, int b) {
        return Math.sqrt(Vectors.squaredDistance(x[a], x[b]));
    }

    /** The share that is right in each of some episodes, which the seed of {@code rng} decides. */
    double[] right(int episodes, Rng rng) {
        return Averages.each(episodes, e -> {
            Episode one = episode(rng.split(e));
            return Averages.share(classes, c -> nearest(one.known, one.asked[c]) == c);
        });
    }
}

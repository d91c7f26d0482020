package dev.fathom.attack;

import dev.fathom.data.Batch;
import dev.fathom.data.Dataset;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;

/**
 * A way to change images so that a network errs. An attack of your own is a function of the network, the images and
 * their labels:
 *
 * <pre>{@code
 * Victim victim = new Victim(model.net(), Shape.of(28, 28, 1), 0, 1);
 * float[] changed = ProjectedGradient.fast(0.1f).of(victim, images, labels);
 * double accuracy = ProjectedGradient.of(0.1f, 40).on(victim, test, 1).accuracy();
 * }</pre>
 */
@FunctionalInterface
public interface Attack {
    /**
     * Returns changed images, within black and white.
     *
     * @param x images in row-major order, one behind the other, which stay as they are
     * @param labels the class of each image, from which an attack leads away, or toward which a targeted one leads
     * @throws IllegalArgumentException if {@code x} is not one image for each label, or a label is no class
     */
    float[] of(Victim victim, float[] x, int... labels);

    /**
     * What a network said of images under attack.
     *
     * @param accuracy of all images
     * @param confidence mean probability of the answers that are wrong, NaN where none is
     */
    record Outcome(double accuracy, double confidence) {}

    /**
     * Attacks all images of a dataset of labels, with random numbers that {@code seed} decides, and returns how the
     * network then does.
     *
     * @throws IllegalArgumentException if the dataset has no labels
     */
    default Outcome on(Victim victim, Dataset data, long seed) {
        if (data.classes() == 0) {
            throw new IllegalArgumentException("attack: the dataset has no labels; give one of images with classes");
        }
        double[] sums = new double[2]; // wrong answers, and their confidence
        Rng rng = new Rng(seed);
        var batches = data.batches(Math.min(250, data.size())).epoch(0);
        while (batches.hasNext()) {
            try (Pass pass = Pass.infer(rng)) {
                Batch batch = batches.next();
                int[] labels = batch.y().toIntArray();
                Victim.Answers said = victim.answers(of(victim, batch.x().toArray(), labels));
                for (int i = 0; i < labels.length; i++) {
                    boolean wrong = said.classes()[i] != labels[i];
                    sums[0] += wrong ? 1 : 0;
                    sums[1] += wrong ? said.confidence()[i] : 0;
                }
            }
        }
        double n = data.size();
        return new Outcome((n - sums[0]) / n, sums[1] / sums[0]);
    }
}

package dev.fathom.labs.adversarial;

import dev.fathom.data.Batch;
import dev.fathom.data.Dataset;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;

/** A way to change images so that a network errs. */
@FunctionalInterface
public interface Attack {
    /** Images of a batch; it decides nothing but the order of random numbers. */
    int BATCH = 250;

    /**
     * Changes images, within black and white.
     *
     * @param labels the class of each image, from which an attack leads away, or toward which a targeted one leads
     */
    float[] of(Victim victim, float[] x, int... labels);

    /**
     * What a network said of images under attack.
     *
     * @param accuracy of all images
     * @param confidence mean probability of the answers that are wrong, NaN where none is
     */
    record Outcome(double accuracy, double confidence) {}

    /** Attacks all images, with random numbers that {@code seed} decides. */
    default Outcome on(Victim victim, Dataset data, long seed) {
        double[] sums = new double[2]; // wrong answers, and their confidence
        Rng rng = new Rng(seed);
        var batches = data.batches(Math.min(BATCH, data.size())).epoch(0);
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

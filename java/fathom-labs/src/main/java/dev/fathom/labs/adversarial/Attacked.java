package dev.fathom.labs.adversarial;

import dev.fathom.data.Batch;
import dev.fathom.data.Batches;
import dev.fathom.data.Dataset;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * What a network said of images under attack.
 *
 * @param accuracy of all images
 * @param confidence mean probability of the answers that are wrong, NaN where none is
 */
public record Attacked(double accuracy, double confidence) {
    private static final int BATCH = 250;

    /** Several versions of a batch of images. */
    private interface Changes {
        List<float[]> of(float[] x, int[] labels);
    }

    /**
     * By the fast gradient sign method with each ε, a part of the range from black to white; one gradient serves all of
     * them.
     */
    public static List<Attacked> fast(Victim victim, Dataset data, float... epsilons) {
        return of(victim, data, 0, (x, labels) -> fast(victim, x, labels, epsilons));
    }

    /** The images changed by the fast gradient sign method with each ε, a part of the range from black to white. */
    public static List<float[]> fast(Victim victim, float[] x, int[] labels, float... epsilons) {
        float[] gradient = victim.gradient(x, labels);
        return IntStream.range(0, epsilons.length)
                .mapToObj(e -> victim.moved(x, gradient, epsilons[e] * (victim.high() - victim.low())))
                .toList();
    }

    /** By an attack whose random numbers {@code seed} decides. */
    static Attacked by(Attack attack, Victim victim, Dataset data, long seed) {
        return of(victim, data, seed, (x, labels) -> List.of(attack.of(victim, x, labels)))
                .get(0);
    }

    private static List<Attacked> of(Victim victim, Dataset data, long seed, Changes changes) {
        double[] right = {};
        double[] sure = {};
        Rng rng = new Rng(seed);
        Batches.Epoch batches = data.batches(Math.min(BATCH, data.size())).epoch(0);
        while (batches.hasNext()) {
            try (Pass pass = Pass.infer(rng)) {
                Batch batch = batches.next();
                int[] labels = batch.y().toIntArray();
                List<float[]> changed = changes.of(batch.x().toArray(), labels);
                right = Arrays.copyOf(right, changed.size());
                sure = Arrays.copyOf(sure, changed.size());
                for (int e = 0; e < right.length; e++) {
                    Victim.Answers said = victim.answers(changed.get(e));
                    for (int i = 0; i < labels.length; i++) {
                        boolean wrong = said.classes()[i] != labels[i];
                        right[e] += wrong ? 0 : 1;
                        sure[e] += wrong ? said.confidence()[i] : 0;
                    }
                }
            }
        }
        double[] rights = right;
        double[] sures = sure;
        int n = data.size();
        return IntStream.range(0, right.length)
                .mapToObj(e -> new Attacked(rights[e] / n, sures[e] / (n - rights[e])))
                .toList();
    }
}

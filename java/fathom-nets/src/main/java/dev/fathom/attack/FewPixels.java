package dev.fathom.attack;

import dev.fathom.op.Checks;

/**
 * Makes one number of an image after another black or white, each time the one for which the gradient promises the
 * largest growth of the loss, dloss/dx (x' - x), until the network errs (in the manner of the saliency maps of Papernot
 * et al. 2016). An image on which the network errs already stays as it is.
 *
 * @param most how many numbers of an image may change
 */
public record FewPixels(int most) implements Attack {
    /**
     * Checks the number.
     *
     * @throws IllegalArgumentException if it is less than 1
     */
    public FewPixels {
        Checks.atLeast("few_pixels", "most", most, 1);
    }

    @Override
    public float[] of(Victim victim, float[] x, int... labels) {
        victim.check(x, labels);
        float[] at = x.clone();
        int size = x.length / labels.length;
        for (int k = 0; k < most; k++) {
            int[] said = victim.answers(at).classes();
            float[] gradient = victim.gradient(at, labels);
            for (int i = 0; i < labels.length; i++) {
                if (said[i] == labels[i]) {
                    int best = i * size;
                    float gain = -1;
                    for (int p = i * size; p < (i + 1) * size; p++) {
                        float promised = gradient[p] * (victim.extreme(gradient[p]) - at[p]); // 0 where it is changed
                        best = promised > gain ? p : best;
                        gain = Math.max(promised, gain);
                    }
                    at[best] = victim.extreme(gradient[best]);
                }
            }
        }
        return at;
    }
}

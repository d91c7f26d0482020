package dev.fathom.labs.adversarial;

/**
 * Makes one pixel after another black or white, each time the one by which the loss grows most by its gradient, until
 * the network errs (in the manner of the saliency maps of Papernot et al. 2016).
 *
 * @param most how many pixels of an image may change
 */
record FewPixels(int most) implements Attack {
    @Override
    public float[] of(Victim victim, float[] x, int... labels) {
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

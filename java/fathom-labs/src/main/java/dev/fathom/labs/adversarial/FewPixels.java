package dev.fathom.labs.adversarial;

/**
 * Makes one pixel after another black or white, each time the one by which the loss grows most by its gradient, until
 * the network errs (in the manner of the saliency maps of Papernot et al. 2016).
 *
 * @param most how many pixels of an image may change
 */
record FewPixels(int most) implements Attack {
    @Override
    public float[] of(Victim victim, float[] x, int[] labels) {
        float[] at = x.clone();
        int size = (int) victim.image().size();
        for (int k = 0; k < most; k++) {
            int[] said = victim.answers(at).classes();
            float[] gradient = victim.gradient(at, labels);
            for (int i = 0; i < labels.length; i++) {
                if (said[i] == labels[i]) {
                    flip(victim, at, gradient, i * size, (i + 1) * size);
                }
            }
        }
        return at;
    }

    /** Changes the pixel that promises most. */
    private static void flip(Victim victim, float[] at, float[] gradient, int from, int to) {
        int best = from;
        float most = -1;
        for (int i = from; i < to; i++) {
            float gain = gradient[i] * (extreme(victim, gradient[i]) - at[i]); // 0 where it is changed already
            if (gain > most) {
                most = gain;
                best = i;
            }
        }
        at[best] = extreme(victim, gradient[best]);
    }

    private static float extreme(Victim victim, float gradient) {
        return gradient > 0 ? victim.high() : victim.low();
    }
}

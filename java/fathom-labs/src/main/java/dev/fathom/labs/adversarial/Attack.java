package dev.fathom.labs.adversarial;

/** A way to change images so that a network errs. */
@FunctionalInterface
interface Attack {
    /**
     * Changes images, within black and white.
     *
     * @param labels the class of each image, from which an attack leads away, or toward which a targeted one leads
     */
    float[] of(Victim victim, float[] x, int[] labels);
}

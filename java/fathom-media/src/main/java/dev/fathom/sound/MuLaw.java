package dev.fathom.sound;

/**
 * Samples in whole levels of the mu-law, which is finer where sound is soft: sign(x) log(1 + mu |x|) / log(1 + mu) with
 * mu = levels - 1 maps samples from -1 to 1 onto itself, and is divided into levels of equal width. Networks that say
 * one sample after another say the probabilities of its levels (van den Oord et al. 2016).
 *
 * <pre>{@code
 * var law = new MuLaw(256);
 * int level = law.level(0.1f);                             // the class to learn
 * float again = law.sample(level);                         // near 0.1
 * }</pre>
 *
 * @param levels their number
 */
public record MuLaw(int levels) {
    /**
     * Checks the number.
     *
     * @throws IllegalArgumentException unless there are 2 to 65,536 levels
     */
    public MuLaw {
        if (levels < 2 || levels > 65_536) {
            throw new IllegalArgumentException("mu-law: levels=" + levels + "; give 2 to 65,536");
        }
    }

    /**
     * Returns the level of a sample, from 0; samples beyond -1 and 1 have the first and the last one.
     *
     * @throws IllegalArgumentException if the sample is NaN
     */
    public int level(float sample) {
        if (Float.isNaN(sample)) {
            throw new IllegalArgumentException("mu-law: a sample is NaN, which has no level; give numbers");
        }
        double mu = levels - 1;
        double compressed = Math.signum(sample) * Math.log1p(mu * Math.min(1, Math.abs(sample))) / Math.log1p(mu);
        return (int) Math.max(0, Math.min(levels - 1, Math.floor((compressed + 1) / 2 * levels)));
    }

    /** Returns the middle of a level from -1 to 1, which is what networks read. */
    public float place(int level) {
        return (level + 0.5f) / levels * 2 - 1;
    }

    /** Returns the sample in the middle of a level. */
    public float sample(int level) {
        double mu = levels - 1;
        double compressed = place(level);
        return (float) (Math.signum(compressed) * Math.expm1(Math.abs(compressed) * Math.log1p(mu)) / mu);
    }
}

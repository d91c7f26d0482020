package dev.fathom.retrieval;

/**
 * A vector as integers: x is about scale times values.
 *
 * @param error the length of x - scale values
 * @param norm the length of x
 */
record Codes(int[] values, double scale, double error, double norm) {
    /** Rounds to integers from -levels to levels, so that the largest number in size becomes one of these two. */
    static Codes of(float[] x, int levels) {
        double largest = 0;
        double squares = 0;
        for (float value : x) {
            largest = Math.max(largest, Math.abs(value));
            squares += (double) value * value;
        }
        double scale = (float) (largest / levels); // as it will be stored
        int[] values = new int[x.length];
        double errors = 0;
        for (int i = 0; i < x.length; i++) {
            values[i] = scale == 0 ? 0 : (int) Math.max(-levels, Math.min(levels, Math.rint(x[i] / scale)));
            double rest = x[i] - scale * values[i];
            errors += rest * rest;
        }
        return new Codes(values, scale, Math.sqrt(errors), Math.sqrt(squares));
    }
}

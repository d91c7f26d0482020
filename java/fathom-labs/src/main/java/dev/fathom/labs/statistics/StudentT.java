package dev.fathom.labs.statistics;

/**
 * Student's distribution of t, by the finite sums for whole degrees of freedom (Abramowitz and Stegun 1964, 26.7.3 and
 * 26.7.4).
 */
final class StudentT {
    private StudentT() {}

    /** P(|T| >= |t|), to about 1e-13. */
    static double twoSided(double t, int degrees) {
        double angle = Math.atan(Math.abs(t) / Math.sqrt(degrees));
        double sin = Math.sin(angle);
        double cos = Math.cos(angle);
        boolean odd = degrees % 2 == 1;
        double term = odd ? cos : 1;
        double sum = degrees == 1 ? 0 : term;
        for (int i = odd ? 3 : 2; i < degrees; i += 2) {
            term *= cos * cos * (i - 1) / i;
            sum += term;
        }
        double within = odd ? 2 / Math.PI * (angle + sin * sum) : sin * sum;
        return Math.max(0, 1 - within);
    }
}

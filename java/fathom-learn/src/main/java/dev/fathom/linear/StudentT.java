package dev.fathom.linear;

/**
 * Student's distribution of t, by the finite sums for whole degrees of freedom (Abramowitz and Stegun 1964, 26.7.3 and
 * 26.7.4).
 */
public final class StudentT {
    private StudentT() {}

    /**
     * Returns P(|T| &gt;= |t|), to about 1e-13.
     *
     * @throws IllegalArgumentException if there is no degree of freedom
     */
    public static double twoSided(double t, int degrees) {
        if (degrees < 1) {
            throw new IllegalArgumentException("Student's t: degrees=" + degrees + " must be at least 1");
        }
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

package dev.fathom.validation;

/**
 * McNemar's test of whether one of two classifiers is better, on the same examples (McNemar 1947; Dietterich 1998).
 * Examples that both get right, or both wrong, say nothing. If neither is better, each of the others is as likely to be
 * right by the first classifier as by the second:
 *
 * <pre>{@code
 * McNemar test = McNemar.of(Classification.of(first, data).right(), Classification.of(second, data).right());
 * System.out.println(test.exact());                         // p-value: small if the difference is not chance
 * }</pre>
 *
 * @param onlyFirst the number of examples that only the first classifier gets right
 * @param onlySecond the number of examples that only the second classifier gets right
 */
public record McNemar(int onlyFirst, int onlySecond) {
    /**
     * Takes the two counts.
     *
     * @throws IllegalArgumentException if one is negative, or their sum is 2<sup>31</sup> or more
     */
    public McNemar {
        if (onlyFirst < 0 || onlySecond < 0 || onlyFirst + onlySecond < 0) {
            throw new IllegalArgumentException("McNemar: " + onlyFirst + " and " + onlySecond
                    + " examples that one classifier alone gets right; give two counts from 0, below 2^31 together");
        }
    }

    /**
     * Counts the examples that only one of two classifiers gets right.
     *
     * @throws IllegalArgumentException if the lengths differ, or there are no examples
     */
    public static McNemar of(boolean[] firstIsRight, boolean[] secondIsRight) {
        if (firstIsRight.length != secondIsRight.length || firstIsRight.length == 0) {
            throw new IllegalArgumentException("McNemar: the first classifier has " + firstIsRight.length
                    + " answers and the second " + secondIsRight.length
                    + "; give the answers of both to the same examples, at least one");
        }
        int first = 0;
        int second = 0;
        for (int i = 0; i < firstIsRight.length; i++) {
            first += firstIsRight[i] && !secondIsRight[i] ? 1 : 0;
            second += secondIsRight[i] && !firstIsRight[i] ? 1 : 0;
        }
        return new McNemar(first, second);
    }

    /**
     * Returns the two-sided p-value by the binomial distribution, min(1, 2 P(X &lt;= min(onlyFirst, onlySecond))) with
     * X ~ B(onlyFirst + onlySecond, 1/2). It is exact for any counts; 1 if the classifiers never differ.
     */
    public double exact() {
        int n = onlyFirst + onlySecond;
        int least = Math.min(onlyFirst, onlySecond);
        double first = 1; // C(n, least) / 2^n, times 2^(n - halved)
        int halved = 0;
        for (int i = 0; i < least; i++) {
            first *= (n - i) / (i + 1.0);
            for (; first > 1 && halved < n; halved++) {
                first /= 2;
            }
        }
        double sum = 0;
        double term = first;
        for (int k = least; k >= 0 && term > sum * 0x1p-60; k--) {
            sum += term;
            term *= k / (n - k + 1.0);
        }
        return Math.min(1, Math.scalb(2 * sum, halved - n));
    }

    /**
     * Returns the statistic with correction for continuity, (|onlyFirst - onlySecond| - 1)^2 / (onlyFirst + onlySecond)
     * (Edwards 1948), and 0 where the counts are the same.
     */
    public double statistic() {
        double difference = Math.abs(onlyFirst - onlySecond) - 1;
        return difference < 0 ? 0 : difference * difference / (onlyFirst + onlySecond);
    }

    /**
     * Returns the two-sided p-value of {@link #statistic} by the chi-square distribution with one degree of freedom. It
     * is an approximation for 25 examples and more; {@link #exact} needs none.
     */
    public double corrected() {
        return upperTail(statistic());
    }

    /** P(X > x) of chi-square with one degree of freedom: the regularized incomplete gamma function Q(1/2, x/2). */
    private static double upperTail(double x) {
        double h = x / 2;
        double scale = Math.exp(-h) * Math.sqrt(h / Math.PI);
        if (h < 1.5) { // 1 - P by its series
            double term = 2;
            double sum = term;
            for (double a = 1.5; term > sum * 0x1p-60; a++) {
                term *= h / a;
                sum += term;
            }
            return 1 - sum * scale;
        }
        double b = h + 0.5; // Lentz's continued fraction
        double c = 1 / Double.MIN_NORMAL;
        double d = 1 / b;
        double fraction = d;
        for (int i = 1; Math.abs(d * c - 1) > 0x1p-52 && i < 1000; i++) {
            double a = -i * (i - 0.5);
            b += 2;
            d = 1 / (a * d + b);
            c = b + a / c;
            fraction *= d * c;
        }
        return scale * fraction;
    }
}

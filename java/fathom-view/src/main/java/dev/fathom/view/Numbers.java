package dev.fathom.view;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Locale;

/** Numbers as people read them, the same in every locale; what is not a number is a dash. */
final class Numbers {
    static final String NONE = "–";

    private Numbers() {}

    /** 0.89617 as {@code 89.62 %}. */
    static String percent(double share) {
        return Double.isNaN(share) ? NONE : String.format(Locale.ROOT, "%.2f %%", 100 * share);
    }

    /** 60000 as {@code 60,000}. */
    static String count(long n) {
        return String.format(Locale.ROOT, "%,d", n);
    }

    /** Four significant digits without an exponent where that is short: {@code 0.001}, {@code 12.5}, {@code 1.2E-9}. */
    static String plain(double x) {
        if (Double.isNaN(x) || Double.isInfinite(x)) {
            return Double.isNaN(x) ? NONE : x > 0 ? "∞" : "-∞";
        }
        if (x == 0) {
            return "0";
        }
        BigDecimal rounded = new BigDecimal(x).round(new MathContext(4)).stripTrailingZeros();
        return Math.abs(x) < 1e-6 || Math.abs(x) >= 1e9 ? rounded.toString() : rounded.toPlainString();
    }

    /** Two significant digits for a small place: {@code 0.013}, {@code -2.5}, {@code 1.2e-09}. */
    static String brief(double x) {
        double size = Math.abs(x);
        return x != 0 && (size < 1e-3 || size >= 1e4)
                ? String.format(Locale.ROOT, "%.1e", x)
                : new BigDecimal(x)
                        .round(new MathContext(2))
                        .stripTrailingZeros()
                        .toPlainString();
    }

    /**
     * The figure called {@code name}: shares in percent, everything else with four decimals (ASCII only, for any
     * terminal).
     */
    static String figure(String name, double x) {
        if (Double.isNaN(x) || Double.isInfinite(x)) {
            return Double.toString(x);
        }
        return isShare(name) ? percent(x) : String.format(Locale.ROOT, "%.4f", x);
    }

    static boolean isShare(String name) {
        return name.endsWith("accuracy");
    }

    /** Seconds as {@code 7 s}, {@code 2 min 05 s} or {@code 3 h 20 min}. */
    static String duration(double seconds) {
        long s = Math.round(seconds);
        if (s < 60) {
            return s + " s";
        }
        if (s < 3600) {
            return String.format(Locale.ROOT, "%d min %02d s", s / 60, s % 60);
        }
        return String.format(Locale.ROOT, "%d h %02d min", s / 3600, s % 3600 / 60);
    }
}

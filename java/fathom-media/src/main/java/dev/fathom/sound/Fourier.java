package dev.fathom.sound;

/**
 * The discrete Fourier transform of {@code size} real numbers: X[k] = sum over t of x[t] exp(-2 pi i k t / size), for
 * the bins k = 0 to size / 2, because the others are their conjugates. A spectrum is [bins, 2], the real and the
 * imaginary part of each bin one after the other, as {@code numpy.fft.rfft} and {@code torch.fft.rfft} with
 * {@code view_as_real} give it; {@link #inverse} divides by the size.
 *
 * <p>The size is any even number up to 2^24. A power of two takes size log size steps (Cooley and Tukey 1965), other
 * sizes about six times as many (Bluestein 1970). All arithmetic is double precision. Any number of threads may share
 * an object.
 */
public final class Fourier {
    private static final int MOST = 1 << 24;

    private final int size;
    /** Of the half size, to which two real numbers become a complex one. */
    private final Complex half;
    /** exp(-2 pi i k / size), real and imaginary, for k = 0 to size / 2. */
    private final double[] turns;

    /**
     * Prepares the transform of this size.
     *
     * @throws IllegalArgumentException unless the size is even and from 2 to 2^24
     */
    public Fourier(int size) {
        if (size < 2 || size > MOST || size % 2 != 0) {
            throw new IllegalArgumentException("fourier: size=" + size + " must be even and from 2 to " + MOST
                    + "; pad with zeros to such a size");
        }
        this.size = size;
        half = Complex.of(size / 2);
        turns = turns(size, size / 2 + 1, -1);
    }

    /** exp(sign 2 pi i k / n) for the first k. */
    private static double[] turns(long n, int count, int sign) {
        double[] turns = new double[2 * count];
        for (int k = 0; k < count; k++) {
            turns[2 * k] = Math.cos(2 * Math.PI * k / n);
            turns[2 * k + 1] = sign * Math.sin(2 * Math.PI * k / n);
        }
        return turns;
    }

    /** Returns how many real numbers are transformed. */
    public int size() {
        return size;
    }

    /** Returns the number of bins: size / 2 + 1. */
    public int bins() {
        return size / 2 + 1;
    }

    /**
     * Returns the spectrum [bins, 2] of {@code size} numbers.
     *
     * @throws IllegalArgumentException if there is another number of them
     */
    public double[] forward(double... x) {
        check("forward", x.length, size, "numbers");
        double[] z = half.transform(x.clone());
        double[] spectrum = new double[2 * bins()];
        int m = size / 2;
        for (int k = 0; k <= m; k++) { // the even and the odd numbers were one complex transform
            int a = 2 * (k % m);
            int b = 2 * ((m - k) % m);
            double evenRe = (z[a] + z[b]) / 2;
            double evenIm = (z[a + 1] - z[b + 1]) / 2;
            double oddRe = (z[a + 1] + z[b + 1]) / 2;
            double oddIm = (z[b] - z[a]) / 2;
            double c = turns[2 * k];
            double s = turns[2 * k + 1];
            spectrum[2 * k] = evenRe + c * oddRe - s * oddIm;
            spectrum[2 * k + 1] = evenIm + c * oddIm + s * oddRe;
        }
        spectrum[1] = 0;
        spectrum[2 * m + 1] = 0;
        return spectrum;
    }

    /**
     * Returns the {@code size} numbers whose spectrum [bins, 2] this is. The imaginary parts of the first and the last
     * bin, which are 0 for real numbers, are ignored.
     *
     * @throws IllegalArgumentException if the spectrum has another size
     */
    public double[] inverse(double... spectrum) {
        check("inverse", spectrum.length, 2 * bins(), "numbers of the bins");
        int m = size / 2;
        double[] z = new double[size];
        for (int k = 0; k < m; k++) {
            double aRe = spectrum[2 * k];
            double aIm = k == 0 ? 0 : spectrum[2 * k + 1];
            double bRe = spectrum[2 * (m - k)];
            double bIm = k == 0 ? 0 : -spectrum[2 * (m - k) + 1];
            double evenRe = (aRe + bRe) / 2;
            double evenIm = (aIm + bIm) / 2;
            double difRe = (aRe - bRe) / 2;
            double difIm = (aIm - bIm) / 2;
            double c = turns[2 * k];
            double s = -turns[2 * k + 1];
            double oddRe = c * difRe - s * difIm;
            double oddIm = c * difIm + s * difRe;
            // conjugated, so that the forward transform is the inverse
            z[2 * k] = evenRe - oddIm;
            z[2 * k + 1] = -(evenIm + oddRe);
        }
        z = half.transform(z);
        for (int i = 0; i < size; i++) {
            z[i] = (i % 2 == 0 ? z[i] : -z[i]) / m;
        }
        return z;
    }

    private void check(String op, int found, int needed, String what) {
        if (found != needed) {
            throw new IllegalArgumentException(op + ": " + found + " " + what + " for a transform of size " + size
                    + ", which takes " + needed + "; give as many");
        }
    }

    /** The transform of complex numbers, real and imaginary parts one after the other. */
    private interface Complex {
        /** Transforms {@code z}, which may be changed, and returns where the result is. */
        double[] transform(double[] z);

        static Complex of(int n) {
            return Integer.bitCount(n) == 1 ? new PowerOfTwo(n, turns(n, Math.max(1, n / 2), -1)) : Chirp.of(n);
        }
    }

    /** Cooley and Tukey's: halves of halves, in place. */
    private record PowerOfTwo(int n, double[] turns) implements Complex {
        @Override
        public double[] transform(double[] z) {
            int bits = Integer.numberOfTrailingZeros(n);
            for (int i = 0; i < n; i++) {
                int j = bits == 0 ? 0 : Integer.reverse(i) >>> 32 - bits;
                if (i < j) {
                    double re = z[2 * i];
                    double im = z[2 * i + 1];
                    z[2 * i] = z[2 * j];
                    z[2 * i + 1] = z[2 * j + 1];
                    z[2 * j] = re;
                    z[2 * j + 1] = im;
                }
            }
            for (int half = 1; half < n; half *= 2) {
                int stride = n / (2 * half);
                for (int from = 0; from < n; from += 2 * half) {
                    for (int k = 0; k < half; k++) {
                        double c = turns[2 * k * stride];
                        double s = turns[2 * k * stride + 1];
                        int a = 2 * (from + k);
                        int b = a + 2 * half;
                        double re = c * z[b] - s * z[b + 1];
                        double im = c * z[b + 1] + s * z[b];
                        z[b] = z[a] - re;
                        z[b + 1] = z[a + 1] - im;
                        z[a] += re;
                        z[a + 1] += im;
                    }
                }
            }
            return z;
        }
    }

    /**
     * Bluestein's: with k t = (k^2 + t^2 - (k - t)^2) / 2 the transform is a convolution, which powers of two can do.
     */
    private record Chirp(int n, PowerOfTwo wide, double[] chirp, double[] filter) implements Complex {
        static Chirp of(int n) {
            int width = Integer.highestOneBit(2 * n - 1) * 2;
            PowerOfTwo wide = new PowerOfTwo(width, turns(width, width / 2, -1));
            double[] chirp = new double[2 * n];
            double[] filter = new double[2 * width];
            for (int t = 0; t < n; t++) {
                long square = (long) t * t % (2L * n); // the angle stays small, and its error with it
                chirp[2 * t] = Math.cos(Math.PI * square / n);
                chirp[2 * t + 1] = -Math.sin(Math.PI * square / n);
                for (int at : new int[] {t, (width - t) % width}) {
                    filter[2 * at] = chirp[2 * t];
                    filter[2 * at + 1] = -chirp[2 * t + 1];
                }
            }
            return new Chirp(n, wide, chirp, wide.transform(filter));
        }

        @Override
        public double[] transform(double[] z) {
            double[] y = new double[filter.length];
            for (int t = 0; t < n; t++) {
                y[2 * t] = z[2 * t] * chirp[2 * t] - z[2 * t + 1] * chirp[2 * t + 1];
                y[2 * t + 1] = z[2 * t] * chirp[2 * t + 1] + z[2 * t + 1] * chirp[2 * t];
            }
            wide.transform(y);
            for (int k = 0; k < filter.length; k += 2) { // conjugated, so that the forward transform is the inverse
                double re = y[k] * filter[k] - y[k + 1] * filter[k + 1];
                y[k + 1] = -(y[k] * filter[k + 1] + y[k + 1] * filter[k]);
                y[k] = re;
            }
            wide.transform(y);
            for (int k = 0; k < n; k++) {
                double re = y[2 * k] / wide.n;
                double im = -y[2 * k + 1] / wide.n;
                z[2 * k] = re * chirp[2 * k] - im * chirp[2 * k + 1];
                z[2 * k + 1] = re * chirp[2 * k + 1] + im * chirp[2 * k];
            }
            return z;
        }
    }
}

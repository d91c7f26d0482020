package dev.fathom.onnx;

import dev.fathom.tensor.Tensor;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Windows and spectra of sampled signals. Complex numbers are pairs in a last dimension of 2. */
final class Signals {
    private Signals() {}

    /** The row of the operator of this name, or null. */
    static @Nullable Operator of(String name) {
        return switch (name) {
            case "HannWindow" -> window(t -> 0.5 - 0.5 * Math.cos(t));
            case "HammingWindow" -> window(t -> 25 / 46.0 - 21 / 46.0 * Math.cos(t));
            case "BlackmanWindow" -> window(t -> 0.42 - 0.5 * Math.cos(t) + 0.08 * Math.cos(2 * t));
            case "DFT" ->
                Operator.one(s -> {
                    Tensor x = s.tensor(0);
                    int rank = x.shape().rank();
                    int axis = Step.axis(
                            s.version() >= 20 ? s.given(2) ? s.array(2).longs()[0] : -2 : s.whole("axis", 1), rank);
                    boolean inverse = s.whole("inverse", 0) != 0;
                    boolean one = s.whole("onesided", 0) != 0;
                    int n = x.dim(axis);
                    int length = s.given(1) ? (int) s.array(1).real() : inverse && one ? 2 * (n - 1) : n;
                    return Held.of(transform(x, axis, length, inverse, one), s.type(0));
                });
            case "STFT" -> Operator.one(Signals::shortTime);
            case "MelWeightMatrix" -> Operator.one(Signals::mel);
            default -> null;
        };
    }

    private static Operator window(DoubleUnaryOperator of) {
        return Operator.one(s -> {
            int n = s.array(0).ints()[0];
            int period = s.whole("periodic", 1) != 0 ? n : n - 1;
            ElementType type = ElementType.of((int) s.whole("output_datatype", 1));
            double[] all = IntStream.range(0, n)
                    .mapToDouble(i -> of.applyAsDouble(2 * Math.PI * i / period))
                    .toArray();
            return Array.cast(new Array(ElementType.DOUBLE, new int[] {n}, all), type);
        });
    }

    /** The discrete Fourier transform along a dimension, as products with its matrix. */
    static Tensor transform(Tensor x, int axis, int length, boolean inverse, boolean one) {
        int rank = x.shape().rank();
        int parts = x.dim(-1);
        int taken = inverse && one ? length / 2 + 1 : length;
        int n = x.dim(axis);
        Tensor t = n > taken ? x.slice(axis, 0, taken) : n < taken ? x.pad(axis, 0, 0, taken - n) : x;
        int[] order = new int[rank]; // the dimension of the transform last, the parts first
        order[0] = rank - 1;
        order[rank - 1] = axis;
        for (int d = 0, k = 1; d < rank - 1; d++) {
            if (d != axis) {
                order[k++] = d;
            }
        }
        t = t.permute(order);
        Tensor re = t.slice(0, 0, 1);
        Tensor im = parts == 2 ? t.slice(0, 1, 2) : null;
        int bins = one && !inverse ? length / 2 + 1 : length;
        Tensor cos = matrix(taken, bins, length, inverse, one, false);
        Tensor sin = matrix(taken, bins, length, inverse, one, true);
        Tensor real = re.linear(cos, null);
        real = im == null ? real : real.sub(im.linear(sin, null));
        if (inverse && one) {
            return back(real, order);
        }
        Tensor imaginary = re.linear(sin, null);
        imaginary = im == null ? imaginary : imaginary.add(im.linear(cos, null));
        return back(Tensor.concat(0, real, imaginary), order);
    }

    private static Tensor back(Tensor t, int[] order) {
        int[] back = new int[order.length];
        for (int d = 0; d < back.length; d++) {
            back[order[d]] = d;
        }
        return t.permute(back);
    }

    /** Rows are the frequencies. Of a one-sided spectrum each but the first, and the middle one, counts twice. */
    private static Tensor matrix(int taken, int bins, int length, boolean inverse, boolean one, boolean sine) {
        float[] all = new float[Array.size(new int[] {bins, taken})];
        for (int k = 0; k < bins; k++) {
            for (int i = 0; i < taken; i++) {
                double angle = 2 * Math.PI * ((long) k * i % length) / length;
                double value = sine ? (inverse ? Math.sin(angle) : -Math.sin(angle)) : Math.cos(angle);
                double twice = inverse && one && i > 0 && 2 * i != length ? 2 : 1;
                all[k * taken + i] = (float) (value * twice / (inverse ? length : 1));
            }
        }
        return Tensor.of(all, bins, taken);
    }

    private static Object shortTime(Step s) {
        Tensor x = s.tensor(0); // [n, length, 1 or 2]
        int step = s.array(1).ints()[0];
        int frame = s.given(3) ? s.array(3).ints()[0] : s.dims(2)[0];
        int n = x.dim(1);
        int frames = (n - frame) / step + 1;
        int[] at = IntStream.range(0, frames * frame)
                .map(i -> i / frame * step + i % frame)
                .toArray();
        Tensor t = x.take(1, Tensor.ofInts(at, frames, frame)); // [n, frames, frame, parts]
        if (s.given(2)) {
            int own = s.dims(2)[0];
            Tensor w = s.tensor(2).reshape(own);
            int before = (frame - own) / 2; // a shorter one lies in the middle
            w = own < frame ? w.pad(0, 0, before, frame - own - before) : w;
            t = t.mul(w.reshape(frame, 1));
        }
        return Held.of(transform(t, 2, frame, false, s.whole("onesided", 1) != 0), s.type(0));
    }

    private static Object mel(Step s) {
        int bands = s.array(0).ints()[0];
        int length = s.array(1).ints()[0];
        double rate = s.array(2).real();
        double low = s.array(3).real();
        double high = s.array(4).real();
        int bins = length / 2 + 1;
        double from = 2595 * Math.log10(1 + low / 700);
        double to = 2595 * Math.log10(1 + high / 700);
        double step = (to - from) / (bands + 2);
        int[] edges = new int[bands + 2];
        for (int i = 0; i < edges.length; i++) {
            double hertz = 700 * (Math.pow(10, (i * step + from) / 2595) - 1);
            edges[i] = (int) Math.floor((length + 1) * hertz / rate);
        }
        double[] all = new double[Array.size(new int[] {bins, bands})];
        for (int b = 0; b < bands; b++) {
            int left = edges[b];
            int middle = edges[b + 1];
            int right = edges[b + 2];
            if (left == middle && middle < bins) {
                all[middle * bands + b] = 1;
            }
            for (int i = left; i <= middle && left < middle && i < bins; i++) {
                all[i * bands + b] = (i - left) / (double) (middle - left);
            }
            for (int i = middle; i < right && i < bins; i++) {
                all[i * bands + b] = (right - i) / (double) (right - middle);
            }
        }
        ElementType type = ElementType.of((int) s.whole("output_datatype", 1));
        return Array.cast(new Array(ElementType.DOUBLE, new int[] {bins, bands}, all), type);
    }
}

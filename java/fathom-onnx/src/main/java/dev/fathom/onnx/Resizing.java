package dev.fathom.onnx;

import dev.fathom.op.DType;
import dev.fathom.op.Resize;
import dev.fathom.tensor.Tensor;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Resize and Upsample in all their forms. Those that a kernel computes are left to it. Of the others each place of the
 * result is a weighted sum of a few places along one dimension after the other.
 */
final class Resizing {
    private final Step s;
    private final String mode;
    private final String coordinates;
    private final String nearest;
    private final boolean antialias;
    private final boolean excludeOutside;
    private final double a;

    private Resizing(Step s) {
        this.s = s;
        boolean old = s.version() < 11;
        mode = s.text("mode", "nearest").replace("bilinear", "linear").replace("trilinear", "linear");
        coordinates = s.text("coordinate_transformation_mode", old ? "asymmetric" : "half_pixel");
        nearest = s.text("nearest_mode", old ? "floor" : "round_prefer_floor");
        antialias = s.whole("antialias", 0) != 0;
        excludeOutside = s.whole("exclude_outside", 0) != 0;
        a = s.real("cubic_coeff_a", -0.75);
    }

    static Object of(Step s) {
        return new Resizing(s).all();
    }

    /** Versions before 11 have no regions, and Upsample before 9 has its scales as an attribute. */
    private Object all() {
        int first = s.version() < 11 ? 1 : 2;
        int rank = s.rank(0);
        int[] from = s.dims(0);
        int[] axes = s.wholes("axes", Operator.inOrder(rank));
        axes = Arrays.stream(axes).map(d -> Step.axis(d, rank)).toArray();
        int[] to = from.clone();
        double[] scales = Arrays.stream(from).mapToDouble(d -> 1).toArray();
        double[] regions = new double[2 * rank];
        Arrays.fill(regions, rank, 2 * rank, 1);
        if (first == 2 && s.given(1) && coordinates.equals("tf_crop_and_resize")) {
            double[] given = s.array(1).reals();
            for (int i = 0; i < axes.length && given.length == 2 * axes.length; i++) {
                regions[axes[i]] = given[i];
                regions[axes[i] + rank] = given[i + axes.length];
            }
        }
        if (s.has("scales") || s.given(first) && Shapes.product(s.dims(first), 0, s.rank(first)) > 0) {
            double[] given;
            if (s.has("scales")) {
                float[] real = s.reals("scales");
                given = IntStream.range(0, real.length)
                        .mapToDouble(i -> real[i])
                        .toArray();
            } else {
                given = s.array(first).reals();
            }
            for (int i = 0; i < axes.length; i++) {
                int d = axes[i];
                scales[d] = given[i];
                to[d] = (int) Math.floor(from[d] * (regions[d + rank] - regions[d]) * given[i]);
            }
        } else {
            sizes(axes, from, s.array(3).ints(), to, scales);
        }
        Held x = s.held(0);
        Object fast = kernel(x, from, to, scales);
        if (fast != null) {
            return fast;
        }
        Tensor t = x.floats();
        boolean crop = coordinates.equals("tf_crop_and_resize");
        Tensor outside = null;
        for (int d = 0; d < rank; d++) {
            boolean same = to[d] == from[d] && scales[d] == 1 && !crop;
            if (!same) {
                double[] places = places(from[d], to[d], scales[d], regions[d], regions[d + rank]);
                t = along(t, x.axis(d), places, from[d], scales[d]);
                if (crop) {
                    outside = outside(outside, x, d, places, from[d]);
                }
            }
        }
        if (outside != null) {
            t = outside.where(Tensor.scalar(s.real("extrapolation_value", 0)), t);
        }
        return x.with(t.to(x.tensor().dtype()));
    }

    private void sizes(int[] axes, int[] from, int[] given, int[] to, double[] scales) {
        String policy = s.text("keep_aspect_ratio_policy", "stretch");
        double one = policy.equals("not_larger") ? Double.POSITIVE_INFINITY : 0;
        for (int i = 0; i < axes.length; i++) {
            double scale = (double) given[i] / from[axes[i]];
            one = policy.equals("not_larger") ? Math.min(one, scale) : Math.max(one, scale);
        }
        for (int i = 0; i < axes.length; i++) {
            int d = axes[i];
            boolean stretched = policy.equals("stretch");
            scales[d] = stretched ? (double) given[i] / from[d] : one;
            to[d] = stretched ? given[i] : (int) Math.floor(one * from[d] + 0.5);
        }
    }

    /** What the library's own kernel computes, or null. */
    private @Nullable Object kernel(Held x, int[] from, int[] to, double[] scales) {
        int rank = from.length;
        boolean inner = rank >= 3 && rank <= 5 && to[0] == from[0] && to[1] == from[1] && !antialias;
        boolean exact = IntStream.range(0, rank).allMatch(d -> Math.abs(scales[d] * from[d] - to[d]) < 1e-6);
        if (!inner || !exact || x.type() != ElementType.FLOAT) {
            return null;
        }
        int[] size = Products.spatial(to);
        boolean multiple = IntStream.range(2, rank).allMatch(d -> to[d] % from[d] == 0);
        boolean one = IntStream.range(2, rank).anyMatch(d -> to[d] == 1);
        Resize how = null;
        if (mode.equals("nearest") && coordinates.equals("asymmetric") && nearest.equals("floor")) {
            how = Resize.NEAREST;
        } else if (mode.equals("nearest")
                && coordinates.equals("half_pixel")
                && nearest.startsWith("round")
                && multiple) {
            how = Resize.NEAREST; // the center of a pixel falls into the one it is a part of
        } else if (mode.equals("linear") && coordinates.equals("half_pixel")) {
            how = Resize.LINEAR;
        } else if (mode.equals("linear") && coordinates.equals("pytorch_half_pixel") && !one) {
            how = Resize.LINEAR;
        } else if (mode.equals("linear") && coordinates.equals("align_corners")) {
            how = Resize.LINEAR_CORNERS;
        }
        return how == null ? null : Held.ofLast(x.channelsLast().resize(how, size), x.type());
    }

    /** Where each place of the result lies in x. */
    private double[] places(int n, int m, double scale, double begin, double end) {
        double width = scale * n; // not rounded, as the specification has it
        return IntStream.range(0, m)
                .mapToDouble(o -> switch (coordinates) {
                    case "asymmetric" -> o / scale;
                    case "align_corners" -> width == 1 ? 0 : o * (n - 1) / (width - 1);
                    case "pytorch_half_pixel" -> m == 1 ? 0 : (o + 0.5) / scale - 0.5;
                    case "half_pixel_symmetric" -> {
                        double adjusted = m / width;
                        yield n / 2.0 * (1 - adjusted) + (o + 0.5) / scale - 0.5;
                    }
                    case "tf_half_pixel_for_nn" -> (o + 0.5) / scale;
                    case "tf_crop_and_resize" ->
                        begin * (n - 1)
                                + (m == 1 ? (end - begin) * (n - 1) / 2 : o * (end - begin) * (n - 1) / (m - 1));
                    case "half_pixel" -> (o + 0.5) / scale - 0.5;
                    default ->
                        throw new IllegalArgumentException("the coordinates " + coordinates + " are not computed");
                })
                .toArray();
    }

    private static Tensor outside(@Nullable Tensor before, Held x, int d, double[] places, int n) {
        float[] mask = new float[places.length];
        for (int o = 0; o < mask.length; o++) {
            mask[o] = places[o] < 0 || places[o] > n - 1 ? 1 : 0;
        }
        int[] dims = Windows.ones(x.rank());
        dims[x.axis(d)] = mask.length;
        Tensor one = Tensor.of(mask, dims);
        return before == null ? one : before.max(one);
    }

    /** Weighted sums of the taps around these places. */
    private Tensor along(Tensor x, int axis, double[] places, int n, double scale) {
        int m = places.length;
        double narrow = antialias ? Math.min(scale, 1) : 1;
        int reach = mode.equals("cubic") ? 2 : 1;
        int begin = mode.equals("nearest") ? 0 : (int) Math.floor(-reach / narrow) + 1;
        int taps = mode.equals("nearest") ? 1 : 2 - 2 * begin;
        int[][] at = new int[taps][m];
        float[][] share = new float[taps][m];
        for (int o = 0; o < m; o++) {
            double p = places[o];
            if (mode.equals("nearest")) {
                double i = switch (nearest) {
                    case "round_prefer_floor" -> Math.ceil(p - 0.5);
                    case "round_prefer_ceil" -> Math.floor(p + 0.5);
                    case "floor" -> Math.floor(p);
                    default -> Math.ceil(p);
                };
                at[0][o] = (int) Math.max(0, Math.min(n - 1, i));
                share[0][o] = 1;
                continue;
            }
            double base = Math.floor(p);
            double ratio = p - base;
            double[] weights = new double[taps];
            double sum = 0;
            for (int k = 0; k < taps; k++) {
                int i = begin + k;
                double distance = Math.abs((i - ratio) * narrow);
                double weight = mode.equals("linear") ? Math.max(0, 1 - distance) : cubic(distance);
                boolean out = base + i < 0 || base + i > n - 1;
                weights[k] = excludeOutside && out ? 0 : weight;
                sum += weights[k];
                at[k][o] = (int) Math.max(0, Math.min(n - 1, base + i));
            }
            for (int k = 0; k < taps; k++) {
                share[k][o] = (float) (antialias || excludeOutside ? weights[k] / sum : weights[k]);
            }
        }
        int[] dims = Windows.ones(x.shape().rank());
        dims[axis] = m;
        Tensor y = null;
        for (int k = 0; k < taps; k++) {
            Tensor part = x.take(axis, Tensor.ofInts(at[k], m));
            if (mode.equals("nearest")) {
                return part;
            }
            part = part.mul(Tensor.of(share[k], dims));
            y = y == null ? part : y.add(part);
        }
        return y == null ? x : y.to(DType.F32);
    }

    /** Convolution by cubic pieces (Keys 1981). */
    private double cubic(double d) {
        if (d <= 1) {
            return ((a + 2) * d - (a + 3)) * d * d + 1;
        }
        return d < 2 ? ((a * d - 5 * a) * d + 8 * a) * d - 4 * a : 0;
    }
}

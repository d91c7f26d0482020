package dev.fathom.onnx;

import dev.fathom.op.DType;
import dev.fathom.op.Window;
import dev.fathom.tensor.Pooled;
import dev.fathom.tensor.Tensor;
import java.util.Arrays;
import java.util.function.BiFunction;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Pooling over windows and over whole images. */
final class Pools {
    private Pools() {}

    /** The row of the operator of this name, or null. */
    static @Nullable Operator of(String name) {
        return switch (name) {
            case "GlobalAveragePool" -> pool((s, x) -> x.mean(inner(x)));
            case "GlobalMaxPool" -> pool((s, x) -> x.max(inner(x)));
            case "GlobalLpPool" ->
                pool((s, x) -> root(powered(x, (int) s.whole("p", 2)).sum(inner(x)), (int) s.whole("p", 2)));
            case "MaxPool" -> new Operator(Pools::max);
            case "AveragePool" ->
                Operator.one(s -> {
                    Tensor x = s.channelsLast(0);
                    return Held.ofLast(average(s, x, window(s, x)), s.type(0));
                });
            case "LpPool" ->
                Operator.one(s -> {
                    int p = (int) s.whole("p", 2);
                    Tensor x = powered(s.channelsLast(0), p);
                    Window w = window(s, x);
                    boolean beyond = s.whole("ceil_mode", 0) != 0; // what a mean does not count
                    Tensor sum =
                            beyond || dilated(w) ? taps(x, w) : x.avgPool(w).mul((double) w.taps());
                    return Held.ofLast(root(sum, p), s.type(0));
                });
            case "MaxUnpool" -> Operator.one(Pools::unpool);
            default -> null;
        };
    }

    private static Operator pool(BiFunction<Step, Tensor, Tensor> pool) {
        return Operator.one(s -> {
            Tensor x = s.channelsLast(0);
            int[] dims = x.shape().toArray();
            Arrays.fill(dims, 1, dims.length - 1, 1);
            return Held.ofLast(pool.apply(s, x).reshape(dims), s.type(0));
        });
    }

    private static int[] inner(Tensor x) {
        return IntStream.range(1, x.shape().rank() - 1).toArray();
    }

    private static Tensor powered(Tensor x, int p) {
        return p == 2 ? x.square() : p == 1 ? x.abs() : x.abs().pow(p);
    }

    private static Tensor root(Tensor x, int p) {
        return p == 2 ? x.sqrt() : p == 1 ? x : x.pow(1.0 / p);
    }

    private static Window window(Step s, Tensor x) {
        int[] dims = x.shape().toArray();
        Window w = Windows.of(s, s.wholes("kernel_shape"), Arrays.copyOfRange(dims, 1, dims.length - 1));
        return s.whole("ceil_mode", 0) != 0 ? w.ceil() : w;
    }

    private static boolean dilated(Window w) {
        return IntStream.range(0, w.rank())
                .anyMatch(d -> w.axis(d).dilation() > 1 && w.axis(d).kernel() > 1);
    }

    /** The kernel of averages takes no dilated windows, so that those are means of slices. */
    private static Tensor average(Step s, Tensor x, Window w) {
        boolean all = s.whole("count_include_pad", 0) != 0;
        if (!dilated(w)) {
            return all ? x.avgPool(w) : x.avgPoolExcludingPadding(w);
        }
        Tensor mean = taps(x, w);
        for (int d = 0; d < w.rank(); d++) {
            int[] dims = Windows.ones(w.rank() + 2);
            float[] counts = counts(w.axis(d), x.dim(d + 1), all);
            dims[d + 1] = counts.length;
            mean = mean.div(Tensor.of(counts, dims));
        }
        return mean;
    }

    /** How many taps of each window lie within the data, or within its padding as well. */
    private static float[] counts(Window.Axis a, int size, boolean padded) {
        float[] counts = new float[a.outputs(size)];
        int before = a.before(size);
        int behind = a.same() ? Integer.MAX_VALUE : before + size + a.after();
        for (int o = 0; o < counts.length; o++) {
            for (int k = 0; k < a.kernel(); k++) {
                int at = o * a.stride() + k * a.dilation();
                boolean within = padded ? at < behind : at >= before && at < before + size;
                counts[o] += within ? 1 : 0;
            }
        }
        return counts;
    }

    /** The sums over windows, with zeros around. */
    private static Tensor taps(Tensor x, Window w) {
        Tensor y = x;
        for (int d = 0; d < w.rank(); d++) {
            Window.Axis a = w.axis(d);
            int size = x.dim(d + 1);
            int out = a.outputs(size);
            int end = (int) ((out - 1) * (long) a.stride() + a.extent());
            Tensor padded = y.pad(d + 1, 0, a.before(size), Math.max(0, end - size - a.before(size)));
            Tensor sum = null;
            for (int k = 0; k < a.kernel(); k++) {
                int from = k * a.dilation();
                Tensor part = padded.slice(d + 1, from, from + (out - 1) * a.stride() + 1, a.stride());
                sum = sum == null ? part : sum.add(part);
            }
            y = sum == null ? y : sum;
        }
        return y;
    }

    private static Object[] max(Step s) {
        Held h = s.held(0);
        Tensor x = h.with(h.channelsLast()).floats();
        Window w = window(s, x);
        if (!s.wants(1)) {
            return new Object[] {Held.ofLast(x.maxPool(w).to(h.type().dtype()), h.type())};
        }
        Pooled y = x.maxPoolWithIndices(w);
        // places within an image and a channel here, within all images and channels there
        int[] dims = h.dims();
        int[] inner = Products.spatial(dims);
        int area = Arrays.stream(inner).reduce(1, Math::multiplyExact);
        Tensor at = y.indices();
        if (s.whole("storage_order", 0) != 0 && inner.length == 2) { // columns lie together
            at = at.mod(inner[1]).mul(inner[0]).add(at.div(inner[1]));
        }
        int c = dims[1];
        int rank = dims.length;
        int[] channels =
                IntStream.range(0, c).map(i -> Math.multiplyExact(i, area)).toArray();
        int[] images = IntStream.range(0, dims[0])
                .map(i -> Math.multiplyExact(i, Math.multiplyExact(c, area)))
                .toArray();
        int[] shape = Windows.ones(rank);
        shape[0] = dims[0];
        at = at.add(Tensor.ofInts(channels, c)).add(Tensor.ofInts(images, shape));
        return new Object[] {Held.ofLast(y.values().to(h.type().dtype()), h.type()), Held.ofLast(at, ElementType.INT64)
        };
    }

    private static Object unpool(Step s) {
        int[] dims = s.dims(0);
        int rank = dims.length - 2;
        int[] kernel = s.wholes("kernel_shape");
        int[] strides = s.wholes("strides", Windows.ones(rank));
        int[] pads = s.wholes("pads", new int[2 * rank]);
        int[] own = new int[rank];
        for (int d = 0; d < rank; d++) {
            own[d] = (dims[d + 2] - 1) * strides[d] - pads[d] - pads[d + rank] + kernel[d];
        }
        // the indices count within the sizes that follow, whatever size the result is to have
        int area = Arrays.stream(own).reduce(1, Math::multiplyExact);
        Tensor at = s.held(1).channelsLast().mod(area);
        int[] to = own;
        if (s.given(2)) {
            to = Products.spatial(s.array(2).ints());
            Tensor places = at.mul(0);
            Tensor rest = at;
            for (int d = rank - 1, stride = 1; d >= 0; d--) {
                places = places.add(rest.mod(own[d]).mul(stride));
                rest = rest.div(own[d]);
                stride *= to[d];
            }
            at = places;
        }
        return Held.ofLast(s.channelsLast(0).to(DType.F32).maxUnpool(at, to), s.type(0));
    }
}

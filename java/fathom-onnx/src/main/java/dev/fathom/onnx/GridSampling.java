package dev.fathom.onnx;

import static java.util.Objects.requireNonNull;

import dev.fathom.op.DType;
import dev.fathom.tensor.Tensor;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Samples of images at places that a grid of numbers from -1 to 1 names (Jaderberg et al. 2015). */
final class GridSampling {
    private final String padding;
    private final boolean corners;
    private final int[] sizes;
    /** The pixels of all images [n h w, c]. */
    private final Tensor pixels;
    /** The first pixel of each image. */
    private final Tensor first;

    /** @param x images [n, sizes.., c] */
    private GridSampling(Tensor x, String padding, boolean corners) {
        this.padding = padding;
        this.corners = corners;
        int[] dims = x.shape().toArray();
        sizes = Arrays.copyOfRange(dims, 1, dims.length - 1);
        int area = Shapes.product(sizes, 0, sizes.length);
        pixels = x.reshape(dims[0] * area, dims[dims.length - 1]);
        first = Tensor.ofInts(IntStream.range(0, dims[0]).map(i -> i * area).toArray(), dims[0]);
    }

    static Object of(Step s) {
        Tensor x = s.channelsLast(0);
        Tensor grid = s.tensor(1); // [n, places.., rank], x first
        int rank = grid.dim(-1);
        GridSampling g = new GridSampling(x, s.text("padding_mode", "zeros"), s.whole("align_corners", 0) != 0);
        String mode = s.text("mode", "linear");
        Tensor[] at = new Tensor[rank];
        for (int d = 0; d < rank; d++) {
            Tensor one = grid.slice(rank + 1, rank - 1 - d, rank - d).squeeze(rank + 1);
            int n = g.sizes[d];
            Tensor p = g.corners
                    ? one.add(1).mul((n - 1) / 2.0)
                    : one.add(1).mul(n).sub(1).div(2);
            at[d] = mode.endsWith("cubic") ? p : g.inside(p, n);
        }
        Tensor y = mode.equals("nearest")
                ? g.nearest(at)
                : g.sum(at, 0, new Tensor[rank], null, mode.endsWith("cubic") ? 4 : 2);
        return Held.ofLast(y, s.type(0));
    }

    /**
     * What lies at places between the pixels of images x [n, sizes.., c], and zeros around them.
     *
     * @param at for each dimension of the images the places [n, places..], counted in pixels
     * @return [n, places.., c]
     */
    static Tensor between(Tensor x, Tensor... at) {
        return new GridSampling(x, "zeros", true).sum(at, 0, new Tensor[at.length], null, 2);
    }

    /** A place as the padding moves it. */
    private Tensor inside(Tensor p, int n) {
        return switch (padding) {
            case "border" -> p.clamp(0, n - 1);
            case "reflection" ->
                reflected(p, corners ? 0 : -0.5, corners ? n - 1 : n - 0.5).clamp(0, n - 1);
            default -> p;
        };
    }

    private static Tensor reflected(Tensor p, double low, double high) {
        double span = high - low;
        if (span == 0) {
            return p.mul(0).add(low);
        }
        Tensor d = p.sub(low).abs();
        Tensor turns = d.div(span).floor();
        Tensor rest = d.sub(turns.mul(span));
        Tensor odd = turns.sub(turns.div(2).floor().mul(2));
        return odd.gt(0).where(rest.rsub(high), rest.add(low));
    }

    private Tensor nearest(Tensor... at) {
        Tensor[] rounded = new Tensor[at.length];
        for (int d = 0; d < at.length; d++) {
            rounded[d] = at[d].round();
        }
        return pixel(rounded);
    }

    /** The sum over the taps of all dimensions from this one on, each weighted by the product of its shares. */
    private Tensor sum(Tensor[] at, int d, Tensor[] taps, @Nullable Tensor share, int count) {
        if (d == at.length) {
            Tensor y = pixel(taps);
            return share == null ? y : y.mul(share.unsqueeze(share.shape().rank()));
        }
        Tensor base = at[d].floor();
        Tensor ratio = at[d].sub(base);
        Tensor all = null;
        for (int k = 0; k < count; k++) {
            int step = count == 4 ? k - 1 : k;
            Tensor weight = count == 4
                    ? cubic(ratio.sub(step).abs(), Math.abs(step - 0.5) < 1)
                    : k == 0 ? ratio.rsub(1) : ratio;
            taps[d] = base.add(step);
            Tensor part = sum(at, d + 1, taps, share == null ? weight : share.mul(weight), count);
            all = all == null ? part : all.add(part);
        }
        return requireNonNull(all);
    }

    /** Cubic pieces with a = -0.75, of a distance up to 1 or from 1 to 2. */
    private static Tensor cubic(Tensor d, boolean near) {
        double a = -0.75;
        return near
                ? d.mul(a + 2).sub(a + 3).mul(d).mul(d).add(1)
                : d.mul(a).sub(5 * a).mul(d).add(8 * a).mul(d).sub(4 * a);
    }

    /** The pixels [n, places.., c] at whole places, and zeros outside where the padding has them. */
    private Tensor pixel(Tensor... at) {
        Tensor index = null;
        Tensor there = null;
        for (int d = 0; d < at.length; d++) {
            int n = sizes[d];
            Tensor p = inside(at[d], n);
            Tensor within = p.ge(0).mul(p.le(n - 1));
            there = there == null ? within : there.mul(within);
            Tensor i = p.clamp(0, n - 1).to(DType.I32);
            index = index == null ? i : index.mul(n).add(i);
        }
        if (index == null || there == null) {
            throw new IllegalArgumentException("a grid of no dimensions names no place");
        }
        int[] images = Windows.ones(index.shape().rank());
        images[0] = first.dim(0);
        Tensor y = pixels.take(0, index.add(first.reshape(images)));
        return padding.equals("zeros") ? y.mul(there.unsqueeze(there.shape().rank())) : y;
    }
}

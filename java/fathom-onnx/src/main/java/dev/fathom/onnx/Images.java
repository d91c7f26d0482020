package dev.fathom.onnx;

import static java.util.Objects.requireNonNull;

import dev.fathom.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Images of other sizes, and parts of images. */
final class Images {
    private Images() {}

    /** The row of the operator of this name, or null. */
    static @Nullable Operator of(String name) {
        return switch (name) {
            case "Resize" -> Operator.one(Resizing::of).settings(1);
            case "Upsample" -> Operator.one(Resizing::of).settings(1);
            case "AffineGrid" -> Operator.one(Images::affine);
            case "GridSample" -> Operator.one(GridSampling::of);
            case "RoiAlign" -> Operator.one(Images::aligned);
            case "Col2Im" -> Operator.one(Images::fromColumns).settings(1);
            default -> null;
        };
    }

    /** Coordinates from -1 to 1 of [n, (d,) h, w], turned by matrices [n, 2, 3] or [n, 3, 4]. */
    private static Object affine(Step s) {
        Tensor theta = s.tensor(0);
        int[] size = s.array(1).ints();
        boolean corners = s.whole("align_corners", 0) != 0;
        int rank = size.length - 2;
        int[] inner = Products.spatial(size);
        int n = Shapes.product(inner, 0, rank);
        float[] grid = new float[n * (rank + 1)];
        int[] strides = Array.strides(inner);
        for (int i = 0; i < n; i++) {
            for (int d = 0; d < rank; d++) {
                int from = rank - 1 - d; // x comes first
                int at = i / strides[from] % inner[from];
                int m = inner[from];
                grid[i * (rank + 1) + d] = corners ? m == 1 ? 0 : -1 + 2f * at / (m - 1) : -1 + (2f * at + 1) / m;
            }
            grid[i * (rank + 1) + rank] = 1;
        }
        Tensor y = Tensor.of(grid, 1, n, rank + 1).expand(size[0], n, rank + 1).matmulTransposed(theta);
        return Held.of(
                y.reshape(Places.concat(Places.concat(new int[] {size[0]}, inner), new int[] {rank})), s.type(0));
    }

    /** The transpose of cutting windows out: each element is added where it came from. */
    private static Object fromColumns(Step s) {
        int[] size = s.array(1).ints();
        int[] block = s.array(2).ints();
        int rank = size.length;
        int[] strides = s.wholes("strides", Windows.ones(rank));
        int[] dilations = s.wholes("dilations", Windows.ones(rank));
        int[] pads = s.wholes("pads", new int[2 * rank]);
        int[] padded = new int[rank];
        int[] count = new int[rank];
        for (int d = 0; d < rank; d++) {
            padded[d] = size[d] + pads[d] + pads[d + rank];
            count[d] = (padded[d] - dilations[d] * (block[d] - 1) - 1) / strides[d] + 1;
        }
        int taps = Shapes.product(block, 0, rank);
        int places = Shapes.product(count, 0, rank);
        int area = Shapes.product(padded, 0, rank);
        int[] ofBlock = Array.strides(block);
        int[] ofCount = Array.strides(count);
        int[] ofArea = Array.strides(padded);
        int[] at = new int[taps * places];
        for (int i = 0; i < at.length; i++) {
            for (int d = 0; d < rank; d++) {
                int tap = i / places / ofBlock[d] % block[d];
                int place = i % places / ofCount[d] % count[d];
                at[i] += (place * strides[d] + tap * dilations[d]) * ofArea[d];
            }
        }
        Tensor x = s.tensor(0); // [n, c taps, places]
        int n = x.dim(0);
        int c = x.dim(1) / taps;
        Tensor y = x.reshape(n, c, taps * places)
                .indexAdd(2, Tensor.ofInts(at, at.length), area)
                .reshape(Places.concat(new int[] {n, c}, padded));
        for (int d = 0; d < rank; d++) {
            y = y.slice(d + 2, pads[d], pads[d] + size[d]);
        }
        return Held.of(y, s.type(0));
    }

    /**
     * Bilinear samples of regions, averaged or the largest of them (He et al. 2017). The regions are read, so that it
     * runs in a pass and not in a plan.
     */
    private static Object aligned(Step s) {
        Tensor x = s.channelsLast(0);
        double[] boxes = s.array(1).reals();
        long[] images = s.array(2).longs();
        int h = x.dim(1);
        int w = x.dim(2);
        int high = (int) s.whole("output_height", 1);
        int wide = (int) s.whole("output_width", 1);
        int ratio = (int) s.whole("sampling_ratio", 0);
        float scale = s.real("spatial_scale", 1);
        boolean half = s.text("coordinate_transformation_mode", s.version() < 16 ? "output_half_pixel" : "half_pixel")
                .equals("half_pixel");
        boolean max = s.text("mode", "avg").equals("max");
        Tensor flat = x.reshape(x.dim(0) * h * w, x.dim(3));
        List<Tensor> all = new ArrayList<>();
        for (int r = 0; r < images.length; r++) {
            double off = half ? 0.5 : 0;
            double x1 = boxes[4 * r] * scale - off;
            double y1 = boxes[4 * r + 1] * scale - off;
            double width = boxes[4 * r + 2] * scale - off - x1;
            double height = boxes[4 * r + 3] * scale - off - y1;
            width = half ? width : Math.max(width, 1);
            height = half ? height : Math.max(height, 1);
            int down = ratio > 0 ? ratio : Math.max(1, (int) Math.ceil(height / high));
            int across = ratio > 0 ? ratio : Math.max(1, (int) Math.ceil(width / wide));
            int n = high * wide * down * across;
            int[][] at = new int[4][n];
            float[][] share = new float[4][n];
            for (int i = 0; i < n; i++) {
                int k = i % (down * across);
                int cell = i / (down * across);
                int row = cell / wide;
                int sample = k / across;
                double py = y1 + height / high * (row + (sample + 0.5) / down);
                double px = x1 + width / wide * (cell % wide + (k % across + 0.5) / across);
                if (py < -1 || py > h || px < -1 || px > w) {
                    continue; // outside: nothing is added
                }
                py = Math.max(py, 0);
                px = Math.max(px, 0);
                int top = Math.min((int) py, h - 1);
                int left = Math.min((int) px, w - 1);
                int bottom = Math.min(top + 1, h - 1);
                int right = Math.min(left + 1, w - 1);
                double fy = top == bottom ? 0 : py - top;
                double fx = left == right ? 0 : px - left;
                int first = (int) images[r] * h;
                int[] places = {
                    (first + top) * w + left,
                    (first + top) * w + right,
                    (first + bottom) * w + left,
                    (first + bottom) * w + right
                };
                double[] shares = {(1 - fy) * (1 - fx), (1 - fy) * fx, fy * (1 - fx), fy * fx};
                for (int q = 0; q < 4; q++) {
                    at[q][i] = places[q];
                    share[q][i] = (float) shares[q];
                }
            }
            Tensor sum = null;
            for (int q = 0; q < 4; q++) {
                Tensor one = flat.take(0, Tensor.ofInts(at[q], n)).mul(Tensor.of(share[q], n, 1));
                sum = sum == null ? one : max ? sum.max(one) : sum.add(one);
            }
            Tensor samples = requireNonNull(sum).reshape(high, wide, down * across, x.dim(3));
            all.add(max ? samples.max(2) : samples.mean(2));
        }
        Tensor y = all.isEmpty() ? Tensor.zeros(0, high, wide, x.dim(3)) : Tensor.stack(0, all.toArray(Tensor[]::new));
        return Held.ofLast(y, s.type(0));
    }
}

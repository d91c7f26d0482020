package dev.fathom.onnx;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Suppression of boxes that overlap a better one of their class (greedy non-maximum suppression). How many are kept
 * depends on the scores, so that it runs in a pass and not in a plan.
 */
final class Suppression {
    private Suppression() {}

    /** Boxes [batch, n, 4] and scores [batch, classes, n] give triples of batch, class and box. */
    static Array of(Step s) {
        Array boxes = s.array(0);
        Array scores = s.array(1);
        long most = s.given(2) ? s.array(2).longs()[0] : 0;
        double overlap = s.given(3) ? s.array(3).real() : 0;
        double least = s.given(4) ? s.array(4).real() : Double.NEGATIVE_INFINITY;
        boolean centers = s.whole("center_point_box", 0) != 0;
        int batch = scores.dims()[0];
        int classes = scores.dims()[1];
        int n = scores.dims()[2];
        double[][] corners = new double[batch * n][];
        double[] b = boxes.reals();
        for (int i = 0; i < corners.length; i++) {
            corners[i] = corners(b, 4 * i, centers);
        }
        double[] p = scores.reals();
        List<Long> out = new ArrayList<>();
        for (int k = 0; k < batch * classes; k++) {
            int image = k / classes;
            int row = k * n;
            List<Integer> kept = new ArrayList<>();
            int[] order = IntStream.range(0, n)
                    .filter(i -> p[row + i] > least)
                    .boxed()
                    .sorted(Comparator.comparingDouble(i -> -p[row + i]))
                    .mapToInt(i -> i)
                    .toArray();
            for (int i : order) {
                if (kept.size() >= most) {
                    break;
                }
                double[] box = corners[image * n + i];
                if (kept.stream().noneMatch(j -> overlap(box, corners[image * n + j]) > overlap)) {
                    kept.add(i);
                }
            }
            for (int i : kept) {
                out.addAll(List.of((long) image, (long) (k % classes), (long) i));
            }
        }
        return new Array(
                ElementType.INT64,
                new int[] {out.size() / 3, 3},
                out.stream().mapToLong(Long::longValue).toArray());
    }

    /** Top, left, bottom and right. */
    private static double[] corners(double[] b, int at, boolean center) {
        double y = b[at];
        double x = b[at + 1];
        double y2 = b[at + 2];
        double x2 = b[at + 3];
        if (center) { // x, y, width and height
            double cx = y;
            double cy = x;
            double w = y2;
            double h = x2;
            return new double[] {cy - h / 2, cx - w / 2, cy + h / 2, cx + w / 2};
        }
        return new double[] {Math.min(y, y2), Math.min(x, x2), Math.max(y, y2), Math.max(x, x2)};
    }

    private static double overlap(double[] a, double[] b) {
        double h = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
        double w = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
        if (h <= 0 || w <= 0) {
            return 0;
        }
        double both = h * w;
        return both / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both);
    }
}

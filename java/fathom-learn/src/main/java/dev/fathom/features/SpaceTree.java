package dev.fathom.features;

import java.util.Arrays;

/**
 * Points in a tree of cells, each with its number of points and their mean, so that far points are met all at once
 * (Barnes and Hut 1986). Cells stand in preorder: the first child follows its parent, and {@code next} skips all
 * children.
 */
final class SpaceTree {
    private static final int LEAF = 6;

    private final int width;
    /** The points in the order of the cells, point after point. */
    private final double[] points;

    private final int[] order;
    private final int[] other;
    private final int[] from;
    private final int[] to;
    private final int[] next;
    private final boolean[] leaf;
    private final double[] size;
    private final double[] mean;
    private int cells;

    /** Makes the tree of the points y, which has {@code width} numbers for each. */
    SpaceTree(double[] y, int width) {
        int n = y.length / width;
        this.width = width;
        order = new int[n];
        Arrays.setAll(order, i -> i);
        other = new int[n];
        from = new int[2 * n];
        to = new int[2 * n];
        next = new int[2 * n];
        leaf = new boolean[2 * n];
        size = new double[2 * n];
        mean = new double[2 * n * width];
        build(y, 0, n);
        points = new double[y.length];
        for (int p = 0; p < n; p++) {
            System.arraycopy(y, order[p] * width, points, p * width, width);
        }
    }

    private void build(double[] y, int begin, int end) {
        int cell = cells++;
        from[cell] = begin;
        to[cell] = end;
        double[] low = new double[width];
        double[] high = new double[width];
        Arrays.fill(low, Double.POSITIVE_INFINITY);
        Arrays.fill(high, Double.NEGATIVE_INFINITY);
        for (int p = begin; p < end; p++) {
            for (int d = 0; d < width; d++) {
                double v = y[order[p] * width + d];
                low[d] = Math.min(low[d], v);
                high[d] = Math.max(high[d], v);
                mean[cell * width + d] += v / (end - begin);
            }
        }
        for (int d = 0; d < width; d++) {
            size[cell] = Math.max(size[cell], high[d] - low[d]);
        }
        int[] count = new int[(1 << width) + 1];
        if (end - begin > LEAF && size[cell] > 0) {
            for (int p = begin; p < end; p++) {
                count[part(y, order[p], low, high) + 1]++;
            }
        }
        int most = Arrays.stream(count).max().orElse(0);
        leaf[cell] = most == 0 || most == end - begin; // equal points cannot be parted
        if (!leaf[cell]) {
            Arrays.parallelPrefix(count, Integer::sum);
            int[] place = count.clone();
            for (int p = begin; p < end; p++) {
                other[begin + place[part(y, order[p], low, high)]++] = order[p];
            }
            System.arraycopy(other, begin, order, begin, end - begin);
            for (int part = 0; part < 1 << width; part++) {
                if (count[part] < count[part + 1]) {
                    build(y, begin + count[part], begin + count[part + 1]);
                }
            }
        }
        next[cell] = cells;
    }

    /** The quadrant or octant of a cell in which a point lies. */
    private int part(double[] y, int point, double[] low, double[] high) {
        int part = 0;
        for (int d = 0; d < width; d++) {
            part |= (y[point * width + d] > (low[d] + high[d]) / 2 ? 1 : 0) << d;
        }
        return part;
    }

    /**
     * The number of the point at a place in the order of the cells: neighbors in this order meet nearly the same cells.
     */
    int point(int place) {
        return order[place];
    }

    /**
     * Adds the sum of q^2 (y - y_j) over all other points j to {@code force}, where q = 1 / (1 + |y - y_j|^2) and y is
     * the point at {@code place}, and returns the sum of q. A cell whose size is at most {@code angle} times its
     * distance counts as if all its points were at their mean.
     */
    double repulsion(int place, double angle, double[] force, int at) {
        double x0 = points[place * width];
        double x1 = width > 1 ? points[place * width + 1] : 0;
        double x2 = width > 2 ? points[place * width + 2] : 0;
        double near = angle * angle;
        double sum = 0;
        double f0 = 0;
        double f1 = 0;
        double f2 = 0;
        for (int cell = 0; cell < cells; ) {
            boolean direct = leaf[cell];
            double[] of = direct ? points : mean;
            int first = direct ? from[cell] : cell;
            int last = direct ? to[cell] : cell + 1;
            double times = direct ? 1 : to[cell] - from[cell];
            boolean met = true;
            for (int p = first; p < last; p++) {
                double d0 = x0 - of[p * width];
                double d1 = width > 1 ? x1 - of[p * width + 1] : 0;
                double d2 = width > 2 ? x2 - of[p * width + 2] : 0;
                double square = d0 * d0 + d1 * d1 + d2 * d2;
                if (!direct && size[cell] * size[cell] >= near * square) {
                    met = false;
                } else if (!direct || p != place) {
                    double q = 1 / (1 + square);
                    double both = times * q;
                    sum += both;
                    both *= q;
                    f0 += both * d0;
                    f1 += both * d1;
                    f2 += both * d2;
                }
            }
            cell = met ? next[cell] : cell + 1;
        }
        force[at] += f0;
        if (width > 1) {
            force[at + 1] += f1;
        }
        if (width > 2) {
            force[at + 2] += f2;
        }
        return sum;
    }
}

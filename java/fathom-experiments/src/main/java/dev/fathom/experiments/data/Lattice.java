package dev.fathom.experiments.data;

import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/** Cells of eight sites that repeat in all directions. Each has the nearest neighbors of a common lattice. */
public enum Lattice {
    /** Each site has 6 neighbors. */
    SIMPLE(new int[] {2, 2, 2}, new double[][] {{0, 0, 0}}),
    /** Each site has 8 neighbors. */
    BODY_CENTERED(new int[] {2, 2, 1}, new double[][] {{0, 0, 0}, {0.5, 0.5, 0.5}}),
    /** Each site has 12 neighbors. */
    FACE_CENTERED(new int[] {2, 1, 1}, new double[][] {{0, 0, 0}, {0, 0.5, 0.5}, {0.5, 0, 0.5}, {0.5, 0.5, 0}}),
    /** Each site has 4 neighbors. */
    DIAMOND(new int[] {1, 1, 1}, new double[][] {
        {0, 0, 0}, {0, 0.5, 0.5}, {0.5, 0, 0.5}, {0.5, 0.5, 0},
        {0.25, 0.25, 0.25}, {0.25, 0.75, 0.75}, {0.75, 0.25, 0.75}, {0.75, 0.75, 0.25}
    });

    /** The sites of a cell. */
    public static final int SITES = 8;

    private final float[][] neighbors = new float[SITES][SITES];
    private final int coordination;

    Lattice(int[] cells, double[][] basis) {
        double[][] sites = IntStream.range(0, SITES)
                .mapToObj(i -> {
                    int[] cell = {
                        i / basis.length / cells[2] / cells[1],
                        i / basis.length / cells[2] % cells[1],
                        i / basis.length % cells[2]
                    };
                    double[] b = basis[i % basis.length];
                    return new double[] {cell[0] + b[0], cell[1] + b[1], cell[2] + b[2]};
                })
                .toArray(double[][]::new);
        double nearest = IntStream.range(0, SITES)
                .mapToDouble(j -> distances(sites[0], sites[j], cells).min().orElseThrow())
                .min()
                .orElseThrow();
        for (int i = 0; i < SITES * SITES; i++) {
            neighbors[i / SITES][i % SITES] = distances(sites[i / SITES], sites[i % SITES], cells)
                    .filter(d -> d <= 1.01 * nearest)
                    .count();
        }
        coordination = (int)
                IntStream.range(0, SITES).mapToDouble(j -> neighbors[0][j]).sum();
    }

    /** The distances from a site to another and its repetitions, but to the site itself. */
    private static DoubleStream distances(double[] a, double[] b, int[] cells) {
        return IntStream.range(0, 125)
                .mapToDouble(i -> {
                    double dx = b[0] - a[0] + (i / 25 - 2) * cells[0];
                    double dy = b[1] - a[1] + (i / 5 % 5 - 2) * cells[1];
                    double dz = b[2] - a[2] + (i % 5 - 2) * cells[2];
                    return Math.sqrt(dx * dx + dy * dy + dz * dz);
                })
                .filter(d -> d > 1e-6);
    }

    /** How often site j is a neighbor of site i, as each cell repeats. */
    public float neighbors(int i, int j) {
        return neighbors[i][j];
    }

    /** The number of neighbors of each site. */
    public int coordination() {
        return coordination;
    }
}

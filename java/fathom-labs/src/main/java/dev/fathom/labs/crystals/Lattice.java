package dev.fathom.labs.crystals;

/** Cells of eight sites that repeat in all directions. Each has the nearest neighbors of a common lattice. */
enum Lattice {
    /** Each site has 6 neighbors. */
    SIMPLE(new double[] {2, 2, 2}, new double[][] {{0, 0, 0}}),
    /** Each site has 8 neighbors. */
    BODY_CENTERED(new double[] {2, 2, 1}, new double[][] {{0, 0, 0}, {0.5, 0.5, 0.5}}),
    /** Each site has 12 neighbors. */
    FACE_CENTERED(new double[] {2, 1, 1}, new double[][] {{0, 0, 0}, {0, 0.5, 0.5}, {0.5, 0, 0.5}, {0.5, 0.5, 0}}),
    /** Each site has 4 neighbors. */
    DIAMOND(new double[] {1, 1, 1}, new double[][] {
        {0, 0, 0}, {0, 0.5, 0.5}, {0.5, 0, 0.5}, {0.5, 0.5, 0},
        {0.25, 0.25, 0.25}, {0.25, 0.75, 0.75}, {0.75, 0.25, 0.75}, {0.75, 0.75, 0.25}
    });

    /** The sites of a cell. */
    static final int SITES = 8;

    private final float[][] neighbors;
    private final int coordination;

    Lattice(double[] cells, double[][] basis) {
        double[][] sites = new double[SITES][];
        int at = 0;
        for (int x = 0; x < cells[0]; x++) {
            for (int y = 0; y < cells[1]; y++) {
                for (int z = 0; z < cells[2]; z++) {
                    for (double[] b : basis) {
                        sites[at++] = new double[] {x + b[0], y + b[1], z + b[2]};
                    }
                }
            }
        }
        double nearest = Double.POSITIVE_INFINITY;
        for (int j = 0; j < SITES; j++) {
            nearest = Math.min(nearest, distances(sites[0], sites[j], cells, Double.POSITIVE_INFINITY));
        }
        neighbors = new float[SITES][SITES];
        for (int i = 0; i < SITES; i++) {
            for (int j = 0; j < SITES; j++) {
                neighbors[i][j] = (float) distances(sites[i], sites[j], cells, 1.01 * nearest);
            }
        }
        float count = 0;
        for (float one : neighbors[0]) {
            count += one;
        }
        coordination = Math.round(count);
    }

    /**
     * The shortest distance between two sites or their repetitions that is not 0; or for a finite {@code within}, how
     * many repetitions lie so near.
     */
    private static double distances(double[] a, double[] b, double[] cells, double within) {
        double shortest = Double.POSITIVE_INFINITY;
        int count = 0;
        for (int x = -2; x <= 2; x++) {
            for (int y = -2; y <= 2; y++) {
                for (int z = -2; z <= 2; z++) {
                    double dx = b[0] - a[0] + x * cells[0];
                    double dy = b[1] - a[1] + y * cells[1];
                    double dz = b[2] - a[2] + z * cells[2];
                    double d = Math.sqrt(dx * dx + dy * dy + dz * dz);
                    if (d > 1e-6) {
                        shortest = Math.min(shortest, d);
                        count += d <= within ? 1 : 0;
                    }
                }
            }
        }
        return Double.isInfinite(within) ? shortest : count;
    }

    /** How often site j is a neighbor of site i, as each cell repeats. */
    float neighbors(int i, int j) {
        return neighbors[i][j];
    }

    /** The number of neighbors of each site. */
    int coordination() {
        return coordination;
    }
}

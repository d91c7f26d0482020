package dev.fathom.features;

import java.util.Arrays;
import java.util.List;
import java.util.function.DoubleBinaryOperator;
import java.util.stream.IntStream;

/**
 * The nearest other rows of each row.
 *
 * @param places their numbers, [n][k], the nearest first
 * @param distances how far they are, [n][k]
 */
record Neighborhood(int[][] places, double[][] distances) {
    /** The k nearest others of each row, of which there must be more than k. */
    static Neighborhood of(float[][] x, int k) {
        int n = x.length;
        List<List<NearestNeighbors.Neighbor>> found = new NearestNeighbors(k + 1)
                .fit(Examples.of(x, new float[n][1]), 0)
                .neighbors(x);
        int[][] places = new int[n][k];
        double[][] distances = new double[n][k];
        for (int i = 0; i < n; i++) {
            int c = 0;
            for (NearestNeighbors.Neighbor near : found.get(i)) {
                if (near.example() != i && c < k) { // of many equal rows, the row itself may not be found
                    places[i][c] = near.example();
                    distances[i][c++] = near.distance();
                }
            }
        }
        return new Neighborhood(places, distances);
    }

    /**
     * A symmetric matrix in compressed rows.
     *
     * @param starts where each row begins, and at last the number of all entries
     * @param places the columns of the entries, ascending in each row
     * @param values the entries
     */
    record Graph(int[] starts, int[] places, double[] values) {}

    /**
     * The matrix whose entry (i, j) is {@code both} of the weight that i gives j and the weight that j gives i, 0 where
     * it is no neighbor.
     */
    Graph graph(double[][] weights, DoubleBinaryOperator both) {
        int n = places.length;
        int k = places[0].length;
        double[][] mine = new double[n][];
        int[][] sorted = new int[n][];
        int[] takers = new int[n];
        for (int i = 0; i < n; i++) {
            int row = i;
            int[] order = IntStream.range(0, k)
                    .boxed()
                    .sorted((a, b) -> Integer.compare(places[row][a], places[row][b]))
                    .mapToInt(Integer::intValue)
                    .toArray();
            sorted[i] = Arrays.stream(order).map(c -> places[row][c]).toArray();
            mine[i] = Arrays.stream(order).mapToDouble(c -> weights[row][c]).toArray();
            for (int j : sorted[i]) {
                takers[j]++;
            }
        }
        int[][] from = new int[n][];
        double[][] theirs = new double[n][];
        Arrays.setAll(from, j -> new int[takers[j]]);
        Arrays.setAll(theirs, j -> new double[takers[j]]);
        int[] filled = new int[n];
        for (int i = 0; i < n; i++) { // ascending, so that the columns ascend
            for (int c = 0; c < k; c++) {
                int j = sorted[i][c];
                from[j][filled[j]] = i;
                theirs[j][filled[j]++] = mine[i][c];
            }
        }
        int[] starts = new int[n + 1];
        int[] columns = new int[2 * n * k];
        double[] values = new double[2 * n * k];
        int at = 0;
        for (int i = 0; i < n; i++) {
            int a = 0;
            int b = 0;
            while (a < k || b < takers[i]) {
                int left = a < k ? sorted[i][a] : n;
                int right = b < takers[i] ? from[i][b] : n;
                columns[at] = Math.min(left, right);
                values[at++] = both.applyAsDouble(left <= right ? mine[i][a++] : 0, right <= left ? theirs[i][b++] : 0);
            }
            starts[i + 1] = at;
        }
        return new Graph(starts, Arrays.copyOf(columns, at), Arrays.copyOf(values, at));
    }
}

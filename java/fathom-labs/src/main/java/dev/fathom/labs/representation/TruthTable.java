package dev.fathom.labs.representation;

import dev.fathom.linear.PerceptronRule;
import dev.fathom.view.Regions;
import java.util.stream.IntStream;

/** Boolean functions, whose rows are ordered as 00, 01, 10, 11; the value in row r is bit r of a number. */
final class TruthTable {
    /** The inputs [4, 2]. */
    static final float[] INPUTS = {0, 0, 0, 1, 1, 0, 1, 1};
    /** The values of XOR. */
    static final float[] XOR = {0, 1, 1, 0};

    private TruthTable() {}

    /** Row r of a function of n inputs, whose first input is the highest bit of r. */
    static int[] row(int r, int n) {
        return IntStream.range(0, n).map(i -> r >> (n - 1 - i) & 1).toArray();
    }

    /** A run of the perceptron rule on a function of n inputs. */
    static PerceptronRule learn(int n, int table) {
        int[][] rows = IntStream.range(0, 1 << n).mapToObj(r -> row(r, n)).toArray(int[][]::new);
        return PerceptronRule.learn(
                rows, IntStream.range(0, 1 << n).map(r -> table >> r & 1).toArray());
    }

    /** The plane about the four points of a function of two inputs. */
    static Regions plane(String title) {
        return new Regions(title, -0.6, 1.6, -0.6, 1.6);
    }

    /**
     * Adds the four points to a plane at the places [4, 2], in the colors of their values, which are the bits of
     * {@code table} from the lowest.
     */
    static Regions points(Regions plane, int table, float[] places) {
        for (int value = 0; value <= 1; value++) {
            int v = value;
            int[] rows =
                    IntStream.range(0, 4).filter(r -> (table >> r & 1) == v).toArray();
            plane.points(value, new double[][] {
                IntStream.of(rows).mapToDouble(r -> places[2 * r]).toArray(),
                IntStream.of(rows).mapToDouble(r -> places[2 * r + 1]).toArray()
            });
        }
        return plane;
    }
}

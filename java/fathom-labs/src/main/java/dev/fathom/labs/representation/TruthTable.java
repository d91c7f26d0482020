package dev.fathom.labs.representation;

import dev.fathom.view.Regions;
import java.util.stream.IntStream;

/** The four points of a Boolean function of two inputs, in the order 00, 01, 10, 11. */
final class TruthTable {
    /** The inputs [4, 2]. */
    static final float[] INPUTS = {0, 0, 0, 1, 1, 0, 1, 1};
    /** The values of XOR. */
    static final float[] XOR = {0, 1, 1, 0};

    private TruthTable() {}

    /** The plane about the four points. */
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

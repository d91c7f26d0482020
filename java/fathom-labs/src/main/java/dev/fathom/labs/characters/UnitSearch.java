package dev.fathom.labs.characters;

import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.statistics.Correlation;

/**
 * The unit of a network that correlates most with a feature of each character of a text. It is chosen on the first half
 * of the text by the largest magnitude of the correlation, and its correlation is measured on the second half.
 *
 * @param unit the index of the unit
 * @param correlation on the second half
 */
record UnitSearch(int unit, double correlation) {
    /**
     * Finds the unit.
     *
     * @param units activations [units][characters]
     * @param feature [characters]
     */
    static UnitSearch of(float[][] units, float[] feature) {
        int half = feature.length / 2;
        int best = 0;
        double most = -1;
        for (int u = 0; u < units.length; u++) {
            double size = Math.abs(Correlation.pearson(units[u], feature, 0, half));
            if (size > most) {
                most = size;
                best = u;
            }
        }
        return new UnitSearch(best, Correlation.pearson(units[best], feature, half, feature.length));
    }

    /** Puts the unit and its correlation into a row, beside that of the best unit of an untrained network. */
    void put(Table.Row row, String column, UnitSearch untrained) {
        row.cell("unit", unit)
                .put(column, "%.3f correlation", magnitude())
                .baseline(untrained.magnitude(), "best unit of the untrained network")
                .cell("untrained", "%.3f", untrained.magnitude());
    }

    /** The size of the correlation; the sign of a unit has no meaning. */
    double magnitude() {
        return Math.abs(correlation);
    }

    /**
     * The activations of the unit at the characters in [from, to), with the sign that makes the correlation positive.
     */
    double[] colors(float[][] units, int from, int to) {
        double[] colors = new double[to - from];
        for (int i = from; i < to; i++) {
            colors[i - from] = correlation < 0 ? -units[unit][i] : units[unit][i];
        }
        return colors;
    }
}

package dev.fathom.labs.characters;

import dev.fathom.labs.statistics.Correlation;

/**
 * The unit of a net that goes most with something that can be said of each character of a text. It is chosen on the first half of the text by the
 * largest magnitude of its correlation, and the correlation that counts is that on the other half.
 *
 * @param unit its number
 * @param correlation on the second half
 */
record UnitSearch(int unit, double correlation) {
    /**
     * Searches.
     *
     * @param units [units][characters]
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

    /** What the unit holds from one character to before another, with the sign that makes its correlation positive. */
    double[] colors(float[][] units, int from, int to) {
        double[] colors = new double[to - from];
        for (int i = from; i < to; i++) {
            colors[i - from] = correlation < 0 ? -units[unit][i] : units[unit][i];
        }
        return colors;
    }
}

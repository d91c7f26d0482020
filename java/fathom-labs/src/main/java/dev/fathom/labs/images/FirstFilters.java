package dev.fathom.labs.images;

import static dev.fathom.experiments.pages.Findings.line;

import dev.fathom.experiments.pages.WeightPictures;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.image.Gabor;
import dev.fathom.tensor.Vectors;
import dev.fathom.view.ImageSheet;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The filters of a network's first layer, which see red, green and blue.
 *
 * @param weights [n, side, side, 3]
 */
record FirstFilters(int n, int side, float[] weights) {
    /** The nearest Gabor functions. */
    List<Gabor> fits() {
        return Gabor.fit(IntStream.range(0, n).mapToObj(i -> gray(i)).toList(), side);
    }

    /** A filter along the direction in color space in which its squares are largest. */
    private double[] gray(int filter) {
        double[] color = {1, 1.1, 0.9}; // not orthogonal to any likely direction
        double[] gray = new double[side * side];
        for (int round = 0; round < 50; round++) { // power iteration
            double[] next = new double[3];
            double norm = Math.sqrt(Vectors.dot(color, color));
            for (int p = 0; p < gray.length; p++) {
                int at = (filter * gray.length + p) * 3;
                gray[p] = 0;
                for (int c = 0; c < 3; c++) {
                    gray[p] += weights[at + c] * color[c] / norm;
                }
                for (int c = 0; c < 3; c++) {
                    next[c] += weights[at + c] * gray[p];
                }
            }
            color = next;
        }
        return gray;
    }

    /** The filters that are explained best, each beside its Gabor function. */
    ImageSheet sheet(List<Gabor> fits) {
        ImageSheet sheet = new ImageSheet(side, side, 3).columns(8);
        int values = side * side * 3;
        IntStream.range(0, n)
                .boxed()
                .sorted(Comparator.comparing((Integer i) -> -fits.get(i).explained()))
                .limit(16)
                .forEach(i -> {
                    Gabor g = fits.get(i);
                    float[] wave = Averages.floats(Averages.each(values, k -> g.values()[k / 3]));
                    sheet.add(WeightPictures.around(weights, i * values, values), "filter " + i);
                    sheet.add(
                            WeightPictures.around(wave, 0, values),
                            line("%.0f°, %.2f, explains %.0f %%", g.degrees(), g.frequency(), 100 * g.explained()));
                });
        return sheet;
    }
}

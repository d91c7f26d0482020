package dev.fathom.catalogue;

import dev.fathom.experiments.statistics.Averages;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import dev.fathom.view.Plots;
import java.awt.Graphics2D;
import java.awt.Image;
import java.awt.image.BufferedImage;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;

/**
 * Lines over one axis.
 *
 * @param title above the picture
 * @param axis the name of the horizontal axis
 * @param lines for each name, the places on the axis and the values at them
 */
record Curve(String title, String axis, Map<String, double[][]> lines) {
    private static final int POINTS = 401;
    private static final int WIDTH = 640;

    /** A function of x from -{@code reach} to {@code reach} and the gradient that backward computes of it. */
    static Curve of(String title, String axis, double reach, UnaryOperator<Tensor> f) {
        return of(title, axis, -reach, reach, f);
    }

    /** A function of x from {@code low} to {@code high} and the gradient that backward computes of it. */
    static Curve of(String title, String axis, double low, double high, UnaryOperator<Tensor> f) {
        double[] x = IntStream.range(0, POINTS)
                .mapToDouble(i -> low + (high - low) * i / (POINTS - 1))
                .toArray();
        float[] places = new float[POINTS];
        for (int i = 0; i < POINTS; i++) {
            places[i] = (float) x[i];
        }
        Map<String, double[][]> lines = new LinkedHashMap<>();
        try (Pass pass = Pass.grad()) {
            Tensor at = pass.watch(Tensor.of(places, POINTS));
            Tensor y = f.apply(at);
            lines.put("value", new double[][] {x, Averages.doubles(y.toArray())});
            if (y.needsGradient()) {
                pass.backward(y.sum());
                Tensor slope = pass.gradient(at);
                if (slope != null) {
                    lines.put("derivative", new double[][] {x, Averages.doubles(slope.toArray())});
                }
            }
        }
        return new Curve(title, axis, lines);
    }

    /** A small picture: a page has many. */
    BufferedImage picture() {
        BufferedImage large = Plots.compare(title, axis, lines);
        int height = large.getHeight() * WIDTH / large.getWidth();
        BufferedImage small = new BufferedImage(WIDTH, height, BufferedImage.TYPE_INT_RGB);
        Graphics2D g = small.createGraphics();
        g.drawImage(large.getScaledInstance(WIDTH, height, Image.SCALE_AREA_AVERAGING), 0, 0, null);
        g.dispose();
        return small;
    }

    /** A number that changes with the lines, to four digits, by which a page tells that its picture is an old one. */
    String mark() {
        int hash = 7;
        for (double[][] line : lines.values()) {
            for (double v : line[1]) {
                hash = 31 * hash + Long.hashCode(Math.round(1e4 * v));
            }
        }
        return Integer.toHexString(hash);
    }
}

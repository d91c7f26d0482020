package dev.fathom.view;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.XYStyler;
import org.knowm.xchart.style.lines.SeriesLines;
import org.knowm.xchart.style.markers.SeriesMarkers;

/**
 * Lines and points over two axes, for what {@link Plots} has no picture of its own: logarithmic axes, a fitted function
 * among its data, or several panels.
 *
 * <pre>{@code
 * Chart error = new Chart("Test error", "basis functions")
 *         .line("median", d, median).dashed("noise", ends, noise).logarithmic(true, true);
 * Plots.write(Chart.panels(2, List.of(error, norms)), Path.of("descent.png"));
 * }</pre>
 */
public final class Chart {
    private static final int WIDTH = 560;
    private static final int HEIGHT = 360;
    private static final int HEADING = 60;
    /**
     * How many heights of the picture a value may lie above or below it; the renderer needs no larger numbers for what
     * is cut anyway.
     */
    private static final double FAR = 30;

    private enum Style {
        LINE,
        DASHED,
        POINTS
    }

    private record Series(String name, Style style, double[] x, double[] y) {}

    private final String title;
    private final String axis;
    private final List<Series> series = new ArrayList<>();
    private boolean logarithmicX;
    private boolean logarithmicY;
    private double @Nullable [] range;

    /**
     * Begins without lines.
     *
     * @param title what is drawn upward
     * @param axis the name of the horizontal axis
     */
    public Chart(String title, String axis) {
        this.title = title;
        this.axis = axis;
    }

    /**
     * Adds a line through points; a value that is not finite leaves a gap.
     *
     * @throws IllegalArgumentException if there are no points, x and y differ in length, or there are more series than
     *     colors
     */
    public Chart line(String name, double[] x, double[] y) {
        return add(new Series(name, Style.LINE, x.clone(), y.clone()));
    }

    /**
     * Adds a dashed line, such as a baseline or the truth.
     *
     * @throws IllegalArgumentException as {@link #line}
     */
    public Chart dashed(String name, double[] x, double[] y) {
        return add(new Series(name, Style.DASHED, x.clone(), y.clone()));
    }

    /**
     * Adds points without a line, such as data.
     *
     * @throws IllegalArgumentException as {@link #line}
     */
    public Chart points(String name, double[] x, double[] y) {
        return add(new Series(name, Style.POINTS, x.clone(), y.clone()));
    }

    private Chart add(Series s) {
        if (s.x.length == 0 || s.x.length != s.y.length) {
            throw new IllegalArgumentException("chart: the series " + s.name + " has " + s.x.length + " places and "
                    + s.y.length + " values; give one value for each place, and at least one");
        }
        if (series.size() == Draw.COLORS.size()) {
            throw new IllegalArgumentException("chart: " + s.name + " is one series more than the " + Draw.COLORS.size()
                    + " that colors can tell apart");
        }
        series.add(s);
        return this;
    }

    /** Chooses logarithmic axes, which leave out what is not positive. */
    public Chart logarithmic(boolean x, boolean y) {
        logarithmicX = x;
        logarithmicY = y;
        return this;
    }

    /**
     * Draws values from {@code low} to {@code high}, and cuts lines that leave this range. Without it, all values are
     * seen.
     *
     * @throws IllegalArgumentException unless both are finite and {@code low < high}
     */
    public Chart range(double low, double high) {
        if (!(low < high) || !Double.isFinite(low) || !Double.isFinite(high)) {
            throw new IllegalArgumentException(
                    "chart: the range " + low + " to " + high + " must have two finite ends, the lower one first");
        }
        range = new double[] {low, high};
        return this;
    }

    /**
     * Draws it.
     *
     * @throws IllegalArgumentException if the axis upward is logarithmic and its range does not begin above 0
     * @throws IllegalStateException on a machine without fonts
     */
    public BufferedImage render() {
        return panels(1, List.of(this));
    }

    /**
     * Draws several charts as one picture, row after row.
     *
     * @throws IllegalArgumentException if there are no charts or no columns, or a chart refuses its range as
     *     {@link #render} does
     * @throws IllegalStateException on a machine without fonts
     */
    public static BufferedImage panels(int columns, List<Chart> charts) {
        if (columns < 1 || charts.isEmpty()) {
            throw new IllegalArgumentException(
                    "chart: " + charts.size() + " panels in " + columns + " columns; give at least one of each");
        }
        Draw.metrics(Draw.font(12));
        int across = Math.min(columns, charts.size());
        int rows = (charts.size() + across - 1) / across;
        return Draw.picture(across * WIDTH, rows * HEIGHT, g -> {
            for (int i = 0; i < charts.size(); i++) {
                Graphics2D panel = (Graphics2D) g.create(i % across * WIDTH, i / across * HEIGHT, WIDTH, HEIGHT);
                XYChart chart = charts.get(i).chart();
                Plots.title(panel, charts.get(i).title, chart, WIDTH, 54);
                panel.translate(0, HEADING);
                chart.paint(panel, WIDTH, HEIGHT - HEADING);
                panel.dispose();
            }
        });
    }

    private XYChart chart() {
        if (logarithmicY && range != null && range[0] <= 0) {
            throw new IllegalArgumentException(
                    "chart: the range begins at " + range[0] + ", but a logarithmic axis needs one above 0");
        }
        double[] across = ends(places(s -> s.x, logarithmicX), 0.02);
        double[] upward = range == null
                ? ends(places(s -> s.y, logarithmicY), 0.06)
                : Arrays.stream(range).map(v -> place(v, logarithmicY)).toArray();
        XYChart chart = new XYChartBuilder()
                .width(WIDTH)
                .height(HEIGHT - HEADING)
                .xAxisTitle(axis)
                .build();
        XYStyler s = chart.getStyler();
        Plots.paper(s);
        s.setYAxisTitleVisible(false);
        s.setXAxisMin(across[0]).setXAxisMax(across[1]);
        s.setYAxisMin(upward[0]).setYAxisMax(upward[1]);
        s.setXAxisTickLabelsFormattingFunction(place -> label(place, logarithmicX));
        s.setYAxisTickLabelsFormattingFunction(place -> label(place, logarithmicY));
        double far = FAR * (upward[1] - upward[0]);
        for (int i = 0; i < series.size(); i++) {
            add(chart, series.get(i), Draw.COLORS.get(i), upward[0] - far, upward[1] + far);
        }
        return chart;
    }

    /** Where a value is drawn: at its logarithm on a logarithmic axis; NaN where it is not drawn. */
    private static double place(double value, boolean logarithmic) {
        double place = logarithmic ? Math.log10(value) : value;
        return Double.isFinite(place) ? place : Double.NaN;
    }

    private static String label(double place, boolean logarithmic) {
        return logarithmic ? Numbers.brief(Math.pow(10, place)) : Numbers.plain(place);
    }

    private double[] places(Function<Series, double[]> values, boolean logarithmic) {
        return series.stream()
                .flatMapToDouble(s -> Arrays.stream(values.apply(s)))
                .map(v -> place(v, logarithmic))
                .filter(v -> !Double.isNaN(v))
                .toArray();
    }

    private void add(XYChart chart, Series s, Color color, double least, double most) {
        double[] x = new double[s.x.length];
        double[] y = new double[x.length];
        boolean any = false;
        for (int i = 0; i < x.length; i++) {
            double across = place(s.x[i], logarithmicX);
            boolean known = !Double.isNaN(across + place(s.y[i], logarithmicY));
            x[i] = known ? across : 0;
            y[i] = known ? Math.max(least, Math.min(most, place(s.y[i], logarithmicY))) : Double.NaN;
            any |= known;
        }
        if (!any) {
            return;
        }
        XYSeries line = chart.addSeries(s.name, x, y);
        line.setMarkerColor(color).setLineColor(color);
        line.setMarker(s.style == Style.POINTS ? SeriesMarkers.CIRCLE : SeriesMarkers.NONE);
        float[] dashes = s.style == Style.DASHED ? new float[] {6, 5} : null;
        line.setLineStyle(
                s.style == Style.POINTS
                        ? SeriesLines.NONE
                        : new BasicStroke(2.2f, BasicStroke.CAP_BUTT, BasicStroke.JOIN_ROUND, 10, dashes, 0));
    }

    /** From the least to the greatest place, with a margin. */
    private static double[] ends(double[] places, double margin) {
        double low = Arrays.stream(places).min().orElse(0);
        double high = Arrays.stream(places).max().orElse(1);
        double room = low == high ? Math.max(1e-3, Math.abs(low) / 10) : margin * (high - low);
        return new double[] {low - room, high + room};
    }
}

package dev.fathom.view;

import dev.fathom.assess.ConfusionMatrix;
import dev.fathom.io.AtomicFile;
import dev.fathom.train.EpochLog;
import dev.fathom.train.Run;
import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.FontMetrics;
import java.awt.Graphics2D;
import java.awt.geom.AffineTransform;
import java.awt.geom.Ellipse2D;
import java.awt.geom.Line2D;
import java.awt.geom.Rectangle2D;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.LongFunction;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import javax.imageio.stream.MemoryCacheImageOutputStream;
import org.jspecify.annotations.Nullable;
import org.knowm.xchart.AnnotationText;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.AxesChartStyler.TextAlignment;
import org.knowm.xchart.style.XYStyler;
import org.knowm.xchart.style.lines.SeriesLines;
import org.knowm.xchart.style.markers.Marker;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** Pictures of a training and its outcome: learning curves and confusion matrices, as images or PNG files. */
public final class Plots {
    private static final int CURVE_WIDTH = 560;
    private static final int CURVE_HEIGHT = 360;
    private static final int CURVE_TITLE = 36;
    private static final int COMPARISON_WIDTH = 840;
    private static final int MAX_RATE_MARKS = 5; // a rate that changes every epoch is a curve of its own, not a mark

    private Plots() {}

    /**
     * Draws all curves of {@code history} side by side: one plot for each figure and its {@code val_} twin, in the
     * order in which they were measured.
     *
     * @throws IllegalArgumentException when the history has no epochs
     */
    public static BufferedImage curves(Run history) {
        List<BufferedImage> plots =
                metrics(history).stream().map(name -> curve(history, name)).toList();
        return Draw.picture(CURVE_WIDTH * plots.size(), CURVE_HEIGHT, g -> {
            for (int i = 0; i < plots.size(); i++) {
                g.drawImage(plots.get(i), i * CURVE_WIDTH, 0, CURVE_WIDTH, CURVE_HEIGHT, null);
            }
        });
    }

    /**
     * Returns the names of the figures of {@code history} that have a curve of their own: {@code loss} and the metrics,
     * without their {@code val_} twins.
     *
     * @throws IllegalArgumentException when the history has no epochs
     */
    public static List<String> metrics(Run history) {
        List<String> names = history.names();
        List<String> own = names.stream()
                .filter(n -> !n.startsWith("val_") || !names.contains(n.substring(4)))
                .toList();
        if (own.isEmpty()) {
            throw new IllegalArgumentException(
                    "plots: the history has no epochs; draw it after the first epoch has ended");
        }
        return own;
    }

    /**
     * Draws one figure over the epochs, with its {@code val_} twin if there is one. For a single epoch, the legend says
     * the numbers. The best epoch is ringed. Where the learning rate changed, if that was at most five times, a dashed
     * line shows the new rate. Figures that are not finite leave a gap.
     *
     * @param history a history of at least one epoch
     * @param name the name of the figure, such as {@code loss} or {@code accuracy}
     * @throws IllegalArgumentException when the history has no epochs or no figure of this name
     */
    public static BufferedImage curve(Run history, String name) {
        if (!metrics(history).contains(name)) {
            throw new IllegalArgumentException(
                    "plots: no figure " + name + " in this history; it has " + history.names());
        }
        Draw.metrics(Draw.font(12));
        double[] training = finite(history.series(name));
        double[] validation = finite(history.series("val_" + name));
        double[] epochs = history.epochs().stream().mapToDouble(EpochLog::epoch).toArray();
        double[] range = range(DoubleStream.concat(Arrays.stream(training), Arrays.stream(validation)));

        XYChart chart = new XYChartBuilder()
                .width(CURVE_WIDTH)
                .height(CURVE_HEIGHT - CURVE_TITLE)
                .xAxisTitle("epoch")
                .yAxisTitle(Numbers.isShare(name) ? name + ", %" : name)
                .build();
        style(chart.getStyler(), name, epochs, Long::toString, range);
        // a point alone between two gaps has no line
        boolean gaps = DoubleStream.concat(Arrays.stream(training), Arrays.stream(validation))
                .anyMatch(Double::isNaN);
        Marker dots = epochs.length <= 12 || gaps ? SeriesMarkers.CIRCLE : SeriesMarkers.NONE;
        line(chart, name, "training", epochs, training, Draw.BLUE, dots);
        line(chart, name, "validation", epochs, validation, Draw.VERMILLION, dots);
        markRates(chart, history.epochs(), range);
        markBest(chart, history.best(), name);
        return Draw.picture(CURVE_WIDTH, CURVE_HEIGHT, g -> {
            title(g, name, chart, CURVE_WIDTH, 30);
            g.translate(0, CURVE_TITLE);
            chart.paint(g, CURVE_WIDTH, CURVE_HEIGHT - CURVE_TITLE);
        });
    }

    /**
     * Draws one figure of several runs over a common axis, such as the accuracy of four networks over their steps.
     *
     * @param name the name of the figure, such as {@code accuracy}
     * @param axis the name of the horizontal axis, such as {@code steps}
     * @param runs for each name, which the legend shows, ascending positions on the axis and the figure at each; a
     *     figure that is not finite leaves a gap
     * @throws IllegalArgumentException when there are no runs or more runs than colors, or one has no points, or
     *     unequal numbers of positions and figures
     */
    public static BufferedImage compare(String name, String axis, Map<String, double[][]> runs) {
        return compare(name, axis, runs, Long::toString);
    }

    /**
     * Draws one figure of several runs over named places at equal distances, such as 10, 100 and 1000 examples.
     *
     * @param places the names of the places from left to right
     * @param runs for each name, the figure at each place
     * @throws IllegalArgumentException when there are no places, no runs or more runs than colors, or a run does not
     *     have one figure for each place
     */
    public static BufferedImage compare(String name, String axis, List<String> places, Map<String, double[]> runs) {
        double[] x = IntStream.range(0, places.size()).mapToDouble(i -> i).toArray();
        Map<String, double[][]> over = new LinkedHashMap<>();
        runs.forEach((run, y) -> over.put(run, new double[][] {x, y}));
        return compare(name, axis, over, i -> places.get((int) i));
    }

    private static BufferedImage compare(
            String name, String axis, Map<String, double[][]> runs, LongFunction<String> places) {
        if (runs.isEmpty() || runs.size() > Draw.COLORS.size()) {
            throw new IllegalArgumentException("plots: " + runs.size() + " runs to compare; give 1 to "
                    + Draw.COLORS.size() + ", which colors can tell apart");
        }
        runs.forEach((run, xy) -> {
            if (xy.length != 2 || xy[0].length == 0 || xy[0].length != xy[1].length) {
                throw new IllegalArgumentException("plots: the run " + run
                        + " must have two rows, places and figures, of equal length and at least one");
            }
        });
        Draw.metrics(Draw.font(12));
        double[] x = runs.values().stream()
                .flatMapToDouble(xy -> Arrays.stream(xy[0]))
                .sorted()
                .toArray();
        double[] range = range(runs.values().stream().flatMapToDouble(xy -> Arrays.stream(finite(xy[1]))));
        int heading = CURVE_TITLE + 24;
        XYChart chart = new XYChartBuilder()
                .width(COMPARISON_WIDTH)
                .height(CURVE_HEIGHT + 24 - heading)
                .xAxisTitle(axis)
                .yAxisTitle(Numbers.isShare(name) ? name + ", %" : name)
                .build();
        style(chart.getStyler(), name, x, places, range);
        Iterator<Color> colors = Draw.COLORS.iterator();
        runs.forEach((run, xy) -> {
            Marker dots = xy[0].length <= 12 ? SeriesMarkers.CIRCLE : SeriesMarkers.NONE;
            line(chart, name, run, xy[0], finite(xy[1]), colors.next(), dots);
        });
        return Draw.picture(COMPARISON_WIDTH, CURVE_HEIGHT + 24, g -> {
            title(g, name, chart, COMPARISON_WIDTH, 54);
            g.translate(0, heading);
            chart.paint(g, COMPARISON_WIDTH, CURVE_HEIGHT + 24 - heading);
        });
    }

    /**
     * Draws named points in a plane, such as words in the plane of two principal components. The axes have no unit.
     *
     * @param name what is drawn, the title
     * @param groups for each name, which the legend shows with its color, the points by their names, each with its
     *     place to the right and upward
     * @throws IllegalArgumentException when there are no groups or more groups than colors, or one has no points, or a
     *     point is not two finite numbers
     */
    public static BufferedImage scatter(String name, Map<String, Map<String, double[]>> groups) {
        if (groups.isEmpty() || groups.size() > Draw.COLORS.size()) {
            throw new IllegalArgumentException("plots: " + groups.size() + " groups of points; give 1 to "
                    + Draw.COLORS.size() + ", which colors can tell apart");
        }
        groups.forEach((group, points) -> {
            if (points.isEmpty()
                    || points.values().stream()
                            .anyMatch(p -> p.length != 2 || !Double.isFinite(p[0]) || !Double.isFinite(p[1]))) {
                throw new IllegalArgumentException(
                        "plots: the group " + group + " must have at least one point, each of two finite numbers");
            }
        });
        Draw.metrics(Draw.font(12));
        List<double[]> all = groups.values().stream()
                .flatMap(points -> points.values().stream())
                .toList();
        double[] across = range(all.stream().mapToDouble(p -> p[0]));
        double[] upward = range(all.stream().mapToDouble(p -> p[1]));
        int heading = CURVE_TITLE + 24;
        XYChart chart = new XYChartBuilder()
                .width(COMPARISON_WIDTH)
                .height(COMPARISON_WIDTH * 3 / 4 - heading)
                .build();
        style(chart.getStyler(), name, across, Long::toString, upward);
        chart.getStyler().setAxisTicksVisible(false).setAxisTitlesVisible(false);
        double above = 0.018 * (upward[1] - upward[0]);
        Iterator<Color> colors = Draw.COLORS.iterator();
        groups.forEach((group, points) -> {
            double[] x = points.values().stream().mapToDouble(p -> p[0]).toArray();
            double[] y = points.values().stream().mapToDouble(p -> p[1]).toArray();
            chart.addSeries(group, x, y)
                    .setMarker(SeriesMarkers.CIRCLE)
                    .setMarkerColor(colors.next())
                    .setLineStyle(SeriesLines.NONE);
            points.forEach((point, p) -> chart.addAnnotation(new AnnotationText(point, p[0], p[1] + above, false)));
        });
        return Draw.picture(COMPARISON_WIDTH, COMPARISON_WIDTH * 3 / 4, g -> {
            title(g, name, chart, COMPARISON_WIDTH, 54);
            g.translate(0, heading);
            chart.paint(g, COMPARISON_WIDTH, COMPARISON_WIDTH * 3 / 4 - heading);
        });
    }

    /**
     * Title, and the legend in line {@code baseline}, in smaller letters where it would not fit; XChart's own move with
     * the letters in them.
     */
    static void title(Graphics2D g, String name, XYChart chart, int width, int baseline) {
        g.setColor(Draw.INK);
        g.setFont(Draw.bold(16));
        g.drawString(
                name.substring(0, 1).toUpperCase(Locale.ROOT)
                        + name.substring(1).replace('_', ' '),
                16,
                30);
        List<XYSeries> shown = chart.getSeriesCollection().stream()
                .filter(XYSeries::isShowInLegend)
                .toList();
        int size = 13;
        do {
            g.setFont(Draw.font(size));
        } while (legend(g, shown) > width - 32 && --size > 6);
        double x = width - 16;
        for (int i = shown.size() - 1; i >= 0; i--) {
            XYSeries series = shown.get(i);
            x -= g.getFontMetrics().stringWidth(series.getName());
            g.setColor(Draw.INK);
            g.drawString(series.getName(), (float) x, baseline);
            g.setColor(series.getMarkerColor());
            if (series.getLineStyle().equals(SeriesLines.NONE)) {
                series.getMarker().paint(g, x - 14, baseline - 4.5, 8);
            } else {
                g.setStroke(series.getLineStyle());
                g.draw(new Line2D.Double(x - 25, baseline - 4.5, x - 8, baseline - 4.5));
            }
            x -= 40;
        }
    }

    /** The width of a legend. */
    private static int legend(Graphics2D g, List<XYSeries> shown) {
        return shown.stream()
                .mapToInt(series -> g.getFontMetrics().stringWidth(series.getName()) + 40)
                .sum();
    }

    /** The fonts and colors of every chart. */
    static void paper(XYStyler s) {
        s.setLocale(Locale.ROOT);
        s.setChartBackgroundColor(Color.WHITE).setChartFontColor(Draw.INK).setChartPadding(12);
        s.setChartTitleVisible(false).setLegendVisible(false);
        s.setPlotBorderVisible(false).setPlotBackgroundColor(Color.WHITE).setPlotContentSize(1.0);
        s.setAnnotationTextFont(Draw.font(12)).setAnnotationTextFontColor(Draw.MUTED);
        s.setAxisTitleFont(Draw.font(13)).setAxisTickLabelsFont(Draw.font(12)).setAxisTickLabelsColor(Draw.MUTED);
        s.setAxisTicksLineVisible(false).setAxisTickMarksColor(Draw.GRID).setPlotTicksMarksVisible(false);
        s.setPlotGridLinesColor(Draw.GRID)
                .setPlotGridLinesStroke(new BasicStroke(1))
                .setPlotGridVerticalLinesVisible(false);
        s.setXAxisTickMarkSpacingHint(60).setYAxisTickMarkSpacingHint(44);
        s.setYAxisLabelAlignment(TextAlignment.Right);
    }

    private static void style(XYStyler s, String name, double[] epochs, LongFunction<String> label, double[] range) {
        paper(s);
        double first = epochs[0];
        double last = epochs[epochs.length - 1];
        double margin = first == last ? 1 : 0.015 * (last - first);
        s.setXAxisMin(first - margin).setXAxisMax(last + margin);
        s.setYAxisMin(range[0]).setYAxisMax(range[1]);
        // nothing to label between two epochs; the ends must read differently or XChart drops every label
        s.setXAxisTickLabelsFormattingFunction(x -> {
            boolean isEpoch = Math.abs(x - Math.rint(x)) < 1e-6 && x > first - 0.5 && x < last + 0.5;
            return isEpoch ? label.apply(Math.round(x)) : x > last ? "  " : " ";
        });
        double unit = Numbers.isShare(name) ? 100 : 1;
        double span = unit * (range[1] - range[0]);
        int decimals = (int) Math.max(0, Math.min(6, Math.ceil(-Math.log10(span / 9))));
        s.setYAxisTickLabelsFormattingFunction(
                y -> span > 1e6 ? Numbers.plain(y) : String.format(Locale.ROOT, "%." + decimals + "f", unit * y));
    }

    /** A curve; of a single point, which has no course to follow, the legend says the number. */
    private static void line(
            XYChart chart, String figure, String label, double[] x, double[] y, Color color, Marker marker) {
        if (Arrays.stream(y).allMatch(Double::isNaN)) {
            return;
        }
        XYSeries series = chart.addSeries(y.length > 1 ? label : label + " " + Numbers.figure(figure, y[0]), x, y);
        series.setMarker(marker).setMarkerColor(color);
        series.setLineColor(color).setLineStyle(new BasicStroke(2.2f, BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND));
    }

    private static void markRates(XYChart chart, List<EpochLog> epochs, double[] range) {
        int[] changes = IntStream.range(1, epochs.size())
                .filter(i -> epochs.get(i).learningRate() != epochs.get(i - 1).learningRate())
                .toArray();
        if (changes.length > MAX_RATE_MARKS) {
            return;
        }
        for (int i : changes) {
            double x = epochs.get(i).epoch();
            XYSeries mark = chart.addSeries("rate" + i, new double[] {x, x}, range.clone());
            mark.setMarker(SeriesMarkers.NONE).setShowInLegend(false);
            mark.setLineColor(Draw.MUTED)
                    .setLineStyle(
                            new BasicStroke(1, BasicStroke.CAP_BUTT, BasicStroke.JOIN_MITER, 1, new float[] {4, 4}, 0));
            double right = epochs.get(epochs.size() - 1).epoch();
            double y = range[0] + 0.965 * (range[1] - range[0]);
            double half = 0.085 * (right - epochs.get(0).epoch());
            String rate = "rate " + Numbers.plain(epochs.get(i).learningRate());
            chart.addAnnotation(new Label(rate, x + half > right ? x - half : x + half, y));
        }
    }

    private static void markBest(XYChart chart, @Nullable EpochLog best, String name) {
        if (best == null) {
            return;
        }
        double val = best.value("val_" + name);
        double y = Double.isNaN(val) ? best.value(name) : val;
        if (Double.isNaN(y) || Double.isInfinite(y)) {
            return;
        }
        XYSeries ring = chart.addSeries("best: epoch " + best.epoch(), new double[] {best.epoch()}, new double[] {y});
        ring.setMarker(new Ring()).setMarkerColor(Draw.GREEN).setLineStyle(SeriesLines.NONE);
    }

    private static double[] finite(double[] values) {
        return Arrays.stream(values)
                .map(v -> Double.isInfinite(v) ? Double.NaN : v)
                .toArray();
    }

    /**
     * From the least to the greatest figure with a margin, above with room for a label, and wider than nothing even for
     * a constant.
     */
    private static double[] range(DoubleStream values) {
        double[] known = values.filter(v -> !Double.isNaN(v)).sorted().toArray();
        if (known.length == 0) {
            return new double[] {0, 1};
        }
        double low = known[0];
        double high = known[known.length - 1];
        double margin = Math.max(0.06 * (high - low), 1e-3 * Math.max(1e-3, Math.abs(high)));
        return new double[] {low - margin, high + 2 * margin};
    }

    /** A text on white, so that no grid line strikes it through. */
    private static final class Label extends AnnotationText {
        Label(String text, double x, double y) {
            super(text, x, y, false);
        }

        @Override
        public void paint(Graphics2D g) {
            super.paint(g); // only painting tells how large it is
            Rectangle2D text = getBounds();
            g.setColor(Color.WHITE);
            g.fill(new Rectangle2D.Double(
                    text.getX() - 3, text.getY() - text.getHeight() - 3, text.getWidth() + 6, text.getHeight() + 6));
            super.paint(g);
        }
    }

    /** An open circle that leaves the point it marks visible. */
    private static final class Ring extends Marker {
        @Override
        public void paint(Graphics2D g, double x, double y, int size) {
            double r = 0.75 * size;
            g.setStroke(new BasicStroke(2));
            g.draw(new Ellipse2D.Double(x - r, y - r, 2 * r, 2 * r));
        }
    }

    /**
     * Draws the counts of {@code matrix} as a table. Rows are actual classes, columns are predicted ones, and each cell
     * is colored by its share of its row. The colors follow the square root of the share, so that the few mistakes of a
     * good network are visible. Many classes shrink the cells; where a count no longer fits, only the color remains.
     *
     * @param matrix the matrix, which may be empty
     * @param names the name of each class, in order
     * @throws IllegalArgumentException when there is not one name for each class
     */
    public static BufferedImage confusion(ConfusionMatrix matrix, List<String> names) {
        int n = matrix.classes();
        requireNames(matrix, names);
        int cell = Math.max(1, Math.min(56, 900 / n));
        int every = Math.max(1, (14 + cell - 1) / cell); // a label needs 14 units of height
        FontMetrics label = Draw.metrics(Draw.font(13));
        List<String> labels =
                names.stream().map(s -> Draw.shorten(s, label, 140)).toList();
        int longest = labels.stream().mapToInt(label::stringWidth).max().orElse(0);
        boolean flat = longest <= cell - 4;
        int left = 46 + longest;
        int top = 54;
        int side = n * cell;
        int below = (flat ? 22 : (int) (0.71 * longest) + 18) + 34;
        int right = 84;
        int width = Math.max(left + side + right, 360);
        return Draw.picture(width, top + side + below, g -> {
            g.setColor(Draw.INK);
            g.setFont(Draw.bold(16));
            g.drawString("Confusion matrix", left, 30);
            cells(g, matrix, left, top, cell);
            g.setFont(Draw.font(13));
            for (int k = 0; k < n; k += every) {
                double middle = (k + 0.5) * cell;
                g.setColor(Draw.INK);
                Draw.rightAligned(g, labels.get(k), left - 8, top + middle + 4.5);
                if (flat) {
                    Draw.centered(g, labels.get(k), left + middle, top + side + 18);
                } else {
                    AffineTransform upright = g.getTransform();
                    g.translate(left + middle + 4, top + side + 12);
                    g.rotate(-Math.PI / 4);
                    Draw.rightAligned(g, labels.get(k), 0, 4);
                    g.setTransform(upright);
                }
            }
            g.setColor(Draw.MUTED);
            Draw.centered(g, "predicted", left + side / 2.0, top + side + below - 12);
            AffineTransform upright = g.getTransform();
            g.translate(20, top + side / 2.0);
            g.rotate(-Math.PI / 2);
            Draw.centered(g, "actual", 0, 0);
            g.setTransform(upright);
            scale(g, left + side + 22, top, Math.min(side, 300));
        });
    }

    /**
     * Draws a heat map of shares, such as the attention weights of each word of a translation on the words of its
     * source. The colors are those of {@link #confusion}.
     *
     * @param name the title
     * @param rows the names of the rows
     * @param columns the names of the columns
     * @param shares the numbers of each row, from 0 to 1
     * @throws IllegalArgumentException if there are no rows or columns, not as many numbers as names, or one is outside
     *     of [0, 1]
     */
    public static BufferedImage heatMap(String name, List<String> rows, List<String> columns, float[][] shares) {
        boolean whole = !rows.isEmpty() && !columns.isEmpty() && shares.length == rows.size();
        for (float[] row : shares) {
            whole &= row.length == columns.size();
            for (float share : row) {
                whole &= share >= 0 && share <= 1 + 1e-5f;
            }
        }
        if (!whole) {
            throw new IllegalArgumentException("plots: " + shares.length + " rows of shares for " + rows.size()
                    + " rows and " + columns.size() + " columns; give each row a number from 0 to 1 for each column");
        }
        int cell = 34;
        FontMetrics label = Draw.metrics(Draw.font(13));
        int left = 24 + rows.stream().mapToInt(label::stringWidth).max().orElse(0);
        int top = 58
                + (int) (0.71
                        * columns.stream().mapToInt(label::stringWidth).max().orElse(0));
        int width = Math.max(
                left + columns.size() * cell + 60,
                40 + Draw.metrics(Draw.bold(16)).stringWidth(name));
        return Draw.picture(width, top + rows.size() * cell + 20, g -> {
            g.setColor(Draw.INK);
            g.setFont(Draw.bold(16));
            g.drawString(name, 16, 30);
            g.setFont(Draw.font(13));
            for (int j = 0; j < columns.size(); j++) {
                AffineTransform upright = g.getTransform();
                g.translate(left + (j + 0.5) * cell, top - 8);
                g.rotate(-Math.PI / 4);
                g.drawString(columns.get(j), 0, 0);
                g.setTransform(upright);
            }
            for (int i = 0; i < rows.size(); i++) {
                g.setColor(Draw.INK);
                Draw.rightAligned(g, rows.get(i), left - 8, top + (i + 0.5) * cell + 4.5);
                for (int j = 0; j < columns.size(); j++) {
                    g.setColor(shade(Math.min(1, shares[i][j])));
                    g.fill(new Rectangle2D.Double(left + j * cell, top + i * cell, cell - 1, cell - 1));
                }
            }
        });
    }

    private static void cells(Graphics2D g, ConfusionMatrix matrix, int left, int top, int cell) {
        int n = matrix.classes();
        int gap = cell >= 12 ? 1 : 0;
        long most = 0;
        long[] rows = new long[n];
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < n; j++) {
                rows[i] += matrix.count(i, j);
                most = Math.max(most, matrix.count(i, j));
            }
        }
        int size = 15;
        while (size >= 8 && Draw.metrics(Draw.font(size)).stringWidth(Long.toString(most)) > cell - 6) {
            size--;
        }
        g.setFont(Draw.font(size));
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < n; j++) {
                long count = matrix.count(i, j);
                double share = rows[i] == 0 ? 0 : (double) count / rows[i];
                g.setColor(shade(share));
                g.fill(new Rectangle2D.Double(left + j * cell, top + i * cell, cell - gap, cell - gap));
                if (size >= 8) {
                    g.setColor(count == 0 ? NOTHING : share > 0.2 ? Color.WHITE : Draw.INK);
                    Draw.centered(
                            g,
                            Long.toString(count),
                            left + (j + 0.5) * cell - gap,
                            top + (i + 0.5) * cell + 0.36 * size);
                }
            }
        }
    }

    private static void scale(Graphics2D g, int x, int top, int height) {
        for (int i = 0; i < height; i++) {
            g.setColor(shade(Math.pow(1 - (double) i / height, 2)));
            g.fill(new Rectangle2D.Double(x, top + i, 12, 1.5));
        }
        g.setFont(Draw.font(11));
        g.setColor(Draw.MUTED);
        for (int percent : height >= 120 ? new int[] {100, 50, 20, 5, 1, 0} : new int[] {100, 0}) {
            double y = top + height * (1 - Math.sqrt(percent / 100.0));
            g.drawString(percent + " %", x + 18, (float) y + 4);
        }
        if (height >= 120) {
            g.drawString("of row", x, top - 10);
        }
    }

    private static final Color NOTHING = new Color(0xb8c2cc);
    // ColorBrewer's Blues: one hue, lightness falling evenly
    private static final int[] BLUES = {
        0xf7fbff, 0xdeebf7, 0xc6dbef, 0x9ecae1, 0x6baed6, 0x4292c6, 0x2171b5, 0x08519c, 0x08306b
    };

    private static Color shade(double share) {
        double at = Math.sqrt(share) * (BLUES.length - 1);
        int i = Math.min(BLUES.length - 2, (int) at);
        double t = at - i;
        int rgb = 0;
        for (int shift = 16; shift >= 0; shift -= 8) {
            double from = BLUES[i] >> shift & 255;
            double to = BLUES[i + 1] >> shift & 255;
            rgb |= (int) Math.round(from + t * (to - from)) << shift;
        }
        return new Color(rgb);
    }

    static void requireNames(ConfusionMatrix matrix, List<String> names) {
        if (names.size() != matrix.classes()) {
            throw new IllegalArgumentException("confusion matrix: " + names.size() + " names for " + matrix.classes()
                    + " classes; give each class one name");
        }
    }

    /** Returns {@code picture} as the bytes of a PNG file. */
    public static byte[] png(BufferedImage picture) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (var stream =
                new MemoryCacheImageOutputStream(bytes)) { // ImageIO's default would go through a temporary file
            if (!ImageIO.write(picture, "png", stream)) {
                throw new IllegalArgumentException("png: no writer for a picture of type " + picture.getType());
            }
        } catch (IOException e) {
            throw new UncheckedIOException("png: " + e.getMessage(), e);
        }
        return bytes.toByteArray();
    }

    /**
     * Writes {@code picture} as a PNG file, whole or not at all; missing folders are made.
     *
     * @throws UncheckedIOException when the file cannot be written, with the reason in one sentence
     */
    public static void write(BufferedImage picture, Path file) {
        byte[] bytes = png(picture);
        AtomicFile.write(file, out -> out.write(bytes));
    }
}

package dev.fathom.view;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.FontMetrics;
import java.awt.Graphics2D;
import java.awt.geom.Ellipse2D;
import java.awt.geom.Line2D;
import java.awt.geom.Path2D;
import java.awt.geom.Rectangle2D;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.DoubleStream;
import org.jspecify.annotations.Nullable;

/**
 * Lines and points over two axes, for what {@link Plots} has no picture of its own: logarithmic axes, a fitted function among its data, or several panels.
 *
 * <pre>{@code
 * Chart error = new Chart("Test error", "basis functions").line("median", d, median).dashed("noise", ends, noise).logarithmic(true, true);
 * Plots.write(Chart.panels(2, List.of(error, norms)), Path.of("descent.png"));
 * }</pre>
 */
public final class Chart {
    private static final int WIDTH = 560;
    private static final int HEIGHT = 360;
    private static final int LEFT = 64;
    private static final int RIGHT = 20;
    private static final int TOP = 68;
    private static final int BOTTOM = 48;

    private enum Style {
        LINE,
        DASHED,
        POINTS
    }

    private record Series(String name, Style style, double[] x, double[] y) {}

    /** An axis from {@code low} to {@code high}. */
    private record Axis(double low, double high, boolean logarithmic) {
        /** Where a value lies, from 0 at the low end to 1 at the high one. */
        double share(double value) {
            return logarithmic ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
        }

        /** From the least to the greatest value, with a margin. */
        static Axis around(DoubleStream values, boolean logarithmic, double margin) {
            double[] known = values.filter(v -> Double.isFinite(v) && (!logarithmic || v > 0))
                    .toArray();
            if (known.length == 0) {
                return new Axis(logarithmic ? 1 : 0, logarithmic ? 10 : 1, logarithmic);
            }
            double low = Arrays.stream(known).min().orElseThrow();
            double high = Arrays.stream(known).max().orElseThrow();
            if (logarithmic) {
                double factor = low == high ? 2 : Math.pow(high / low, margin);
                return new Axis(low / factor, high * factor, true);
            }
            double room = low == high ? Math.max(1e-3, Math.abs(low) / 10) : margin * (high - low);
            return new Axis(low - room, high + room, false);
        }

        /** Places for labels: 1, 2 or 5 times powers of ten, or only powers of ten where an axis has many. */
        double[] ticks() {
            List<Double> ticks = new ArrayList<>();
            if (logarithmic) {
                boolean many = Math.log10(high / low) > 3;
                for (int e = (int) Math.floor(Math.log10(low)); e <= Math.log10(high); e++) {
                    for (int digit : many ? new int[] {1} : new int[] {1, 2, 5}) {
                        ticks.add(digit * Math.pow(10, e));
                    }
                }
            } else {
                double size = Math.pow(10, Math.floor(Math.log10((high - low) / 5)));
                double steps = (high - low) / 5 / size;
                double step = size * (steps < 2 ? 1 : steps < 5 ? 2 : 5);
                for (double k = Math.ceil(low / step); k * step <= high; k++) {
                    ticks.add(k * step);
                }
            }
            return ticks.stream()
                    .mapToDouble(t -> t)
                    .filter(t -> t >= low && t <= high)
                    .toArray();
        }
    }

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
     * @throws IllegalArgumentException if there are no points, x and y differ in length, or there are more series than colors
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
            throw new IllegalArgumentException("chart: " + s.name + " is one series more than the "
                    + Draw.COLORS.size() + " that colors can tell apart");
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
     * Draws values from {@code low} to {@code high}, and cuts lines that leave this range. Without it, all values are seen.
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
     * @throws IllegalStateException on a machine without fonts
     */
    public BufferedImage render() {
        return panels(1, List.of(this));
    }

    /**
     * Draws several charts as one picture, row after row.
     *
     * @throws IllegalArgumentException if there are no charts or no columns
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
                Graphics2D panel = (Graphics2D) g.create();
                panel.translate(i % across * WIDTH, i / across * HEIGHT);
                charts.get(i).paint(panel);
                panel.dispose();
            }
        });
    }

    private void paint(Graphics2D g) {
        Axis across = Axis.around(
                series.stream().flatMapToDouble(s -> Arrays.stream(s.x)), logarithmicX, 0.02);
        Axis upward = range == null
                ? Axis.around(series.stream().flatMapToDouble(s -> Arrays.stream(s.y)), logarithmicY, 0.06)
                : new Axis(range[0], range[1], logarithmicY);
        int width = WIDTH - LEFT - RIGHT;
        int height = HEIGHT - TOP - BOTTOM;
        DoubleUnaryOperator toX = v -> LEFT + width * across.share(v);
        DoubleUnaryOperator toY = v -> TOP + height * (1 - upward.share(v));
        g.setColor(Draw.INK);
        g.setFont(Draw.bold(16));
        g.drawString(title, 16, 30);
        g.setFont(Draw.font(12));
        FontMetrics metrics = g.getFontMetrics();
        for (double tick : upward.ticks()) {
            double y = toY.applyAsDouble(tick);
            g.setColor(Draw.GRID);
            g.draw(new Line2D.Double(LEFT, y, LEFT + width, y));
            g.setColor(Draw.MUTED);
            Draw.rightAligned(g, Numbers.plain(tick), LEFT - 8, y + 4);
        }
        double free = 0;
        for (double tick : across.ticks()) {
            double x = toX.applyAsDouble(tick);
            double half = metrics.stringWidth(Numbers.plain(tick)) / 2.0;
            if (x - half > free) { // leave out a label that would touch its neighbor
                g.setColor(Draw.MUTED);
                Draw.centered(g, Numbers.plain(tick), x, TOP + height + 18);
                free = x + half + 6;
            }
        }
        g.setColor(Draw.INK);
        g.setFont(Draw.font(13));
        Draw.centered(g, axis, LEFT + width / 2.0, HEIGHT - 10);
        legend(g);
        g.clip(new Rectangle2D.Double(LEFT - 4, TOP - 4, width + 8, height + 8));
        Iterator<Color> colors = Draw.COLORS.iterator();
        for (Series s : series) {
            draw(g, s, colors.next(), toX, toY);
        }
    }

    private void draw(Graphics2D g, Series s, Color color, DoubleUnaryOperator toX, DoubleUnaryOperator toY) {
        g.setColor(color);
        Path2D path = new Path2D.Double();
        boolean begun = false;
        for (int i = 0; i < s.x.length; i++) {
            double x = toX.applyAsDouble(s.x[i]);
            double y = toY.applyAsDouble(s.y[i]);
            boolean known = Double.isFinite(x) && Double.isFinite(y);
            y = Math.max(-1e4, Math.min(1e4, y)); // what is cut anyway needs no larger numbers
            if (known && s.style == Style.POINTS) {
                g.fill(new Ellipse2D.Double(x - 3.5, y - 3.5, 7, 7));
            } else if (known && begun) {
                path.lineTo(x, y);
            } else if (known) {
                path.moveTo(x, y);
            }
            begun = known;
        }
        g.setStroke(stroke(s.style));
        g.draw(path);
    }

    private static BasicStroke stroke(Style style) {
        float[] dashes = style == Style.DASHED ? new float[] {6, 5} : null;
        return new BasicStroke(2.2f, BasicStroke.CAP_BUTT, BasicStroke.JOIN_ROUND, 10, dashes, 0);
    }

    /** The names of the series with their colors, from the right. */
    private void legend(Graphics2D g) {
        double x = WIDTH - RIGHT;
        for (int i = series.size() - 1; i >= 0; i--) {
            Series s = series.get(i);
            x -= g.getFontMetrics().stringWidth(s.name);
            g.setColor(Draw.INK);
            g.drawString(s.name, (float) x, 54);
            g.setColor(Draw.COLORS.get(i));
            if (s.style == Style.POINTS) {
                g.fill(new Ellipse2D.Double(x - 15, 46, 7, 7));
                x -= 30;
            } else {
                g.setStroke(stroke(s.style));
                g.draw(new Line2D.Double(x - 25, 49.5, x - 7, 49.5));
                x -= 38;
            }
        }
    }
}

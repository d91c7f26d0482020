package dev.fathom.view;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.Shape;
import java.awt.geom.AffineTransform;
import java.awt.geom.Ellipse2D;
import java.awt.geom.Line2D;
import java.awt.geom.Rectangle2D;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A part of a plane: the contours of a function of two variables, with paths and points over them, such as a loss and
 * the ways of several optimizers.
 *
 * <pre>{@code
 * var plot = new PlanePlot("Ravine", -1, 1, -1, 1).contours(values).path("Adam", x, y).point(0, 0);
 * Plots.write(plot.render(), Path.of("ravine.png"));
 * }</pre>
 *
 * <p>The contours divide the values into bands that cover equal areas, so that a function whose values reach over many
 * powers of ten shows its shape everywhere. The lower a band lies, the darker it is.
 */
public final class PlanePlot {
    private static final int LEFT = 64;
    private static final int TOP = 72;
    private static final int BOTTOM = 52;
    private static final int RIGHT = 18;
    private static final int BANDS = 18;
    private static final Color LOW = new Color(0xb9c6d3);

    private final String title;
    private Plane plane;
    private int width;
    private int height;
    private String across = "";
    private String upward = "";
    private double[][] field = {};
    private @Nullable BufferedImage background;
    private final List<Path> paths = new ArrayList<>();
    private final List<double[]> points = new ArrayList<>();

    private record Path(String name, double[] x, double[] y) {}

    /**
     * Makes a plane without contours and paths.
     *
     * @throws IllegalArgumentException unless the ends are finite, left lies left of right, and low below high
     */
    public PlanePlot(String title, double left, double right, double low, double high) {
        this.title = title;
        this.plane = new Plane(left, right, low, high, new Rectangle2D.Double());
        resize(560, 420);
    }

    private void resize(int width, int height) {
        this.width = width;
        this.height = height;
        plane = plane.in(LEFT, TOP, width - (double) LEFT - RIGHT, height - (double) TOP - BOTTOM);
        background = null;
    }

    /**
     * Sets the size of the picture in nominal units, which is 560 x 420 by default: animations have many pictures and
     * should be smaller.
     *
     * @throws IllegalArgumentException unless the width is at least 240 and the height at least 200
     */
    public PlanePlot size(int width, int height) {
        if (width < 240 || height < 200) {
            throw new IllegalArgumentException(
                    "plane plot: " + width + " x " + height + " is too small; give 240 x 200 or more");
        }
        resize(width, height);
        return this;
    }

    /** Names the axes, which have no names by default. */
    public PlanePlot axes(String across, String upward) {
        this.across = across;
        this.upward = upward;
        return this;
    }

    /**
     * Draws the contours of a function.
     *
     * @param values a row for each height from low to high, both ends included, with the values from left to right;
     *     infinite values lie above all others, and NaN counts as infinite
     * @throws IllegalArgumentException unless there are at least two rows of equal length with at least two values each
     */
    public PlanePlot contours(double[]... values) {
        if (values.length < 2
                || values[0].length < 2
                || Arrays.stream(values).anyMatch(row -> row.length != values[0].length)) {
            throw new IllegalArgumentException(
                    "plane plot: the contours need two or more rows of equal length with two or more values each");
        }
        field = values.clone();
        background = null;
        return this;
    }

    /**
     * Adds a path, whose start is an open circle and whose end is a full one.
     *
     * @throws IllegalArgumentException if there are no places, unequal numbers of coordinates, or more paths than
     *     colors
     */
    public PlanePlot path(String name, double[] x, double[] y) {
        if (x.length == 0 || x.length != y.length) {
            throw new IllegalArgumentException("plane plot: the path " + name + " has " + x.length + " and " + y.length
                    + " coordinates; give as many of each, and at least one");
        }
        if (paths.size() == Draw.COLORS.size()) {
            throw new IllegalArgumentException("plane plot: " + (paths.size() + 1) + " paths; give at most "
                    + Draw.COLORS.size() + ", which colors can tell apart");
        }
        paths.add(new Path(name, x.clone(), y.clone()));
        return this;
    }

    /** Marks a place, such as a minimum, with a cross. */
    public PlanePlot point(double x, double y) {
        points.add(new double[] {x, y});
        return this;
    }

    /**
     * Draws the plane with whole paths.
     *
     * @throws IllegalStateException on a machine without fonts
     */
    public BufferedImage render() {
        return render(Integer.MAX_VALUE);
    }

    /**
     * Draws the plane with the first {@code places} places of each path: a frame of an animation.
     *
     * @throws IllegalArgumentException if there are none
     * @throws IllegalStateException on a machine without fonts
     */
    public BufferedImage render(int places) {
        if (places < 1) {
            throw new IllegalArgumentException("plane plot: places is " + places + " but must be at least 1");
        }
        Draw.metrics(Draw.font(12));
        return Draw.picture(width, height, g -> {
            Rectangle2D frame = plane.frame();
            if (field.length > 0) {
                background = background == null ? shaded() : background; // the same in each frame of an animation
                g.drawImage(background, LEFT, TOP, (int) frame.getWidth(), (int) frame.getHeight(), null);
            }
            ticks(g, field.length == 0);
            Shape everywhere = g.getClip();
            g.clip(frame);
            for (int i = 0; i < paths.size(); i++) {
                draw(g, paths.get(i), Draw.COLORS.get(i), places);
            }
            g.setColor(Draw.INK);
            g.setStroke(new BasicStroke(1.6f));
            for (double[] point : points) {
                double x = plane.x(point[0]);
                double y = plane.y(point[1]);
                g.draw(new Line2D.Double(x - 4, y - 4, x + 4, y + 4));
                g.draw(new Line2D.Double(x - 4, y + 4, x + 4, y - 4));
            }
            g.setClip(everywhere);
            g.setColor(Draw.MUTED);
            g.setStroke(new BasicStroke(1));
            g.draw(frame);
            legend(g);
        });
    }

    private void draw(Graphics2D g, Path path, Color color, int places) {
        int n = Math.min(places, path.x.length);
        g.setColor(color);
        g.setStroke(new BasicStroke(1.7f, BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND));
        g.draw(plane.path(path.x, path.y, n));
        IntStream.range(0, n)
                .map(i -> n - 1 - i)
                .filter(i -> plane.isNear(path.x[i], path.y[i]))
                .findFirst()
                .ifPresent(last -> {
                    g.fill(circle(path.x[last], path.y[last], 4));
                    Shape start = circle(path.x[0], path.y[0], 3);
                    g.setColor(Color.WHITE);
                    g.fill(start);
                    g.setColor(color);
                    g.draw(start);
                });
    }

    private Shape circle(double x, double y, double radius) {
        return new Ellipse2D.Double(plane.x(x) - radius, plane.y(y) - radius, 2 * radius, 2 * radius);
    }

    private void legend(Graphics2D g) {
        g.setColor(Draw.INK);
        g.setFont(Draw.bold(16));
        g.drawString(title, 16, 26);
        g.setFont(Draw.font(11));
        double[] widths = paths.stream()
                .mapToDouble(p -> 28 + g.getFontMetrics().stringWidth(p.name))
                .toArray();
        double room = width - 32.0;
        boolean twoLines = Arrays.stream(widths).sum() > room;
        double at = 16;
        double line = twoLines ? 44 : 54;
        for (int i = 0; i < paths.size(); i++) {
            if (at > 16 && at + widths[i] - 10 > 16 + room) {
                at = 16;
                line += 15;
            }
            g.setColor(Draw.COLORS.get(i));
            g.fill(new Rectangle2D.Double(at, line - 6, 12, 4));
            g.setColor(Draw.INK);
            g.drawString(paths.get(i).name, (float) (at + 16), (float) line);
            at += widths[i];
        }
    }

    private void ticks(Graphics2D g, boolean grid) {
        g.setFont(Draw.font(11));
        double[] places = Plane.ticks(plane.left(), plane.right(), 6);
        for (double place : places) {
            if (grid) {
                g.setColor(Draw.GRID);
                g.draw(new Line2D.Double(plane.x(place), TOP, plane.x(place), height - (double) BOTTOM));
            }
            g.setColor(Draw.MUTED);
            Draw.centered(g, Plane.label(place, places), plane.x(place), height - BOTTOM + 16.0);
        }
        double[] levels = Plane.ticks(plane.low(), plane.high(), 6);
        for (double level : levels) {
            if (grid) {
                g.setColor(Draw.GRID);
                g.draw(new Line2D.Double(LEFT, plane.y(level), width - (double) RIGHT, plane.y(level)));
            }
            g.setColor(Draw.MUTED);
            Draw.rightAligned(g, Plane.label(level, levels), LEFT - 7.0, plane.y(level) + 4);
        }
        g.setFont(Draw.font(12));
        g.setColor(Draw.INK);
        Draw.centered(g, across, LEFT + (width - LEFT - RIGHT) / 2.0, height - 14.0);
        AffineTransform upright = g.getTransform();
        g.translate(18, TOP + (height - TOP - BOTTOM) / 2.0);
        g.rotate(-Math.PI / 2);
        Draw.centered(g, upward, 0, 0);
        g.setTransform(upright);
    }

    /** The bands of the contours with a line between each two, at the full number of pixels. */
    private BufferedImage shaded() {
        int w = (width - LEFT - RIGHT) * Draw.SCALE;
        int h = (height - TOP - BOTTOM) * Draw.SCALE;
        double[] levels = levels();
        int[][] band = new int[h][w];
        for (int i = 0; i < h; i++) {
            double row = (h - 1 - i) * (field.length - 1.0) / (h - 1);
            for (int j = 0; j < w; j++) {
                int at = Arrays.binarySearch(levels, value(row, j * (field[0].length - 1.0) / (w - 1)));
                band[i][j] = at < 0 ? -at - 1 : at + 1;
            }
        }
        BufferedImage image = new BufferedImage(w, h, BufferedImage.TYPE_INT_RGB);
        for (int i = 0; i < h; i++) {
            for (int j = 0; j < w; j++) {
                boolean edge = i + 1 < h && band[i][j] != band[i + 1][j] || j + 1 < w && band[i][j] != band[i][j + 1];
                double share = band[i][j] / (double) levels.length;
                image.setRGB(j, i, mixed(edge ? 0.75 * share - 0.4 : share));
            }
        }
        return image;
    }

    /** The values that divide the plane into bands of equal area. */
    private double[] levels() {
        double[] all = Arrays.stream(field)
                .flatMapToDouble(Arrays::stream)
                .map(PlanePlot::ordered)
                .sorted()
                .toArray();
        double[] levels = new double[BANDS - 1];
        Arrays.setAll(levels, i -> all[(int) ((i + 1L) * all.length / BANDS)]);
        return Arrays.stream(levels).distinct().toArray();
    }

    private static double ordered(double value) {
        return Double.isNaN(value) ? Double.POSITIVE_INFINITY : value;
    }

    /** Between the four values about a place, in proportion to its distances. */
    private double value(double row, double column) {
        int i = (int) Math.min(field.length - 2.0, row);
        int j = (int) Math.min(field[0].length - 2.0, column);
        double below = between(field[i][j], field[i][j + 1], column - j);
        double above = between(field[i + 1][j], field[i + 1][j + 1], column - j);
        return ordered(between(below, above, row - i));
    }

    private static double between(double a, double b, double share) {
        return share == 0 ? a : share == 1 ? b : a + share * (b - a);
    }

    /** A color from {@link #LOW} at 0 to white at 1; below 0, a darker one. */
    private static int mixed(double share) {
        return mixed(LOW.getRed(), share) << 16 | mixed(LOW.getGreen(), share) << 8 | mixed(LOW.getBlue(), share);
    }

    private static int mixed(int channel, double share) {
        return (int) Math.round(Math.max(0, Math.min(255, channel + share * (255.0 - channel))));
    }
}

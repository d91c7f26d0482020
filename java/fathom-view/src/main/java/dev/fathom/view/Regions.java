package dev.fathom.view;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.FontMetrics;
import java.awt.Graphics2D;
import java.awt.Shape;
import java.awt.geom.Ellipse2D;
import java.awt.geom.Line2D;
import java.awt.geom.Rectangle2D;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.List;

/**
 * The decision regions of a model in a part of the plane: how likely it takes each place for class 1, with examples and
 * lines over it.
 *
 * <pre>{@code
 * var plot = new Regions("Moons", -2, 3, -1.5, 2);
 * float[] places = plot.places();                           // [PLACES, 2]
 * plot.shares(model(places)).points(0, zeros).points(1, ones);
 * Plots.write(plot.render(), Path.of("moons.png"));
 * }</pre>
 *
 * <p>Class 0 is blue and class 1 vermilion; the surer the model is, the stronger is the color. The boundary is where
 * they meet.
 */
public final class Regions {
    /** The number of places at which a model is asked, a square number. */
    public static final int PLACES = 120 * 120;

    private static final int ACROSS = 120;
    private static final int HEADING = 34;
    private static final int NUMBERS = 26;
    private static final int GAP = 14;

    private final String title;
    private Plane plane;
    private float[] shares = {};
    private final List<Mark> marks = new ArrayList<>();
    private int side;

    /** Lines, or points where {@code dots}. */
    private record Mark(Color color, double[][] xy, boolean dots) {}

    /**
     * Begins without colors, points and lines.
     *
     * @param title above the picture
     * @throws IllegalArgumentException unless the ends are finite, left lies left of right, and low below high
     */
    public Regions(String title, double left, double right, double low, double high) {
        this.title = title;
        this.plane = new Plane(left, right, low, high, new Rectangle2D.Double());
        resize(300);
    }

    private void resize(int pixels) {
        side = pixels;
        plane = plane.in(0, 0, side, side);
    }

    /**
     * Sets the width and height of the plane, which are 300 at the picture's nominal size. A plane below 200 has no
     * numbers at its axes.
     *
     * @throws IllegalArgumentException when {@code pixels} is less than 60
     */
    public Regions side(int pixels) {
        if (pixels < 60) {
            throw new IllegalArgumentException("regions: side is " + pixels + " but must be at least 60");
        }
        resize(pixels);
        return this;
    }

    /**
     * Returns the places [{@link #PLACES}, 2] at which a model is to be asked: x and y of each, row after row from the
     * highest, and from the left.
     */
    public float[] places() {
        float[] places = new float[2 * PLACES];
        for (int i = 0; i < PLACES; i++) {
            int row = i / ACROSS;
            int column = i % ACROSS;
            places[2 * i] = (float) (plane.left() + (column + 0.5) / ACROSS * (plane.right() - plane.left()));
            places[2 * i + 1] = (float) (plane.high() - (row + 0.5) / ACROSS * (plane.high() - plane.low()));
        }
        return places;
    }

    /**
     * Colors the plane.
     *
     * @param shares the probability of class 1 at each of the {@link #places}
     * @throws IllegalArgumentException if there is not a number of 0 to 1 for each
     */
    public Regions shares(float... shares) {
        boolean inside = shares.length == PLACES;
        for (float share : shares) {
            inside &= share >= 0 && share <= 1;
        }
        if (!inside) {
            throw new IllegalArgumentException(
                    "regions: " + shares.length + " shares for " + PLACES + " places; give one from 0 to 1 for each");
        }
        this.shares = shares.clone();
        return this;
    }

    /**
     * Adds examples of a class.
     *
     * @param label the class, 0 or 1; 2 to 5 have further colors, 6 is black and 7 gray
     * @param xy two rows, the places to the right and upward
     * @throws IllegalArgumentException if there is no color for the class, or the rows differ in length
     */
    public Regions points(int label, double[][] xy) {
        return add(label, xy, true);
    }

    /**
     * Adds a line through places in the color of a class; a place that is not finite leaves a gap.
     *
     * @throws IllegalArgumentException as {@link #points}
     */
    public Regions line(int label, double[][] xy) {
        return add(label, xy, false);
    }

    /**
     * Adds the line a x + b y + c = 0 in the color of a class, as far as it lies in the plane; there is none where a
     * and b are 0.
     *
     * @throws IllegalArgumentException if there is no color for the class
     */
    public Regions boundary(double a, double b, double c, int label) {
        double norm = Math.hypot(a, b);
        double reach = 2
                * (Math.abs(plane.left()) + Math.abs(plane.right()) + Math.abs(plane.low()) + Math.abs(plane.high()))
                / norm;
        double x = -c * a / norm / norm;
        double y = -c * b / norm / norm;
        return line(label, new double[][] {{x - reach * b, x + reach * b}, {y + reach * a, y - reach * a}});
    }

    private Regions add(int label, double[][] xy, boolean dots) {
        if (label < 0 || label >= Draw.COLORS.size() || xy.length != 2 || xy[0].length != xy[1].length) {
            throw new IllegalArgumentException("regions: places of class " + label + " in " + xy.length
                    + " rows; give two rows of equal length for a class from 0 to " + (Draw.COLORS.size() - 1));
        }
        marks.add(new Mark(Draw.COLORS.get(label), new double[][] {xy[0].clone(), xy[1].clone()}, dots));
        return this;
    }

    /**
     * Draws the plane.
     *
     * @throws IllegalStateException on a machine without fonts
     */
    public BufferedImage render() {
        return sheet(1, List.of(this));
    }

    /**
     * Draws several planes as one picture, row after row.
     *
     * @throws IllegalArgumentException if there are no planes or columns, or their sides differ
     * @throws IllegalStateException on a machine without fonts
     */
    public static BufferedImage sheet(int columns, List<Regions> planes) {
        if (columns < 1 || planes.stream().mapToInt(p -> p.side).distinct().count() != 1) {
            throw new IllegalArgumentException("regions: " + planes.size() + " planes in " + columns
                    + " columns; give at least one of each, and one side to all");
        }
        Draw.metrics(Draw.font(12));
        Regions first = planes.get(0);
        int across = Math.min(columns, planes.size());
        int rows = (planes.size() + across - 1) / across;
        int left = first.numbered() ? NUMBERS : 0;
        int width = left + first.side + GAP;
        int height = HEADING + first.side + left;
        return Draw.picture(GAP + across * width, rows * height + GAP, g -> {
            for (int i = 0; i < planes.size(); i++) {
                Graphics2D panel = (Graphics2D) g.create();
                panel.translate(GAP + i % across * width + left, i / across * height + HEADING);
                planes.get(i).paint(panel);
                panel.dispose();
            }
        });
    }

    private boolean numbered() {
        return side >= 200;
    }

    private void paint(Graphics2D g) {
        g.setColor(Draw.INK);
        g.setFont(numbered() ? Draw.bold(15) : Draw.font(12));
        FontMetrics metrics = g.getFontMetrics();
        g.drawString(Draw.shorten(title, metrics, side), 0, -10);
        Rectangle2D frame = plane.frame();
        if (shares.length > 0) {
            g.drawImage(colored(), 0, 0, side, side, null);
        }
        if (numbered()) {
            numbers(g);
        }
        Shape everywhere = g.getClip();
        g.clip(frame);
        for (Mark mark : marks) {
            g.setColor(mark.color);
            float width = mark.color.equals(Draw.MUTED) ? 0.7f : 1.5f; // gray is for what stands behind
            g.setStroke(new BasicStroke(width, BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND));
            if (mark.dots) {
                dots(g, mark);
            } else {
                g.draw(plane.path(mark.xy[0], mark.xy[1], mark.xy[0].length));
            }
        }
        g.setClip(everywhere);
        g.setColor(Draw.MUTED);
        g.setStroke(new BasicStroke(1));
        g.draw(frame);
    }

    /** Few points are drawn large, each with a white edge that keeps it apart from its region. */
    private void dots(Graphics2D g, Mark mark) {
        int n = mark.xy[0].length;
        double r = n <= 8 ? 6 : Math.max(1.6, side / 110.0);
        for (int i = 0; i < n; i++) {
            double px = plane.x(mark.xy[0][i]);
            double py = plane.y(mark.xy[1][i]);
            g.setColor(Color.WHITE);
            g.fill(new Ellipse2D.Double(px - r - 0.8, py - r - 0.8, 2 * r + 1.6, 2 * r + 1.6));
            g.setColor(mark.color);
            g.fill(new Ellipse2D.Double(px - r, py - r, 2 * r, 2 * r));
        }
    }

    private void numbers(Graphics2D g) {
        g.setFont(Draw.font(11));
        g.setColor(Draw.MUTED);
        double[] places = Plane.ticks(plane.left(), plane.right(), 4);
        for (double tick : places) {
            double x = plane.x(tick);
            Draw.centered(g, Plane.label(tick, places), x, side + 15.0);
            g.draw(new Line2D.Double(x, side, x, side + 3.0));
        }
        double[] levels = Plane.ticks(plane.low(), plane.high(), 4);
        for (double tick : levels) {
            double y = plane.y(tick);
            Draw.rightAligned(g, Plane.label(tick, levels), -5, y + 4);
            g.draw(new Line2D.Double(-3, y, 0, y));
        }
    }

    /**
     * One pixel for each place; even a model that is not sure leaves no place white, so that the boundary can be seen.
     */
    private BufferedImage colored() {
        BufferedImage image = new BufferedImage(ACROSS, ACROSS, BufferedImage.TYPE_INT_RGB);
        for (int i = 0; i < PLACES; i++) {
            Color end = shares[i] > 0.5f ? Draw.VERMILLION : Draw.BLUE;
            double strength = 0.12 + 0.7 * Math.abs(shares[i] - 0.5);
            int rgb = 0;
            for (int channel : new int[] {end.getRed(), end.getGreen(), end.getBlue()}) {
                rgb = rgb << 8 | (int) Math.round(255 + strength * (channel - 255));
            }
            image.setRGB(i % ACROSS, i / ACROSS, rgb);
        }
        return image;
    }
}

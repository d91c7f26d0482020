package dev.fathom.view;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.geom.CubicCurve2D;
import java.awt.geom.Ellipse2D;
import java.awt.geom.Path2D;
import java.awt.geom.Rectangle2D;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.List;

/**
 * A graph whose nodes stand in a row and whose edges lead to the right, such as the operators of a network: neighbors
 * are joined by a straight arrow, and other nodes by arcs that go above and below in turns. Each edge has a label and a
 * color.
 *
 * <pre>{@code
 * var cell = new ArcDiagram("Cell", List.of("input", "1", "2"));
 * cell.edge(0, 1, "conv", 0).edge(1, 2, "pool", 1).edge(0, 2, "skip", 2);
 * Plots.write(cell.render(), Path.of("cell.png"));
 * }</pre>
 */
public final class ArcDiagram {
    private static final int APART = 176;
    private static final int RADIUS = 24;
    private static final int RISE = 46;
    private static final int TOP = 52;
    private static final int LEFT = 56;
    private static final int HEAD = 9;

    private final String title;
    private final List<String> nodes;
    private final List<Edge> edges = new ArrayList<>();

    /** An arrow; {@code side} is 0 for a straight one, and otherwise 1 above or -1 below. */
    private record Edge(int from, int to, String label, int color, int side) {
        double height() {
            return side == 0 ? 0 : RISE * (to - from) - RISE / 2.0;
        }
    }

    /**
     * Makes a row of nodes without edges.
     *
     * @throws IllegalArgumentException when there are no nodes
     */
    public ArcDiagram(String title, List<String> nodes) {
        if (nodes.isEmpty()) {
            throw new IllegalArgumentException("arc diagram: no nodes; name at least one");
        }
        this.title = title;
        this.nodes = List.copyOf(nodes);
    }

    /**
     * Adds an edge between two nodes, which are counted from 0.
     *
     * @param color the number of a color; they repeat after eight
     * @throws IllegalArgumentException when the nodes are not in the row with the first one to the left, or the color
     *     is negative
     */
    public ArcDiagram edge(int from, int to, String label, int color) {
        if (from < 0 || from >= to || to >= nodes.size() || color < 0) {
            throw new IllegalArgumentException("arc diagram: an edge from " + from + " to " + to + " with color "
                    + color + "; give 0 <= from < to < " + nodes.size() + " and a color of 0 or more");
        }
        long arcs = edges.stream().filter(e -> e.side != 0).count();
        edges.add(new Edge(from, to, label, color, to == from + 1 ? 0 : arcs % 2 == 0 ? 1 : -1));
        return this;
    }

    /**
     * Returns the picture.
     *
     * @throws IllegalStateException on a machine without fonts
     */
    public BufferedImage render() {
        Draw.metrics(Draw.font(12));
        int middle = TOP + 34 + reach(1);
        int width = 2 * LEFT + (nodes.size() - 1) * APART;
        return Draw.picture(Math.max(width, 320), middle + 34 + reach(-1), g -> {
            g.setColor(Draw.INK);
            g.setFont(Draw.bold(16));
            g.drawString(title, 16, 28);
            g.setFont(Draw.font(13));
            g.setStroke(new BasicStroke(1.8f));
            edges.forEach(e -> line(g, e, middle));
            edges.forEach(e -> label(g, e, middle));
            for (int i = 0; i < nodes.size(); i++) {
                node(g, i, middle);
            }
        });
    }

    /** How far the arcs of a side go from the row. */
    private int reach(int side) {
        return (int) edges.stream()
                .filter(e -> e.side == side)
                .mapToDouble(Edge::height)
                .max()
                .orElse(0);
    }

    private static double x(int node) {
        return LEFT + (double) node * APART;
    }

    private static Color color(Edge e) {
        return Draw.COLORS.get(e.color % Draw.COLORS.size());
    }

    private static void line(Graphics2D g, Edge e, double y) {
        // arcs leave a node near its top or bottom, and end a little to the left of it, so that arrow heads do not
        // cover each other
        double begin = x(e.from) + (e.side == 0 ? RADIUS : 8);
        double end = x(e.to) - (e.side == 0 ? RADIUS : 8);
        double from = y - e.side * (RADIUS - 2.0);
        double control = from - e.side * (e.height() - RADIUS + 2) * 4 / 3;
        g.setColor(color(e));
        g.draw(new CubicCurve2D.Double(
                begin, from, begin + (end - begin) * 0.2, control, end - (end - begin) * 0.2, control, end, from));
        head(g, end, from, e.side == 0 ? end - begin : (end - begin) * 0.2, e.side == 0 ? 0 : from - control);
    }

    /** An arrow head at (x, y) that points along (dx, dy). */
    private static void head(Graphics2D g, double x, double y, double dx, double dy) {
        double length = Math.hypot(dx, dy);
        double ux = dx / length * HEAD;
        double uy = dy / length * HEAD;
        Path2D.Double head = new Path2D.Double();
        head.moveTo(x, y);
        head.lineTo(x - ux - uy / 2, y - uy + ux / 2);
        head.lineTo(x - ux + uy / 2, y - uy - ux / 2);
        head.closePath();
        g.fill(head);
    }

    private static void label(Graphics2D g, Edge e, double y) {
        double x = (x(e.from) + x(e.to)) / 2;
        double at = e.side == 0 ? y - 6 : y - e.side * e.height() + 4;
        if (e.side != 0) {
            double width = g.getFontMetrics().stringWidth(e.label);
            g.setColor(Color.WHITE);
            g.fill(new Rectangle2D.Double(x - width / 2 - 4, at - 13, width + 8, 18));
        }
        g.setColor(color(e));
        Draw.centered(g, e.label, x, at);
    }

    private void node(Graphics2D g, int i, double y) {
        Ellipse2D circle = new Ellipse2D.Double(x(i) - RADIUS, y - RADIUS, 2 * RADIUS, 2 * RADIUS);
        g.setColor(Color.WHITE);
        g.fill(circle);
        g.setColor(Draw.INK);
        g.draw(circle);
        Draw.centered(g, nodes.get(i), x(i), y + 5);
    }
}

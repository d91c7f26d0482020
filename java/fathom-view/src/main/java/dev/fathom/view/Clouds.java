package dev.fathom.view;

import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.geom.Ellipse2D;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.List;

/**
 * Clouds of many points side by side, each point in the color of its group, without axes: what t-SNE and its like make,
 * whose numbers mean nothing.
 *
 * <pre>{@code
 * new Clouds(List.of("cat", "dog")).add("t-SNE", places, groups).add("UMAP", others, groups).render(2);
 * }</pre>
 */
public final class Clouds {
    private static final int SIDE = 300;
    private static final int HEADING = 30;
    private static final int LEGEND = 26;
    private static final int MARGIN = 12;
    /** Two more than the pictures of lines have, for the ten classes that are usual. */
    private static final List<Color> COLORS = colors();

    private record Cloud(String title, float[][] places, int[] groups) {}

    private final List<String> names;
    private final List<Cloud> clouds = new ArrayList<>();

    /**
     * Begins without points.
     *
     * @param names of the groups; there is no legend if they are empty
     * @throws IllegalArgumentException if there are more than ten
     */
    public Clouds(List<String> names) {
        if (names.size() > COLORS.size()) {
            throw new IllegalArgumentException(
                    "clouds: " + names.size() + " groups, of which colors can tell " + COLORS.size() + " apart");
        }
        this.names = List.copyOf(names);
    }

    private static List<Color> colors() {
        List<Color> colors = new ArrayList<>(Draw.COLORS.subList(0, 6));
        colors.addAll(List.of(new Color(0x8c6bb1), new Color(0xa6761d), new Color(0xe7298a), new Color(0x66a61e)));
        return colors;
    }

    /**
     * Adds a cloud.
     *
     * @param places two numbers or more for each point, of which the first two are drawn
     * @param groups of each point, the number of a name; all 0 where there are no names
     * @throws IllegalArgumentException unless there is a place and a group for each point, and every group has a name
     */
    public Clouds add(String title, float[][] places, int... groups) {
        if (places.length == 0 || places.length != groups.length || places[0].length < 2) {
            throw new IllegalArgumentException("clouds: " + title + " has " + places.length + " places and "
                    + groups.length + " groups; give one of each for every point, and two numbers for a place");
        }
        for (int g : groups) {
            if (g < 0 || g >= Math.max(1, names.size())) {
                throw new IllegalArgumentException("clouds: " + title + " has the group " + g + " of " + names.size());
            }
        }
        clouds.add(new Cloud(title, places, groups));
        return this;
    }

    /**
     * Draws all clouds in so many columns.
     *
     * @throws IllegalArgumentException if there is no cloud or no column
     * @throws IllegalStateException on a machine without fonts
     */
    public BufferedImage render(int columns) {
        if (clouds.isEmpty() || columns < 1) {
            throw new IllegalArgumentException(
                    "clouds: " + clouds.size() + " clouds in " + columns + " columns; give at least one of each");
        }
        Draw.metrics(Draw.font(12));
        int across = Math.min(columns, clouds.size());
        int rows = (clouds.size() + across - 1) / across;
        int legend = names.isEmpty() ? 0 : LEGEND;
        return Draw.picture(across * SIDE, rows * (SIDE + HEADING) + legend, g -> {
            for (int i = 0; i < clouds.size(); i++) {
                paint(g, clouds.get(i), i % across * SIDE, i / across * (SIDE + HEADING));
            }
            int x = MARGIN;
            g.setFont(Draw.font(11));
            for (int k = 0; k < names.size(); k++) {
                dot(g, COLORS.get(k), x + 4, rows * (SIDE + HEADING) + 10, 8);
                g.setColor(Draw.INK);
                g.drawString(names.get(k), x + 12, rows * (SIDE + HEADING) + 14);
                x += 26 + g.getFontMetrics().stringWidth(names.get(k));
            }
        });
    }

    private static void paint(Graphics2D g, Cloud cloud, int left, int top) {
        g.setColor(Draw.INK);
        g.setFont(Draw.bold(12));
        g.drawString(cloud.title, left + MARGIN, top + 20);
        double[] low = {Double.POSITIVE_INFINITY, Double.POSITIVE_INFINITY};
        double[] high = {Double.NEGATIVE_INFINITY, Double.NEGATIVE_INFINITY};
        for (float[] place : cloud.places) {
            for (int d = 0; d < 2; d++) {
                low[d] = Math.min(low[d], place[d]);
                high[d] = Math.max(high[d], place[d]);
            }
        }
        double most = Math.max(high[0] - low[0], high[1] - low[1]);
        double scale = most > 0 ? (SIDE - 2 * MARGIN) / most : 0;
        double size = Math.max(1.2, Math.min(5, 110 / Math.sqrt(cloud.places.length)));
        for (int i = 0; i < cloud.places.length; i++) {
            double x = left + SIDE / 2.0 + scale * (cloud.places[i][0] - (low[0] + high[0]) / 2);
            double y = top + HEADING + SIDE / 2.0 - scale * (cloud.places[i][1] - (low[1] + high[1]) / 2);
            dot(g, COLORS.get(cloud.groups[i]), x, y, size);
        }
    }

    private static void dot(Graphics2D g, Color color, double x, double y, double size) {
        g.setColor(color);
        g.fill(new Ellipse2D.Double(x - size / 2, y - size / 2, size, size));
    }
}

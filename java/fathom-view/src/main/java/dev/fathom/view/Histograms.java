package dev.fathom.view;

import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.geom.Line2D;
import java.awt.geom.Rectangle2D;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A grid of small histograms, such as the activations of each layer under several initializations. Each row has a name
 * and a color, each column a name, and each histogram its own range, which is written below it, and a line of text.
 *
 * <pre>{@code
 * var sheet = new Histograms("Activations", List.of("layer 1", "layer 2"));
 * sheet.row("He").add(first, "std 0.81").add(second, "std 0.79");
 * Plots.write(sheet.render(), Path.of("activations.png"));
 * }</pre>
 */
public final class Histograms {
    private static final int CELL = 126;
    private static final int BARS = 72;
    private static final int TEXT = 40;
    private static final int LEFT = 118;
    private static final int TOP = 66;

    private final String title;
    private final List<String> columns;
    private final List<String> rows = new ArrayList<>();
    private final List<List<Cell>> cells = new ArrayList<>();
    private int bins = 41;

    /** The share of values in each bin from the least to the greatest. */
    private record Cell(double least, double greatest, double[] shares, String text) {}

    /**
     * Makes an empty grid.
     *
     * @throws IllegalArgumentException when there are no columns
     */
    public Histograms(String title, List<String> columns) {
        if (columns.isEmpty()) {
            throw new IllegalArgumentException("histograms: no columns; name at least one");
        }
        this.title = title;
        this.columns = List.copyOf(columns);
    }

    /**
     * Sets the number of bars of the histograms that are added from now on, which is 41 by default.
     *
     * @throws IllegalArgumentException when it is less than 1
     */
    public Histograms bins(int number) {
        if (number < 1) {
            throw new IllegalArgumentException("histograms: bins is " + number + " but must be at least 1");
        }
        bins = number;
        return this;
    }

    /** Begins a row. */
    public Histograms row(String name) {
        rows.add(name);
        cells.add(new ArrayList<>());
        return this;
    }

    /**
     * Adds the histogram of some numbers to the row that was begun last, over the range that holds all of them.
     *
     * @param text a short line below the histogram
     * @throws IllegalArgumentException when there is no row or no room in it, or no numbers, or one is not finite
     */
    public Histograms add(float[] values, String text) {
        double least = Double.POSITIVE_INFINITY;
        double greatest = Double.NEGATIVE_INFINITY;
        for (float v : values) {
            least = Math.min(least, v);
            greatest = Math.max(greatest, v);
        }
        return add(values, least, greatest, text);
    }

    /**
     * Adds the histogram of some numbers over a given range, without those outside of it.
     *
     * @throws IllegalArgumentException as the other form, or if the range does not have its lower end first
     */
    public Histograms add(float[] values, double from, double to, String text) {
        if (cells.isEmpty() || cells.get(cells.size() - 1).size() == columns.size()) {
            throw new IllegalArgumentException(
                    "histograms: no place in a row for one more of " + columns.size() + " columns; begin a row first");
        }
        if (values.length == 0 || !(from <= to) || !Double.isFinite(to - from)) {
            throw new IllegalArgumentException("histograms: " + values.length + " numbers from " + from + " to " + to
                    + "; give at least one, all finite, and the lower end first");
        }
        double width = to > from ? to - from : 1;
        double[] shares = new double[bins];
        for (float v : values) {
            if (!Float.isFinite(v)) {
                throw new IllegalArgumentException("histograms: " + v + " is among the numbers; all must be finite");
            }
            int bin = (int) Math.floor((v - from) / width * bins);
            if (v >= from && v <= from + width) {
                shares[Math.min(bins - 1, bin)] += 1.0 / values.length;
            }
        }
        cells.get(cells.size() - 1).add(new Cell(from, from + width, shares, text));
        return this;
    }

    /**
     * Returns the grid as one picture.
     *
     * @throws IllegalArgumentException when it has no rows
     * @throws IllegalStateException on a machine without fonts
     */
    public BufferedImage render() {
        if (rows.isEmpty()) {
            throw new IllegalArgumentException("histograms: no rows; add at least one");
        }
        Draw.metrics(Draw.font(12));
        int down = BARS + TEXT;
        return Draw.picture(LEFT + columns.size() * CELL + 8, TOP + rows.size() * down, g -> {
            g.setColor(Draw.INK);
            g.setFont(Draw.bold(16));
            g.drawString(title, 16, 28);
            for (int r = 0; r < rows.size(); r++) {
                Color color = Draw.COLORS.get(r % Draw.COLORS.size());
                double bottom = TOP + r * (double) down + BARS;
                g.setFont(Draw.font(13));
                g.setColor(Draw.INK);
                List<String> name = Draw.wrap(rows.get(r), g.getFontMetrics(), LEFT - 28);
                for (int line = 0; line < name.size(); line++) {
                    g.drawString(name.get(line), 16, (float) (bottom - BARS / 2.0 + 5 + 16 * line));
                }
                for (int c = 0; c < cells.get(r).size(); c++) {
                    draw(g, cells.get(r).get(c), color, LEFT + c * (double) CELL, bottom);
                }
            }
            g.setFont(Draw.font(13));
            g.setColor(Draw.MUTED);
            for (int c = 0; c < columns.size(); c++) {
                Draw.centered(g, columns.get(c), LEFT + (c + 0.5) * CELL - 5, TOP - 12.0);
            }
        });
    }

    private static void draw(Graphics2D g, Cell cell, Color color, double left, double bottom) {
        double width = CELL - 14;
        double bar = width / cell.shares.length;
        double highest = Math.max(1e-300, Arrays.stream(cell.shares).max().orElse(1));
        g.setColor(color);
        IntStream.range(0, cell.shares.length).forEach(i -> {
            double height = (BARS - 8) * cell.shares[i] / highest;
            g.fill(new Rectangle2D.Double(left + i * bar, bottom - height, bar + 0.15, height));
        });
        g.setColor(Draw.MUTED);
        g.draw(new Line2D.Double(left, bottom, left + width, bottom));
        g.setFont(Draw.font(10));
        g.drawString(Numbers.brief(cell.least), (float) left, (float) bottom + 12);
        Draw.rightAligned(g, Numbers.brief(cell.greatest), left + width, bottom + 12);
        g.setColor(Draw.INK);
        g.setFont(Draw.font(11));
        Draw.centered(g, cell.text, left + width / 2, bottom + 26);
    }
}

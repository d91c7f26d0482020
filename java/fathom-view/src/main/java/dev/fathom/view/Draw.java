package dev.fathom.view;

import java.awt.Color;
import java.awt.Font;
import java.awt.FontMetrics;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** White paper at twice its nominal size, one set of colors and one font for every picture. */
final class Draw {
    static final int SCALE = 2;

    static final Color INK = new Color(0x1f2933);
    static final Color MUTED = new Color(0x6b7785);
    static final Color GRID = new Color(0xe3e7eb);
    static final Color BLUE = new Color(0x0072b2); // Okabe and Ito 2008, like those below
    static final Color VERMILLION = new Color(0xd55e00);
    static final Color GREEN = new Color(0x009e73);
    /** For lines side by side, in this order. */
    static final List<Color> COLORS =
            List.of(BLUE, VERMILLION, GREEN, new Color(0xcc79a7), new Color(0xe69f00), new Color(0x56b4e9), INK, MUTED);

    static {
        if (System.getProperty("java.awt.headless") == null) {
            System.setProperty("java.awt.headless", "true"); // before the first AWT class looks for a display
        }
    }

    private Draw() {}

    static Font font(int size) {
        return new Font(Font.SANS_SERIF, Font.PLAIN, size);
    }

    static Font bold(int size) {
        return new Font(Font.SANS_SERIF, Font.BOLD, size);
    }

    /** A white picture of {@code width * SCALE} x {@code height * SCALE} pixels, painted in nominal units. */
    static BufferedImage picture(int width, int height, Consumer<Graphics2D> paint) {
        BufferedImage picture = new BufferedImage(width * SCALE, height * SCALE, BufferedImage.TYPE_INT_RGB);
        Graphics2D g = picture.createGraphics();
        try {
            g.setColor(Color.WHITE);
            g.fillRect(0, 0, picture.getWidth(), picture.getHeight());
            g.scale(SCALE, SCALE);
            g.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
            g.setRenderingHint(RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
            g.setRenderingHint(RenderingHints.KEY_FRACTIONALMETRICS, RenderingHints.VALUE_FRACTIONALMETRICS_ON);
            g.setRenderingHint(RenderingHints.KEY_STROKE_CONTROL, RenderingHints.VALUE_STROKE_PURE);
            paint.accept(g);
        } finally {
            g.dispose();
        }
        return picture;
    }

    /** The metrics of a font outside any picture, and the one place where a machine without fonts shows itself. */
    static FontMetrics metrics(Font font) {
        Graphics2D g = new BufferedImage(1, 1, BufferedImage.TYPE_INT_RGB).createGraphics();
        try {
            FontMetrics metrics = g.getFontMetrics(font);
            metrics.stringWidth("x");
            return metrics;
        } catch (OutOfMemoryError e) {
            throw e;
        } catch (Error | RuntimeException e) { // JDK 17 throws a plain Error
            throw new IllegalStateException(
                    "pictures need a font and this Java finds none; install fontconfig and a font, e.g. apt-get install"
                            + " fontconfig fonts-dejavu-core",
                    e);
        } finally {
            g.dispose();
        }
    }

    static void centered(Graphics2D g, String text, double x, double baseline) {
        g.drawString(text, (float) (x - g.getFontMetrics().stringWidth(text) / 2.0), (float) baseline);
    }

    static void rightAligned(Graphics2D g, String text, double x, double baseline) {
        g.drawString(text, (float) (x - g.getFontMetrics().stringWidth(text)), (float) baseline);
    }

    /**
     * {@code text} in lines of at most {@code width}, broken at spaces and line ends; a longer word ends in an
     * ellipsis.
     */
    static List<String> wrap(String text, FontMetrics metrics, int width) {
        List<String> lines = new ArrayList<>();
        for (String paragraph : text.split("\n", -1)) {
            String line = "";
            for (String word : unbroken(paragraph).trim().split("\\s+")) {
                String longer = line.isEmpty() ? word : line + " " + word;
                if (metrics.stringWidth(longer) > width && !line.isEmpty()) {
                    lines.add(line);
                    line = word;
                } else {
                    line = longer;
                }
                line = shorten(line, metrics, width);
            }
            lines.add(line);
        }
        return lines;
    }

    /** Keeps a number and its percent sign on one line. */
    static String unbroken(String text) {
        return text.replace(" %", "\u00a0%");
    }

    static String shorten(String text, FontMetrics metrics, int width) {
        if (metrics.stringWidth(text) <= width) {
            return text;
        }
        int end = text.length();
        while (end > 0 && metrics.stringWidth(text.substring(0, end) + "…") > width) {
            end--;
        }
        return text.substring(0, end) + "…";
    }
}

package dev.fathom.experiments.data;

import dev.fathom.tensor.Rng;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.util.List;

/**
 * A picture of one or two colored shapes on a dark ground, with sentences about it. One thing stands in one of nine
 * places, and its caption says which, such as "a small red circle at the top left". Two things differ in form and
 * color, and the caption says how they stand to each other, such as "a small red circle above a large blue star". It
 * begins with the upper or the left one, so that every picture has one caption.
 *
 * @param things one, or two in the order in which the caption names them
 * @param ground the gray level behind them, from 0 to 255
 */
public record Scene(List<Thing> things, int ground) {
    /** The sides of a picture in pixels. */
    public static final int SIDE = 32;
    /** The number of places at which a single thing may stand. */
    public static final int PLACES = 9;

    private static final int FORMS = Thing.Form.values().length;
    private static final int PAINTS = Thing.Paint.values().length;
    /** The words of the three columns and rows of places, and their French. */
    private static final String[] COLUMNS = {" left", "", " right"};

    private static final String[] ROWS = {" top", "", " bottom"};
    private static final String[] COLONNES = {" à gauche", "", " à droite"};
    private static final String[] LIGNES = {" en haut", "", " en bas"};

    /** How the first thing stands to the second. */
    public enum Relation {
        /** Over it. */
        ABOVE("above", "au-dessus"),
        /** Under it. */
        BELOW("below", "au-dessous"),
        /** On its left side. */
        LEFT("left of", "à gauche"),
        /** On its right side. */
        RIGHT("right of", "à droite");

        private final String english;
        private final String french;

        Relation(String english, String french) {
            this.english = english;
            this.french = french;
        }

        /** Its English words. */
        public String english() {
            return english;
        }
    }

    /** Keeps its own list. */
    public Scene {
        things = List.copyOf(things);
    }

    /** Draws a scene of one thing at random: each form, color, size and place is equally frequent. */
    static Scene alone(Rng rng) {
        int place = below(rng, PLACES);
        boolean large = below(rng, 2) == 1;
        double x = SIDE / 4.0 * (1 + place % 3) + between(rng, -1.5, 1.5);
        double y = SIDE / 4.0 * (1 + place / 3) + between(rng, -1.5, 1.5);
        return new Scene(List.of(thing(rng, below(rng, FORMS), below(rng, PAINTS), large, x, y)), below(rng, 50) + 20);
    }

    /**
     * Draws a scene of two things at random that do not touch and of which one is clearly above or beside the other.
     */
    static Scene pair(Rng rng) {
        int form = below(rng, FORMS);
        int paint = below(rng, PAINTS);
        int otherForm = (form + 1 + below(rng, FORMS - 1)) % FORMS;
        int otherPaint = (paint + 1 + below(rng, PAINTS - 1)) % PAINTS;
        while (true) {
            Thing a = anywhere(rng, form, paint);
            Thing b = anywhere(rng, otherForm, otherPaint);
            double dx = b.x() - a.x();
            double dy = b.y() - a.y();
            if (Math.hypot(dx, dy) > a.radius() + b.radius() + 1 && Math.abs(Math.abs(dx) - Math.abs(dy)) > 4) {
                boolean inOrder = Math.abs(dx) > Math.abs(dy) ? dx > 0 : dy > 0;
                return new Scene(inOrder ? List.of(a, b) : List.of(b, a), below(rng, 50) + 20);
            }
        }
    }

    private static Thing anywhere(Rng rng, int form, int paint) {
        boolean large = below(rng, 2) == 1;
        return thing(rng, form, paint, large, between(rng, 7, SIDE - 7), between(rng, 7, SIDE - 7));
    }

    private static Thing thing(Rng rng, int form, int paint, boolean large, double x, double y) {
        double radius = large ? between(rng, 5.7, 6.5) : between(rng, 3.3, 4.1);
        return new Thing(
                Thing.Form.values()[form], Thing.Paint.values()[paint], large, x, y, radius, between(rng, -0.25, 0.25));
    }

    private static int below(Rng rng, int bound) {
        return rng.ints(1, bound)[0];
    }

    private static double between(Rng rng, double low, double high) {
        return low + (high - low) * rng.doubles(1)[0];
    }

    /** The first thing, or the only one. */
    public Thing first() {
        return things.get(0);
    }

    /** The second thing of two. */
    public Thing second() {
        return things.get(1);
    }

    /** The place of the only thing: 0 to 8, row after row. */
    public int place() {
        return 3 * third(first().y()) + third(first().x());
    }

    private static int third(double center) {
        return (int) Math.round(4 * center / SIDE) - 1;
    }

    /** How the first thing stands to the second. */
    public Relation relation() {
        double dx = first().x() - second().x();
        double dy = first().y() - second().y();
        if (Math.abs(dx) > Math.abs(dy)) {
            return dx < 0 ? Relation.LEFT : Relation.RIGHT;
        }
        return dy < 0 ? Relation.ABOVE : Relation.BELOW;
    }

    /** Describes the picture beginning with the second thing. */
    public Scene reversed() {
        return new Scene(List.of(second(), first()), ground);
    }

    /**
     * Its English caption.
     *
     * @param named whether forms are said; otherwise {@code one} stands in their places
     */
    public String english(boolean named) {
        String begin = first().english(named) + " ";
        if (things.size() == 2) {
            return begin + relation().english + " " + second().english(named);
        }
        int place = place();
        String where = ROWS[place / 3] + COLUMNS[place % 3];
        return begin + "at the" + (where.isEmpty() ? " center" : where);
    }

    /**
     * Its French caption, in which article and adjectives have the gender of the noun.
     *
     * @param named whether forms are said
     */
    public String french(boolean named) {
        String begin = first().french(named);
        if (things.size() == 2) {
            return begin + " " + relation().french + " d'" + second().french(named);
        }
        int place = place();
        String where = LIGNES[place / 3] + COLONNES[place % 3];
        return begin + (where.isEmpty() ? " au centre" : where);
    }

    /** Its pixels, red, green and blue of one after the other: {@link #SIDE} rows of as many. */
    public byte[] pixels() {
        BufferedImage image = new BufferedImage(SIDE, SIDE, BufferedImage.TYPE_INT_RGB);
        Graphics2D g = image.createGraphics();
        g.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
        g.setRenderingHint(RenderingHints.KEY_STROKE_CONTROL, RenderingHints.VALUE_STROKE_PURE);
        g.setColor(new Color(ground, ground, ground));
        g.fillRect(0, 0, SIDE, SIDE);
        things.forEach(thing -> thing.draw(g));
        g.dispose();
        int[] rgb = image.getRGB(0, 0, SIDE, SIDE, null, 0, SIDE);
        byte[] pixels = new byte[3 * rgb.length];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (byte) (rgb[i / 3] >> 8 * (2 - i % 3));
        }
        return pixels;
    }
}

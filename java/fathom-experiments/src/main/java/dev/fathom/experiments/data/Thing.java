package dev.fathom.experiments.data;

import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.Shape;
import java.awt.geom.AffineTransform;
import java.awt.geom.Area;
import java.awt.geom.Ellipse2D;
import java.awt.geom.Path2D;
import java.awt.geom.Rectangle2D;
import java.util.Locale;

/**
 * A shape on a picture.
 *
 * @param x of its center in pixels
 * @param y of its center in pixels, downward
 * @param radius of the circle around it in pixels
 * @param angle by which it is turned, in radians
 */
public record Thing(Form form, Paint paint, boolean large, double x, double y, double radius, double angle) {
    /** What a thing is. The French nouns of three are masculine and of three feminine. */
    public enum Form {
        /** A circle. */
        CIRCLE("cercle", false, new Ellipse2D.Double(-0.9, -0.9, 1.8, 1.8)),
        /** A square, which is turned a little. */
        SQUARE("carré", false, new Rectangle2D.Double(-0.75, -0.75, 1.5, 1.5)),
        /** A triangle of equal sides. */
        TRIANGLE("triangle", false, star(3, 0.5)),
        /** A star of five points. */
        STAR("étoile", true, star(5, 0.42)),
        /** A cross of two bars. */
        CROSS("croix", true, cross()),
        /** A crescent, open to its right. */
        MOON("lune", true, moon());

        private final String french;
        private final boolean feminine;
        private final Shape outline;

        Form(String french, boolean feminine, Shape outline) {
            this.french = french;
            this.feminine = feminine;
            this.outline = outline;
        }

        private static Shape star(int points, double inner) {
            Path2D path = new Path2D.Double();
            for (int i = 0; i < 2 * points; i++) {
                double r = i % 2 == 0 ? 1 : inner;
                double turn = Math.PI * i / points;
                if (i == 0) {
                    path.moveTo(0, -r);
                } else {
                    path.lineTo(r * Math.sin(turn), -r * Math.cos(turn));
                }
            }
            path.closePath();
            return path;
        }

        private static Shape cross() {
            Area area = new Area(new Rectangle2D.Double(-0.95, -0.3, 1.9, 0.6));
            area.add(new Area(new Rectangle2D.Double(-0.3, -0.95, 0.6, 1.9)));
            return area;
        }

        private static Shape moon() {
            Area area = new Area(new Ellipse2D.Double(-1, -1, 2, 2));
            area.subtract(new Area(new Ellipse2D.Double(-0.35, -0.85, 1.7, 1.7)));
            return area;
        }

        /** Whether its French noun is feminine. */
        public boolean isFeminine() {
            return feminine;
        }

        /** Its English noun. */
        public String english() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** A color, with its French adjective in both genders. */
    public enum Paint {
        /** Red. */
        RED(0xe0352f, "rouge", "rouge"),
        /** Green. */
        GREEN(0x3fae49, "vert", "verte"),
        /** Blue. */
        BLUE(0x3b6fe0, "bleu", "bleue"),
        /** Yellow. */
        YELLOW(0xf2d024, "jaune", "jaune"),
        /** Purple. */
        PURPLE(0xa04fc8, "violet", "violette"),
        /** White. */
        WHITE(0xf4f4f4, "blanc", "blanche");

        private final Color color;
        private final String masculine;
        private final String feminine;

        Paint(int rgb, String masculine, String feminine) {
            this.color = new Color(rgb);
            this.masculine = masculine;
            this.feminine = feminine;
        }

        /** Its English adjective. */
        public String english() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** The number of kinds: size, color and form. */
    public static final int KINDS = 2 * Paint.values().length * Form.values().length;

    /** The number of its kind, from 0 to {@link #KINDS} - 1. */
    public int kind() {
        return ((large ? 1 : 0) * Paint.values().length + paint.ordinal()) * Form.values().length + form.ordinal();
    }

    /** Its English adjective of size. */
    public String size() {
        return large ? "large" : "small";
    }

    /**
     * Its name, such as {@code a small red circle}.
     *
     * @param named whether the noun is said; otherwise {@code one} stands in its place
     */
    public String english(boolean named) {
        return "a " + size() + " " + paint.english() + " " + (named ? form.english() : "one");
    }

    /**
     * Its French name, such as {@code une petite étoile verte}. Article and adjectives have the gender of the noun,
     * also where it is not said.
     *
     * @param named whether the noun is said
     */
    public String french(boolean named) {
        boolean f = form.feminine;
        return (f ? "une " : "un ")
                + (large ? "grand" : "petit")
                + (f ? "e " : " ")
                + (named ? form.french + " " : "")
                + (f ? paint.feminine : paint.masculine);
    }

    /** Whether a point of the picture lies within the circle around it. */
    public boolean covers(double px, double py) {
        return Math.hypot(px - x, py - y) < radius;
    }

    void draw(Graphics2D g) {
        AffineTransform place = AffineTransform.getTranslateInstance(x, y);
        place.rotate(angle);
        place.scale(radius, radius);
        g.setColor(paint.color);
        g.fill(place.createTransformedShape(form.outline));
    }
}

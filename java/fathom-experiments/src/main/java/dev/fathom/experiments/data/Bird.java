package dev.fathom.experiments.data;

import dev.fathom.tensor.Rng;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A bird that is drawn from its caption: the color of each part, and two sizes. What a caption does not say is drawn at
 * random, so a caption fits many birds.
 *
 * @param caption a sentence of one of the seven forms of the course's captions
 * @param said for each part, the number of the color that the caption gives it, or -1; then whether the beak is short
 *     (0) or long (1), and the bird small (0) or large (1), or -1
 * @param colors the color of each part as it is drawn; then -1 for both sizes, which a picture leaves open
 */
public record Bird(String caption, int[] said, int[] colors) {
    /** The parts that have a color. */
    private enum Part {
        BODY,
        BELLY,
        WING,
        CROWN,
        BEAK,
        BARS
    }

    /** How many pixels a side of a picture has. */
    public static final int SIDE = 32;

    /** The names of the colors, in the order of their numbers. */
    public static final List<String> COLORS =
            List.of("blue", "white", "brown", "yellow", "black", "gray", "reddish brown", "red", "green", "orange");
    /** How many parts have a color. */
    public static final int PARTS = Part.values().length;
    /** The place of the length of the beak in {@link #said}. */
    public static final int BEAK_LENGTH = PARTS;

    /** The place of the size of the bird in {@link #said}. */
    public static final int SIZE = PARTS + 1;

    private static final float[][] SHADES = {
        {0.16f, 0.36f, 0.85f}, {0.97f, 0.97f, 0.97f}, {0.5f, 0.3f, 0.14f}, {0.98f, 0.86f, 0.12f}, {0.07f, 0.07f, 0.08f},
        {0.55f, 0.56f, 0.58f}, {0.66f, 0.26f, 0.13f}, {0.87f, 0.1f, 0.13f}, {0.15f, 0.6f, 0.22f}, {0.98f, 0.52f, 0.08f}
    };
    private static final float[] SKY = {0.72f, 0.83f, 0.9f};

    /**
     * The seven forms: words in capitals are colors of parts, LENGTH and MASS are words for sizes. The first color that
     * is not called by its part is the body's, the next ones those of belly, wing or crown.
     */
    private static final List<String> FORMS = List.of(
            "This bird is BODY with BELLY and has a LENGTH beak",
            "This bird has wings that are WING and has a BELLY belly",
            "A BODY bird with a CROWN crown and BEAK beak",
            "This bird is BODY, WING, and CROWN in color, with a BEAK beak",
            "The bird has LENGTH beak, with CROWN crown and BELLY belly",
            "This is a MASS, BODY bird with a BELLY breast and BARS on the wingbars.",
            "This bird is BODY WING and CROWN in color, with a LENGTH BEAK beak");

    private static final List<List<String>> LENGTHS =
            List.of(List.of("very short", "short", "small"), List.of("very long", "long", "large"));
    private static final List<String> MASSES = List.of("small", "large");

    /** What the captions of the course say, one for each form; last comes which word for a length they use. */
    private static final int[][] ASKED = {
        {0, 1, -1, -1, -1, -1, 0, -1, 0},
        {-1, 3, 2, -1, -1, -1, -1, -1, 0},
        {1, -1, -1, 4, 3, -1, -1, -1, 0},
        {1, -1, 4, 2, 2, -1, -1, -1, 0},
        {-1, 5, -1, 6, -1, -1, 0, -1, 2},
        {4, 1, -1, -1, -1, 1, -1, 0, 0},
        {1, -1, 4, 3, 4, -1, 0, -1, 1}
    };

    /** The captions of the course, which no training caption repeats. */
    public static final List<String> PROMPTS =
            prompted(new Rng(0)).stream().map(Bird::caption).toList();

    /** A form with what is said in it. */
    private static String caption(String form, int[] said, int lengthWord) {
        String caption = form;
        for (Part part : Part.values()) {
            caption = filled(caption, part.name(), said[part.ordinal()], COLORS);
        }
        caption = filled(
                caption,
                "LENGTH",
                said[BEAK_LENGTH],
                LENGTHS.stream().map(words -> words.get(lengthWord)).toList());
        return filled(caption, "MASS", said[SIZE], MASSES);
    }

    private static String filled(String caption, String slot, int said, List<String> words) {
        return said < 0 ? caption : caption.replace(slot, words.get(said));
    }

    /** A bird that fits what is said in a form. */
    public static Bird of(int form, int[] said, int lengthWord, Rng rng) {
        return new Bird(caption(FORMS.get(form), said, lengthWord), said, colors(said, rng));
    }

    /** A bird for each of {@link #PROMPTS}. */
    public static List<Bird> prompted(Rng rng) {
        return IntStream.range(0, ASKED.length)
                .mapToObj(i -> of(i, Arrays.copyOf(ASKED[i], PARTS + 2), ASKED[i][PARTS + 2], rng))
                .toList();
    }

    /** Draws a caption and a bird that fits it; never one of the prompts. */
    public static Bird draw(Rng rng) {
        while (true) {
            int[] random = rng.ints(PARTS + 4, 60);
            int form = random[PARTS] % FORMS.size();
            int[] said = new int[PARTS + 2];
            for (Part part : Part.values()) {
                int p = part.ordinal();
                said[p] = FORMS.get(form).contains(part.name()) ? random[p] % COLORS.size() : -1;
            }
            said[BEAK_LENGTH] = FORMS.get(form).contains("LENGTH") ? random[PARTS + 1] % 2 : -1;
            said[SIZE] = FORMS.get(form).contains("MASS") ? random[PARTS + 3] % 2 : -1;
            int lengthWord = random[PARTS + 2] % 3;
            if (!PROMPTS.contains(caption(FORMS.get(form), said, lengthWord))) {
                return of(form, said, lengthWord, rng);
            }
        }
    }

    /**
     * What is said, and what is not at random: the body as any other color, most parts like the body, beaks dark or
     * yellow, no bars.
     */
    private static int[] colors(int[] said, Rng rng) {
        int[] random = rng.ints(PARTS, 1000);
        int[] colors = said.clone();
        Arrays.fill(colors, PARTS, colors.length, -1);
        int body = Part.BODY.ordinal();
        colors[body] = colors[body] >= 0 ? colors[body] : random[body] % COLORS.size();
        for (Part part : Part.values()) {
            int p = part.ordinal();
            if (colors[p] < 0) {
                colors[p] = switch (part) {
                    case BEAK -> new int[] {3, 4, 5, 9}[random[p] % 4];
                    case BARS -> colors[Part.WING.ordinal()];
                    default -> colors[body];
                };
            }
        }
        return colors;
    }

    // ---- other captions

    /**
     * Whether a caption that says this is wrong here, about the color of a part or a size that this one's caption says.
     */
    public boolean contradicts(int... other) {
        for (int q = 0; q < other.length; q++) {
            int is = q < PARTS ? colors[q] : said[q];
            if (other[q] >= 0 && is >= 0 && other[q] != is) {
                return true;
            }
        }
        return false;
    }

    /** In how many colors and sizes a caption that says this differs from this one's. */
    public int differences(int... other) {
        int count = 0;
        for (int q = 0; q < other.length; q++) {
            count += other[q] == said[q] ? 0 : 1;
        }
        return count;
    }

    // ---- drawing

    /** A filled ellipse, or the triangle of a beak, in the coordinates of an unmoved bird. */
    private record Shape(double x, double y, double width, double height, double turn, float[] color, boolean beak) {
        boolean holds(double px, double py) {
            double dx = px - x;
            double dy = py - y;
            if (beak) {
                return dx >= 0 && dx <= width && Math.abs(dy) <= height * (1 - dx / width);
            }
            double u = (dx * Math.cos(turn) + dy * Math.sin(turn)) / width;
            double v = (dy * Math.cos(turn) - dx * Math.sin(turn)) / height;
            return u * u + v * v <= 1;
        }
    }

    /** The picture: SIDE x SIDE x 3 bytes, with a random place, scale and light. */
    public byte[] pixels(Rng rng) {
        float[] random = rng.uniform(8, -1, 1);
        double scale = (said[SIZE] == 0 ? 0.78 : 1) * (0.97 + 0.04 * random[0]);
        double left = 15.5 + 1.2 * random[1];
        double top = 15.5 + 1.2 * random[2];
        float light = 1 + 0.06f * random[3];
        boolean longBeak = said[BEAK_LENGTH] >= 0 ? said[BEAK_LENGTH] == 1 : random[4] > 0;
        List<Shape> shapes = shapes(longBeak);
        byte[] pixels = new byte[SIDE * SIDE * 3];
        for (int y = 0; y < SIDE; y++) {
            for (int x = 0; x < SIDE; x++) {
                for (int c = 0; c < 3; c++) {
                    float sum = 0;
                    for (int s = 0; s < 4; s++) {
                        double px = (x + 0.25 + 0.5 * (s % 2) - left) / scale;
                        double py = (y + 0.25 + 0.5 * (s >> 1) - top) / scale;
                        sum += color(shapes, px, py)[c] / 4;
                    }
                    pixels[(y * SIDE + x) * 3 + c] = (byte) Math.round(255 * Math.min(1, sum * light));
                }
            }
        }
        return pixels;
    }

    private static float[] color(List<Shape> shapes, double x, double y) {
        for (Shape shape : shapes) {
            if (shape.holds(x, y)) {
                return shape.color();
            }
        }
        return SKY;
    }

    /** What lies on top comes first; the origin is the middle of the picture. */
    private List<Shape> shapes(boolean longBeak) {
        float[] dark = {0.02f, 0.02f, 0.02f};
        float[] legs = {0.45f, 0.35f, 0.25f};
        return List.of(
                new Shape(7.6, -6.6, 0.9, 0.9, 0, dark, false),
                new Shape(7.6, -6.6, 1.6, 1.6, 0, SHADES[1], false),
                new Shape(6.3, -9.3, 4.1, 2.2, 0.15, shade(Part.CROWN), false),
                new Shape(10, -5.6, longBeak ? 5.6 : 2.6, 1.7, 0, shade(Part.BEAK), true),
                new Shape(6.3, -6.4, 4.7, 4.7, 0, shade(Part.BODY), false),
                new Shape(-5.2, 2, 5.2, 0.85, 0.2, shade(Part.BARS), false),
                new Shape(-4.2, 1.4, 7, 3.7, 0.2, shade(Part.WING), false),
                new Shape(1.6, 5.6, 7, 3.9, -0.15, shade(Part.BELLY), false),
                new Shape(0, 2.4, 9.6, 7.2, -0.25, shade(Part.BODY), false),
                new Shape(-12, -1, 4.6, 1.8, 0.35, shade(Part.WING), false),
                new Shape(-1.5, 11.5, 0.7, 3.4, 0, legs, false),
                new Shape(2.5, 11.5, 0.7, 3.4, 0, legs, false));
    }

    private float[] shade(Part part) {
        return SHADES[colors[part.ordinal()]];
    }
}

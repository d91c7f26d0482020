package dev.fathom.experiments.data;

import dev.fathom.data.Dataset;
import dev.fathom.data.Field;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.op.Shape;
import dev.fathom.tensor.Rng;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Generated scenes with their masks: three garments of four classes lie at random places on a textured ground, whose
 * brightness is also that of many garments. A later garment covers those before it.
 *
 * @param images gray, [SIDE][SIDE] of numbers from 0 to 1 each
 * @param masks the class of each pixel
 */
public record GarmentScenes(float[][] images, int[][] masks) {
    /** The sides of a scene in pixels. */
    public static final int SIDE = 48;
    /** The classes of pixels: the ground, and four classes of Fashion-MNIST. */
    public static final List<String> CLASSES = List.of("ground", "T-shirt", "trouser", "bag", "ankle boot");

    private static final int[] GARMENTS = {0, 1, 8, 9};
    private static final int PICTURE = 28;
    private static final int EACH = 3;
    private static final int WAVES = 3;
    /** How bright a garment's pixel is that belongs to its mask, of 255. */
    private static final int SOLID = 25;

    /** Draws scenes of the garments in {@code images}, bytes [28, 28, 1]. */
    public static GarmentScenes draw(Dataset images, int count, Rng rng) {
        int[] labels = images.labels();
        int[][] byClass = IntStream.of(GARMENTS)
                .mapToObj(wanted -> IntStream.range(0, labels.length)
                        .filter(i -> labels[i] == wanted)
                        .toArray())
                .toArray(int[][]::new);
        float[][] pictures = new float[count][];
        int[][] masks = new int[count][SIDE * SIDE];
        for (int i = 0; i < count; i++) {
            Rng draws = rng.split(i);
            pictures[i] = ground(draws.split("ground"));
            for (int g = 0; g < EACH; g++) {
                Rng garment = draws.split("garment").split(g);
                int c = garment.ints(1, GARMENTS.length)[0];
                byte[] pixels = images.pixels(byClass[c][garment.ints(1, byClass[c].length)[0]]);
                place(pixels, c + 1, pictures[i], masks[i], garment);
            }
        }
        return new GarmentScenes(pictures, masks);
    }

    /** Waves of random directions and lengths, and noise. */
    private static float[] ground(Rng rng) {
        float[] numbers = rng.uniform(3 * WAVES, 0, 1);
        float[] all = rng.normal(SIDE * SIDE, 0.35f, 0.06f);
        for (int w = 0; w < WAVES; w++) {
            double angle = Math.PI * numbers[3 * w];
            double frequency = 0.15 + numbers[3 * w + 1];
            for (int p = 0; p < all.length; p++) {
                int row = p / SIDE;
                double along = (p % SIDE) * Math.cos(angle) + row * Math.sin(angle);
                all[p] += (float) (0.12 * Math.sin(frequency * along + 6.3 * numbers[3 * w + 2]));
            }
        }
        for (int p = 0; p < all.length; p++) {
            all[p] = Math.max(0, Math.min(1, all[p]));
        }
        return all;
    }

    private static void place(byte[] garment, int label, float[] image, int[] mask, Rng rng) {
        int[] corner = rng.ints(2, SIDE - PICTURE + 1);
        float light = rng.uniform(1, 0.6f, 1)[0];
        for (int p = 0; p < garment.length; p++) {
            int bright = garment[p] & 255;
            if (bright > SOLID) {
                int at = (corner[0] + p / PICTURE) * SIDE + corner[1] + p % PICTURE;
                image[at] = light * bright / 255;
                mask[at] = label;
            }
        }
    }

    /** The scenes as x [SIDE, SIDE, 1] and y [SIDE, SIDE]. */
    public Dataset dataset() {
        int[] y = Arrays.stream(masks).flatMapToInt(Arrays::stream).toArray();
        return Dataset.of(
                Field.floats("x", Shape.of(SIDE, SIDE, 1), Averages.flat(images))
                        .input(),
                Field.ints("y", Shape.of(SIDE, SIDE), y).target());
    }

    /** Whether a pixel has a neighbor of another class. */
    public static boolean edge(int[] mask, int pixel) {
        int row = pixel / SIDE;
        int column = pixel % SIDE;
        return row > 0 && mask[pixel - SIDE] != mask[pixel]
                || row < SIDE - 1 && mask[pixel + SIDE] != mask[pixel]
                || column > 0 && mask[pixel - 1] != mask[pixel]
                || column < SIDE - 1 && mask[pixel + 1] != mask[pixel];
    }
}

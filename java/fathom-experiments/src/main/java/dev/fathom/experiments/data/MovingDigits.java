package dev.fathom.experiments.data;

import dev.fathom.data.Dataset;
import dev.fathom.data.Field;
import dev.fathom.op.Shape;
import dev.fathom.tensor.Rng;

/**
 * Clips in which a handwritten digit of 14 x 14 pixels moves over a black ground and is reflected by its edges.
 *
 * @param frames [clips, {@value #FRAMES}, {@value #SIDE}, {@value #SIDE}] from 0 to 255
 * @param actions [clips, {@value #FRAMES}], the direction in which the digit came to each frame, one of eight; for the
 *     first frame, that in which it sets out
 * @param places [clips, {@value #FRAMES}, 2], the middle of the digit's square across and down, from 0 to 1
 */
public record MovingDigits(byte[] frames, int[] actions, float[] places) {
    /** The sides of a frame in pixels. */
    public static final int SIDE = 32;
    /** The frames of a clip. */
    public static final int FRAMES = 16;
    /** The frames that are seen before the others are forecast. */
    public static final int SEEN = 8;
    /** The number of directions, clockwise from the right. */
    public static final int DIRECTIONS = 8;

    /** The pixels of a frame. */
    public static final int PIXELS = SIDE * SIDE;

    private static final int SPRITE = 14;
    /** The largest coordinate of the upper left corner of a digit. */
    private static final double ROOM = SIDE - SPRITE;

    /** Clips of digits that are drawn from {@code images}, pixels [28, 28, 1]. */
    public static MovingDigits of(Dataset images, int clips, Rng rng) {
        byte[] frames = new byte[clips * FRAMES * PIXELS];
        int[] actions = new int[clips * FRAMES];
        float[] places = new float[clips * FRAMES * 2];
        for (int clip = 0; clip < clips; clip++) {
            Rng draws = rng.split(clip);
            float[] sprite = half(images.pixels(draws.ints(1, images.size())[0]));
            double[] u = draws.doubles(5);
            // a direction within 10 degrees of one of eight, so that a reflection at an edge leads to one of eight, too
            double turn = 2 * Math.PI / 8 * Math.floor(8 * u[0]) + Math.toRadians(20 * u[1] - 10);
            double speed = 1 + 1.5 * u[2];
            double[] at = {ROOM * u[3], ROOM * u[4]};
            double[] v = {speed * Math.cos(turn), speed * Math.sin(turn)};
            for (int t = 0; t < FRAMES; t++) {
                int frame = clip * FRAMES + t;
                for (int axis = 0; axis < 2 && t > 0; axis++) {
                    at[axis] += v[axis];
                    if (at[axis] < 0 || at[axis] > ROOM) {
                        at[axis] = at[axis] < 0 ? -at[axis] : 2 * ROOM - at[axis];
                        v[axis] = -v[axis];
                    }
                }
                draw(frames, frame * PIXELS, sprite, at[0], at[1]);
                actions[frame] = direction(v);
                places[2 * frame] = (float) ((at[0] + SPRITE / 2.0) / SIDE);
                places[2 * frame + 1] = (float) ((at[1] + SPRITE / 2.0) / SIDE);
            }
        }
        return new MovingDigits(frames, actions, places);
    }

    /** A digit at half its size: the mean of each 2 x 2 pixels. */
    private static float[] half(byte[] digit) {
        float[] sprite = new float[SPRITE * SPRITE];
        for (int i = 0; i < digit.length; i++) {
            sprite[i / 28 / 2 * SPRITE + i % 28 / 2] += (digit[i] & 255) / 4f;
        }
        return sprite;
    }

    /** Draws a digit at a place between pixels, each of whose pixels is shared among four. */
    private static void draw(byte[] frames, int from, float[] sprite, double x, double y) {
        int left = (int) x;
        int top = (int) y;
        for (int row = 0; row <= SPRITE && top + row < SIDE; row++) {
            for (int column = 0; column <= SPRITE && left + column < SIDE; column++) {
                double shade = between(sprite, SPRITE, column - (x - left), row - (y - top));
                frames[from + (top + row) * SIDE + left + column] = (byte) Math.round(shade);
            }
        }
    }

    /** A square image at a place between pixels, by the four around it; it is 0 outside. */
    private static double between(float[] image, int side, double x, double y) {
        int top = (int) Math.floor(y);
        int left = (int) Math.floor(x);
        double sum = 0;
        for (int k = 0; k < 4; k++) {
            int r = top + k / 2;
            int c = left + k % 2;
            if (r >= 0 && r < side && c >= 0 && c < side) {
                sum += (1 - Math.abs(y - r)) * (1 - Math.abs(x - c)) * image[r * side + c];
            }
        }
        return sum;
    }

    /** The direction of a velocity that is nearest, in eighths of a turn. */
    public static int direction(double... v) {
        return Math.floorMod(Math.round(Math.atan2(v[1], v[0]) / (2 * Math.PI / DIRECTIONS)), DIRECTIONS);
    }

    /** The number of clips. */
    public int clips() {
        return actions.length / FRAMES;
    }

    /** Frames as x, actions as y, and the field {@code places}. */
    public Dataset dataset() {
        return Dataset.of(
                Field.pixels("x", Shape.of(FRAMES, SIDE, SIDE), frames).input(),
                Field.ints("y", Shape.of(FRAMES), actions).target(),
                Field.floats("places", Shape.of(FRAMES, 2), places));
    }

    /** A frame of a clip as numbers from 0 to 1. */
    public float[] frame(int clip, int t) {
        float[] frame = new float[PIXELS];
        for (int i = 0; i < PIXELS; i++) {
            frame[i] = (frames[(clip * FRAMES + t) * PIXELS + i] & 255) / 255f;
        }
        return frame;
    }

    /** The true place of the digit in pixels, across or down. */
    public double place(int clip, int t, int axis) {
        return SIDE * (double) places[2 * (clip * FRAMES + t) + axis];
    }

    /** The direction in which the digit came to a frame. */
    public int direction(int clip, int t) {
        return actions[clip * FRAMES + t];
    }

    /** The center of mass of a frame in pixels, across and down. */
    public static double[] center(float... frame) {
        double mass = 1e-9;
        double[] sums = new double[2];
        for (int i = 0; i < frame.length; i++) {
            mass += frame[i];
            int row = i / SIDE;
            int column = i % SIDE;
            sums[0] += (column + 0.5) * frame[i];
            sums[1] += (row + 0.5) * frame[i];
        }
        return new double[] {sums[0] / mass, sums[1] / mass};
    }

    /** A frame moved by parts of pixels, to the right and down; what leaves the frame is lost. */
    public static float[] moved(float[] frame, double dx, double dy) {
        float[] moved = new float[frame.length];
        for (int i = 0; i < moved.length; i++) {
            int row = i / SIDE;
            moved[i] = (float) between(frame, SIDE, i % SIDE - dx, row - dy);
        }
        return moved;
    }
}

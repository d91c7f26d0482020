package dev.fathom.image;

import dev.fathom.data.Augmentation;
import dev.fathom.data.Batches;
import dev.fathom.data.Dataset;
import dev.fathom.tree.Records;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * A random change to the examples of a batch, which {@link Batches#augment} applies: the label stays, and the model
 * sees an image that it has not seen before. Each example has its own random numbers, which depend only on the seed of
 * the batches, the epoch and the example's position in the epoch.
 *
 * <pre>{@code
 * train.shuffled(1).batches(128).augment(Augment.all(Augment.flip(), Augment.crop(4), Augment.cutout(8)))
 * }</pre>
 *
 * <p>Changes of position ({@link #flip} to {@link #rotate}) that follow each other are combined to one map of the
 * plane, so that an image is interpolated once; flips and crops alone copy pixels. Pixels from outside the image are 0,
 * which is the mean color of {@linkplain Dataset#normalized normalized} images, or the nearest pixel of the image after
 * {@link #extended}. Amounts of brightness and noise are in the units of the batch, in which the range of a byte is 1
 * unless the dataset was scaled or normalized.
 *
 * @param kind the kind of change
 * @param amount the largest change, in the unit of the method for the kind
 * @param edge whether the nearest pixel continues an image beyond its edge
 */
public record Augment(Kind kind, float amount, boolean edge) implements Augmentation {
    /** The kind of a change. */
    public enum Kind {
        /** Left and right are exchanged. */
        FLIP(1),
        /** Top and bottom are exchanged. */
        FLIP_VERTICAL(1),
        /** Whole pixels up or down, left or right. */
        CROP(1 << 20),
        /** A part of the height and of the width. */
        SHIFT(1),
        /** Larger or smaller. */
        ZOOM(0.9f),
        /** Rows slide over each other. */
        SHEAR(80),
        /** Rotation about the center. */
        ROTATE(180),
        /** Lighter or darker. */
        BRIGHTNESS(Float.MAX_VALUE),
        /** Nearer to the mean color or further from it. */
        CONTRAST(1),
        /** Noise added to every number. */
        NOISE(Float.MAX_VALUE),
        /** A square that is set to 0. */
        CUTOUT(1 << 20),
        /** Weighted sums of two examples. */
        MIXUP(Float.MAX_VALUE);

        private final float most;

        Kind(float most) {
            this.most = most;
        }

        /** Whether pixels change their places. */
        boolean moves() {
            return ordinal() <= ROTATE.ordinal();
        }

        /** Whether some of them come from outside the image. */
        boolean looksOutside() {
            return moves() && this != FLIP && this != FLIP_VERTICAL;
        }

        /** Whether it needs to know height, width and channels. */
        boolean ofImages() {
            return this != NOISE && this != MIXUP;
        }

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT).replace('_', ' ');
        }
    }

    /**
     * Makes a change of this kind.
     *
     * @throws IllegalArgumentException if the amount is not positive, is more than the kind allows or is not whole
     *     where it counts pixels, or {@code edge} is set for a change that reads nothing beyond the edge
     */
    public Augment {
        if (!(amount > 0 && amount <= kind.most)) {
            throw new IllegalArgumentException(
                    "augment: " + kind + " by " + amount + "; the amount must be above 0 and "
                            + (kind.most == Float.MAX_VALUE ? "finite" : "at most " + number(kind.most)));
        }
        if ((kind == Kind.CROP || kind == Kind.CUTOUT) && amount != (int) amount) {
            throw new IllegalArgumentException("augment: " + kind + " by " + amount + "; give whole pixels");
        }
        if (edge && !kind.looksOutside()) {
            throw new IllegalArgumentException("extended: " + kind + " takes nothing from outside an image");
        }
    }

    /** Returns a recipe of changes, applied in this order. */
    public static Augmentation all(Augment... changes) {
        return new Recipe(List.of(changes));
    }

    private record Recipe(List<Augment> changes) implements Augmentation {
        @Override
        public Change on(Dataset data) {
            return changes.isEmpty() ? (batch, seed, first) -> batch : new Augmenter(changes, data);
        }

        @Override
        public String toString() {
            return changes.stream().map(Augment::toString).collect(Collectors.joining(", "));
        }
    }

    @Override
    public Change on(Dataset data) {
        return new Augmenter(List.of(this), data);
    }

    private static Augment of(Kind kind, float amount) {
        return new Augment(kind, amount, false);
    }

    /** Mirrors images left to right, each with probability 1/2. */
    public static Augment flip() {
        return of(Kind.FLIP, 0.5f);
    }

    /** Mirrors images top to bottom, each with probability 1/2. */
    public static Augment flipVertical() {
        return of(Kind.FLIP_VERTICAL, 0.5f);
    }

    /**
     * Adds a border of {@code padding} pixels and cuts out a random window of the original size (He et al. 2016, with a
     * padding of 4).
     *
     * @throws IllegalArgumentException if padding &lt; 1
     */
    public static Augment crop(int padding) {
        return of(Kind.CROP, padding);
    }

    /**
     * Shifts images by up to {@code part} of their height up or down, and of their width left or right.
     *
     * @throws IllegalArgumentException unless 0 &lt; part &lt;= 1
     */
    public static Augment shift(float part) {
        return of(Kind.SHIFT, part);
    }

    /**
     * Scales images about their center by a factor from 1 - part to 1 + part.
     *
     * @throws IllegalArgumentException unless 0 &lt; part &lt;= 0.9
     */
    public static Augment zoom(float part) {
        return of(Kind.ZOOM, part);
    }

    /**
     * Shears images: rows slide sideways, so that vertical lines tilt by up to this many degrees.
     *
     * @throws IllegalArgumentException unless 0 &lt; degrees &lt;= 80
     */
    public static Augment shear(float degrees) {
        return of(Kind.SHEAR, degrees);
    }

    /**
     * Rotates images about their center by up to this many degrees in either direction.
     *
     * @throws IllegalArgumentException unless 0 &lt; degrees &lt;= 180
     */
    public static Augment rotate(float degrees) {
        return of(Kind.ROTATE, degrees);
    }

    /**
     * Adds one random number from [-max, max) to all pixels of an image.
     *
     * @throws IllegalArgumentException if it is not positive and finite
     */
    public static Augment brightness(float max) {
        return of(Kind.BRIGHTNESS, max);
    }

    /**
     * Multiplies the distance of each pixel from its channel's mean in the image by a factor from 1 - part to 1 + part.
     *
     * @throws IllegalArgumentException unless 0 &lt; part &lt;= 1
     */
    public static Augment contrast(float part) {
        return of(Kind.CONTRAST, part);
    }

    /**
     * Adds normal noise of this standard deviation to every number of features of any shape. In linear least squares
     * this acts as a ridge penalty (Bishop 1995).
     *
     * @throws IllegalArgumentException if it is not positive and finite
     */
    public static Augment noise(float std) {
        return of(Kind.NOISE, std);
    }

    /**
     * Sets a square of {@code size} x {@code size} pixels to 0. Its center lies anywhere in the image, so a part of the
     * square may lie outside (DeVries and Taylor 2017).
     *
     * @throws IllegalArgumentException if size &lt; 1
     */
    public static Augment cutout(int size) {
        return of(Kind.CUTOUT, size);
    }

    /**
     * Mixes two examples of a batch: each becomes s times itself and 1 - s times the one that is as far from the end of
     * the batch as it is from the beginning, with s from Beta(alpha, alpha) (Zhang et al. 2018). Targets are mixed too,
     * so labels become probabilities [n, classes], which {@code Loss.crossEntropy} takes. Features may have any shape;
     * the batches should be in random order.
     *
     * @throws IllegalArgumentException if alpha is not positive and finite
     */
    public static Augment mixup(float alpha) {
        return of(Kind.MIXUP, alpha);
    }

    /**
     * Returns this change with the nearest pixel of the image, instead of 0, for what comes from outside.
     *
     * @throws IllegalArgumentException if this change reads nothing from outside the image
     */
    public Augment extended() {
        return Records.with(this, "edge", true);
    }

    /** Returns a short form such as {@code crop 4}. */
    @Override
    public String toString() {
        boolean flips = kind == Kind.FLIP || kind == Kind.FLIP_VERTICAL;
        return kind + (flips && amount == 0.5f ? "" : " " + number(amount)) + (edge ? " extended" : "");
    }

    private static String number(float x) {
        return x == (int) x ? Integer.toString((int) x) : Float.toString(x);
    }
}

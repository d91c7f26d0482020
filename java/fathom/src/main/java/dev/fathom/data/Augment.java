package dev.fathom.data;

import java.util.Locale;

/**
 * A random change to the examples of a batch, one draw for each, and one step of {@link Batches#augment}: the label stays, the model sees an
 * image it has not seen before. The draws of an example depend on the seed of the batches, the epoch and its place in the epoch alone.
 *
 * <pre>{@code
 * train.shuffled(1).batches(128).augment(Augment.flip(), Augment.crop(4), Augment.cutout(8))
 * }</pre>
 *
 * <p>Changes of place ({@link #flip} to {@link #rotate}) that follow each other are one map of the plane, so that an image is interpolated once;
 * flips and crops copy pixels. What comes from outside the image is 0, the mean color of {@linkplain Dataset#normalized normalized} images, or its
 * nearest pixel after {@link #extended}. Amounts of brightness and noise are in the units of the batch, where a byte's range is 1 unless the
 * dataset was scaled or normalized.
 *
 * @param kind what changes
 * @param amount how much at most, as the methods below say
 * @param edge whether the nearest pixel continues an image beyond its edge
 */
public record Augment(Kind kind, float amount, boolean edge) {
    /** What changes. */
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
        /** About the middle. */
        ROTATE(180),
        /** Lighter or darker. */
        BRIGHTNESS(Float.MAX_VALUE),
        /** Nearer to the mean color or further from it. */
        CONTRAST(1),
        /** Every number by itself. */
        NOISE(Float.MAX_VALUE),
        /** A square hole. */
        CUTOUT(1 << 20),
        /** Two examples laid over each other. */
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
     * A change of this kind.
     *
     * @throws IllegalArgumentException if the amount is not positive, more than the kind allows or a part of a pixel, or the edge is of a change that
     *     takes nothing from beyond it
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

    private static Augment of(Kind kind, float amount) {
        return new Augment(kind, amount, false);
    }

    /** Half of the images, left to right. */
    public static Augment flip() {
        return of(Kind.FLIP, 0.5f);
    }

    /** Half of the images, top to bottom. */
    public static Augment flipVertical() {
        return of(Kind.FLIP_VERTICAL, 0.5f);
    }

    /**
     * A window of the image's own size, cut from the image with a border of {@code padding} pixels (He et al. 2016, where it is 4).
     *
     * @throws IllegalArgumentException if padding &lt; 1
     */
    public static Augment crop(int padding) {
        return of(Kind.CROP, padding);
    }

    /**
     * Up to {@code part} of its height up or down, and of its width left or right.
     *
     * @throws IllegalArgumentException unless 0 &lt; part &lt;= 1
     */
    public static Augment shift(float part) {
        return of(Kind.SHIFT, part);
    }

    /**
     * Enlarged about the middle by a factor of 1 - part to 1 + part.
     *
     * @throws IllegalArgumentException unless 0 &lt; part &lt;= 0.9
     */
    public static Augment zoom(float part) {
        return of(Kind.ZOOM, part);
    }

    /**
     * Rows slide along themselves, as far as tilts the vertical by up to so many degrees.
     *
     * @throws IllegalArgumentException unless 0 &lt; degrees &lt;= 80
     */
    public static Augment shear(float degrees) {
        return of(Kind.SHEAR, degrees);
    }

    /**
     * Turned about the middle by up to so many degrees either way.
     *
     * @throws IllegalArgumentException unless 0 &lt; degrees &lt;= 180
     */
    public static Augment rotate(float degrees) {
        return of(Kind.ROTATE, degrees);
    }

    /**
     * One number of [-most, most) is added to all of an image.
     *
     * @throws IllegalArgumentException if it is not positive and finite
     */
    public static Augment brightness(float most) {
        return of(Kind.BRIGHTNESS, most);
    }

    /**
     * The distance from the image's mean in each channel is multiplied by 1 - part to 1 + part.
     *
     * @throws IllegalArgumentException unless 0 &lt; part &lt;= 1
     */
    public static Augment contrast(float part) {
        return of(Kind.CONTRAST, part);
    }

    /**
     * Normal noise of this standard deviation is added to every number; features of any shape. In linear least squares it acts as a ridge penalty
     * (Bishop 1995).
     *
     * @throws IllegalArgumentException if it is not positive and finite
     */
    public static Augment noise(float std) {
        return of(Kind.NOISE, std);
    }

    /**
     * A square of {@code size} x {@code size} pixels is 0; its middle lies anywhere in the image, so that part of it may lie outside (DeVries and Taylor
     * 2017).
     *
     * @throws IllegalArgumentException if size &lt; 1
     */
    public static Augment cutout(int size) {
        return of(Kind.CUTOUT, size);
    }

    /**
     * Each example becomes s times itself and 1 - s times another of its batch, the one as far from the end as it is from the beginning, with s from
     * Beta(alpha, alpha); targets too, so that labels become probabilities [n, classes], which {@code Loss.crossEntropy} takes (Zhang et al. 2018).
     * Features of any shape. For batches in a random order.
     *
     * @throws IllegalArgumentException if alpha is not positive and finite
     */
    public static Augment mixup(float alpha) {
        return of(Kind.MIXUP, alpha);
    }

    /**
     * The same with the nearest pixel of the image, and not 0, where it comes from outside.
     *
     * @throws IllegalArgumentException if nothing of it comes from outside
     */
    public Augment extended() {
        return new Augment(kind, amount, true);
    }

    /** Such as {@code crop 4}. */
    @Override
    public String toString() {
        boolean flips = kind == Kind.FLIP || kind == Kind.FLIP_VERTICAL;
        return kind + (flips && amount == 0.5f ? "" : " " + number(amount)) + (edge ? " extended" : "");
    }

    private static String number(float x) {
        return x == (int) x ? Integer.toString((int) x) : Float.toString(x);
    }
}

package dev.fathom.image;

import dev.fathom.data.Dataset;
import dev.fathom.memory.Memory;
import dev.fathom.op.DType;
import dev.fathom.tensor.Tensor;
import dev.fathom.tree.Records;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * How a photograph becomes the input of a network, in training and in service alike. It is turned upright, as its
 * camera says (EXIF), resized and cut to [height, width, channels], and each value x of 0 to 255 becomes (x / 255 -
 * mean) / deviation. A network answers well only with the preprocessing that it was trained with, so that an
 * {@link ImageFolder} reads its images by a recipe, a {@link ModelCard} keeps it in the file of the weights, and
 * {@link #tensor} follows it for a server.
 *
 * <pre>{@code
 * var photo = Preprocessing.IMAGENET.read(Path.of("cat.png"));
 * try (var pass = Pass.infer()) {
 *     Tensor logits = model.net().apply(Preprocessing.IMAGENET.tensor(photo));
 * }
 * }</pre>
 *
 * <p>The weights of the pixels are those of Pillow, which spreads a filter where the image shrinks (antialias): fewer
 * than one byte in a thousand differs from Pillow's, by 1. The filter is a part of the recipe, because another one
 * changes the probabilities. To turn photographs upright is left by torchvision to its users.
 *
 * @param height of the result
 * @param width of the result
 * @param channels 3 for red, green and blue, 1 for gray: 0.299 red + 0.587 green + 0.114 blue
 * @param fit how an image of any size is brought to this one
 * @param filter the filter by which images are resized
 * @param mean of each channel, of 0 to 1
 * @param deviation of each channel
 */
public record Preprocessing(
        int height, int width, int channels, Fit fit, Filter filter, List<Float> mean, List<Float> deviation) {
    /** How an image of any size is brought to that of the recipe. */
    public sealed interface Fit {
        /**
         * It is scaled by the least factor by which it covers the size, and what is beyond is cut off evenly on both
         * sides.
         */
        record Cover() implements Fit {}

        /** The whole of it is resized, which changes its proportions. */
        record Stretch() implements Fit {}

        /**
         * It is resized until its shorter side has so many pixels, and the middle is cut out. The sizes are those of
         * torchvision's {@code Resize} and {@code CenterCrop}.
         *
         * @param pixels of the shorter side, at least as many as both sides of the result
         */
        record Shorter(int pixels) implements Fit {}
    }

    /**
     * The preprocessing of torchvision's networks for ImageNet: 256, 224, bilinear, and the means and deviations of its
     * training images.
     */
    public static final Preprocessing IMAGENET =
            of(224, 224).shorter(256).normalized(List.of(0.485f, 0.456f, 0.406f), List.of(0.229f, 0.224f, 0.225f));

    /**
     * The preprocessing of Google's networks (MobileNet, Inception): the sizes and the filter of {@link #IMAGENET},
     * with x / 127.5 - 1.
     */
    public static final Preprocessing SYMMETRIC = of(224, 224).shorter(256).normalized(0.5f, 0.5f);

    /** Enlarged by more than this, a picture shows hardly more than its colors. */
    private static final int MUCH = 4;

    /**
     * A photograph that was resized and cut.
     *
     * @param pixels [height, width, channels] of the recipe
     * @param height pixels of the whole photograph, upright
     * @param width pixels of the whole photograph, upright
     * @param notes a sentence about everything in the file that the pixels do not show; most photographs have none
     */
    public record Photo(byte[] pixels, int height, int width, List<String> notes) {}

    /**
     * Checks the numbers.
     *
     * @throws IllegalArgumentException if a side is below 1 or above that of {@link Fit.Shorter}, the number of
     *     channels is neither 1 nor 3, the result would have more than 2^28 pixels, or there are not as many means and
     *     positive deviations as channels
     */
    public Preprocessing {
        if (height < 1 || width < 1 || channels != 1 && channels != 3 || (long) height * width > 1 << 28) {
            throw new IllegalArgumentException("preprocessing: images cannot be [" + height + ", " + width + ", "
                    + channels + "]; give a height and a width of 1 or more, at most 2^28 pixels, and 1 or 3 channels");
        }
        if (fit instanceof Fit.Shorter s && (s.pixels < Math.max(height, width) || s.pixels > 1 << 14)) {
            throw new IllegalArgumentException("preprocessing: " + height + " x " + width
                    + " pixels cannot be cut out of a shorter side of " + s.pixels + "; give one of at least "
                    + Math.max(height, width) + " and at most " + (1 << 14));
        }
        mean = List.copyOf(mean);
        deviation = List.copyOf(deviation);
        if (mean.size() != channels
                || deviation.size() != channels
                || mean.stream().anyMatch(m -> !Float.isFinite(m))
                || deviation.stream().anyMatch(d -> !(d > 0 && d < Float.POSITIVE_INFINITY))) {
            throw new IllegalArgumentException("preprocessing: mean=" + mean + " deviation=" + deviation + " for "
                    + channels + " channels; give one of each for every channel, and deviations above 0");
        }
    }

    /**
     * Returns the recipe that covers this size with a color image by {@link Filter#BILINEAR}, with values from 0 to 1.
     *
     * @throws IllegalArgumentException if a side is below 1
     */
    public static Preprocessing of(int height, int width) {
        return new Preprocessing(
                height, width, 3, new Fit.Cover(), Filter.BILINEAR, List.of(0f, 0f, 0f), List.of(1f, 1f, 1f));
    }

    /** Returns this preprocessing with the whole of each image resized, which changes its proportions. */
    public Preprocessing stretched() {
        return Records.with(this, "fit", new Fit.Stretch());
    }

    /**
     * Returns this preprocessing with images resized until the shorter side has so many pixels, of which the middle is
     * cut out.
     *
     * @throws IllegalArgumentException if the result is larger, or the side is above 16,384
     */
    public Preprocessing shorter(int pixels) {
        return Records.with(this, "fit", new Fit.Shorter(pixels));
    }

    /**
     * Returns this preprocessing for images in gray.
     *
     * @throws IllegalArgumentException if the means or the deviations of the colors differ
     */
    public Preprocessing gray() {
        if (mean.stream().distinct().count() + deviation.stream().distinct().count() > 2) {
            throw new IllegalArgumentException("gray: the means " + mean + " or the deviations " + deviation
                    + " of the colors differ; call normalized(mean, deviation) with one of each before");
        }
        return Records.with(this, "channels", 1, "mean", mean.subList(0, 1), "deviation", deviation.subList(0, 1));
    }

    /** Returns this preprocessing with another filter. */
    public Preprocessing filter(Filter filter) {
        return Records.with(this, "filter", filter);
    }

    /**
     * Returns this preprocessing with other means and deviations of the channels, of 0 to 1.
     *
     * @throws IllegalArgumentException if there are not as many of each as channels, a number is not finite, or a
     *     deviation is not above 0
     */
    public Preprocessing normalized(List<Float> mean, List<Float> deviation) {
        return Records.with(this, "mean", mean, "deviation", deviation);
    }

    /**
     * Returns this preprocessing with one mean and one deviation for all channels, such as 0.5 and 0.5 for pixels of -1
     * to 1.
     *
     * @throws IllegalArgumentException if a number is not finite, or the deviation is not above 0
     */
    public Preprocessing normalized(float mean, float deviation) {
        return normalized(Collections.nCopies(channels, mean), Collections.nCopies(channels, deviation));
    }

    /**
     * Returns this preprocessing for another size. A {@link Fit.Shorter} keeps its proportion to it, as far as it is
     * large enough.
     *
     * @throws IllegalArgumentException if a side is below 1 or too large
     */
    public Preprocessing size(int height, int width) {
        Fit scaled = fit;
        if (fit instanceof Fit.Shorter s) {
            double side = (double) s.pixels * Math.min(height, width) / Math.min(this.height, this.width);
            scaled = new Fit.Shorter((int) Math.max(Math.rint(side), Math.max(height, width)));
        }
        return Records.with(this, "height", height, "width", width, "fit", scaled);
    }

    /**
     * Reads a PNG, JPEG or BMP file.
     *
     * @throws IllegalArgumentException with the file's name and the reason, if it cannot be opened, is another kind of
     *     file, is damaged, or has colors that are not supported
     */
    public Photo read(Path file) {
        return read(file.toString(), reader -> reader.read(file));
    }

    /**
     * Reads the bytes of a PNG, JPEG or BMP file.
     *
     * @param name the name of the file in messages
     * @throws IllegalArgumentException as {@link #read(Path)}
     */
    public Photo read(byte[] file, String name) {
        return read(name, reader -> reader.read(file));
    }

    private interface Reading {
        ImageFile.Decoded by(ImageFile reader) throws ImageFile.Damaged;
    }

    private Photo read(String name, Reading reading) {
        ImageFile.Decoded file;
        try {
            file = reading.by(reader());
        } catch (ImageFile.Damaged e) {
            throw new IllegalArgumentException(name + ": " + e.getMessage(), e);
        }
        int height = file.height();
        int width = file.width();
        List<String> notes = new ArrayList<>(file.notes());
        if (MUCH * Math.min(height, width) < Math.min(this.height, this.width)) {
            notes.add("it has only " + width + " x " + height + " pixels, too few to show much");
        }
        return new Photo(file.pixels(), height, width, List.copyOf(notes));
    }

    ImageFile reader() {
        return new ImageFile(height, width, channels, filter, this::part);
    }

    /** What the result shows of an image of this size, in its pixels. */
    private ImageFile.Part part(int h, int w) {
        if (fit instanceof Fit.Stretch) {
            return new ImageFile.Part(0, 0, h, w);
        }
        if (fit instanceof Fit.Shorter s) {
            long tall = h <= w ? s.pixels : (long) s.pixels * h / w;
            long wide = w <= h ? s.pixels : (long) s.pixels * w / h;
            // a half goes to the even number, as Python rounds
            double top = Math.rint((tall - height) / 2.0);
            double left = Math.rint((wide - width) / 2.0);
            double down = (double) h / tall;
            double across = (double) w / wide;
            return new ImageFile.Part(top * down, left * across, height * down, width * across);
        }
        double scale = Math.max((double) height / h, (double) width / w);
        double partH = height / scale;
        double partW = width / scale;
        return new ImageFile.Part((h - partH) / 2, (w - partW) / 2, partH, partW);
    }

    /**
     * Returns photographs as a batch [n, height, width, channels] in the current pass.
     *
     * @throws IllegalArgumentException if there is no photograph, or one was read by another recipe
     * @throws IllegalStateException if no pass is open
     */
    public Tensor tensor(Photo... photos) {
        int bytes = height * width * channels;
        ByteBuffer pixels = Memory.buffer(Math.multiplyExact(bytes, photos.length));
        for (Photo photo : photos) {
            if (photo.pixels.length != bytes) {
                throw new IllegalArgumentException("preprocessing: a photograph of " + photo.pixels.length
                        + " bytes where [" + height + ", " + width + ", " + channels + "] has " + bytes
                        + "; read it with this recipe");
            }
            pixels.put(photo.pixels);
        }
        return Tensor.ofBytes(pixels.flip(), photos.length, height, width, channels)
                .to(DType.F32)
                .div(255)
                .sub(Tensor.of(floats(mean), mean.size()))
                .div(Tensor.of(floats(deviation), mean.size()));
    }

    /**
     * Returns a dataset of such pixels with values as {@link #tensor} gives them, to train on.
     *
     * @throws IllegalArgumentException if the input is no field of pixels, or has another number of channels
     */
    public Dataset normalize(Dataset pixels) {
        return pixels.normalized(floats(mean), floats(deviation));
    }

    private static float[] floats(List<Float> values) {
        float[] all = new float[values.size()];
        for (int i = 0; i < all.length; i++) {
            all[i] = values.get(i);
        }
        return all;
    }

    /** Returns a short form such as {@code [224, 224, 3], BILINEAR, Shorter[pixels=256]}. */
    @Override
    public String toString() {
        return "[" + height + ", " + width + ", " + channels + "], " + filter + ", " + fit + ", mean " + mean
                + ", deviation " + deviation;
    }
}

package dev.fathom.image;

import dev.fathom.memory.Memory;
import dev.fathom.op.DType;
import dev.fathom.tensor.Tensor;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * How a photograph becomes the input of a network. It is resized until its shorter side has {@code shorter} pixels, the
 * center {@code crop} x {@code crop} is cut out, and each channel x of 0 to 255 becomes (x / 255 - mean) / deviation. A
 * network answers well only with the preprocessing that it was trained with.
 *
 * <pre>{@code
 * var photo = Preprocessing.IMAGENET.read(Path.of("cat.png"));
 * try (var pass = Pass.infer()) {
 *     Tensor logits = model.net().apply(Preprocessing.IMAGENET.tensor(photo));
 * }
 * }</pre>
 *
 * <p>The sizes are those of torchvision's {@code Resize} and {@code CenterCrop}, and the weights of the pixels are
 * those of Pillow, which spreads a filter where the image shrinks (antialias): fewer than one byte in a thousand
 * differs from Pillow's, by 1. The filter is a part of the recipe, because another one changes the probabilities. A
 * photograph that its camera marked as rotated (EXIF) is turned upright, as {@link ImageFolder} does it, which
 * torchvision leaves to its users.
 *
 * @param shorter pixels of the shorter side after resizing
 * @param crop pixels of both sides of the center that is cut out
 * @param filter the filter by which images are resized
 * @param mean of red, green and blue, of 0 to 1
 * @param deviation of red, green and blue
 */
public record Preprocessing(int shorter, int crop, Filter filter, List<Float> mean, List<Float> deviation) {
    /**
     * The preprocessing of torchvision's networks for ImageNet: 256, 224, bilinear, and the means and deviations of its
     * training images.
     */
    public static final Preprocessing IMAGENET = new Preprocessing(
            256, 224, Filter.BILINEAR, List.of(0.485f, 0.456f, 0.406f), List.of(0.229f, 0.224f, 0.225f));

    /**
     * The preprocessing of Google's networks (MobileNet, Inception): the sizes and the filter of {@link #IMAGENET},
     * with x / 127.5 - 1.
     */
    public static final Preprocessing SYMMETRIC =
            new Preprocessing(256, 224, Filter.BILINEAR, List.of(0.5f, 0.5f, 0.5f), List.of(0.5f, 0.5f, 0.5f));

    /** Enlarged by more than this, a picture shows hardly more than its colors. */
    private static final int MUCH = 4;

    /**
     * A photograph that was resized and cut.
     *
     * @param pixels [crop, crop, 3], red, green, blue
     * @param height pixels of the whole photograph, upright
     * @param width pixels of the whole photograph, upright
     * @param notes a sentence about everything in the file that the pixels do not show; most photographs have none
     */
    public record Photo(byte[] pixels, int height, int width, List<String> notes) {}

    /**
     * Checks the numbers.
     *
     * @throws IllegalArgumentException if the crop is empty or larger than the shorter side, or there are not three
     *     means and three positive deviations
     */
    public Preprocessing {
        if (crop < 1 || crop > shorter || shorter > 1 << 14) {
            throw new IllegalArgumentException("preprocessing: a crop of " + crop + " from a shorter side of " + shorter
                    + "; choose 1 <= crop <= shorter <= " + (1 << 14));
        }
        mean = List.copyOf(mean);
        deviation = List.copyOf(deviation);
        if (mean.size() != 3 || deviation.size() != 3 || deviation.stream().anyMatch(d -> !(d > 0))) {
            throw new IllegalArgumentException("preprocessing: mean=" + mean + " deviation=" + deviation
                    + "; give three of each, for red, green and blue, and deviations above 0");
        }
    }

    /** Returns this preprocessing with another filter. */
    public Preprocessing filter(Filter filter) {
        return new Preprocessing(shorter, crop, filter, mean, deviation);
    }

    /**
     * Returns this preprocessing with other means and deviations of red, green and blue, of 0 to 1.
     *
     * @throws IllegalArgumentException if there are not three of each, or a deviation is not above 0
     */
    public Preprocessing normalized(List<Float> mean, List<Float> deviation) {
        return new Preprocessing(shorter, crop, filter, mean, deviation);
    }

    /**
     * Returns this preprocessing with one mean and one deviation for all channels, such as 0.5 and 0.5 for pixels of -1
     * to 1.
     *
     * @throws IllegalArgumentException if the deviation is not above 0
     */
    public Preprocessing normalized(float mean, float deviation) {
        return normalized(Collections.nCopies(3, mean), Collections.nCopies(3, deviation));
    }

    /** Returns this preprocessing with other sizes. */
    public Preprocessing sizes(int shorter, int crop) {
        return new Preprocessing(shorter, crop, filter, mean, deviation);
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
            file = reading.by(new ImageFile(crop, crop, 3, filter, this::middle));
        } catch (ImageFile.Damaged e) {
            throw new IllegalArgumentException(name + ": " + e.getMessage(), e);
        }
        int height = file.height();
        int width = file.width();
        List<String> notes = new ArrayList<>(file.notes());
        if (MUCH * Math.min(height, width) < crop) {
            notes.add("it has only " + width + " x " + height + " pixels, too few to show much");
        }
        return new Photo(file.pixels(), height, width, List.copyOf(notes));
    }

    /** What the crop shows of an image of this size, in its pixels. */
    private ImageFile.Part middle(int h, int w) {
        long tall = h <= w ? shorter : (long) shorter * h / w;
        long wide = w <= h ? shorter : (long) shorter * w / h;
        // a half goes to the even number, as Python rounds
        double top = Math.rint((tall - crop) / 2.0);
        double left = Math.rint((wide - crop) / 2.0);
        double down = (double) h / tall;
        double across = (double) w / wide;
        return new ImageFile.Part(top * down, left * across, crop * down, crop * across);
    }

    /**
     * Returns photographs as a batch [n, crop, crop, 3] in the current pass.
     *
     * @throws IllegalArgumentException if there is no photograph, or one was read for another size
     * @throws IllegalStateException if no pass is open
     */
    public Tensor tensor(Photo... photos) {
        int bytes = 3 * crop * crop;
        ByteBuffer pixels = Memory.buffer(Math.multiplyExact(bytes, photos.length));
        for (Photo photo : photos) {
            if (photo.pixels.length != bytes) {
                throw new IllegalArgumentException("preprocessing: a photograph of " + photo.pixels.length
                        + " bytes where [" + crop + ", " + crop + ", 3] has " + bytes + "; read it with this recipe");
            }
            pixels.put(photo.pixels);
        }
        return Tensor.ofBytes(pixels.flip(), photos.length, crop, crop, 3)
                .to(DType.F32)
                .div(255)
                .sub(Tensor.of(floats(mean), 3))
                .div(Tensor.of(floats(deviation), 3));
    }

    private static float[] floats(List<Float> values) {
        return new float[] {values.get(0), values.get(1), values.get(2)};
    }
}

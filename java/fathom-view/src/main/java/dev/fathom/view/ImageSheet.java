package dev.fathom.view;

import dev.fathom.data.Augmentation;
import dev.fathom.data.Batches;
import dev.fathom.data.Dataset;
import dev.fathom.op.Shape;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import java.awt.FontMetrics;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.function.IntFunction;

/**
 * Small images in a grid, each over its caption: uint8 pixels [height, width, channels], scaled up by a whole factor so
 * that every pixel stays a sharp square.
 *
 * <pre>{@code
 * var sheet = new ImageSheet(28, 28, 1).add(pixels, "Sneaker, said Sandal 99.8 %");
 * Plots.write(sheet.render(), Path.of("wrong.png"));
 * }</pre>
 */
public final class ImageSheet {
    private static final int CELL = 112;
    private static final int GAP = 16;

    private final int height;
    private final int width;
    private final int channels;
    private final List<BufferedImage> images = new ArrayList<>();
    private final List<String> captions = new ArrayList<>();
    private int columns = 6;

    /**
     * Makes an empty sheet.
     *
     * @param height height of each image in pixels
     * @param width width of each image in pixels
     * @param channels 1 for gray, 3 for red, green, blue
     * @throws IllegalArgumentException when a side is less than 1, or the number of channels is neither 1 nor 3
     */
    public ImageSheet(int height, int width, int channels) {
        if (height < 1 || width < 1 || (channels != 1 && channels != 3)) {
            throw new IllegalArgumentException("image sheet: images are [" + height + ", " + width + ", " + channels
                    + "] but must be [height, width, 1] (gray) or [height, width, 3] (RGB)");
        }
        this.height = height;
        this.width = width;
        this.channels = channels;
    }

    /**
     * Makes a sheet with a row for each of the first {@code images} of a dataset: the image as it is, and then as
     * {@code epochs} epochs of training would see it.
     *
     * @param data bytes [height, width, channels]
     * @throws IllegalArgumentException when a count is less than 1, there are fewer images, or they are of another kind
     */
    public static ImageSheet augmented(Dataset data, int images, int epochs, Augmentation changes) {
        if (epochs < 1) {
            throw new IllegalArgumentException("image sheet: epochs is " + epochs + " but must be at least 1");
        }
        Shape image = data.featureShape();
        if (image.rank() != 3) {
            throw new IllegalArgumentException("image sheet: an example is " + image
                    + " but must be [height, width, channels]; give the dataset before flattened()");
        }
        ImageSheet sheet = new ImageSheet(image.dim(0), image.dim(1), image.dim(2)).columns(1 + epochs);
        int bytes = (int) image.size();
        try (Dataset few = data.take(0, images)) {
            Batches batches = few.batches(images).augment(changes);
            List<byte[]> seen = new ArrayList<>();
            for (int epoch = 0; epoch < epochs; epoch++) {
                try (Pass pass = Pass.infer(new Rng(epoch))) { // a map may draw
                    seen.add(few.pixels(batches.epoch(epoch).next().x().toArray()));
                }
            }
            for (int i = 0; i < images; i++) {
                sheet.add(few.pixels(i), i == 0 ? "as it is" : "");
                for (int epoch = 0; epoch < epochs; epoch++) {
                    byte[] one = Arrays.copyOfRange(seen.get(epoch), i * bytes, (i + 1) * bytes);
                    sheet.add(one, i == 0 ? "epoch " + (epoch + 1) : "");
                }
            }
        }
        return sheet;
    }

    /** Sets how many images stand side by side, which is 6 by default. */
    public ImageSheet columns(int columns) {
        if (columns < 1) {
            throw new IllegalArgumentException("image sheet: columns is " + columns + " but must be at least 1");
        }
        this.columns = columns;
        return this;
    }

    /**
     * Adds an image.
     *
     * @param pixels height x width x channels bytes, 0 black to 255 full, row after row; they are copied
     * @param caption the text below; it is wrapped at spaces and broken at line ends
     * @throws IllegalArgumentException when there are more or fewer bytes
     */
    public ImageSheet add(byte[] pixels, String caption) {
        if (pixels.length != height * width * channels) {
            throw new IllegalArgumentException("image sheet: " + pixels.length + " bytes for an image of [" + height
                    + ", " + width + ", " + channels + "], which has " + height * width * channels);
        }
        BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                int at = (y * width + x) * channels;
                int r = pixels[at] & 255;
                int g = channels == 1 ? r : pixels[at + 1] & 255;
                int b = channels == 1 ? r : pixels[at + 2] & 255;
                image.setRGB(x, y, r << 16 | g << 8 | b);
            }
        }
        images.add(image);
        captions.add(caption);
        return this;
    }

    /**
     * Adds images one after another.
     *
     * @param values pixels as {@link #add} takes them, but from 0 black to 1 full
     * @param caption of the image of each number, from 0
     * @throws IllegalArgumentException when they are not whole images
     */
    public ImageSheet addAll(float[] values, IntFunction<String> caption) {
        int size = height * width * channels;
        for (int from = 0; from < values.length; from += size) {
            float[] one = Arrays.copyOfRange(values, from, Math.min(from + size, values.length));
            add(Shades.unit(one), caption.apply(from / size));
        }
        return this;
    }

    /** Returns the images at their own size, in the order in which they were added. */
    public List<BufferedImage> images() {
        return Collections.unmodifiableList(images);
    }

    /** Returns the captions, one for each image. */
    public List<String> captions() {
        return Collections.unmodifiableList(captions);
    }

    /**
     * Returns the whole sheet as one picture.
     *
     * @throws IllegalArgumentException when it has no images
     */
    public BufferedImage render() {
        if (images.isEmpty()) {
            throw new IllegalArgumentException("image sheet: no images; add at least one");
        }
        int factor = Math.max(1, Math.round((float) CELL / width));
        int w = Math.max(width * factor, CELL);
        int h = height * factor;
        FontMetrics metrics = Draw.metrics(Draw.font(12));
        List<List<String>> lines =
                captions.stream().map(c -> Draw.wrap(c, metrics, w)).toList();
        int text = 6 + 15 * lines.stream().mapToInt(List::size).max().orElse(0);
        int across = Math.min(columns, images.size());
        int down = (images.size() + columns - 1) / columns;
        return Draw.picture(GAP + across * (w + GAP), GAP + down * (h + text + GAP), g -> {
            g.setFont(Draw.font(12));
            g.setColor(Draw.INK);
            for (int i = 0; i < images.size(); i++) {
                int x = GAP + i % columns * (w + GAP);
                int y = GAP + i / columns * (h + text + GAP);
                // drawImage takes the nearest pixel unless told otherwise
                g.drawImage(images.get(i), x + (w - width * factor) / 2, y, width * factor, h, null);
                for (int k = 0; k < lines.get(i).size(); k++) {
                    Draw.centered(g, lines.get(i).get(k), x + w / 2.0, y + h + 17 + 15 * k);
                }
            }
        });
    }
}

package dev.fathom.experiments.data;

import dev.fathom.data.Dataset;
import dev.fathom.image.Preprocessing;
import dev.fathom.op.Shape;
import dev.fathom.tensor.Rng;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntUnaryOperator;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;

/**
 * Images in classes, as an experiment uses them.
 *
 * @param image the shape [height, width, channels] of each image
 * @param learn the images to train on
 * @param choose the images by which the best epoch is chosen
 * @param test the images that are used once, at the end
 */
public record Images(String title, List<String> classes, Shape image, Dataset learn, Dataset choose, Dataset test)
        implements AutoCloseable {
    /** These images as vectors. */
    public Images flattened() {
        return new Images(title, classes, image, learn.flattened(), choose.flattened(), test.flattened());
    }

    /** These images scaled so that each channel has mean 0 and deviation 1 over those to train on. */
    public Images normalized() {
        return new Images(
                title, classes, image, learn.normalizedBy(learn), choose.normalizedBy(learn), test.normalizedBy(learn));
    }

    /**
     * The preprocessing of a photograph for a network that was trained on the {@link #normalized} form of these images:
     * its center is cut to their size and scaled by mean and deviation of each channel over the images to train on.
     *
     * @throws IllegalStateException if they are not square and red, green and blue
     */
    public Preprocessing input() {
        int side = image.dim(0);
        if (side != image.dim(1) || image.dim(2) != 3) {
            throw new IllegalStateException("images of " + image + " are no photographs");
        }
        long[][] counts = new long[3][256];
        for (int i = 0; i < learn.size(); i++) {
            byte[] pixels = learn.pixels(i);
            for (int j = 0; j < pixels.length; j++) {
                counts[j % 3][pixels[j] & 0xff]++;
            }
        }
        List<Float> mean = new ArrayList<>();
        List<Float> deviation = new ArrayList<>();
        for (long[] count : counts) {
            double n = 0;
            double sum = 0;
            double squares = 0;
            for (int value = 0; value < 256; value++) {
                n += count[value];
                sum += (double) count[value] * value;
                squares += (double) count[value] * value * value;
            }
            mean.add((float) (sum / n / 255));
            deviation.add((float) (Math.sqrt(squares / n - sum / n * (sum / n)) / 255));
        }
        return Preprocessing.of(side, side).shorter(side).normalized(mean, deviation);
    }

    /** These images with values from 0 to 1. */
    public Images scaled() {
        float unit = 1f / 255;
        return new Images(title, classes, image, learn.scaled(unit, 0), choose.scaled(unit, 0), test.scaled(unit, 0));
    }

    /**
     * At random {@code n} of the images to learn from, and a fifth as many for each of the other uses; all where there
     * are not so many.
     */
    public Images sample(int n, long seed) {
        return new Images(
                title, classes, image, sample(learn, n, seed), sample(choose, n / 5, seed), sample(test, n / 5, seed));
    }

    /**
     * {@code n} examples that are drawn at random without replacement, in the order in which they are drawn; all in
     * their own order where there are not more. The first images of a file are no sample: those of MNIST's test, for
     * example, are easier than the others.
     */
    public static Dataset sample(Dataset data, int n, long seed) {
        return n >= data.size()
                ? data.take(0, data.size())
                : data.subset(Arrays.copyOf(new Rng(seed).split("sample").permutation(data.size()), n));
    }

    /** The first {@code n} images to learn from, and all for the other uses. */
    public Images learning(int n) {
        return new Images(
                title,
                classes,
                image,
                learn.take(0, Math.min(n, learn.size())),
                choose.take(0, choose.size()),
                test.take(0, test.size()));
    }

    /** The images of some classes, which are numbered anew in this order; with mean 0 and deviation 1. */
    public Images only(int... numbers) {
        int[] anew = new int[classes.size()];
        Arrays.fill(anew, -1);
        for (int i = 0; i < numbers.length; i++) {
            anew[numbers[i]] = i;
        }
        List<String> names = IntStream.of(numbers).mapToObj(classes::get).toList();
        return remade(names, label -> anew[label], UnaryOperator.identity());
    }

    /**
     * These images with the pixels of each in the same new order, which {@code seed} decides, and with mean 0 and
     * deviation 1.
     */
    public Images permuted(long seed) {
        int channels = image.dim(2);
        int[] order = order(seed);
        return remade(classes, label -> label, pixels -> {
            byte[] changed = new byte[pixels.length];
            for (int i = 0; i < changed.length; i++) {
                changed[i] = pixels[order[i / channels] * channels + i % channels];
            }
            return changed;
        });
    }

    /** Which pixel comes to each place of a permuted image. */
    public int[] order(long seed) {
        return new Rng(seed).permutation(image.dim(0) * image.dim(1));
    }

    private Images remade(List<String> names, IntUnaryOperator label, UnaryOperator<byte[]> pixels) {
        try (Dataset l = remade(learn, label, pixels);
                Dataset c = remade(choose, label, pixels);
                Dataset t = remade(test, label, pixels)) {
            return new Images(title, names, image, l.normalizedBy(l), c.normalizedBy(l), t.normalizedBy(l));
        }
    }

    /** The images whose new label is not negative. */
    private Dataset remade(Dataset data, IntUnaryOperator label, UnaryOperator<byte[]> pixels) {
        int[] chosen = IntStream.range(0, data.size())
                .filter(i -> label.applyAsInt(data.label(i)) >= 0)
                .toArray();
        int bytes = (int) image.size();
        byte[] all = new byte[chosen.length * bytes];
        int[] labels = new int[chosen.length];
        for (int i = 0; i < chosen.length; i++) {
            System.arraycopy(pixels.apply(data.pixels(chosen[i])), 0, all, i * bytes, bytes);
            labels[i] = label.applyAsInt(data.label(chosen[i]));
        }
        return Dataset.images(all, image, labels);
    }

    @Override
    public void close() {
        learn.close();
        choose.close();
        test.close();
    }
}

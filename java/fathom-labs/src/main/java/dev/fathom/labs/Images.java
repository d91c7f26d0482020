package dev.fathom.labs;

import dev.fathom.data.Dataset;
import dev.fathom.tensor.Shape;
import java.util.List;

/**
 * Images in classes, as an experiment uses them.
 *
 * @param image [height, width, channels] of each
 * @param learn what is learned from
 * @param choose what the best epoch is chosen by
 * @param test what is looked at once, at the end
 */
record Images(String title, List<String> classes, Shape image, Dataset learn, Dataset choose, Dataset test)
        implements AutoCloseable {
    /** The same images as vectors. */
    Images flattened() {
        return new Images(title, classes, image, learn.flattened(), choose.flattened(), test.flattened());
    }

    /** The same with mean 0 and deviation 1 in each channel of what is learned from. */
    Images normalised() {
        return new Images(
                title, classes, image, learn.normalised(learn), choose.normalised(learn), test.normalised(learn));
    }

    /** The first {@code n} images to learn from, and a fifth as many for each of the other uses. */
    Images first(int n) {
        return new Images(
                title,
                classes,
                image,
                learn.take(0, Math.min(n, learn.size())),
                choose.take(0, Math.min(n / 5, choose.size())),
                test.take(0, Math.min(n / 5, test.size())));
    }

    @Override
    public void close() {
        learn.close();
        choose.close();
        test.close();
    }
}

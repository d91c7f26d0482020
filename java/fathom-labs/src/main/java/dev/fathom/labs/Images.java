package dev.fathom.labs;

import dev.fathom.data.Dataset;
import dev.fathom.tensor.Shape;
import java.util.List;
import java.util.function.UnaryOperator;

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

    /** The same with a mean of 0 and a deviation of 1, for pixels of 0 to 1 that have these. */
    Images normalised(double mean, double deviation) {
        UnaryOperator<Dataset> all = d -> d.scaled((float) (1 / (255 * deviation)), (float) (-mean / deviation));
        return new Images(title, classes, image, all.apply(learn), all.apply(choose), all.apply(test));
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

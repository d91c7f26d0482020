package dev.fathom.labs.optimization;

import dev.fathom.experiments.statistics.Averages;
import dev.fathom.train.Run;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;

/**
 * How a training went, epoch by epoch; a training that diverged has fewer epochs than it should.
 *
 * @param losses of the training
 * @param judgedLosses on the images by which the network is judged
 * @param accuracies on the same images
 * @param epochs how many it should have
 */
record Course(double[] losses, double[] judgedLosses, double[] accuracies, int epochs) {
    static Course of(Run history, int epochs) {
        return new Course(history.series("loss"), history.series("val_loss"), history.series("val_accuracy"), epochs);
    }

    /** The loss on the images by which it is judged, after the last epoch; infinite for a training that diverged. */
    double end() {
        return diverged() ? Double.POSITIVE_INFINITY : judgedLosses[epochs - 1];
    }

    /** The training loss of the last epoch; infinite for a training that diverged. */
    double loss() {
        return diverged() ? Double.POSITIVE_INFINITY : losses[epochs - 1];
    }

    /** The accuracy after the last epoch; 0 for a training that diverged. */
    double accuracy() {
        return diverged() ? 0 : accuracies[epochs - 1];
    }

    boolean diverged() {
        return losses.length < epochs || !Double.isFinite(judgedLosses[epochs - 1]);
    }

    /** A curve over the epochs. */
    static double[][] curve(double... values) {
        return new double[][] {Averages.upTo(values.length), values};
    }

    /** The mean of some courses of equal length, epoch by epoch; without those that diverged, if others did not. */
    static Course mean(List<Course> courses) {
        List<Course> whole = courses.stream().filter(c -> !c.diverged()).toList();
        return whole.isEmpty()
                ? courses.get(0)
                : new Course(
                        means(whole, Course::losses),
                        means(whole, Course::judgedLosses),
                        means(whole, Course::accuracies),
                        whole.get(0).epochs);
    }

    private static double[] means(List<Course> courses, Function<Course, double[]> series) {
        double[] means = new double[courses.get(0).epochs];
        Arrays.setAll(means, i -> Averages.mean(courses, c -> series.apply(c)[i]));
        return means;
    }
}

package dev.fathom.labs.optimization;

import dev.fathom.io.AtomicFile;
import dev.fathom.train.Run;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

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
        double[] places = new double[values.length];
        Arrays.setAll(places, i -> i + 1);
        return new double[][] {places, values};
    }

    /** The mean of some courses of equal length, epoch by epoch; without those that diverged. */
    static Course mean(List<Course> courses) {
        List<Course> whole = courses.stream().filter(c -> !c.diverged()).toList();
        if (whole.isEmpty()) {
            return courses.get(0);
        }
        return new Course(
                means(whole.stream().map(Course::losses).toList()),
                means(whole.stream().map(Course::judgedLosses).toList()),
                means(whole.stream().map(Course::accuracies).toList()),
                whole.get(0).epochs);
    }

    private static double[] means(List<double[]> rows) {
        double[] mean = new double[rows.get(0).length];
        Arrays.setAll(mean, i -> rows.stream().mapToDouble(r -> r[i]).average().orElseThrow());
        return mean;
    }

    /** Writes it as four lines. */
    void write(Path file) {
        String text = epochs + "\n" + line(losses) + "\n" + line(judgedLosses) + "\n" + line(accuracies) + "\n";
        AtomicFile.write(file, to -> to.write(text.getBytes(StandardCharsets.UTF_8)));
    }

    private static String line(double... values) {
        return Arrays.stream(values).mapToObj(Double::toString).collect(Collectors.joining(","));
    }

    /**
     * Reads what {@link #write} wrote.
     *
     * @throws IllegalArgumentException if the file is damaged
     */
    static Course read(Path file) {
        try {
            List<String> lines = Files.readAllLines(file, StandardCharsets.UTF_8);
            if (lines.size() == 4) {
                return new Course(
                        values(lines.get(1)),
                        values(lines.get(2)),
                        values(lines.get(3)),
                        Integer.parseInt(lines.get(0)));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (NumberFormatException e) {
            throw damaged(file, e);
        }
        throw damaged(file, null);
    }

    private static IllegalArgumentException damaged(Path file, @Nullable Throwable cause) {
        return new IllegalArgumentException(file + " is not a finished training; remove it", cause);
    }

    private static double[] values(String line) {
        return line.isEmpty()
                ? new double[0]
                : Arrays.stream(line.split(",", -1))
                        .mapToDouble(Double::parseDouble)
                        .toArray();
    }
}

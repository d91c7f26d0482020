package dev.fathom.labs.images;

import static dev.fathom.labs.pages.Findings.line;

import dev.fathom.data.Dataset;
import dev.fathom.features.Examples;
import dev.fathom.features.Lda;
import dev.fathom.labs.data.ImageSet;
import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.experiments.OldExperiment;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Findings;
import dev.fathom.nn.Dropout;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Penalty;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Activation;
import dev.fathom.optim.RmsProp;
import dev.fathom.train.Metric;
import dev.fathom.train.Run;
import dev.fathom.train.Trainer;
import dev.fathom.view.Chart;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Table 10.1 of ISLR2 on handwritten digits: a network with ridge regularization, one with dropout, multinomial
 * logistic regression and linear discriminant analysis; and gradient descent in one dimension (figure 10.17, with the
 * function of exercise 6).
 */
public final class IslrLab implements OldExperiment {
    private static final int BATCH = 128;
    /** The penalty in front of the mean loss; the textbook does not print its own. */
    private static final float LAMBDA = 1e-4f;

    /** The function of exercise 6. */
    static final DoubleUnaryOperator R = b -> Math.sin(b) + b / 10;

    @Override
    public String name() {
        return "islr";
    }

    /** A row of the table: what was measured, in percent of the images. */
    private record Row(String name, long parameters, double validation, double test, String published) {}

    /**
     * A network of the table.
     *
     * @param penalties of its weights
     */
    private record Entry(String name, Layer net, List<Penalty> penalties, String published) {}

    /** 784-256-128-10 with ReLUs; layers 0, 2 and 4 have weights. */
    static Sequential network(float first, float second) {
        return new Sequential(
                new Linear(784, 256).act(Activation.RELU),
                new Dropout(first),
                new Linear(256, 128).act(Activation.RELU),
                new Dropout(second),
                new Linear(128, 10));
    }

    /** Ridge regularization of the two hidden layers, but not of their biases nor of the output layer. */
    static Penalty ridge() {
        return Penalty.l2(LAMBDA).on("0.weight", "2.weight");
    }

    private static List<Entry> entries() {
        return List.of(
                new Entry("Neural network + ridge", network(0, 0), List.of(ridge()), "2.3 %"),
                new Entry("Neural network + dropout", network(0.4f, 0.3f), List.of(), "1.8 %"),
                new Entry("Multinomial logistic regression", new Linear(784, 10), List.of(), "7.2 %"));
    }

    @Override
    public Findings run(LabRun run) {
        Path given = run.data();
        ImageSet set = given == null && !found() ? ImageSet.FASHION_MNIST : ImageSet.MNIST;
        Path folder = given == null ? set.folder() : given;
        try (Dataset all = pixels(set.read(folder, false), run.of(Integer.MAX_VALUE, 6000));
                Dataset test = pixels(set.read(folder, true), run.of(Integer.MAX_VALUE, 2000))) {
            Dataset.Split split = all.split(all.size() / 5, run.seed());
            try (Dataset learn = split.rest();
                    Dataset validate = split.heldOut()) {
                String data = line(
                        "%s: %,d images to learn from, %,d for validation, %,d for the test",
                        set == ImageSet.MNIST ? "MNIST" : "Fashion-MNIST, because MNIST was not found",
                        learn.size(),
                        validate.size(),
                        test.size());
                Findings page = run.page("Lab islr", data);
                descent(page);
                boolean done = table(run, page, learn, validate, test, set == ImageSet.MNIST);
                return done ? page.finished() : page;
            }
        }
    }

    /** The first images as rows of numbers from 0 to 1; closes all. */
    private static Dataset pixels(Dataset all, int most) {
        try (all;
                Dataset first = all.take(0, Math.min(most, all.size()));
                Dataset rows = first.flattened()) {
            return rows.scaled(1f / 255, 0);
        }
    }

    private static boolean found() {
        try {
            ImageSet.MNIST.folder();
            return true;
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    // ---- table 10.1

    private static boolean table(
            LabRun run, Findings page, Dataset learn, Dataset validate, Dataset test, boolean digits) {
        int epochs = run.epochs(30, 3);
        page.section("Table 10.1", "")
                .text(line(
                        "%s. The network has layers of 784, 256, 128 and 10 units with ReLUs. The ridge penalty "
                                + "is %.4f times the sum of squared weights of the two "
                                + "hidden layers, added to the mean cross-entropy; biases and the output layer "
                                + "have none. Dropout rates are 0.4 and "
                                + "0.3. The networks and the logistic regression are trained by RMSprop at 0.001 "
                                + "in batches of %d, %,d steps in each of "
                                + "%d epochs. As in the textbook the last epoch counts; the validation error "
                                + "chooses nothing. Linear discriminant "
                                + "analysis learns from the same images.",
                        page.data(), LAMBDA, BATCH, (learn.size() + BATCH - 1) / BATCH, epochs));
        List<Row> rows = new ArrayList<>();
        Map<String, double[][]> training = new LinkedHashMap<>();
        Map<String, double[][]> validation = new LinkedHashMap<>();
        for (Entry entry : entries()) {
            Run history = run.interrupt().requested()
                    ? null
                    : network(run, page, entry, learn, validate, test, epochs, digits, rows);
            if (history != null) {
                training.put(entry.name(), history.curve("loss"));
                validation.put(entry.name(), history.curve("val_loss"));
            }
        }
        if (!run.interrupt().requested()) {
            discriminant(page, learn, validate, test, digits, rows);
        }
        page.table(
                List.of("method", "parameters", "validation error", "test error", "published"),
                rows.stream()
                        .map(r -> List.of(
                                r.name(),
                                line("%,d", r.parameters()),
                                line("%.2f %%", r.validation()),
                                line("%.2f %%", r.test()),
                                r.published()))
                        .toList());
        if (!training.isEmpty()) {
            page.picture(
                    "epochs.png",
                    "Loss on the training and validation images after each epoch",
                    () -> Chart.panels(
                            2, List.of(chart("Training loss", training), chart("Validation loss", validation))));
        }
        return rows.size() == entries().size() + 1;
    }

    private static Chart chart(String title, Map<String, double[][]> curves) {
        Chart chart = new Chart(title, "epoch").logarithmic(false, true);
        curves.forEach((name, xy) -> chart.line(
                name.replace("Neural network", "network").replace("Multinomial logistic regression", "logistic"),
                xy[0],
                xy[1]));
        return chart;
    }

    private static @Nullable Run network(
            LabRun run,
            Findings page,
            Entry entry,
            Dataset learn,
            Dataset validate,
            Dataset test,
            int epochs,
            boolean digits,
            List<Row> rows) {
        run.training().say("%n== %s", entry.name());
        try (Model<Layer> model = Model.of(entry.net(), run.seed())) {
            Trainer<Layer> trainer = Trainer.of(
                            model,
                            Loss.crossEntropy(),
                            new RmsProp(0.001f).alpha(0.9f).epsilon(1e-7f))
                    .metrics(Metric.accuracy())
                    .penalties(entry.penalties().toArray(Penalty[]::new))
                    .seed(run.seed());
            trainer = run.training()
                    .attach(
                            trainer,
                            run.folder()
                                    .resolve(entry.name()
                                            .toLowerCase(Locale.ROOT)
                                            .replaceAll("[^a-z]+", "-")),
                            "images");
            Run history = trainer.fit(learn.shuffled(run.seed()).batches(BATCH), validate, epochs);
            if (run.interrupt().requested()) {
                return null;
            }
            add(page, digits, rows, entry, model.parameterCount(), error(trainer, validate), error(trainer, test));
            return history;
        }
    }

    private static double error(Trainer<?> trainer, Dataset data) {
        return 100 * (1 - Objects.requireNonNull(trainer.evaluate(data).get("accuracy")));
    }

    private static void discriminant(
            Findings page, Dataset learn, Dataset validate, Dataset test, boolean digits, List<Row> rows) {
        Lda lda = Lda.fit(Examples.of(learn));
        Entry entry = new Entry("Linear discriminant analysis", new Sequential(), List.of(), "12.7 %");
        long numbers = lda.directions().length + (long) lda.centers().length * lda.width() + lda.mean().length;
        add(
                page,
                digits,
                rows,
                entry,
                numbers,
                100 * (1 - lda.accuracy(Examples.of(validate))),
                100 * (1 - lda.accuracy(Examples.of(test))));
    }

    /** Published errors are those of digits; a figure of other images has a name of its own. */
    private static void add(
            Findings page,
            boolean digits,
            List<Row> rows,
            Entry entry,
            long parameters,
            double validation,
            double test) {
        page.key(Figure.of(entry.name() + (digits ? "" : " on these images") + ", test error", "%", test));
        rows.add(new Row(entry.name(), parameters, validation, test, digits ? entry.published() : ""));
    }

    // ---- one dimension

    /** The way of gradient descent on it with the rate 0.1, the start included. */
    static double[] descent(double start, int steps) {
        return DoubleStream.iterate(start, b -> b - 0.1 * (Math.cos(b) + 0.1))
                .limit(steps + 1L)
                .toArray();
    }

    private static void descent(Findings page) {
        double[] right = descent(2.3, 300);
        double[] left = descent(1.4, 300);
        double endRight = right[300];
        double endLeft = left[300];
        double[] x = IntStream.rangeClosed(0, 400)
                .mapToDouble(i -> -6 + 12 * i / 400.0)
                .toArray();
        page.section("Gradient descent in one dimension", "")
                .text(line(
                        "The textbook's figure 10.17 shows a function with two minima, which it does not print; "
                                + "exercise 6 prints R(b) = sin b + b / 10. With a "
                                + "learning rate of 0.1, gradient descent from 2.3 goes to the right, to %.6f "
                                + "with R = %.6f, and from 1.4 to the "
                                + "left, to %.6f with R = %.6f, which is lower. The start decides which minimum "
                                + "is found.",
                        endRight, R.applyAsDouble(endRight), endLeft, R.applyAsDouble(endLeft)))
                .table(
                        List.of("step", "from 2.3", "R", "from 1.4", "R"),
                        IntStream.of(0, 1, 2, 3, 4, 5, 10, 20, 50, 100, 300)
                                .mapToObj(i -> List.of(
                                        Integer.toString(i),
                                        line("%.6f", right[i]),
                                        line("%.6f", R.applyAsDouble(right[i])),
                                        line("%.6f", left[i]),
                                        line("%.6f", R.applyAsDouble(left[i]))))
                                .toList())
                .picture(
                        "descent.png",
                        "The function R(b) and the steps of gradient descent from 2.3 and from 1.4",
                        () -> new Chart("R(b) = sin b + b / 10", "b")
                                .line("R", x, Arrays.stream(x).map(R).toArray())
                                .points("from 2.3", Arrays.copyOf(right, 60), way(right))
                                .points("from 1.4", Arrays.copyOf(left, 60), way(left))
                                .render())
                .figure(Figure.of("Minimum from 2.3", "", endRight).baseline(4.612221559, "double precision"))
                .figure(Figure.of("Minimum from 1.4", "", endLeft).baseline(-1.670963748, "double precision"));
    }

    private static double[] way(double[] steps) {
        return Arrays.stream(steps).limit(60).map(R).toArray();
    }
}

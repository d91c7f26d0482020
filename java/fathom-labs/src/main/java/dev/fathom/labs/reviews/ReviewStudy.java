package dev.fathom.labs.reviews;

import static dev.fathom.labs.pages.Findings.line;

import dev.fathom.data.Batches;
import dev.fathom.data.Dataset;
import dev.fathom.data.Padding;
import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.reviews.ReviewNets.ReviewNet;
import dev.fathom.labs.reviews.Reviews.Part;
import dev.fathom.labs.training.Training;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.Callback;
import dev.fathom.train.EpochLog;
import dev.fathom.train.Metric;
import dev.fathom.train.Run;
import dev.fathom.train.Step;
import dev.fathom.train.Trainer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Trains networks that classify reviews, all in the same way: the weights of the epoch with the best validation
 * accuracy are kept and tested once.
 *
 * @param reviews for validation and test
 */
record ReviewStudy(LabRun run, Reviews reviews) {
    /** Batches that are sorted by length together. */
    private static final int BUCKETS = 50;

    private static final int TIMED = 20;
    private static final int EVALUATION = 500;

    /** The header of a table of {@linkplain #row rows}. */
    static final List<String> HEADER =
            List.of("network", "parameters", "training", "ms a step", "best epoch", "validation", "test");

    /**
     * A trained network.
     *
     * @param reviews the number of training reviews
     * @param milliseconds the time of a step, measured on a copy of the network
     * @param test its test accuracy, from 0 to 1
     */
    record Trained(
            ReviewExperiment experiment, int reviews, long parameters, double milliseconds, Run history, double test) {
        EpochLog best() {
            return Objects.requireNonNull(history.best());
        }

        double validation() {
            return best().value("val_accuracy");
        }

        /** The test accuracy, such as {@code 87.50 %}. */
        String percent() {
            return line("%.2f %%", 100 * test);
        }
    }

    private static Trainer<ReviewNet> trainer(ReviewExperiment experiment, Model<ReviewNet> model, long seed) {
        Loss loss = Loss.bceWithLogits();
        Trainer<ReviewNet> trainer = Trainer.custom(model, experiment.recipe().optimizer(), (net, batch) -> {
            Tensor logits = net.logits(batch.x(), batch.lengths("x"));
            return new Step.Result(loss.of(logits, batch.y()), logits);
        });
        return trainer.schedule(experiment.recipe().schedule())
                .metrics(Metric.accuracy())
                .clipNorm(1)
                .seed(seed);
    }

    /**
     * Trains a network.
     *
     * @param part the training reviews
     * @param curve the file for the training and test accuracy after every epoch; null for none
     * @return null if the run was interrupted
     */
    @Nullable
    Trained train(ReviewExperiment experiment, Part part, @Nullable Path curve) {
        if (run.interrupt().requested()) {
            return null;
        }
        Training training = run.training();
        try (Model<ReviewNet> model = Model.of(experiment.net().get(), run.seed());
                Dataset examples = data(experiment, part);
                Dataset validation = data(experiment, reviews.validation());
                Dataset test = data(experiment, reviews.test())) {
            if (experiment.frozen()) {
                model.freeze("words.*");
            }
            int batch = batch(experiment, examples);
            training.say(
                    "%n== %s: %,d parameters, %,d reviews, batches of %d, %s",
                    experiment.title(),
                    model.parameterCount(),
                    part.size(),
                    batch,
                    experiment.recipe().words());
            Batches batches = examples.shuffled(run.seed()).batches(batch);
            batches = experiment.padded() ? batches : batches.bucketed("x", BUCKETS);
            double milliseconds = milliseconds(experiment, model, examples);
            Trainer<ReviewNet> trainer = trainer(experiment, model, run.seed()).keepBest("val_accuracy");
            if (curve != null) {
                trainer = trainer.callbacks(new AccuracyCurve(
                        trainer, List.of(ordered(experiment, examples), ordered(experiment, test)), curve));
            }
            trainer = training.attach(trainer, run.folder().resolve(experiment.folder()), "reviews");
            Run history = trainer.fit(
                    batches,
                    ordered(experiment, validation),
                    experiment.recipe().epochs());
            history.notes().forEach(note -> training.say("%s", note));
            if (run.interrupt().requested() || history.best() == null) {
                return null;
            }
            double accuracy = Objects.requireNonNull(
                    trainer.evaluate(ordered(experiment, test)).get("accuracy"));
            training.say(
                    "Epoch %d has the best validation accuracy. Test accuracy %.2f %%, %.1f ms a step.",
                    history.best().epoch(), 100 * accuracy, milliseconds);
            return new Trained(experiment, part.size(), model.parameterCount(), milliseconds, history, accuracy);
        }
    }

    /** Trains one network after the other; ends early if the run is interrupted. */
    List<Trained> train(List<ReviewExperiment> experiments, Part part) {
        List<Trained> all = new ArrayList<>();
        for (ReviewExperiment experiment : experiments) {
            Trained trained = train(experiment, part, null);
            if (trained == null) {
                break;
            }
            all.add(trained);
        }
        return all;
    }

    private static int batch(ReviewExperiment experiment, Dataset data) {
        return Math.min(experiment.recipe().batch(), data.size());
    }

    private static Dataset data(ReviewExperiment experiment, Part part) {
        Dataset data = part.dataset(experiment.length());
        if (!experiment.padded()) {
            return data;
        }
        try (data) {
            return data.padded("x", Padding.front().length(experiment.length()).keepEnd());
        }
    }

    private static Batches ordered(ReviewExperiment experiment, Dataset data) {
        Batches batches = data.batches(Math.min(EVALUATION, data.size()));
        return experiment.padded() ? batches : batches.bucketed("x", Integer.MAX_VALUE);
    }

    /** The mean time of a training step on a copy, without the first step. */
    private double milliseconds(ReviewExperiment experiment, Model<ReviewNet> model, Dataset examples) {
        int size = batch(experiment, examples);
        List<Long> times = new ArrayList<>();
        try (Model<ReviewNet> copy = model.copy();
                Dataset some = examples.take(0, Math.min(examples.size(), (run.of(TIMED, 2) + 1) * size))) {
            Batches batches = some.shuffled(0).batches(size);
            Trainer<ReviewNet> trainer = trainer(experiment, copy, 0);
            trainer.callbacks(run.interrupt().stopping(), new Callback() {
                        @Override
                        public void onStepEnd(Run training) {
                            times.add(System.nanoTime());
                        }
                    })
                    .fit(experiment.padded() ? batches : batches.bucketed("x", BUCKETS), 1);
        }
        int steps = times.size() - 1;
        return steps < 1 ? 0 : (times.get(steps) - times.get(0)) / 1e6 / steps;
    }

    /** A row of a table for {@link #HEADER}. */
    static List<String> row(Trained t) {
        return List.of(
                t.experiment.title(),
                line("%,d", t.parameters),
                t.experiment.recipe().words() + ", batch "
                        + t.experiment.recipe().batch(),
                line("%.1f", t.milliseconds),
                t.best().epoch() + " of " + t.history.epochs().size(),
                line("%.2f %%", 100 * t.validation()),
                t.percent());
    }
}

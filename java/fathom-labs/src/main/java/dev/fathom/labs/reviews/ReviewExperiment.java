package dev.fathom.labs.reviews;

import static dev.fathom.experiments.pages.Findings.line;

import dev.fathom.data.Batches;
import dev.fathom.data.Dataset;
import dev.fathom.data.Padding;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.Reviews;
import dev.fathom.experiments.data.Reviews.Part;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.training.Milestones;
import dev.fathom.experiments.training.Recipe;
import dev.fathom.labs.reviews.ReviewNets.ReviewNet;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.Callback;
import dev.fathom.train.EpochLog;
import dev.fathom.train.Metric;
import dev.fathom.train.Run;
import dev.fathom.train.Step;
import dev.fathom.train.Trainer;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A network that classifies reviews and how it is trained. Gradients are clipped, and the weights of the epoch with the
 * best validation accuracy are kept and tested once; a plain training does neither and tests the last weights.
 *
 * @param title its name on the page
 * @param padded whether every review is padded in front with zeros to {@code length}, as in the textbook; if not, a
 *     batch has reviews of similar length
 * @param frozen whether the word vectors are frozen
 * @param plain whether the training is plain
 * @param length the number of words that the network sees, which are the last ones of a review
 */
record ReviewExperiment(
        String title,
        Supplier<ReviewNet> net,
        Recipe recipe,
        boolean padded,
        boolean frozen,
        boolean plain,
        int length) {
    /** Batches that are sorted by length together. */
    private static final int BUCKETS = 50;

    /** Columns of a table of networks, and the ends of the names of their figures. */
    static final String TEST = "test accuracy";

    static final String TIME = "time of a step";
    private static final int TIMED = 20;
    private static final int EVALUATION = 500;

    /**
     * A trained network.
     *
     * @param milliseconds the time of a step, measured on a copy of the network
     * @param tested the epoch whose weights are tested
     * @param test its test accuracy in percent
     * @param milestones the accuracies on the training and the test reviews after each epoch, where they were wanted
     */
    record Trained(
            String training,
            long parameters,
            double milliseconds,
            Run history,
            EpochLog tested,
            double test,
            @Nullable Milestones milestones) {
        /** Begins a row of a table of networks, whose last column is the test accuracy. */
        Table.Row row(Table table, String name) {
            return table.row(name)
                    .cell("parameters", "%,d", parameters)
                    .cell("training", training)
                    .cell(TIME, "%.1f ms", milliseconds)
                    .cell(
                            "tested epoch",
                            tested.epoch() + " of " + history.epochs().size())
                    .cell("validation", "%.2f %%", 100 * tested.value("val_accuracy"))
                    .put(TEST, "%.2f %%", test);
        }
    }

    /** Trains under the name of the title. */
    Trained train(Lab lab, Reviews reviews) {
        return train(lab, title, reviews, reviews.train(), false);
    }

    /**
     * Trains.
     *
     * @param name of the training, of which there is one in a run
     * @param reviews for validation and test
     * @param part the training reviews
     * @param watched whether the accuracies on the training and the test reviews are wanted after each epoch
     */
    Trained train(Lab lab, String name, Reviews reviews, Part part, boolean watched) {
        try (Model<ReviewNet> model = Model.of(net.get(), lab.seed());
                Dataset examples = data(part);
                Dataset validation = data(reviews.validation());
                Dataset test = data(reviews.test())) {
            if (frozen) {
                model.freeze("words.*");
            }
            double milliseconds = milliseconds(lab, model, examples);
            Trainer<ReviewNet> trainer = trainer(model, lab.seed());
            trainer = plain ? trainer : trainer.keepBest("val_accuracy");
            Milestones milestones = null;
            if (watched) {
                milestones = new Milestones(
                        trainer, 0, lab.kept(name).resolve("milestones.csv"), ordered(examples), ordered(test));
                trainer = trainer.callbacks(milestones);
            }
            Run history = lab.train(
                    name, "reviews", trainer, batches(examples, lab.seed()), ordered(validation), recipe.epochs());
            history.notes().forEach(note -> lab.say("%s", note));
            double accuracy =
                    100 * Objects.requireNonNull(trainer.evaluate(ordered(test)).get("accuracy"));
            lab.say("Test accuracy %.2f %%, %.1f ms a step.", accuracy, milliseconds);
            List<EpochLog> epochs = history.epochs();
            return new Trained(
                    line("%s, batch %d", recipe.words(), recipe.batch()),
                    model.parameterCount(),
                    milliseconds,
                    history,
                    plain ? epochs.get(epochs.size() - 1) : Objects.requireNonNull(history.best()),
                    accuracy,
                    milestones);
        }
    }

    private Trainer<ReviewNet> trainer(Model<ReviewNet> model, long seed) {
        Loss loss = Loss.bceWithLogits();
        Trainer<ReviewNet> trainer = Trainer.custom(model, recipe.optimizer(), (net, batch) -> {
            Tensor logits = net.logits(batch.x(), batch.lengths("x"));
            return new Step.Result(loss.of(logits, batch.y()), logits);
        });
        trainer = trainer.schedule(recipe.schedule()).metrics(Metric.accuracy()).seed(seed);
        return plain ? trainer : trainer.clipNorm(1);
    }

    private Dataset data(Part part) {
        Dataset data = part.dataset(length);
        if (!padded) {
            return data;
        }
        try (data) {
            return data.padded("x", Padding.front().length(length).keepEnd());
        }
    }

    private Batches batches(Dataset examples, long seed) {
        Batches batches = examples.shuffled(seed).batches(Math.min(recipe.batch(), examples.size()));
        return padded ? batches : batches.bucketed("x", BUCKETS);
    }

    private Batches ordered(Dataset data) {
        Batches batches = data.batches(Math.min(EVALUATION, data.size()));
        return padded ? batches : batches.bucketed("x", Integer.MAX_VALUE);
    }

    /** The mean time of a training step on a copy, without the first step. */
    private double milliseconds(Lab lab, Model<ReviewNet> model, Dataset examples) {
        int most = (lab.of(TIMED, 2) + 1) * recipe.batch();
        List<Long> times = new ArrayList<>();
        try (Model<ReviewNet> copy = model.copy();
                Dataset some = examples.take(0, Math.min(examples.size(), most))) {
            Callback clock = new Callback() {
                @Override
                public void onStepEnd(Run training) {
                    lab.check();
                    times.add(System.nanoTime());
                }
            };
            trainer(copy, 0).callbacks(clock).fit(batches(some, 0), 1);
        }
        int steps = times.size() - 1;
        return steps < 1 ? 0 : (times.get(steps) - times.get(0)) / 1e6 / steps;
    }
}

package dev.fathom.labs.reviews;

import static dev.fathom.labs.pages.Result.line;

import dev.fathom.data.Batches;
import dev.fathom.data.Dataset;
import dev.fathom.data.Padding;
import dev.fathom.labs.experiments.Run;
import dev.fathom.labs.reviews.ReviewNets.ReviewNet;
import dev.fathom.labs.reviews.Reviews.Part;
import dev.fathom.labs.training.Recipe;
import dev.fathom.labs.training.Training;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.Callback;
import dev.fathom.train.EpochLog;
import dev.fathom.train.History;
import dev.fathom.train.Metric;
import dev.fathom.train.Progress;
import dev.fathom.train.Step;
import dev.fathom.train.Trainer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Teaches nets about reviews, one like the other: the weights of the epoch that is best on the validation reviews are kept, and see the test once. */
record ReviewStudy(Run run) {
    /** Batches that are sorted by length together. */
    private static final int BUCKETS = 50;

    private static final int TIMED = 20;
    private static final int EVALUATION = 500;

    /**
     * A net and how it is taught.
     *
     * @param folder for its checkpoints
     * @param padded whether every review is its last words with zeros in front, as in the textbook; if not, reviews of similar length come together
     * @param frozen whether the vectors of words stay as they are
     * @param words of a review that the net sees, the last ones
     */
    record Subject(
            String name,
            String folder,
            Supplier<ReviewNet> net,
            Recipe recipe,
            boolean padded,
            boolean frozen,
            int words) {
        /** Sees the last 500 words, in batches of similar length. */
        Subject(String name, String folder, Supplier<ReviewNet> net, Recipe recipe) {
            this(name, folder, net, recipe, false, false, ReviewNets.LAST);
        }

        Subject paddedInFront() {
            return new Subject(name, folder, net, recipe, true, frozen, words);
        }

        Subject withFrozenWords() {
            return new Subject(name, folder, net, recipe, padded, true, words);
        }

        Subject words(int last) {
            return new Subject(name, folder, net, recipe, padded, frozen, last);
        }
    }

    /**
     * What a net learned.
     *
     * @param reviews it learned from
     * @param milliseconds of a step, measured on a copy of the net
     * @param test the share of the test reviews that is right
     */
    record Learned(Subject subject, int reviews, long parameters, double milliseconds, History history, double test) {
        EpochLog best() {
            return Objects.requireNonNull(history.best());
        }

        double validation() {
            return best().value("val_accuracy");
        }

        double seconds() {
            return history.epochs().stream().mapToDouble(EpochLog::seconds).sum();
        }
    }

    /** Right if the logit has the sign of the answer. */
    private static Metric accuracy() {
        return Metric.higherIsBetter(
                "accuracy", (logits, labels) -> logits.gt(0).eq(labels).sum().item());
    }

    private static Trainer<ReviewNet> trainer(Subject subject, Model<ReviewNet> model, long seed) {
        Loss loss = Loss.bceWithLogits();
        Trainer<ReviewNet> trainer = Trainer.custom(model, subject.recipe.optimizer(), (net, batch) -> {
            Tensor logits = net.logits(batch.x(), batch.lengths("x"));
            return new Step.Result(loss.of(logits, batch.y()), logits);
        });
        return trainer.schedule(subject.recipe.schedule())
                .metrics(accuracy())
                .clipNorm(1)
                .seed(seed);
    }

    /**
     * Teaches a net.
     *
     * @param part to learn from
     * @param curve the file for the accuracy on these reviews and on the test after every epoch; null for none
     * @return null where it was stopped
     */
    @Nullable
    Learned teach(Subject subject, Part part, Reviews reviews, @Nullable Path curve) {
        Training training = run.training();
        try (Model<ReviewNet> model = Model.of(subject.net.get(), run.seed());
                Dataset learn = data(subject, part);
                Dataset choose = data(subject, reviews.validation());
                Dataset test = data(subject, reviews.test())) {
            if (subject.frozen) {
                model.freeze("words.*");
            }
            training.say(
                    "%n== %s: %,d parameters, %,d reviews, batches of %d, %s",
                    subject.name, model.parameterCount(), part.size(), batch(subject, learn), subject.recipe.words());
            Batches batches = learn.shuffled(run.seed()).batches(batch(subject, learn));
            batches = subject.padded ? batches : batches.bucketed("x", BUCKETS);
            double milliseconds = milliseconds(subject, model, learn);
            Trainer<ReviewNet> trainer = trainer(subject, model, run.seed()).keepBest("val_accuracy");
            if (curve != null) {
                trainer.callbacks(
                        new AccuracyCurve(trainer, List.of(ordered(subject, learn), ordered(subject, test)), curve));
            }
            training.attach(trainer, run.folder().resolve(subject.folder), "reviews");
            History history = trainer.fit(batches, ordered(subject, choose), subject.recipe.epochs());
            history.notes().forEach(note -> training.say("%s", note));
            if (run.interrupt().requested() || history.best() == null) {
                return null;
            }
            double right = Objects.requireNonNull(
                    trainer.evaluate(ordered(subject, test)).get("accuracy"));
            training.say(
                    "Epoch %d is the best on the validation reviews; %.2f %% of the test are right, %.1f ms a step.",
                    history.best().epoch(), 100 * right, milliseconds);
            return new Learned(subject, part.size(), model.parameterCount(), milliseconds, history, right);
        }
    }

    private static int batch(Subject subject, Dataset data) {
        return Math.min(subject.recipe.batch(), data.size());
    }

    private static Dataset data(Subject subject, Part part) {
        Dataset data = part.dataset(subject.words);
        if (!subject.padded) {
            return data;
        }
        try (data) {
            return data.padded("x", Padding.front().length(subject.words).keepEnd());
        }
    }

    private static Batches ordered(Subject subject, Dataset data) {
        Batches batches = data.batches(Math.min(EVALUATION, data.size()));
        return subject.padded ? batches : batches.bucketed("x", Integer.MAX_VALUE);
    }

    /** The mean time of a step of training on a copy, after the first. */
    private double milliseconds(Subject subject, Model<ReviewNet> model, Dataset learn) {
        int size = batch(subject, learn);
        List<Long> times = new ArrayList<>();
        try (Model<ReviewNet> copy = model.copy();
                Dataset some = learn.take(0, Math.min(learn.size(), (run.of(TIMED, 2) + 1) * size))) {
            Batches batches = some.shuffled(0).batches(size);
            trainer(subject, copy, 0)
                    .callbacks(new Callback() {
                        @Override
                        public void onStepEnd(Progress progress) {
                            times.add(System.nanoTime());
                        }
                    })
                    .fit(subject.padded ? batches : batches.bucketed("x", BUCKETS), 1);
        }
        int steps = times.size() - 1;
        return steps < 1 ? 0 : (times.get(steps) - times.get(0)) / 1e6 / steps;
    }

    /** A row of a table: name, parameters, ms a step, the best epoch of all, validation and test. */
    static List<String> row(Learned l) {
        return List.of(
                l.subject.name,
                line("%,d", l.parameters),
                l.subject.recipe.words() + ", batch " + l.subject.recipe.batch(),
                line("%.1f", l.milliseconds),
                l.best().epoch() + " of " + l.history.epochs().size(),
                line("%.2f %%", 100 * l.validation()),
                line("%.2f %%", 100 * l.test));
    }

    static final List<String> HEADER =
            List.of("network", "parameters", "learned by", "ms a step", "best epoch", "validation", "test");
}

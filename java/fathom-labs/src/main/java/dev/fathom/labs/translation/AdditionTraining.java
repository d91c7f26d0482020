package dev.fathom.labs.translation;

import dev.fathom.data.Batches;
import dev.fathom.data.Dataset;
import dev.fathom.decode.BeamSearch;
import dev.fathom.decode.Hypothesis;
import dev.fathom.labs.experiments.Run;
import dev.fathom.nn.Init;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.optim.Adam;
import dev.fathom.optim.Schedule;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.EpochLog;
import dev.fathom.train.History;
import dev.fathom.train.Metric;
import dev.fathom.train.Trainer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Teaches networks to add.
 *
 * @param learn what they learn from
 * @param choose what is looked at after each epoch
 * @param test what is looked at once
 */
record AdditionTraining(Run run, Sums learn, Sums choose, Sums test) {
    static final int HIDDEN = 128;
    private static final int CHUNK = 500;
    /** Of the first weights of the net with attention: 1 / sqrt(hidden), as PyTorch's recurrent ones. */
    private static final float RANGE = 0.088f;

    /**
     * How a network is taught: by Adam.
     *
     * @param falls whether the rate falls to 0 on a cosine; otherwise it stays as it is
     */
    record Recipe(int epochs, int batch, float rate, boolean falls) {
        String words() {
            return "batches of " + batch + ", Adam " + rate + (falls ? " down to 0 on a cosine" : "");
        }

        private Schedule schedule() {
            return falls ? Schedule.cosine(epochs) : Schedule.constant();
        }
    }

    /**
     * What came of a network.
     *
     * @param parameters their number
     * @param said its answers to the test
     */
    record Taught(
            String name, Recipe recipe, long parameters, History history, List<String> said, List<Sums.Sum> test) {
        /** The share of the test's characters that are right, blanks behind an answer among them. */
        double characters() {
            long right = 0;
            for (int i = 0; i < said.size(); i++) {
                String truth = filled(test.get(i).answer());
                String answer = filled(said.get(i));
                for (int k = 0; k < Sums.ANSWER; k++) {
                    right += truth.charAt(k) == answer.charAt(k) ? 1 : 0;
                }
            }
            return (double) right / said.size() / Sums.ANSWER;
        }

        private static String filled(String answer) {
            return (answer + " ".repeat(Sums.ANSWER)).substring(0, Sums.ANSWER);
        }

        /** The share of the test's answers that are right as a whole. */
        double answers() {
            return (double) right().length / said.size();
        }

        /** The numbers of the test's sums that were answered right. */
        int[] right() {
            return IntStream.range(0, said.size())
                    .filter(i -> said.get(i).equals(test.get(i).answer()))
                    .toArray();
        }

        double seconds() {
            return history.epochs().stream().mapToDouble(EpochLog::seconds).sum();
        }

        /** The first epoch after which {@code figure} is at least {@code level}. */
        OptionalInt firstEpoch(String figure, double level) {
            return history.epochs().stream()
                    .filter(e -> e.value(figure) >= level)
                    .mapToInt(EpochLog::epoch)
                    .findFirst();
        }

        /** Epochs and a figure after each. */
        double[][] curve(String figure) {
            return new double[][] {
                history.epochs().stream().mapToDouble(EpochLog::epoch).toArray(), history.series(figure)
            };
        }
    }

    /** Teaches Keras's network; null where it was stopped before the last epoch. */
    @Nullable
    Taught adder(String name, boolean reversed, Recipe recipe) {
        try (Dataset train = learn.padded(reversed);
                Dataset validation = choose.padded(reversed);
                Dataset last = test.padded(reversed);
                Model<AdditionNet> model = Model.of(new AdditionNet(HIDDEN), run.seed())) {
            var trainer = Trainer.of(model, Loss.crossEntropy(), new Adam(recipe.rate))
                    .metrics(characterAccuracy(), answerAccuracy(-1));
            History history = fit(name, trainer, recipe, train, validation);
            if (history == null) {
                return null;
            }
            List<String> said = new ArrayList<>();
            Batches.Epoch batches = last.batches(Math.min(CHUNK, last.size())).epoch(0);
            while (batches.hasNext()) {
                try (Pass pass = Pass.infer()) {
                    int[] best = model.net().apply(batches.next().x()).argmax(2).toIntArray();
                    for (int i = 0; i < best.length; i += Sums.ANSWER) {
                        said.add(Sums.text(Arrays.copyOfRange(best, i, i + Sums.ANSWER)));
                    }
                }
            }
            return new Taught(name, recipe, model.parameterCount(), history, said, test.all());
        }
    }

    /** Teaches the network with a stop symbol and attention; null where it was stopped before the last epoch. */
    @Nullable
    Taught attending(String name, Recipe recipe) {
        int tokens = Sums.STOPPED.size();
        Seq2Seq net = Seq2Seq.of(
                new Seq2Seq.Sizes(tokens, tokens, 32, HIDDEN, 1), true, Init.normal(0, 1), Init.uniform(-RANGE, RANGE));
        try (Dataset train = Seq2Seq.dataset(learn.questions(), learn.answers());
                Dataset validation = Seq2Seq.dataset(choose.questions(), choose.answers());
                Model<Seq2Seq> model = Model.of(net, run.seed())) {
            var trainer = Trainer.custom(model, new Adam(recipe.rate), Seq2Seq::step)
                    .metrics(answerAccuracy(Sums.STOPPED.reserved().padding()));
            History history = fit(name, trainer, recipe, train, validation);
            if (history == null) {
                return null;
            }
            BeamSearch greedy = new BeamSearch(1, Sums.STOPPED.reserved().end(), Sums.ANSWER + 1);
            int[][] questions = test.questions();
            List<String> said = new ArrayList<>();
            for (int from = 0; from < questions.length; from += CHUNK) {
                int[][] some = Arrays.copyOfRange(questions, from, Math.min(questions.length, from + CHUNK));
                for (List<Hypothesis> beam : model.net().search(greedy, some)) {
                    said.add(Sums.stoppedText(beam.get(0).toArray()));
                }
            }
            return new Taught(name, recipe, model.parameterCount(), history, said, test.all());
        }
    }

    private @Nullable History fit(String name, Trainer<?> trainer, Recipe recipe, Dataset train, Dataset validation) {
        run.out().println("== " + name + ": " + recipe.words());
        trainer.schedule(recipe.schedule()).seed(run.seed());
        run.training()
                .attach(
                        trainer,
                        run.folder().resolve(name.replaceAll("\\W+", "-").toLowerCase(Locale.ROOT)),
                        "sums");
        History history = trainer.fit(
                train.shuffled(run.seed()).batches(Math.min(recipe.batch, train.size())), validation, recipe.epochs);
        return history.epochs().size() < recipe.epochs ? null : history;
    }

    /** The share of characters that are right, which Keras calls accuracy. */
    private static Metric characterAccuracy() {
        return Metric.higherIsBetter(
                "accuracy", (logits, truth) -> logits.correct(truth).item() / truth.dim(1));
    }

    /**
     * The share of answers that are right as a whole. A net that reads the true characters before the one that it says has all of them right just where it
     * would have written the same answer alone.
     *
     * @param padding a token that does not count, or -1
     */
    private static Metric answerAccuracy(int padding) {
        return Metric.higherIsBetter("answer_accuracy", (logits, truth) -> right(logits.argmax(2), truth, padding));
    }

    private static int right(Tensor said, Tensor truth, int padding) {
        int[] a = said.toIntArray();
        int[] b = truth.toIntArray();
        int width = truth.dim(1);
        int rows = 0;
        for (int i = 0; i < b.length; i += width) {
            int k = i;
            while (k < i + width && (a[k] == b[k] || b[k] == padding)) {
                k++;
            }
            rows += k == i + width ? 1 : 0;
        }
        return rows;
    }
}

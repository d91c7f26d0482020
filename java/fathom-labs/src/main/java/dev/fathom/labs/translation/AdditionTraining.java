package dev.fathom.labs.translation;

import dev.fathom.data.Batches;
import dev.fathom.data.Dataset;
import dev.fathom.decode.BeamSearch;
import dev.fathom.decode.Hypothesis;
import dev.fathom.labs.experiments.LabRun;
import dev.fathom.nn.Init;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.optim.Adam;
import dev.fathom.optim.Schedule;
import dev.fathom.tensor.Pass;
import dev.fathom.train.Metric;
import dev.fathom.train.Run;
import dev.fathom.train.Trainer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Trains networks to add.
 *
 * @param validation sums for the accuracy after each epoch
 * @param test sums for the accuracy of the trained networks
 */
record AdditionTraining(LabRun run, Additions training, Additions validation, Additions test) {
    static final int HIDDEN = 128;
    private static final int CHUNK = 500;
    /**
     * The weights of the network with attention start in +-RANGE, which is 1 / sqrt(hidden) as for PyTorch's recurrent
     * layers.
     */
    private static final float RANGE = 0.088f;

    /**
     * How a network is trained: by Adam.
     *
     * @param cosine whether the learning rate falls to 0 on a cosine; otherwise it is constant
     */
    record Recipe(int epochs, int batch, float rate, boolean cosine) {
        String text() {
            return "batches of " + batch + ", Adam " + rate + (cosine ? ", cosine to 0" : "");
        }

        private Schedule schedule() {
            return cosine ? Schedule.cosine(epochs) : Schedule.constant();
        }
    }

    /**
     * A trained network.
     *
     * @param parameters the number of its parameters
     * @param answers what it answers to the sums of {@code test}
     */
    record Trained(
            String name, Recipe recipe, long parameters, Run history, List<String> answers, List<Additions.Sum> test) {
        /** The share of the test's characters that are right; the blanks after an answer count. */
        double characterAccuracy() {
            long right = 0;
            for (int i = 0; i < answers.size(); i++) {
                String truth = padded(test.get(i).answer());
                String answer = padded(answers.get(i));
                for (int k = 0; k < Additions.ANSWER; k++) {
                    right += truth.charAt(k) == answer.charAt(k) ? 1 : 0;
                }
            }
            return (double) right / answers.size() / Additions.ANSWER;
        }

        private static String padded(String answer) {
            return (answer + " ".repeat(Additions.ANSWER)).substring(0, Additions.ANSWER);
        }

        /** Whether the answer to sum {@code i} of the test is right. */
        boolean right(int i) {
            return answers.get(i).equals(test.get(i).answer());
        }

        /** The share of the test's answers that are right as a whole. */
        double answerAccuracy() {
            return (double) IntStream.range(0, answers.size())
                            .filter(this::right)
                            .count()
                    / answers.size();
        }
    }

    /** Trains Keras's network; null if the run was interrupted before the last epoch. */
    @Nullable
    Trained keras(String name, boolean reversed, Recipe recipe) {
        try (Dataset train = training.padded(reversed);
                Dataset heldOut = validation.padded(reversed);
                Dataset questions = test.padded(reversed);
                Model<AdditionNet> model = Model.of(new AdditionNet(HIDDEN), run.seed())) {
            var trainer = Trainer.of(model, Loss.crossEntropy(), new Adam(recipe.rate))
                    .metrics(characterAccuracy(), Writer.exact("answer_accuracy", -1));
            Run history = fit(name, trainer, recipe, train, heldOut);
            if (history == null) {
                return null;
            }
            List<String> answers = new ArrayList<>();
            Batches.Epoch batches =
                    questions.batches(Math.min(CHUNK, questions.size())).epoch(0);
            while (batches.hasNext()) {
                try (Pass pass = Pass.infer()) {
                    int[] best = model.net().apply(batches.next().x()).argmax(2).toIntArray();
                    for (int i = 0; i < best.length; i += Additions.ANSWER) {
                        answers.add(Additions.text(Arrays.copyOfRange(best, i, i + Additions.ANSWER)));
                    }
                }
            }
            return new Trained(name, recipe, model.parameterCount(), history, answers, test.all());
        }
    }

    /** Trains the network with a stop symbol and attention; null if the run was interrupted before the last epoch. */
    @Nullable
    Trained attention(String name, Recipe recipe) {
        int tokens = Additions.STOPPED.size();
        Seq2Seq net = Seq2Seq.of(
                new Seq2Seq.Sizes(tokens, tokens, 32, HIDDEN, 1), true, Init.normal(0, 1), Init.uniform(-RANGE, RANGE));
        try (Dataset train = Seq2Seq.dataset(training.questions(), training.answers());
                Dataset heldOut = Seq2Seq.dataset(validation.questions(), validation.answers());
                Model<Seq2Seq> model = Model.of(net, run.seed())) {
            var trainer = Trainer.custom(model, new Adam(recipe.rate), Seq2Seq::step)
                    .metrics(Writer.exact(
                            "answer_accuracy", Additions.STOPPED.reserved().padding()));
            Run history = fit(name, trainer, recipe, train, heldOut);
            if (history == null) {
                return null;
            }
            BeamSearch greedy = new BeamSearch(1, Additions.STOPPED.reserved().end(), Additions.ANSWER + 1);
            int[][] questions = test.questions();
            List<String> answers = new ArrayList<>();
            for (int from = 0; from < questions.length; from += CHUNK) {
                int[][] chunk = Arrays.copyOfRange(questions, from, Math.min(questions.length, from + CHUNK));
                for (List<Hypothesis> beam : model.net().search(greedy, chunk)) {
                    answers.add(Additions.stoppedText(beam.get(0).toArray()));
                }
            }
            return new Trained(name, recipe, model.parameterCount(), history, answers, test.all());
        }
    }

    private @Nullable Run fit(String name, Trainer<?> trainer, Recipe recipe, Dataset train, Dataset heldOut) {
        run.out().println("== " + name + ": " + recipe.text());
        trainer = trainer.schedule(recipe.schedule()).seed(run.seed());
        trainer = run.training()
                .attach(
                        trainer,
                        run.folder().resolve(name.replaceAll("\\W+", "-").toLowerCase(Locale.ROOT)),
                        "sums");
        Run history = trainer.fit(
                train.shuffled(run.seed()).batches(Math.min(recipe.batch, train.size())), heldOut, recipe.epochs);
        return history.epochs().size() < recipe.epochs ? null : history;
    }

    /** The share of characters that are right, which Keras calls accuracy. */
    private static Metric characterAccuracy() {
        return Metric.higherIsBetter(
                "accuracy",
                (logits, truth) -> new Metric.Sum(logits.correct(truth).item(), truth.size()));
    }
}

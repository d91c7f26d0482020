package dev.fathom.labs.translation;

import dev.fathom.data.Dataset;
import dev.fathom.decode.BeamSearch;
import dev.fathom.decode.Seq2Seq;
import dev.fathom.decode.Writer;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.Additions;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.nn.Init;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.optim.Adam;
import dev.fathom.optim.Schedule;
import dev.fathom.text.Reserved;
import dev.fathom.train.Metric;
import dev.fathom.train.Run;
import dev.fathom.train.Trainer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/** Trains networks on additions and lets them answer the questions of the test. */
record AdditionTraining(Lab lab, Additions training, Additions validation, Additions test) {
    static final int HIDDEN = 128;
    /** The network with attention starts in +-1 / sqrt(hidden), as PyTorch's recurrent layers do. */
    private static final float RANGE = 0.088f;

    private static final int CHUNK = 500;
    private static final String ANSWERS = "answer_accuracy";

    /** The share of characters that are right, which Keras calls accuracy. */
    private static final Metric CHARACTERS = Metric.accuracy();

    /**
     * How a network is trained by Adam.
     *
     * @param cosine whether the learning rate falls to 0 on a cosine; otherwise it is constant
     */
    record Recipe(int epochs, int batch, float rate, boolean cosine) {
        String text() {
            return "batches of " + batch + ", Adam " + rate + (cosine ? ", cosine to 0" : "");
        }
    }

    /**
     * A trained network.
     *
     * @param sums of the test
     * @param answers to these
     */
    record Trained(long parameters, Run history, List<Additions.Sum> sums, List<String> answers) {
        boolean wrong(int i) {
            return !answers.get(i).equals(sums.get(i).answer());
        }

        double right() {
            return answerAccuracy(answers, sums);
        }

        double characters() {
            return characterAccuracy(answers, sums);
        }
    }

    /** Trains Keras's network. */
    Trained keras(String name, boolean reversed, Recipe recipe) {
        try (Dataset train = training.padded(reversed);
                Dataset heldOut = validation.padded(reversed);
                Dataset questions = test.padded(reversed);
                Model<AdditionNet> model = Model.of(new AdditionNet(HIDDEN), lab.seed())) {
            var trainer = Trainer.of(model, Loss.crossEntropy(), new Adam(recipe.rate))
                    .metrics(CHARACTERS, Writer.exact(ANSWERS, -1));
            Run history = fit(name, trainer, recipe, train, heldOut);
            List<String> answers = new ArrayList<>();
            questions.forEach(batch -> {
                int[] best = model.net().apply(batch.x()).argmax(2).toIntArray();
                for (int i = 0; i < best.length; i += Additions.ANSWER) {
                    answers.add(Additions.text(Arrays.copyOfRange(best, i, i + Additions.ANSWER)));
                }
            });
            return new Trained(model.parameterCount(), history, test.all(), answers);
        }
    }

    /** Trains the network with a stop symbol and attention. */
    Trained attention(String name, Recipe recipe) {
        int tokens = Additions.STOPPED.size();
        Seq2Seq.Sizes sizes = new Seq2Seq.Sizes(tokens, tokens, 32, HIDDEN, 1);
        Seq2Seq net = Seq2Seq.of(sizes, true, Init.normal(0, 1), Init.uniform(-RANGE, RANGE));
        Reserved reserved = Additions.STOPPED.reserved();
        try (Dataset train = Seq2Seq.dataset(training.questions(), training.answers());
                Dataset heldOut = Seq2Seq.dataset(validation.questions(), validation.answers());
                Model<Seq2Seq> model = Model.of(net, lab.seed())) {
            var trainer = Trainer.custom(model, new Adam(recipe.rate), Seq2Seq::step)
                    .metrics(Writer.exact(ANSWERS, reserved.padding()));
            Run history = fit(name, trainer, recipe, train, heldOut);
            BeamSearch greedy = new BeamSearch(1, reserved.end(), Additions.ANSWER + 1);
            int[][] questions = test.questions();
            List<String> answers = new ArrayList<>();
            for (int from = 0; from < questions.length; from += CHUNK) {
                int[][] chunk = Arrays.copyOfRange(questions, from, Math.min(questions.length, from + CHUNK));
                net.search(greedy, chunk)
                        .forEach(beam ->
                                answers.add(Additions.stoppedText(beam.get(0).toArray())));
            }
            return new Trained(model.parameterCount(), history, test.all(), answers);
        }
    }

    private <N extends Net> Run fit(String name, Trainer<N> trainer, Recipe recipe, Dataset train, Dataset heldOut) {
        Schedule schedule = recipe.cosine ? Schedule.cosine(recipe.epochs) : Schedule.constant();
        int batch = Math.min(recipe.batch, train.size());
        return lab.train(name, "sums", trainer.schedule(schedule), train, batch, heldOut, recipe.epochs);
    }

    /** The share of characters that are right; the blanks after an answer count. */
    static double characterAccuracy(List<String> answers, List<Additions.Sum> sums) {
        long right = 0;
        for (int i = 0; i < answers.size(); i++) {
            String truth = padded(sums.get(i).answer());
            String answer = padded(answers.get(i));
            right += IntStream.range(0, Additions.ANSWER)
                    .filter(k -> truth.charAt(k) == answer.charAt(k))
                    .count();
        }
        return (double) right / answers.size() / Additions.ANSWER;
    }

    private static String padded(String answer) {
        return (answer + " ".repeat(Additions.ANSWER)).substring(0, Additions.ANSWER);
    }

    /** The share of answers that are right as a whole. */
    static double answerAccuracy(List<String> answers, List<Additions.Sum> sums) {
        return Averages.share(
                answers.size(), i -> answers.get(i).equals(sums.get(i).answer()));
    }
}

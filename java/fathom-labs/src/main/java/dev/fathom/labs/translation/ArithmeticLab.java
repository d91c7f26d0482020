package dev.fathom.labs.translation;

import static dev.fathom.experiments.pages.Findings.line;

import dev.fathom.data.Dataset;
import dev.fathom.decode.BeamSearch;
import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.pages.Figure;
import dev.fathom.experiments.pages.Table;
import dev.fathom.nn.Init;
import dev.fathom.nn.Input;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.optim.Adam;
import dev.fathom.optim.Schedule;
import dev.fathom.train.Metric;
import dev.fathom.train.Run;
import dev.fathom.train.Trainer;
import dev.fathom.view.Diagram;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.IntStream;

/**
 * Addition as a translation from questions to answers, character by character, after Keras's example addition_rnn: with
 * reversed questions, with questions in order, and by a network that reads its own answer, attends to the question and
 * stops by itself.
 */
public final class ArithmeticLab implements Experiment {
    static final int HIDDEN = 128;
    private static final String SOURCE = "Keras, addition_rnn";
    /** The accuracy on validation data after each of the first epochs, as the page of the example prints it. */
    private static final double[] PUBLISHED = {.4116, .5708, .6534, .7011, .7436};

    private static final String ANSWERS = "val_answer_accuracy";
    private static final double LEVEL = .99;
    private static final int SHOWN = 6;
    private static final int CHUNK = 500;
    /** The network with attention starts in +-1 / sqrt(hidden), as PyTorch's recurrent layers do. */
    private static final float RANGE = 0.088f;

    /** The share of characters that are right, which Keras calls accuracy. */
    private static final Metric CHARACTERS = Metric.higherIsBetter(
            "accuracy", (logits, truth) -> new Metric.Sum(logits.correct(truth).item(), truth.size()));

    private record Sums(Additions training, Additions validation, Additions test) {}

    /**
     * How a network is trained by Adam.
     *
     * @param cosine whether the learning rate falls to 0 on a cosine; otherwise it is constant
     */
    private record Recipe(int epochs, int batch, float rate, boolean cosine) {
        String text() {
            return "batches of " + batch + ", Adam " + rate + (cosine ? ", cosine to 0" : "");
        }
    }

    private record Trained(long parameters, Run history, List<String> answers) {}

    @Override
    public Optional<Diagram> net() {
        return Experiment.drawn("Two LSTMs", new AdditionNet(HIDDEN), Input.ints(1, Additions.QUESTION));
    }

    @Override
    public void run(Lab lab) {
        int count = lab.of(45_000, 4000);
        int held = lab.of(5000, 500);
        Additions all = Additions.draw(count + 2 * held, lab.seed());
        Sums sums =
                new Sums(all.take(0, count), all.take(count, count + held), all.take(count + held, count + 2 * held));
        List<Additions.Sum> test = sums.test.all();
        lab.put("learn", count).put("held", held);

        Recipe published = new Recipe(lab.epochs(PUBLISHED.length, 1), 32, 1e-3f, false);
        Trained keras = keras(lab, "Keras's settings", true, published, sums);
        lab.section("The first epochs").put("settings", published.text());
        lab.figure("Parameters of Keras's network", "", (double) keras.parameters);
        Table first = lab.table("first", "epoch").named("Keras's settings, character accuracy after epoch {row}");
        double[][] measured = keras.history.curve("val_accuracy");
        for (int e = 0; e < Math.min(measured[1].length, PUBLISHED.length); e++) {
            first.row(Integer.toString(e + 1))
                    .put("measured", "%.4f", measured[1][e])
                    .cell("published", line("%.4f", PUBLISHED[e]));
        }
        double[] epochs =
                IntStream.rangeClosed(1, PUBLISHED.length).asDoubleStream().toArray();
        lab.curves("keras.png", "accuracy", "epoch", new TreeMap<>(Map.of("measured", measured, SOURCE, new double[][] {
            epochs, PUBLISHED
        })));

        lab.section("Longer training");
        Recipe longer = new Recipe(lab.epochs(30, 3), lab.of(128, 32), 4e-3f, true);
        Map<String, Trained> trained = new LinkedHashMap<>();
        Map<String, double[][]> curves = new LinkedHashMap<>();
        Table table = lab.table("networks", "network");
        for (String name : List.of("Reversed", "In order", "Attention")) {
            Trained t = name.equals("Attention")
                    ? attention(lab, name, longer, sums)
                    : keras(lab, name, name.equals("Reversed"), longer, sums);
            trained.put(name, t);
            curves.put(name, t.history.curve(ANSWERS));
            int reached = epochs(t.history.series(ANSWERS));
            table.row(name)
                    .cell("parameters", t.parameters)
                    .cell("settings", longer.text())
                    .cell("epochs", longer.epochs)
                    .cell("seconds", Math.round(t.history.seconds()))
                    .cell("epochs to 99 % of answers", reached <= longer.epochs ? reached : "not reached")
                    .put("character accuracy on the test", "%.2f %%", 100 * characterAccuracy(t.answers, test))
                    .put("answer accuracy on the test", "%.2f %%", 100 * answerAccuracy(t.answers, test))
                    .baseline(
                            100 * answerAccuracy(keras.answers, test),
                            "Keras's settings, " + published.epochs + " epochs");
        }
        List<Trained> networks = List.copyOf(trained.values());
        Run backward = networks.get(0).history;
        double[] reversed = backward.series(ANSWERS);
        double[] ordered = networks.get(1).history.series(ANSWERS);
        lab.put("conclusion", conclusion(reversed, ordered)).curves("answers.png", "answer accuracy", "epoch", curves);
        reversing(reversed, ordered).ifPresent(lab::figure);
        int characters = epochs(backward.series("val_accuracy"));
        if (characters <= longer.epochs) {
            lab.figure("Reversed, epochs to 99 % of characters", "", characters);
        }
        examples(lab, trained, test);
    }

    /** The number of epochs to a level of accuracy; one more than there are if it is never reached. */
    private static int epochs(double... accuracy) {
        return 1
                + IntStream.range(0, accuracy.length)
                        .filter(e -> accuracy[e] >= LEVEL)
                        .findFirst()
                        .orElse(accuracy.length);
    }

    /** What reversing changes, from the answer accuracies after each epoch, where reversed questions are learned. */
    static Optional<Figure> reversing(double[] reversed, double[] ordered) {
        return Optional.of(epochs(reversed))
                .filter(epochs -> epochs <= reversed.length)
                .map(epochs -> Figure.of("Reversed, epochs to 99 % of whole answers", "", epochs)
                        .baseline(epochs(ordered), "questions in order"));
    }

    /** What reversing the questions changes, in a sentence. */
    static String conclusion(double[] reversed, double[] ordered) {
        int with = epochs(reversed);
        int without = epochs(ordered);
        int epochs = reversed.length;
        if (Math.min(with, without) > epochs) {
            return "Neither reversed questions nor questions in order reach 99 % of whole answers in " + epochs
                    + " epochs.";
        }
        String effect = with < without
                ? "reversing speeds up the training"
                : with > without ? "reversing slows down the training" : "reversing makes no difference";
        return "99 % of whole answers are reached " + after(with, epochs) + " with reversed questions and "
                + after(without, epochs) + " with questions in order: " + effect + ".";
    }

    private static String after(int reached, int epochs) {
        return reached > epochs ? "not in " + epochs + " epochs" : "after " + reached + " epochs";
    }

    private static Trained keras(Lab lab, String name, boolean reversed, Recipe recipe, Sums sums) {
        try (Dataset train = sums.training.padded(reversed);
                Dataset heldOut = sums.validation.padded(reversed);
                Dataset questions = sums.test.padded(reversed);
                Model<AdditionNet> model = Model.of(new AdditionNet(HIDDEN), lab.seed())) {
            var trainer = Trainer.of(model, Loss.crossEntropy(), new Adam(recipe.rate))
                    .metrics(CHARACTERS, Writer.exact("answer_accuracy", -1));
            Run history = fit(lab, name, trainer, recipe, train, heldOut);
            List<String> answers = new ArrayList<>();
            questions.forEach(batch -> {
                int[] best = model.net().apply(batch.x()).argmax(2).toIntArray();
                for (int i = 0; i < best.length; i += Additions.ANSWER) {
                    answers.add(Additions.text(Arrays.copyOfRange(best, i, i + Additions.ANSWER)));
                }
            });
            return new Trained(model.parameterCount(), history, answers);
        }
    }

    /** Trains the network with a stop symbol and attention. */
    private static Trained attention(Lab lab, String name, Recipe recipe, Sums sums) {
        int tokens = Additions.STOPPED.size();
        Seq2Seq net = Seq2Seq.of(
                new Seq2Seq.Sizes(tokens, tokens, 32, HIDDEN, 1), true, Init.normal(0, 1), Init.uniform(-RANGE, RANGE));
        try (Dataset train = Seq2Seq.dataset(sums.training.questions(), sums.training.answers());
                Dataset heldOut = Seq2Seq.dataset(sums.validation.questions(), sums.validation.answers());
                Model<Seq2Seq> model = Model.of(net, lab.seed())) {
            var trainer = Trainer.custom(model, new Adam(recipe.rate), Seq2Seq::step)
                    .metrics(Writer.exact(
                            "answer_accuracy", Additions.STOPPED.reserved().padding()));
            Run history = fit(lab, name, trainer, recipe, train, heldOut);
            BeamSearch greedy = new BeamSearch(1, Additions.STOPPED.reserved().end(), Additions.ANSWER + 1);
            int[][] questions = sums.test.questions();
            List<String> answers = new ArrayList<>();
            for (int from = 0; from < questions.length; from += CHUNK) {
                int[][] chunk = Arrays.copyOfRange(questions, from, Math.min(questions.length, from + CHUNK));
                net.search(greedy, chunk)
                        .forEach(beam ->
                                answers.add(Additions.stoppedText(beam.get(0).toArray())));
            }
            return new Trained(model.parameterCount(), history, answers);
        }
    }

    private static <N extends Net> Run fit(
            Lab lab, String name, Trainer<N> trainer, Recipe recipe, Dataset train, Dataset heldOut) {
        Schedule schedule = recipe.cosine ? Schedule.cosine(recipe.epochs) : Schedule.constant();
        var batches = train.shuffled(lab.seed()).batches(Math.min(recipe.batch, train.size()));
        return lab.train(name, "sums", trainer.schedule(schedule).seed(lab.seed()), batches, heldOut, recipe.epochs);
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
        return (double) IntStream.range(0, answers.size())
                        .filter(i -> answers.get(i).equals(sums.get(i).answer()))
                        .count()
                / answers.size();
    }

    /** The first sums of the test, and the first that some network did not answer right. */
    private static void examples(Lab lab, Map<String, Trained> trained, List<Additions.Sum> test) {
        lab.section("The first sums of the test");
        rows(lab.table("sums", "question"), trained, test, IntStream.range(0, Math.min(SHOWN, test.size())));
        int[] wrong = IntStream.range(0, test.size())
                .filter(i -> trained.values().stream()
                        .anyMatch(t -> !t.answers.get(i).equals(test.get(i).answer())))
                .limit(SHOWN)
                .toArray();
        if (wrong.length > 0) {
            lab.section("Wrong answers");
            rows(lab.table("wrong", "question"), trained, test, Arrays.stream(wrong));
        }
    }

    private static void rows(Table table, Map<String, Trained> trained, List<Additions.Sum> test, IntStream sums) {
        sums.forEach(i -> {
            Additions.Sum sum = test.get(i);
            Table.Row row = table.row(sum.question()).cell("sum", sum.answer());
            trained.forEach((name, t) -> {
                String answer = t.answers.get(i);
                row.cell(name, answer + (answer.equals(sum.answer()) ? "" : " (wrong)"));
            });
        });
    }
}

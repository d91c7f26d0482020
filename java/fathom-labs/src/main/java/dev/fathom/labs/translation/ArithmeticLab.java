package dev.fathom.labs.translation;

import static dev.fathom.experiments.pages.Findings.line;

import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.Additions;
import dev.fathom.experiments.data.Additions.Sum;
import dev.fathom.experiments.pages.Figure;
import dev.fathom.experiments.pages.Table;
import dev.fathom.labs.translation.AdditionTraining.Recipe;
import dev.fathom.labs.translation.AdditionTraining.Trained;
import dev.fathom.nn.Input;
import dev.fathom.view.Diagram;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/**
 * Addition as a translation from questions to answers, character by character, after Keras's example addition_rnn: with
 * reversed questions, with questions in order, and by a network that reads its own answer, attends to the question and
 * stops by itself.
 */
public final class ArithmeticLab implements Experiment {
    private static final String ANSWERS = "val_answer_accuracy";
    private static final int SHOWN = 6;
    /** The accuracy on validation data after each of the first epochs, as the page of the example prints it. */
    private static final double[] PUBLISHED = {.4116, .5708, .6534, .7011, .7436};

    @Override
    public Optional<Diagram> net() {
        return Experiment.drawn(
                "Two LSTMs", new AdditionNet(AdditionTraining.HIDDEN), Input.ints(1, Additions.QUESTION));
    }

    @Override
    public void run(Lab lab) {
        int count = lab.of(45_000, 4000);
        int held = lab.of(5000, 500);
        Additions all = Additions.draw(count + 2 * held, lab.seed());
        Additions test = all.take(count + held, count + 2 * held);
        var training = new AdditionTraining(lab, all.take(0, count), all.take(count, count + held), test);
        lab.put("learn", count).put("held", held);

        Recipe published = new Recipe(lab.epochs(PUBLISHED.length, 1), 32, 1e-3f, false);
        Trained keras = training.keras("Keras's settings", true, published);
        lab.section("The first epochs").put("settings", published.text());
        lab.figure("Parameters of Keras's network", "", (double) keras.parameters());
        Table first = lab.table("first", "epoch").named("Keras's settings, character accuracy after epoch {row}");
        double[][] measured = keras.history().curve("val_accuracy");
        for (int e = 0; e < Math.min(measured[1].length, PUBLISHED.length); e++) {
            first.row("" + (e + 1)).put("measured", "%.4f", measured[1][e]).cell("published", "%.4f", PUBLISHED[e]);
        }
        double[][] source = {{1, 2, 3, 4, 5}, PUBLISHED};
        var both = new TreeMap<>(Map.of("measured", measured, "Keras, addition_rnn", source));
        lab.curves("keras.png", "accuracy", "epoch", both);

        lab.section("Longer training");
        Recipe longer = new Recipe(lab.epochs(30, 3), lab.of(128, 32), 4e-3f, true);
        Trained backward = training.keras("Reversed", true, longer);
        Trained forward = training.keras("In order", false, longer);
        Map<String, Trained> trained = new LinkedHashMap<>();
        trained.put("Reversed", backward);
        trained.put("In order", forward);
        trained.put("Attention", training.attention("Attention", longer));
        Map<String, double[][]> curves = new LinkedHashMap<>();
        Table table = lab.table("networks", "network");
        trained.forEach((name, t) -> {
            curves.put(name, t.history().curve(ANSWERS));
            int reached = epochs(t.history().series(ANSWERS));
            table.row(name)
                    .cell("parameters", t.parameters())
                    .cell("settings", longer.text())
                    .cell("epochs", longer.epochs())
                    .cell("seconds", Math.round(t.history().seconds()))
                    .cell("epochs to 99 % of answers", reached <= longer.epochs() ? reached : "not reached")
                    .put("character accuracy on the test", "%.2f %%", 100 * t.characters())
                    .put("answer accuracy on the test", "%.2f %%", 100 * t.right())
                    .baseline(100 * keras.right(), "Keras's settings, " + published.epochs() + " epochs");
        });
        double[] reversed = backward.history().series(ANSWERS);
        double[] ordered = forward.history().series(ANSWERS);
        lab.put("conclusion", conclusion(reversed, ordered)).curves("answers.png", "answer accuracy", "epoch", curves);
        reversing(reversed, ordered).ifPresent(lab::figure);
        int characters = epochs(backward.history().series("val_accuracy"));
        if (characters <= longer.epochs()) {
            lab.figure("Reversed, epochs to 99 % of characters", "", characters);
        }
        examples(lab, trained, test.all());
    }

    /** The number of epochs to an accuracy of 99 %; one more than there are if it is never reached. */
    private static int epochs(double... accuracy) {
        return 1 + (int) Arrays.stream(accuracy).takeWhile(a -> !(a >= .99)).count();
    }

    /** What reversing changes, from the answer accuracies after each epoch, where reversed questions are learned. */
    static Optional<Figure> reversing(double[] reversed, double[] ordered) {
        int epochs = epochs(reversed);
        Figure figure = Figure.of("Reversed, epochs to 99 % of whole answers", "", epochs);
        return Optional.of(figure.baseline(epochs(ordered), "questions in order"))
                .filter(f -> epochs <= reversed.length);
    }

    /** What reversing the questions changes, in a sentence. */
    static String conclusion(double[] reversed, double[] ordered) {
        int with = epochs(reversed);
        int without = epochs(ordered);
        int epochs = reversed.length;
        if (Math.min(with, without) > epochs) {
            return line(
                    "Neither reversed questions nor questions in order reach 99 %% of whole answers in %d epochs.",
                    epochs);
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

    /** The first sums of the test, and the first that some network did not answer right. */
    private static void examples(Lab lab, Map<String, Trained> trained, List<Sum> test) {
        lab.section("The first sums of the test");
        rows(lab.table("sums", "question"), trained, test, IntStream.range(0, Math.min(SHOWN, test.size())));
        IntPredicate wrong = i -> trained.values().stream().anyMatch(t -> t.wrong(i));
        if (IntStream.range(0, test.size()).anyMatch(wrong)) {
            lab.section("Wrong answers");
            IntStream shown = IntStream.range(0, test.size()).filter(wrong).limit(SHOWN);
            rows(lab.table("wrong", "question"), trained, test, shown);
        }
    }

    private static void rows(Table table, Map<String, Trained> trained, List<Sum> test, IntStream sums) {
        sums.forEach(i -> {
            Sum sum = test.get(i);
            Table.Row row = table.row(sum.question()).cell("sum", sum.answer());
            trained.forEach((name, t) -> row.cell(name, t.answers().get(i) + (t.wrong(i) ? " (wrong)" : "")));
        });
    }
}

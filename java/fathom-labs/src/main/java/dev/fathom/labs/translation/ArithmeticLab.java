package dev.fathom.labs.translation;

import static dev.fathom.labs.pages.Findings.line;

import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.experiments.OldExperiment;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Findings;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Addition as a translation from questions to answers, character by character, after Keras's example addition_rnn: with
 * reversed questions, with questions in order, and by a network that reads its own answer, attends to the question and
 * stops by itself.
 */
public final class ArithmeticLab implements OldExperiment {
    private static final String SOURCE = "Keras, addition_rnn";
    /** The accuracy on validation data after each of the first epochs, as the page of the example prints it. */
    private static final double[] PUBLISHED = {.4116, .5708, .6534, .7011, .7436};

    private static final String KERAS = "Keras's settings";
    private static final String REVERSED = "Reversed";
    private static final String ORDERED = "In order";
    private static final String ATTENTION = "Attention";
    private static final String ANSWERS = "val_answer_accuracy";
    private static final double LEVEL = .99;
    private static final int SHOWN = 6;

    @Override
    public String name() {
        return "arithmetic";
    }

    @Override
    public Findings run(LabRun run) {
        int count = run.of(45_000, 4000);
        int held = run.of(5000, 500);
        Additions all = Additions.draw(count + 2 * held, run.seed());
        AdditionTraining training = new AdditionTraining(
                run, all.take(0, count), all.take(count, count + held), all.take(count + held, count + 2 * held));
        String data = line(
                "Additions of two numbers of up to 3 digits: %,d for training, %,d for validation and %,d for the test",
                count, held, held);
        run.out().println(data);
        Findings page = run.page("Lab arithmetic", data);
        var published = new AdditionTraining.Recipe(run.epochs(PUBLISHED.length, 1), 32, 1e-3f, false);
        var longer = new AdditionTraining.Recipe(run.epochs(30, 3), run.of(128, 32), 4e-3f, true);
        List<Supplier<AdditionTraining.@Nullable Trained>> networks = List.of(
                () -> training.keras(KERAS, true, published),
                () -> training.keras(REVERSED, true, longer),
                () -> training.keras(ORDERED, false, longer),
                () -> training.attention(ATTENTION, longer));
        Map<String, AdditionTraining.Trained> trained = new LinkedHashMap<>();
        for (var network : networks) {
            var one = run.interrupt().requested() ? null : network.get();
            if (one == null) {
                break;
            }
            trained.put(one.name(), one);
        }
        report(page, trained);
        return trained.size() == networks.size() ? page.finished() : page;
    }

    /** Shows the networks that are trained, which are the first ones if the run was interrupted. */
    private static void report(Findings page, Map<String, AdditionTraining.Trained> trained) {
        AdditionTraining.Trained keras = trained.get(KERAS);
        if (keras == null) {
            return;
        }
        firstEpochs(page, keras);
        List<AdditionTraining.Trained> longer = new ArrayList<>(trained.values());
        longer.remove(keras);
        if (longer.isEmpty()) {
            return;
        }
        comparison(page, longer);
        AdditionTraining.Trained reversed = trained.get(REVERSED);
        AdditionTraining.Trained ordered = trained.get(ORDERED);
        if (reversed != null && ordered != null) {
            reversing(
                    page, reversed.history().series(ANSWERS), ordered.history().series(ANSWERS));
        }
        figures(page, keras, longer);
        examples(page, longer);
    }

    /** Keras's own settings beside what its page prints. */
    private static void firstEpochs(Findings page, AdditionTraining.Trained keras) {
        double[] measured = keras.history().series("val_accuracy");
        List<List<String>> rows = new ArrayList<>();
        Map<String, double[][]> curves = new LinkedHashMap<>();
        curves.put("measured", keras.history().curve("val_accuracy"));
        double[] epochs =
                IntStream.rangeClosed(1, PUBLISHED.length).asDoubleStream().toArray();
        curves.put(SOURCE, new double[][] {epochs, PUBLISHED});
        for (int e = 0; e < Math.min(measured.length, PUBLISHED.length); e++) {
            rows.add(List.of(Integer.toString(e + 1), line("%.4f", measured[e]), line("%.4f", PUBLISHED[e])));
            page.figure(Figure.of("Keras's settings, character accuracy after epoch " + (e + 1), "", measured[e]));
        }
        page.section(
                        "The first epochs",
                        line(
                                "Keras's network of %,d parameters with Keras's settings (%s, questions "
                                        + "reversed): the accuracy of a character on the "
                                        + "validation sums, where the blanks after an answer count. The initial "
                                        + "weights differ from Keras's: "
                                        + "all are uniform here, and Keras's recurrent weights are orthogonal.",
                                keras.parameters(), keras.recipe().text()))
                .table(List.of("epoch", "measured", "published"), rows)
                .series("keras.png", "Character accuracy over the first epochs", "accuracy", "epoch", curves)
                .figure(Figure.of("Parameters of Keras's network", "", (double) keras.parameters()));
    }

    private static void comparison(Findings page, List<AdditionTraining.Trained> trained) {
        List<List<String>> rows = new ArrayList<>();
        Map<String, double[][]> curves = new LinkedHashMap<>();
        for (AdditionTraining.Trained t : trained) {
            rows.add(List.of(
                    t.name(),
                    line("%,d", t.parameters()),
                    t.recipe().text(),
                    Integer.toString(t.history().epochs().size()),
                    line("%.0f", t.history().seconds()),
                    text(epochs(t.history().series(ANSWERS)), t.history().series(ANSWERS)),
                    line("%.2f %%", 100 * t.characterAccuracy()),
                    line("%.2f %%", 100 * t.answerAccuracy())));
            curves.put(t.name(), t.history().curve(ANSWERS));
        }
        page.section(
                        "Longer training",
                        "Larger batches and a learning rate that falls to 0 on a cosine converge faster than "
                                + "Keras's settings. All networks of this "
                                + "section have the same budget. \"Reversed\" and \"In order\" are Keras's "
                                + "network, which reads the question from its end "
                                + "or from its beginning. \"Attention\" is a decoder that starts with the "
                                + "encoder's final state, reads its own answer, "
                                + "attends to all characters of the question (Bahdanau et al. 2015) and decides "
                                + "when the answer ends; its questions are in "
                                + "order, and in training it reads the true answer. On the test every network "
                                + "writes its answers alone.")
                .table(
                        List.of(
                                "network",
                                "parameters",
                                "settings",
                                "epochs",
                                "seconds",
                                "epochs to 99 % of answers",
                                "character accuracy",
                                "answer accuracy"),
                        rows)
                .series(
                        "answers.png",
                        "The share of whole answers that are right after each epoch",
                        "answer accuracy",
                        "epoch",
                        curves);
    }

    private static String text(int epochs, double... accuracy) {
        return epochs <= accuracy.length ? Integer.toString(epochs) : "not reached";
    }

    /**
     * The number of epochs until {@code accuracy} is first at least {@value #LEVEL}; one more than there are if it
     * never is.
     */
    private static int epochs(double... accuracy) {
        return 1
                + IntStream.range(0, accuracy.length)
                        .filter(e -> accuracy[e] >= LEVEL)
                        .findFirst()
                        .orElse(accuracy.length);
    }

    /**
     * Adds what reversing the questions changes, from the answer accuracies after each epoch: reversed questions are
     * expected to need fewer epochs.
     */
    static void reversing(Findings page, double[] reversed, double[] ordered) {
        int with = epochs(reversed);
        int without = epochs(ordered);
        page.text(conclusion(with, without, reversed.length));
        if (with <= reversed.length) {
            page.key(Figure.of("Reversed, epochs to 99 % of whole answers", "", with)
                    .baseline(without, "questions in order"));
        }
    }

    private static String conclusion(int with, int without, int epochs) {
        if (Math.min(with, without) > epochs) {
            return line(
                    "Neither reversed questions nor questions in order reach 99 %% of whole answers in %d epochs.",
                    epochs);
        }
        String reversed = with > epochs ? line("not in %d epochs", epochs) : line("after %d epochs", with);
        String ordered = without > epochs ? line("not in %d epochs", epochs) : line("after %d epochs", without);
        String effect = with < without
                ? "reversing speeds up the training"
                : with > without ? "reversing slows down the training" : "reversing makes no difference";
        return line(
                "99 %% of whole answers are reached %s with reversed questions and %s with questions in order: %s.",
                reversed, ordered, effect);
    }

    private static void figures(Findings page, AdditionTraining.Trained keras, List<AdditionTraining.Trained> trained) {
        for (AdditionTraining.Trained t : trained) {
            page.figure(Figure.of(t.name() + ", answer accuracy on the test", "%", 100 * t.answerAccuracy())
                    .baseline(
                            100 * keras.answerAccuracy(),
                            "Keras's settings, " + keras.history().epochs().size() + " epochs"));
        }
        for (AdditionTraining.Trained t : trained) {
            page.key(Figure.of(t.name() + ", character accuracy on the test", "%", 100 * t.characterAccuracy()));
        }
        double[] reversed = trained.get(0).history().series("val_accuracy");
        if (epochs(reversed) <= reversed.length) {
            page.figure(Figure.of("Reversed, epochs to 99 % of characters", "", epochs(reversed)));
        }
    }

    /** The first sums of the test, and the first that some network did not answer right. */
    private static void examples(Findings page, List<AdditionTraining.Trained> trained) {
        List<Additions.Sum> test = trained.get(0).test();
        List<String> header = new ArrayList<>(List.of("question", "sum"));
        trained.forEach(t -> header.add(t.name()));
        int[] first = IntStream.range(0, Math.min(SHOWN, test.size())).toArray();
        int[] wrong = IntStream.range(0, test.size())
                .filter(i -> !trained.stream().allMatch(t -> t.right(i)))
                .limit(SHOWN)
                .toArray();
        page.section("The first sums of the test", "The answer of each network.")
                .table(header, rows(trained, first));
        if (wrong.length > 0) {
            page.section("Wrong answers", "The first sums of the test that at least one network does not answer right.")
                    .table(header, rows(trained, wrong));
        }
    }

    private static List<List<String>> rows(List<AdditionTraining.Trained> trained, int... sums) {
        List<List<String>> rows = new ArrayList<>();
        for (int i : sums) {
            Additions.Sum sum = trained.get(0).test().get(i);
            List<String> row = new ArrayList<>(List.of(sum.question(), sum.answer()));
            trained.forEach(t -> row.add(t.answers().get(i) + (t.right(i) ? "" : " (wrong)")));
            rows.add(row);
        }
        return rows;
    }
}

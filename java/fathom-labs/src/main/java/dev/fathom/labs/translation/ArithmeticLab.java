package dev.fathom.labs.translation;

import static dev.fathom.labs.pages.Result.line;

import dev.fathom.labs.experiments.Experiment;
import dev.fathom.labs.experiments.Run;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Result;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Addition as a translation from questions to answers, character by character, after Keras's example addition_rnn: with the question reversed and in its
 * order, and by a net that reads its own answer, looks back at the question and stops by itself.
 */
public final class ArithmeticLab implements Experiment {
    private static final String SOURCE = "Keras, addition_rnn";
    /** The accuracy on validation data after each of the first epochs, as the example's page prints it. */
    private static final double[] PUBLISHED = {.4116, .5708, .6534, .7011, .7436};

    private static final double LEVEL = .99;
    private static final int SHOWN = 6;

    @Override
    public String name() {
        return "arithmetic";
    }

    @Override
    public String shows() {
        return "two LSTMs learn to add numbers as texts: questions reversed and not, and with attention (Keras: 99 %)";
    }

    @Override
    public Result run(Run run) {
        int count = run.of(45_000, 4000);
        int held = run.of(5000, 500);
        Sums all = Sums.draw(count + 2 * held, run.seed());
        AdditionTraining lab = new AdditionTraining(
                run, all.take(0, count), all.take(count, count + held), all.take(count + held, count + 2 * held));
        String data = line(
                "Additions of two numbers of up to 3 digits: %,d to learn from, %,d to look at after each epoch, %,d for the test",
                count, held, held);
        run.out().println(data);
        Result page = new Result("Lab arithmetic", data, run.out());
        var published = new AdditionTraining.Recipe(run.epochs(PUBLISHED.length, 1), 32, 1e-3f, false);
        var quick = new AdditionTraining.Recipe(run.epochs(30, 3), run.of(128, 32), 4e-3f, true);
        List<AdditionTraining.Taught> taught = new ArrayList<>();
        List<Supplier<AdditionTraining.@Nullable Taught>> entries = List.of(
                () -> lab.adder("Keras's settings", true, published),
                () -> lab.adder("Reversed", true, quick),
                () -> lab.adder("In order", false, quick),
                () -> lab.attending("Attention", quick));
        for (var entry : entries) {
            var one = run.interrupt().requested() ? null : entry.get();
            if (one == null) {
                return page;
            }
            taught.add(one);
        }
        report(page, run, taught);
        return page.finished();
    }

    private static void report(Result page, Run run, List<AdditionTraining.Taught> taught) {
        AdditionTraining.Taught keras = taught.get(0);
        AdditionTraining.Taught reversed = taught.get(1);
        AdditionTraining.Taught ordered = taught.get(2);
        AdditionTraining.Taught attention = taught.get(3);
        firstEpochs(page, keras);
        quick(page, taught);
        page.text(conclusion(reversed, ordered));
        Figure whole = Figure.of("Reversed, characters right on the test", "%", 100 * reversed.characters())
                .published("99 % in about 100 epochs", SOURCE);
        page.key(run.whole() ? whole.atLeast(100 * LEVEL) : whole)
                .key(Figure.of("Reversed, whole answers right on the test", "%", 100 * reversed.answers()))
                .key(Figure.of("In order, whole answers right on the test", "%", 100 * ordered.answers()))
                .key(Figure.of("Attention, whole answers right on the test", "%", 100 * attention.answers()))
                .figure(Figure.of("In order, characters right on the test", "%", 100 * ordered.characters()))
                .figure(Figure.of("Attention, characters right on the test", "%", 100 * attention.characters()));
        reversed.firstEpoch("val_accuracy", LEVEL)
                .ifPresent(
                        epoch -> page.figure(Figure.of("Reversed, first epoch with 99 % of the characters", "", epoch)
                                .published("about 100", SOURCE + ", batches of 32")));
        examples(page, List.of(reversed, ordered, attention));
    }

    /** Keras's own settings beside what its page prints. */
    private static void firstEpochs(Result page, AdditionTraining.Taught keras) {
        double[] measured = keras.history().series("val_accuracy");
        int both = Math.min(measured.length, PUBLISHED.length);
        List<List<String>> rows = new ArrayList<>();
        Map<String, double[][]> curves = new LinkedHashMap<>();
        curves.put("measured", keras.curve("val_accuracy"));
        double[] epochs =
                IntStream.rangeClosed(1, PUBLISHED.length).asDoubleStream().toArray();
        curves.put(SOURCE, new double[][] {epochs, PUBLISHED});
        for (int e = 0; e < both; e++) {
            rows.add(List.of(Integer.toString(e + 1), line("%.4f", measured[e]), line("%.4f", PUBLISHED[e])));
            page.figure(Figure.of("Keras's settings, accuracy of a character after epoch " + (e + 1), "", measured[e])
                    .published(line("%.4f", PUBLISHED[e]), SOURCE));
        }
        page.section(
                        "The first epochs",
                        line(
                                "Keras's network of %,d parameters by its settings (%s, questions reversed): the accuracy of a character on %,d "
                                        + "sums held out, blanks behind an answer among them. The first weights are drawn otherwise than in Keras: "
                                        + "all uniformly, its own recurrent ones orthogonal.",
                                keras.parameters(),
                                keras.recipe().words(),
                                keras.test().size()))
                .table(List.of("epoch", "measured", "published"), rows)
                .series("keras.png", "Accuracy of a character over the first epochs", "accuracy", "epoch", curves);
        Figure parameters = Figure.of("Parameters of Keras's network", "", (double) keras.parameters())
                .published("205,324", SOURCE)
                .within(205_324, 205_324);
        page.figure(parameters);
    }

    private static void quick(Result page, List<AdditionTraining.Taught> taught) {
        List<List<String>> rows = new ArrayList<>();
        for (AdditionTraining.Taught t : taught) {
            rows.add(List.of(
                    t.name(),
                    line("%,d", t.parameters()),
                    t.recipe().words(),
                    Integer.toString(t.history().epochs().size()),
                    line("%.0f", t.seconds()),
                    words(t.firstEpoch("val_answer_accuracy", LEVEL)),
                    line("%.2f %%", 100 * t.characters()),
                    line("%.2f %%", 100 * t.answers())));
        }
        Map<String, double[][]> curves = new LinkedHashMap<>();
        taught.subList(1, taught.size()).forEach(t -> curves.put(t.name(), t.curve("val_answer_accuracy")));
        page.section(
                        "To the end",
                        "Larger batches and a rate that falls on a cosine get there sooner than Keras's settings, and all three networks of this part "
                                + "have the same budget. Reversed and in order is Keras's network with the question read from its end and from "
                                + "its beginning. Attention is a decoder that reads its own answer and begins with the encoder's final state, "
                                + "looks at all characters of the question (Bahdanau et al. 2015) and says when the answer ends; in training it reads "
                                + "the true answer. Its questions are in order. An answer counts on the test only if the network wrote it alone.")
                .table(
                        List.of(
                                "network",
                                "parameters",
                                "settings",
                                "epochs",
                                "seconds",
                                "epoch with 99 % of the answers",
                                "characters right",
                                "answers right"),
                        rows)
                .series(
                        "answers.png",
                        "Share of whole answers that are right after each epoch",
                        "answer accuracy",
                        "epoch",
                        curves);
    }

    private static String words(OptionalInt epoch) {
        return epoch.isPresent() ? Integer.toString(epoch.getAsInt()) : "not reached";
    }

    /** What reversing does, as it was measured. */
    static String conclusion(AdditionTraining.Taught reversed, AdditionTraining.Taught ordered) {
        double level = Math.min(best(reversed), best(ordered));
        int with = reversed.firstEpoch("val_answer_accuracy", level).orElseThrow();
        int without = ordered.firstEpoch("val_answer_accuracy", level).orElseThrow();
        return line(
                "%.1f %% of whole answers were right after %d epochs with reversed questions and after %d with questions in order.",
                100 * level, with, without);
    }

    private static double best(AdditionTraining.Taught taught) {
        return Arrays.stream(taught.history().series("val_answer_accuracy"))
                .max()
                .orElseThrow();
    }

    /** The first sums of the test, and the first that some network did not answer right. */
    private static void examples(Result page, List<AdditionTraining.Taught> taught) {
        List<Sums.Sum> test = taught.get(0).test();
        List<String> header = new ArrayList<>(List.of("question", "sum"));
        taught.forEach(t -> header.add(t.name()));
        int[] wrong = IntStream.range(0, test.size())
                .filter(i -> taught.stream()
                        .anyMatch(t -> !t.said().get(i).equals(test.get(i).answer())))
                .limit(SHOWN)
                .toArray();
        page.section("First sums of the test", "What each network answers.").table(header, rows(taught, first(test)));
        if (wrong.length > 0) {
            page.section("Wrong sums", "The first of the test that one of the networks does not answer right.")
                    .table(header, rows(taught, wrong));
        }
    }

    private static int[] first(List<Sums.Sum> test) {
        return IntStream.range(0, Math.min(SHOWN, test.size())).toArray();
    }

    private static List<List<String>> rows(List<AdditionTraining.Taught> taught, int... which) {
        List<List<String>> rows = new ArrayList<>();
        for (int i : which) {
            Sums.Sum sum = taught.get(0).test().get(i);
            List<String> row = new ArrayList<>(List.of(sum.question(), sum.answer()));
            for (AdditionTraining.Taught t : taught) {
                String said = t.said().get(i);
                row.add(said + (said.equals(sum.answer()) ? "" : " (wrong)"));
            }
            rows.add(row);
        }
        return rows;
    }
}

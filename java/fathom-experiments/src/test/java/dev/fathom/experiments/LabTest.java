package dev.fathom.experiments;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fathom.data.Dataset;
import dev.fathom.experiments.pages.Figure;
import dev.fathom.experiments.pages.Findings;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.pages.Words;
import dev.fathom.experiments.training.Interrupt;
import dev.fathom.experiments.training.Training;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.optim.Sgd;
import dev.fathom.train.Callback;
import dev.fathom.train.EpochLog;
import dev.fathom.train.Run;
import dev.fathom.train.Trainer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the context of a run does with an experiment's words, tables, trainings and parts. */
class LabTest {
    private static final String WORDS = """
            ---
            shows: coins
            claim: A coin is fair.
            data: {throws} throws
            key: first coin, heads
            ---

            ## The throws

            {throws} throws.

            [coins]

            {?many} The first coin falls on its head {first coin, heads %.0f} times in 100.

            {!many} That is too few.

            ![Heads after {throws} throws](heads.png)
            """;

    @TempDir
    Path temp;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final PrintStream printed = new PrintStream(out, true, StandardCharsets.UTF_8);
    private Interrupt interrupt = Interrupt.install(printed);

    @AfterEach
    void end() {
        interrupt.close();
    }

    private Findings run(boolean resume, long seed, Consumer<Lab> body) {
        return run(new LabRun(true, null, seed, resume, null, null, temp, interrupt, printed, printed), body);
    }

    private static Findings run(LabRun run, Consumer<Lab> body) {
        return new Lab(
                        new Experiment() {
                            @Override
                            public String name() {
                                return "coin";
                            }

                            @Override
                            public Words words() {
                                return new Words("coin.md", WORDS);
                            }

                            @Override
                            public void run(Lab lab) {
                                body.accept(lab);
                            }
                        },
                        run)
                .complete();
    }

    private static void page(Lab lab) {
        Table coins = lab.table("coins", "coin");
        coins.row("first coin")
                .put("heads", "%.1f %%", 49.96)
                .baseline(50, "a fair coin")
                .cell("metal", "gold");
        coins.row("second coin").put("heads", "%.1f %%", 51).interval(48, 54).baseline("heads", 49.96, "first coin");
        lab.section("The throws").put("throws", 1000).put("many", true);
        lab.curves("heads.png", "heads", "throws", Map.of("first coin", new double[][] {{1, 2}, {0, 1}}));
    }

    @Test
    void aBaselineOfAColumnWithoutANumberIsRefused() {
        Findings page = run(false, 1, lab -> {
            Table.Row row = lab.table("coins", "coin").row("first coin").cell("metal", "gold");
            assertThatThrownBy(() -> row.baseline("metal", 50, "a fair coin"))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("the row first coin has no number in the column metal");
        });
        assertThat(page.figures()).isEmpty();
    }

    @Test
    void aBaselineIsOfTheFigureThatWasPutLast() {
        Findings page = run(
                false,
                1,
                lab -> lab.figure("heads", "%", 49).baseline(50, "a fair coin").figure("tails", "%", 51));
        assertThat(page.figures())
                .containsExactly(Figure.of("heads", "%", 49).baseline(50, "a fair coin"), Figure.of("tails", "%", 51));
        assertThatThrownBy(() -> run(false, 1, lab -> lab.baseline(50, "a fair coin")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("baseline: no figure was put before that of a fair coin; put the figure first");
    }

    @Test
    void onePutMakesCellAndFigure() {
        Findings page = run(false, 1, LabTest::page);
        assertThat(page.isFinished()).isTrue();
        assertThat(page.problems()).isEmpty();
        assertThat(page.data()).isEqualTo("1,000 throws");
        assertThat(page.parts())
                .filteredOn(part -> !(part instanceof Findings.Series))
                .containsExactly(
                        new Findings.Section("The throws", ""),
                        new Findings.Paragraph("1,000 throws."),
                        new Findings.Table(
                                List.of("coin", "heads", "metal"),
                                List.of(List.of("first coin", "50.0 %", "gold"), List.of("second coin", "51.0 %", ""))),
                        new Findings.Paragraph("The first coin falls on its head 50 times in 100."));
        assertThat(page.figures())
                .containsExactly(
                        Figure.of("first coin, heads", "%", 49.96).baseline(50, "a fair coin"),
                        Figure.of("second coin, heads", "%", 51)
                                .interval(48, 54)
                                .baseline(49.96, "first coin"));
    }

    @Test
    void whatDoesNotFitTheWordsIsToldAndNothingIsLost() {
        Findings page = run(false, 1, lab -> {
            lab.table("others", "coin").row("third coin").put("heads", "%.1f %%", 2);
            lab.section("The throws").put("many", false).verbatim("unknown", "a text");
        });
        assertThat(page.problems())
                .containsExactly(
                        "coin.md, section \"The throws\": nothing was put as {throws}",
                        "coin.md, section \"The throws\": nothing was put as coins",
                        "coin.md, section \"The throws\": nothing was put as {throws}",
                        "coin.md, section \"The throws\": no caption or place for unknown",
                        "coin.md, section \"\": no place for the table others",
                        "coin.md, section \"\": nothing was put as {throws}");
        assertThat(page.parts())
                .contains(
                        new Findings.Paragraph("That is too few."),
                        new Findings.Table(List.of("coin", "heads"), List.of(List.of("third coin", "2.0 %"))));
    }

    @Test
    void aRunThatIsStoppedOrFailsLeavesWhatItHas() {
        Findings stopped = run(false, 1, lab -> {
            page(lab);
            interrupt.request();
            lab.check();
            throw new AssertionError("it goes on");
        });
        assertThat(stopped.isFinished()).isFalse();
        assertThat(stopped.figures()).hasSize(2);
        assertThat(stopped.parts()).hasSize(5);
        assertThat(out.toString(StandardCharsets.UTF_8)).contains("Stopped; the same command with --resume goes on");
    }

    private record Throws(int number, String coin) {}

    private record Part(double score, float[] said, Map<String, List<Integer>> tallies) {}

    private static final Part PART = new Part(1.0 / 3, new float[] {0.1f, Float.NaN}, Map.of("won", List.of(1, 2)));

    private Part part(boolean resume, long seed, Throws settings, Supplier<Part> make) {
        Part[] got = new Part[1];
        run(resume, seed, lab -> got[0] = lab.part(settings, Part.class, make));
        return got[0];
    }

    private static Part never() {
        throw new AssertionError("it is made again");
    }

    @Test
    void aPartIsTakenFromTheRunBeforeWhereItsSettingsAreTheSame() throws IOException {
        Throws ten = new Throws(10, "gold");
        assertThat(part(false, 1, ten, () -> PART)).isSameAs(PART);
        Part kept = part(true, 1, ten, LabTest::never);
        assertThat(kept.score()).isEqualTo(PART.score());
        assertThat(kept.said()).containsExactly(0.1f, Float.NaN);
        assertThat(kept.tallies()).isEqualTo(PART.tallies());
        Part other = new Part(2, new float[0], Map.of());
        assertThat(part(true, 1, new Throws(10, "silver"), () -> other)).isSameAs(other);
        assertThat(part(true, 2, ten, () -> other)).isSameAs(other);
        assertThatThrownBy(() -> part(false, 1, ten, LabTest::never)).hasMessage("it is made again");
        try (Stream<Path> files = Files.walk(temp.resolve("kept/short-seed-1"))) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Files.writeString(file, "{\"settings\": 1");
            }
        }
        assertThatThrownBy(() -> part(true, 1, ten, () -> PART))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("it is damaged; remove it, and run again");
    }

    @Test
    void whatIsKeptOfOtherDataIsNotTaken() {
        Throws ten = new Throws(10, "gold");
        Function<String, LabRun> run =
                data -> new LabRun(true, null, 1, true, temp.resolve(data), null, temp, interrupt, printed, printed);
        Part[] got = new Part[1];
        run(run.apply("a"), lab -> got[0] = lab.part(ten, Part.class, () -> PART));
        Part other = new Part(2, new float[0], Map.of());
        run(run.apply("b"), lab -> got[0] = lab.part(ten, Part.class, () -> other));
        assertThat(got[0]).isSameAs(other);
        run(run.apply("b/../a"), lab -> got[0] = lab.part(ten, Part.class, LabTest::never));
        assertThat(got[0].score()).isEqualTo(PART.score());
    }

    @Test
    void aPartThatWasStoppedIsNotKept() {
        assertThat(part(false, 1, new Throws(10, "gold"), () -> {
                    interrupt.request();
                    return PART;
                }))
                .isNull();
        assertThat(temp.resolve("kept")).doesNotExist();
    }

    /** The weights after four epochs on a line, ended by a person after the second where {@code stop} says so. */
    private float[] trained(boolean resume, boolean stop, AtomicInteger epochs) {
        float[][] x = {{0}, {1}, {2}, {3}};
        float[][] y = {{1}, {3}, {5}, {7}};
        Linear line = new Linear(1, 1);
        try (Dataset data = Dataset.of(x, y);
                Model<Linear> model = Model.of(line, 1)) {
            Trainer<Linear> trainer = Trainer.of(model, Loss.mse(), new Sgd(0.1f))
                    .seed(1)
                    .callbacks(new Callback() {
                        @Override
                        public void onEpochEnd(Run run, EpochLog epoch) {
                            if (epochs.incrementAndGet() == 2 && stop) {
                                interrupt.request();
                            }
                        }
                    });
            run(resume, 1, lab -> lab.train("a line", "points", trainer, data.batches(2), 4));
            return line.weight().value().toArray();
        }
    }

    @Test
    void aTrainingGoesOnThoughNobodyAskedForThatBefore() {
        AtomicInteger epochs = new AtomicInteger();
        float[] whole = trained(false, false, epochs);
        assertThat(epochs).hasValue(4);
        assertThat(trained(true, false, epochs)).isEqualTo(whole);
        assertThat(epochs).as("what is finished is not trained again").hasValue(4);
        epochs.set(0);
        assertThat(trained(false, true, epochs)).isNotEqualTo(whole);
        interrupt.close();
        interrupt = Interrupt.install(printed);
        assertThat(trained(true, false, epochs)).isEqualTo(whole);
        assertThat(epochs).hasValue(4);
    }

    @Test
    void aTrainingLooksAtOtherExamplesAfterEachEpoch() {
        float[][] x = {{0}, {1}, {2}};
        try (Dataset data = Dataset.of(x, x);
                Model<Linear> model = Model.of(new Linear(1, 1), 1)) {
            List<Run> runs = new ArrayList<>();
            run(false, 1, lab -> {
                Trainer<Linear> trainer = Trainer.of(model, Loss.mse(), new Sgd(0.1f));
                runs.add(lab.train("line", "points", trainer, data, 2, data, 3));
            });
            double[][] curve = Training.curve(runs.get(0), "val_loss", 2);
            assertThat(curve[0]).containsExactly(2, 4, 6);
            assertThat(curve[1]).containsExactly(runs.get(0).series("val_loss"));
        }
    }

    @Test
    void thePageEndsWithTheSettingsOfItsTrainings() {
        float[][] x = {{0}, {1}, {2}};
        try (Dataset data = Dataset.of(x, x)) {
            AtomicInteger names = new AtomicInteger();
            Findings page = run(
                    false,
                    1,
                    lab -> List.of(0.1f, 0.2f, 0.1f).forEach(rate -> {
                        try (Model<Linear> model = Model.of(new Linear(1, 1), 1)) {
                            Trainer<Linear> trainer = Trainer.of(model, Loss.mse(), new Sgd(rate));
                            lab.quietly("line " + names.incrementAndGet(), trainer, data.batches(3), 2);
                        }
                    }));
            String batches = "batches of 3 of 3 examples, in their order";
            String sgd = "loss: mse; Sgd[learningRate=%s, momentum=0.0, velocity=GRADIENTS, dampening=0.0, "
                    + "nesterov=false, weightDecay=0.0]; seed: 0";
            String net = "Linear, 2 parameters";
            assertThat(page.parts())
                    .endsWith(
                            new Findings.Section("Settings", ""),
                            new Findings.Table(
                                    List.of("training", "network", "settings", "batches", "epochs"),
                                    List.of(
                                            List.of("line 1, line 3", net, sgd.formatted("0.1"), batches, "2"),
                                            List.of("line 2", net, sgd.formatted("0.2"), batches, "2"))));
        }
    }
}

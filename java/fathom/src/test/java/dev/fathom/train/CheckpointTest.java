package dev.fathom.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.fathom.data.Batch;
import dev.fathom.data.Dataset;
import dev.fathom.io.Safetensors;
import dev.fathom.nn.Conv;
import dev.fathom.nn.CrossEntropy;
import dev.fathom.nn.Dropout;
import dev.fathom.nn.Embedding;
import dev.fathom.nn.Flatten;
import dev.fathom.nn.Init;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.nn.Pad;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Activation;
import dev.fathom.op.PadMode;
import dev.fathom.op.Shape;
import dev.fathom.optim.Adam;
import dev.fathom.optim.Optimizer;
import dev.fathom.optim.Schedule;
import dev.fathom.optim.Sgd;
import dev.fathom.parameter.Buffer;
import dev.fathom.parameter.Parameter;
import dev.fathom.parameter.Variable;
import dev.fathom.recurrent.Output;
import dev.fathom.recurrent.Recurrent;
import dev.fathom.store.StoreRange;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.State;
import dev.fathom.tensor.Tensor;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.function.BinaryOperator;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A run that is killed and goes on is, bit for bit, the run that was never interrupted; what is damaged or of another
 * run is refused.
 */
@Tag("any-instruction-set")
class CheckpointTest {
    private static final int EPOCHS = 3;
    /** 44 examples in batches of 12, the last of 8. */
    private static final int STEPS = 4;

    @TempDir
    Path folder;

    // ---- a run with everything that a run can have

    /** x minus the running mean of what it has seen. */
    private record Center(Buffer mean) implements Layer {
        @Override
        public Tensor forward(Tensor x) {
            mean.update(mean.value().mul(0.9f).add(x.mean(0).mul(0.1f)));
            return x.sub(mean.value());
        }
    }

    private static Model<Sequential> model(int seed) {
        return Model.of(
                new Sequential(
                        new Linear(
                                new Parameter(Shape.of(8, 2), Init.torch(), 1, 0), // the other way round in files
                                new Parameter(Shape.of(8), Init.zeros()),
                                null),
                        new Center(new Buffer(Shape.of(8), Init.constant(0))),
                        Tensor::tanh,
                        new Dropout(0.25f),
                        new Linear(8, 2)),
                seed);
    }

    // ---- truncated back-propagation through time

    private record Reader(Embedding in, Recurrent lstm, Linear out) implements Net {}

    /**
     * Reads a text in pieces of five, with a state that goes on from batch to batch; returns the weights and the
     * losses.
     */
    private Left read(int seed, UnaryOperator<Trainer<Reader>> settings) {
        return read(
                seed,
                (net, batch, state) -> {
                    Output out = net.lstm().run(net.in().apply(batch.x()), state);
                    return result(net, batch, out.steps()).withState(out.state());
                },
                settings);
    }

    private static Step.Result result(Reader net, Batch batch, Tensor steps) {
        return new Step.Result(Loss.crossEntropy().of(net.out().apply(steps), batch.y()));
    }

    private Left read(int seed, Step.Carrying<Reader> step, UnaryOperator<Trainer<Reader>> settings) {
        int[] text = new int[2 * 5 * 9 + 1];
        Arrays.setAll(text, i -> i * i % 7);
        Reader net = new Reader(new Embedding(7, 4), Recurrent.lstm(4, 6), new Linear(6, 7));
        try (var model = Model.of(net, seed);
                Dataset pieces = Dataset.pieces(text, 2, 5)) {
            Trainer<Reader> trainer = Trainer.custom(model, new Adam(0.05f), step);
            Run h = settings.apply(trainer).fit(pieces.batches(2), pieces.batches(2), 3);
            return new Left(
                    values(model),
                    h.epochs().stream().map(e -> e.epoch() + " " + e.values()).toList(),
                    h.ended(),
                    h.best() == null ? 0 : h.best().epoch());
        }
    }

    /** Stopped after any step of the second epoch, it goes on with the state that it carried there. */
    @Test
    void aStateThatIsCarriedGoesOnInTheMiddleOfAnEpoch() {
        Left whole = read(1, t -> t);
        for (int steps = 10; steps <= 18; steps++) {
            Path to = folder.resolve("after " + steps);
            int last = steps;
            read(
                    1,
                    t -> t.checkpoints(Checkpoints.in(to).everySteps(1)).callbacks(new Callback() {
                        @Override
                        public void onStepEnd(Run run) {
                            if ((run.progress().epoch() - 1) * 9
                                            + run.progress().step()
                                    == last) {
                                run.stopNow("killed");
                            }
                        }
                    }));
            read(2, t -> t.resume(to)).mustBe(whole);
        }
        Path middle = folder.resolve("after 13");
        try (Safetensors file = Safetensors.read(Checkpoints.newest(middle).orElseThrow())) {
            assertThat(file.names()).contains("state/hidden", "state/cell");
            assertThat(file.shape("state/cell")).isEqualTo(Shape.of(2, 1, 6));
        }
        assertThatThrownBy(() -> read(
                        2,
                        (net, batch, state) -> {
                            State before = state.names().isEmpty() ? state : State.of("hidden", state.get("h"));
                            Output out = net.lstm().run(net.in().apply(batch.x()), before);
                            return result(net, batch, out.steps())
                                    .withState(State.of("h", out.state().get("hidden")));
                        },
                        t -> t.resume(middle)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith(
                        "resume: the step does not go on from the state (hidden [2, 1, 6], cell [2, 1, 6]) in ")
                .hasMessageEndingWith("; resume with the step of that run, or begin anew without resume(): State: there"
                        + " is no h in the state (hidden [2, 1, 6], cell [2, 1, 6]); give the state of a net of this"
                        + " kind");
        int[] text = new int[2 * 5 * 9 + 1];
        Arrays.setAll(text, i -> i * i % 7);
        try (var model = Model.of(new Reader(new Embedding(7, 4), Recurrent.lstm(4, 6), new Linear(6, 7)), 1);
                Dataset pieces = Dataset.pieces(text, 2, 5)) {
            assertThatThrownBy(() -> Trainer.custom(
                                    model,
                                    new Adam(0.05f),
                                    (net, batch) -> result(
                                            net,
                                            batch,
                                            net.lstm()
                                                    .run(net.in().apply(batch.x()))
                                                    .steps()))
                            .resume(middle)
                            .fit(pieces.batches(2), pieces.batches(2), 3))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageEndingWith("differs in the number of carried states: 0 here but 1 there; make both the"
                            + " same, or begin anew without resume()");
        }
    }

    @Test
    void aStateThatTrainingCannotCarryIsRefused() {
        assertThatThrownBy(() -> read(
                        1,
                        (net, batch, state) -> result(
                                net,
                                batch,
                                net.lstm().run(net.in().apply(batch.x()), state).steps()),
                        t -> t))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("trainer: the step takes a state but returns none; return result.withState(state) with what"
                        + " the next batch begins with");
        assertThatThrownBy(() -> read(
                        1,
                        (net, batch, state) -> result(
                                        net,
                                        batch,
                                        net.lstm()
                                                .run(net.in().apply(batch.x()))
                                                .steps())
                                .withState(State.of("tokens", batch.x())),
                        t -> t))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "trainer: the state tokens is I32, but checkpoints hold F32; convert it with to(DType.F32)");
    }

    /** What a callback evaluates in the middle of an epoch reads its own text, from its beginning. */
    @Test
    void lookingAtTheModelLeavesTheCarriedStateAlone() {
        Left whole = read(1, t -> t);
        read(
                        1,
                        t -> t.callbacks(new Callback() {
                            @Override
                            public void onStepEnd(Run run) {
                                int[] text = new int[2 * 5 + 1];
                                try (Dataset other = Dataset.pieces(text, 2, 5)) {
                                    t.evaluate(other.batches(2));
                                    t.evaluate(other.batches(2));
                                    t.findRate(other.batches(2), 2, 1e-4, 1e-3);
                                    t.check(other.batches(2));
                                }
                            }
                        }))
                .mustBe(whole);
    }

    private static Dataset points(int n, long seed) {
        float[] x = new Rng(seed).uniform(2 * n, -1, 1);
        int[] labels = new int[n];
        for (int i = 0; i < n; i++) {
            labels[i] = x[2 * i] * x[2 * i + 1] > 0 ? 1 : 0;
        }
        return Dataset.of(x, Shape.of(2), labels);
    }

    /** What a run leaves: all values, and the history but for the wall time. */
    private record Left(List<float[]> values, List<String> epochs, String ended, int best) {
        void mustBe(Left other) {
            assertThat(values.toArray()).isEqualTo(other.values.toArray());
            assertThat(epochs).isEqualTo(other.epochs);
            assertThat(ended).isEqualTo(other.ended);
            assertThat(best).isEqualTo(other.best);
        }
    }

    private static List<float[]> values(Model<?> model) {
        List<float[]> all = new ArrayList<>();
        for (Variable h : StoreRange.store(model.range()).<Variable>cells()) {
            all.add(h.value().toArray());
        }
        return all;
    }

    private static Trainer<Sequential> trainer(Model<Sequential> model) {
        return Trainer.of(model, Loss.crossEntropy(), new Adam(0.05f))
                .schedule(Schedule.cosine(EPOCHS).warmUp(0.5))
                .clipNorm(1)
                .metrics(Metric.accuracy())
                .keepBest("val_accuracy")
                .seed(7);
    }

    /** Trains a model that begins elsewhere, so that nothing but the checkpoint can explain the result. */
    private static Left run(int seed, UnaryOperator<Trainer<Sequential>> settings) {
        return run(seed, settings, b -> b);
    }

    private static Left run(int seed, UnaryOperator<Trainer<Sequential>> settings, UnaryOperator<Batch> change) {
        try (var model = model(seed);
                Dataset train = points(44, 1);
                Dataset validation = points(30, 2)) {
            Trainer<Sequential> trainer = trainer(model);
            Run h = settings.apply(trainer)
                    .fit(train.map(change).shuffled(3).batches(12), validation.map(change), EPOCHS);
            return new Left(
                    values(model),
                    h.epochs().stream()
                            .map(e -> e.epoch() + " " + e.learningRate() + " " + e.values())
                            .toList(),
                    h.ended(),
                    h.best() == null ? 0 : h.best().epoch());
        }
    }

    private static final class Killed extends RuntimeException {
        private static final long serialVersionUID = 1;
    }

    private static Callback killedAfter(int steps) {
        return new Callback() {
            @Override
            public void onStepEnd(Run run) {
                if (STEPS * (run.progress().epoch() - 1) + run.progress().step() == steps) {
                    throw new Killed();
                }
            }
        };
    }

    private static void kill(Path folder, int steps, Checkpoints how) {
        assertThatThrownBy(() -> run(1, t -> t.checkpoints(how).callbacks(killedAfter(steps))))
                .isInstanceOf(Killed.class);
    }

    @Test
    void aRunKilledAfterAnyStepGoesOnToTheSameBits() {
        Left whole = run(1, t -> t);
        for (int steps = 2; steps <= STEPS * EPOCHS; steps++) {
            Path here = folder.resolve("after " + steps);
            Checkpoints every = Checkpoints.in(here).everySteps(1);
            kill(here, steps, every);
            assertThat(Checkpoints.newest(here)).contains(here.resolve(Checkpoints.name(steps - 1)));
            run(99, t -> t.checkpoints(every).resume(here)).mustBe(whole);
        }
    }

    /** Noise on the examples, drawn in the pass of the step, is part of the run as dropout is. */
    @Test
    void aMapThatDrawsGoesOnToTheSameBits() {
        UnaryOperator<Batch> noise =
                b -> b.withX(b.x().add(Pass.current().randn(b.size(), 2).mul(0.1f)));
        Left whole = run(1, t -> t, noise);
        assertThatThrownBy(() -> run(
                        1,
                        t -> t.checkpoints(Checkpoints.in(folder).everySteps(1)).callbacks(killedAfter(6)),
                        noise))
                .isInstanceOf(Killed.class);
        run(2, t -> t.resume(folder), noise).mustBe(whole);
    }

    @Test
    void whatWasLostSinceTheLastCheckpointIsDoneAgain() {
        Left whole = run(1, t -> t);
        Checkpoints some = Checkpoints.in(folder.resolve("some")).everySteps(5);
        kill(some.folder(), 9, some);
        assertThat(Checkpoints.newest(some.folder()).orElseThrow()).hasFileName("step-000000005.safetensors");
        run(99, t -> t.resume(some.folder())).mustBe(whole);

        Checkpoints epochs = Checkpoints.in(folder.resolve("epochs"));
        kill(epochs.folder(), 10, epochs);
        assertThat(Checkpoints.newest(epochs.folder()).orElseThrow()).hasFileName("step-000000008.safetensors");
        run(99, t -> t.resume(epochs.folder())).mustBe(whole);

        Checkpoints time = Checkpoints.in(folder.resolve("time")).every(Duration.ofNanos(1));
        kill(time.folder(), 7, time);
        assertThat(Checkpoints.newest(time.folder()).orElseThrow()).hasFileName("step-000000006.safetensors");
        run(99, t -> t.resume(time.folder())).mustBe(whole);
    }

    @Test
    void aRunKilledAgainAndAgainGoesOnToTheSameBits() {
        Left whole = run(1, t -> t);
        Checkpoints every = Checkpoints.in(folder).everySteps(1);
        kill(folder, 3, every);
        for (int steps = 5; steps < STEPS * EPOCHS; steps += 3) {
            int at = steps;
            assertThatThrownBy(() ->
                            run(99, t -> t.checkpoints(every).resume(folder).callbacks(killedAfter(at))))
                    .isInstanceOf(Killed.class);
        }
        run(99, t -> t.checkpoints(every).resume(folder)).mustBe(whole);
    }

    /** Two steps an epoch, of three batches and of one: only between steps is there anything to write down. */
    @Test
    void accumulatedBatchesGoOnFromTheirLastStep() {
        Left whole = run(1, t -> t.accumulate(3));
        Checkpoints every = Checkpoints.in(folder).everySteps(1);
        assertThatThrownBy(() -> run(1, t -> t.accumulate(3).checkpoints(every).callbacks(killedAfter(6))))
                .isInstanceOf(Killed.class);
        assertThat(Checkpoints.newest(folder).orElseThrow()).hasFileName("step-000000002.safetensors");
        run(99, t -> t.accumulate(3).checkpoints(every).resume(folder)).mustBe(whole);
        refused("the batches of a step: 2 here but 3 there", t -> t.accumulate(2));
    }

    /** Killed in the third epoch after a checkpoint in the second: the rows of the second are written once. */
    @Test
    void theLogGoesOnWithTheEpochsOfTheCheckpoint() throws IOException {
        Path log = folder.resolve("logs/epochs.csv");
        Path wholeLog = folder.resolve("whole.csv");
        run(1, t -> t.callbacks(new CsvLog(wholeLog)));
        Checkpoints some = Checkpoints.in(folder.resolve("run")).everySteps(6);
        assertThatThrownBy(() -> run(1, t -> t.checkpoints(some).callbacks(new CsvLog(log), killedAfter(9))))
                .isInstanceOf(Killed.class);
        assertThat(Files.readAllLines(log)).hasSize(3);
        List<Integer> sizes = new ArrayList<>();
        run(
                99,
                t -> t.resume(some.folder()).callbacks(new CsvLog(log), new Callback() {
                    @Override
                    public void onTrainBegin(Run run) {
                        sizes.add(run.epochs().size());
                        try {
                            assertThat(Files.readAllLines(log))
                                    .as("cut to the checkpoint")
                                    .hasSize(2);
                        } catch (IOException e) {
                            throw new java.io.UncheckedIOException(e);
                        }
                    }
                }));
        assertThat(sizes).containsExactly(1);
        assertThat(withoutSeconds(log)).isEqualTo(withoutSeconds(wholeLog)).hasSize(4);
    }

    private static List<String> withoutSeconds(Path csv) throws IOException {
        return Files.readAllLines(csv).stream()
                .map(line -> line.replaceFirst("^([^,]*,[^,]*),[^,]*", "$1"))
                .toList();
    }

    /** Stopped in the middle of an epoch, as Ctrl-C does it; then finished; then asked for more. */
    @Test
    void aStoppedRunIsWrittenDownAndAFinishedOneTakesMoreEpochs() {
        Left whole = run(1, t -> t);
        Checkpoints c = Checkpoints.in(folder).everySteps(1000);
        Left stopped = run(
                1,
                t -> t.checkpoints(c).callbacks(new Callback() {
                    @Override
                    public void onStepEnd(Run run) {
                        if (run.progress().epoch() == 2 && run.progress().step() == 3) {
                            run.stopNow("interrupted");
                        }
                    }
                }));
        assertThat(stopped.ended()).isEqualTo("interrupted");
        assertThat(Checkpoints.newest(folder).orElseThrow()).hasFileName("step-000000007.safetensors");
        run(99, t -> t.checkpoints(c).resume(folder)).mustBe(whole);
        run(99, t -> t.checkpoints(c).resume(folder)).mustBe(whole);

        try (var longer = model(99);
                var straight = model(1);
                Dataset train = points(44, 1);
                Dataset validation = points(30, 2)) {
            trainer(longer).resume(folder).fit(train.shuffled(3).batches(12), validation, 5);
            trainer(straight).fit(train.shuffled(3).batches(12), validation, 5);
            assertThat(values(longer).toArray()).isEqualTo(values(straight).toArray());
            assertThatThrownBy(() ->
                            trainer(longer).resume(folder).fit(train.shuffled(3).batches(12), validation, EPOCHS - 1))
                    .hasMessageStartingWith("resume: the run in " + folder)
                    .hasMessageEndingWith(" of epoch " + EPOCHS + ", but fit has epochs=" + (EPOCHS - 1)
                            + "; give at least " + EPOCHS + ", or begin anew without resume");
        }
    }

    /** A JVM of its own trains without end until it is killed by force, whatever it is doing. */
    @Test
    void aJvmKilledByForceGoesOn() throws Exception {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
                        "-Dfathom.isa=" + System.getProperty("fathom.isa", ""), // the baseline has bits of its own
                        "-cp",
                        System.getProperty("java.class.path"),
                        Endless.class.getName(),
                        folder.toString())
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("printed.txt").toFile())
                .start();
        try {
            for (int i = 0; i < 600 && steps(folder) < 40; i++) {
                assertThat(process.isAlive())
                        .as(Files.readString(folder.resolve("printed.txt")))
                        .isTrue();
                Thread.sleep(50);
            }
        } finally {
            process.destroyForcibly();
        }
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        int steps = (int) steps(folder);
        assertThat(steps).isGreaterThanOrEqualTo(40);
        int epochs = steps / STEPS + 2;
        try (var model = Endless.model(9);
                var straight = Endless.model(1);
                Dataset data = points(44, 1)) {
            Run resumed =
                    Endless.trainer(model).resume(folder).fit(data.shuffled(3).batches(12), epochs);
            Run whole = Endless.trainer(straight).fit(data.shuffled(3).batches(12), epochs);
            assertThat(resumed.series("loss")).isEqualTo(whole.series("loss"));
            assertThat(values(model).toArray()).isEqualTo(values(straight).toArray());
        }
    }

    private static long steps(Path folder) {
        return Checkpoints.newest(folder).map(Checkpoints::steps).orElse(0L);
    }

    /** The program of the test above. */
    static final class Endless {
        private Endless() {}

        static Model<Sequential> model(int seed) {
            return Model.of(new Sequential(new Linear(2, 8), new Dropout(0.25f), new Linear(8, 2)), seed);
        }

        static Trainer<Sequential> trainer(Model<Sequential> model) {
            return Trainer.of(model, Loss.crossEntropy(), new Adam(0.01f)).seed(4);
        }

        public static void main(String[] args) {
            try (var model = model(1);
                    Dataset data = points(44, 1)) {
                trainer(model)
                        .checkpoints(Checkpoints.in(Path.of(args[0])).everySteps(1))
                        .fit(data.shuffled(3).batches(12), 1_000_000);
            }
        }
    }

    // ---- damage

    @Test
    void aDamagedFileIsSkippedAndNamed() throws IOException {
        Left whole = run(1, t -> t);
        Checkpoints every = Checkpoints.in(folder).everySteps(1);
        kill(folder, 8, every);
        Path newest = Checkpoints.newest(folder).orElseThrow();
        byte[] bytes = Files.readAllBytes(newest);
        bytes[bytes.length - 100] ^= 1;
        Files.write(newest, bytes);
        Run[] history = new Run[1];
        run(
                        99,
                        t -> t.checkpoints(every).resume(folder).callbacks(new Callback() {
                            @Override
                            public void onTrainBegin(Run run) {
                                history[0] = run;
                                assertThat(run.progress().epoch()).isEqualTo(2);
                                assertThat(run.progress().step()).isEqualTo(2);
                            }
                        }))
                .mustBe(whole);
        assertThat(history[0].notes()).hasSize(2);
        assertThat(history[0].notes().get(0))
                .startsWith("skipped " + newest + ": its checksum is ")
                .endsWith("; the file is damaged, use another");
        assertThat(history[0].notes().get(1))
                .isEqualTo("resumed from " + folder.resolve(Checkpoints.name(6)) + ", after step 2 of epoch 2");
        assertThat(newest.resolveSibling(newest.getFileName() + ".damaged")).hasBinaryContent(bytes);

        for (Path f : Checkpoints.all(folder)) {
            Files.write(f, new byte[20]);
        }
        assertThatThrownBy(() -> run(99, t -> t.resume(folder)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("resume: no checkpoint in " + folder
                        + " is whole; give the folder of a run, or begin anew without resume() (");
        Path empty = folder.resolve("nothing");
        assertThatThrownBy(() -> run(99, t -> t.resume(empty)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("resume: there is no checkpoint in " + empty
                        + "; give the folder of a run, or begin anew without resume()");
    }

    @Test
    void aFileOfWeightsSaysWhatACheckpointHasBeside() {
        Path file = folder.resolve(Checkpoints.name(1));
        Map<String, Map<String, String>> cases = Map.of(
                "fathom.run.trainable is missing",
                Map.of(),
                "fathom.run.epoch is missing",
                Map.of("fathom.run.trainable", "true"),
                "fathom.run.history.0 is cut short",
                Map.of("fathom.run.history.0", "1\n0.1"),
                "fathom.run.history.0 has a line without =",
                Map.of("fathom.run.history.0", "1\n0.1\n2.5\nloss"));
        cases.forEach((why, metadata) -> {
            var weights = new Safetensors.Writer().checksum();
            metadata.forEach(weights::metadata);
            weights.write(file);
            assertThatThrownBy(() -> run(99, t -> t.resume(folder)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining(file + ": it does not say where a run stood (" + why
                            + "); give a checkpoint that a trainer wrote");
        });
    }

    /** A small file, cut at every byte and changed in every byte. */
    @Test
    void noDamageIsEverLoaded() throws IOException {
        try (var model = Model.of(new Sequential(new Linear(1, 1)), 1);
                Dataset data = Dataset.of(new float[] {1, 2}, Shape.of(1), new float[] {2, 4}, Shape.of(1))) {
            Trainer.of(model, Loss.mse(), new Sgd(0.01f).momentum(0.9f))
                    .checkpoints(Checkpoints.in(folder))
                    .fit(data.batches(2), 1);
        }
        Path file = Checkpoints.newest(folder).orElseThrow();
        Checkpoint.read(file).close();
        byte[] bytes = Files.readAllBytes(file);
        Path damaged = folder.resolve("damaged");
        for (int n = 0; n < bytes.length; n++) {
            mustBeRefused(damaged, Arrays.copyOf(bytes, n), "cut to " + n);
            byte[] wrong = bytes.clone();
            wrong[n] ^= (byte) (1 << n % 8);
            mustBeRefused(damaged, wrong, "bit " + n % 8 + " of byte " + n);
        }
        mustBeRefused(damaged, Arrays.copyOf(bytes, bytes.length + 1), "longer");
    }

    private static void mustBeRefused(Path file, byte[] bytes, String what) throws IOException {
        Files.write(file, bytes);
        try {
            Checkpoint.read(file).close();
        } catch (IllegalArgumentException e) {
            return;
        }
        throw new AssertionError(what + " was not noticed");
    }

    @Test
    void aDiskThatTakesNothingMoreLosesNothing() throws IOException {
        Left whole = run(1, t -> t);
        Path place = folder.resolve("run");
        Path away = folder.resolve("away");
        List<String> notes = new ArrayList<>();
        run(
                        1,
                        t -> t.checkpoints(Checkpoints.in(place).everySteps(2)).callbacks(new Callback() {
                            @Override
                            public void onStepEnd(Run run) {
                                if (run.progress().epoch() == 2
                                        && run.progress().step() == 1) { // from here on there is no folder
                                    move(place, away);
                                }
                            }

                            @Override
                            public void onTrainEnd(Run run) {
                                notes.addAll(run.notes());
                            }
                        }))
                .mustBe(whole);
        assertThat(notes)
                .isNotEmpty()
                .allSatisfy(n -> assertThat(n)
                        .startsWith("checkpoint ")
                        .contains(" is missing: cannot write ")
                        .contains(" is not a folder; choose another place"));
        run(99, t -> t.resume(away)).mustBe(whole);
        assertThatThrownBy(() -> run(1, t -> t.checkpoints(Checkpoints.in(place))))
                .isInstanceOf(java.io.UncheckedIOException.class)
                .hasMessage("cannot write " + place.resolve("writable") + ": " + place
                        + " is not a folder; choose another place");
    }

    private static void move(Path folder, Path to) {
        try {
            Files.move(folder, to);
            Files.createFile(folder);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    // ---- another run

    private void refused(String words, UnaryOperator<Trainer<Sequential>> settings) {
        assertThatThrownBy(() -> run(1, t -> settings.apply(t).resume(folder)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("resume: the run in " + Checkpoints.newest(folder).orElseThrow() + " differs in " + words
                        + "; make both the same, or begin anew without resume()");
    }

    @Test
    void whatWouldNotGiveTheSameBitsIsRefused() {
        kill(folder, 6, Checkpoints.in(folder).everySteps(1));
        refused("the seed of the trainer: 8 here but 7 there", t -> t.seed(8));
        refused(
                "the learning rate of step 1 of epoch 2: 0.05 here but 0.046650637 there",
                t -> t.schedule(Schedule.constant()));
        refused(
                "the optimizer: Adam[learningRate=0.05, beta1=0.9, beta2=0.999, epsilon=1.0E-8, weightDecay=0.0,"
                        + " amsGrad=OFF], clipNorm=2.0 here but Adam[learningRate=0.05, beta1=0.9, beta2=0.999,"
                        + " epsilon=1.0E-8, weightDecay=0.0, amsGrad=OFF], clipNorm=1.0 there",
                t -> t.clipNorm(2));
        refused(
                "the figure that decides about the best epoch: val_loss here but val_accuracy there",
                t -> t.keepBest("val_loss"));
        String wrong = Checkpoints.newest(folder).orElseThrow().toString();
        try (var model = model(1);
                var other = Model.of(new Sequential(new Linear(2, 9), new Linear(9, 2)), 1);
                Dataset train = points(44, 1);
                Dataset changed = points(44, 5);
                Dataset validation = points(30, 2)) {
            var batches = train.shuffled(3).batches(12);
            assertRefused(
                    wrong,
                    "the batches: batches of 11 of 44 examples, shuffled by seed 3 here but batches of 12 of "
                            + "44 examples, shuffled by seed 3 there",
                    () -> trainer(model).resume(folder).fit(train.shuffled(3).batches(11), validation, 3));
            assertRefused(
                    wrong,
                    "the batches: batches of 12 of 44 examples, shuffled by seed 4 here but batches of 12 of "
                            + "44 examples, shuffled by seed 3 there",
                    () -> trainer(model).resume(folder).fit(train.shuffled(4).batches(12), validation, 3));
            assertRefused(
                    wrong,
                    "the model: 0.weight is [9, 2] here but [2, 8] there",
                    () -> trainer(other).resume(folder).fit(batches, validation, 3));
            List<float[]> before = values(model);
            assertThatThrownBy(() -> trainer(model)
                            .resume(folder)
                            .fit(changed.shuffled(3).batches(12), validation, 3))
                    .hasMessageContaining("differs in the training data: 44 examples [2] of checksum ");
            assertThatThrownBy(() -> trainer(model).resume(folder).fit(batches, changed, 3))
                    .hasMessageContaining("differs in the validation: 44 examples [2] of checksum ");
            assertThat(values(model).toArray()).as("nothing was changed").isEqualTo(before.toArray());
            assertThat(trainer(model).fit(batches, validation, 1).ended())
                    .as("a refused resume is not asked for again")
                    .isEqualTo("1 epoch");
        }
    }

    private static String net(Sequential net) {
        return Description.of(net);
    }

    private Left runOf(UnaryOperator<Sequential> change, Loss loss, UnaryOperator<Trainer<Sequential>> settings) {
        Sequential net =
                change.apply(new Sequential(new Linear(2, 8), Tensor::tanh, new Dropout(0.25f), new Linear(8, 2)));
        try (var model = Model.of(net, 1);
                Dataset train = points(44, 1)) {
            Trainer<Sequential> trainer = Trainer.of(model, loss, new Adam(0.05f));
            Run h = settings.apply(trainer).fit(train.shuffled(3).batches(12), 3);
            return new Left(values(model), List.of(), h.ended(), 0);
        }
    }

    private static Sequential with(Sequential net, int i, Layer by) {
        List<Layer> layers = new ArrayList<>(net.layers());
        layers.set(i, by);
        return new Sequential(layers.toArray(Layer[]::new));
    }

    /** Another loss and other settings of layers have the same shapes, and went on without a word. */
    @Test
    void anotherLossAndOtherSettingsOfLayersAreRefused() {
        CrossEntropy loss = Loss.crossEntropy().labelSmoothing(0.1f);
        Left whole = runOf(n -> n, loss, t -> t);
        runOf(
                n -> n,
                loss,
                t -> t.checkpoints(Checkpoints.in(folder).everySteps(1)).callbacks(new Callback() {
                    @Override
                    public void onStepEnd(Run run) {
                        if (run.progress().updates() == 5) {
                            run.stopNow("enough");
                        }
                    }
                }));
        String file = Checkpoints.newest(folder).orElseThrow().toString();
        String smoothed = "[labelSmoothing=0.1, gamma=0.0, classWeights=null, ignoreIndex=null] there";
        assertRefused(
                file,
                "the loss: crossEntropy[labelSmoothing=0.0, gamma=0.0, classWeights=null, ignoreIndex=null] here but"
                        + " crossEntropy" + smoothed,
                () -> runOf(n -> n, Loss.crossEntropy(), t -> t.resume(folder)));
        assertRefused(
                file,
                "the loss: Formula[name=multiMargin, outputs=NUMBERS, settings=[1, 0.5]] here but crossEntropy"
                        + smoothed,
                () -> runOf(n -> n, Loss.multiMargin(1, 0.5f), t -> t.resume(folder)));
        assertRefused(
                file,
                "the net: 2: Dropout[p=0.5, inverted=true] here but 2: Dropout[p=0.25, inverted=true] there",
                () -> runOf(n -> with(n, 2, new Dropout(0.5f)), loss, t -> t.resume(folder)));
        assertRefused(
                file,
                "the net: 1: Activation[row=RELU, p0=0.0, p1=0.0] here but 1: Activation[row=TANH, p0=0.0, "
                        + "p1=0.0] there",
                () -> runOf(n -> with(n, 1, Tensor::relu), loss, t -> t.resume(folder)));
        assertRefused(
                file,
                "the net: 0: Linear[activation=Activation[row=RELU, p0=0.0, p1=0.0]] here but 0: "
                        + "Linear[activation=null]"
                        + " there",
                () -> runOf(n -> with(n, 0, new Linear(2, 8).act(Activation.RELU)), loss, t -> t.resume(folder)));
        runOf(n -> n, loss, t -> t.resume(folder)).mustBe(whole);
    }

    @Test
    void descriptionsTellSettingsApart() {
        Layer lambda = x -> x.reshape(x.dim(0), 3, 5, 7);
        assertThat(net(new Sequential(
                        new Conv(1, 2, 3).stride(2),
                        new Flatten(),
                        lambda,
                        x -> x.softmax(-1).mul(2))))
                .isEqualTo(net(new Sequential(
                        new Conv(1, 2, 3).stride(2),
                        new Flatten(),
                        x -> x.reshape(x.dim(0), 3, 5, 7),
                        x -> x.softmax(-1).mul(2))))
                .isNotEqualTo(net(new Sequential(
                        new Conv(1, 2, 3),
                        new Flatten(),
                        lambda,
                        x -> x.softmax(-1).mul(2))))
                .isNotEqualTo(net(new Sequential(
                        new Conv(1, 2, 3).stride(2),
                        new Flatten(),
                        lambda,
                        x -> x.softmax(-1).mul(3))))
                .contains("2: a lambda")
                .doesNotContain("@", "$$");
        assertThat(Description.difference("a\nb\nc", "a\nx\nc")).containsExactly("b", "x");
        assertThat(Description.difference("a\nb", "a")).containsExactly("b", "nothing more");
        assertThat(Description.difference("a", "a\nb")).containsExactly("nothing more", "b");
        assertThat(Description.difference("a", "b")).containsExactly("a", "b");
        assertThat(Description.of(new Pad(PadMode.ZEROS, 0, 1, 2)))
                .isNotEqualTo(Description.of(new Pad(PadMode.ZEROS, 0, 2, 1)));
        List<Loss> all = List.of(
                Loss.crossEntropy(),
                Loss.crossEntropyWithBaseline(),
                Loss.nll(),
                Loss.crossEntropy().focal(2),
                Loss.crossEntropy().ignoreIndex(0),
                Loss.crossEntropy().classWeights(1, 2),
                Loss.crossEntropy().sum(),
                Loss.ctc(),
                Loss.ctc().blank(1),
                Loss.ctc().zeroInfinity(),
                Loss.ctc().sum(),
                Loss.triplet(1),
                Loss.triplet(2),
                Loss.triplet(1).semiHard(),
                Loss.bceWithLogits(),
                Loss.bceWithLogits().focal(1),
                Loss.bceWithLogits().positiveWeight(2),
                Loss.bce(),
                Loss.mse(),
                Loss.sse(),
                Loss.rmse(),
                Loss.huber(1),
                Loss.huber(2),
                Loss.asymmetricHuber(1, 2, 3),
                Loss.asymmetricHuber(1, 3, 2),
                Loss.quantile(0.5f),
                Loss.quantile(0.1f),
                Loss.multiMargin(1, 1),
                Loss.multiMargin(2, 1),
                Loss.crammerSinger(1),
                Loss.crammerSinger(2),
                Loss.poissonNll(true),
                Loss.poissonNll(false),
                Loss.poissonNllOfRates(true),
                Loss.poissonNllOfRates(false),
                Loss.gaussianNll(true),
                Loss.gaussianNll(false),
                Loss.distillation(1),
                Loss.distillation(2),
                Loss.cosineEmbedding(0),
                Loss.cosineEmbedding(0.5f),
                Loss.contrastive(1),
                Loss.contrastive(2),
                Loss.infoNce(1),
                Loss.infoNce(2),
                (y, t) -> y.sum());
        assertThat(all.stream().map(Description::of))
                .doesNotHaveDuplicates()
                .noneMatch(d -> d.contains("@") || d.contains("$"));
    }

    /** The order of a set or a map is another in each process. */
    @Test
    void descriptionsDoNotDependOnTheOrderOfSets() {
        record Settings(Set<String> options, Map<String, Integer> sizes) implements Layer {
            @Override
            public Tensor forward(Tensor x) {
                return x;
            }
        }
        Map<String, Integer> sizes = new LinkedHashMap<>();
        sizes.put("a", 1);
        sizes.put("b", 2);
        Map<String, Integer> turned = new LinkedHashMap<>();
        turned.put("b", 2);
        turned.put("a", 1);
        String one = Description.of(new Settings(new LinkedHashSet<>(List.of("x", "y")), sizes));
        assertThat(one).isEqualTo(Description.of(new Settings(new LinkedHashSet<>(List.of("y", "x")), turned)));
        assertThat(one).isEqualTo("Settings[options=[x, y], sizes=[a=1, b=2]]");
    }

    /** Gives a checkpoint other texts; null leaves one out. */
    private static void rewrite(Path file, BinaryOperator<String> textOfNameAndText) {
        Safetensors.Writer writer = new Safetensors.Writer();
        try (Safetensors old = Safetensors.read(file)) {
            for (String name : old.names()) {
                FloatBuffer values = FloatBuffer.allocate((int) old.shape(name).size());
                old.copy(name, values);
                writer.add(name, old.shape(name), values.rewind());
            }
            old.metadata().forEach((name, text) -> {
                String other = name.contains("checksum") ? null : textOfNameAndText.apply(name, text);
                if (other != null) {
                    writer.metadata(name, other);
                }
            });
            writer.checksum().write(file);
        }
    }

    /** A file that an earlier version wrote does not say what the net and the loss were. */
    @Test
    void aCheckpointThatKnowsNeitherNetNorLossGoesOn() {
        Left whole = run(1, t -> t);
        kill(folder, 6, Checkpoints.in(folder).everySteps(1));
        Set<String> left = new TreeSet<>();
        rewrite(Checkpoints.newest(folder).orElseThrow(), (name, text) -> {
            boolean out = name.equals("fathom.setting.net") || name.equals("fathom.setting.loss");
            if (out) {
                left.add(name);
            }
            return out ? null : text;
        });
        assertThat(left).hasSize(2);
        run(99, t -> t.resume(folder)).mustBe(whole);
    }

    /** A build that kept other sums of loss and metrics leaves a file that looks whole. */
    @Test
    void aCheckpointOfAnotherBuildIsRefusedBeforeAnythingChanges() {
        kill(folder, 6, Checkpoints.in(folder).everySteps(1));
        Path file = Checkpoints.newest(folder).orElseThrow();
        rewrite(
                file,
                (name, text) -> name.equals("fathom.run.tally") ? text.substring(0, text.lastIndexOf('\n')) : text);
        try (var model = model(1);
                Dataset train = points(44, 1);
                Dataset validation = points(30, 2)) {
            List<float[]> before = values(model);
            assertThatThrownBy(() ->
                            trainer(model).resume(folder).fit(train.shuffled(3).batches(12), validation, 3))
                    .isExactlyInstanceOf(IllegalArgumentException.class)
                    .hasMessage("resume: " + file + " holds 3 sums of loss and metrics, but this build of Fathom keeps"
                            + " 4, so another build wrote it; resume with that build, or begin anew without resume()");
            assertThat(values(model).toArray()).as("nothing was changed").isEqualTo(before.toArray());
        }
    }

    private static void assertRefused(String file, String words, Runnable run) {
        assertThatThrownBy(run::run)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("resume: the run in " + file + " differs in " + words
                        + "; make both the same, or begin anew without resume()");
    }

    // ---- files

    @Test
    void theLastAndTheBestStay() throws IOException {
        Files.writeString(folder.resolve(".step-000000001.safetensors.123-4.tmp"), "of a write that was killed");
        Path mine = Files.writeString(folder.resolve("mine.txt"), "mine");
        Checkpoints c = Checkpoints.in(folder).everySteps(1).last(2);
        Left left = run(1, t -> t.checkpoints(c));
        try (var files = Files.list(folder)) {
            assertThat(files.map(f -> f.getFileName().toString()))
                    .containsExactlyInAnyOrder(
                            "mine.txt", "best.safetensors", "step-000000011.safetensors", "step-000000012.safetensors");
        }
        try (var model = model(5)) {
            model.load(folder.resolve("best.safetensors"));
            assertThat(values(model).toArray())
                    .as("a checkpoint is the model's file, and the best one's weights are the best")
                    .isEqualTo(left.values().toArray());
        }
        assertThatThrownBy(() -> run(1, t -> t.checkpoints(c)))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage(
                        "checkpoints: " + folder + " holds step-000000012.safetensors of an earlier run; go on from "
                                + "it with resume(folder), give another folder, or say replace()");
        run(1, t -> t.checkpoints(c.last(1).replace())).mustBe(left);
        assertThat(Checkpoints.all(folder)).hasSize(2);
        assertThat(mine).hasContent("mine");
    }

    /** Where nearly every epoch is the best so far, its file would be written after each of them. */
    @Test
    void theBestNeedsNoFileOfItsOwn() {
        Checkpoints c = Checkpoints.in(folder).last(1).withoutBest();
        Left left = run(1, t -> t.checkpoints(c).keepBest());
        assertThat(folder).isDirectoryNotContaining("glob:**best.safetensors");
        run(1, t -> t.checkpoints(c).keepBest().resume(folder)).mustBe(left);
    }

    @Test
    void settingsThatMakeNoSenseAreRefused() {
        assertThatThrownBy(() -> Checkpoints.in(folder).everySteps(0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("checkpoints: everySteps=0 must be at least 1");
        assertThatThrownBy(() -> Checkpoints.in(folder).last(0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("checkpoints: last=0 must be at least 1");
        assertThatThrownBy(() -> Checkpoints.in(folder).every(Duration.ZERO))
                .hasMessage("checkpoints: every=PT0S must be above zero");
    }

    /** The rate is far too high: some steps are written down, then the loss is no number. */
    @Test
    void aLossThatIsNotFiniteNamesTheLastCheckpoint() {
        Optimizer steep = new Sgd(100);
        try (var model = Model.of(new Sequential(new Linear(1, 1, Init.constant(1))), 1);
                Dataset data =
                        Dataset.of(new float[] {1, 2, -1, 3}, Shape.of(1), new float[] {0, 1, 5, 2}, Shape.of(1))) {
            Trainer<?> trainer = Trainer.of(model, Loss.mse(), steep)
                    .checkpoints(Checkpoints.in(folder).everySteps(1));
            NonFiniteLossException e =
                    catchThrowableOfType(NonFiniteLossException.class, () -> trainer.fit(data.batches(4), 50));
            Path last = Checkpoints.newest(folder).orElseThrow();
            assertThat(e.checkpoint()).isEqualTo(last);
            assertThat(e).hasMessageEndingWith("; the last checkpoint is " + last);
            List<float[]> left = values(model);
            model.load(last);
            assertThat(values(model).toArray()).isEqualTo(left.toArray());
            for (float[] v : left) {
                for (float f : v) {
                    assertThat(f).isFinite();
                }
            }
        }
    }

    /** The step overflows, the loss before it did not: such weights are not written down. */
    @Test
    void weightsThatAreNotFiniteAreNoCheckpoint() {
        try (var model = Model.of(new Sequential(new Linear(1, 1, Init.constant(1))), 1);
                Dataset data = Dataset.of(new float[] {1, 2}, Shape.of(1), new float[] {-3, -4}, Shape.of(1))) {
            Trainer<?> trainer = Trainer.of(model, Loss.mse(), new Sgd(3e38f)).checkpoints(Checkpoints.in(folder));
            NonFiniteLossException e =
                    catchThrowableOfType(NonFiniteLossException.class, () -> trainer.fit(data.batches(2), 5));
            assertThat(e.checkpoint()).isNull();
            assertThat(Checkpoints.all(folder)).isEmpty();
        }
        assertThatThrownBy(Pass::current).isInstanceOf(IllegalStateException.class);
    }
}

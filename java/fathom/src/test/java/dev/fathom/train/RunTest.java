package dev.fathom.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fathom.data.Batch;
import dev.fathom.data.Dataset;
import dev.fathom.memory.Memory;
import dev.fathom.nn.BatchNorm;
import dev.fathom.nn.Dropout;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Shape;
import dev.fathom.optim.Adam;
import dev.fathom.optim.Ema;
import dev.fathom.optim.Optimizer;
import dev.fathom.optim.Schedule;
import dev.fathom.optim.Sgd;
import dev.fathom.parameter.Variable;
import dev.fathom.store.StoreRange;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs on threads of their own: watched, stopped, resumed and closed. */
class RunTest {
    private static final int EPOCHS = 6;

    private static Dataset points(int n) {
        float[] x = new Rng(1).uniform(2 * n, -1, 1);
        int[] labels = new int[n];
        for (int i = 0; i < n; i++) {
            labels[i] = x[2 * i] * x[2 * i + 1] > 0 ? 1 : 0;
        }
        return Dataset.of(x, Shape.of(2), labels);
    }

    private static Model<Sequential> model() {
        return Model.of(
                new Sequential(new Linear(2, 8), new BatchNorm(8), Tensor::tanh, new Dropout(0.2f), new Linear(8, 2)),
                1);
    }

    private static Trainer<Sequential> trainer(Model<Sequential> model) {
        return Trainer.of(model, Loss.crossEntropy(), new Adam(0.02f));
    }

    /** Parameters and buffers. */
    private static List<float[]> values(Model<?> model) {
        return StoreRange.store(model.range()).<Variable>cells().stream()
                .map(v -> v.value().toArray())
                .toList();
    }

    /** Ends a run once, after this step of this epoch. */
    private static Callback stoppingAt(int epoch, int step) {
        return new Callback() {
            private boolean stopped;

            @Override
            public void onStepEnd(Run run) {
                Progress now = run.progress();
                if (!stopped && now.epoch() == epoch && now.step() == step) {
                    stopped = true;
                    run.stopNow("enough");
                }
            }
        };
    }

    // ---- resuming

    /** What the run was, with the bits of the weights. */
    private record Left(List<float[]> values, List<Map<String, Double>> figures, EpochLog best) {
        static Left of(Model<?> model, Run run) {
            return new Left(
                    RunTest.values(model),
                    run.epochs().stream().map(EpochLog::values).toList(),
                    run.best());
        }

        void mustBe(Left other) {
            assertThat(values.toArray()).isEqualTo(other.values.toArray());
            assertThat(figures).isEqualTo(other.figures);
            assertThat(best.epoch()).isEqualTo(other.best.epoch());
        }
    }

    private static void resumes(Optimizer optimizer, UnaryOperator<Trainer<Sequential>> settings) {
        Left whole;
        try (Dataset data = points(50);
                var model = model()) {
            Trainer<Sequential> trainer = settings.apply(Trainer.of(model, Loss.crossEntropy(), optimizer));
            whole = Left.of(model, trainer.fit(data.shuffled(3).batches(8), data, EPOCHS));
        }
        try (Dataset data = points(50);
                var model = model()) {
            Trainer<Sequential> trainer = settings.apply(Trainer.of(model, Loss.crossEntropy(), optimizer))
                    .callbacks(stoppingAt(5, 4));
            try (Run run = trainer.start(data.shuffled(3).batches(8), data, 2)) {
                assertThat(run.await()).isSameAs(run);
                assertThat(run.ended()).isEqualTo("2 epochs");
                assertThat(run.resume(EPOCHS).await().ended()).isEqualTo("enough");
                assertThat(run.epochs()).hasSize(4);
                assertThat(run.resume(EPOCHS).await().ended()).isEqualTo("6 epochs");
                Left.of(model, run).mustBe(whole);
            }
        }
    }

    @Test
    void aRunThatIsResumedHasTheBitsOfOneThatWasNeverStopped() {
        resumes(new Adam(0.02f), t -> t.schedule(Schedule.cosine(EPOCHS)));
        resumes(new Sgd(0.1f).momentum(0.9f), t -> t.accumulate(2).clipNorm(1));
        resumes(new Adam(0.2f), t -> t.metrics(Metric.accuracy()).keepBest("val_accuracy"));
        resumes(new Ema(new Adam(0.02f), 0.9f), t -> t);
        resumes(new Ema(new Adam(0.2f), 0.9f), Trainer::keepBest);
    }

    @Test
    void whatCannotBeResumedIsRefused() {
        try (Dataset data = points(20);
                var model = model()) {
            var batches = data.batches(10);
            Run closed = trainer(model).fit(batches, 1);
            assertThatThrownBy(() -> closed.resume(2))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("resume: this run is closed, as every run of fit is, and with it its optimizer; begin"
                            + " with trainer.start(..), or go on from checkpoints with trainer.resume(folder)");
            try (Run run = trainer(model).start(batches, 2)) {
                run.await();
                assertThatThrownBy(() -> run.resume(1))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessage("resume: the run is at step 2 of epoch 2, but epochs=1; give at least 2");
                trainer(model).fit(batches, 1);
                assertThatThrownBy(() -> run.resume(3))
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessage("resume: the weights of the model were changed since the run ended, so it would not"
                                + " end with the bits of one run; begin anew with trainer.start(..)");
            }
            trainer(model).fit(batches, 1); // nothing holds the model
        }
    }

    /** Its weights are those of no smaller number of epochs, though one epoch less is finished. */
    @Test
    void aRunThatStoppedWithinAnEpochIsNotResumedToTheOneBefore() {
        try (Dataset data = points(20);
                var model = model();
                Run run = trainer(model).callbacks(stoppingAt(3, 1)).start(data.batches(10), 4)) {
            run.await();
            assertThatThrownBy(() -> run.resume(2))
                    .hasMessage("resume: the run is at step 1 of epoch 3, but epochs=2; give at least 3");
            assertThat(run.resume(3).await().epochs()).hasSize(3);
        }
    }

    /** Saves, copies and predictions by other threads neither end a run nor change its bits. */
    @Test
    void othersMayReadTheModelMeanwhile(@TempDir Path temp) {
        try (Dataset data = points(60);
                var watched = model();
                var alone = model()) {
            var batches = data.shuffled(3).batches(6);
            trainer(alone).fit(batches, 40);
            try (Run run = trainer(watched).start(batches, 40)) {
                int read = 0;
                while (run.ended().isEmpty()) {
                    watched.save(temp.resolve("now.safetensors"));
                    watched.copy().close();
                    assertThat(watched.predict(data).rows()).hasNumberOfRows(60);
                    read++;
                }
                run.await();
                assertThat(run.epochs()).hasSize(40);
                assertThat(read).isPositive();
            }
            assertThat(values(watched)).usingRecursiveComparison().isEqualTo(values(alone));
        }
    }

    @Test
    void twoRunsDoNotWriteToOneFolder(@TempDir Path temp) {
        Hold hold = new Hold();
        try (Dataset data = points(20);
                var first = model();
                var second = model();
                Run run = trainer(first)
                        .checkpoints(Checkpoints.in(temp))
                        .callbacks(hold)
                        .start(data.batches(10), 1)) {
            try {
                assertThatThrownBy(() -> trainer(second)
                                .checkpoints(Checkpoints.in(temp.resolve("x").resolve("..")))
                                .fit(data.batches(10), 1))
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessageStartingWith("fit: a run that goes on writes its checkpoints to ")
                        .hasMessageEndingWith("; give another folder");
            } finally {
                hold.go.countDown();
            }
            run.await();
            trainer(second).checkpoints(Checkpoints.in(temp.resolve("other"))).fit(data.batches(10), 1);
        }
    }

    // ---- watching and stopping

    /** A callback that holds the training in its first step until it is let go. */
    private static final class Hold implements Callback {
        private final CountDownLatch inside = new CountDownLatch(1);
        private final CountDownLatch go = new CountDownLatch(1);

        @Override
        public void onStepEnd(Run run) {
            inside.countDown();
            try {
                go.await();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    @Test
    void anotherThreadWatchesAndStops() throws InterruptedException {
        Hold hold = new Hold();
        try (Dataset data = points(20);
                var model = model();
                Run run = trainer(model).callbacks(hold).start(data.batches(5), 3)) {
            hold.inside.await();
            Progress now = run.progress();
            assertThat(now.epoch()).isEqualTo(1);
            assertThat(now.step()).isEqualTo(1);
            assertThat(now.examples()).isEqualTo(5);
            assertThat(now.updates()).isEqualTo(1);
            assertThat(now.loss()).isPositive();
            assertThat(now.learningRate()).isEqualTo(0.02);
            assertThat(run.ended()).isEmpty();
            assertThatThrownBy(() -> run.resume(5)).hasMessage("resume: the run is still going on; call await() first");
            assertThatThrownBy(() -> trainer(model).fit(data.batches(5), 1))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("fit: the model is trained by a run that goes on; end that run with stopNow(reason) and"
                            + " await it, or train model.copy()");
            Thread.currentThread().interrupt();
            assertThatThrownBy(run::await)
                    .isInstanceOf(CancellationException.class)
                    .hasMessage("await: the waiting thread was interrupted; the run goes on until stopNow(reason) ends"
                            + " it");
            assertThat(Thread.interrupted()).isTrue();
            run.stop("seen enough");
            run.stop("too late");
            hold.go.countDown();
            assertThat(run.await().ended()).isEqualTo("seen enough");
            assertThat(run.epochs()).hasSize(1);
        }
    }

    @Test
    void closingStopsTheRun() throws InterruptedException {
        Hold hold = new Hold();
        Run seen;
        try (Dataset data = points(20);
                var model = model()) {
            try (Run run = trainer(model).callbacks(hold).start(data.batches(5), 1000)) {
                seen = run;
                hold.inside.await();
                hold.go.countDown();
            }
        }
        assertThat(seen.ended()).isEqualTo("closed");
        seen.close();
        seen.await();
    }

    /** The failure comes from await, or from close where nobody waited. */
    @Test
    void aFailureIsToldOnce() {
        Callback failing = new Callback() {
            @Override
            public void onEpochEnd(Run run, EpochLog log) {
                throw new IllegalArgumentException("no more");
            }
        };
        try (Dataset data = points(20);
                var model = model()) {
            try (Run run = trainer(model).callbacks(failing).start(data.batches(5), 2)) {
                assertThatThrownBy(run::await)
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessage("no more");
                assertThat(run.ended()).isEqualTo("no more");
                assertThatThrownBy(() -> run.resume(3))
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessage("resume: the run has failed: no more; begin anew, or from a checkpoint");
            }
            Run unheard = trainer(model).callbacks(failing).start(data.batches(5), 2);
            while (unheard.ended().isEmpty()) {
                Thread.onSpinWait();
            }
            assertThatThrownBy(unheard::close).hasMessage("no more");
            unheard.close();
        }
    }

    @Test
    void aCallbackDoesNotWaitForItsOwnRunNorTrainItsModel() {
        AtomicReference<String> said = new AtomicReference<>();
        try (Dataset data = points(20);
                var model = model()) {
            Trainer<Sequential> trainer = trainer(model).callbacks(new Callback() {
                @Override
                public void onTrainBegin(Run run) {
                    assertThatThrownBy(() -> trainer(model).fit(data.batches(5), 1))
                            .hasMessageStartingWith("fit: the model is trained by a run that goes on");
                    assertThatThrownBy(run::await).satisfies(e -> said.set(e.getMessage()));
                }
            });
            trainer.fit(data.batches(5), 1);
        }
        assertThat(said.get())
                .isEqualTo("await: a callback cannot wait for the end of its own run; stop the run with stop(reason),"
                        + " or wait on another thread");
    }

    // ---- recipes

    @Test
    void aCallbackDoesNotCloseItsOwnRun() {
        try (Dataset data = points(20);
                var model = model()) {
            Trainer<Sequential> trainer = trainer(model).callbacks(new Callback() {
                @Override
                public void onStepEnd(Run run) {
                    run.close();
                }
            });
            assertThatThrownBy(() -> trainer.fit(data.batches(5), 1))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageStartingWith("close: a callback cannot wait for the end of its own run;");
            trainer(model).fit(data.batches(5), 1);
        }
    }

    /** A second run is refused before it deletes the checkpoints of the first one or loads others. */
    @Test
    void aRunThatIsRefusedTouchesNothing(@TempDir Path folder) throws Exception {
        Hold hold = new Hold();
        try (Dataset data = points(20);
                var model = model()) {
            Trainer<Sequential> kept = trainer(model)
                    .checkpoints(Checkpoints.in(folder).everySteps(1).replace());
            kept.fit(data.batches(5), 1);
            List<Path> before = files(folder);
            assertThat(before).isNotEmpty();
            try (Run run = trainer(model).callbacks(hold).start(data.batches(5), 3)) {
                hold.inside.await();
                List<float[]> values = values(model);
                try {
                    assertThatThrownBy(() -> kept.start(data.batches(5), 1))
                            .hasMessageStartingWith("start: the model is trained by a run that goes on");
                    assertThatThrownBy(() -> kept.resume(folder).start(data.batches(5), 2))
                            .hasMessageStartingWith("start: the model is trained by a run that goes on");
                    assertThat(files(folder)).isEqualTo(before);
                    assertThat(values(model)).usingRecursiveComparison().isEqualTo(values);
                } finally {
                    hold.go.countDown();
                }
            }
        }
    }

    @Test
    void aResumeOfAModelThatIsTrainedIsRefused() throws Exception {
        Hold hold = new Hold();
        try (Dataset data = points(20);
                var model = model();
                Run first = trainer(model).start(data.batches(5), 1)) {
            first.await();
            try (Run second = trainer(model).callbacks(hold).start(data.batches(5), 1)) {
                hold.inside.await();
                try {
                    assertThatThrownBy(() -> first.resume(2))
                            .isInstanceOf(IllegalStateException.class)
                            .hasMessageStartingWith("resume: the model is trained by a run that goes on;");
                } finally {
                    hold.go.countDown();
                }
                second.await();
            }
        }
    }

    /** What is refused after the checkpoint was found loads nothing of it. */
    @Test
    void aResumeThatIsRefusedLoadsNothing(@TempDir Path folder) throws Exception {
        Path own = folder.resolve("own");
        Path others = folder.resolve("others");
        try (Dataset data = points(20);
                var model = model()) {
            Trainer<Sequential> trainer = trainer(model);
            trainer.checkpoints(Checkpoints.in(own)).fit(data.batches(5), 1);
            trainer.checkpoints(Checkpoints.in(others)).fit(data.batches(5), 1);
            List<float[]> values = values(model);
            assertThatThrownBy(() -> trainer.resume(own)
                            .checkpoints(Checkpoints.in(others))
                            .fit(data.batches(5), 2))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageStartingWith("checkpoints: " + others + " holds step-000000004.safetensors of an");
            assertThat(values(model)).usingRecursiveComparison().isEqualTo(values);
            List<Path> before = files(others);
            try (Pass pass = Pass.infer()) { // which reads the model, so that nothing can be loaded into it
                model.net().apply(Tensor.ones(1, 2));
                Checkpoints replacing = Checkpoints.in(others).replace();
                assertThatThrownBy(() -> onAnotherThread(
                                () -> trainer.resume(own).checkpoints(replacing).fit(data.batches(5), 2)))
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessageStartingWith("resume: ");
            }
            assertThat(files(others))
                    .as("no file is deleted for a run that never began")
                    .isEqualTo(before);
        }
    }

    private static void onAnotherThread(Runnable work) throws Exception {
        var task = new FutureTask<>(work, null);
        new Thread(task).start();
        try {
            task.get();
        } catch (ExecutionException e) {
            throw (RuntimeException) e.getCause();
        }
    }

    /** Where no thread is to be had, nobody has the run to close it. */
    @Test
    void aRunWithoutAThreadIsClosed() {
        try (Dataset data = points(20);
                var model = model()) {
            trainer(model).fit(data.batches(5), 1); // the gradients stay
            long before = Memory.stats().owned();
            InheritableThreadLocal<Integer> refusing = new InheritableThreadLocal<>() {
                @Override
                protected Integer childValue(Integer parent) {
                    throw new IllegalStateException("no thread");
                }
            };
            refusing.set(1);
            try {
                assertThatThrownBy(() -> trainer(model).start(data.batches(5), 1))
                        .hasMessage("no thread");
            } finally {
                refusing.remove();
            }
            assertThat(Memory.stats().owned()).isEqualTo(before);
            trainer(model).fit(data.batches(5), 1);
        }
    }

    private static List<Path> files(Path folder) throws IOException {
        try (Stream<Path> all = Files.list(folder)) {
            return all.sorted().toList();
        }
    }

    /** A failure of what was resumed is told, though the end before was awaited. */
    @Test
    void aResumeThatFailsIsTold() {
        AtomicBoolean fails = new AtomicBoolean();
        try (Dataset data = points(20);
                var model = model()) {
            Run run = trainer(model)
                    .callbacks(new Callback() {
                        @Override
                        public void onStepEnd(Run now) {
                            if (fails.get()) {
                                throw new IllegalStateException("no more");
                            }
                        }
                    })
                    .start(data.batches(5), 1);
            run.await();
            fails.set(true);
            run.resume(2);
            while (run.ended().isEmpty()) {
                Thread.onSpinWait();
            }
            assertThatThrownBy(run::close).hasMessage("no more");
            trainer(model).fit(data.batches(5), 1);
        }
    }

    /** What a run cannot put back leaves the model free for others. */
    @Test
    void aResumeThatIsRefusedKeepsNoOneOut() throws Exception {
        try (Dataset data = points(20);
                var model = model();
                Run run = trainer(model).keepBest().start(data.batches(5), 1)) {
            run.await();
            CountDownLatch open = new CountDownLatch(1);
            CountDownLatch done = new CountDownLatch(1);
            Thread reader = new Thread(() -> {
                try (Pass pass = Pass.infer()) {
                    model.net().apply(Tensor.ones(1, 2));
                    open.countDown();
                    done.await();
                } catch (InterruptedException e) {
                    throw new AssertionError(e);
                }
            });
            reader.start();
            open.await();
            assertThatThrownBy(() -> run.resume(2)).isInstanceOf(IllegalStateException.class);
            done.countDown();
            reader.join();
            run.resume(2).await();
            assertThat(run.epochs()).hasSize(2);
        }
    }

    @Test
    void aTrainerNeverChanges() {
        try (var model = model();
                var other = model.copy();
                Dataset data = points(20)) {
            Trainer<Sequential> plain = trainer(model);
            String before = plain.toString();
            Trainer<Sequential> full = plain.clipNorm(1)
                    .metrics(Metric.accuracy())
                    .schedule(Schedule.cosine(3))
                    .accumulate(4)
                    .seed(9);
            assertThat(plain).hasToString(before);
            assertThat(full.toString().lines().skip(4))
                    .containsExactly(
                            "  schedule: a function of epochs and steps",
                            "  batches of a step: 4",
                            "  metrics: accuracy",
                            "  gradients: norm at most 1.0",
                            "  seed: 9");
            List<float[]> untouched = values(model);
            plain.model(other).fit(data.batches(5), 1);
            assertThat(values(model).toArray()).isEqualTo(untouched.toArray());
            plain.fit(data.batches(5), 1);
            assertThat(values(other).toArray()).isEqualTo(values(model).toArray());
        }
    }

    // ---- data

    /** A map that makes a batch of its own keeps the places of the examples. */
    @Test
    void predictionsOfShuffledBatchesBehindAMapAreInOrder() {
        try (Dataset data = points(50);
                Dataset mapped = data.map(b -> new Batch(b.x().mul(1), b.y()));
                var model = model()) {
            assertThat(model.predict(mapped.shuffled(1).batches(8)).rows())
                    .isDeepEqualTo(model.predict(data).rows());
        }
    }

    /** The first batch of an evaluation has one example, which is no triplet. */
    @Test
    void aTripletLossIsEvaluated() {
        try (Dataset data = points(50);
                var model = Model.of(new Linear(2, 3), 1)) {
            var trainer = Trainer.of(model, Loss.triplet(0.5f), new Adam(0.01f));
            assertThat(trainer.evaluate(data).get("loss")).isFinite().isPositive();
        }
    }
}

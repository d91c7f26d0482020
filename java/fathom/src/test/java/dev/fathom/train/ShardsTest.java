package dev.fathom.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.autograd.Frames;
import dev.fathom.data.Batch;
import dev.fathom.data.Batches;
import dev.fathom.data.Dataset;
import dev.fathom.data.Field;
import dev.fathom.memory.Memory;
import dev.fathom.nn.BatchNorm;
import dev.fathom.nn.Conv;
import dev.fathom.nn.CrossEntropy;
import dev.fathom.nn.Dropout;
import dev.fathom.nn.Embedding;
import dev.fathom.nn.Flatten;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.MaxPool;
import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.nn.Penalty;
import dev.fathom.nn.Recompute;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Shape;
import dev.fathom.optim.Adam;
import dev.fathom.optim.Optimizer;
import dev.fathom.optim.Sam;
import dev.fathom.optim.Sgd;
import dev.fathom.parameter.Parameter;
import dev.fathom.parameter.Variable;
import dev.fathom.recurrent.Recurrent;
import dev.fathom.store.StoreRange;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.State;
import dev.fathom.tensor.Tensor;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A batch in shards gives the bits that its shards have, whoever computes them. */
@Timeout(120)
class ShardsTest {
    // ---- two nets and their data

    /** Pictures of 6 x 6 points, with a class each. */
    static Dataset pictures() {
        int n = 60;
        float[] x = new Rng(1).normal(36 * n, 0, 1);
        int[] labels = new int[n];
        Arrays.setAll(labels, i -> x[36 * i] + x[36 * i + 7] > 0 ? 1 : x[36 * i + 3] > 0 ? 2 : 0);
        return Dataset.of(x, Shape.of(6, 6, 1), labels);
    }

    /** With everything that sees a batch or draws. */
    static Sequential convnet() {
        return new Sequential(
                new Conv(1, 4, 3),
                new BatchNorm(4),
                Tensor::relu,
                new MaxPool(2),
                new Flatten(),
                new Dropout(0.25f),
                new Linear(16, 3));
    }

    /** Sentences of unequal lengths with a class for each word, of which some do not count. */
    static Dataset sentences() {
        int[][] words = new int[40][];
        int[][] classes = new int[40][];
        for (int i = 0; i < words.length; i++) {
            words[i] = new Rng(2).split(i).ints(1 + i * 5 % 7, 11);
            classes[i] = Arrays.stream(words[i]).map(w -> w == 4 ? -1 : w % 3).toArray();
        }
        return Dataset.of(
                Field.ragged("x", words).input(), Field.ragged("y", classes).target());
    }

    static Sequential tagger() {
        return new Sequential(new Embedding(11, 6), Recurrent.lstm(6, 5), new Linear(5, 3));
    }

    static CrossEntropy someLabels() {
        return Loss.crossEntropy().ignoreIndex(-1);
    }

    // ---- runs

    /** What a run leaves. */
    record Left(List<float[]> values, List<String> epochs) {
        void mustBe(Left other) {
            assertThat(values.toArray()).isEqualTo(other.values.toArray());
            assertThat(epochs).isEqualTo(other.epochs);
        }

        void mustBeNear(Left other, float distance) {
            for (int i = 0; i < values.size(); i++) {
                assertThat(values.get(i)).containsExactly(other.values.get(i), within(distance));
            }
        }
    }

    static Left left(Model<?> model, Run run) {
        List<float[]> all = new ArrayList<>();
        for (Variable v : StoreRange.store(model.range()).<Variable>cells()) {
            all.add(v.value().toArray());
        }
        return new Left(
                all,
                run.epochs().stream()
                        .map(e -> e.epoch() + " " + e.learningRate() + " " + e.values())
                        .toList());
    }

    static Trainer<Sequential> pictureTrainer(Model<Sequential> model) {
        return Trainer.of(model, Loss.crossEntropy(), new Adam(0.01f))
                .metrics(Metric.accuracy())
                .penalties(Penalty.l2(1e-3f).except("*.bias"))
                .clipNorm(1)
                .keepBest("loss")
                .seed(5);
    }

    private static Left pictures(int seed, UnaryOperator<Trainer<Sequential>> settings) {
        try (var model = Model.of(convnet(), seed);
                Dataset data = pictures()) {
            return left(
                    model,
                    settings.apply(pictureTrainer(model))
                            .fit(data.shuffled(3).batches(24).scaleLast(), data, 3));
        }
    }

    private static Left sentences(UnaryOperator<Trainer<Sequential>> settings) {
        return sentences(settings, new Sgd(0.5f));
    }

    private static Left sentences(UnaryOperator<Trainer<Sequential>> settings, Optimizer recipe) {
        try (var model = Model.of(tagger(), 1);
                Dataset data = sentences()) {
            Trainer<Sequential> trainer =
                    Trainer.of(model, someLabels(), recipe).metrics(Metric.accuracy());
            return left(model, settings.apply(trainer).fit(data.shuffled(3).batches(17), 2));
        }
    }

    // ---- bits

    /** The last batch of an epoch has 12 pictures or 6 sentences, fewer than shards. */
    @Test
    void theBitsDoNotDependOnTheNumberOfReplicas() {
        for (int shards : new int[] {16, 12}) {
            int[] divisors = shards == 16 ? new int[] {1, 2, 4, 8, 16} : new int[] {1, 2, 3, 4, 6, 12};
            Left pictures = pictures(1, t -> t.shards(shards));
            Left together = pictures(1, t -> t.shards(shards).accumulate(2));
            Left sentences = sentences(t -> t.shards(shards));
            assertThat(together.values.toArray()).isNotEqualTo(pictures.values.toArray());
            for (int n : divisors) {
                pictures(1, t -> t.shards(shards).replicas(n)).mustBe(pictures);
                pictures(1, t -> t.shards(shards).replicas(n).accumulate(2)).mustBe(together);
                sentences(t -> t.replicas(n).shards(shards)).mustBe(sentences);
            }
        }
        assertThat(pictures(1, t -> t.shards(12)).values.toArray())
                .as("of other shards")
                .isNotEqualTo(pictures(1, t -> t.shards(16)).values.toArray());
        pictures(1, t -> t.replicas(4)).mustBe(pictures(1, t -> t.shards(16)));
    }

    /** Also where batches count differently, as those of words do of which some do not count. */
    @Test
    void withoutWhatSeesABatchTheStepIsThatOfTheWhole() {
        for (int together : new int[] {1, 2, 3}) {
            Left whole = sentences(t -> t.accumulate(together));
            Left shards = sentences(t -> t.accumulate(together).replicas(2));
            shards.mustBeNear(whole, 1e-5f);
            assertThat(shards.values.toArray()).isNotEqualTo(whole.values.toArray());
            UnaryOperator<Trainer<Sequential>> both =
                    t -> t.accumulate(together).penalties(Penalty.l2(0.01f)).clipNorm(0.5f);
            sentences(t -> both.apply(t).shards(5)).mustBeNear(sentences(both), 1e-5f);
        }
    }

    /** Sums over examples have no shares. */
    @Test
    void aLossThatIsASumIsOneInShards() {
        try (Dataset data = Dataset.of(new Rng(1).normal(60, 0, 1), Shape.of(3), new float[20], Shape.of(1))) {
            List<Left> all = new ArrayList<>();
            for (boolean cut : new boolean[] {false, true}) {
                try (var model = Model.of(new Sequential(new Linear(3, 1)), 1)) {
                    Trainer<Sequential> t = Trainer.of(model, Loss.mse().sum(), new Sgd(0.01f));
                    all.add(left(model, (cut ? t.shards(4) : t).fit(data.batches(8), 2)));
                }
            }
            all.get(1).mustBeNear(all.get(0), 1e-6f);
        }
    }

    /** An optimizer that evaluates the loss again does so in the same shards with the same random numbers. */
    @Test
    void anOptimizerThatEvaluatesAgainSeesTheSameShards() {
        Sam sam = new Sam(new Sgd(0.5f)).radius(0.5f);
        Left whole = sentences(t -> t.accumulate(2).penalties(Penalty.l2(0.01f)), sam);
        Left shards =
                sentences(t -> t.accumulate(2).penalties(Penalty.l2(0.01f)).shards(16), sam);
        shards.mustBeNear(whole, 2e-5f);
        sentences(t -> t.accumulate(2).penalties(Penalty.l2(0.01f)).replicas(4), sam)
                .mustBe(shards);
        List<Double> seen = new ArrayList<>();
        for (int n : new int[] {0, 1, 4}) {
            try (var model = Model.of(convnet(), 1);
                    Dataset data = pictures()) {
                Trainer<Sequential> t = Trainer.of(model, Loss.crossEntropy(), new Looking(seen))
                        .penalties(Penalty.l2(0.1f))
                        .seed(5);
                (n == 0 ? t.shards(16) : t.replicas(n)).fit(data.batches(24), 1);
            }
        }
        assertThat(seen).hasSize(3 * 2 * 3);
        assertThat(seen.subList(0, 6)).isEqualTo(seen.subList(6, 12)).isEqualTo(seen.subList(12, 18));
        for (int i = 0; i < seen.size(); i += 2) {
            assertThat(seen.get(i)).as("evaluated twice").isEqualTo(seen.get(i + 1));
        }
    }

    /** Looks at the loss twice where it is, and goes nowhere. */
    private record Looking(List<Double> seen) implements Optimizer {
        @Override
        public float learningRate() {
            return 0.1f;
        }

        @Override
        public boolean evaluatesAgain() {
            return true;
        }

        @Override
        public void step(dev.fathom.optim.Update update) {
            seen.add(update.again());
            seen.add(update.again());
        }

        @Override
        public String toString() {
            return "Looking";
        }
    }

    // ---- what the arithmetic is

    /** w x, with the gradient x. */
    private static Step.Result product(Sequential net, Batch batch) {
        return new Step.Result(net.apply(batch.x()).mean());
    }

    private static Model<Sequential> weight(int seed) {
        return Model.of(new Sequential(new Linear(1, 1, (shape, rng) -> new float[] {0}).withoutBias()), seed);
    }

    /** Of 11 shards, [0, 8) + ([8, 10) + 10), and of three examples in four shards, one has none. */
    @Test
    void gradientsAreAddedInTheOrderOfTheTree() {
        float[] x = new Rng(1).normal(11, 0, 1);
        float[] g = new float[11];
        for (int i = 0; i < g.length; i++) {
            x[i] *= (float) Math.pow(10, i % 5);
            g[i] = x[i] * (1f / 11);
        }
        float eight = ((g[0] + g[1]) + (g[2] + g[3])) + ((g[4] + g[5]) + (g[6] + g[7]));
        float expected = eight + ((g[8] + g[9]) + g[10]);
        float inOrder = 0;
        for (float part : g) {
            inOrder += part;
        }
        assertThat(expected).isNotEqualTo(inOrder);
        for (int n : new int[] {1, 11}) {
            try (var model = weight(1);
                    Dataset data = Dataset.of(x, Shape.of(1), new int[11])) {
                Trainer.custom(model, new Sgd(1), ShardsTest::product)
                        .shards(11)
                        .replicas(n)
                        .fit(data.batches(11), 1);
                assertThat(model.parameters().get(0).value().item()).isEqualTo(-expected);
            }
        }
        ShardTree tree = new ShardTree(11);
        assertThat(tree.nodes(new ShardTree.Span(0, 11)))
                .containsExactly(new ShardTree.Span(0, 8), new ShardTree.Span(8, 10), new ShardTree.Span(10, 11));
        assertThat(tree.nodes(new ShardTree.Span(3, 8)))
                .containsExactly(new ShardTree.Span(3, 4), new ShardTree.Span(4, 8));
        assertThat(new ShardTree(12).sum(List.of("0-3 ", "4-5 ", "6-7 ", "8-11"), 2, (l, r) -> "(" + l + r + ")"))
                .isEqualTo("((0-3 (4-5 6-7 ))8-11)");
    }

    /** As what the shards of a batch see and leave, computed one by one. */
    @Test
    void buffersAreTheMeansOfWhatShardsLeave() {
        try (var model = Model.of(new Sequential(new BatchNorm(2)), 1);
                Dataset data = Dataset.of(new Rng(1).normal(2 * 15, 3, 2), Shape.of(2), new float[30], Shape.of(2))) {
            List<float[]> means = new ArrayList<>();
            List<float[]> variances = new ArrayList<>();
            for (int from = 0; from < 15; from += 5) {
                try (var copy = model.copy();
                        Pass pass = Pass.train(new Rng(0))) {
                    Batch part = data.batches(15).epoch(0).batch(0, from, from + 5);
                    pass.backward(copy.net().apply(part.x()).sum());
                    means.add(copy.buffers().get(0).value().toArray());
                    variances.add(copy.buffers().get(1).value().toArray());
                }
            }
            Trainer.of(model, Loss.mse(), new Sgd(0.1f)).shards(3).fit(data.batches(15), 1);
            for (int c = 0; c < 2; c++) {
                assertThat(model.buffers().get(0).value().toArray()[c])
                        .isEqualTo(((means.get(0)[c] + means.get(1)[c]) + means.get(2)[c]) / 3);
                assertThat(model.buffers().get(1).value().toArray()[c])
                        .isEqualTo(((variances.get(0)[c] + variances.get(1)[c])
                                        + variances.get(2)[c])
                                / 3);
            }
            assertThat(model.buffers().get(2).value().item()).as("batches seen").isEqualTo(1);
        }
    }

    /** A replica that is trained has buffers that the model it was made of does not follow. */
    @Test
    void aReplicaIsTrainedWithBuffersOfItsOwn() {
        List<float[]> means = new ArrayList<>();
        for (boolean replica : new boolean[] {false, true}) {
            try (var model = Model.of(new Sequential(new BatchNorm(2)), 1);
                    var other = model.replica();
                    Dataset data = Dataset.of(new Rng(1).normal(32, 3, 2), Shape.of(2), new float[32], Shape.of(2))) {
                var trained = replica ? other : model;
                Trainer.of(trained, Loss.mse(), new Sgd(0.1f)).shards(2).fit(data.batches(8), 3);
                means.add(trained.buffers().get(0).value().toArray());
            }
        }
        assertThat(means.get(1)).isEqualTo(means.get(0));
    }

    /** Every shard of every step draws numbers of its own, and the same ones on any thread. */
    @Test
    void randomNumbersDependOnStepAndShard() {
        Map<Integer, Map<String, String>> drawn = new TreeMap<>();
        for (int replicas : new int[] {1, 4}) {
            Map<String, String> masks = new ConcurrentHashMap<>();
            try (var model = weight(1);
                    Dataset data = Dataset.of(new float[8], Shape.of(1), new int[8])) {
                int[] step = {0};
                Trainer.custom(model, new Sgd(1), (net, batch) -> {
                            masks.put(
                                    step[0] + " " + batch.example(0),
                                    Arrays.toString(Pass.current().randn(8).toArray()));
                            return product(net, batch);
                        })
                        .callbacks(new Callback() {
                            @Override
                            public void onStepEnd(Run run) {
                                step[0]++;
                            }
                        })
                        .shards(4)
                        .replicas(replicas)
                        .fit(data.batches(4), 2);
            }
            assertThat(masks).hasSize(16);
            assertThat(masks.values()).doesNotHaveDuplicates();
            drawn.put(replicas, masks);
        }
        assertThat(drawn.get(1)).isEqualTo(drawn.get(4));
    }

    // ---- life

    @TempDir
    Path folder;

    @Test
    void aRunResumesWithAnotherNumberOfReplicas() {
        Left whole = pictures(1, t -> t.replicas(2).accumulate(2));
        for (int last : new int[] {2, 3, 5}) {
            Path here = folder.resolve("after " + last);
            pictures(
                    1,
                    t -> t.replicas(4)
                            .accumulate(2)
                            .checkpoints(Checkpoints.in(here).everySteps(1))
                            .callbacks(new Callback() {
                                @Override
                                public void onStepEnd(Run run) {
                                    if (run.progress().updates() == last) {
                                        run.stopNow("killed");
                                    }
                                }
                            }));
            pictures(9, t -> t.replicas(8).accumulate(2).resume(here)).mustBe(whole);
            pictures(9, t -> t.shards(16).accumulate(2).resume(here)).mustBe(whole);
        }
        assertThatIllegalArgumentException()
                .isThrownBy(() -> pictures(9, t -> t.shards(8).accumulate(2).resume(folder.resolve("after 3"))))
                .withMessageContaining("differs in the number of shards: 8 here but 16 there; make both the same");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> pictures(9, t -> t.accumulate(2).resume(folder.resolve("after 3"))))
                .withMessageContaining("differs in the number of shards: 0 here but 16 there; make both the same");
    }

    @Test
    void aStartedRunIsStoppedAndResumed() {
        Left whole = pictures(1, t -> t.replicas(4));
        try (var model = Model.of(convnet(), 1);
                Dataset data = pictures();
                Run run = pictureTrainer(model)
                        .replicas(4)
                        .callbacks(new Callback() {
                            @Override
                            public void onStepEnd(Run now) {
                                if (now.progress().updates() == 4) {
                                    now.stopNow("enough");
                                }
                            }
                        })
                        .start(data.shuffled(3).batches(24).scaleLast(), data, 3)) {
            assertThat(run.await().ended()).isEqualTo("enough");
            run.resume(3).await();
            left(model, run).mustBe(whole);
        }
    }

    /** As many trainings as cores leave no core to a replica. */
    @Test
    void insideOfWorkersOneThreadComputesAllShards() {
        Left whole = pictures(1, t -> t.replicas(4));
        List<List<String>> threads = new Workers(2).run(2, i -> {
            List<String> names = new ArrayList<>();
            try (var model = weight(1);
                    Dataset data = Dataset.of(new float[8], Shape.of(1), new int[8])) {
                Trainer.custom(model, new Sgd(1), (net, batch) -> {
                            names.add(Thread.currentThread().getName());
                            return product(net, batch);
                        })
                        .shards(4)
                        .replicas(4)
                        .fit(data.batches(8), 1);
            }
            pictures(1, t -> t.replicas(4)).mustBe(whole);
            return names;
        });
        for (List<String> names : threads) {
            assertThat(names).hasSize(4).containsOnly(names.get(0));
        }
    }

    private static final class Broken extends RuntimeException {
        private static final long serialVersionUID = 1;

        Broken(int example) {
            super("example " + example);
        }
    }

    /** Its exception comes out of fit, the weights are those of the last step, and no thread is left. */
    @Test
    void aReplicaThatFailsLeavesTheBatchUnstepped() throws InterruptedException {
        try (var model = weight(1);
                Dataset data = Dataset.of(new Rng(1).normal(32, 0, 1), Shape.of(1), new int[32])) {
            List<Float> steps = new ArrayList<>();
            Trainer<Sequential> trainer = Trainer.custom(model, new Sgd(1), (net, batch) -> {
                        if (batch.example(0) == 28 || batch.example(0) == 24) {
                            throw new Broken(batch.example(0));
                        }
                        return product(net, batch);
                    })
                    .callbacks(new Callback() {
                        @Override
                        public void onStepEnd(Run run) {
                            steps.add(model.parameters().get(0).value().item());
                        }
                    })
                    .replicas(8);
            assertThatThrownBy(() -> trainer.fit(data.batches(16), 1))
                    .isInstanceOf(Broken.class)
                    .hasMessage("example 24");
            assertThat(steps).hasSize(1);
            assertThat(model.parameters().get(0).value().item()).isEqualTo(steps.get(0));
            assertThat(model.parameters().get(0).gradient()).isNull();
            for (int i = 0; i < 100 && replicas() > 0; i++) {
                Thread.sleep(50);
            }
            assertThat(replicas()).isZero();
        }
    }

    private static long replicas() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(t -> t.getName().equals("fathom-replica") && t.isAlive())
                .count();
    }

    @Test
    void aLossThatIsNotFiniteIsExplainedAsThatOfTheWholeBatch() {
        float[] x = new float[32];
        x[29] = -1;
        try (var model = weight(1);
                Dataset all = Dataset.of(x, Shape.of(1), new int[32]);
                Dataset data = all.map(batch -> batch.withX(batch.x().sqrt()))) {
            NonFiniteLossException e = catchThrowableOfType(
                    NonFiniteLossException.class,
                    () -> Trainer.custom(model, new Sgd(1), ShardsTest::product)
                            .replicas(4)
                            .fit(data.batches(16), 2));
            assertThat(e)
                    .hasMessage("loss is NaN at step 2 of epoch 1 (learning rate 1.0): the batch itself holds 1 values"
                            + " that are not finite in its field x; clean the data");
            assertThat(model.parameters().get(0).value().item()).isZero();
        }
    }

    // ---- callbacks

    /** It sees the first shard, and what it changes holds for all. */
    @Test
    void aCallbackComesBeforeTheFirstShard() {
        List<Left> all = new ArrayList<>();
        for (int n : new int[] {1, 4}) {
            List<Integer> passes = new ArrayList<>();
            List<float[]> gradients = new ArrayList<>();
            List<Boolean> seen = new ArrayList<>();
            try (var model = Model.of(
                            new Sequential(
                                    convnet().layers().get(0),
                                    convnet().layers().get(1),
                                    new Flatten(),
                                    new Recompute(new Linear(64, 3))),
                            1);
                    Dataset data = pictures()) {
                Run run = Trainer.of(model, Loss.crossEntropy(), new Sgd(0.1f))
                        .callbacks(new Callback() {
                            @Override
                            public void onForwardBegin(Run training, Pass pass) {
                                passes.add(pass.tape().entries().size());
                                Frames.of(pass).observe(call -> seen.add(call.result() == null));
                                if (training.progress().updates() == 1) {
                                    model.freeze("0.*");
                                    model.eval("1");
                                }
                                if (training.progress().updates() == 4) {
                                    model.unfreeze("0.*");
                                    model.train();
                                }
                            }

                            @Override
                            public void onBackwardEnd(Run training, Model<?> trained) {
                                Parameter p = trained.parameters().get(6 - 1);
                                gradients.add(p.gradient().toArray());
                            }
                        })
                        .replicas(n)
                        .fit(data.batches(24), 2);
                assertThat(passes).containsExactly(0, 0, 0, 0, 0, 0);
                assertThat(gradients).hasSize(6);
                assertThat(seen).as("layers of one shard of six batches").hasSize(6 * 6);
                assertThat(model.buffers().get(2).value().item())
                        .as("batches that the norm has seen: 1, 5 and 6")
                        .isEqualTo(3);
                all.add(left(model, run));
            }
        }
        all.get(1).mustBe(all.get(0));
    }

    // ---- memory

    /** A thread has no more gradients than the tree has levels. */
    @Test
    void gradientsAreHeldForEachLevelOfTheTreeAlone() {
        long one = held(2, 1) - held(1, 1);
        for (int[] c : new int[][] {{16, 1, 5}, {16, 4, 3}, {64, 1, 7}}) {
            double more = held(c[0], c[1]) - held(1, 1);
            assertThat(more / one).as(Arrays.toString(c)).isCloseTo(c[1] * c[2] - 1, within(0.1));
        }
    }

    /** The bytes of all owners after some steps. */
    private static long held(int shards, int replicas) {
        long[] owned = {0};
        try (var model = Model.of(new Sequential(new Linear(512, 512).withoutBias()), 1);
                Dataset data = Dataset.of(new float[512 * 64], Shape.of(512), new float[512 * 64], Shape.of(512))) {
            Trainer.of(model, Loss.mse(), new Sgd(0.1f))
                    .shards(shards)
                    .replicas(replicas)
                    .callbacks(new Callback() {
                        @Override
                        public void onStepEnd(Run run) {
                            owned[0] = Memory.stats().owned();
                        }
                    })
                    .fit(data.batches(64), 2);
        }
        return owned[0];
    }

    /** Gradients are added where they lie. */
    @Test
    @Tag("any-instruction-set") // fences are objects, too
    void aStepAllocatesNothingThatGrowsWithTheModel() {
        assertThat(heap(512) - heap(8)).isLessThan(2048);
    }

    /** The bytes of heap of a step in eight shards, for a layer of so many units. */
    private static long heap(int units) {
        var bean = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        long[] least = {Long.MAX_VALUE, 0};
        float[] x = new float[units * 16];
        try (var model = Model.of(new Sequential(new Linear(units, units), new BatchNorm(units)), 1);
                Dataset data = Dataset.of(x, Shape.of(units), x, Shape.of(units))) {
            Trainer.of(model, Loss.mse(), new Sgd(0.1f))
                    .shards(8)
                    .callbacks(new Callback() {
                        @Override
                        public void onStepEnd(Run run) {
                            long now = bean.getCurrentThreadAllocatedBytes();
                            least[0] = Math.min(least[0], run.progress().updates() < 3 ? least[0] : now - least[1]);
                            least[1] = now;
                        }
                    })
                    .fit(data.batches(16), 60);
        }
        return least[0];
    }

    // ---- refusals

    record Reader(Recurrent lstm) implements Net {}

    @Test
    void whatShardsCannotDoIsRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> pictures(1, t -> t.replicas(3)))
                .withMessage("fit: 16 shards cannot be divided among 3 replicas; give a number of replicas that divides"
                        + " them, or another number with shards(n)");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> pictures(1, t -> t.replicas(0)))
                .withMessage("replicas: n=0 must be from 1 to 256");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> pictures(1, t -> t.shards(0)))
                .withMessageStartingWith("shards: n=0");
        try (var model = Model.of(new Reader(Recurrent.lstm(1, 1)), 1);
                Dataset data = Dataset.of(new float[4], Shape.of(1, 1), new int[4])) {
            Trainer<Reader> carrying = Trainer.custom(
                    model, new Sgd(1), (net, batch, state) -> new Step.Result(Tensor.scalar(0)).withState(State.EMPTY));
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> carrying.shards(2).fit(data.batches(2), 1))
                    .withMessage("fit: the state that a step carries is one for all examples of a batch, which shards"
                            + " do not see; train it without shards, replicas and exchange");
        }
        Supplier<Batches.Epoch> epoch = () -> {
            try (Dataset data = pictures()) {
                return data.batches(24).epoch(0);
            }
        };
        assertThatIllegalArgumentException()
                .isThrownBy(() -> epoch.get().batch(2, 0, 13))
                .withMessage("batch: there are no rows [0, 13) in step 2; an epoch has 3 batches of 24 examples, the"
                        + " last of which may have fewer");
        ShardTree tree = new ShardTree(12);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> tree.share(0, 5))
                .withMessage("shards: there is no part 0 of 5 equal parts of 12 shards; the parts count from 0, and"
                        + " their number divides that of the shards");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> tree.sum(List.of(1, 2), 3, Integer::sum))
                .withMessage("shards: 3 parts of 12 shards have 3 nodes, but there are 2; give something for each, in"
                        + " order");
    }

    @Test
    void aTrainerSaysItsShards() {
        try (var model = weight(1)) {
            Trainer<Sequential> t = Trainer.custom(model, new Sgd(1), ShardsTest::product);
            assertThat(t.toString()).doesNotContain("shards", "replicas");
            assertThat(t.replicas(2).toString()).contains("shards of a batch: 16", "replicas: 2");
        }
    }
}

package dev.fathom.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fathom.nn.Init;
import dev.fathom.nn.Input;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.SequenceLayer;
import dev.fathom.nn.Sequential;
import dev.fathom.op.DType;
import dev.fathom.op.Shape;
import dev.fathom.optim.Adam;
import dev.fathom.optim.Group;
import dev.fathom.parameter.Parameter;
import dev.fathom.plan.Dim;
import dev.fathom.plan.Plan;
import dev.fathom.plan.Session;
import dev.fathom.plan.Spec;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.Check;
import dev.fathom.train.Checkpoints;
import dev.fathom.train.Metric;
import dev.fathom.train.Run;
import dev.fathom.train.Step;
import dev.fathom.train.Trainer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Datasets of several fields, some of them ragged: what a batch has of them, and that all stay together. */
class FieldsTest {
    private static final int N = 60;

    /** Example i is i everywhere: i % 7 tokens of i, as many steps of (i, -i), a number, a pair of bytes, a class. */
    private static Dataset all() {
        int[][] tokens = new int[N][];
        long[] offsets = new long[N + 1];
        float[] ages = new float[N];
        byte[] pixels = new byte[2 * N];
        int[] labels = new int[N];
        int[] pairs = new int[2 * N];
        for (int i = 0; i < N; i++) {
            tokens[i] = new int[i % 7];
            Arrays.fill(tokens[i], i);
            offsets[i + 1] = offsets[i] + i % 7;
            ages[i] = i;
            pixels[2 * i] = pixels[2 * i + 1] = (byte) i;
            labels[i] = i % 3;
            pairs[2 * i] = pairs[2 * i + 1] = -i;
        }
        float[] steps = new float[2 * (int) offsets[N]];
        for (int i = 0; i < N; i++) {
            for (long k = offsets[i]; k < offsets[i + 1]; k++) {
                steps[2 * (int) k] = i;
                steps[2 * (int) k + 1] = -i;
            }
        }
        return Dataset.of(
                Field.ragged("tokens", tokens),
                Field.floats("signal", Shape.of(2), steps).ragged(offsets),
                Field.floats("age", Shape.SCALAR, ages),
                Field.pixels("x", Shape.of(1, 2), pixels).input(),
                Field.ints("pair", Shape.of(2), pairs),
                Field.labels("y", labels).target());
    }

    /** Whether every example of every batch is of one number in all its fields; returns those numbers. */
    private static int[] aligned(Batches batches) {
        int[] seen = new int[batches.examples()];
        int at = 0;
        for (Batches.Epoch epoch = batches.epoch(1); epoch.hasNext(); ) {
            try (Pass pass = Pass.infer()) {
                Batch b = epoch.next();
                int[] lengths = b.lengths("tokens").toIntArray();
                assertThat(b.lengths("signal").toIntArray()).isEqualTo(lengths);
                int most = Math.max(1, Arrays.stream(lengths).max().orElse(0));
                assertThat(b.get("tokens").shape()).isEqualTo(Shape.of(b.size(), most));
                assertThat(b.get("signal").shape()).isEqualTo(Shape.of(b.size(), most, 2));
                int[] tokens = b.get("tokens").toIntArray();
                float[] signal = b.get("signal").toArray();
                for (int i = 0; i < b.size(); i++) {
                    int id = (int) b.get("age").get(i);
                    assertThat(lengths[i]).isEqualTo(id % 7);
                    assertThat(Math.round(b.x().get(i, 0, 1) * 255)).isEqualTo(id);
                    assertThat(b.get("pair").toIntArray()[2 * i + 1]).isEqualTo(-id);
                    assertThat(b.y().toIntArray()[i]).isEqualTo(id % 3);
                    for (int k = 0; k < most; k++) {
                        int expected = k < lengths[i] ? id : 0;
                        assertThat(tokens[i * most + k]).isEqualTo(expected);
                        assertThat(signal[2 * (i * most + k)]).isEqualTo(expected);
                        assertThat(signal[2 * (i * most + k) + 1]).isEqualTo(0f - expected);
                    }
                    seen[at++] = id;
                }
            }
        }
        return seen;
    }

    @Test
    void whateverIsDoneToADatasetItsFieldsStayTogether() {
        try (Dataset d = all()) {
            assertThat(d.fields()).containsExactly("tokens", "signal", "age", "x", "pair", "y");
            assertThat(d)
                    .hasToString("Dataset of 60 examples, tokens [*] of I32, signal [*, 2] of F32, age [] of F32, "
                            + "x [1, 2] of U8, pair [2] of I32, 3 classes");
            assertThat(d.ragged("signal")).isTrue();
            assertThat(d.shape("signal")).isEqualTo(Shape.of(2));
            int[] order = new int[N];
            Arrays.setAll(order, i -> i);
            assertThat(aligned(d.batches(7))).isEqualTo(order);
            assertThat(aligned(d.shuffled(3).batches(16))).isNotEqualTo(order).containsExactlyInAnyOrder(order);
            aligned(d.withReplacement(2).batches(9));
            assertThat(aligned(d.take(50, 60).batches(10))).isEqualTo(Arrays.copyOfRange(order, 50, 60));
            assertThat(aligned(d.subset(9, 9, 2).batches(2))).containsExactly(9, 9, 2);
            Dataset.Split split = d.stratified(15, 4);
            int[] held = aligned(split.heldOut().batches(5));
            assertThat(Arrays.stream(held).filter(i -> i % 3 == 1)).hasSize(5);
            assertThat(aligned(split.rest().batches(5))).doesNotContain(held);
            try (Dataset joined = Dataset.concat(d.subset(8, 7), d.take(0, 3), split.heldOut())) {
                assertThat(joined.size()).isEqualTo(20);
                assertThat(joined.classes()).isEqualTo(3);
                int[] ids = aligned(joined.shuffled(1).batches(6));
                assertThat(ids).contains(8, 7, 0, 1, 2).contains(held);
                assertThat(Arrays.copyOf(aligned(joined.batches(20)), 5)).containsExactly(8, 7, 0, 1, 2);
            }
        }
    }

    /** The steps of all batches of an epoch, padding among them. */
    private static int steps(Batches batches, int epoch) {
        int steps = 0;
        for (Batches.Epoch e = batches.epoch(epoch); e.hasNext(); ) {
            try (Pass pass = Pass.infer()) {
                steps += (int) e.next().get("tokens").shape().size();
            }
        }
        return steps;
    }

    @Test
    void examplesOfSimilarLengthComeTogether() {
        int[] order = IntStream.range(0, N).toArray();
        try (Dataset d = all()) {
            Batches plain = d.shuffled(3).batches(8);
            Batches buckets = plain.bucketed("tokens", 4);
            int[] ids = aligned(buckets);
            assertThat(ids).containsExactlyInAnyOrder(order).isNotEqualTo(aligned(plain));
            assertThat(aligned(buckets)).as("the seed and the epoch decide").isEqualTo(ids);
            assertThat(Arrays.copyOfRange(ids, 56, 60))
                    .as("a short last batch stays as it was")
                    .isEqualTo(Arrays.copyOfRange(aligned(plain), 56, 60));
            int[] firsts = new int[7];
            for (int b = 0; b < 7; b++) {
                int[] lengths =
                        Arrays.stream(ids, 8 * b, 8 * b + 8).map(i -> i % 7).toArray();
                assertThat(lengths).isSorted();
                firsts[b] = lengths[0];
            }
            assertThat(firsts)
                    .as("the batches are shuffled")
                    .isNotEqualTo(Arrays.stream(firsts).sorted().toArray());
            assertThat(steps(buckets, 2)).isLessThan(steps(plain, 2) * 3 / 4);
            assertThat(aligned(plain.bucketed("tokens", 1))).as("one at a time").containsExactlyInAnyOrder(order);
            Batches.Epoch before = buckets.epoch(0);
            buckets.epoch(1);
            assertThatThrownBy(before::next).isExactlyInstanceOf(IllegalStateException.class);
            // all at once in order: sorted by length, and by number within one length
            int[] sorted = aligned(d.take(0, 56).batches(8).bucketed("tokens", 1000));
            assertThat(Arrays.copyOf(sorted, 9)).containsExactly(0, 7, 14, 21, 28, 35, 42, 49, 1);
            assertThat(buckets)
                    .hasToString("batches of 8 of 60 examples, shuffled by seed 3, 4 at a time sorted by the length of "
                            + "tokens");
            assertThat(buckets.dropLast().scaleLast().withoutAugmentation().toString())
                    .contains("sorted by the length");
            aligned(d.withReplacement(2).batches(9).bucketed("tokens", 3));
            refused(() -> plain.bucketed("age", 3), "bucketed: the field age is not ragged; all examples are []");
            refused(() -> plain.bucketed("tokens", 0), "bucketed: batches=0; sort at least one batch at a time");
            refused(
                    () -> plain.bucketed("z", 1),
                    "ragged: this dataset has no field z; it has [tokens, signal, age, x, pair, y], so name one of"
                            + " them");
        }
    }

    @Test
    void paddingIsOnEitherSideOfAnyValueAndLength() {
        try (Dataset d = Dataset.of(Field.ragged("t", new int[][] {{1, 2, 3}, {}, {4}, {5, 6, 7, 8, 9}}))) {
            assertThat(tokens(d, 0, 3)).containsExactly(1, 2, 3, 0, 0, 0, 4, 0, 0);
            assertThat(tokens(d, 1, 2))
                    .as("a batch of empty examples has one step")
                    .containsExactly(0);
            assertThat(tokens(d.padded("t", Padding.front().value(-1)), 0, 3))
                    .containsExactly(1, 2, 3, -1, -1, -1, -1, -1, 4);
            Padding two = Padding.behind().limit(2);
            assertThat(tokens(d.padded("t", two), 0, 4)).containsExactly(1, 2, 0, 0, 4, 0, 5, 6);
            assertThat(tokens(d.padded("t", two.keepEnd()), 0, 4)).containsExactly(2, 3, 0, 0, 4, 0, 8, 9);
            assertThat(tokens(d.padded("t", Padding.front().length(4).value(9)), 1, 4))
                    .containsExactly(9, 9, 9, 9, 9, 9, 9, 4, 5, 6, 7, 8);
            try (Pass pass = Pass.infer()) {
                assertThat(d.padded("t", two)
                                .batches(4)
                                .epoch(0)
                                .next()
                                .lengths("t")
                                .toIntArray())
                        .containsExactly(2, 0, 1, 2);
            }
        }
        try (Dataset d = Dataset.of(
                        Field.ints("t", Shape.SCALAR, "kiwifig".getBytes()).ragged(0, 4, 4, 7));
                Dataset f = Dataset.of(Field.ragged("t", new float[][] {{1.5f}, {}, {2, 3}}))) {
            assertThat(tokens(d, 0, 3)).containsExactly('k', 'i', 'w', 'i', 0, 0, 0, 0, 'f', 'i', 'g', 0);
            try (Pass pass = Pass.infer()) {
                Dataset half = f.padded("t", Padding.front().value(0.5));
                assertThat(half.batches(3).epoch(0).next().get("t").toArray())
                        .containsExactly(0.5f, 1.5f, 0.5f, 0.5f, 2, 3);
            }
        }
    }

    @Test
    void rolesDecideAndNamesAreFree() {
        try (Dataset d = Dataset.of(
                        Field.labels("kind", 1, 0, 1).target(),
                        Field.floats("x", Shape.of(1), new float[] {7, 8, 9}),
                        Field.ragged("words", new int[][] {{1}, {2, 3}, {}}).input());
                Dataset alone = Dataset.of(Field.floats("steps", Shape.of(2), new float[] {1, 2, 3, 4}));
                Pass pass = Pass.infer()) {
            Batch b = d.batches(3).epoch(0).next();
            assertThat(d).hasToString("Dataset of 3 examples, x [1] of F32, words [*] of I32, 2 classes");
            assertThat(d.classes()).isEqualTo(2);
            assertThat(d.labels()).containsExactly(1, 0, 1);
            assertThat(b.x().toIntArray()).containsExactly(1, 0, 2, 3, 0, 0);
            assertThat(b.y().toIntArray()).containsExactly(1, 0, 1);
            assertThat(b.name(Role.INPUT)).isEqualTo("words").isEqualTo(d.name(Role.INPUT));
            assertThat(d.role("x")).isEqualTo(Role.OTHER);
            assertThat(b.withX(b.get("x")).names()).containsExactly("kind", "x", "words");
            assertThat(b.withX(b.get("x")).x().toArray()).containsExactly(7, 8, 9);

            Batch plain = alone.batches(2).epoch(0).next();
            Batch both = plain.withX(plain.get("steps").slice(1, 0, 1)).withY(plain.get("steps"));
            assertThat(both.names()).containsExactly("steps", "x", "y");
            assertThat(both.x().toArray()).containsExactly(1, 3);
            assertThat(both.y().toArray()).containsExactly(1, 2, 3, 4);
            refused(
                    plain::y,
                    "batch: none of the fields [steps] is the target; mark one where the dataset is made, as in"
                            + " Field.floats(...).target()");
            refused(
                    alone::featureShape,
                    "name: none of the fields [steps] is the input; mark one where the dataset is made, as in"
                            + " Field.floats(...).input()");
            refused(
                    () -> Dataset.of(
                            Field.labels("a", 1).input(), Field.labels("b", 1).input()),
                    "of: the fields a and b are both the input; mark one of them");
        }
    }

    private static int[] tokens(Dataset d, int from, int to) {
        try (Pass pass = Pass.infer()) {
            return d.take(from, to).batches(to - from).epoch(0).next().get("t").toIntArray();
        }
    }

    @Test
    void aChangeSeesEveryBatch() {
        try (Dataset d = Dataset.of(new float[] {1, 2, 3}, Shape.of(1), new int[] {0, 1, 0})) {
            Dataset changed = d.map(b -> b.withX(b.x().mul(2)))
                    .map(b -> b.with("double", b.x().mul(2)))
                    .take(1, 3);
            try (Pass pass = Pass.infer()) {
                Batch b = changed.batches(2).epoch(0).next();
                assertThat(b.names()).containsExactly("x", "y", "double");
                assertThat(b.x().toArray()).containsExactly(4, 6);
                assertThat(b.get("double").toArray()).containsExactly(8, 12);
                assertThat(b.y().toIntArray()).containsExactly(1, 0);
                assertThatIllegalArgumentException()
                        .isThrownBy(() -> b.withX(Tensor.zeros(3)))
                        .withMessage("with: x is [3] for 2 examples; its first dimension must be theirs");
                assertThatIllegalArgumentException()
                        .isThrownBy(() -> d.map(one -> new Batch(Tensor.zeros(1), Tensor.zeros(1)))
                                .batches(3)
                                .epoch(0)
                                .next())
                        .withMessage("map: a batch of 3 examples became one of 1; a change must keep their number");
            }
        }
    }

    /**
     * Each row of a batch goes on where it ended in the batch before, and y is one token ahead, also across pieces and
     * rows.
     */
    @Test
    void piecesGoOnInTheirRows() {
        int[] text = IntStream.range(0, 3 * 2 * 4 + 3)
                .toArray(); // three pieces of two rows of four; the last two are left out
        try (Dataset d = Dataset.pieces(text, 2, 4);
                Pass pass = Pass.infer()) {
            assertThat(d.size()).isEqualTo(6);
            for (int epoch = 0; epoch < 2; epoch++) {
                Batches.Epoch batches =
                        d.map(b -> new Batch(b.x(), b.y())).batches(2).epoch(epoch);
                for (int piece = 0; piece < 3; piece++) {
                    int at = piece * 4;
                    Batch b = batches.next();
                    assertThat(b.isFirst()).isEqualTo(piece == 0);
                    assertThat(b.with("z", b.x()).isFirst()).isEqualTo(piece == 0);
                    assertThat(b.x().toIntArray())
                            .containsExactly(at, at + 1, at + 2, at + 3, 12 + at, 13 + at, 14 + at, 15 + at);
                    assertThat(b.y().toIntArray())
                            .containsExactly(at + 1, at + 2, at + 3, at + 4, 13 + at, 14 + at, 15 + at, 16 + at);
                }
                assertThat(batches.hasNext()).isFalse();
            }
        }
        try (Dataset least = Dataset.pieces(new int[9], 2, 4)) {
            assertThat(least.size()).isEqualTo(2);
        }
        refused(
                () -> Dataset.pieces(new int[8], 2, 4),
                "pieces: 8 tokens are too few for 2 rows of 4 and the token behind them; give more, or cut them into"
                        + " fewer or shorter rows");
        refused(() -> Dataset.pieces(new int[8], 0, 4), "pieces: rows=0 must be at least 1");
        refused(
                () -> Dataset.pieces(new int[8], Integer.MAX_VALUE, Integer.MAX_VALUE),
                "pieces: 8 tokens are too few for 2147483647 rows of 2147483647 and the token behind them; give more,"
                        + " or cut them into fewer or shorter rows");
        refused(
                () -> Dataset.pieces(new int[0], 1, 1),
                "pieces: 0 tokens are too few for 1 rows of 1 and the token behind them; give more, or cut them into"
                        + " fewer or shorter rows");
    }

    // ---- tokens through all of it

    /** The mean of the rows of a table that the tokens name: an embedding bag. */
    private record Bag(Parameter table) implements SequenceLayer {
        Bag(int words, int width) {
            this(new Parameter(Shape.of(words, width), Init.normal(0, 0.1f)));
        }

        @Override
        public Tensor forward(Tensor tokens, @Nullable Tensor lengths) {
            Tensor rows = table.value().take(0, tokens);
            if (lengths == null) {
                return rows.mean(1);
            }
            int[] steps = lengths.toIntArray();
            float[] shares = new float[steps.length * tokens.dim(1)];
            for (int i = 0; i < shares.length; i++) {
                int row = i / tokens.dim(1);
                shares[i] = i % tokens.dim(1) < steps[row] ? 1f / steps[row] : 0;
            }
            return rows.mul(Tensor.of(shares, tokens.dim(0), tokens.dim(1), 1)).sum(1);
        }

        @Override
        public boolean keepsSteps() {
            return false;
        }
    }

    private static Model<Sequential> words() {
        return Model.of(new Sequential(new Bag(50, 8), new Linear(8, 2)), 1);
    }

    /** Class 1 where a token is 40 or more. */
    private static Dataset sentences() {
        Rng rng = new Rng(5);
        int[][] tokens = new int[120][];
        int[] labels = new int[tokens.length];
        for (int i = 0; i < tokens.length; i++) {
            labels[i] = i % 2;
            float[] u = rng.uniform(3 + i % 5, 1, 40);
            tokens[i] = new int[u.length];
            for (int k = 0; k < u.length; k++) {
                tokens[i][k] = (int) u[k];
            }
            if (labels[i] == 1) {
                tokens[i][i % 3] = 40 + i % 10;
            }
        }
        return Dataset.of(
                Field.ragged("x", tokens).input(), Field.labels("y", labels).target());
    }

    @Test
    void tokensGoThroughATrainerACheckpointAndAPlan(@TempDir Path folder) {
        try (Dataset d = sentences();
                Model<Sequential> model = words();
                Model<Sequential> parts = words()) {
            assertThat(model.summary(Input.ints(3, 7)))
                    .containsPattern("0 +Bag +\\[3, 8\\] +400")
                    .containsPattern("1 +Linear +\\[3, 2\\] +18");
            Dataset.Split split = d.stratified(20, 1);
            Batches batches = split.rest().shuffled(1).batches(10);
            Run h = trainer(model).fit(batches, split.heldOut(), 20);
            assertThat(h.series("val_accuracy")[19]).isGreaterThan(0.9);
            trainer(parts).checkpoints(Checkpoints.in(folder)).fit(batches, split.heldOut(), 8);
            try (Model<Sequential> resumed = words()) {
                trainer(resumed)
                        .checkpoints(Checkpoints.in(folder))
                        .resume(folder)
                        .fit(batches, split.heldOut(), 20);
                assertThat(resumed.parameter("0.table").value().toArray())
                        .isEqualTo(model.parameter("0.table").value().toArray());
            }
            Check check = trainer(model).check(batches);
            assertThat(check.findings().stream().map(Check.Finding::name))
                    .containsExactly("start loss", "one batch", "inputs", "examples", "outputs", "padding");
            assertThat(check.findings().get(3).passed()).as(check.toString()).isTrue();
            int[] tokens = {1, 2, 45, 3, 4, 5, 6, 7};
            try (Plan plan = Plan.freeze(
                            model, (net, in) -> net.apply(in[0]), Spec.of("tokens", DType.I32, Dim.BATCH, 4));
                    Session session = plan.newSession(2);
                    Pass pass = Pass.infer()) {
                float[] eager = model.net().apply(Tensor.ofInts(tokens, 2, 4)).toArray();
                session.inputBytes("tokens").asIntBuffer().put(tokens);
                session.run();
                float[] frozen = new float[4];
                session.output().get(0, frozen);
                assertThat(frozen).isEqualTo(eager);
            }
        }
    }

    private static Trainer<Sequential> trainer(Model<Sequential> model) {
        return Trainer.of(model, Loss.crossEntropy(), new Adam(0.05f))
                .groups(Group.of("0.table").lazy())
                .metrics(Metric.accuracy());
    }

    @Test
    void aLayerThatMixesItsExamplesIsFoundThroughTokensToo() {
        record Mixing(Bag bag) implements SequenceLayer {
            @Override
            public Tensor forward(Tensor tokens, @Nullable Tensor lengths) {
                Tensor y = bag.apply(tokens, lengths);
                return y.sub(y.mean(0));
            }
        }
        try (Dataset d = sentences();
                Model<Mixing> model = Model.of(new Mixing(new Bag(50, 2)), 1)) {
            Check check =
                    Trainer.of(model, Loss.crossEntropy(), new Adam(0.05f)).check(d.batches(10));
            assertThat(check.findings().get(3).sentence())
                    .isEqualTo(
                            "the output of example 0 depends on others; look for a reshape or a reduction that mixes "
                                    + "the batch");
        }
    }

    /** A step of one's own reads any field: the mean over the steps that are the example's own. */
    @Test
    void aStepReadsLengths() {
        try (Dataset d = sentences();
                Model<Sequential> model = words()) {
            Run h = Trainer.custom(model, new Adam(0.05f), (net, batch) -> {
                        Tensor lengths = batch.lengths("x").to(DType.F32);
                        Tensor output = net.apply(batch.x()).div(lengths.reshape(batch.size(), 1));
                        return new Step.Result(Loss.crossEntropy().of(output, batch.y()), output);
                    })
                    .metrics(Metric.accuracy())
                    .fit(d.shuffled(1).batches(10), 20);
            assertThat(h.series("accuracy")[19]).isGreaterThan(0.9);
        }
    }

    // ---- what cannot be

    private static void refused(ThrowingCallable call, String sentence) {
        assertThatThrownBy(call)
                .isExactlyInstanceOf(IllegalArgumentException.class)
                .hasMessage(sentence);
    }

    @Test
    void hostileFieldsAreSentences() {
        Field steps = Field.ints("t", Shape.SCALAR, new int[5]);
        refused(() -> steps.ragged(), "field t: the offsets begin with nothing; the first must be 0");
        refused(() -> steps.ragged(1, 5), "field t: the offsets begin with 1; the first must be 0");
        refused(
                () -> steps.ragged(0, 3, 2, 5),
                "field t: offset 2 is 2 but offset 1 is 3, so example 1 would have a negative length; give ascending "
                        + "offsets");
        refused(
                () -> steps.ragged(0, 3, Long.MAX_VALUE),
                "field t: the offsets end at 9223372036854775807 but there are 5 steps; the last offset must be their "
                        + "number");
        refused(
                () -> steps.ragged(0, 3),
                "field t: the offsets end at 3 but there are 5 steps; the last offset must be their number");
        refused(
                () -> Field.labels("y", 1, 2).target().ragged(0, 2),
                "field y: labels and pixels cannot be ragged; use ints or floats");
        refused(
                () -> Field.floats("f", Shape.of(2), new float[3]),
                "field f: 3 values are not whole examples of shape [2], which take 2 each; give a multiple of that");
        refused(() -> Field.floats(" ", Shape.of(2), new float[2]), "field: a field needs a name, such as image");
        refused(() -> Dataset.of(), "of: there are no fields; give at least one");
        refused(
                () -> Dataset.of(steps, Field.labels("y", 1, 2).target()),
                "of: the field t has 5 examples but y has 2; give equally many");
        refused(() -> Dataset.of(steps, steps), "of: two fields are called t; give each a name of its own");
        refused(
                () -> Dataset.of(steps.ragged(0, 5), Field.labels("y", -2).target()),
                "of: label -2 of example 0 is out of range; number the classes from 0");
        refused(
                () -> Dataset.of(Field.floats("t", Shape.SCALAR, new float[] {1, Float.NaN})
                        .ragged(0, 2)),
                "of: field t step 1, column 0 is NaN; replace it, or leave the example out");
        refused(() -> Dataset.of(Field.ragged("t", new int[0][])), "field t: there are no examples; give at least one");
        refused(() -> Padding.behind().limit(0), "padding: limit=0 must be at least 1");
        refused(() -> Padding.behind().value(Double.NaN), "padding: value=NaN must be finite");
    }

    @Test
    void aFieldThatIsNotThereIsNamed() {
        try (Dataset d = Dataset.of(
                        Field.ragged("t", new int[][] {{1, 2}, {3}}), Field.floats("f", Shape.SCALAR, new float[2]));
                Dataset other = Dataset.of(Field.ragged("t", new float[][] {{1}}));
                Model<Sequential> model = words();
                Pass pass = Pass.infer()) {
            Batch b = d.batches(2).epoch(0).next();
            refused(
                    b::x,
                    "batch: none of the fields [t, f] is the input; mark one where the dataset is made, as in"
                            + " Field.floats(...).input()");
            refused(() -> b.lengths("f"), "lengths: the field f is not ragged; every example has all of [2]");
            refused(
                    () -> d.flattened(),
                    "flattened: none of the fields [t, f] is the input; mark one where the dataset is made, as in"
                            + " Field.floats(...).input()");
            refused(
                    () -> d.label(0),
                    "label: none of the fields [t, f] is the target; mark one where the dataset is made, as in"
                            + " Field.floats(...).target()");
            refused(() -> d.padded("f", Padding.front()), "padded: the field f is not ragged; all examples are []");
            refused(
                    () -> d.padded("t", Padding.front().value(0.5)),
                    "padded: value=0.5 for the integers of t; give a whole number");
            refused(
                    () -> Dataset.concat(d, other),
                    "concat: Dataset of 1 example, t [*] of F32 has other fields than Dataset of 2 examples, t [*] of"
                            + " I32, f [] of F32; give datasets whose fields agree in name, role, type and shape");
            refused(Dataset::concat, "concat: there are no datasets; give at least one");
            assertThatThrownBy(() -> trainer(model).fit(d.batches(2), 1))
                    .hasMessageStartingWith("batch: none of the fields [t, f] is the input");
            try (Dataset tokens = sentences()) {
                refused(
                        () -> tokens.batches(2)
                                .augment(data ->
                                        (all, seed, first) -> new Batch(all.y().slice(0, 0, 1), all.y()))
                                .epoch(0)
                                .batch(0),
                        "augment: a batch of 2 examples became one of 1; a change must keep their number");
                refused(
                        () -> tokens.normalizedBy(tokens),
                        "normalized: the features of this dataset are integers, which stay as they are");
                refused(
                        () -> tokens.pixels(0),
                        "pixels: the features of this dataset are integers; read them from a batch");
            }
        }
    }
}

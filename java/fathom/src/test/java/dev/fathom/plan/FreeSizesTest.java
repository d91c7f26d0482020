package dev.fathom.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fathom.kernel.Kernel;
import dev.fathom.kernel.NativeMemoryException;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.op.DType;
import dev.fathom.op.PadMode;
import dev.fathom.op.Scatter;
import dev.fathom.op.Shape;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import java.util.List;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/**
 * What follows a free batch and length is at each of them what an eager run gives, or the session is refused: a plan
 * touches no memory but its own.
 */
class FreeSizesTest {
    private static final Spec X = Spec.of("x", Dim.BATCH, Dim.LENGTH, 3);
    private static final Spec TABLE = Spec.of("table", 2, 64, 3);

    private static Plan freeze(Function<Tensor[], Tensor> function, Spec... specs) {
        try (var model = Model.of(new Sequential(), 1)) {
            return Plan.freeze(model, (net, in) -> function.apply(in), specs);
        }
    }

    /** Opens a session and compares it with an eager run. */
    private static void same(Plan plan, Function<Tensor[], Tensor> function, int batch, int length) {
        try (Session s = plan.newSession(batch, length);
                Pass pass = Pass.infer()) {
            Tensor[] in = new Tensor[plan.specs.size()];
            for (int i = 0; i < in.length; i++) {
                Shape shape = plan.specs.get(i).at(new Sizes(batch, length));
                float[] values = new Rng(i).normal((int) shape.size(), 0, 1);
                s.input(plan.specs.get(i).name()).put(0, values);
                in[i] = Tensor.of(values, shape.toArray());
            }
            s.run();
            Tensor eager = function.apply(in);
            float[] y = new float[s.output().capacity()];
            s.output().get(0, y);
            assertThat(s.outputShape(0)).isEqualTo(eager.shape());
            assertThat(y).as("batch %d and length %d", batch, length).isEqualTo(eager.toArray());
        }
    }

    private static void check(Function<Tensor[], Tensor> function, Spec[] specs, int[] lengths, int... refused) {
        try (Plan plan = freeze(function, specs)) {
            for (int length : lengths) {
                for (int batch : new int[] {1, 2, 5}) {
                    same(plan, function, batch, length);
                }
            }
            for (int length : refused) {
                assertThatThrownBy(() -> plan.newSession(2, length))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageStartingWith("newSession: length=" + length + " is outside the lengths that ");
            }
        }
    }

    private static Spec[] specs(Spec... specs) {
        return specs;
    }

    private static int[] lengths(int... lengths) {
        return lengths;
    }

    @Test
    void sessionsOfTheSameSizesShareTheirCommands() {
        Function<Tensor[], Tensor> f = in -> in[0].mul(2).sum(1);
        Plan plan = freeze(f, X);
        Sizes first = new Sizes(1, 1);
        Lowering kept = plan.lowered(first);
        assertThat(plan.lowered(new Sizes(1, 1))).isSameAs(kept);
        for (int length = 2; length <= 16; length++) {
            assertThat(plan.lowered(new Sizes(1, length))).isNotSameAs(kept);
        }
        Lowering second = plan.lowered(new Sizes(1, 2));
        Lowering third = plan.lowered(new Sizes(1, 3));
        assertThat(plan.lowered(first)).as("the last 16 are kept").isSameAs(kept);
        plan.lowered(new Sizes(1, 2));
        for (int length = 4; length <= 16; length++) {
            plan.lowered(new Sizes(1, length));
        }
        plan.lowered(new Sizes(2, 1));
        assertThat(plan.lowered(first)).isSameAs(kept);
        assertThat(plan.lowered(new Sizes(1, 2))).isSameAs(second);
        assertThat(plan.lowered(new Sizes(1, 3)))
                .as("the least recently used one goes")
                .isNotSameAs(third);
        for (int length = 17; length <= 40; length++) {
            plan.lowered(new Sizes(1, length));
        }
        assertThat(plan.lowered(first)).as("those that went are made anew").isNotSameAs(kept);
        same(plan, f, 2, 3);
        same(plan, f, 2, 3);
        plan.close();
        assertThatThrownBy(() -> plan.newSession(2, 3)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void rowsOfATableEndWhereItEnds() {
        check(in -> in[1].slice(1, 0, in[0].dim(1)).relu(), specs(X, TABLE), lengths(1, 5, 64), 65, 100);
    }

    @Test
    void theLastPlacesBeginWithinTheInput() {
        check(in -> in[0].slice(1, in[0].dim(1) - 8, in[0].dim(1)), specs(X), lengths(8, 9, 300), 1, 5, 7);
    }

    @Test
    void paddingToASizeEndsAtThatSize() {
        check(
                in -> in[0].slice(1, 0, 1).pad(PadMode.ZEROS, 0, 64 - in[0].dim(1)),
                specs(X),
                lengths(1, 12, 64),
                65,
                100,
                2000);
        check(in -> in[0].pad(PadMode.ZEROS, 0, 64 - in[0].dim(1)), specs(X), lengths(1, 12, 64), 65, 100, 2000);
    }

    @Test
    void theLargestOfATableAreAsManyAsItHas() {
        check(in -> in[1].topk(1, in[0].dim(1)).values(), specs(X, TABLE), lengths(1, 17, 64), 65, 100);
        check(in -> in[0].topk(1, in[0].dim(1) - 8).values(), specs(X), lengths(8, 9, 40), 1, 7);
    }

    @Test
    void whatIsRolledFurtherThanItIsLongComesAroundAgain() {
        check(in -> in[0].roll(1, 12), specs(X), lengths(1, 2, 5, 11, 12, 13, 24, 100));
        check(in -> in[0].roll(1, -3), specs(X), lengths(1, 2, 3, 4, 100));
    }

    @Test
    void aLimitThatNoShortLengthReachesIsFound() {
        assertThatThrownBy(() -> freeze(in -> in[0].slice(1, 0, Math.min(in[0].dim(1), 1000)), X))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageStartingWith(
                        "freeze: slice: its to is 1000 at batch 2 and length 4096, 16 at batch 2 and length 16, ")
                .hasMessageContaining("or a floor quotient of the length by at most 32; "
                        + "if that holds for a part of the sizes, name that part with Spec.length(min, "
                        + "max, multipleOf)");
        Spec[] below = {X.length(1, 1000)};
        check(in -> in[0].slice(1, 0, Math.min(in[0].dim(1), 1000)), below, lengths(1, 999, 1000), 1001, 2000);
        assertThatThrownBy(() -> freeze(in -> in[0].slice(0, 0, Math.min(in[0].dim(0), 40)), X))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageEndingWith("it must be constant, or grow in proportion to the batch size; "
                        + "if that holds for a part of the sizes, name that part with Spec.batch(min, max)");
    }

    @Test
    void scoresOfAllPairs() {
        check(in -> in[0].matmulTransposed(in[0]).softmax(-1).matmul(in[0]), specs(X), lengths(1, 2, 16, 33));
    }

    @Test
    void rangesAreDeclared() {
        Spec even = X.length(3, 20, 4);
        try (Plan plan = freeze(in -> in[0].relu(), even)) {
            for (int length = 1; length < 30; length++) {
                int l = length;
                if (length % 4 == 0 && length <= 20) {
                    plan.newSession(1, length).close();
                } else {
                    assertThatThrownBy(() -> plan.newSession(1, l))
                            .hasMessage("newSession: length=" + l
                                    + " is outside the lengths that the Spec of an input names, "
                                    + "4 to 20 in steps of 4; choose one of these, or name others there");
                }
            }
        }
        try (Plan plan = freeze(in -> in[0].relu(), Spec.of("x", Dim.BATCH, 3).batch(2, 3));
                Session session = plan.newSession()) {
            assertThat(session.batch()).isEqualTo(2);
        }
        try (Plan plan = freeze(in -> in[0].relu(), X.batch(2, 3))) {
            assertThatThrownBy(() -> plan.workspaceBytes(2)).hasMessageContaining("use newSession(batch, length)");
            plan.newSession(2, 5).close();
            assertThatThrownBy(() -> plan.newSession(1, 5))
                    .hasMessage(
                            "newSession: batch=1 is outside the batch sizes that the Spec of an input names, 2 to 3; "
                                    + "choose one of these, or name others there");
        }
        try (Plan plan = freeze(in -> in[0].relu(), X)) {
            assertThatThrownBy(() -> plan.newSession(1, 5000))
                    .hasMessage(
                            "newSession: length=5000 is outside the lengths that were tried when the plan was frozen, "
                                    + "1 to 4096; name those that are possible with Spec.length(min, max, multipleOf)");
        }
        assertThatThrownBy(() -> X.length(5, 7, 4).name())
                .hasMessage("spec x: no length is from 5 to 7 and a multiple of 4; "
                        + "give a range that begins at 1 or more and is not empty");
        assertThatThrownBy(() -> X.length(0, 7)).hasMessageStartingWith("spec x: no length is from 0 to 7; ");
        assertThatThrownBy(() -> X.length(5, 7, 0)).hasMessageStartingWith("spec x: no length is from 5 to 7 and ");
        assertThatThrownBy(() -> Spec.of("t", Dim.BATCH, 3).length(1, 2))
                .hasMessage("spec t: it has no Dim.LENGTH, so there is no length to choose; "
                        + "name the range of an input that has it");
        assertThatThrownBy(() -> freeze(
                        in -> in[0].relu(),
                        X.length(1, 9),
                        Spec.of("y", Dim.LENGTH).length(1, 8)))
                .hasMessage("freeze: inputs declare different lengths, 1 to 9 and 1 to 8; "
                        + "a session has one, so let one input name it");
    }

    /** A function that a declared size does not suit says so when it is frozen. */
    @Test
    void aDeclaredSizeThatIsRefused() {
        assertThatThrownBy(() -> freeze(in -> in[1].slice(1, 0, in[0].dim(1)).relu(), X.length(1, 65), TABLE))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith(
                        "freeze: at batch 2 and length 65, slice: places 0 to 65 are outside x [2, 64, 3]");
    }

    private static void batches(Function<Tensor[], Tensor> function, Spec spec, int least, int most) {
        try (Plan plan = freeze(function, spec)) {
            for (int batch : new int[] {least, Math.min(least + 1, most), most}) {
                if (spec.has(Dim.LENGTH)) {
                    same(plan, function, batch, 7);
                } else {
                    try (Session s = plan.newSession(batch)) {
                        assertThat(s.batch()).isEqualTo(batch);
                    }
                }
            }
            for (int batch : new int[] {least - 1, most + 1}) {
                assertThatThrownBy(() -> plan.calls.batches().check("batch", batch))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageStartingWith("newSession: batch=" + batch + " is outside the batch sizes that ");
            }
        }
    }

    @Test
    void rangesOfFewBatches() {
        Function<Tensor[], Tensor> flat =
                in -> in[0].reshape(in[0].dim(0), 12, 1).relu();
        for (int[] range : new int[][] {{1, 1}, {1, 2}, {1, 3}, {2, 2}, {2, 3}, {7, 8}, {9, 9}}) {
            batches(flat, Spec.of("x", Dim.BATCH, 3, 4).batch(range[0], range[1]), range[0], range[1]);
            batches(
                    in -> in[0].reshape(in[0].dim(0) * in[0].dim(1), 3).relu(),
                    X.batch(range[0], range[1]).length(7, 8),
                    range[0],
                    range[1]);
        }
    }

    /** A search begins at several batch sizes, because some functions refuse small ones and some all but those. */
    @Test
    void batchesAreFoundWhereTwoAreRefused() {
        Spec x = Spec.of("x", Dim.BATCH, 3);
        batches(in -> in[0].reshape(1, 3).relu(), x, 1, 1);
        batches(in -> in[0].slice(0, in[0].dim(0) - 4, in[0].dim(0)).relu(), x, 4, 4096);
        batches(in -> in[0].slice(0, in[0].dim(0) - 100, in[0].dim(0)).relu(), x, 100, 4096);
        batches(in -> in[0].slice(0, in[0].dim(0) - 4, in[0].dim(0)).slice(1, 2, in[0].dim(1)), X, 4, 4096);
        batches(in -> in[0].slice(0, in[0].dim(0) - 4, in[0].dim(0)), X.length(7, 9), 4, 4096);
        assertThatThrownBy(() -> freeze(in -> in[0].reshape(3, 5), x))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("reshape: ");
    }

    @Test
    void aSessionThatIsNotToldOtherwiseHasOneExampleOrTheFewestThatThePlanTakes() {
        Function<Tensor[], Tensor> rest = in -> in[0].slice(0, 1, in[0].dim(0)).slice(0, 0, 1);
        try (Plan plan = freeze(rest, Spec.of("x", Dim.BATCH, 3));
                Session session = plan.newSession()) {
            assertThat(session.batch()).isEqualTo(2);
        }
        try (var model = Model.of((Layer) x -> x.slice(0, 1, x.dim(0)).slice(0, 0, 1), 1)) {
            for (int batch : new int[] {2, 5, 5000}) {
                try (Plan plan = Plan.freeze(model, Shape.of(batch, 3));
                        Session session = plan.newSession()) {
                    assertThat(session.batch()).isEqualTo(batch);
                }
            }
            assertThatThrownBy(() -> Plan.freeze(model, Shape.of(1, 3)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageStartingWith("slice: places 0 to 1 are outside x [0, 3]: ");
            assertThatThrownBy(() -> Plan.freeze(model, Shape.of(0, 3)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("freeze: shape [0, 3] has no examples; give a first dimension of at least 1");
        }
    }

    /** A view that begins 80 GB behind the beginning of its tensor is still in it. */
    @Test
    void placesInTensorsOfAnySize() {
        int batch = 20_000;
        int row = 1 << 20;
        try (Plan plan = freeze(
                in -> in[0].relu().slice(0, in[0].dim(0) - 1, in[0].dim(0)).abs(),
                Spec.of("x", Dim.BATCH, row).batch(1, batch))) {
            List<Lowering.Word> places = plan.calls.at(new Sizes(batch, 0), null).commands.stream()
                    .flatMap(c -> c.words().stream())
                    .filter(w -> w.kind() == Kernel.Kind.ADDRESS && w.slot() >= 0)
                    .toList();
            assertThat(places).extracting(Lowering.Word::slot).containsExactly(0, 1, 1, 2);
            assertThat(places).extracting(Lowering.Word::value).containsExactly(0L, 0L, 4L * row * (batch - 1), 0L);
        }
    }

    @Test
    void quotientsByMoreThan32AreFrozenAtTheirMultiples() {
        Function<Tensor[], Tensor> hops = in -> in[0].slice(1, 0, in[0].dim(1) / 160 * 160);
        assertThatThrownBy(() -> freeze(hops, X))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining(" or a floor quotient of the length by at most 32; ")
                .hasMessageContaining(" with Spec.length(min, max, multipleOf)");
        check(hops, specs(X.length(160, 1600, 160)), lengths(160, 320, 1600), 161, 1599);
    }

    @Test
    void constantsThatTakeTooMuchMemoryEndNoRange() {
        Function<Tensor[], Tensor> cubes = in -> {
            int length = in[0].dim(1);
            return in[0].add(Tensor.zeros(length * length, 64 * length).sum());
        };
        assertThatThrownBy(() -> freeze(cubes, X))
                .isInstanceOf(NativeMemoryException.class)
                .hasMessageStartingWith(
                        "freeze: at batch 2 and length 4096, out of native memory: 16.0 TiB were asked for and ")
                .hasMessageEndingWith("; or, where constants of the function grow with its sizes, name only those that"
                        + " sessions need with Spec.batch(min, max) and Spec.length(min, max, multipleOf)");
        check(cubes, specs(X.length(1, 8)), lengths(1, 8), 9);
    }

    @Test
    void layersChosenByTheLengthAreRefusedUntilARangeLeavesOneOut() {
        Function<Tensor[], Tensor> chosen = in -> in[0].dim(1) > 16 ? in[0].relu() : in[0].abs();
        assertThatThrownBy(() -> freeze(chosen, X))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("freeze: call 0 is relu at batch 2 and length 4096 but abs at batch 2 and length 16; a plan"
                        + " cannot choose its layers by the length, so leave one of the two out with Spec.length(min,"
                        + " max, multipleOf)");
        check(chosen, specs(X.length(1, 16)), lengths(1, 16), 17);
        check(chosen, specs(X.length(17, 64)), lengths(17, 64), 16);
        assertThatThrownBy(() -> freeze(
                        in -> in[0].dim(1) > 16 ? in[0].relu() : in[1].relu(),
                        X,
                        Spec.of("y", Dim.BATCH, Dim.LENGTH, 3)))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("by the length, so leave one of the two out with Spec.length(");
    }

    @Test
    void aScalarThatGrowsWithTheLengthIsRefused() {
        assertThatThrownBy(() -> freeze(in -> in[0].sum(1).div(Tensor.scalar(in[0].dim(1))), X))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageStartingWith("freeze: the constant value[#")
                .hasMessageContaining(", which div reads, holds 4096.0 in element 0 at batch 2 and length 4096 but ");
    }

    /** Values 0 to {@code period} - 1 again and again. */
    private static int[] counted(int size, int period) {
        return IntStream.range(0, size).map(i -> i % period).toArray();
    }

    @Test
    void wholeNumbersThatRepeat() {
        check(
                in -> {
                    int n = in[0].dim(0);
                    Tensor added = Tensor.ofInts(counted(3 * n, 3), n, 1, 3);
                    return in[0].mul(100).to(DType.I32).add(added).to(DType.F32);
                },
                specs(X),
                lengths(1, 7));
    }

    /** As a mask for each window of an image does, whose windows are part of the batch. */
    @Test
    void blocksOfSeveralRowsThatRepeat() {
        check(
                in -> {
                    int n = in[0].dim(0);
                    int length = in[0].dim(1);
                    Tensor added = Tensor.ofInts(counted(12 * n, 12), 4 * n, 1, 3);
                    return in[0].expand(4, n, length, 3)
                            .reshape(4 * n, length, 3)
                            .mul(100)
                            .to(DType.I32)
                            .add(added)
                            .to(DType.F32);
                },
                specs(X),
                lengths(1, 7));
        assertThatThrownBy(() -> freeze(
                        in -> in[0].add(Tensor.ofInts(counted(3 * in[0].dim(0), 2), in[0].dim(0), 1, 3)
                                .to(DType.F32)),
                        X))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining(", which add reads, is [2, 1, 3] at batch 2 and length 4096 but [3, 1, 3] at ");
    }

    /** Also where a batch of one looks like a dimension that stretches. */
    @Test
    void anEllipsisOfAnyBatch() {
        check(
                in -> Tensor.einsum("...ij,...kj->...ik", in[0], in[0]),
                specs(X.length(1, 40)),
                lengths(1, 2, 17, 40),
                41);
    }

    /** Places along a free batch, a free length and a dimension of its own, and an index that is computed. */
    @Test
    void scattersFollow() {
        Function<Tensor[], Tensor> function = in -> {
            Tensor x = in[0];
            Tensor index = x.gt(0).to(DType.I32); // of the shape of x; 0 and 1
            Tensor own = x.scatterElements(2, index, x.mul(2), Scatter.ADD).add(x.gatherElements(2, index));
            Tensor steps = x.scatterElements(1, index.neg(), x, Scatter.SET).add(x.gatherElements(1, index.neg()));
            Tensor rows = own.scatter(2, Tensor.ofInts(new int[] {2, 0}, 2), x.slice(2, 0, 2), Scatter.MAX);
            return rows.add(steps).add(x.scatter(0, Tensor.ofInts(new int[] {-1}, 1), x.slice(0, 0, 1), Scatter.SET));
        };
        check(function, specs(X), lengths(2, 3, 7));
    }
}

package dev.fathom.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.data.Batch;
import dev.fathom.data.Dataset;
import dev.fathom.data.Field;
import dev.fathom.data.Padding;
import dev.fathom.kernel.Isa;
import dev.fathom.kernel.NativeRuntime;
import dev.fathom.op.Shape;
import dev.fathom.recurrent.Recurrent;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** A model runs over data: in every batch size the same rows, in the order of the dataset. */
class PredictTest {
    private static final int N = 83;

    private static final float TOLERANCE = NativeRuntime.get().isa() == Isa.BASELINE ? 1e-6f : 0;

    private static Dataset points() {
        return Dataset.of(new Rng(1).normal(N * 6, 0, 1), Shape.of(6), new int[N]);
    }

    private static void assertSame(float[][] actual, float[][] expected) {
        assertThat(actual).hasSameDimensionsAs(expected);
        for (int i = 0; i < actual.length; i++) {
            assertThat(actual[i]).as("example " + i).containsExactly(expected[i], within(TOLERANCE));
        }
    }

    @Test
    void noBatchSizeAndNoOrderChangesARow() {
        Layer net = new Sequential(
                new Linear(6, 33), new BatchNorm(33), Tensor::tanh, new Dropout(0.5f), new Linear(33, 4));
        try (var model = Model.of(net, 1);
                Dataset data = points()) {
            Predictions all = model.predict(data);
            assertThat(all.size()).isEqualTo(N);
            assertThat(all.shape()).isEqualTo(Shape.of(4));
            assertThat(all.perStep()).isFalse();
            float[][] alone = new float[N][];
            for (int i = 0; i < N; i++) {
                try (Pass pass = Pass.infer();
                        Dataset one = data.take(i, i + 1)) {
                    alone[i] = net.apply(one.batches(1).epoch(0).next().x()).toArray();
                }
            }
            assertSame(all.rows(), alone);
            for (int size : new int[] {1, 7, N}) {
                assertSame(model.predict(data.batches(size)).rows(), alone);
            }
            assertSame(model.predict(data.shuffled(3).batches(8)).rows(), alone);
            assertSame(
                    model.predict(data.shuffled(3).batches(8).augment(of -> (b, seed, first) -> b.withX(b.x().mul(0))))
                            .rows(),
                    alone);
            float[] values = all.values();
            int[] classes = all.classes();
            for (int i = 0; i < N; i++) {
                for (int k = 0; k < 4; k++) {
                    assertThat(values[4 * i + k]).isEqualTo(all.rows()[i][k]);
                    assertThat(all.rows()[i][k]).isLessThanOrEqualTo(all.rows()[i][classes[i]]);
                }
            }
        }
    }

    @Test
    void raggedExamplesGiveARowOrARowOfSteps() {
        int[][] words = {{1, 2, 3}, {4}, {2, 1, 4, 3, 1}, {3, 3}};
        for (boolean front : new boolean[] {false, true}) {
            Recurrent lstm = front ? Recurrent.lstm(3, 5).paddedInFront() : Recurrent.lstm(3, 5);
            try (var model = Model.of(new Sequential(new Embedding(5, 3), lstm, new Linear(5, 2)), 1);
                    Dataset all = Dataset.of(Field.ragged("x", words).input());
                    Dataset data = all.padded("x", front ? Padding.front() : Padding.behind())) {
                Predictions steps = model.predict(data.batches(3));
                assertThat(steps.perStep()).isTrue();
                assertThat(steps.shape()).isEqualTo(Shape.of(2));
                for (int i = 0; i < words.length; i++) {
                    assertThat(steps.rows()[i]).hasSize(2 * words[i].length);
                }
                assertSame(steps.rows(), model.predict(data.batches(1)).rows());
                assertSame(steps.rows(), model.predict(data).rows());
                assertThatThrownBy(steps::classes)
                        .hasMessage("classes: the predictions are [2] for each step; for each example there must be"
                                + " one number for each of at least two classes, so compare rows of others yourself");
            }
        }
    }

    private record Sum(Linear left, Linear right) implements Net {
        Tensor of(Tensor a, Tensor b) {
            return left.apply(a).add(right.apply(b));
        }
    }

    @Test
    void aNetOfSeveralInputsIsCalledAsItWants() {
        float[] a = new Rng(1).normal(N * 2, 0, 1);
        float[] b = new Rng(2).normal(N * 3, 0, 1);
        try (var model = Model.of(new Sum(new Linear(2, 1), new Linear(3, 1)), 1);
                Dataset data = Dataset.of(Field.floats("a", Shape.of(2), a), Field.floats("b", Shape.of(3), b))) {
            Predictions found = model.predict(data, (net, batch) -> net.of(batch.get("a"), batch.get("b")));
            try (Pass pass = Pass.infer()) {
                float[] expected =
                        model.net().of(Tensor.of(a, N, 2), Tensor.of(b, N, 3)).toArray();
                assertThat(found.values()).containsExactly(expected, within(TOLERANCE));
            }
            assertThatThrownBy(() -> model.predict(data))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("predict: Sum is not a Layer; call predict(data, (net, batch) ->"
                            + " net.method(batch.x(), ...))");
            assertThatThrownBy(() -> found.classes())
                    .hasMessageStartingWith("classes: the predictions are [1] for each");
        }
    }

    /** The rule of {@code Batches.forEach}: the batch that begins with example i draws from {@code Rng(0).split(i)}. */
    @Test
    void aNetThatDrawsHasTheStreamOfItsBatch() {
        try (var model = Model.of(new Sequential(x -> x.add(Pass.current().uniform(x.shape(), 0, 1))), 1);
                Dataset data = points()) {
            float[][] found = model.predict(data.batches(40)).rows();
            float[][] x = model.predict(data, (net, batch) -> batch.x()).rows();
            for (int from = 0; from < N; from += 40) {
                int n = Math.min(40, N - from);
                try (Pass pass = Pass.infer(new Rng(0).split(from))) {
                    float[] expected = Tensor.of(rowsOf(x, from, n), n, 6)
                            .add(pass.uniform(Shape.of(n, 6), 0, 1))
                            .toArray();
                    assertThat(rowsOf(found, from, n)).containsExactly(expected);
                }
            }
        }
    }

    private static float[] rowsOf(float[][] rows, int from, int n) {
        float[] some = new float[n * rows[0].length];
        for (int i = 0; i < n; i++) {
            System.arraycopy(rows[from + i], 0, some, i * rows[0].length, rows[0].length);
        }
        return some;
    }

    /** The sizes of the batches in which a body that makes so many MiB for each example reads the data. */
    private static List<Integer> sizes(Dataset data, double mebibytes) {
        List<Integer> sizes = new ArrayList<>();
        List<Integer> seen = new ArrayList<>();
        data.forEach(batch -> {
            sizes.add(batch.size());
            IntStream.range(0, batch.size()).map(batch::example).forEach(seen::add);
            assertThat(batch.isFirst()).isEqualTo(sizes.size() == 1);
            assertThat(Pass.current().training()).isFalse();
            Tensor.zeros(batch.size(), (int) (mebibytes * (1 << 18)));
            assertThat(Pass.current().peakBytes()).isLessThan(batch.size() == 1 ? Long.MAX_VALUE : 65L << 20);
        });
        assertThat(seen)
                .containsExactlyElementsOf(
                        IntStream.range(0, data.size()).boxed().toList());
        return sizes;
    }

    @Test
    void aBatchIsAsLargeAsItsMemoryAllows() {
        try (Dataset data = Dataset.of(new float[3000], Shape.of(1), new int[3000])) {
            assertThat(sizes(data, 1e-4)).containsExactly(1, 16, 256, 1024, 1024, 679);
        }
        try (Dataset data = points()) {
            List<Integer> some = sizes(data, 2);
            assertThat(some.subList(0, 2)).containsExactly(1, 16);
            assertThat(some.get(2)).isBetween(28, 32);
            assertThat(sizes(data, 100)).containsOnly(1).hasSize(N);
        }
    }

    @Test
    void whatDoesNotFitIsRefused() {
        try (var model = Model.of(new Sequential(new Linear(6, 1)), 1);
                var mixing = Model.of(new Sequential(x -> x.mean()), 1);
                Dataset data = points()) {
            assertThatThrownBy(() -> model.predict(data.batches(10).dropLast()))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("predict: the batches leave out example 80; give batches of all examples, without"
                            + " dropLast or drawing with replacement");
            assertThatThrownBy(() -> mixing.predict(data.batches(10)))
                    .hasMessage("predict: the net gives [] for 10 examples; its first dimension must be theirs");
            assertThatThrownBy(() -> model.predict(data, PredictTest::differing))
                    .hasMessage("predict: the net gives [1] for an example of one batch and [16] in another; read what"
                            + " it gives batch by batch with data.forEach");
            model.close();
            assertThatThrownBy(() -> model.predict(data)).isInstanceOf(IllegalStateException.class);
        }
    }

    private static Tensor differing(Layer net, Batch batch) {
        return Tensor.zeros(batch.size(), batch.size());
    }
}

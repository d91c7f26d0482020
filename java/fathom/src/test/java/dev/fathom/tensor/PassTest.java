package dev.fathom.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fathom.autograd.Values;
import dev.fathom.kernel.Kernel;
import dev.fathom.memory.Memory;
import dev.fathom.nn.GradientCheck;
import dev.fathom.offheap.Arena;
import dev.fathom.offheap.Block;
import dev.fathom.op.Activation;
import dev.fathom.op.Call;
import dev.fathom.op.DType;
import dev.fathom.op.Grad;
import dev.fathom.op.JavaCopy;
import dev.fathom.op.Op;
import dev.fathom.op.Shape;
import dev.fathom.op.Unary;
import dev.fathom.ops.Binary;
import dev.fathom.parameter.Parameter;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The scope: modes, nesting, what it owns and gives back, random numbers, users' ops, and the tape as a picture. */
class PassTest {
    private static float[] floats(float... values) {
        return values;
    }

    // ---- modes and nesting

    @Test
    void modesAreIndependentOfRecording() {
        try (Pass pass = Pass.train(new Rng(1))) {
            assertThat(pass.training()).isTrue();
            assertThat(pass.recording()).isTrue();
        }
        try (Pass pass = Pass.grad()) {
            assertThat(pass.training()).isFalse();
            assertThat(pass.recording()).isTrue();
        }
        try (Pass pass = Pass.infer()) {
            assertThat(pass.training()).isFalse();
            assertThat(pass.recording()).isFalse();
            assertThat(Tensor.scalar(2).square().needsGradient()).isFalse();
            assertThat(pass.tape().size()).isZero();
        }
    }

    @Test
    void onlyWhatNeedsAGradientIsRecorded() {
        try (Pass pass = Pass.grad()) {
            Tensor x = Tensor.scalar(2);
            x.square();
            assertThat(pass.tape().size()).isZero();
            Tensor w = pass.watch(x);
            Tensor y = w.square();
            assertThat(pass.tape().size()).isEqualTo(1);
            assertThat(y.needsGradient()).isTrue();
            assertThat(x.needsGradient()).isFalse();
        }
    }

    @Test
    void resultsBelongToTheInnermostPass() {
        try (Pass outer = Pass.infer()) {
            Tensor a = Tensor.of(floats(1, 2), 2);
            Tensor sum;
            try (Pass inner = Pass.infer()) {
                sum = a.add(a);
                assertThat(sum.toArray()).containsExactly(2, 4);
                assertThat(inner.liveBytes()).isPositive();
            }
            assertThatIllegalStateException().isThrownBy(sum::toArray);
            assertThat(a.toArray()).containsExactly(1, 2);
        }
    }

    @Test
    void aFailedBlockLeavesThePassUsable() {
        try (Pass pass = Pass.infer()) {
            Tensor a = Tensor.zeros(2);
            assertThatIllegalArgumentException().isThrownBy(() -> a.add(Tensor.zeros(3)));
            assertThat(a.add(1).toArray()).containsExactly(1, 1);
        }
    }

    @Test
    void keepCopiesOutOfThePass() {
        KeptTensor kept;
        KeptTensor ints;
        try (Pass pass = Pass.grad()) {
            Tensor x = pass.watch(Tensor.of(floats(1, 2, 3, 4, 5, 6), 3, 2));
            kept = x.slice(0, 1, 3).reshape(4).keep();
            ints = Tensor.ofInts(new int[] {7, 8}, 2).keep();
            assertThat(kept.needsGradient()).isFalse();
        }
        try (kept;
                ints;
                Pass pass = Pass.infer()) {
            assertThat(kept.toArray()).containsExactly(3, 4, 5, 6);
            assertThat(kept.shape()).isEqualTo(Shape.of(4));
            assertThat(ints.toIntArray()).containsExactly(7, 8);
            assertThat(kept.add(1).slice(0, 0, 2).toArray()).containsExactly(4, 5);
        }
    }

    /** The pages stay until the pass that read them ends. */
    @Test
    void closingAKeptTensorWaitsForThePassesThatReadIt() {
        long before = Memory.stats().owned();
        KeptTensor kept;
        try (Pass pass = Pass.infer()) {
            kept = Tensor.zeros(1 << 24).keep();
        }
        try (Pass pass = Pass.infer()) {
            Tensor view = kept.reshape(4096, 4096);
            long owned = Memory.stats().owned();
            // the collector may give back blocks that other tests forgot, so not to the byte
            assertThat(owned - before).isGreaterThan(32 << 20);
            kept.close();
            assertThat(Memory.stats().owned()).isGreaterThan(owned - (32 << 20));
            assertThatIllegalStateException().isThrownBy(view::sum);
        }
        assertThat(Memory.stats().owned()).isLessThan(before + (32 << 20));
    }

    // ---- frames

    record Pair(Tensor first, List<Tensor> more) {}

    @Test
    void aFrameKeepsWhatItsResultHolds() {
        List<Tensor> lost = new ArrayList<>();
        try (Pass pass = Pass.infer()) {
            Pair pair = Pass.frame(this, () -> {
                Tensor x = Tensor.of(floats(1, 2, 3, 4), 2, 2);
                lost.add(x.square());
                return new Pair(x.neg(), List.of(x.exp(), x.slice(0, 1, 2)));
            });
            Map<String, Tensor[]> map = Pass.frame(this, () -> Map.of("a", new Tensor[] {Tensor.scalar(5)}));
            assertThat(pair.first().toArray()).containsExactly(-1, -2, -3, -4);
            assertThat(pair.more().get(1).toArray()).containsExactly(3, 4);
            assertThat(map.get("a")[0].item()).isEqualTo(5);
            assertThatIllegalStateException().isThrownBy(() -> lost.get(0).toArray());
        }
    }

    @Test
    void memoryOfAFrameIsUsedAgain() {
        try (Pass pass = Pass.infer()) {
            Tensor x = Tensor.zeros(1000);
            for (int i = 0; i < 100; i++) {
                Tensor in = x;
                x = Pass.frame(this, () -> in.add(1).add(1).sub(1));
            }
            assertThat(x.toArray()).containsOnly(100);
            long one = Arena.rounded(4000);
            // one result a round stays; inside a round two more are live at once, and a scalar a step
            assertThat(pass.peakBytes()).isLessThanOrEqualTo(101 * one + 3 * one + 3 * 64);
            assertThat(pass.liveBytes()).isEqualTo(101 * one);
        }
    }

    // ---- memory

    @Test
    void steadyPassesMapNothing() {
        Rng rng = new Rng(1);
        try (Numbers values = new Numbers()) {
            Parameter w = values.parameter("w", new float[256 * 300], 256, 300);
            values.bind();
            long mapped = 0;
            for (int step = 0; step < 20; step++) {
                try (Pass pass = Pass.train(rng)) {
                    Tensor y = pass.randn(64, 300)
                            .linear(w, null, null, Activation.GELU)
                            .dropout(0.5f, 2);
                    pass.backward(y.square().mean());
                    Memory.Stats stats = Memory.stats();
                    if (step > 0) {
                        assertThat(stats.passes() + stats.pooled()).isEqualTo(mapped);
                    }
                    mapped = stats.passes() + stats.pooled();
                }
            }
        }
    }

    // ---- making and reading

    @Test
    void valuesGoInAndComeOut() {
        try (Pass pass = Pass.infer()) {
            Tensor x = Tensor.of(floats(1, 2, 3, 4, 5, 6), 2, 3);
            assertThat(x.get(1, 0)).isEqualTo(4);
            assertThat(x.size()).isEqualTo(6);
            assertThat(x.dim(-1)).isEqualTo(3);
            assertThat(x.dtype()).isEqualTo(DType.F32);
            FloatBuffer to = FloatBuffer.allocate(8).position(1);
            x.copyTo(to);
            assertThat(to.array()).containsExactly(0, 1, 2, 3, 4, 5, 6, 0);
            assertThat(Tensor.full(Shape.of(2), 7).toArray()).containsExactly(7, 7);
            assertThat(Tensor.zeros(2, 0).toArray()).isEmpty();
            assertThat(Tensor.scalar(3).shape()).isEqualTo(Shape.SCALAR);
            assertThat(Tensor.ofInts(new int[] {9}, 1).item()).isEqualTo(9);
            // the caller's array is copied
            float[] mine = {1};
            Tensor copy = Tensor.of(mine, 1);
            mine[0] = 2;
            assertThat(copy.item()).isEqualTo(1);
        }
    }

    @Test
    void anInputThatIsWatchedStaysAsItWas() {
        try (Pass pass = Pass.grad()) {
            Tensor x = Tensor.of(floats(1, 2), 2);
            Tensor w = pass.watch(x);
            assertThat(w).isNotSameAs(x);
            assertThat(w.toArray()).containsExactly(1, 2);
            Tensor y = w.square();
            assertThat(pass.watch(y)).isSameAs(y);
        }
    }

    @Test
    void bytesAndIntsAreReadAndViewed() {
        try (Pass pass = Pass.infer()) {
            Tensor x = pass.create(Shape.of(3), DType.U8);
            dev.fathom.offheap.Block.at(Values.address(x), 3).put(new byte[] {0, 127, -1});
            assertThat(x.toIntArray()).containsExactly(0, 127, 255);
            assertThat(x.slice(0, 1, 3).reshape(2, 1).flatten(0).toIntArray()).containsExactly(127, 255);
            Tensor labels = Tensor.ofInts(new int[] {1, 2, 3, 4, 5, 6}, 6);
            assertThat(labels.dtype()).isEqualTo(labels.reshape(2, 3).dtype());
            assertThat(labels.reshape(3, 2).slice(0, 1, 2).flatten(0).toIntArray())
                    .containsExactly(3, 4);
            assertThatIllegalArgumentException()
                    .isThrownBy(x::toArray)
                    .withMessage("toArray: tensor value[#0] [3] is U8; use toIntArray()");
        }
    }

    // ---- random numbers

    /** Beyond 2^31 bytes, of which only the pages that are used exist. */
    @Test
    void aSliceFarFromTheBeginning() {
        int far = 1 << 29;
        try (Pass pass = Pass.infer()) {
            Tensor x = pass.create(Shape.of(far + 2, 1), DType.F32);
            Block.write(Values.address(x) + Float.BYTES * (far + 1L), FloatBuffer.wrap(new float[] {7}));
            assertThat(x.slice(0, far + 1, far + 2).toArray()).containsExactly(7);
            assertThat(x.reshape(1, far + 2).slice(1, far + 1, far + 2).toArray())
                    .containsExactly(7);
        }
    }

    @Test
    void onlyAPassWithAStreamDraws() {
        try (Pass pass = Pass.infer()) {
            assertThatIllegalStateException()
                    .isThrownBy(() -> pass.randn(2))
                    .withMessage("rng: this pass has no random numbers to draw; open it with Pass.train(rng), "
                            + "Pass.grad(rng) or Pass.infer(rng)");
            assertThatIllegalStateException()
                    .isThrownBy(() -> Tensor.zeros(2).dropout(0.5f, 2))
                    .withMessageStartingWith("rng: this pass has no random numbers");
        }
        try (Pass pass = Pass.grad()) {
            assertThatIllegalStateException().isThrownBy(pass::rng).withMessageStartingWith("rng: this pass has no");
        }
        Rng rng = new Rng(5);
        float[] first;
        try (Pass pass = Pass.infer(rng)) {
            first = pass.randn(6).toArray();
            assertThat(pass.training()).isFalse();
            assertThat(pass.recording()).isFalse();
        }
        try (Pass pass = Pass.grad(rng)) {
            assertThat(pass.randn(6).toArray()).isNotEqualTo(first);
            assertThat(pass.training()).isFalse();
            assertThat(pass.recording()).isTrue();
        }
        assertThat(new Rng(5).normal(6, 0, 1)).isEqualTo(first);
    }

    @Test
    void theSameSeedGivesTheSameNumbers() {
        float[] first;
        float[] second;
        Rng rng = new Rng(42);
        try (Pass pass = Pass.train(rng)) {
            first = pass.randn(1000).toArray();
            second = pass.randn(1000).toArray();
        }
        assertThat(first).isNotEqualTo(second);
        assertThat(rng.counter()).isEqualTo(500);
        assertThat(new Rng(42).normal(1000, 0, 1)).isEqualTo(first);
        assertThat(new Rng(42, 250).normal(1000, 0, 1)).isEqualTo(second);
        assertThat(new Rng(43).normal(1000, 0, 1)).isNotEqualTo(first);
        assertThat(new Rng(42).split("a").seed())
                .isEqualTo(new Rng(42, 7).split("a").seed())
                .isNotEqualTo(new Rng(42).split("b").seed())
                .isNotEqualTo(new Rng(42).split(1).seed());
        for (long number : new long[] {0, 1, -5, Long.MAX_VALUE}) {
            assertThat(new Rng(42, 7).uniformOf(number))
                    .isEqualTo(new Rng(42).split(number).uniform(1, 0, 1)[0]);
        }
    }

    @Test
    void uniformNumbersStayInTheirInterval() {
        try (Pass pass = Pass.train(new Rng(5))) {
            float[] u = pass.uniform(Shape.of(100, 1000), -1, 3).toArray();
            double mean = 0;
            for (float x : u) {
                assertThat(x >= -1 && x < 3).isTrue();
                mean += x / u.length;
            }
            assertThat(mean).isBetween(0.97, 1.03);
        }
    }

    @Test
    void permutationsArePermutations() {
        int[] order = new Rng(9).permutation(1000);
        assertThat(order)
                .containsExactlyInAnyOrder(
                        java.util.stream.IntStream.range(0, 1000).toArray());
        assertThat(order).isNotEqualTo(java.util.stream.IntStream.range(0, 1000).toArray());
        assertThat(new Rng(9).permutation(1000)).isEqualTo(order);
        assertThat(new Rng(9).permutation(0)).isEmpty();
        assertThat(new Rng(9).permutation(1)).containsExactly(0);
    }

    @Test
    void wholeNumbersAreEquallyLikely() {
        int[] counts = new int[7];
        for (int number : new Rng(4).ints(70_000, 7)) {
            counts[number]++;
        }
        for (int count : counts) {
            assertThat(count).isBetween(9_600, 10_400); // four deviations
        }
        assertThat(new Rng(4).ints(3, 7)).isEqualTo(new Rng(4).ints(3, 7));
        assertThat(new Rng(4).ints(0, 1)).isEmpty();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Rng(4).ints(3, 0))
                .withMessage("ints: n=3 bound=0; ask for 0 to 2^29 numbers, below a bound of 1 or more");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Rng(4).ints(-1, 3))
                .withMessageStartingWith("ints: n=-1 bound=3;");
    }

    @Test
    void doublesHaveTwiceTheBits() {
        double[] u = new Rng(4).doubles(10_000);
        assertThat(Arrays.stream(u).average().orElseThrow()).isBetween(0.488, 0.512); // four deviations
        assertThat(Arrays.stream(u).allMatch(x -> x >= 0 && x < 1 && x * 0x1p48 == Math.rint(x * 0x1p48)))
                .isTrue();
        assertThat(Arrays.stream(u)
                        .filter(x -> x * 0x1p24 != Math.rint(x * 0x1p24))
                        .count())
                .isGreaterThan(9_990);
        assertThat(new Rng(4).doubles(0)).isEmpty();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Rng(4).doubles(-1))
                .withMessage("doubles: n=-1; ask for 0 to 2^29 numbers");
    }

    /** p = 0.4 keeps six in ten, times 1 / 0.6; backward drops the same ones; each call drops others. */
    @Test
    void dropoutKeepsItsRateAndItsMask() {
        int n = 100_000;
        try (Pass pass = Pass.train(new Rng(11))) {
            Tensor x = pass.watch(Tensor.ones(n));
            Tensor y = x.dropout(0.4f, 1 / 0.6f);
            Tensor other = x.dropout(0.4f, 1 / 0.6f);
            float[] kept = y.toArray();
            int count = 0;
            for (float v : kept) {
                assertThat(v == 0 || v == 1 / 0.6f).isTrue();
                count += v != 0 ? 1 : 0;
            }
            // five standard deviations
            assertThat((double) count / n).isBetween(0.6 - 5 * Math.sqrt(0.24 / n), 0.6 + 5 * Math.sqrt(0.24 / n));
            assertThat(other.toArray()).isNotEqualTo(kept);
            pass.backward(y.sum());
            assertThat(pass.gradient(x).toArray()).isEqualTo(kept);
        }
    }

    // ---- users' ops

    /** (sin x, cos x): two results, by Java. */
    record SinCos() implements Op {
        @Override
        public String label() {
            return "sin_cos";
        }

        @Override
        public int outputs() {
            return 2;
        }

        @Override
        public Shape shape(Call c, int output) {
            return c.shape(0);
        }

        @Override
        public boolean readsInput(int i) {
            return false;
        }

        @Override
        public void forward(Call c) {
            float[] x = c.read(0);
            float[] sin = new float[x.length];
            float[] cos = new float[x.length];
            for (int i = 0; i < x.length; i++) {
                sin[i] = (float) Math.sin(x[i]);
                cos[i] = (float) Math.cos(x[i]);
            }
            c.write(0, sin);
            c.write(1, cos);
        }

        @Override
        public void backward(Grad g) {
            // dx = dsin cos - dcos sin, with the kernels: t = dsin cos, then dx (+)= t, then dx -= dcos sin
            long n = g.shape(0).size();
            long sin = g.out(0);
            long cos = g.out(1);
            long dsin = g.dout(0);
            long dcos = g.dout(1);
            long a = g.scratch(4 * n);
            long b = g.scratch(4 * n);
            multiply(g, dsin, cos, a, n);
            multiply(g, dcos, sin, b, n);
            g.begin(Kernel.UNARY)
                    .put(Unary.NEG.ordinal())
                    .at(b)
                    .at(b)
                    .put(n)
                    .put(0f)
                    .put(0f)
                    .run();
            g.begin(Kernel.ACCUMULATE).at(b).at(a).put(n).run();
            long dx = g.din(0);
            if (g.adds()) {
                g.begin(Kernel.ACCUMULATE).at(a).at(dx).put(n).run();
            } else {
                g.begin(Kernel.COPY).at(a).at(dx).put(4 * n).run();
            }
        }

        private static void multiply(Call c, long a, long b, long y, long n) {
            c.begin(Kernel.BINARY).put(Binary.MUL.ordinal()).at(a).at(b).at(y);
            for (long word : new long[] {1, 1, 1, 1, 1, n, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1}) {
                c.put(word);
            }
            c.put(0f).put(0f).run(); // the row has no parameters
        }
    }

    @Test
    void anOpMayHaveTwoResults() {
        try (Pass pass = Pass.grad()) {
            Tensor x = pass.watch(Tensor.of(floats(0, 1, 2), 3));
            Tensor[] y = Pass.applyAll(new SinCos(), x);
            assertThat(y).hasSize(2);
            // sin^2 + cos^2 = 1, so that the gradient of their sum is 0
            Tensor one = y[0].square().add(y[1].square());
            assertThat(one.toArray()).containsExactly(floats(1, 1, 1), org.assertj.core.data.Offset.offset(2e-7f));
            pass.backward(one.sum());
            assertThat(pass.gradient(x).toArray())
                    .containsExactly(floats(0, 0, 0), org.assertj.core.data.Offset.offset(2e-7f));
        }
        try (Pass pass = Pass.grad()) { // only one of the two is used
            Tensor x = pass.watch(Tensor.of(floats(0, 1, 2), 3));
            pass.backward(Pass.applyAll(new SinCos(), x)[1].sum());
            assertThat(pass.gradient(x).toArray())
                    .containsExactly(
                            floats(0, -(float) Math.sin(1), -(float) Math.sin(2)),
                            org.assertj.core.data.Offset.offset(2e-7f));
        }
        try (Pass pass = Pass.infer()) {
            Tensor x = Tensor.of(floats(0, 1, 2), 3);
            GradientCheck.check(
                    in -> {
                        Tensor[] y = Pass.applyAll(new SinCos(), in[0]);
                        return y[0].mul(y[1]).add(in[0].mul(y[0]));
                    },
                    1e-2,
                    x);
        }
    }

    /** y = x, whose methods do what each field says. */
    record Odd(boolean readsIt, int written) implements Op {
        @Override
        public String label() {
            return "odd";
        }

        @Override
        public Shape shape(Call c, int output) {
            return c.shape(0);
        }

        @Override
        public boolean readsInput(int i) {
            return false;
        }

        @Override
        public boolean readsOutput(int o) {
            return false;
        }

        @Override
        public void forward(Call c) {
            c.write(0, new float[written]);
        }

        @Override
        public void backward(Grad g) {
            g.writeGradient(0, readsIt ? g.read(0) : g.readGradient(0));
        }
    }

    @Test
    void anOpThatBreaksItsPromisesIsToldSo() {
        try (Pass pass = Pass.grad()) {
            Tensor x = pass.watch(Tensor.zeros(2));
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Pass.apply(new Odd(false, 3), x))
                    .withMessage("odd: the op wrote 3 values where 2 belong; write one for each element");
            Tensor y = Pass.apply(new Odd(true, 2), x).sum();
            assertThatIllegalStateException()
                    .isThrownBy(() -> pass.backward(y))
                    .withMessage("odd: backward reads input 0 but readsInput(0) is false");
        }
    }

    /** Writes its result, or the gradient of its input, or not. */
    record Forgetful(boolean result, boolean gradient) implements Op {
        @Override
        public Shape shape(Call c, int output) {
            return c.shape(0);
        }

        @Override
        public void forward(Call c) {
            if (result) {
                c.write(0, c.read(0));
            }
        }

        @Override
        public void backward(Grad g) {
            if (gradient) {
                g.writeGradient(0, g.readGradient(0));
            }
        }
    }

    /** What lay in the memory before would be its result, and nothing below it would learn. */
    @Test
    void anOpThatWritesNothingIsToldSo() {
        try (Pass pass = Pass.grad()) {
            Tensor x = pass.watch(Tensor.ones(2));
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Pass.apply(new Forgetful(false, true), x))
                    .withMessage("forgetful: forward wrote nothing to result 0 [2]; write all of it, by out(0) or"
                            + " write(0, values)");
            Tensor y = Pass.apply(new Forgetful(true, false), x).sum();
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> pass.backward(y))
                    .withMessage("forgetful: backward wrote no gradient of input 0 [2]; write one by din(0) or"
                            + " writeGradient(0, values), zeros where nothing depends on it, or let differentiable()"
                            + " say false");
        }
    }

    @Test
    void anIntegerThatNoFloatEqualsIsNotRounded() {
        try (Pass pass = Pass.infer()) {
            assertThat(Tensor.ofInts(new int[] {1 << 24}, 1).item()).isEqualTo(16777216f);
            assertThat(Tensor.ofInts(new int[] {Integer.MIN_VALUE}, 1).item()).isEqualTo(-0x1p31f);
            Tensor odd = Tensor.ofInts(new int[] {(1 << 24) + 1}, 1);
            assertThatIllegalArgumentException()
                    .isThrownBy(odd::item)
                    .withMessageContaining(" holds 16777217, which no float equals; use toIntArray()[0]");
        }
    }

    /** No backward of its own. */
    record Forward() implements JavaCopy {}

    @Test
    void anOpWithoutBackwardSaysSo() {
        try (Pass pass = Pass.grad()) {
            Tensor x = pass.watch(Tensor.scalar(2));
            Tensor y = Pass.apply(new Forward(), x);
            assertThat(y.item()).isEqualTo(2);
            org.assertj.core.api.Assertions.assertThatThrownBy(() -> pass.backward(y))
                    .isInstanceOf(UnsupportedOperationException.class)
                    .hasMessage("forward has no gradient");
        }
    }

    // ---- the tape

    @Test
    void aTapeThatWasAskedForIsTheCallers() {
        Tape tape;
        try (Pass pass = Pass.grad()) {
            pass.watch(Tensor.scalar(2)).square().sqrt();
            tape = pass.tape();
            assertThat(pass.tape()).isSameAs(tape);
        }
        try (Pass pass = Pass.grad()) { // with the same arena
            pass.watch(Tensor.scalar(2)).exp();
            assertThat(pass.tape()).isNotSameAs(tape);
        }
        assertThat(tape.entries().stream().map(e -> e.op().label())).containsExactly("square", "sqrt");
        assertThat(tape.toDot()).contains("n0 -> n1");
    }

    @Test
    void theTapeIsAGraph() {
        try (Numbers values = new Numbers()) {
            Parameter w = values.parameter("fc.weight", floats(1, 2, 3, 4), 2, 2);
            values.bind();
            try (Pass pass = Pass.grad()) {
                Tensor x = pass.watch(Tensor.of(floats(1, 1), 1, 2));
                Tensor h = x.linear(w, null);
                h.mul(h).add(Tensor.scalar(1)).sum();
                assertThat(pass.tape().size()).isEqualTo(4);
                assertThat(pass.tape().entries().stream().map(e -> e.op().label()))
                        .containsExactly("linear", "mul", "add", "sum");
                assertThat(pass.tape().entries().get(1).inputs()).containsExactly(h, h);
                assertThat(pass.tape().toDot()).isEqualTo("""
                    digraph tape {
                      rankdir=LR;
                      node [shape=box, fontname="sans-serif"];
                      n0 [label="linear"];
                      t0 [shape=ellipse, label="watched"];
                      t0 -> n0 [label="[1, 2]"];
                      t1 [shape=ellipse, label="fc.weight"];
                      t1 -> n0 [label="[2, 2]"];
                      n1 [label="mul"];
                      n0 -> n1 [label="[1, 2]"];
                      n0 -> n1 [label="[1, 2]"];
                      n2 [label="add"];
                      n1 -> n2 [label="[1, 2]"];
                      t2 [shape=ellipse, label="constant"];
                      t2 -> n2 [label="[]"];
                      n3 [label="sum"];
                      n2 -> n3 [label="[1, 2]"];
                    }
                    """);
            }
        }
    }

    // ---- forgotten passes

    @Test
    void aForgottenPassIsTakenFromTheStackOfItsThread() throws InterruptedException {
        long forgotten = Memory.stats().forgotten();
        try (Pass outer = Pass.infer();
                Block block = new Block("test", 64)) {
            forget(block);
            assertThatThrownBy(outer::close)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining(", at PassTest.forget(PassTest.java:")
                    .hasMessageEndingWith("), is still open; close that one first");
            for (int i = 0; i < 500 && Memory.stats().forgotten() == forgotten; i++) {
                System.gc();
                Thread.sleep(5);
            }
            assertThat(Memory.stats().forgotten()).isGreaterThan(forgotten);
            assertThat(Pass.current()).isSameAs(outer);
            assertThat(Tensor.ones(2).sum().item()).isEqualTo(2);
            block.change("test", 0); // the lease went too
            block.changed();
        }
    }

    private static void forget(Block block) {
        Pass forgotten = Pass.infer();
        Tensor.ones(3).square();
        Values.over(Tensor.class, block, 0, Shape.of(4), "test", null).square();
        assertThat(forgotten.liveBytes()).isPositive();
    }

    /** A tensor holds its pass: what can still be used is not forgotten. */
    @Test
    void aPassLivesAsLongAsOneOfItsTensors() throws InterruptedException {
        Tensor x = openAndReturn();
        for (int i = 0; i < 5; i++) {
            System.gc();
            Thread.sleep(5);
        }
        assertThat(x.add(1).toArray()).containsOnly(2f);
        Pass.current().close();
    }

    private static Tensor openAndReturn() {
        Pass.infer();
        return Tensor.ones(3);
    }
}

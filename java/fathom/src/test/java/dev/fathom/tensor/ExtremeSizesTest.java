package dev.fathom.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fathom.kernel.Kernel;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Model;
import dev.fathom.op.Call;
import dev.fathom.op.Op;
import dev.fathom.op.PadMode;
import dev.fathom.op.Resize;
import dev.fathom.op.Shape;
import dev.fathom.op.Window;
import dev.fathom.plan.Plan;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Windows, pools, paddings, resizes and gathers at the edges of what an int holds end in a result or in one sentence.
 */
class ExtremeSizesTest {
    private static final int SWEEPS = 20_000;
    private static final long SMALL = 1 << 12;

    private final Random random = new Random(1);
    private final Rng rng = new Rng(1);
    private final Map<String, Integer> refused = new TreeMap<>();
    private int computed;

    /** Mostly small; else about a power of two below 2^31. */
    private int extreme(int lowest) {
        long value = random.nextInt(8) < 5 ? random.nextInt(6) : (1L << random.nextInt(32)) + random.nextInt(3) - 1;
        return (int) Math.max(lowest, Math.min(value, Integer.MAX_VALUE));
    }

    private int small(int lowest) {
        return lowest + random.nextInt(7);
    }

    /** A shape without values, whose sides may be of any length, or one of a few values. */
    private Shape shape(int channels) {
        return random.nextInt(4) == 0
                ? Shape.of(small(0), Math.min(extreme(1), 1 << 20), Math.min(extreme(1), 1 << 20), 0)
                : Shape.of(small(0), 1 + random.nextInt(12), 1 + random.nextInt(12), channels);
    }

    private Window window() {
        int kh = random.nextInt(8) == 0 ? extreme(1) : small(1);
        int kw = random.nextInt(8) == 0 ? extreme(1) : small(1);
        return Window.of(kh, kw)
                .stride(extreme(1), extreme(1))
                .dilation(extreme(1), extreme(1))
                .pad(random.nextInt(3) == 0 ? extreme(0) : small(0), random.nextInt(3) == 0 ? extreme(0) : small(0));
    }

    private Tensor values(Shape shape) {
        if (shape.size() > SMALL) {
            throw new IllegalArgumentException("test: more values than it makes");
        }
        return Tensor.of(rng.normal((int) shape.size(), 0, 1), shape.toArray());
    }

    /**
     * Computes forward and backward, or is refused with a sentence; a result of more values than a test makes is left
     * out.
     */
    private <T> void compute(Supplier<T> with, ToDoubleFunction<T> size, Function<T, Tensor> op) {
        try (Pass pass = Pass.grad()) {
            T argument = with.get();
            if (size.applyAsDouble(argument) > SMALL) {
                return;
            }
            Tensor y = op.apply(argument);
            for (float f : y.toArray()) {
                assertThat(f).isNotNaN();
            }
            pass.backward(y.sum());
            computed++;
        } catch (IllegalArgumentException e) {
            String sentence = e.getMessage();
            assertThat(sentence).isNotBlank();
            refused.merge(sentence.substring(0, Math.max(0, sentence.indexOf(':'))), 1, Integer::sum);
        }
    }

    /** Values of a result over the places that windows on x have, 0 where x does not take the window. */
    private static double outputs(Shape x, Window window, int channels) {
        return (double) x.dim(0)
                * window.height().outputs(x.dim(1))
                * window.width().outputs(x.dim(2))
                * channels;
    }

    /** {@code x} as an input whose gradient is asked for. */
    private Tensor watched(Shape shape) {
        return Pass.current().watch(values(shape));
    }

    private void checked(int least) {
        assertThat(computed).as("computed; refused were %s", refused).isGreaterThan(least);
        assertThat(refused).isNotEmpty();
    }

    @Test
    @Timeout(value = 60, unit = TimeUnit.SECONDS)
    void convolutions() {
        for (int i = 0; i < SWEEPS; i++) {
            int k = random.nextInt(8) == 0 ? 33 : small(1);
            Shape x = shape(random.nextInt(3) == 0 ? 33 : small(1));
            compute(
                    this::window,
                    w -> outputs(x, w, k),
                    w -> watched(x)
                            .conv(
                                    values(Shape.of(
                                            k, w.height().kernel(), w.width().kernel(), x.dim(-1))),
                                    null,
                                    w,
                                    1));
        }
        checked(SWEEPS / 20);
    }

    @Test
    @Timeout(value = 60, unit = TimeUnit.SECONDS)
    void pools() {
        for (int i = 0; i < SWEEPS; i++) {
            Shape x = shape(small(1));
            boolean max = i % 2 == 0;
            compute(
                    this::window,
                    w -> outputs(x, w, x.dim(-1)),
                    w -> max
                            ? watched(x).maxPool(w)
                            : random.nextInt(2) == 0
                                    ? watched(x).avgPool(w)
                                    : watched(x).avgPoolExcludingPadding(w));
        }
        checked(SWEEPS / 20);
    }

    @Test
    @Timeout(value = 60, unit = TimeUnit.SECONDS)
    void paddings() {
        for (int i = 0; i < SWEEPS; i++) {
            Shape x = shape(small(1));
            int[] sides = new int[4];
            for (int s = 0; s < 4; s++) {
                sides[s] = random.nextInt(3) == 0 ? extreme(0) : random.nextInt(3);
            }
            double high = (double) x.dim(1) + sides[0] + sides[1];
            double wide = (double) x.dim(2) + sides[2] + sides[3];
            PadMode mode = PadMode.values()[random.nextInt(PadMode.values().length)];
            compute(
                    () -> mode,
                    m -> high > Integer.MAX_VALUE || wide > Integer.MAX_VALUE ? 0 : x.dim(0) * high * wide * x.dim(-1),
                    m -> watched(x).pad(m, sides));
        }
        checked(SWEEPS / 20);
    }

    @Test
    @Timeout(value = 60, unit = TimeUnit.SECONDS)
    void resizes() {
        for (int i = 0; i < SWEEPS; i++) {
            Shape x = shape(small(1));
            int high = extreme(0);
            int wide = extreme(0);
            compute(
                    () -> Resize.values()[random.nextInt(Resize.values().length)],
                    m -> (double) x.dim(0) * high * wide * x.dim(-1),
                    m -> watched(x).resize(m, high, wide));
        }
        checked(SWEEPS / 20);
    }

    @Test
    @Timeout(value = 60, unit = TimeUnit.SECONDS)
    void gathers() {
        for (int i = 0; i < SWEEPS; i++) {
            Shape x = shape(small(1));
            int[] index = new int[random.nextInt(5)];
            for (int j = 0; j < index.length; j++) {
                index[j] = random.nextInt(6) == 0 ? extreme(0) : random.nextInt(x.dim(1));
            }
            compute(() -> index, at -> x.size(), at -> watched(x).take(1, Tensor.ofInts(at, at.length)));
        }
        checked(SWEEPS / 20);
    }

    /** Rows of taps that lie 2^30 apart were once copied with their border: 600 GB, or after a wrap too few bytes. */
    @Test
    void tapsThatLieFarApart() {
        Window window = new Window(
                2,
                Window.of(1).depth(),
                new Window.Axis(2, 1, 1 << 30, 1 << 29, (1 << 29) + 5, false, false),
                new Window.Axis(1, 1 << 22, 1, 0, 0, false, false));
        try (Pass pass = Pass.grad()) {
            Tensor x = pass.watch(Tensor.of(new float[] {1, 2, 3, 4, 5, 6, 7, 8, 9}, 1, 3, 3, 1));
            Tensor y = x.conv(Tensor.of(new float[] {1, 10}, 1, 2, 1, 1), null, window, 1);
            assertThat(y.shape()).isEqualTo(Shape.of(1, 8, 1, 1));
            assertThat(y.toArray()).containsExactly(0, 0, 0, 0, 0, 0, 0, 0);
            pass.backward(y.sum());
            assertThat(pass.gradient(x).toArray()).containsOnly(0);
        }
    }

    /** An op whose command names matrices that nobody has. */
    private record Boundless() implements Op {
        @Override
        public String label() {
            return "boundless";
        }

        @Override
        public boolean optional(int i) {
            return i == 1;
        }

        @Override
        public Shape shape(Call c, int output) {
            return c.shape(0);
        }

        @Override
        public void forward(Call c) {
            c.begin(Kernel.GEMM).put(0).put(0).at(c.in(0)).at(c.in(0)).at(c.out(0));
            c.put(c.shape(0).size()).put(1L << 40).put(1 << 20).put(0).run();
        }
    }

    @Test
    void scratchThatNoMachineHas() {
        String sentence = "would need more than 1 TiB of scratch memory";
        try (Pass pass = Pass.infer()) {
            assertThatThrownBy(() -> Pass.apply(new Boundless(), Tensor.ones(2, 3)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("boundless: x [2, 3] " + sentence + "; choose smaller sizes");
            assertThatThrownBy(() -> Pass.apply(new Boundless(), Tensor.ones(2, 3), null, Tensor.ones(4)))
                    .hasMessage("boundless: x [2, 3], input 2 [4] " + sentence + "; choose smaller sizes");
        }
        try (var model = Model.of((Layer) x -> Pass.apply(new Boundless(), x), 1);
                Plan plan = Plan.freeze(model, Shape.of(1, 3))) {
            assertThatThrownBy(() -> plan.newSession(2))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("newSession: boundless: it " + sentence + " at batch 2; choose a smaller batch size");
        }
    }
}

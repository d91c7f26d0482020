package dev.fathom.nets;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.nn.Conv;
import dev.fathom.nn.Init;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.op.PadMode;
import dev.fathom.op.Shape;
import dev.fathom.op.Window;
import dev.fathom.parameter.Initializer;
import dev.fathom.parameter.Parameter;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** The plain network and what the theory says exactly of its linear form; depths that would overflow a stack. */
class PlainCnnTest {
    @Test
    void sizesAndNames() {
        try (var model = Model.of(new PlainCnn(1, 32, 16, 10), 1)) {
            // 320 + 2 x 9,248 in the stem, 16 x 9,248, 330
            assertThat(model.parameterCount()).isEqualTo(320 + 18 * 9248 + 330);
            assertThat(model.multiplyAdds(Shape.of(1, 28, 28, 1)))
                    .isEqualTo(784 * 9 * 32 + 196 * 9216 + 49 * 9216 + 16 * 451_584 + 320);
            assertThat(model.parameters().stream().map(Parameter::name))
                    .startsWith("stem.0.weight", "stem.0.bias", "stem.1.weight")
                    .contains("body.3.3.weight")
                    .endsWith("linear.weight", "linear.bias");
        }
        assertThat(new PlainCnn(1, 2, 10, 10).body().layers()).hasSize(3);
        assertThatThrownBy(() -> new PlainCnn(3, 2, 10, 10))
                .hasMessage("PlainCnn: 3 channels do not fit into 2 maps without loss; give width >= channels");
        assertThatThrownBy(() -> new PlainCnn(1, 2, 0, 10)).hasMessage("PlainCnn: depth=0 must be in 1 to 100000");
    }

    @Test
    void theDeepFormHasNoBiasesInItsBodyAndSeesLess() {
        try (var model = Model.of(new PlainCnn(1, 4, 10, 5).deep(10, 2), 1)) {
            assertThat(model.parameterCount()).isEqualTo(40 + 2 * 148 + 10 * 144 + 25);
            assertThat(model.multiplyAdds(Shape.of(1, 16, 16, 1)))
                    .isEqualTo(64 * 36 + 16 * 144 + 4 * 144 + 10 * 4 * 144 + 20);
        }
        assertThatThrownBy(() -> new PlainCnn(1, 4, 10, 5).deep(0, 2))
                .hasMessageStartingWith("PlainCnn.deep: depth=0 must be above 0");
    }

    /**
     * What a pass over a network leaves.
     *
     * @param held bytes kept for backward
     */
    private record Run(float loss, Map<String, float[]> gradients, long held) {}

    private static Run run(PlainCnn net) {
        try (var model = Model.of(net, 3);
                Pass pass = Pass.train(new Rng(2))) {
            Tensor loss = net.apply(pass.randn(2, 8, 8, 1)).crossEntropy(Tensor.ofInts(new int[] {1, 4}, 2));
            long held = pass.liveBytes();
            pass.backward(loss);
            Map<String, float[]> gradients = new TreeMap<>();
            for (Parameter p : model.parameters()) {
                gradients.put(p.name(), p.gradient().toArray());
            }
            return new Run(loss.item(), gradients, held);
        }
    }

    @Test
    void recomputedItIsTheSame() {
        Run plain = run(new PlainCnn(1, 3, 11, 5));
        Run again = run(new PlainCnn(1, 3, 11, 5).recomputed().recomputed());
        assertThat(again.loss).isEqualTo(plain.loss);
        assertThat(again.gradients.keySet()).isEqualTo(plain.gradients.keySet());
        plain.gradients.forEach(
                (name, g) -> assertThat(again.gradients.get(name)).as(name).isEqualTo(g));
    }

    /** Forward and backward go along the layers in loops: a stack of a quarter megabyte holds them. */
    @Test
    void tenThousandLayersOnASmallStackAndInLittleMemory() throws Exception {
        List<Run> runs = new ArrayList<>();
        Throwable[] failure = new Throwable[1];
        Thread thread = new Thread(
                null,
                () -> {
                    runs.add(run(new PlainCnn(1, 2, 10_000, 5)));
                    runs.add(run(new PlainCnn(1, 2, 10_000, 5).recomputed()));
                },
                "small stack",
                256 << 10);
        thread.setUncaughtExceptionHandler((t, e) -> failure[0] = e);
        thread.start();
        thread.join();
        assertThat(failure[0]).isNull();
        Run plain = runs.get(0);
        Run again = runs.get(1);
        assertThat(again.loss).isEqualTo(plain.loss).isBetween(1.5f, 1.7f); // ln 5
        plain.gradients.forEach(
                (name, g) -> assertThat(again.gradients.get(name)).as(name).isEqualTo(g));
        assertThat(again.held).as("bytes, of %d", plain.held).isLessThan(plain.held / 100);
        double first = norm(plain.gradients.get("body.0.0.weight"));
        double last = norm(plain.gradients.get("body.99.99.weight"));
        assertThat(last / first).as("gradients neither vanish nor explode").isBetween(0.1, 10.0);
    }

    private static double norm(float[] values) {
        double squares = 0;
        for (float v : values) {
            squares += (double) v * v;
        }
        return Math.sqrt(squares);
    }

    // ---- the linear network

    private static Sequential linear(int width, int depth, Initializer init) {
        return new Sequential(IntStream.range(0, depth)
                .<Layer>mapToObj(i -> new Conv(width, width, Window.of(3).pad(1), 1, init)
                        .withoutBias()
                        .edges(PadMode.CIRCULAR))
                .toArray(Layer[]::new));
    }

    /**
     * J^T J of y = net(x) for images [3, 3, width], from one backward over a batch in which image i asks for output i.
     */
    private static double[][] gram(Sequential net, int width) {
        int n = 9 * width;
        float[] one = new Rng(8).normal(n, 0, 1);
        float[] j;
        try (var model = Model.of(net, 6);
                Pass pass = Pass.grad()) {
            float[] same = new float[n * n];
            float[] identity = new float[n * n];
            for (int i = 0; i < n; i++) {
                System.arraycopy(one, 0, same, i * n, n);
                identity[i * (n + 1)] = 1;
            }
            Tensor x = pass.watch(Tensor.of(same, n, 3, 3, width));
            pass.backward(net.apply(x).mul(Tensor.of(identity, n, 3, 3, width)).sum());
            j = pass.gradient(x).toArray();
        }
        double[][] gram = new double[n][n];
        for (int row = 0; row < n; row++) {
            for (int a = 0; a < n; a++) {
                for (int b = 0; b < n; b++) {
                    gram[a][b] += (double) j[row * n + a] * j[row * n + b];
                }
            }
        }
        return gram;
    }

    @Test
    void everySingularValueOfTheLinearNetworkIsTheGainToThePowerOfDepth() {
        for (float gain : new float[] {1, 0.97f}) {
            double expected = Math.pow(gain, 2 * 100);
            double[][] gram = gram(linear(4, 100, Init.deltaOrthogonal(gain)), 4);
            for (int a = 0; a < gram.length; a++) {
                for (int b = 0; b < gram.length; b++) {
                    assertThat(gram[a][b] / expected).isCloseTo(a == b ? 1 : 0, within(1e-4));
                }
            }
        }
        double[][] gaussian = gram(linear(4, 100, new MeanField(1, 0).gaussian()), 4);
        double least = Double.MAX_VALUE;
        double most = 0;
        for (int a = 0; a < gaussian.length; a++) {
            least = Math.min(least, gaussian[a][a]);
            most = Math.max(most, gaussian[a][a]);
        }
        assertThat(most).as("squared norms of columns, the least %s", least).isGreaterThan(2 * least);
        assertThat(Math.max(most, 1 / least)).isGreaterThan(10);
    }

    @Test
    void tenThousandLinearLayersKeepEveryNorm() {
        Sequential net = linear(4, 10_000, Init.deltaOrthogonal(1));
        try (var model = Model.of(net, 5);
                Pass pass = Pass.infer(new Rng(1))) {
            Tensor x = pass.randn(3, 3, 3, 4);
            float[] in = x.square().sum(1, 2, 3).toArray();
            float[] out = net.apply(x).square().sum(1, 2, 3).toArray();
            for (int i = 0; i < in.length; i++) {
                assertThat(Math.sqrt(out[i] / in[i])).isCloseTo(1, within(1e-3));
            }
        }
    }
}

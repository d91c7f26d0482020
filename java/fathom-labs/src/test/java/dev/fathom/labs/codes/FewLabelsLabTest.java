package dev.fathom.labs.codes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.experiments.TestData;
import dev.fathom.labs.InterruptedRun;
import dev.fathom.labs.ShortRun;
import dev.fathom.labs.codes.FewLabels.Unlabeled;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.op.Shape;
import dev.fathom.parameter.Parameter;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code fathom lab few-labels}: its short form, Boltzmann machines small enough to be summed up, and graphs. */
class FewLabelsLabTest {
    @TempDir
    Path temp;

    @Test
    void theShortFormHasEveryWay() {
        TestData.assume("mnist");
        ShortRun run = ShortRun.of(new FewLabelsLab(), 1, temp);
        assertThat(run.result().isFinished()).isTrue();
        for (String way : List.of(
                "end to end", "auto-encoders", "Boltzmann machines", "ReLU, dropout", "pseudo-labels", "consistency")) {
            double few = run.figure(way + ", 100 labels, test error");
            assertThat(few).as(way).isBetween(10.0, 50.0); // a guess has 90 %
            assertThat(run.figure(way + ", 600 labels, test error")).as(way).isBetween(5.0, few + 3);
        }
        for (String labels : List.of("2", "5", "10", "20")) {
            double guess = 25;
            assertThat(run.figure("graph convolution, " + labels + " labels a block, accuracy"))
                    .as(labels)
                    .isGreaterThan(run.figure("without edges, " + labels + " labels a block, accuracy"));
            assertThat(run.figure("label spreading, " + labels + " labels a block, accuracy"))
                    .isGreaterThan(guess + 10);
        }
        assertThat(run.figure("graph convolution, 20 labels a block, accuracy"))
                .isGreaterThan(run.figure("label spreading, 20 labels a block, accuracy"));
        assertThat(run.out()).contains("published: pseudo-labels", "16.15 %");
        for (String file : List.of("report.html", "few-labels.png", "layers.png", "graph.png")) {
            assertThat(temp.resolve(file)).isNotEmptyFile();
        }
    }

    @Test
    void anInterruptedRunIsNotFinished() {
        TestData.assume("mnist");
        var run = InterruptedRun.of(new FewLabelsLab(), "== Boltzmann machine, layer 1", null, temp);
        assertThat(run.result().isFinished()).isFalse();
        assertThat(run.out()).contains("== auto-encoder, layer 2").doesNotContain("== Boltzmann machine, layer 2");
        assertThat(run.result().figures()).isEmpty();
    }

    // ---- what images without labels add to the loss

    /** The logits 0, 1, 2 for any image, and then 0, 3, 0 when they are asked for again. */
    private static Layer answers() {
        int[] asked = {0};
        return x -> Tensor.of(asked[0]++ == 0 ? new float[] {0, 1, 2} : new float[] {0, 3, 0}, 1, 3)
                .add(Tensor.zeros(x.dim(0), 3));
    }

    /** The loss of two images, of which the first has the label 0, by hand. */
    @Test
    void imagesWithoutLabelsAddTheirTermToTheLoss() {
        double[] first = {Math.exp(0), Math.exp(1), Math.exp(2)};
        double[] second = {Math.exp(0), Math.exp(3), Math.exp(0)};
        double sum = Arrays.stream(first).sum();
        double other = Arrays.stream(second).sum();
        double known = -Math.log(first[0] / sum); // of the one image that has a label
        double likeliest = -Math.log(first[2] / sum); // of both
        double apart = IntStream.range(0, 3)
                .mapToDouble(c -> Math.pow(first[c] / sum - second[c] / other, 2) / 3)
                .sum();
        assertThat(loss(Unlabeled.NOTHING, 1)).isCloseTo(known, within(1e-6));
        assertThat(loss(Unlabeled.PSEUDO_LABELS, 0)).isCloseTo(known, within(1e-6));
        assertThat(loss(Unlabeled.PSEUDO_LABELS, 0.5f)).isCloseTo(known + 0.5 * likeliest, within(1e-6));
        assertThat(loss(Unlabeled.CONSISTENCY, 1)).isCloseTo(known + 20 * apart, within(1e-5));
        assertThat(loss(Unlabeled.CONSISTENCY, 0.5f)).isCloseTo(known + 20 * Math.exp(-5 * 0.25) * apart, within(1e-5));
    }

    private static double loss(Unlabeled unlabeled, float ramp) {
        try (Pass pass = Pass.infer()) {
            assertThat(pass.recording()).isFalse();
            Tensor labels = Tensor.ofInts(new int[] {0, FewLabels.UNKNOWN}, 2);
            return unlabeled.loss(answers(), Tensor.zeros(2, 4), labels, ramp).item();
        }
    }

    // ---- Boltzmann machines

    private static final int VISIBLE = 3;
    private static final int HIDDEN = 2;

    /** F(v) = -log of the sum of exp(-E(v, h)) over all h, with E(v, h) = -a'v - b'h - h'W v. */
    private static double freeEnergy(float[] w, float[] b, float[] a, float... v) {
        double sum = 0;
        for (int h = 0; h < 1 << HIDDEN; h++) {
            double energy = 0;
            for (int j = 0; j < VISIBLE; j++) {
                energy -= a[j] * v[j];
            }
            for (int i = 0; i < HIDDEN; i++) {
                if ((h >> i & 1) == 1) {
                    energy -= b[i];
                    for (int j = 0; j < VISIBLE; j++) {
                        energy -= w[i * VISIBLE + j] * v[j];
                    }
                }
            }
            sum += Math.exp(-energy);
        }
        return -Math.log(sum);
    }

    private static Stage.Boltzmann machine(float[] w, float[] b, float[] a) {
        Linear up = new Linear(VISIBLE, HIDDEN, (shape, rng) -> w.clone()).withBias((shape, rng) -> b.clone());
        return new Stage.Boltzmann(up, new Parameter(Shape.of(VISIBLE), (shape, rng) -> a.clone()));
    }

    @Test
    void theFreeEnergyIsTheSumOverAllHiddenStates() {
        float[] w = new Rng(1).normal(VISIBLE * HIDDEN, 0, 1);
        float[] b = {0.3f, -0.7f};
        float[] a = {-0.2f, 0.5f, 1};
        try (Model<Stage.Boltzmann> model = Model.of(machine(w, b, a), 1);
                Pass pass = Pass.infer()) {
            for (int state = 0; state < 1 << VISIBLE; state++) {
                float[] v = {state & 1, state >> 1 & 1, state >> 2 & 1};
                double f = model.net().freeEnergy(Tensor.of(v, 1, VISIBLE)).item();
                assertThat(f).isCloseTo(freeEnergy(w, b, a, v), within(1e-5));
            }
            assertThat(pass.recording()).isFalse();
        }
    }

    /** With the reconstructions v' of the same random numbers, the gradient of W is the mean of h(v') v' - h(v) v. */
    @Test
    void theGradientIsThatOfContrastiveDivergence() {
        int n = 5;
        float[] w = new Rng(1).normal(VISIBLE * HIDDEN, 0, 1);
        float[] b = {0.3f, -0.7f};
        float[] a = {-0.2f, 0.5f, 1};
        float[] v = new Rng(2).uniform(n * VISIBLE, 0, 1);
        try (Model<Stage.Boltzmann> model = Model.of(machine(w, b, a), 1)) {
            float[] other;
            try (Pass pass = Pass.infer(new Rng(3))) {
                other = model.net().reconstructed(Tensor.of(v, n, VISIBLE)).toArray();
                assertThat(pass.recording()).isFalse();
            }
            double[] expected = new double[w.length];
            for (int k = 0; k < n; k++) {
                for (int i = 0; i < HIDDEN; i++) {
                    for (float[] side : List.of(v, other)) {
                        double sum = b[i];
                        for (int j = 0; j < VISIBLE; j++) {
                            sum += w[i * VISIBLE + j] * side[k * VISIBLE + j];
                        }
                        double h = 1 / (1 + Math.exp(-sum));
                        for (int j = 0; j < VISIBLE; j++) {
                            expected[i * VISIBLE + j] += (side == v ? -1 : 1) * h * side[k * VISIBLE + j] / n;
                        }
                    }
                }
            }
            try (Pass pass = Pass.train(new Rng(3))) {
                pass.backward(model.net().loss(Tensor.of(v, n, VISIBLE)));
            }
            float[] gradient =
                    Objects.requireNonNull(model.net().up().weight().gradient()).toArray();
            for (int i = 0; i < w.length; i++) {
                assertThat((double) gradient[i]).isCloseTo(expected[i], within(1e-5));
            }
        }
    }

    // ---- graphs

    /** Edges and features are as frequent and as strong as the model says, and a seed gives the same accuracy twice. */
    @Test
    void blocksAreDrawnAsTheModelSays() {
        BlockModel model = BlockModel.draw(200, new Rng(4));
        assertThat(model.labels()).hasSize(200).startsWith(0, 1, 2, 3, 0);
        int inside = 0;
        int edges = 0;
        for (int e = 0; e < model.graph().from().length; e++) {
            int from = model.graph().from()[e];
            int to = model.graph().to()[e];
            if (from < to) {
                edges++;
                inside += model.labels()[from] == model.labels()[to] ? 1 : 0;
            }
        }
        int pairs = 4 * 50 * 49 / 2;
        assertThat((double) inside / pairs).isCloseTo(BlockModel.INSIDE, within(0.01));
        assertThat((double) (edges - inside) / (200 * 199 / 2 - pairs)).isCloseTo(BlockModel.OUTSIDE, within(0.003));
        int[] known = model.known(3);
        assertThat(Arrays.stream(known).filter(c -> c < BlockModel.BLOCKS).count())
                .isEqualTo(12);
        for (int c = 0; c < 4; c++) {
            int block = c;
            double[] signal = IntStream.range(0, 200)
                    .filter(i -> model.labels()[i] == block)
                    .mapToDouble(i -> model.features()[i][block])
                    .toArray();
            assertThat(Arrays.stream(signal).average().orElseThrow()).isCloseTo(BlockModel.SIGNAL, within(0.5));
        }
        assertThat(model.learned(model.convolutions(), known, 1))
                .isEqualTo(model.learned(model.convolutions(), known, 1));
    }
}

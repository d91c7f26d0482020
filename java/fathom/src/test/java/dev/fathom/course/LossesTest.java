package dev.fathom.course;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import dev.fathom.nn.Loss;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

/** Losses and the numbers that the courses give for them. */
class LossesTest {
    private static final Offset<Float> CLOSE = offset(3e-7f);

    private static float[] floats(double... values) {
        float[] f = new float[values.length];
        for (int i = 0; i < f.length; i++) {
            f[i] = (float) values[i];
        }
        return f;
    }

    private static Tensor row(double... values) {
        return Tensor.of(floats(values), 1, values.length);
    }

    private static Tensor label(int i) {
        return Tensor.ofInts(new int[] {i}, 1);
    }

    /** AI basics lecture 13, softmax slide: in = (5, 2, 0, -2) gives (.946, .047, .006, .001). */
    @Test
    void softmaxOfTheSlide() {
        try (Pass pass = Pass.infer()) {
            Tensor in = row(5, 2, 0, -2);
            float[] p = in.softmax(1).toArray();
            assertThat(p).containsExactly(floats(.946, .047, .006, .001), offset(5e-4f));
            assertThat(p).containsExactly(floats(.9456829079, .0470827796, .0063719613, .0008623512), offset(1e-7f));
            // logsumexp = x - log softmax(x), for any x of the row
            assertThat(in.sub(in.logSoftmax(1)).toArray())
                    .containsExactly(floats(5.0558479597, 5.0558479597, 5.0558479597, 5.0558479597), offset(1e-6f));
            assertThat(in.crossEntropy(label(0)).item()).isEqualTo(.0558479597f, CLOSE);
            // lecture 10, slide "Loss Functions": over-parameterized, so a common shift changes nothing
            assertThat(in.add(100).softmax(1).toArray()).containsExactly(p, offset(1e-7f));
        }
    }

    /**
     * Lecture 10, slide "Loss Functions / Continued": softmax of two classes is the logistic function of the difference
     * of their scores.
     */
    @Test
    void softmaxOfTwoIsLogistic() {
        try (Pass pass = Pass.infer()) {
            assertThat(row(1.5, -.25).softmax(1).get(0, 0))
                    .isEqualTo(Tensor.scalar(1.75f).sigmoid().item(), CLOSE);
        }
    }

    /** CS155, slide "multi-class logistic regression": the gradient of -log softmax is p - onehot. */
    @Test
    void theGradientOfCrossEntropyIsTheErrorOfTheProbabilities() {
        try (Pass pass = Pass.grad()) {
            Tensor in = pass.watch(row(5, 2, 0, -2));
            pass.backward(in.crossEntropy(label(1)));
            assertThat(pass.gradient(in).toArray())
                    .containsExactly(floats(.9456829079, .0470827796 - 1, .0063719613, .0008623512), CLOSE);
        }
    }

    /**
     * Course "Neural Networks", slide "Notes on CE loss": truth [1, 0, 0]; model A has the higher loss and the right
     * class. (The slides before it miss the minus sign in the binary form, and call the value at a match the highest
     * where it is the lowest.)
     */
    @Test
    void aBetterLossMayBeAWorseAnswer() {
        try (Pass pass = Pass.infer()) {
            Tensor a = row(.4, .3, .3);
            Tensor b = row(.45, .5, .05);
            // logits log p give back p
            float lossA = a.log().crossEntropy(label(0)).item();
            float lossB = b.log().crossEntropy(label(0)).item();
            assertThat(lossA).isEqualTo(.916290732f, CLOSE);
            assertThat(lossB).isEqualTo(.798507696f, CLOSE).isLessThan(lossA);
            assertThat(a.argmax().item()).isEqualTo(0);
            assertThat(b.argmax().item()).isEqualTo(1);
        }
    }

    /**
     * The slide goes on: the squared distance of cumulative sums tells [.5, .5, 0, 0] from [.5, 0, 0, .5], which
     * cross-entropy does not.
     */
    @Test
    void orderedClassesNeedAnotherLoss() {
        try (Pass pass = Pass.infer()) {
            float[] upper = new float[16];
            for (int i = 0; i < 16; i++) {
                upper[i] = i / 4 <= i % 4 ? 1 : 0;
            }
            Tensor cumulative = Tensor.of(upper, 4, 4);
            Tensor truth = row(1, 0, 0, 0);
            assertThat(row(.5, .5, 0, 0)
                            .sub(truth)
                            .matmul(cumulative)
                            .square()
                            .sum()
                            .item())
                    .isEqualTo(.25f);
            assertThat(row(.5, 0, 0, .5)
                            .sub(truth)
                            .matmul(cumulative)
                            .square()
                            .sum()
                            .item())
                    .isEqualTo(.75f);
        }
    }

    /** The loss for ordered classes gives these numbers: logits log p give back p. */
    @Test
    void squaredEarthMoverOfTheSlide() {
        try (Pass pass = Pass.infer()) {
            Tensor near = row(.5, .5, 0, 0).log();
            Tensor far = row(.5, 0, 0, .5).log();
            assertThat(Loss.squaredEarthMover().of(near, label(0)).item()).isEqualTo(.25f, CLOSE);
            assertThat(Loss.squaredEarthMover().of(far, label(0)).item()).isEqualTo(.75f, CLOSE);
            assertThat(Loss.squaredEarthMover().of(near, row(1, 0, 0, 0)).item())
                    .isEqualTo(.25f, CLOSE);
            assertThat(Loss.crossEntropy().of(near, label(0)).item())
                    .isEqualTo(Loss.crossEntropy().of(far, label(0)).item(), CLOSE);
        }
    }

    /**
     * ML session 11, slides "Losses": a triplet with d(a, p) = 1, d(a, n) = 1.5 and margin 1; a pair apart with d = .4.
     */
    @Test
    void lossesOfDistances() {
        try (Pass pass = Pass.infer()) {
            assertThat(Loss.triplet(1).each(row(0, 0), row(1, 0), row(0, 1.5)).toArray())
                    .containsExactly(.5f);
            Tensor pair = Tensor.of(floats(0, 0, .4, 0), 1, 2, 2);
            assertThat(Loss.contrastive(1).of(pair, Tensor.zeros(1)).item()).isEqualTo(.18f, CLOSE);
            assertThat(Loss.contrastive(1).of(pair, Tensor.ones(1)).item()).isEqualTo(.08f, CLOSE);
        }
    }

    /**
     * Slide "Sum of squared errors (MSE)": half the sum for y = [1, 2, 3], q = 0; the mean and the plain sum beside it.
     */
    @Test
    void threeFormsOfSquaredError() {
        try (Pass pass = Pass.infer()) {
            Tensor y = row(1, 2, 3);
            Tensor q = row(0, 0, 0);
            assertThat(Loss.sse().of(q, y).mul(.5f).item()).isEqualTo(7);
            assertThat(Loss.mse().of(q, y).item()).isEqualTo(4.6666667f, CLOSE);
            assertThat(Loss.sse().of(q, y).item()).isEqualTo(14);
        }
    }

    /** Slide "Smooth L1": x^2 / 2 within 1, |x| - 1/2 outside, at seven points; Huber's loss with delta 1. */
    @Test
    void smoothL1() {
        try (Pass pass = Pass.grad()) {
            Tensor x = pass.watch(row(-2, -1, -.5, 0, .5, 1, 2));
            assertThat(x.huber(1).toArray()).containsExactly(1.5f, .5f, .125f, 0, .125f, .5f, 1.5f);
            Tensor loss = Loss.huber(1).of(x, Tensor.zeros(1, 7));
            assertThat(loss.item()).isEqualTo(4.25f / 7, CLOSE);
            pass.backward(loss.mul(7));
            assertThat(pass.gradient(x).toArray()).containsExactly(floats(-1, -1, -.5, 0, .5, 1, 1), CLOSE);
        }
    }

    /**
     * CS155, slides "logistic regression": log(1 + exp(-y s)) at s = 2; the same as binary cross-entropy; finite at s =
     * +-1000.
     */
    @Test
    void logisticLoss() {
        try (Pass pass = Pass.grad()) {
            Tensor s = pass.watch(Tensor.of(floats(2, 2, 1000, 1000, -1000, -1000), 6));
            Tensor positive = Tensor.of(floats(1, 0, 1, 0, 1, 0), 6);
            Tensor loss = s.bceWithLogits(positive);
            assertThat(loss.toArray()).containsExactly(floats(.126928011, 2.126928011, 0, 1000, 1000, 0), CLOSE);
            Tensor sign = Tensor.of(floats(1, -1), 2);
            Tensor two = s.slice(0, 0, 2);
            assertThat(Loss.logistic().each(two, sign).toArray())
                    .containsExactly(floats(.126928011, 2.126928011), CLOSE);
            assertThat(Loss.logistic().each(s, positive.mul(2).sub(1)).toArray())
                    .containsExactly(loss.toArray(), CLOSE);
            pass.backward(loss.sum());
            // sigmoid(s) - y
            assertThat(pass.gradient(s).toArray())
                    .containsExactly(floats(.880797078 - 1, .880797078, 0, 1, -1, 0), CLOSE);
        }
    }

    /** Course "Neural Networks", slide "One-hot": all words are as far apart, sqrt 2; "Dense": they are not. */
    @Test
    void distancesOfWords() {
        try (Pass pass = Pass.infer()) {
            Tensor oneHot = Tensor.of(floats(1, 0, 0, 0, 1, 0, 0, 0, 1), 3, 3);
            Tensor dense = Tensor.of(floats(2.3, 1.2, -1.0, 2.4, -3.0, 4.0), 3, 2);
            assertThat(distances(oneHot)).containsExactly(floats(1.414213562, 1.414213562, 1.414213562), CLOSE);
            assertThat(distances(dense)).containsExactly(floats(3.511409973, 2.561249695, 5.994163828), offset(1e-6f));
            // an embedding is a matrix times a one-hot vector, exactly
            assertThat(oneHot.matmul(dense).toArray()).containsExactly(dense.toArray());
        }
    }

    /** Between 0 and 1, 1 and 2, 0 and 2. */
    private static float[] distances(Tensor words) {
        int[][] pairs = {{0, 1}, {1, 2}, {0, 2}};
        float[] d = new float[3];
        for (int i = 0; i < 3; i++) {
            Tensor a = words.slice(0, pairs[i][0], pairs[i][0] + 1);
            Tensor b = words.slice(0, pairs[i][1], pairs[i][1] + 1);
            d[i] = a.sub(b).square().sum().sqrt().item();
        }
        return d;
    }

    /**
     * Lecture 10, slide "Density View of GANs": P = (.5, .5), Q = (.9, .1); the best discriminator's value is -log 4 +
     * 2 JS.
     */
    @Test
    void divergencesOfTwoCoins() {
        try (Pass pass = Pass.infer()) {
            Tensor p = row(.5, .5);
            Tensor q = row(.9, .1);
            Tensor m = p.add(q).mul(.5f);
            Tensor best = p.div(p.add(q));
            assertThat(best.toArray()).containsExactly(floats(.357142857, .833333333), CLOSE);
            assertThat(divergence(p, q)).isEqualTo(.510825624f, CLOSE);
            assertThat(divergence(q, p)).isEqualTo(.368064207f, CLOSE);
            float js = (divergence(p, m) + divergence(q, m)) / 2;
            assertThat(js).isEqualTo(.101749225f, CLOSE);
            float value = p.mul(best.log()).add(q.mul(best.rsub(1).log())).sum().item();
            assertThat(Loss.js().of(p, q).item()).isEqualTo(js, CLOSE);
            assertThat(Loss.kl().of(q.log(), p).item()).isEqualTo(.510825624f, CLOSE);
            assertThat(Loss.kl().of(p.log(), q).item()).isEqualTo(.368064207f, CLOSE);
            // two distributions that share nothing are as far apart as can be, wherever they are
            assertThat(Loss.js().of(row(1, 0, 0), row(0, 0, 1)).item()).isEqualTo(.693147181f, CLOSE);
            assertThat(value).isEqualTo(-1.182795911f, CLOSE).isEqualTo((float) -Math.log(4) + 2 * js, CLOSE);
        }
    }

    private static float divergence(Tensor p, Tensor q) {
        return p.mul(p.div(q).log()).sum().item();
    }
}

package dev.fathom.course;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import dev.fathom.nn.Init;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Shape;
import dev.fathom.optim.Adam;
import dev.fathom.optim.AdamW;
import dev.fathom.optim.Group;
import dev.fathom.optim.Optimizer;
import dev.fathom.optim.RmsProp;
import dev.fathom.optim.Schedule;
import dev.fathom.optim.Sgd;
import dev.fathom.parameter.Parameter;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * The optimizers of two courses on f(w) = w^2 / 2 from w = 1, whose gradient is w itself: Neural Networks (slides
 * "Momentum", "Nesterov Momentum", "Adam and AdamW") and CS155 (slide "optimization techniques"). {@link Sgd} is
 * PyTorch's, v = b v + g, w -= a v; the courses write momentum in three other ways, each of which is PyTorch's after a
 * change of variables.
 */
class OptimizersTest {
    private static final float RATE = 0.1f;
    private static final float BETA = 0.9f;

    private record Weight(Parameter w) implements Net {}

    /** w after each of n steps on w^2 / 2 from 1. */
    private static double[] trace(Optimizer recipe, int n) {
        return trace(recipe, 1, w -> w.square().mul(0.5f), n);
    }

    /** w after each of n steps on f from {@code start}. */
    private static double[] trace(Optimizer recipe, float start, UnaryOperator<Tensor> f, int n) {
        double[] w = new double[n];
        try (var model = Model.of(new Weight(new Parameter(Shape.SCALAR, Init.constant(start))), 0);
                var optimizer = recipe.on(model)) {
            for (int i = 0; i < n; i++) {
                try (Pass pass = Pass.train(new Rng(0))) {
                    Tensor value = model.net().w().value();
                    pass.backward(f.apply(value));
                    optimizer.step();
                    w[i] = value.item();
                }
            }
        }
        return w;
    }

    private static void assertTrace(double[] actual, double... expected) {
        assertThat(actual).containsExactly(expected, offset(3e-7));
    }

    @Test
    void plainDescent() {
        assertTrace(trace(new Sgd(RATE), 3), 0.9, 0.81, 0.729);
    }

    /**
     * ISLR exercise 6: descent on R(b) = sin b + b / 10 at rate 0.1 ends in another minimum from each of two starts.
     */
    @Test
    void descentFromTwoStarts() {
        UnaryOperator<Tensor> r = b -> b.sin().add(b.mul(0.1f));
        double[] right = trace(new Sgd(RATE), 2.3f, r, 300);
        assertThat(Arrays.copyOf(right, 5))
                .containsExactly(new double[] {2.356628, 2.417369, 2.482270, 2.551311, 2.624389}, offset(1e-6));
        assertThat(right[299]).isEqualTo(4.612221559, offset(1e-5));
        assertThat(Math.sin(right[299]) + right[299] / 10).isEqualTo(-.533765281, offset(1e-6));
        double[] left = trace(new Sgd(RATE), 1.4f, r, 300);
        assertThat(Arrays.copyOf(left, 5))
                .containsExactly(new double[] {1.373003, 1.343353, 1.310804, 1.275097, 1.235956}, offset(1e-6));
        assertThat(left[299]).isEqualTo(-1.670963748, offset(1e-5));
        assertThat(Math.sin(left[299]) + left[299] / 10).isEqualTo(-1.162083812, offset(1e-6));
    }

    /**
     * V = b V + (1 - b) g, W -= a V. By induction V = (1 - b) v with PyTorch's v = b v + g, so the slide's rate a is
     * PyTorch's a (1 - b), at every step.
     */
    @Test
    void momentumAsAMovingAverage() {
        assertTrace(trace(new Sgd(RATE * (1 - BETA)).momentum(BETA), 3), 0.99, 0.9711, 0.944379);
    }

    /**
     * PyTorch's dampening = b also writes (1 - b) g into the velocity, but not at the first step, where v = g: the same
     * recurrence from V = g instead of V = (1 - b) g.
     */
    @Test
    void dampeningDiffersFromTheMovingAverageAtTheFirstStep() {
        assertTrace(trace(new Sgd(RATE, BETA, BETA, false, 0), 3), 0.9, 0.801, 0.70389);
    }

    /** mu = b mu + a g, W -= mu (CS155): mu = a v, so at a constant rate it is PyTorch's momentum as it stands. */
    @Test
    void classicalMomentum() {
        assertTrace(trace(new Sgd(RATE).momentum(BETA), 3), 0.9, 0.72, 0.486);
    }

    /**
     * V = b V + a grad(W - b V), W -= V. PyTorch keeps the point where the gradient is taken, p = W - b V, as the
     * parameter: with V = a v, p' = W - V' - b V' = p - a (g + b v'), its Nesterov step. From W and the next p, V' = (W
     * - p') / (1 + b) and W' = W - V'.
     */
    @Test
    void nesterovMomentum() {
        double[] p = trace(new Sgd(RATE, BETA, 0, true, 0), 3);
        double[] w = new double[3];
        double last = 1;
        for (int i = 0; i < 3; i++) {
            w[i] = last - (last - p[i]) / (1 + BETA);
            last = w[i];
        }
        assertTrace(p, 0.81, 0.5751, 0.327321);
        assertTrace(w, 0.9, 0.729, 0.51759);
    }

    @Test
    void adam() {
        assertTrace(trace(new Adam(RATE), 4), 0.900000001, 0.8004122297, 0.7015862745, 0.6039390627);
    }

    /**
     * The slide's lambda adds lambda w to the gradient; Adam divides the scale of a gradient out again, so it hardly
     * shows here.
     */
    @Test
    void l2InsideAdam() {
        assertTrace(
                trace(new Adam(RATE, 0.9f, 0.999f, 1e-8f, 0.1f), 4),
                0.9000000009,
                0.8004122295,
                0.7015862743,
                0.6039390623);
    }

    /** lambda = 0.1, outside the moments: it takes a lambda w off at every step. */
    @Test
    void adamW() {
        assertTrace(trace(new AdamW(RATE).weightDecay(0.1f), 4), 0.890000001, 0.7815718570, 0.6751012232, 0.5710475992);
    }

    /**
     * CS155 names RMSprop without numbers. By hand, with alpha 0.9 and no epsilon: s = 0.1, w = 1 - 0.1 / sqrt(0.1) =
     * 0.6837722340; s = 0.09 + 0.1 0.6837722340^2 = 0.1367544468, w -= 0.06837722340 / sqrt(s) to 0.4988706069; and so
     * on.
     */
    @Test
    void rmsProp() {
        double w = 1;
        double s = 0;
        double[] expected = new double[4];
        for (int i = 0; i < 4; i++) {
            s = 0.9 * s + 0.1 * w * w;
            w -= 0.1 * w / Math.sqrt(s);
            expected[i] = w;
        }
        assertThat(expected[0]).isCloseTo(0.6837722340, offset(1e-10));
        assertThat(expected[1]).isCloseTo(0.4988706069, offset(1e-10));
        assertTrace(trace(new RmsProp(RATE, 0.9f, 0, 0, false, 0), 4), expected);
    }

    /**
     * Slide "Learning rate schedules": base rate 0.1 times exp(-0.1 epoch), of the base and not of the epoch before.
     */
    @Test
    void exponentialDecay() {
        Schedule schedule = (epochs, steps) -> Math.exp(-0.1 * epochs);
        double[] rates = new double[4];
        for (int epoch = 0; epoch < 4; epoch++) {
            rates[epoch] = 0.1 * schedule.factor(epoch, 0);
        }
        assertThat(rates).containsExactly(new double[] {.1, .0904837, .0818731, .0740818}, offset(5e-8));
    }

    /** Slide "Warm-up": the rate rises, then falls, and is largest at the peak. */
    @Test
    void aTriangle() {
        Schedule triangle = Schedule.constant().warmUp(4);
        Schedule falling = (epochs, steps) -> triangle.factor(Math.min(epochs, 8 - epochs), steps);
        assertThat(falling.factor(0, 0)).isZero();
        assertThat(falling.factor(3, 0)).isEqualTo(0.75).isEqualTo(falling.factor(5, 0));
        assertThat(falling.factor(4, 0)).isEqualTo(1);
        assertThat(falling.factor(8, 0)).isZero();
    }

    /**
     * f = w^2 / 2 with lambda w^2 / 2 beside it: g = (1 + lambda) w. The slide's own penalty, lambda w^2 without the
     * half, doubles it.
     */
    @Test
    void weightDecayInDescent() {
        assertTrace(trace(new Sgd(RATE, 0, 0, false, 0.5f), 2), 0.85, 0.7225);
    }

    /**
     * ISLR chapter 10, "SGD and Regularization": lambda times the sum of the squares of W1 and W2, but not of the
     * output matrix or of biases, has the gradient 2 lambda W: a weight decay of 2 lambda in the groups of W1 and W2.
     */
    @Test
    void ridgeOnTheHiddenLayersAlone() {
        float lambda = 0.3f;
        float[] x = new Rng(1).normal(4 * 3, 0, 1);
        int[] y = {0, 1, 1, 0};
        List<float[]> plain = afterOneStep(x, y, 0, false);
        List<float[]> inLoss = afterOneStep(x, y, lambda, false);
        List<float[]> decayed = afterOneStep(x, y, lambda, true);
        List<float[]> before = afterOneStep(null, y, 0, false);
        for (int i = 0; i < before.size(); i++) {
            boolean penalized = i == 0 || i == 2;
            for (int j = 0; j < before.get(i).length; j++) {
                double expected = plain.get(i)[j] - (penalized ? RATE * 2 * lambda * before.get(i)[j] : 0);
                assertThat(inLoss.get(i)[j]).isEqualTo((float) expected, offset(1e-6f));
                assertThat(decayed.get(i)[j]).isEqualTo((float) expected, offset(1e-6f));
            }
        }
    }

    /** The parameters of a 3-4-3-2 network after a step of descent; without x, before it. */
    private static List<float[]> afterOneStep(float @Nullable [] x, int[] y, float lambda, boolean decay) {
        var net = new Sequential(new Linear(3, 4), Tensor::relu, new Linear(4, 3), Tensor::relu, new Linear(3, 2));
        Group[] groups = decay
                ? new Group[] {
                    Group.of("0.weight").weightDecay(2 * lambda),
                    Group.of("2.weight").weightDecay(2 * lambda)
                }
                : new Group[0];
        try (var model = Model.of(net, 5);
                var sgd = new Sgd(RATE).on(model, groups);
                Pass pass = Pass.train(new Rng(0))) {
            if (x != null) {
                Tensor loss = Loss.crossEntropy().of(model.net().apply(Tensor.of(x, 4, 3)), Tensor.ofInts(y, 4));
                if (!decay) {
                    List<Parameter> p = model.parameters();
                    Tensor squares = p.get(0)
                            .value()
                            .square()
                            .sum()
                            .add(p.get(2).value().square().sum());
                    loss = loss.add(squares.mul(lambda));
                }
                pass.backward(loss);
                sgd.step();
            }
            return model.parameters().stream().map(p -> p.value().toArray()).toList();
        }
    }
}

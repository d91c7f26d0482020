package dev.fathom.derivative;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.nn.Dropout;
import dev.fathom.nn.Init;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.nn.Recompute;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Call;
import dev.fathom.op.Grad;
import dev.fathom.op.Op;
import dev.fathom.op.Shape;
import dev.fathom.optim.Sgd;
import dev.fathom.tensor.Attention;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Derivatives along directions: what moves, what does not, and what is refused. */
class LinearizationTest {
    private static Tensor vector(float... values) {
        return Tensor.of(values, values.length);
    }

    @Test
    void theDerivativeOfAProductMovesEveryFactor() {
        try (Pass pass = Pass.grad()) {
            Tensor a = pass.watch(vector(1, 2));
            Tensor b = pass.watch(vector(3, 5));
            Linearization f = Linearization.of(() -> a.mul(b).add(a.detach().mul(100)));
            assertThat(f.value().toArray()).containsExactly(103, 210);
            assertThat(f.along(a, vector(1, 1)).toArray()).containsExactly(3, 5);
            assertThat(f.along(Map.of(a, vector(1, 0), b, vector(0, 1))).toArray())
                    .containsExactly(3, 2);
            Tensor other = pass.watch(vector(7));
            assertThat(f.along(other, vector(1)).toArray()).containsExactly(0, 0);
        }
    }

    /** d^3/dx^3 x^4 = 24 x, by backward through the tangent of a tangent. */
    @Test
    void tangentsHaveTangentsAndGradients() {
        try (Pass pass = Pass.grad()) {
            Tensor x = pass.watch(vector(2));
            Tensor one = vector(1);
            Linearization second = Linearization.of(
                    () -> Linearization.of(() -> x.square().square().sum()).along(x, one));
            assertThat(second.value().item()).isEqualTo(32);
            Tensor slope = second.along(x, one);
            assertThat(slope.item()).isEqualTo(48);
            pass.backward(slope);
            assertThat(pass.gradient(x).item()).isEqualTo(48);
        }
    }

    /** What was computed before the body moves too; a value that a rule reads and a net has given back is named. */
    @Test
    void whatWasComputedBeforeMovesToo() {
        Layer pool = x -> x.mul(2).maxPool(2);
        try (Model<Sequential> model = Model.of(new Sequential(pool), 1);
                Pass pass = Pass.grad()) {
            Tensor x = pass.watch(Tensor.of(new float[] {1, 2, 4, 3}, 1, 2, 2, 1));
            Tensor v = Tensor.of(new float[] {5, 6, 7, 8}, 1, 2, 2, 1);
            Tensor h = x.exp();
            float[] same = Linearization.of(() -> h.log()).along(x, v).toArray();
            assertThat(same).containsExactly(new float[] {5, 6, 7, 8}, within(1e-5f));
            assertThat(Linearization.of(() -> model.net().apply(x)).along(x, v).item())
                    .isEqualTo(14);
            Tensor pooled = model.net().apply(x);
            assertThatIllegalStateException()
                    .isThrownBy(() -> Linearization.of(() -> pooled.mul(2)).along(x, v))
                    .withMessageMatching("tensor mul_scalar\\[0\\] \\[1, 2, 2, 1\\] was released when .* returned; .*");
        }
    }

    /** A layer that backward would run again is recorded, and dropout drops the tangents of what it drops. */
    @Test
    void recomputedAndRandomLayersAreThoseThatRan() {
        Layer inner = new Sequential(new Linear(4, 4), Tensor::tanh, new Dropout(0.5f));
        try (Model<Layer> model = Model.of(new Recompute(inner), 1);
                Pass pass = Pass.train(new Rng(3))) {
            Tensor x = pass.watch(Tensor.ones(2, 4));
            Linearization f = Linearization.of(() -> model.net().apply(x));
            float[] y = f.value().toArray();
            float[] dy = f.along(x, Tensor.ones(2, 4)).toArray();
            int dropped = 0;
            for (int i = 0; i < y.length; i++) {
                assertThat(dy[i] == 0).isEqualTo(y[i] == 0);
                dropped += y[i] == 0 ? 1 : 0;
            }
            assertThat(dropped).isBetween(1, 7);
        }
    }

    @Test
    void whatCannotMoveIsRefused() {
        try (Pass pass = Pass.infer()) {
            assertThatIllegalStateException()
                    .isThrownBy(() -> Linearization.of(() -> vector(1)))
                    .withMessage("linearization: this pass records nothing here; open it with Pass.grad() or"
                            + " Pass.train(rng), and leave noGrad");
        }
        try (Pass pass = Pass.grad()) {
            Tensor constant = vector(1, 2);
            Tensor x = pass.watch(constant);
            Linearization f = Linearization.of(x::exp);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> f.along(constant, vector(1, 1)))
                    .withMessage("along: value[#0] [2] is a constant, which nothing was recorded for; pass.watch(x) and"
                            + " compute with what it returns, or unfreeze the parameter");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> f.along(x, vector(1)))
                    .withMessage(
                            "along: value[#1] [2] and its direction [1] of F32 disagree; a direction is F32 and has"
                                    + " the shape of what moves");
            try (Pass inner = Pass.grad()) {
                assertThatIllegalStateException()
                        .isThrownBy(() -> f.along(x, vector(1, 1)))
                        .withMessage(
                                "along: the pass of this linearization is not the innermost one; close the pass that"
                                        + " was opened later, or do not open it here");
            }
        }
    }

    @Test
    void aStepBetweenBodyAndDerivativeIsRefused() {
        try (Model<Linear> model = Model.of(new Linear(2, 1, Init.constant(1)), 1);
                var step = new Sgd(0.1f).on(model);
                Pass pass = Pass.grad()) {
            Tensor x = pass.watch(Tensor.ones(1, 2));
            Linearization f = Linearization.of(() -> model.net().apply(x).sum());
            pass.backward(f.value());
            step.step();
            assertThatIllegalStateException()
                    .isThrownBy(() -> f.along(x, Tensor.ones(1, 2)))
                    .withMessage(
                            "along: parameter weight has changed since linear was recorded; call along before step(),"
                                    + " load() or copy, or run the forward again");
        }
    }

    // ---- ops of one's own

    /** y = 3 x, with or without a rule of its own. */
    private static class Triple implements Op {
        @Override
        public String label() {
            return "triple";
        }

        @Override
        public Shape shape(Call c, int output) {
            return c.shape(0);
        }

        @Override
        public void forward(Call c) {
            c.write(0, tripled(c.read(0)));
        }

        @Override
        public void backward(Grad g) {
            g.writeGradient(0, tripled(g.readGradient(0)));
        }

        private static float[] tripled(float[] x) {
            float[] y = x.clone();
            for (int i = 0; i < y.length; i++) {
                y[i] *= 3;
            }
            return y;
        }
    }

    private static final class Ruled extends Triple implements Tangent.Rule {
        @Override
        public Tensor tangent(Tangent t) {
            assertThat(t.has(0)).isTrue();
            assertThat(t.has(1)).isFalse();
            assertThat(t.moves(0)).isTrue();
            assertThat(t.moves(1)).isFalse();
            return t.linear();
        }
    }

    /** Its rule forgets to keep the shape. */
    private static final class Wrong extends Triple implements Tangent.Rule {
        @Override
        public Tensor tangent(Tangent t) {
            return t.of(0).reshape(-1, 1).mul(Tensor.ones(1, 5));
        }
    }

    /** Two results, of which rules speak of the first. */
    private static final class Pair extends Triple implements Tangent.Rule {
        @Override
        public int outputs() {
            return 2;
        }

        @Override
        public void forward(Call c) {
            super.forward(c);
            c.write(1, c.read(0));
        }

        @Override
        public Tensor tangent(Tangent t) {
            return t.linear();
        }
    }

    @Test
    void anOpOfOnesOwnStatesItsTangent() {
        try (Pass pass = Pass.grad()) {
            Tensor x = pass.watch(vector(1, 2));
            Linearization f = Linearization.of(() -> Pass.apply(new Ruled(), x.square()));
            Tensor dy = f.along(x, vector(1, 1));
            assertThat(dy.toArray()).containsExactly(6, 12);
            pass.backward(dy.sum());
            assertThat(pass.gradient(x).toArray()).containsExactly(6, 6);
            assertThatIllegalStateException()
                    .isThrownBy(() ->
                            Linearization.of(() -> Pass.apply(new Wrong(), x)).along(x, vector(1, 1)))
                    .withMessage(
                            "triple: the rule gave a tangent [2, 5] but the result is [2]; they must be equal, or the"
                                    + " tangent must broadcast");
            assertThatThrownBy(() -> Linearization.of(() -> Pass.applyAll(new Pair(), x)[1].exp())
                            .along(x, vector(1, 1)))
                    .isInstanceOf(UnsupportedOperationException.class)
                    .hasMessageContaining(
                            "forward mode reaches a further result of this op, but its rule states the tangent of the"
                                    + " first result only");
            assertThat(Linearization.of(() -> Pass.applyAll(new Pair(), x)[0])
                            .along(x, vector(1, 1))
                            .toArray())
                    .containsExactly(3, 3);
        }
    }

    /** y = a b + c + 5 and z = 2 a, where c may be left out: an op with an optional input and a second result. */
    private static class Product implements Op {
        @Override
        public String label() {
            return "product";
        }

        @Override
        public int outputs() {
            return 2;
        }

        @Override
        public boolean optional(int i) {
            return i == 2;
        }

        @Override
        public Shape shape(Call c, int output) {
            return c.shape(0);
        }

        @Override
        public boolean readsOutput(int o) {
            return false;
        }

        @Override
        public void forward(Call c) {
            float[] a = c.read(0);
            float[] b = c.read(1);
            float[] y = new float[a.length];
            float[] z = new float[a.length];
            for (int i = 0; i < a.length; i++) {
                y[i] = a[i] * b[i] + (c.has(2) ? c.read(2)[i] : 0) + 5;
                z[i] = 2 * a[i];
            }
            c.write(0, y);
            c.write(1, z);
        }

        @Override
        public void backward(Grad g) {
            float[] dy = g.readGradient(0);
            float[] dz = g.readGradient(1);
            for (int i = 0; i < 2; i++) {
                if (g.wants(i)) {
                    float[] d = g.read(1 - i);
                    for (int k = 0; k < d.length; k++) {
                        d[k] = d[k] * dy[k] + (i == 0 ? 2 * dz[k] : 0);
                    }
                    g.writeGradient(i, d);
                }
            }
            if (g.wants(2)) {
                g.writeGradient(2, dy);
            }
        }
    }

    @Test
    void theTangentsOfProductsAndSumsAreDerived() {
        try (Pass pass = Pass.grad()) {
            Tensor a = pass.watch(vector(2, 3));
            Tensor b = pass.watch(vector(5, 7));
            Tensor c = pass.watch(vector(1e8f, 1));
            Linearization y = Linearization.of(() -> Pass.apply(new Product(), a, b, c));
            assertThat(y.along(a, vector(1, 10)).toArray()).containsExactly(5, 70);
            assertThat(y.along(c, vector(1, 10)).toArray()).containsExactly(1, 10);
            Tensor dy = y.along(Map.of(a, vector(1, 10), b, vector(100, 1000), c, vector(4, 4)));
            assertThat(dy.toArray()).containsExactly(5 + 200 + 4, 70 + 3000 + 4);
            pass.backward(dy.sum());
            assertThat(pass.gradient(a).toArray()).containsExactly(100, 1000);
            assertThat(pass.gradient(b).toArray()).containsExactly(1, 10);
            Linearization z = Linearization.of(() -> Pass.applyAll(new Product(), a, b, null)[1]);
            assertThat(z.along(Map.of(a, vector(1, 10), b, vector(1, 1))).toArray())
                    .containsExactly(2, 20);
            assertThat(Linearization.of(() -> Pass.apply(new Triple() {}, a))
                            .along(a, vector(1, 1))
                            .toArray())
                    .containsExactly(3, 3);
        }
    }

    /** A cube, whose gradient reads x. */
    private static final class Cube extends Triple {
        @Override
        public void backward(Grad g) {
            float[] x = g.read(0);
            float[] dy = g.readGradient(0);
            for (int i = 0; i < x.length; i++) {
                x[i] = 3 * x[i] * x[i] * dy[i];
            }
            g.writeGradient(0, x);
        }
    }

    /** This op has the gradient of {@link Triple}, but its backward also reads the result. */
    private static final class ByResult extends Triple {
        @Override
        public void backward(Grad g) {
            g.out(0);
            super.backward(g);
        }
    }

    /** The gradient of the identity for 3 x. */
    private static final class StraightThrough extends Triple {
        @Override
        public void backward(Grad g) {
            g.writeGradient(0, g.readGradient(0));
        }
    }

    @Test
    void whatHasNoTangentSaysWhy() {
        try (Pass pass = Pass.grad()) {
            Tensor x = pass.watch(vector(1, 2));
            String how = " and has no gradient itself; compute this result by other ops, detach() it to hold"
                    + " it constant, or implement Tangent.Rule if the op is your own";
            for (Op op : new Op[] {new Cube(), new ByResult()}) {
                assertThatThrownBy(
                                () -> Linearization.of(() -> Pass.apply(op, x)).along(x, vector(1, 1)))
                        .isInstanceOf(UnsupportedOperationException.class)
                        .hasMessage("triple: forward mode has no tangent for this op, because the gradient of input 0"
                                + " depends on " + (op instanceof Cube ? "input 0" : "result 0") + how);
            }
            assertThatThrownBy(() -> Linearization.of(() -> Pass.apply(new StraightThrough(), x))
                            .along(x, vector(1, 1)))
                    .isInstanceOf(UnsupportedOperationException.class)
                    .hasMessage("triple: forward mode cannot derive the tangent of this op, because its backward is not"
                            + " the derivative of its forward; implement Tangent.Rule to state the tangent that is"
                            + " meant, or detach() the result to hold it constant");
        }
    }

    @Test
    void droppedWeightsOfAttentionHaveNoTangent() {
        try (Pass pass = Pass.train(new Rng(1))) {
            Tensor q = pass.watch(Tensor.ones(1, 3, 4));
            Attention how = new Attention(2).dropout(0.5f);
            assertThatThrownBy(
                            () -> Linearization.of(() -> q.attention(q, q, how)).along(q, Tensor.ones(1, 3, 4)))
                    .isInstanceOf(UnsupportedOperationException.class)
                    .hasMessageStartingWith(
                            "attention: forward mode has no tangent for this op, because the gradient of input 0");
        }
    }

    /** Where a norm is 0 its derivative is 0, and so is the gradient of that. */
    @Test
    void normsOfZeroHaveNoInfiniteTangents() {
        try (Pass pass = Pass.grad()) {
            Tensor x = pass.watch(Tensor.zeros(2, 3));
            Tensor slope = Linearization.of(() -> x.norm(1).add(x.std(1))).along(x, Tensor.ones(2, 3));
            assertThat(slope.toArray()).containsExactly(0, 0);
            pass.backward(slope.sum());
            for (float g : pass.gradient(x).toArray()) {
                assertThat(g).isFinite();
            }
        }
    }
}

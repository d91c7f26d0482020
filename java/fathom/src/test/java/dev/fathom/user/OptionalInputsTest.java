package dev.fathom.user;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fathom.kernel.Kernel;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Model;
import dev.fathom.op.Call;
import dev.fathom.op.Grad;
import dev.fathom.op.Op;
import dev.fathom.op.Shape;
import dev.fathom.plan.Dim;
import dev.fathom.plan.Plan;
import dev.fathom.plan.Session;
import dev.fathom.plan.Spec;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Inputs that may be left out keep their places, and backward can ask what a result received. */
class OptionalInputsTest {
    /** y = x + a + b, where a and b may be left out; results: y and a copy of x. */
    private record Sum() implements Op {
        @Override
        public String label() {
            return "sum_of_some";
        }

        @Override
        public int outputs() {
            return 2;
        }

        @Override
        public boolean optional(int i) {
            return i > 0;
        }

        @Override
        public Shape shape(Call c, int output) {
            for (int i = 1; i < c.inputs(); i++) {
                if (c.has(i) && !c.shape(i).equals(c.shape(0))) {
                    throw c.fail("x " + c.shape(0) + " and input " + i + " " + c.shape(i)
                            + " disagree; give both one shape");
                }
            }
            return c.shape(0);
        }

        @Override
        public void forward(Call c) {
            long n = c.shape(0).size();
            for (int o = 0; o < 2; o++) {
                c.begin(Kernel.COPY)
                        .at(c.in(0))
                        .at(c.out(o))
                        .put(Float.BYTES * n)
                        .run();
            }
            for (int i = 1; i < 3; i++) {
                if (c.has(i)) {
                    c.begin(Kernel.ACCUMULATE).at(c.in(i)).at(c.out(0)).put(n).run();
                }
            }
        }

        @Override
        public void backward(Grad g) {
            long n = g.shape(0).size();
            for (int i = 0; i < 3; i++) {
                if (g.wants(i) && (i == 0 || g.received(0))) {
                    long dy = g.dout(0); // zeros where nothing was received, which does not make it received
                    long dx = g.din(i);
                    g.carry(dy, dx, n);
                }
            }
            if (g.wants(0) && g.received(1)) {
                long dx = g.din(0);
                g.carry(g.dout(1), dx, n);
            }
        }
    }

    private static Tensor sum(Tensor x, @Nullable Tensor a, @Nullable Tensor b) {
        return Pass.apply(new Sum(), x, a, b);
    }

    @Test
    void eachKeepsItsPlace() {
        try (Pass pass = Pass.grad()) {
            Tensor x = pass.watch(Tensor.of(new float[] {1, 2}, 2));
            Tensor b = pass.watch(Tensor.of(new float[] {10, 20}, 2));
            Tensor y = sum(x, null, b);
            assertThat(y.toArray()).containsExactly(11, 22);
            assertThat(pass.tape().entries().get(pass.tape().size() - 1).inputs())
                    .containsExactly(x, null, b);
            assertThat(pass.tape().toDot()).contains("sum_of_some");
            pass.backward(y.mul(3).sum());
            assertThat(pass.gradient(x).toArray()).containsExactly(3, 3);
            assertThat(pass.gradient(b).toArray()).containsExactly(3, 3);
            assertThat(sum(x, null, null).toArray()).containsExactly(1, 2);
            assertThat(Pass.apply(new Sum(), x).toArray()).containsExactly(1, 2);
        }
    }

    @Test
    void whatAResultDidNotReceiveIsKnown() {
        try (Pass pass = Pass.grad()) {
            Tensor x = pass.watch(Tensor.of(new float[] {1, 2}, 2));
            Tensor a = pass.watch(Tensor.of(new float[] {3, 4}, 2));
            pass.backward(Pass.applyAll(new Sum(), x, a, null)[1].sum());
            assertThat(pass.gradient(x).toArray()).containsExactly(1, 1);
            assertThat(pass.gradient(a))
                    .as("y received nothing, so a has no gradient")
                    .isNull();
        }
    }

    @Test
    void whatIsNotOptionalIsMissed() {
        try (Pass pass = Pass.infer()) {
            Tensor x = Tensor.full(Shape.of(2), 1);
            assertThatThrownBy(() -> Pass.apply(new Sum(), null, x, x))
                    .hasMessage("sum_of_some: input 0 is missing; only what the op calls optional may be null");
            assertThatThrownBy(() -> sum(x, null, Tensor.full(Shape.of(3), 1)))
                    .hasMessage("sum_of_some: x [2] and input 2 [3] disagree; give both one shape");
        }
    }

    @Test
    void aPlanKeepsThePlaces() {
        Layer net = x -> sum(x, null, x.mul(2));
        try (var model = Model.of(net, 1);
                Plan plan = Plan.freeze(model, (m, in) -> m.apply(in[0]), Spec.of("x", Dim.BATCH, 2));
                Session s = plan.newSession(3)) {
            s.input("x").put(new float[] {1, 2, 3, 4, 5, 6});
            s.run();
            float[] y = new float[6];
            s.output("output").get(y);
            assertThat(y).containsExactly(3, 6, 9, 12, 15, 18);
        }
    }
}

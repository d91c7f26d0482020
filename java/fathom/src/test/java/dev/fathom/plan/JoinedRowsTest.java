package dev.fathom.plan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fathom.kernel.Kernel;
import dev.fathom.nn.Conv;
import dev.fathom.nn.Layer;
import dev.fathom.nn.MaxPool;
import dev.fathom.nn.Model;
import dev.fathom.op.Activation;
import dev.fathom.op.Shape;
import dev.fathom.op.Window;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Convolutions of a plan write their channels into the rows of what a concatenation makes of them. */
class JoinedRowsTest {
    private static final Window THREE = Window.of(3).pad(1);

    /** Four convolutions of different forms, and what is made of their results. */
    private record Branches(Conv one, Conv three, Conv deep, Conv few, Shared shared) implements Layer {
        /** Makes the result of the layer from its input and from what its four convolutions make of it. */
        interface Shared {
            Tensor apply(Tensor x, Tensor one, Tensor three, Tensor deep, Tensor few);
        }

        Branches(Shared shared) {
            this(
                    new Conv(24, 16, Window.of(1)).act(Activation.RELU),
                    new Conv(24, 40, THREE).act(Activation.GELU),
                    new Conv(24, 24, THREE, 24).withoutBias(),
                    new Conv(24, 2, Window.of(5).pad(2)).act(Activation.SIGMOID),
                    shared);
        }

        @Override
        public Tensor forward(Tensor x) {
            return shared.apply(x, one.apply(x), three.apply(x), deep.apply(x), few.apply(x));
        }
    }

    /** Checks that a plan gives the bits of an eager run at some sizes of the batch, and returns its kernels. */
    private static List<Kernel> kernels(Layer layer) {
        try (var model = Model.of(layer, 1);
                Plan plan = Plan.freeze(model, Shape.of(1, 7, 9, 24))) {
            for (int n : new int[] {1, 3, 16}) {
                float[] x = new Rng(n).normal(n * 7 * 9 * 24, 0, 1);
                try (Session session = plan.newSession(n)) {
                    assertThat(PlanTest.frozen(session, x))
                            .as("batch %d", n)
                            .isEqualTo(PlanTest.eager(model, x, n, 7, 9, 24));
                }
            }
            return PlanTest.kernels(plan);
        }
    }

    @Test
    void nothingIsCopied() {
        assertThat(kernels(new Branches((x, one, three, deep, few) -> Tensor.concat(3, one, three, deep, few))))
                .containsExactly(Kernel.CONV, Kernel.CONV, Kernel.CONV, Kernel.CONV);
    }

    @Test
    void alsoIntoRowsThatAreJoinedAgain() {
        assertThat(kernels(new Branches((x, one, three, deep, few) ->
                        Tensor.concat(3, Tensor.concat(3, few, deep), one, Tensor.concat(3, three)))))
                .containsExactly(Kernel.CONV, Kernel.CONV, Kernel.CONV, Kernel.CONV);
    }

    @Test
    void whatOthersReadOrMakeIsCopied() {
        assertThat(kernels(new Branches((x, one, three, deep, few) -> Tensor.concat(
                        3,
                        x,
                        one,
                        three.relu(),
                        deep,
                        deep,
                        new MaxPool(Window.of(3).pad(1)).apply(few)))))
                .containsExactly(
                        Kernel.CONV,
                        Kernel.CONV,
                        Kernel.CONV,
                        Kernel.CONV,
                        Kernel.UNARY,
                        Kernel.MAX_POOL,
                        Kernel.COPY_ROWS,
                        Kernel.COPY_ROWS,
                        Kernel.COPY_ROWS,
                        Kernel.COPY_ROWS,
                        Kernel.COPY_ROWS);
        assertThat(kernels(new Branches((x, one, three, deep, few) -> {
                    Tensor joined = Tensor.concat(3, one, few);
                    return Tensor.concat(3, joined, three, deep, joined.relu());
                })))
                .containsOnlyOnce(Kernel.UNARY)
                .filteredOn(kernel -> kernel == Kernel.COPY_ROWS)
                .hasSize(2);
    }

    /**
     * Rows that are joined along another dimension do not lie side by side, and a residual would have to lie as far
     * apart as the result.
     */
    @Test
    void whatHasOtherRowsIsCopied() {
        assertThat(kernels(new Branches((x, one, three, deep, few) -> Tensor.concat(2, x, deep))))
                .contains(Kernel.COPY_ROWS);
        assertThat(kernels(new Branches((x, one, three, deep, few) -> Tensor.concat(3, one, deep.add(x)))))
                .filteredOn(kernel -> kernel == Kernel.COPY_ROWS)
                .hasSize(1);
    }
}

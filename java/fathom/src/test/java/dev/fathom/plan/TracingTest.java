package dev.fathom.plan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fathom.jni.Native;
import dev.fathom.memory.Memory;
import dev.fathom.nn.BatchNorm;
import dev.fathom.nn.Conv;
import dev.fathom.nn.Dropout;
import dev.fathom.nn.Flatten;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.MaxPool;
import dev.fathom.nn.Model;
import dev.fathom.nn.Recompute;
import dev.fathom.nn.Sequential;
import dev.fathom.op.DType;
import dev.fathom.op.Shape;
import dev.fathom.op.Window;
import dev.fathom.tensor.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * A trace finds shapes: no kernel runs on what depends on its input, and no second copy of a model's weights is made.
 */
class TracingTest {
    @BeforeEach
    void startTheClockOfKernels() {
        Native.clock(1);
    }

    @AfterEach
    void stopTheClockOfKernels() {
        Native.clock(0);
    }

    private static Sequential pictures() {
        return new Sequential(
                new Conv(3, 8, Window.of(3).pad(1)),
                new BatchNorm(8),
                new Recompute(new Sequential(Tensor::relu, new Dropout(0.5f))),
                new MaxPool(2),
                x -> x.slice(0, 0, x.dim(0)).detach(),
                new Flatten(),
                new Linear(8 * 4 * 4, 10),
                x -> x.softmax(-1));
    }

    @Test
    void tablesRunNoKernel() {
        Shape shape = Shape.of(2, 8, 8, 3);
        try (var model = Model.of(pictures(), 1)) {
            Native.clock(1);
            assertThat(model.summary(shape)).contains("Conv 3x3 padding 1");
            assertThat(model.multiplyAdds(shape)).isEqualTo(2 * (64 * 27 * 8 + 1280));
            assertThat(Native.nanos()).isZero();
        }
    }

    @Test
    void aPlanWithoutWeightsIsFrozenWithoutAKernel() {
        try (var model = Model.of(new Sequential(), 1);
                Plan plan = Plan.freeze(
                        model,
                        (net, in) -> in[0].matmul(in[1]).relu().correct(in[2]),
                        Spec.of("a", Dim.BATCH, 4),
                        Spec.of("b", 4, 3),
                        Spec.of("labels", DType.I32, Dim.BATCH))) {
            assertThat(Native.nanos()).isZero();
            assertThat(plan.toString()).hasLineCount(3);
        }
    }

    /** The plan's block is the only copy of the weights, plain, packed or folded. */
    @Test
    void freezingTakesTheMemoryOfThePlanAlone() {
        int n = 1024;
        Layer[] layers = new Layer[16];
        for (int i = 0; i < layers.length; i += 2) {
            layers[i] = new Linear(n, n);
            layers[i + 1] = i % 4 == 0 ? new BatchNorm(n) : Tensor::relu;
        }
        try (var model = Model.of(new Sequential(layers), 1)) {
            Memory.trim();
            long before = held();
            try (Plan plan = Plan.freeze(model, Shape.of(1, n))) {
                assertThat(held() - before).isLessThanOrEqualTo(model.bytes() * 5 / 4);
                assertThat(plan.toString()).hasLineCount(8);
            }
        }
    }

    private static long held() {
        Memory.Stats s = Memory.stats();
        return s.owned() + s.passes() + s.pooled();
    }
}

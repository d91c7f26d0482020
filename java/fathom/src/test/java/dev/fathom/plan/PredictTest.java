package dev.fathom.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fathom.memory.Memory;
import dev.fathom.nn.Embedding;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.nn.Sequential;
import dev.fathom.op.DType;
import dev.fathom.op.Shape;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/** Answers in one line, what a plan says of its inputs and outputs, and sessions that begin anew. */
class PredictTest {
    private static Model<Sequential> net() {
        return Model.of(new Sequential(new Linear(6, 5), Tensor::tanh, new Linear(5, 3)), 1);
    }

    @Test
    void theRowsOfAnyBatch() {
        try (Model<Sequential> model = net();
                Plan plan = Plan.freeze(model, Shape.of(1, 6))) {
            for (int batch : new int[] {1, 4, 2, 1}) {
                float[] x = new Rng(batch).normal(batch * 6, 0, 1);
                try (Pass pass = Pass.infer()) {
                    assertThat(plan.predict(x))
                            .containsExactly(
                                    model.net().apply(Tensor.of(x, batch, 6)).toArray());
                }
            }
        }
    }

    /** Many threads at once, with batches of several sizes, get the answers of one. */
    @Test
    void manyThreads() throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(16);
        try (Model<Sequential> model = net();
                Plan plan = Plan.freeze(model, Shape.of(1, 6))) {
            List<float[]> inputs = new ArrayList<>();
            List<float[]> expected = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                inputs.add(new Rng(i).normal(6 * (1 + i % 5), 0, 1));
                expected.add(plan.predict(inputs.get(i)));
            }
            List<Future<?>> all = new ArrayList<>();
            for (int t = 0; t < 16; t++) {
                int first = t;
                all.add(threads.submit(() -> {
                    for (int i = first; i < first + 500; i++) {
                        assertThat(plan.predict(inputs.get(i % 20))).containsExactly(expected.get(i % 20));
                    }
                }));
            }
            for (Future<?> f : all) {
                f.get();
            }
        } finally {
            threads.shutdownNow();
        }
    }

    /** Numbers become elements of the inputs' types, and those of the output become floats. */
    @Test
    void otherTypes() {
        try (var model = Model.of(new Sequential(), 1);
                Plan plan = Plan.freeze(
                        model,
                        (net, in) ->
                                in[0].to(DType.F32).add(in[1].to(DType.F32)).to(DType.F16),
                        Spec.of("bytes", DType.I8, 2),
                        Spec.of("half", DType.F16, 2))) {
            assertThat(plan.predict(new float[] {-128, 3}, new float[] {0.1f, 1e6f}))
                    .containsExactly(-127.875f, Float.POSITIVE_INFINITY);
            assertThatThrownBy(() -> plan.predict(new float[] {1, 128}, new float[2]))
                    .hasMessage("predict: input bytes I8 [2] holds 128.0 at element 1, which is no I8; give whole"
                            + " numbers");
        }
    }

    private record Both(Embedding words, Linear out) implements Net {}

    /** Tokens as whole numbers, and lengths that follow from their number. */
    @Test
    void tokensAndSeveralInputs() {
        try (var model = Model.of(new Both(new Embedding(9, 4), new Linear(4, 2)), 1);
                Plan plan = Plan.freeze(
                        model,
                        (net, in) -> Map.of(
                                "y", net.out().apply(net.words().apply(in[0])).add(in[1].unsqueeze(1))),
                        Spec.of("tokens", DType.I32, Dim.BATCH, Dim.LENGTH),
                        Spec.of("shift", Dim.BATCH, 2))) {
            assertThat(plan.inputs()).hasToString("[tokens I32 [batch, length], shift F32 [batch, 2]]");
            assertThat(plan.outputs()).hasToString("[y F32 [batch, length, 2]]");
            float[] y = plan.predict(new float[] {1, 2, 3, 8, 0, 1}, new float[] {0, 0, 1, 1});
            assertThat(y).hasSize(2 * 3 * 2);
            try (Session s = plan.newSession(2, 3)) {
                s.set("tokens", new int[] {1, 2, 3, 8, 0, 1});
                s.set("shift", new float[] {0, 0, 1, 1}).run();
                float[] same = new float[y.length];
                s.output().get(0, same);
                assertThat(y).containsExactly(same);
            }
            assertThatThrownBy(() -> plan.predict(new float[] {1.5f}, new float[2]))
                    .hasMessage(
                            "predict: input tokens I32 [batch, length] holds 1.5 at element 0, which is no I32; give"
                                    + " whole numbers");
            assertThatThrownBy(() -> plan.predict(new float[] {9}, new float[2]))
                    .hasMessageContaining("9");
            assertThatThrownBy(() -> plan.predict(new float[3], new float[4]))
                    .hasMessageContaining("set: input tokens [2, 1] takes 2 values but 3 were given");
            assertThatThrownBy(() -> plan.predict(new float[3]))
                    .hasMessageContaining("predict: 1 arrays were given but the plan has the inputs [tokens");
        }
    }

    @Test
    void wrongNumbersOfValues() {
        try (Model<Sequential> model = net();
                Plan plan = Plan.freeze(model, Shape.of(1, 6))) {
            for (int n : new int[] {0, 5, 7, 13}) {
                assertThatThrownBy(() -> plan.predict(new float[n]))
                        .hasMessageContaining("values but " + n + " were given; give one for each element");
            }
        }
    }

    /** Each call begins with zeros, whatever the calls before left. */
    @Test
    void aStateBeginsAnew() {
        try (Plan plan = PlanFileTest.steps()) {
            assertThat(plan.inputs()).hasToString("[x F32 [batch, 1, 3]]");
            assertThat(plan.outputs()).hasSize(1);
            float[] x = {1, 2, 3};
            assertThat(plan.predict(x)).containsExactly(plan.predict(x));
        }
    }

    @Test
    void anOutputThatFollowsInAnotherWay() {
        try (Model<Layer> model = Model.of((Layer) x -> x.flatten(0), 1);
                Plan plan = Plan.freeze(
                        model, (net, in) -> List.of(net.apply(in[0]), in[0].sum()), Spec.of("x", Dim.BATCH, 2))) {
            assertThat(plan.outputs()).hasToString("[output0 F32 [?], output1 F32 []]");
        }
    }

    /** What waits for the next call is closed with the plan. */
    @Test
    void closedWithThePlan() {
        long before = Memory.stats().owned();
        try (Model<Sequential> model = Model.of(new Sequential(new Linear(64, 100_000)), 1)) {
            Plan plan = Plan.freeze(model, Shape.of(1, 64));
            long alone = Memory.stats().owned();
            plan.predict(new float[64]);
            assertThat(plan.predict(new float[128])).hasSize(200_000);
            plan.close();
            assertThatThrownBy(() -> plan.predict(new float[64])).hasMessageContaining("plan is closed");
            assertThat(Memory.stats().owned()).isLessThan(alone);
        }
        assertThat(Memory.stats().owned()).isLessThan(before + (16 << 20));
    }

    @Test
    void aClearedSessionIsNew() {
        try (Model<Sequential> model = net();
                Plan plan = Plan.freeze(model, Shape.of(1, 6));
                Session s = plan.newSession()) {
            s.set(new float[6]).run();
            s.clear();
            assertThatThrownBy(s::output).hasMessageContaining("is not computed");
            assertThatThrownBy(s::run).hasMessageContaining("was never written");
            float[] x = new float[6];
            Arrays.fill(x, 1);
            s.set(x).run();
            assertThat(s.output().get(0)).isEqualTo(plan.predict(x)[0]);
        }
    }
}

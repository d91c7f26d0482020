package dev.fathom.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fathom.memory.Memory;
import dev.fathom.nn.BatchNorm;
import dev.fathom.nn.Embedding;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Activation;
import dev.fathom.op.DType;
import dev.fathom.op.Shape;
import dev.fathom.parameter.Parameter;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import dev.fathom.testing.SettledMemory;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;

/** A plan that takes a model's memory over answers as one that has copies, and the model is closed. */
class ConsumeTest {
    private static final Spec IDS = Spec.of("ids", DType.I32, Dim.BATCH);

    /**
     * A table that is read by rows and, as a matrix, packed, so that it cannot be packed where it lies; a layer that is
     * computed anew with its norm; one whose packed form is larger than its weight; and those that are packed in place.
     */
    private record Words(Embedding table, Linear folded, BatchNorm norm, Linear narrow, Linear wide, Linear tied)
            implements Net {
        static Words of() {
            Embedding table = new Embedding(64, 32);
            return new Words(
                    table,
                    new Linear(32, 48),
                    new BatchNorm(48),
                    new Linear(48, 3),
                    new Linear(48, 32).act(Activation.GELU),
                    new Linear(table.weight(), new Parameter(Shape.of(64), (s, rng) -> new float[64]), null));
        }

        Tensor of(Tensor ids) {
            Tensor x = norm.apply(folded.apply(table.apply(ids)));
            return tied.apply(wide.apply(x)).add(narrow.apply(x).sum(-1).unsqueeze(-1));
        }
    }

    private static float[] run(Plan plan, int... ids) {
        try (Session s = plan.newSession(ids.length)) {
            s.intInput("ids").put(0, ids);
            s.run();
            float[] y = new float[s.output().capacity()];
            s.output().get(0, y);
            return y;
        }
    }

    @Test
    void itAnswersAsOneWithCopies() {
        try (Model<Words> model = Model.of(Words.of(), 3);
                Plan copies = Plan.freeze(model, (net, in) -> net.of(in[0]), IDS);
                Plan plan = Plan.consume(Model.of(Words.of(), 3), (net, in) -> net.of(in[0]), IDS)) {
            int[] ids = {5, 63, 0, 5, 17};
            assertThat(run(plan, ids)).containsExactly(run(copies, ids));
            assertThat(run(plan, 8)).containsExactly(run(copies, 8));
            assertThat(plan).hasToString(copies.toString());
        }
    }

    @Test
    void aLargeModelIsHeldOnceAndGivenBackWithTheLastSession() throws Exception {
        long before = SettledMemory.owned();
        Model<Linear> model = Model.of(new Linear(1024, 1024), 1);
        long held = Memory.stats().owned() - before;
        Plan plan = Plan.consume(model, (net, in) -> net.apply(in[0]), Spec.of("x", DType.F32, Dim.BATCH, 1024));
        // in fenced memory each weight has pages of its own, and is copied
        assertThat(Memory.stats().owned() - before).isLessThan((Memory.fenced() ? 2 : 1) * held + (1 << 18));
        try (Session s = plan.newSession()) {
            plan.close();
            assertThat(Memory.stats().owned() - before).isGreaterThanOrEqualTo(held);
            assertThatThrownBy(s::run).hasMessageStartingWith("plan is closed");
        }
        assertThat(Memory.stats().owned()).isEqualTo(before);
    }

    /** The weight of a layer that a norm is folded into stays where it is, too. */
    @Test
    void whatIsFoldedIsHeldOnce() throws Exception {
        long before = SettledMemory.owned();
        var net = new Sequential(new Linear(1024, 1024), new BatchNorm(1024), new Linear(1024, 16));
        Model<Sequential> model = Model.of(net, 1);
        long held = Memory.stats().owned() - before;
        try (Plan plan = Plan.consume(model, (n, in) -> n.apply(in[0]), Spec.of("x", DType.F32, Dim.BATCH, 1024))) {
            assertThat(plan.toString().lines().toList()).hasSize(2);
            assertThat(Memory.stats().owned() - before).isLessThan((Memory.fenced() ? 2 : 1) * held + (1 << 18));
        }
        assertThat(Memory.stats().owned()).isEqualTo(before);
    }

    /** Two norms behind a layer are folded one after the other, out of a weight that a second layer reads too. */
    private record TwiceNormed(Linear first, BatchNorm norm, BatchNorm again, Linear tied) implements Net {
        static TwiceNormed of() {
            Linear first = new Linear(32, 32);
            var bias = new Parameter(Shape.of(32), (s, rng) -> new float[32]);
            return new TwiceNormed(first, new BatchNorm(32), new BatchNorm(32), new Linear(first.weight(), bias, null));
        }

        Tensor of(Tensor x) {
            return tied.apply(again.apply(norm.apply(first.apply(x))));
        }
    }

    @Test
    void aWeightThatIsReadAgainIsNotWrittenOverByFoldsOfFolds() {
        Spec spec = Spec.of("x", DType.F32, Dim.BATCH, 32);
        try (Model<TwiceNormed> model = Model.of(TwiceNormed.of(), 3);
                Plan copies = Plan.freeze(model, (net, in) -> net.of(in[0]), spec);
                Plan plan = Plan.consume(Model.of(TwiceNormed.of(), 3), (net, in) -> net.of(in[0]), spec)) {
            assertThat(plan.toString().lines().toList())
                    .as("the norms are folded")
                    .hasSize(2);
            float[] x = new float[5 * 32];
            for (int i = 0; i < x.length; i++) {
                x[i] = i % 7 - 3;
            }
            assertThat(plan.predict(x)).containsExactly(copies.predict(x));
        }
    }

    @Test
    void theModelIsClosed() {
        Model<Words> model = Model.of(Words.of(), 3);
        try (Plan plan = Plan.consume(model, (net, in) -> net.of(in[0]), IDS)) {
            model.close();
            assertThat(run(plan, 7)).doesNotContain(Float.NaN);
            assertThatThrownBy(() -> model.parameter("narrow.weight").value())
                    .hasMessageStartingWith("model is closed: it was closed at ");
            assertThatThrownBy(() -> Plan.consume(model, (net, in) -> net.of(in[0]), IDS))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageStartingWith("model is closed: it was closed at ");
        }
    }

    @Test
    void theModelIsClosedEvenIfTheFunctionIsRefused() throws Exception {
        long before = SettledMemory.owned();
        Model<Words> model = Model.of(Words.of(), 3);
        assertThatThrownBy(() -> Plan.consume(
                        model, (net, in) -> net.wide().apply(in[0]), Spec.of("x", DType.F32, Dim.BATCH, 47)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("47");
        assertThat(Memory.stats().owned()).isEqualTo(before);
    }

    @Test
    void aModelThatAnotherThreadReadsIsNotWrittenOver() throws Exception {
        Model<Words> model = Model.of(Words.of(), 3);
        CountDownLatch reads = new CountDownLatch(1);
        CountDownLatch refused = new CountDownLatch(1);
        var threads = Executors.newSingleThreadExecutor();
        try {
            var sum = threads.submit(() -> {
                try (Pass pass = Pass.infer()) {
                    Tensor weight = model.net().wide().weight().value();
                    float sumBefore = weight.sum().item();
                    reads.countDown();
                    refused.await();
                    return weight.sum().item() - sumBefore;
                }
            });
            reads.await();
            assertThatThrownBy(() -> Plan.consume(model, (net, in) -> net.of(in[0]), IDS))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageStartingWith("consume: another thread reads this model");
            refused.countDown();
            assertThat(sum.get()).as("the model is as it was").isZero();
            model.close();
        } finally {
            threads.shutdown();
        }
    }
}

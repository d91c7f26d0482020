package dev.fathom.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import dev.fathom.kernel.Kernel;
import dev.fathom.nn.Dropout;
import dev.fathom.nn.Flatten;
import dev.fathom.nn.Init;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.nn.Recompute;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Activation;
import dev.fathom.op.Call;
import dev.fathom.op.DType;
import dev.fathom.op.JavaCopy;
import dev.fathom.op.Op;
import dev.fathom.op.Shape;
import dev.fathom.optim.Sgd;
import dev.fathom.parameter.Buffer;
import dev.fathom.parameter.Parameter;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import java.lang.management.ManagementFactory;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.IntPredicate;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Frozen plans equal eager runs bit for bit, at every batch size, and refuse what they cannot freeze. */
class PlanTest {
    static float[] random(int n) {
        return new Rng(17).uniform(n, -2, 2);
    }

    private static Sequential mlp() {
        return new Sequential(
                new Linear(784, 256),
                Tensor::relu,
                new Dropout(0.4f),
                new Linear(256, 128),
                Tensor::relu,
                new Dropout(0.3f),
                new Linear(128, 10));
    }

    /** The kernels that a plan runs, in order. */
    static List<Kernel> kernels(Plan plan) {
        return plan.toString()
                .lines()
                .map(line -> Kernel.valueOf(line.substring(0, line.indexOf(' ')).toUpperCase(Locale.ROOT)))
                .toList();
    }

    static float[] eager(Model<? extends Layer> model, float[] x, int... dims) {
        try (Pass pass = Pass.infer()) {
            return model.net().apply(Tensor.of(x, dims)).toArray();
        }
    }

    static float[] frozen(Session s, float[] x) {
        s.input().put(0, x);
        s.run();
        float[] y = new float[s.output().capacity()];
        s.output().get(0, y);
        return y;
    }

    @Test
    void onePlanRunsAtOneSevenAndSixtyFour() {
        try (var model = Model.of(mlp(), 42);
                Plan plan = Plan.freeze(model, Shape.of(1, 784))) {
            assertThat(plan.toString()).isEqualTo("linear  linear at 0\nlinear  linear at 3\nlinear  linear at 6\n");
            for (int batch : new int[] {1, 7, 64}) {
                float[] x = random(batch * 784);
                try (Session s = plan.newSession(batch)) {
                    assertThat(s.inputShape(0)).isEqualTo(Shape.of(batch, 784));
                    assertThat(s.outputShape(0)).isEqualTo(Shape.of(batch, 10));
                    assertThat(frozen(s, x)).isEqualTo(eager(model, x, batch, 784));
                }
            }
        }
    }

    @Test
    void theWorkspaceIsTheTwoLargestNeighbors() {
        try (var model = Model.of(mlp(), 42);
                Plan plan = Plan.freeze(model, Shape.of(1, 784))) {
            // input and output are the caller's; between them 256 and 128 floats live at once
            assertThat(plan.workspaceBytes(1)).isEqualTo(4 * (256 + 128));
            assertThat(plan.workspaceBytes(7)).isEqualTo(7 * 4 * (256 + 128));
        }
        var deep = new Sequential(
                new Linear(8, 100),
                Tensor::tanh,
                new Linear(100, 60),
                Tensor::tanh,
                new Linear(60, 90),
                Tensor::tanh,
                new Linear(90, 4));
        try (var model = Model.of(deep, 1);
                Plan plan = Plan.freeze(model, Shape.of(1, 8))) {
            // 100 and 60 floats, then 60 and 90, each rounded to 64 bytes: 448 + 256
            assertThat(plan.workspaceBytes(1)).isEqualTo(448 + 256);
        }
    }

    @Test
    void aPlanIsASnapshot() {
        try (var model = Model.of(new Sequential(new Linear(4, 3)), 1);
                Plan plan = Plan.freeze(model, Shape.of(1, 4));
                Session s = plan.newSession()) {
            float[] x = random(4);
            float[] before = frozen(s, x);
            try (Pass pass = Pass.train(new Rng(0));
                    var sgd = new Sgd(1f).on(model)) {
                pass.backward(model.net().apply(Tensor.of(x, 1, 4)).sum());
                sgd.step();
            }
            assertThat(frozen(s, x)).isEqualTo(before);
            assertThat(eager(model, x, 1, 4)).isNotEqualTo(before);
        }
    }

    @Test
    void aRunAllocatesNothing() {
        try (var model = Model.of(mlp(), 42);
                Plan plan = Plan.freeze(model, Shape.of(1, 784));
                Session s = plan.newSession()) {
            float[] x = random(784);
            float[] y = new float[10];
            ThreadMXBean bean = (ThreadMXBean) ManagementFactory.getThreadMXBean();
            long id = Thread.currentThread().getId();
            long least = Long.MAX_VALUE;
            for (int round = 0; round < 20; round++) {
                long before = bean.getThreadAllocatedBytes(id);
                for (int i = 0; i < 1000; i++) {
                    s.input().put(0, x);
                    s.run();
                    s.output().get(0, y);
                }
                least = Math.min(least, bean.getThreadAllocatedBytes(id) - before);
            }
            assertThat(least).isZero();
        }
    }

    // ---- shapes of nets

    private record Residual(Linear a, Linear b) implements Layer {
        @Override
        public Tensor forward(Tensor x) {
            return b.apply(a.apply(x).relu()).add(x).relu();
        }
    }

    @Test
    void aResidualFusesIntoItsLinear() {
        try (var model = Model.of(
                        new Sequential(new Residual(new Linear(20, 30), new Linear(30, 20)), new Linear(20, 5)), 3);
                Plan plan = Plan.freeze(model, Shape.of(1, 20))) {
            assertThat(plan.toString())
                    .isEqualTo("linear  linear at 0.a\nlinear  linear at 0.b\nlinear  linear at 1\n");
            for (int batch : new int[] {1, 6, 33}) {
                float[] x = random(batch * 20);
                try (Session s = plan.newSession(batch)) {
                    assertThat(frozen(s, x)).isEqualTo(eager(model, x, batch, 20));
                }
            }
        }
    }

    private record TwoInputs(Linear left, Linear right) implements Net {
        Tensor join(Tensor a, Tensor b) {
            return Pass.frame(
                    this,
                    () -> left.apply(a).sigmoid().mul(right.apply(b).tanh()).sum(1));
        }
    }

    @Test
    void aModuleOfTwoInputs() {
        try (var model = Model.of(new TwoInputs(new Linear(3, 8), new Linear(5, 8)), 3);
                Plan plan = Plan.freeze(
                        model,
                        (net, in) -> net.join(in[0], in[1]),
                        Spec.of("a", Dim.BATCH, 3),
                        Spec.of("b", Dim.BATCH, 5));
                Session s = plan.newSession(4)) {
            float[] a = random(12);
            float[] b = random(20);
            s.input("a").put(a);
            s.input("b").put(b);
            s.run();
            float[] y = new float[4];
            s.output().get(0, y);
            try (Pass pass = Pass.infer()) {
                assertThat(y)
                        .isEqualTo(model.net()
                                .join(Tensor.of(a, 4, 3), Tensor.of(b, 4, 5))
                                .toArray());
            }
            assertThatThrownBy(() -> s.input("c")).hasMessage("session: no input is called c; there are [a, b]");
        }
    }

    private record Shared(Linear once) implements Layer {
        @Override
        public Tensor forward(Tensor x) {
            Tensor h = once.apply(x);
            return h.mul(h.sigmoid()).add(once.apply(h)).sub(h.mean());
        }
    }

    @Test
    void aTensorAndALayerUsedTwice() {
        try (var model = Model.of(new Shared(new Linear(6, 6)), 3);
                Plan plan = Plan.freeze(model, Shape.of(2, 6))) {
            for (int batch : new int[] {1, 2, 9}) {
                float[] x = random(batch * 6);
                try (Session s = plan.newSession(batch)) {
                    assertThat(frozen(s, x)).isEqualTo(eager(model, x, batch, 6));
                }
            }
        }
    }

    private record Counting(Linear linear, Buffer shift) implements Layer {
        @Override
        public Tensor forward(Tensor x) {
            shift.update(shift.value().add(1));
            return linear.apply(x).add(shift.value());
        }
    }

    @Test
    void aBufferUpdatedInTrainingIsFrozenAtItsValueAlsoBehindRecompute() {
        var counting = new Counting(new Linear(3, 3), new Buffer(Shape.of(3), Init.constant(2)));
        try (var model = Model.of(new Sequential(new Recompute(counting)), 3)) {
            float[] x = random(3);
            for (int i = 0; i < 4; i++) {
                try (Pass pass = Pass.train(new Rng(0))) {
                    pass.backward(model.net().apply(Tensor.of(x, 1, 3)).sum());
                }
            }
            assertThat(counting.shift().value().toArray()).containsOnly(6f);
            try (Plan plan = Plan.freeze(model, Shape.of(1, 3));
                    Session s = plan.newSession()) {
                assertThat(frozen(s, x)).isEqualTo(eager(model, x, 1, 3));
            }
        }
    }

    /** Rows of a weight, such as the part of a fused one that makes the queries, are packed like a weight. */
    @Test
    void rowsOfAWeightArePacked() {
        record Rows(Parameter weight) implements Net {}
        try (var model = Model.of(new Rows(new Parameter(Shape.of(60, 20), Init.uniform(-1, 1))), 3)) {
            BiFunction<Rows, Tensor[], Object> parts = (net, in) -> List.of(
                    in[0].linear(net.weight.value().slice(0, 20, 40), null),
                    in[0].linear(net.weight.value().slice(0, 40, 60).slice(0, 5, 20), null));
            try (Traces traces =
                    Traces.of(List.of(Spec.of("x", Dim.BATCH, 20)), 1, in -> parts.apply(model.net(), in))) {
                assertThat(traces.calls().at(new Sizes(2, 0), null).slots.stream()
                                .map(s -> s.content)
                                .filter(c -> c.packing() != null))
                        .extracting(Slot.Content::n)
                        .containsExactly(20L, 15L);
            }
            try (Plan plan = Plan.freeze(model, parts, Spec.of("x", Dim.BATCH, 20))) {
                for (int batch : new int[] {1, 7}) {
                    float[] x = random(batch * 20);
                    try (Session s = plan.newSession(batch);
                            Pass pass = Pass.infer()) {
                        s.input().put(0, x);
                        s.run();
                        List<?> eager = (List<?>) parts.apply(model.net(), new Tensor[] {Tensor.of(x, batch, 20)});
                        for (int i = 0; i < 2; i++) {
                            float[] y = new float[s.output("output" + i).capacity()];
                            s.output("output" + i).get(0, y);
                            assertThat(y).isEqualTo(((Tensor) eager.get(i)).toArray());
                        }
                    }
                }
            }
        }
    }

    @Test
    void viewsOfWholeNumbers() {
        try (var model = Model.of(new Linear(3, 2), 3);
                Plan plan = Plan.freeze(
                        model,
                        (net, in) -> net.apply(in[0])
                                .correct(in[1].reshape(2, -1).slice(0, 1, 2).flatten(0)),
                        Spec.of("x", Dim.BATCH, 3),
                        Spec.of("labels", DType.I32, 2, Dim.BATCH))) {
            try (Session s = plan.newSession(4)) {
                float[] x = random(12);
                int[] labels = {9, 9, 9, 9, 0, 1, 0, 1};
                s.input("x").duplicate().put(x);
                s.inputBytes("labels")
                        .duplicate()
                        .order(java.nio.ByteOrder.nativeOrder())
                        .asIntBuffer()
                        .put(labels);
                s.run();
                int found = s.outputBytes(0)
                        .duplicate()
                        .order(java.nio.ByteOrder.nativeOrder())
                        .getInt(0);
                try (Pass pass = Pass.infer()) {
                    Tensor y = model.net().apply(Tensor.of(x, 4, 3));
                    assertThat(found).isEqualTo((int)
                            y.correct(Tensor.ofInts(new int[] {0, 1, 0, 1}, 4)).item());
                }
            }
        }
    }

    record Heads(Tensor first, List<Tensor> more, Tensor[] last) {}

    /** Outputs come in the order of the components, and inside them in the order of lists, maps and arrays. */
    @Test
    void aRecordOfOutputsKeepsItsOrder() {
        BiFunction<Linear, Tensor[], Object> record = (net, in) -> {
            Tensor y = net.apply(in[0]);
            return new Heads(y, List.of(y.add(1), y.add(2)), new Tensor[] {y.add(3)});
        };
        BiFunction<Linear, Tensor[], Object> map = (net, in) -> {
            Tensor y = net.apply(in[0]);
            Map<String, Tensor> outputs = new LinkedHashMap<>();
            for (int i = 0; i < 4; i++) {
                outputs.put("head " + i, i == 0 ? y : y.add(i));
            }
            return outputs;
        };
        try (var model = Model.of(new Linear(3, 2), 3)) {
            float[] x = random(3);
            float[] y = eager(model, x, 1, 3);
            for (var call : List.of(record, map)) {
                try (Plan plan = Plan.freeze(model, call, Spec.of("x", 1, 3));
                        Session s = plan.newSession()) {
                    s.input().duplicate().put(x);
                    s.run();
                    for (int i = 0; i < 4; i++) {
                        assertThat(s.output(i).get(0)).as("output " + i).isEqualTo(y[0] + i);
                    }
                }
            }
        }
    }

    @Test
    void viewsInAndOut() {
        Layer flat = x -> x.slice(0, 0, x.dim(0)).flatten(1).reshape(-1, 4, 3).reshape(-1, 12);
        try (var model = Model.of(
                        new Sequential(new Flatten(), flat, new Linear(12, 12), Tensor::tanh, new Flatten()), 3);
                Plan plan = Plan.freeze(model, Shape.of(1, 3, 4));
                Session s = plan.newSession(5)) {
            float[] x = random(60);
            assertThat(frozen(s, x)).isEqualTo(eager(model, x, 5, 3, 4));
        }
        try (var model = Model.of(new Sequential(x -> x), 3);
                Plan plan = Plan.freeze(model, Shape.of(1, 3));
                Session s = plan.newSession(2)) {
            float[] x = random(6);
            assertThat(frozen(s, x)).as("an output that is an input is copied").isEqualTo(x);
        }
    }

    @Test
    void severalOutputsAndConstants() {
        Layer net = x -> x.mul(3).add(Tensor.of(new float[] {1, 2, 3}, 3));
        try (var model = Model.of(new Sequential(net), 3);
                Plan plan = Plan.freeze(
                        model,
                        (n, in) -> {
                            Tensor y = n.apply(in[0]);
                            return List.of(y, y.max(1), y.argmax(1), y);
                        },
                        Spec.of("x", Dim.BATCH, 3));
                Session s = plan.newSession(2)) {
            s.input().put(0, new float[] {1, 0, 0, 0, 0, 5});
            s.run();
            float[] y = new float[6];
            s.output(0).get(y);
            assertThat(y).containsExactly(4, 2, 3, 1, 2, 18);
            float[] max = new float[2];
            s.output(1).get(max);
            assertThat(max).containsExactly(4, 18);
            assertThat(s.outputBytes(2).asIntBuffer().get(1)).isEqualTo(2);
            float[] again = new float[6];
            s.output(3).get(again);
            assertThat(again).isEqualTo(y);
            assertThatThrownBy(() -> s.output(2)).hasMessageContaining("is I32");
            for (ThrowingCallable wrong :
                    List.<ThrowingCallable>of(() -> s.output(9), () -> s.outputBytes(9), () -> s.outputShape(9))) {
                assertThatThrownBy(wrong)
                        .isInstanceOf(IndexOutOfBoundsException.class)
                        .hasMessage("session: no output has number 9; numbered from 0, there are "
                                + "[output0, output1, output2, output3]");
            }
            assertThatThrownBy(() -> s.inputShape(-1))
                    .hasMessage("session: no input has number -1; numbered from 0, there are [x]");
        }
    }

    @Test
    void fusedActivationsOfEveryKind() {
        for (Activation a : new Activation[] {
            Activation.RELU, Activation.SIGMOID, Activation.TANH, Activation.GELU, Activation.elu(0.7f)
        }) {
            var net = new Sequential(
                    new Linear(30, 70).act(a), x -> x.clamp(-0.5f, 0.5f), new Linear(70, 9), Tensor::gelu);
            try (var model = Model.of(net, 3);
                    Plan plan = Plan.freeze(model, Shape.of(3, 30));
                    Session s = plan.newSession()) {
                float[] x = random(90);
                assertThat(frozen(s, x)).as(a.toString()).isEqualTo(eager(model, x, 3, 30));
            }
        }
    }

    /** y0 = y1 = x; with a relu behind it, relu(x). */
    private record Twice(boolean relu) implements Op {
        @Override
        public String label() {
            return "twice";
        }

        @Override
        public int outputs() {
            return relu ? 1 : 2;
        }

        @Override
        public Shape shape(Call c, int output) {
            return c.shape(0);
        }

        @Override
        public void forward(Call c) {
            for (int o = 0; o < outputs(); o++) {
                c.begin(Kernel.COPY)
                        .at(c.in(0))
                        .at(c.out(o))
                        .put(4 * c.shape(0).size())
                        .run();
            }
        }

        @Override
        public @Nullable Fused fuse(Op user, IntPredicate has) {
            return user == Activation.RELU ? new Fused(new Twice(true)) : null;
        }
    }

    @Test
    void aCallWithASecondResultInUseIsNotMergedAway() {
        try (var model = Model.of(new Sequential(), 1);
                Plan plan = Plan.freeze(
                        model,
                        (net, in) -> {
                            Tensor[] both = Pass.applyAll(new Twice(false), in[0]);
                            return both[0].relu().add(both[1]);
                        },
                        Spec.of("x", 2));
                Session s = plan.newSession()) {
            assertThat(frozen(s, new float[] {-3, 2})).containsExactly(-3, 4);
        }
        try (var model = Model.of(new Sequential(), 1);
                Plan plan = Plan.freeze(
                        model, (net, in) -> Pass.applyAll(new Twice(false), in[0])[0].relu(), Spec.of("x", 2))) {
            assertThat(plan.toString()).isEqualTo("copy  twice\n");
        }
    }

    @Test
    @Timeout(60)
    void sixThousandCallsFreezeInSeconds() {
        Layer[] layers = new Layer[6000];
        Linear linear = new Linear(1, 1);
        for (int i = 0; i < layers.length; i += 2) {
            layers[i] = linear;
            layers[i + 1] = Tensor::relu;
        }
        try (var model = Model.of(new Sequential(layers), 1);
                Plan plan = Plan.freeze(model, Shape.of(1, 1))) {
            assertThat(plan.toString()).hasLineCount(3000);
        }
    }

    // ---- refusals

    private static BiFunction<Sequential, Tensor[], ?> layer(java.util.function.UnaryOperator<Tensor> f) {
        return (net, in) -> f.apply(in[0]);
    }

    @Test
    void aValueOfTheInputCannotBeRead() {
        try (var model = Model.of(new Sequential(), 1)) {
            for (java.util.function.UnaryOperator<Tensor> f : List.<java.util.function.UnaryOperator<Tensor>>of(
                    x -> x.relu().mul(x.relu().item()),
                    x -> x.relu().mul(x.relu().toArray()[0]),
                    x -> x.relu().mul(x.relu().get(0, 0)),
                    x -> x.relu().keep())) {
                assertThatThrownBy(() -> Plan.freeze(model, layer(f), Spec.of("x", 1, 1)))
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessageMatching("freeze: value of relu\\[.*\\] read at .*; a plan cannot depend on data,"
                                + " so choose by ops, such as where, or freeze a plan for each case");
            }
        }
    }

    @Test
    void layersChosenByTheBatchAreRefused() {
        try (var model = Model.of(new Sequential(), 1)) {
            assertThatThrownBy(() -> Plan.freeze(
                            model, layer(x -> x.dim(0) > 2 ? x.relu() : x.tanh()), Spec.of("x", Dim.BATCH, 1)))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage(
                            "freeze: call 0 is tanh at batch 2 but relu at batch 3; a plan cannot choose its layers by"
                                    + " the batch size, so leave one of the two out with Spec.batch(min, max)");
            assertThatThrownBy(() -> Plan.freeze(
                            model,
                            layer(x -> x.slice(0, 0, x.dim(0) * x.dim(0) / 6).relu()),
                            Spec.of("x", Dim.BATCH, 1)))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageStartingWith("freeze: ");
        }
    }

    /** Fills its result with ones by commands that depend on the batch. */
    private record Moody(String mood) implements Op {
        @Override
        public String label() {
            return "moody";
        }

        @Override
        public Shape shape(Call c, int output) {
            return c.shape(0);
        }

        @Override
        public void forward(Call c) {
            boolean two = c.shape(0).dim(0) == 2;
            long n = c.shape(0).size();
            switch (mood) {
                case "other kernels" -> {
                    if (two) {
                        c.begin(Kernel.FILL).at(c.out(0)).put(n).put(1f).run();
                    } else {
                        c.begin(Kernel.COPY).at(c.in(0)).at(c.out(0)).put(4 * n).run();
                    }
                }
                case "more kernels" -> {
                    c.begin(Kernel.FILL).at(c.out(0)).put(n).put(1f).run();
                    if (!two) {
                        c.begin(Kernel.FILL).at(c.out(0)).put(1).put(2f).run();
                    }
                }
                default ->
                    c.begin(Kernel.FILL).at(c.out(0)).put(n).put(two ? 1f : 2f).run();
            }
        }
    }

    /** Writes words of the wrong kind, or to the wrong address. */
    private record Careless(String slip) implements Op {
        @Override
        public String label() {
            return "careless";
        }

        @Override
        public Shape shape(Call c, int output) {
            return c.shape(0);
        }

        @Override
        public @Nullable DType takes(int i) {
            return null;
        }

        @Override
        public void forward(Call c) {
            long n = c.shape(0).size();
            switch (slip) {
                case "integer" ->
                    c.begin(Kernel.FILL).at(c.out(0)).put(n).put(1).run();
                case "address" ->
                    c.begin(Kernel.FILL).put(c.out(0)).put(n).put(1f).run();
                default ->
                    c.begin(Kernel.ONE_HOT)
                            .at(c.out(0))
                            .at(c.in(0))
                            .put(n)
                            .put(1)
                            .run();
            }
        }
    }

    @Test
    void wordsOfTheWrongKindAreRefused() {
        String behind = "; integers and floats go through put, addresses through at";
        try (var model = Model.of(new Sequential(), 1)) {
            Map.of(
                            "integer",
                            "FILL takes a float as argument word 2 but an integer was written" + behind,
                            "address",
                            "FILL takes an address as argument word 0 but an integer was written" + behind,
                            "swapped",
                            "ONE_HOT takes no F32 at argument word 0; the addresses may have changed places")
                    .forEach((slip, message) -> {
                        assertThatThrownBy(() -> Plan.freeze(
                                        model,
                                        layer(x -> Pass.apply(new Careless(slip), x)),
                                        Spec.of("labels", DType.I32, Dim.BATCH)))
                                .hasMessageEndingWith(message);
                        try (Pass pass = Pass.infer()) {
                            assertThatThrownBy(() -> Pass.apply(new Careless(slip), Tensor.ofInts(new int[] {0}, 1)))
                                    .hasMessageEndingWith(message);
                        }
                    });
        }
    }

    /** A session asks the ops at its own sizes, so an op may write other commands at each. */
    @Test
    void commandsMayDependOnTheBatch() {
        try (var model = Model.of(new Sequential(), 1)) {
            for (String mood : List.of("other kernels", "more kernels", "other floats")) {
                var moody = layer(x -> Pass.apply(new Moody(mood), x.relu()));
                try (Plan plan = Plan.freeze(model, moody, Spec.of("x", Dim.BATCH))) {
                    for (int batch : new int[] {1, 2, 3}) {
                        float[] x = Arrays.copyOf(new float[] {3, 4, 5}, batch);
                        try (Session s = plan.newSession(batch);
                                Pass pass = Pass.infer()) {
                            Object eager = moody.apply(model.net(), new Tensor[] {Tensor.of(x, batch)});
                            assertThat(frozen(s, x)).as("%s at %d", mood, batch).isEqualTo(((Tensor) eager).toArray());
                        }
                    }
                }
            }
        }
    }

    @Test
    void batchesAtWhichASliceIsNotThereAreRefused() {
        try (var model = Model.of(new Sequential(), 1);
                Plan rest = Plan.freeze(model, layer(x -> x.slice(0, 2, x.dim(0))), Spec.of("x", Dim.BATCH, 3));
                Plan second = Plan.freeze(model, layer(x -> x.slice(0, 1, 2).relu()), Spec.of("x", Dim.BATCH, 3));
                Plan table = Plan.freeze(
                        model,
                        (net, in) -> in[1].slice(0, in[0].dim(0), 10).neg(),
                        Spec.of("x", Dim.BATCH, 3),
                        Spec.of("table", 10, 3))) {
            String outside =
                    "newSession: batch=%d is outside the batch sizes that this plan takes, %s: at batch %1$d, slice: ";
            assertThatThrownBy(() -> rest.newSession(1))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageStartingWith(outside.formatted(1, "2 to 4096") + "places 2 to 1 are outside x [1, 3]");
            assertThatThrownBy(() -> second.newSession(1))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageStartingWith(outside.formatted(1, "2 to 4096") + "places 1 to 2 are outside x [1, 3]");
            assertThatThrownBy(() -> table.newSession(11))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageStartingWith(outside.formatted(11, "1 to 10") + "places 11 to 10 are outside x [10, 3]");
            try (Session none = rest.newSession(2);
                    Session one = rest.newSession(3);
                    Session row = second.newSession(2);
                    Session last = table.newSession(10)) {
                assertThat(frozen(none, random(6))).isEmpty();
                assertThat(frozen(one, new float[] {1, 2, 3, 4, 5, 6, 7, 8, 9})).containsExactly(7, 8, 9);
                assertThat(frozen(row, new float[] {1, 2, 3, 4, -5, 6})).containsExactly(4, 0, 6);
                last.set(random(30)).set("table", random(30)).run();
                assertThat(last.outputShape(0)).isEqualTo(Shape.of(0, 3));
            }
        }
    }

    @Test
    void nothingRandomIsFrozen() {
        try (var model = Model.of(new Sequential(), 1)) {
            for (java.util.function.UnaryOperator<Tensor> f : List.<java.util.function.UnaryOperator<Tensor>>of(
                    x -> x.dropout(0.5f, 2), x -> x.add(Pass.current().randn(1)))) {
                assertThatThrownBy(() -> Plan.freeze(model, layer(f), Spec.of("x", 1, 1)))
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessage(
                                "freeze: a plan draws no random numbers; draw them outside and give them as an input");
            }
        }
    }

    @Test
    void theDefaultBatchIsTracedToo() {
        Layer special = x -> x.dim(0) == 64 ? x.tanh() : x.relu();
        try (var model = Model.of(new Sequential(special), 1)) {
            assertThatThrownBy(() -> Plan.freeze(model, Shape.of(64, 3)))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("freeze: call 0 is relu at 0 at batch 2 but tanh at 0 at batch 64; a plan cannot choose"
                            + " its layers by the batch size, so leave one of the two out with Spec.batch(min, max)");
        }
    }

    /** Computes in Java. */
    private record JavaOp() implements JavaCopy {
        @Override
        public String label() {
            return "java_op";
        }
    }

    @Test
    void anOpWrittenInJavaIsRefused() {
        try (var model = Model.of(new Sequential(), 1)) {
            assertThatThrownBy(() -> Plan.freeze(model, layer(x -> Pass.apply(new JavaOp(), x)), Spec.of("x", 1, 1)))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("freeze: java_op computes in Java, but a plan runs kernels only; "
                            + "write the op over kernels, or keep it out of the plan");
        }
    }

    private record Lookup(Linear linear, Parameter table) implements Net {
        Tensor rows(Tensor x, Tensor index) {
            return Pass.frame(this, () -> linear.apply(x).add(table.value().take(0, index)));
        }
    }

    private record Nested(Lookup lookup) implements Net {
        Tensor rows(Tensor x, Tensor index) {
            return Pass.frame(this, () -> lookup.rows(x, index));
        }
    }

    @Test
    void anIndexOutOfRangeIsNamedAsInAnEagerRun() {
        var net = new Nested(new Lookup(new Linear(3, 4), new Parameter(Shape.of(5, 4), Init.constant(1))));
        try (var model = Model.of(net, 1);
                Plan plan = Plan.freeze(
                        model,
                        (m, in) -> m.rows(in[0], in[1]),
                        Spec.of("x", Dim.BATCH, 3),
                        Spec.of("index", DType.I32, Dim.BATCH));
                Session s = plan.newSession(2);
                Pass pass = Pass.infer()) {
            s.set(new float[6]).set("index", new int[] {4, 7});
            String expected =
                    "take at lookup: index 7 at row 1 is outside [-5, 5): give a number that exists; -1 is the last";
            assertThatThrownBy(() -> net.rows(Tensor.of(new float[6], 2, 3), Tensor.ofInts(new int[] {4, 7}, 2)))
                    .isExactlyInstanceOf(IllegalArgumentException.class)
                    .hasMessage(expected);
            assertThatThrownBy(s::run)
                    .isExactlyInstanceOf(IllegalArgumentException.class)
                    .hasMessage(expected);
            s.set("index", new int[] {4, 0}).run();
        }
    }

    @Test
    void closedPlansAndSessionsRefuse() {
        try (var model = Model.of(new Sequential(new Linear(2, 2)), 1)) {
            Plan plan = Plan.freeze(model, Shape.of(1, 2));
            Session s = plan.newSession();
            Session other = plan.newSession();
            s.set(new float[] {1, 2}).run();
            FloatBuffer out = s.output();
            float y = out.get(0);
            s.close();
            assertThat(out.get(0)).as("a view stays readable").isEqualTo(y);
            for (ThrowingCallable use : List.<ThrowingCallable>of(
                    s::run,
                    s::input,
                    s::output,
                    s::reset,
                    () -> s.reorder(0),
                    () -> s.set(new float[2]),
                    () -> s.set("input", new float[2]),
                    () -> s.inputBytes("input"),
                    () -> s.output("output"),
                    () -> s.outputBytes(0))) {
                assertThatThrownBy(use)
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessageStartingWith("session is closed: it was closed at ");
            }
            s.close(); // once more does nothing
            assertThatThrownBy(() -> plan.newSession(0)).hasMessage("newSession: batch=0 must be at least 1");
            plan.close();
            plan.close(); // once more does nothing
            assertThatThrownBy(plan::newSession).hasMessageStartingWith("plan is closed: it was closed at ");
            assertThatThrownBy(other::run).hasMessageStartingWith("plan is closed: it was closed at ");
            other.close();
        }
    }

    @Test
    void sessionsOfManyThreadsAgree() throws InterruptedException {
        try (var model = Model.of(mlp(), 42);
                Plan plan = Plan.freeze(model, Shape.of(1, 784))) {
            int n = 4;
            Thread[] threads = new Thread[n];
            String[] wrong = new String[n];
            for (int t = 0; t < n; t++) {
                int me = t;
                float[] x = new Rng(t).uniform(784, -1, 1);
                float[] expected = eager(model, x, 1, 784);
                threads[t] = new Thread(() -> {
                    try (Session s = plan.newSession(1).threads(1)) {
                        for (int i = 0; i < 300; i++) {
                            if (!java.util.Arrays.equals(frozen(s, x), expected)) {
                                wrong[me] = "run " + i;
                            }
                        }
                    }
                });
                threads[t].start();
            }
            for (Thread t : threads) {
                t.join();
            }
            assertThat(wrong).containsOnlyNulls();
        }
    }

    @Test
    void specsAreChecked() {
        assertThatThrownBy(() -> Spec.of("x", DType.F32, 0))
                .hasMessage("spec x: dimension 0 in [0] must be at least 1, Dim.BATCH or Dim.LENGTH");
        try (var model = Model.of(new Sequential(), 1)) {
            assertThatThrownBy(() -> Plan.freeze(model, layer(x -> x)))
                    .hasMessage("freeze: no inputs; give a Spec for each");
            assertThatThrownBy(() -> Plan.freeze(model, Shape.SCALAR)).hasMessageContaining("no batch dimension");
        }
    }
}

package dev.fathom.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fathom.nn.Conv;
import dev.fathom.nn.ConvTransposed;
import dev.fathom.nn.Init;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.MaxPool;
import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Activation;
import dev.fathom.op.DType;
import dev.fathom.op.Shape;
import dev.fathom.op.Window;
import dev.fathom.parameter.Parameter;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Plans whose sessions choose a batch and a length, whose outputs have names and whose inputs may be whole numbers. */
class LengthTest {
    private static final int[][] SIZES = {{1, 1}, {1, 40}, {3, 1}, {2, 16}, {7, 5}, {16, 2}, {5, 33}};

    private record Tagger(Parameter table, Linear hidden, Linear out) implements Net {
        record Result(Tensor logits, Tensor tag, Tensor longest) {}

        Result tag(Tensor tokens, Tensor features) {
            return Pass.frame(this, () -> {
                int batch = tokens.dim(0);
                int length = tokens.dim(1);
                Tensor words = table.value().take(0, tokens.reshape(-1)).reshape(batch, length, 6);
                Tensor h = hidden.apply(words).add(features).add(Tensor.full(Shape.of(batch, length, 4), 0.5f));
                Tensor logits = out.apply(h.tanh());
                return new Result(logits, logits.argmax(-1), logits.max(1));
            });
        }
    }

    private static Model<Tagger> tagger() {
        var net = new Tagger(new Parameter(Shape.of(11, 6), Init.normal(0, 1)), new Linear(6, 4), new Linear(4, 3));
        return Model.of(net, 1);
    }

    private static Plan frozen(Model<Tagger> model) {
        return Plan.freeze(
                model,
                (net, in) -> net.tag(in[0], in[1]),
                Spec.of("tokens", DType.I32, Dim.BATCH, Dim.LENGTH),
                Spec.of("features", Dim.BATCH, Dim.LENGTH, 4));
    }

    @Test
    void sessionsChooseBatchAndLength() {
        try (var model = tagger();
                Plan plan = frozen(model)) {
            for (int[] size : SIZES) {
                int n = size[0] * size[1];
                int[] tokens = new Rng(n).split("tokens").permutation(n);
                for (int i = 0; i < n; i++) {
                    tokens[i] %= 11;
                }
                float[] features = new Rng(n).normal(4 * n, 0, 1);
                try (Session s = plan.newSession(size[0], size[1]);
                        Pass pass = Pass.infer()) {
                    assertThat(s.batch()).isEqualTo(size[0]);
                    assertThat(s.length()).isEqualTo(size[1]);
                    assertThat(s.inputShape(0)).isEqualTo(Shape.of(size[0], size[1]));
                    assertThat(s.outputShape("logits")).isEqualTo(Shape.of(size[0], size[1], 3));
                    assertThat(s.outputShape("longest")).isEqualTo(Shape.of(size[0], 3));
                    s.intInput("tokens").put(tokens);
                    s.input("features").put(features);
                    s.run();
                    var eager = model.net()
                            .tag(Tensor.ofInts(tokens, size[0], size[1]), Tensor.of(features, size[0], size[1], 4));
                    assertThat(floats(s.output("logits")))
                            .isEqualTo(eager.logits().toArray());
                    assertThat(ints(s.intOutput("tag"))).isEqualTo(eager.tag().toIntArray());
                    assertThat(floats(s.output("longest")))
                            .isEqualTo(eager.longest().toArray());
                }
            }
        }
    }

    /** Constants of every type that grow with the length, again and again the same or the beginning of a longer one. */
    @ParameterizedTest
    @EnumSource
    void constantsOfEveryTypeGrow(DType type) {
        try (var model = Model.of(new Sequential(), 1);
                Plan plan = Plan.freeze(
                        model,
                        (net, in) -> {
                            int length = in[0].dim(1);
                            Tensor same = Tensor.full(Shape.of(length, 2), 3).to(type);
                            Tensor counted = Tensor.arange(length).to(type).unsqueeze(1);
                            return Tensor.concat(1, same, counted).to(DType.F32).add(in[0].reshape(length, 1));
                        },
                        Spec.of("x", 1, Dim.LENGTH));
                Session s = plan.newSession(1, 5)) {
            s.set(new float[5]).run();
            assertThat(floats(s.output())).containsExactly(3, 3, 0, 3, 3, 1, 3, 3, 2, 3, 3, 3, 3, 3, 4);
        }
    }

    /** Images whose height is free do not count as fixed, though only their second dimension differs. */
    @Test
    void onlyTheFirstDimensionOfAFixedValueDiffers() {
        for (int height : new int[] {Dim.LENGTH, 12}) {
            try (var model = Model.of(new Conv(4, 4, Window.of(3).pad(1)), 1);
                    Plan plan =
                            Plan.freeze(model, (net, in) -> net.apply(in[0]), Spec.of("x", Dim.BATCH, height, 12, 4))) {
                int x = plan.calls.graph().inputs[0];
                assertThat(plan.calls.fixed().get(x)).isEqualTo(height == 12);
            }
        }
    }

    private static float[] floats(FloatBuffer b) {
        float[] values = new float[b.remaining()];
        b.get(values);
        return values;
    }

    private static int[] ints(IntBuffer b) {
        int[] values = new int[b.remaining()];
        b.get(values);
        return values;
    }

    @Test
    void wrongNamesTypesAndSizesAreNamed() {
        try (var model = tagger();
                Plan plan = frozen(model);
                Session s = plan.newSession(2, 3)) {
            assertThatThrownBy(() -> s.output("h"))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("session: no output is called h; there are [logits, tag, longest]");
            assertThatThrownBy(() -> s.intInput("words"))
                    .hasMessage("session: no input is called words; there are [tokens, features]");
            assertThatThrownBy(() -> s.input("tokens"))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("session: tokens is I32 but was asked for as F32; take it with intInput or intOutput");
            assertThatThrownBy(() -> s.intInput("features"))
                    .hasMessage("session: features is F32 but was asked for as I32; take it with input or output");
            assertThatThrownBy(() -> s.threads(-1))
                    .hasMessage("threads: -1 threads; give at least 1, or 0 for no limit");
            assertThatThrownBy(plan::newSession)
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("newSession: batch=1 but an input of this plan has Dim.LENGTH; "
                            + "use newSession(batch, length)");
            assertThatThrownBy(() -> plan.newSession(2, 0)).hasMessage("newSession: length=0 must be at least 1");
            s.set("tokens", new int[6])
                    .set("features", new float[s.input("features").capacity()])
                    .run();
            assertThatThrownBy(() -> s.intOutput("logits"))
                    .hasMessage("session: logits is F32 but was asked for as I32; take it with input or output");
            s.set("tokens", new int[] {0, 1, 2, 3, 4, 11});
            assertThatThrownBy(s::run)
                    .hasMessage(
                            "take: index 11 at row 5 is outside [-11, 11): give a number that exists; -1 is the last");
        }
        try (var model = Model.of(new Linear(3, 2), 1);
                Plan plan = Plan.freeze(model, Shape.of(1, 3))) {
            assertThatThrownBy(() -> plan.newSession(1, 5))
                    .hasMessage("newSession: length=5 but no input of this plan has Dim.LENGTH; use newSession(batch)");
        }
    }

    @Test
    void lengthsThatAnOpRefusesAreRefusedWithItsSentence() {
        var net = new Sequential(new MaxPool(Window.line(5)), Tensor::relu);
        try (var model = Model.of(net, 1);
                Plan plan = Plan.freeze(
                        model, (m, in) -> Map.of("y", m.apply(in[0])), Spec.of("x", Dim.BATCH, Dim.LENGTH, 3))) {
            assertThatThrownBy(() -> plan.newSession(2, 4))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage(
                            "newSession: length=4 is outside the lengths that this plan takes, 5 to 4096: at length 4,"
                                    + " max_pool at 0: x [2, 4, 3] is too small for the window 5: x.dim(1)=4 and its"
                                    + " padding make 4 but the window reaches over 5; pad more, or give a larger x");
            float[] x = new Rng(2).normal(2 * 9 * 3, 0, 1);
            try (Session s = plan.newSession(2, 9)) {
                s.input("x").put(x);
                s.run();
                assertThat(floats(s.output("y"))).isEqualTo(PlanTest.eager(model, x, 2, 9, 3));
            }
        }
    }

    /**
     * Every form of a convolution: one of few channels, Winograd's, depthwise, grouped, 1x1, along a line, and one that
     * turns into another for short images.
     */
    private static Layer[] convolutions() {
        Window three = Window.of(3).pad(1);
        return new Layer[] {
            new Sequential(
                    new Conv(3, 8, three).act(Activation.RELU), new Conv(8, 8, three, 8), new Conv(8, 4, Window.of(1))),
            new Sequential(
                    new Conv(3, 33, three), new Conv(33, 40, three).act(Activation.RELU), new Conv(40, 36, three)),
            new Sequential(
                    new Conv(3, 6, Window.of(1, 5).same()),
                    new Conv(6, 4, Window.of(5, 1).same(), 2)),
            new ConvTransposed(3, 5, Window.of(3).stride(2).pad(1)).outputPadding(1)
        };
    }

    @Test
    void convolutionsOverAFreeLength() {
        for (Layer layer : convolutions()) {
            try (var model = Model.of(layer, 1);
                    Plan plan =
                            Plan.freeze(model, (m, in) -> m.apply(in[0]), Spec.of("x", Dim.BATCH, Dim.LENGTH, 6, 3))) {
                for (int[] size : SIZES) {
                    float[] x = new Rng(size[1]).normal(size[0] * size[1] * 6 * 3, 0, 1);
                    try (Session s = plan.newSession(size[0], size[1])) {
                        s.input().put(x);
                        s.run();
                        assertThat(floats(s.output()))
                                .as("%s at batch %d and length %d", layer, size[0], size[1])
                                .isEqualTo(PlanTest.eager(model, x, size[0], size[1], 6, 3));
                    }
                }
            }
        }
    }

    @Test
    void sequencesAreConvolvedOverAFreeLength() {
        var net = new Sequential(
                new Conv(3, 8, Window.line(5).same()).act(Activation.RELU),
                new Conv(8, 8, Window.line(3).pad(1)));
        try (var model = Model.of(net, 1);
                Plan plan = Plan.freeze(model, (m, in) -> m.apply(in[0]), Spec.of("x", Dim.BATCH, Dim.LENGTH, 3))) {
            for (int[] size : SIZES) {
                float[] x = new Rng(size[1]).normal(size[0] * size[1] * 3, 0, 1);
                try (Session s = plan.newSession(size[0], size[1])) {
                    s.input().put(x);
                    s.run();
                    assertThat(floats(s.output())).isEqualTo(PlanTest.eager(model, x, size[0], size[1], 3));
                }
            }
        }
    }

    @Test
    void sortingAndProductsOverAFreeLength() {
        Layer net = x -> x.sort(1).values().matmulTransposed(Tensor.full(Shape.of(5, 3), 0.5f));
        try (var model = Model.of(net, 1);
                Plan plan = Plan.freeze(model, (m, in) -> m.apply(in[0]), Spec.of("x", Dim.BATCH, Dim.LENGTH, 3))) {
            for (int[] size : SIZES) {
                float[] x = new Rng(size[1]).normal(size[0] * size[1] * 3, 0, 1);
                try (Session s = plan.newSession(size[0], size[1])) {
                    s.input().put(x);
                    s.run();
                    assertThat(floats(s.output())).isEqualTo(PlanTest.eager(model, x, size[0], size[1], 3));
                }
            }
        }
    }

    @Test
    void lengthsForWhichATableIsTooShortAreRefused() {
        try (var model = Model.of(new Sequential(), 1);
                Plan plan = Plan.freeze(
                        model,
                        (m, in) -> in[0].add(in[1].slice(0, 0, in[0].dim(0))),
                        Spec.of("x", Dim.LENGTH, 2),
                        Spec.of("positions", 32, 2));
                Session s = plan.newSession(1, 32)) {
            s.input("x").put(0, new float[] {1, 2});
            s.input("positions").put(0, new float[] {10, 20});
            s.run();
            assertThat(s.output().get(1)).isEqualTo(22);
            assertThatThrownBy(() -> plan.newSession(1, 33))
                    .hasMessage(
                            "newSession: length=33 is outside the lengths that this plan takes, 1 to 32: at length 33,"
                                    + " slice: places 0 to 33 are outside x [32, 2]: x.dim(0)=32; choose 0 <= "
                                    + "from <= to"
                                    + " <= dim(0)");
            assertThatThrownBy(() -> plan.newSession(2, 3))
                    .hasMessage("newSession: batch=2 but no input of this plan has Dim.BATCH; give 1");
        }
    }

    @Test
    void whatIsNoFunctionOfBatchAndLengthIsRefused() {
        Spec x = Spec.of("x", Dim.BATCH, Dim.LENGTH, 2);
        try (var model = Model.of((Layer) t -> t, 1)) {
            assertThatThrownBy(() -> Plan.freeze(
                            model,
                            (m, in) -> in[0].slice(1, 0, (int) Math.sqrt(in[0].dim(1)))
                                    .relu(),
                            x))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("freeze: slice: its to is 64 at batch 2 and length 4096, 4 at batch 2 and length 16, 1"
                            + " at batch 2 and length 1, 64 at batch 3 and length 4096; it must be constant,"
                            + " or grow in proportion to the length or a floor quotient of the length by at most "
                            + "32; if that"
                            + " holds for a part of the sizes, name that part with Spec.length(min, max, multipleOf)");
            assertThatThrownBy(() -> Plan.freeze(model, (m, in) -> in[0].dim(1) > 16 ? in[0].relu() : in[0].tanh(), x))
                    .hasMessage("freeze: call 0 is relu at batch 2 and length 4096 but tanh at batch 2 and length 16; "
                            + "a plan cannot choose its layers by the length, so leave one of the two out with"
                            + " Spec.length(min, max, multipleOf)");
            assertThatThrownBy(() -> Plan.freeze(
                            model,
                            (m, in) -> {
                                Map<Object, Tensor> same = new LinkedHashMap<>();
                                same.put(1, in[0].relu());
                                same.put("1", in[0].tanh());
                                return same;
                            },
                            x))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("freeze: outputs [1, 1] share a name; give each its own");
        }
    }
}

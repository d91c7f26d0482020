package dev.fathom.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fathom.io.Safetensors;
import dev.fathom.memory.Memory;
import dev.fathom.op.Shape;
import dev.fathom.optim.Sgd;
import dev.fathom.parameter.Buffer;
import dev.fathom.parameter.Parameter;
import dev.fathom.parameter.Variable;
import dev.fathom.store.StoreRange;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import java.lang.ref.WeakReference;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A model's tree, names, summary, files, copies and freezing. */
class ModelTest {
    @TempDir
    Path folder;

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

    @Test
    void itSaysWhatItHolds() {
        Model<Sequential> model = Model.of(mlp(), 1);
        model.freeze("0.*");
        assertThat(model.toString().lines())
                .containsExactly(
                        "Model of a Sequential, 235,146 parameters in 6 tensors of which 2 are frozen, 0 buffers,"
                                + " 940,608 bytes",
                        "  0.weight [256, 784] frozen",
                        "  0.bias [256] frozen",
                        "  3.weight [128, 256]",
                        "  3.bias [128]",
                        "  6.weight [10, 128]",
                        "  6.bias [10]");
        model.close();
        assertThat(model.toString()).startsWith("Model of a Sequential that is closed");
        try (var many = Model.of(new Sequential(mlp(), mlp()), 1)) {
            assertThat(many.toString().lines()).hasSize(10).last().isEqualTo("  ... and 4 more");
        }
    }

    /** Everything that a walk must find or pass by. */
    private record Everything(
            Linear firstLayer,
            @Nullable Linear none,
            Optional<Linear> maybe,
            Optional<Linear> empty,
            List<Linear> list,
            Map<String, Linear> byName,
            Linear[] array,
            Parameter scale,
            Buffer runningMean,
            float number,
            String text)
            implements Layer {
        static Everything make() {
            return new Everything(
                    new Linear(2, 2),
                    null,
                    Optional.of(new Linear(2, 2)),
                    Optional.empty(),
                    List.of(new Linear(2, 2), new Linear(2, 2).withoutBias()),
                    Map.of("head", new Linear(2, 2)),
                    new Linear[] {new Linear(2, 2)},
                    new Parameter(Shape.SCALAR, Init.constant(2)),
                    new Buffer(Shape.of(2), Init.constant(7)),
                    1.5f,
                    "text");
        }

        @Override
        public Tensor forward(Tensor x) {
            Tensor y = maybe.orElseThrow().apply(firstLayer.apply(x));
            for (Linear l : list) {
                y = l.apply(y);
            }
            return array[0].apply(byName.get("head").apply(y))
                    .mul(scale.value())
                    .add(runningMean.value());
        }
    }

    private static List<String> names(Model<?> model) {
        List<String> names = new ArrayList<>();
        model.parameters().forEach(p -> names.add(p.name()));
        model.buffers().forEach(b -> names.add(b.name()));
        return names;
    }

    @Test
    void whatAModelHoldsIsPrintedWithItsNameAndShape() {
        assertThat(new Parameter(Shape.of(3, 4), Init.constant(0))).hasToString("Parameter unbound [3, 4]");
        try (Model<BatchNorm> model = Model.of(new BatchNorm(4), 1)) {
            assertThat(model.parameters().get(0)).hasToString("Parameter weight [4]");
            assertThat(model.buffers().get(0)).hasToString("Buffer running_mean [4]");
        }
    }

    @Test
    void theWalkFindsWhatComponentsHold() {
        try (var model = Model.of(Everything.make(), 1)) {
            assertThat(names(model))
                    .containsExactly(
                            "first_layer.weight",
                            "first_layer.bias",
                            "maybe.weight",
                            "maybe.bias",
                            "list.0.weight",
                            "list.0.bias",
                            "list.1.weight",
                            "by_name.head.weight",
                            "by_name.head.bias",
                            "array.0.weight",
                            "array.0.bias",
                            "scale",
                            "running_mean");
            assertThat(model.parameterCount()).isEqualTo(5 * 6 + 4 + 1);
            assertThat(model.parameter("scale").value().item()).isEqualTo(2);
            assertThat(model.buffers()).hasSize(1);
            assertThatThrownBy(() -> model.parameter("list.1.bias"))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageStartingWith("model: no parameter is called list.1.bias; there are [first_layer.weight, "
                            + "first_layer.bias, ");
            try (var copy = model.copy()) {
                assertThat(names(copy)).isEqualTo(names(model));
                assertThat(copy.net().array()[0]).isNotSameAs(model.net().array()[0]);
                float[] x = {1, -2};
                assertThat(infer(copy, x, 1, 2)).isEqualTo(infer(model, x, 1, 2));
            }
        }
    }

    private static float[] infer(Model<? extends Layer> model, float[] x, int... dims) {
        try (Pass pass = Pass.infer()) {
            return model.net().apply(Tensor.of(x, dims)).toArray();
        }
    }

    @Test
    void aParameterAboveAGigabyteIsRefusedByName() {
        assertThatThrownBy(() -> Model.of(new Sequential(new Linear(2, 3), new Linear(1 << 15, 1 << 14)), 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "model: 1.weight [16384, 32768] takes 2147483648 bytes but 1073741824 are the most; split it");
    }

    @Test
    void anInitializerMustFillItsShape() {
        var net = new Linear(new Parameter(Shape.of(2, 3), (s, r) -> new float[5]), null, null);
        assertThatThrownBy(() -> Model.of(new Sequential(net), 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("model: the initializer of 0.weight gave 5 values for shape [2, 3]; it must give one for "
                        + "each element");
        assertThat(net.weight().bound()).isFalse();
        long owned = dev.fathom.memory.Memory.stats().owned();
        var vector = new Linear(new Parameter(Shape.of(6), Init.heNormal()), null, null);
        assertThatThrownBy(() -> Model.of(vector, 1)).hasMessageStartingWith("Init: shape [6] has no fan-in");
        assertThat(dev.fathom.memory.Memory.stats().owned())
                .as("what failed leaves no memory behind")
                .isLessThanOrEqualTo(owned);
    }

    // ---- summary

    /** Multiply-adds: 784 x 256, 256 x 128, 128 x 10 for one example. */
    @Test
    void summaryOfTheNetworkForMnist() {
        try (var model = Model.of(mlp(), 42)) {
            assertThat(model.summary(Shape.of(1, 784))).isEqualTo("""
                   layer    output    parameters  multiply-adds
                -----------------------------------------------
                   input    [1, 784]
                0  Linear   [1, 256]     200,960        200,704
                1  relu     [1, 256]           0              0
                2  Dropout  [1, 256]           0              0
                3  Linear   [1, 128]      32,896         32,768
                4  relu     [1, 128]           0              0
                5  Dropout  [1, 128]           0              0
                6  Linear   [1, 10]        1,290          1,280
                -----------------------------------------------
                   total                 235,146        234,752
                """);
            assertThat(model.summary(Shape.of(128, 784))).contains("total").contains("30,048,256");
        }
    }

    /** A layer that is called twice works twice, and has its parameters once. */
    @Test
    void summaryOfALayerThatIsCalledTwice() {
        Linear twice = new Linear(3, 3);
        try (var model = Model.of(new Sequential(twice, Tensor::relu, twice), 1)) {
            assertThat(model.summary(Shape.of(1, 3))).isEqualTo("""
                   layer   output  parameters  multiply-adds
                --------------------------------------------
                   input   [1, 3]
                0  Linear  [1, 3]          12              9
                1  relu    [1, 3]           0              0
                2  Linear  [1, 3]           0              9
                --------------------------------------------
                   total                   12             18
                """);
        }
        try (var model = Model.of(new Again(new Linear(3, 3)), 1)) {
            assertThat(model.summary(Shape.of(1, 3))).contains("total").containsPattern("total +12 +18");
            assertThat(model.summary(Shape.of(1, 3)).lines().filter(l -> l.startsWith("linear")))
                    .allMatch(l -> l.endsWith(" 9"))
                    .hasSize(2);
        }
    }

    private record Again(Linear linear) implements Layer {
        @Override
        public Tensor forward(Tensor x) {
            float[] scale = {2};
            return linear.apply(
                    linear.apply(x).add(Pass.noGrad(() -> x.mul(scale[0])))); // a lambda that captures is no layer
        }
    }

    private record Join(Linear left, Linear right, Parameter gain) implements Net {
        Tensor join(Tensor a, Tensor b) {
            return Pass.frame(this, () -> left.apply(a).add(right.apply(b)).mul(gain.value()));
        }
    }

    @Test
    void summaryOfAModuleWithItsOwnMethods() {
        try (var model = Model.of(
                new Join(new Linear(3, 4), new Linear(5, 4), new Parameter(Shape.of(4), Init.constant(1))), 1)) {
            assertThat(model.summary((net, in) -> net.join(in[0], in[1]), Shape.of(2, 3), Shape.of(2, 5)))
                    .isEqualTo("""
                               layer      output  parameters  multiply-adds
                        ---------------------------------------------------
                               input      [2, 3]
                               input      [2, 5]
                        left   Linear     [2, 4]          16             24
                        right  Linear     [2, 4]          24             40
                               elsewhere                   4              0
                        ---------------------------------------------------
                               total                      44             64
                        """);
            assertThatThrownBy(() -> model.summary(Shape.of(2, 3)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("summary: the net has its own methods or 1 inputs; call summary((net, in) -> "
                            + "net.method(in[0], ...), shapes)");
        }
    }

    /** Methods of their own that nobody put into a frame, one below the other. */
    private record Unframed(Linear first, Encoder encoder) implements Net {
        record Encoder(List<Layer> layers) implements Net {
            Tensor encode(Tensor x) {
                return layers.get(0).apply(x);
            }
        }

        Tensor call(Tensor x) {
            return encoder.encode(first.apply(x));
        }
    }

    @Test
    void aMethodWithoutAFrameStillHasNamesInTheSummary() {
        try (var model = Model.of(new Unframed(new Linear(3, 4), new Unframed.Encoder(List.of(new Linear(4, 5)))), 1)) {
            assertThat(model.summary((net, in) -> net.call(in[0]), Shape.of(2, 3)))
                    .isEqualTo("""
                                          layer   output  parameters  multiply-adds
                        -----------------------------------------------------------
                                          input   [2, 3]
                        first             Linear  [2, 4]          16             24
                        encoder.layers.0  Linear  [2, 5]          25             40
                        -----------------------------------------------------------
                                          total                   41             64
                        """);
        }
    }

    // ---- files

    @Test
    void saveAndLoadKeepEveryBit() {
        Path file = folder.resolve("net.safetensors");
        try (var model = Model.of(Everything.make(), 1);
                var other = Model.of(Everything.make(), 2)) {
            model.save(file);
            assertThat(infer(other, new float[] {1, 2}, 1, 2)).isNotEqualTo(infer(model, new float[] {1, 2}, 1, 2));
            int version = other.parameter("scale").version();
            other.load(file);
            for (int i = 0;
                    i < StoreRange.store(model.range()).<Variable>cells().size();
                    i++) {
                Variable a = StoreRange.store(model.range()).<Variable>cells().get(i);
                Variable b = StoreRange.store(other.range()).<Variable>cells().get(i);
                assertThat(b.value().toArray()).as(a.name()).isEqualTo(a.value().toArray());
            }
            assertThat(other.parameter("scale").version())
                    .as("packed copies and tapes must notice")
                    .isEqualTo(version + 1);
            assertThat(infer(other, new float[] {1, 2}, 1, 2)).isEqualTo(infer(model, new float[] {1, 2}, 1, 2));
        }
    }

    private record Filters(Parameter weight) implements Net {}

    /** Filters [out, kh, kw, in] are [out, in, kh, kw] in files, also those of a copy and a replica. */
    @Test
    void aParameterMayHaveItsDimensionsInAnotherOrderInFiles() {
        Path file = folder.resolve("net.safetensors");
        var net = new Filters(new Parameter(Shape.of(2, 3, 4, 5), Init.normal(0, 1), 0, 3, 1, 2));
        try (var model = Model.of(net, 1);
                var copy = model.copy();
                var replica = model.replica();
                var other = Model.of(new Filters(new Parameter(net.weight().shape(), Init.zeros(), 0, 3, 1, 2)), 2)) {
            assertThat(net.weight().fileShape()).isEqualTo(Shape.of(2, 5, 3, 4));
            for (Model<Filters> m : List.of(model, copy, replica)) {
                m.save(file);
                try (Safetensors data = Safetensors.read(file);
                        Pass pass = Pass.infer()) {
                    Tensor weight = data.tensor("weight");
                    assertThat(weight.shape()).isEqualTo(Shape.of(2, 5, 3, 4));
                    assertThat(weight.toArray())
                            .isEqualTo(net.weight().value().permute(0, 3, 1, 2).toArray());
                }
            }
            other.load(file);
            assertThat(other.net().weight().value().toArray())
                    .isEqualTo(net.weight().value().toArray());
            Path plain = file("weight", Shape.of(2, 3, 4, 5));
            assertThatThrownBy(() -> other.load(plain))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("load: " + plain + " does not fit the model: it has shapes "
                            + "[weight [2, 3, 4, 5] for [2, 5, 3, 4]]; load it into a model of the same structure");
        }
        assertThatThrownBy(() -> new Parameter(Shape.of(2, 3), Init.zeros(), 1, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("[1, 1] is not an order of the 2 dimensions of [2, 3]; name each once");
    }

    /** Writes tensors of these names and shapes, all zeros. */
    private Path file(Object... namesAndShapes) {
        Safetensors.Writer writer = new Safetensors.Writer();
        for (int i = 0; i < namesAndShapes.length; i += 2) {
            Shape shape = (Shape) namesAndShapes[i + 1];
            writer.add((String) namesAndShapes[i], shape, FloatBuffer.allocate((int) shape.size()));
        }
        Path file = folder.resolve("other.safetensors");
        writer.write(file);
        return file;
    }

    @Test
    void aFileThatDoesNotFitChangesNothing() {
        try (var model = Model.of(new Linear(2, 3), 1)) {
            float[] weight = model.net().weight().value().toArray();
            Path missing = file("weight", Shape.of(3, 2));
            assertThatThrownBy(() -> model.load(missing))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("load: " + missing
                            + " does not fit the model: it lacks [bias]; load it into a model of the same structure, or"
                            + " say what differs by Names.exact().optional(\"bias\")");
            Path shape = file("weight", Shape.of(3, 2), "bias", Shape.of(4));
            assertThatThrownBy(() -> model.load(shape))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("load: " + shape + " does not fit the model: it has shapes [bias [4] for [3]]; "
                            + "load it into a model of the same structure");
            Path more = file("weight", Shape.of(3, 2), "bias", Shape.of(3), "gamma", Shape.of(1));
            assertThatThrownBy(() -> model.load(more))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("load: " + more + " does not fit the model: the model has no place for [gamma]; "
                            + "load it into a model of the same structure, or say what differs by"
                            + " Names.exact().ignore(\"gamma\")");
            Path all = file("weight", Shape.of(2, 3), "gamma", Shape.of(1), "beta", Shape.of(1));
            assertThatThrownBy(() -> model.load(all))
                    .hasMessage("load: " + all + " does not fit the model: it lacks [bias], "
                            + "it has shapes [weight [2, 3] for [3, 2]], the model has no place for [gamma, beta]; "
                            + "load it into a model of the same structure");
            Path none = folder.resolve("none.safetensors");
            assertThatThrownBy(() -> model.load(none))
                    .isInstanceOf(java.io.UncheckedIOException.class)
                    .hasMessageContaining(none.toString());
            assertThat(model.net().weight().value().toArray()).isEqualTo(weight);
        }
    }

    /** Another process cuts the file while it is read: all of it is there, or nothing. */
    @Test
    void aFileThatShrinksWhileItIsReadChangesNothing() throws Exception {
        Layer[] layers = new Layer[64];
        for (int i = 0; i < layers.length; i++) {
            layers[i] = new Linear(200, 200);
        }
        Path file = folder.resolve("big.safetensors");
        try (var model = Model.of(new Sequential(layers), 1)) {
            for (int round = 0; round < 10; round++) {
                for (Parameter p : model.parameters()) {
                    fill(p, 1);
                }
                model.save(file);
                for (Parameter p : model.parameters()) {
                    fill(p, 0);
                }
                long wait = round * 300_000L;
                Thread cutter = new Thread(() -> {
                    long begin = System.nanoTime();
                    while (System.nanoTime() - begin < wait) {
                        Thread.onSpinWait();
                    }
                    try (var channel = java.nio.channels.FileChannel.open(file, StandardOpenOption.WRITE)) {
                        channel.truncate(1 << 20);
                    } catch (java.io.IOException e) {
                        throw new java.io.UncheckedIOException(e);
                    }
                });
                cutter.start();
                float expected = 1;
                try {
                    model.load(file);
                } catch (IllegalArgumentException e) {
                    assertThat(e).hasMessageContaining(file.toString());
                    expected = 0;
                }
                cutter.join();
                for (Parameter p : model.parameters()) {
                    assertThat(p.value().toArray()).as(p.name()).containsOnly(expected);
                }
            }
        }
    }

    private static void fill(Parameter p, float value) {
        dev.fathom.tensor.Numbers.set(p, value);
    }

    @Test
    void anUnwritableFolderIsSaid() throws Exception {
        Path plain = Files.createFile(folder.resolve("plain"));
        try (var model = Model.of(new Linear(2, 3), 1)) {
            assertThatThrownBy(() -> model.save(plain.resolve("net.safetensors")))
                    .isInstanceOf(java.io.UncheckedIOException.class)
                    .hasMessageContaining(plain.toString());
        }
    }

    // ---- copies

    @Test
    void aShareOfTheNumbersIsCopied() {
        try (var from = Model.of(new Sequential(new Linear(50, 40)), 1);
                var to = Model.of(new Sequential(new Linear(50, 40)), 2);
                var other = Model.of(new Sequential(new Linear(50, 41)), 2)) {
            float[] theirs = numbers(from);
            float[] mine = numbers(to);
            to.copyFrom(from, 0.8, new Rng(3));
            float[] mixed = numbers(to);
            int copied = 0;
            for (int i = 0; i < mixed.length; i++) {
                assertThat(mixed[i]).isIn(theirs[i], mine[i]);
                copied += mixed[i] == theirs[i] ? 1 : 0;
            }
            assertThat(copied / (double) mixed.length)
                    .isBetween(0.76, 0.84); // 0.8, five standard errors of 2,000 draws on either side
            to.copyFrom(from, 0, new Rng(4));
            assertThat(numbers(to)).containsExactly(mixed);
            to.copyFrom(from, 1, new Rng(4));
            assertThat(numbers(to)).containsExactly(theirs);
            assertThatThrownBy(() -> to.copyFrom(from, 1.5, new Rng(1)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("copyFrom: share=1.5 is a probability and must be in [0, 1]");
            assertThatThrownBy(() -> to.copyFrom(other, 0.5, new Rng(1)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("copyFrom: the models differ");
        }
    }

    private static float[] numbers(Model<Sequential> model) {
        try (Pass pass = Pass.infer()) {
            return model.parameter("0.weight").value().toArray();
        }
    }

    @Test
    void copyFromNeedsTheSameStructure() {
        try (var a = Model.of(new Sequential(new Linear(2, 3)), 1);
                var b = Model.of(new Sequential(new Linear(2, 4)), 1);
                var c = Model.of(new Sequential(new Linear(2, 3), new Linear(3, 1)), 1)) {
            assertThatThrownBy(() -> a.copyFrom(b))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("copyFrom: the models differ: 0.weight [3, 2] here but 0.weight [4, 2] there; copy "
                            + "between models of one structure");
            assertThatThrownBy(() -> a.copyFrom(c))
                    .hasMessage("copyFrom: the models differ: nothing here but 1.weight [1, 3] there; copy between "
                            + "models of one structure");
            assertThatThrownBy(() -> c.copyFrom(a))
                    .hasMessage("copyFrom: the models differ: 1.weight [1, 3] here but nothing there; copy between "
                            + "models of one structure");
        }
    }

    @Test
    void aCopyKeepsWhatIsFrozenAndShared() {
        Linear tied = new Linear(3, 3);
        try (var model = Model.of(new Sequential(tied, Tensor::relu, tied, new Linear(3, 3)), 1)) {
            model.freeze("0.*");
            try (var copy = model.copy()) {
                assertThat(copy.parameters()).hasSize(4);
                assertThat(copy.net().layers().get(2))
                        .isSameAs(copy.net().layers().get(0));
                assertThat(copy.parameters().stream().map(Parameter::trainable))
                        .containsExactly(false, false, true, true);
            }
        }
    }

    // ---- freezing

    @Test
    void patternsFreezeByName() {
        try (var model = Model.of(new Sequential(new Linear(2, 2), new Linear(2, 2), new Linear(2, 2)), 1)) {
            model.freeze("*.bias", "1.weight");
            assertThat(model.parameters().stream().map(Parameter::trainable))
                    .containsExactly(true, false, false, false, true, false);
            model.unfreeze("1.*");
            assertThat(model.parameters().stream().map(Parameter::trainable))
                    .containsExactly(true, false, true, true, true, false);
            model.freeze("*");
            assertThat(model.parameters()).noneMatch(Parameter::trainable);
            assertThatThrownBy(() -> model.freeze("1"))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("freeze: 1 matches none of [0.weight, 0.bias, 1.weight, 1.bias, 2.weight, 2.bias]");
            assertThatThrownBy(() -> model.unfreeze("1xbias"))
                    .hasMessage(
                            "unfreeze: 1xbias matches none of [0.weight, 0.bias, 1.weight, 1.bias, 2.weight, 2.bias]");
            try (Pass pass = Pass.train(new Rng(1))) {
                Tensor loss = model.net().apply(Tensor.zeros(1, 2)).sum();
                assertThatThrownBy(() -> pass.backward(loss))
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessage("backward: nothing was recorded for tensor sum[#4] []: no trainable parameter and "
                                + "no watched tensor "
                                + "went into it; unfreeze one, or pass.watch(x)");
            }
        }
    }

    @Test
    void frozenParametersAreBitIdenticalAfterTraining() {
        try (var model = Model.of(new Sequential(new Linear(4, 8), Tensor::tanh, new Linear(8, 3)), 1);
                var sgd = new Sgd(0.1f, 0.9f, 0, false, 0.5f).on(model)) {
            model.freeze("0.*");
            float[] frozen = model.parameter("0.weight").value().toArray();
            float[] free = model.parameter("2.weight").value().toArray();
            for (int i = 0; i < 5; i++) {
                try (Pass pass = Pass.train(new Rng(i))) {
                    pass.backward(model.net().apply(pass.randn(7, 4)).square().mean());
                    assertThat(model.parameter("0.weight").gradient()).isNull();
                    sgd.step();
                }
            }
            assertThat(model.parameter("0.weight").value().toArray()).isEqualTo(frozen);
            assertThat(model.parameter("2.weight").value().toArray()).isNotEqualTo(free);
        }
    }

    // ---- another head

    private record TiedNet(Sequential trunk, Dropout drop, Linear head) implements Layer {
        @Override
        public Tensor forward(Tensor x) {
            return head.apply(drop.apply(trunk.apply(x)));
        }
    }

    private static TiedNet net() {
        Linear tied = new Linear(3, 3);
        return new TiedNet(new Sequential(tied, Tensor::tanh, tied), new Dropout(0.5f), new Linear(3, 5));
    }

    @Test
    void aNewHeadOnWhatWasLearned() {
        try (var trained = Model.of(net(), 1);
                var same = trained.copy()) {
            trained.freeze("*");
            trained.eval("drop", "");
            try (var model = trained.replace("head", new Linear(3, 2), 2)) {
                assertThat(model.net().trunk()).isSameAs(trained.net().trunk());
                assertThat(model.net().drop()).isSameAs(trained.net().drop());
                assertThat(model.parameters().stream().map(Parameter::name))
                        .containsExactly("trunk.0.weight", "trunk.0.bias", "head.weight", "head.bias");
                assertThat(model.parameters().stream().map(Parameter::trainable))
                        .containsExactly(false, false, true, true);
                assertThat(model.parameter("trunk.0.weight").value().toArray())
                        .isEqualTo(same.parameter("trunk.0.weight").value().toArray());
                try (var other = Model.of(net(), 2);
                        var fresh = other.replace("head", new Linear(3, 2), 2)) {
                    assertThat(model.parameter("head.weight").value().toArray())
                            .isEqualTo(fresh.parameter("head.weight").value().toArray());
                }
                try (Pass pass = Pass.train(new Rng(1))) { // dropout remains fixed, or the two would differ
                    Tensor x = pass.randn(64, 3);
                    assertThat(model.net().apply(x).shape()).isEqualTo(Shape.of(64, 2));
                    assertThat(model.net().apply(x).toArray())
                            .isEqualTo(model.net().apply(x).toArray());
                }
                assertThatThrownBy(trained::parameterCount)
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessageContaining("its parameters moved to the model made at");
            }
        }
    }

    @Test
    void whatIsReplacedIsNamedAndFits() {
        try (var model = Model.of(net(), 1)) {
            assertThatThrownBy(() -> model.replace("fc", new Linear(3, 2), 1))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("replace: no net is called fc; there are [trunk, trunk.0, trunk.1, drop, head]");
            assertThatThrownBy(() -> model.replace("head", new Sequential(), 1))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("model: component head of TiedNet is a Linear, which no Sequential is; give a Linear");
            assertThat(model.parameterCount()).isEqualTo(12 + 20); // neither has changed anything
            try (var deeper = model.replace("trunk.1", new Sequential(new Linear(3, 3), Tensor::relu), 1)) {
                assertThat(deeper.parameters().stream().map(Parameter::name)).contains("trunk.1.0.weight");
            }
        }
    }

    // ---- evaluation mode

    private record Normed(Linear fc1, BatchNorm bn1, Linear fc) implements Layer {
        @Override
        public Tensor forward(Tensor x) {
            return fc.apply(bn1.apply(fc1.apply(x)));
        }
    }

    private static float[] runningMeanAfterAStep(Model<Normed> model) {
        try (Pass pass = Pass.train(new Rng(1))) {
            pass.backward(model.net().apply(pass.randn(8, 3)).sum());
        }
        return model.buffers().stream()
                .filter(b -> b.name().equals("bn1.running_mean"))
                .findFirst()
                .orElseThrow()
                .value()
                .toArray();
    }

    /**
     * One net is one model's: over folds a shared net would go on from the weights of the fold before, whatever the
     * seed.
     */
    @Test
    void aNetThatAModelHoldsIsRefusedUntilItIsAdopted() {
        Linear net = new Linear(2, 1);
        Model<Linear> first = Model.of(net, 1);
        try (first) {
            assertThatThrownBy(() -> Model.of(net, 2))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage(
                            "model: parameter weight [1, 2] already belongs to another model and has its values; build"
                                    + " a new net for each model, or call Model.adopt(net, seed) to move these "
                                    + "values to"
                                    + " the new one");
            assertThatThrownBy(() -> Model.of(new Sequential(new Linear(4, 2), net), 2))
                    .hasMessageStartingWith("model: parameter 1.weight [1, 2] already belongs to another model");
            assertThat(first.parameterCount()).as("the holder is unharmed").isEqualTo(3);
            float[] weight = net.weight().value().toArray();
            try (Model<Linear> second = Model.adopt(net, 2)) {
                assertThat(second.parameter("weight").value().toArray()).isEqualTo(weight);
            }
        }
        for (boolean adopting : new boolean[] {false, true}) {
            assertThatThrownBy(() -> closed(net, adopting))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageStartingWith(
                            "model: parameter weight [1, 2] belongs to a model that is closed: it was closed at ")
                    .hasMessageEndingWith("; build a new net for each model");
        }
    }

    private static Model<Linear> closed(Linear net, boolean adopting) {
        return adopting ? Model.adopt(net, 2) : Model.of(net, 2);
    }

    /**
     * A lone buffer tells as well as a parameter, and what is left over from a model whose other parameters moved
     * belongs to nobody.
     */
    @Test
    void buffersAndLeftOversAreRefusedToo() {
        var old = Model.of(new Normed(new Linear(3, 4), new BatchNorm(4), new Linear(4, 2)), 1);
        Linear head = old.net().fc();
        try (old;
                var model = old.replace("fc", new Linear(4, 5), 1)) {
            assertThatThrownBy(() -> Model.of(head, 1))
                    .hasMessageStartingWith("model: parameter weight [2, 4] belongs to a model that is superseded: ")
                    .hasMessageEndingWith("; build a new net for each model");
            assertThat(model.parameterCount()).isPositive();
        }
        record Held(Buffer mean) implements Net {}
        Buffer shared = new Buffer(Shape.of(3), Init.zeros());
        try (var model = Model.of(new Held(shared), 1)) {
            assertThatThrownBy(() -> Model.of(new Held(shared), 1))
                    .hasMessageStartingWith("model: buffer mean [3] already belongs to another model");
            assertThat(model.parameterCount()).isZero();
        }
    }

    /** What was computed before the parameters moved says so, whatever backward is asked for. */
    @Test
    void backwardThroughASupersededModelIsRefused() {
        Linear net = new Linear(2, 1);
        try (Model<Linear> before = Model.of(net, 1);
                Pass pass = Pass.grad()) {
            Tensor loss = before.net().apply(Tensor.ones(1, 2)).sum();
            try (Model<Linear> after = Model.adopt(net, 1)) {
                assertThatThrownBy(() -> pass.backward(loss))
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessageStartingWith("model is superseded: its parameters moved to the model made at ");
                assertThatThrownBy(() -> pass.backward(loss, after))
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessageStartingWith("model is superseded: ");
                assertThat(after.parameters()).allMatch(p -> p.gradient() == null);
                pass.backward(after.net().apply(Tensor.ones(1, 2)).sum());
                assertThat(after.parameters()).allMatch(p -> p.gradient() != null);
            }
        }
    }

    @Test
    void aModelThatTookOverLetsItsModulesFollowTheirPassAgain() {
        var old = Model.of(new Normed(new Linear(3, 4), new BatchNorm(4), new Linear(4, 2)), 1);
        old.eval("bn1");
        try (old;
                var model = old.replace("fc", new Linear(4, 5), 1)) {
            assertThat(runningMeanAfterAStep(model)).as("still fixed").containsOnly(0);
            model.train();
            assertThat(runningMeanAfterAStep(model)).as("follows its pass").doesNotContain(0);
            assertThatThrownBy(old::train).hasMessageStartingWith("model is superseded: ");
        }
    }

    @Test
    void modulesOfAnotherModelRemainFixedInTheModelThatAdoptsThem() {
        try (var old = Model.of(new Normed(new Linear(3, 4), new BatchNorm(4), new Linear(4, 2)), 1)) {
            old.eval("bn1");
            var net = new Normed(new Linear(3, 4), old.net().bn1(), new Linear(4, 2));
            try (var model = Model.adopt(net, 2)) {
                assertThat(runningMeanAfterAStep(model)).containsOnly(0);
                model.train();
                assertThat(runningMeanAfterAStep(model)).doesNotContain(0);
            }
        }
    }

    /** A layer without values, which two models may hold, is fixed for the one that asked. */
    @Test
    void aSharedDropoutIsFixedForOneModelOnly() {
        Dropout drop = new Dropout(0.5f);
        try (var calm = Model.of(new Sequential(new Linear(16, 16), drop), 1);
                var wild = calm.copy();
                var third = Model.of(new Sequential(new Linear(16, 16), drop), 3);
                Pass pass = Pass.train(new Rng(1))) {
            calm.eval("1");
            Tensor x = pass.randn(4, 16);
            assertThat(calm.net().apply(x).toArray()).doesNotContain(0);
            assertThat(wild.net().apply(x).toArray()).contains(0);
            assertThat(third.net().apply(x).toArray()).contains(0);
            assertThat(drop.apply(x).toArray()).as("called outside any model").isEqualTo(x.toArray());
            calm.train();
            assertThat(drop.apply(x).toArray()).contains(0);
        }
    }

    @Test
    void aForgottenModelThatWasFixedIsCollectedAndReported() throws InterruptedException {
        long before = Memory.stats().forgotten();
        WeakReference<Object> forgotten = forgetFixed();
        for (int i = 0; i < 200 && (forgotten.get() != null || Memory.stats().forgotten() == before); i++) {
            System.gc();
            Thread.sleep(5);
        }
        assertThat(forgotten.get()).isNull();
        assertThat(Memory.stats().forgotten()).isGreaterThan(before);
    }

    private static WeakReference<Object> forgetFixed() {
        var model = Model.of(net(), 1);
        model.eval("trunk");
        try (Pass pass = Pass.train(new Rng(1))) {
            assertThat(model.net().apply(pass.randn(2, 3)).shape()).isEqualTo(Shape.of(2, 5));
        }
        return new WeakReference<>(model.parameters().get(0));
    }
}

package dev.fathom.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.offset;

import dev.fathom.memory.Memory;
import dev.fathom.op.Shape;
import dev.fathom.optim.Sgd;
import dev.fathom.parameter.Buffer;
import dev.fathom.parameter.Parameter;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Replicas share values and sum gradients: several threads train one model on parts of a batch. */
class ReplicaTest {
    private static final int IN = 10;
    private static final int CLASSES = 5;

    private static Sequential mlp() {
        return new Sequential(new Linear(IN, 32), Tensor::tanh, new Linear(32, 16).act(null), new Linear(16, CLASSES));
    }

    /**
     * Rows {@code from} to {@code to - 1} of a fixed data set: their mean loss, weighted by their share of {@code of}.
     */
    private static void backward(Model<? extends Layer> model, int from, int to, int of) {
        float[] x = new Rng(5).normal(of * IN, 0, 1);
        int[] labels = new Rng(6).permutation(of);
        try (Pass pass = Pass.train(new Rng(0))) {
            Tensor all = Tensor.of(x, of, IN);
            int[] mine = new int[to - from];
            for (int i = from; i < to; i++) {
                mine[i - from] = labels[i] % CLASSES;
            }
            Tensor loss = model.net().apply(all.slice(0, from, to)).crossEntropy(Tensor.ofInts(mine, to - from));
            pass.backward(loss.mul((to - from) / (float) of), model);
        }
    }

    private static List<float[]> gradients(Model<?> model) {
        List<float[]> all = new ArrayList<>();
        for (Parameter p : model.parameters()) {
            all.add(p.gradient() == null ? null : p.gradient().toArray());
        }
        return all;
    }

    private static void same(List<float[]> actual, List<float[]> expected) {
        for (int i = 0; i < expected.size(); i++) {
            assertThat(actual.get(i)).as("parameter " + i).containsExactly(expected.get(i), offset(1e-6f));
        }
    }

    @Test
    void replicasOnPartsOfABatchGiveTheGradientsOfTheWhole() {
        int n = 48;
        try (var model = Model.of(mlp(), 1);
                var second = model.replica();
                var third = model.replica()) {
            for (int[] cut : new int[][] {{24, 48}, {7, 48}, {11, 30}}) { // halves, unequal parts, three
                backward(model, 0, n, n);
                List<float[]> whole = gradients(model);
                model.zeroGrad();
                var others = List.of(
                        CompletableFuture.runAsync(() -> backward(second, cut[0], cut[1], n)),
                        CompletableFuture.runAsync(() -> {
                            if (cut[1] < n) {
                                backward(third, cut[1], n, n);
                            }
                        }));
                backward(model, 0, cut[0], n);
                others.forEach(CompletableFuture::join);
                model.addGradients(second);
                model.addGradients(third);
                same(gradients(model), whole);
                assertThat(gradients(second)).as("used up").containsOnlyNulls();
                try (var sgd = new Sgd(0.1f).on(model)) {
                    sgd.step();
                }
                assertThat(second.parameters().get(0).value().toArray())
                        .as("a step is seen by all")
                        .isEqualTo(model.parameters().get(0).value().toArray());
            }
        }
    }

    /** Only replicas work, and each reaches its own part of the model: what the model lacks it takes over. */
    @Test
    void gradientsThatTheModelLacksAreTakenOver() {
        try (var model = Model.of(mlp(), 1);
                var a = model.replica();
                var b = model.replica()) {
            backward(model, 0, 8, 8);
            List<float[]> whole = gradients(model);
            model.zeroGrad();
            a.parameters().get(0).version();
            backward(a, 0, 3, 8);
            backward(b, 3, 8, 8);
            a.part(a.net().layers().get(0)).zeroGrad();
            model.addGradients(a);
            assertThat(model.parameters().get(0).gradient()).isNull();
            assertThat(model.parameters().get(2).gradient()).isNotNull();
            model.addGradients(b);
            List<float[]> sum = gradients(model);
            same(sum.subList(2, 6), whole.subList(2, 6));
            assertThat(sum.get(0)).isNotEqualTo(whole.get(0));
        }
    }

    private record Following(Linear linear, Buffer mean) implements Layer {
        @Override
        public Tensor forward(Tensor x) {
            mean.update(x.mean(0));
            return linear.apply(x.sub(mean.value()));
        }
    }

    private record Scaled(Buffer factor) implements Layer {
        @Override
        public Tensor forward(Tensor x) {
            return x.mul(factor.value());
        }
    }

    /** Numbers that follow from the settings of a net may be missing in a file, whichever of its models loads it. */
    @Test
    void whatFollowsFromSettingsStaysSo(@TempDir Path folder) {
        Path file = folder.resolve("linear.safetensors");
        try (var linear = Model.of(new Sequential(new Linear(IN, CLASSES)), 2);
                var model = Model.of(
                        new Sequential(
                                new Linear(IN, CLASSES), new Scaled(Buffer.derived(Shape.of(1), Init.constant(2)))),
                        1);
                var copy = model.copy();
                var replica = model.replica()) {
            linear.save(file);
            for (var each : List.of(model, copy, replica)) {
                each.load(file);
                assertThat(each.parameters().get(0).value().toArray())
                        .isEqualTo(linear.parameters().get(0).value().toArray());
                assertThat(each.buffers().get(0).value().toArray()).containsExactly(2);
            }
        }
    }

    /** A replica's buffers are its own until it has given its gradients. */
    @Test
    void buffersFollowTheModel(@TempDir Path folder) {
        var net = new Following(new Linear(IN, CLASSES), new Buffer(Shape.of(IN), Init.constant(2)));
        try (var model = Model.of(net, 1);
                var replica = model.replica()) {
            Buffer mine = model.buffers().get(0);
            Buffer theirs = replica.buffers().get(0);
            assertThat(theirs.value().toArray()).containsOnly(2f);
            backward(model, 0, 3, 8);
            float[] mean = mine.value().toArray();
            assertThat(mean).doesNotContain(2f);
            assertThat(theirs.value().toArray()).containsOnly(2f);
            backward(replica, 3, 8, 8);
            assertThat(mine.value().toArray()).isEqualTo(mean);
            assertThat(theirs.value().toArray()).isNotEqualTo(mean).doesNotContain(2f);
            float[] own = theirs.value().toArray();
            try (var copy = replica.copy();
                    var taken = Model.of(
                            new Following(new Linear(IN, CLASSES), new Buffer(Shape.of(IN), Init.zeros())), 2);
                    var read = Model.of(
                            new Following(new Linear(IN, CLASSES), new Buffer(Shape.of(IN), Init.zeros())), 2)) {
                taken.copyFrom(replica);
                replica.save(folder.resolve("replica.safetensors"));
                read.load(folder.resolve("replica.safetensors"));
                for (var other : List.of(copy, taken, read)) {
                    assertThat(other.net().mean().value().toArray())
                            .as("a replica's own")
                            .isEqualTo(own);
                    assertThat(other.net().linear().weight().value().toArray())
                            .isEqualTo(model.net().linear().weight().value().toArray());
                }
            }
            int version = theirs.version();
            model.addGradients(replica);
            assertThat(mine.value().toArray()).isEqualTo(mean);
            assertThat(theirs.value().toArray()).isEqualTo(mean);
            assertThat(theirs.version()).isGreaterThan(version);
        }
    }

    @Test
    void valuesFreezingAndModesAreTheModels() {
        try (var model = Model.of(new Sequential(new Linear(IN, IN), new Dropout(0.5f)), 1)) {
            model.eval("1");
            try (var replica = model.replica();
                    var copy = model.copy()) {
                replica.freeze("0.bias");
                assertThat(model.parameter("0.bias").trainable()).isFalse();
                assertThat(copy.parameter("0.bias").trainable()).isTrue();
                try (Pass pass = Pass.train(new Rng(1))) {
                    Tensor x = pass.randn(1, IN);
                    float[] y = model.net().apply(x).toArray();
                    assertThat(replica.net().apply(x).toArray()).isEqualTo(y);
                    assertThat(copy.net().apply(x).toArray()).isEqualTo(y);
                    assertThat(y).doesNotContain(0);
                }
                copy.copyFrom(replica);
            }
            try (var copy = model.copy()) {
                assertThat(copy.parameter("0.bias").trainable()).isFalse();
            }
        }
    }

    /** What is loaded into one is seen by the other, buffers too. */
    @Test
    void aLoadIsSeenByAll(@TempDir Path folder) {
        Path file = folder.resolve("net.safetensors");
        var first = new Following(new Linear(IN, CLASSES), new Buffer(Shape.of(IN), Init.constant(3)));
        var second = new Following(new Linear(IN, CLASSES), new Buffer(Shape.of(IN), Init.constant(2)));
        try (var saved = Model.of(first, 1);
                var model = Model.of(second, 2);
                var replica = model.replica()) {
            saved.save(file);
            int version = model.buffers().get(0).version();
            replica.load(file);
            for (var m : List.of(model, replica)) {
                assertThat(m.buffers().get(0).value().toArray()).containsOnly(3f);
                assertThat(m.parameters().get(0).value().toArray())
                        .isEqualTo(saved.parameters().get(0).value().toArray());
            }
            assertThat(model.buffers().get(0).version()).isGreaterThan(version);
            model.addGradients(replica);
            assertThat(replica.buffers().get(0).value().toArray()).containsOnly(3f);
        }
    }

    @Test
    void onlyReplicasOfTheModelAreAdded() {
        try (var model = Model.of(mlp(), 1);
                var copy = model.copy();
                var replica = model.replica();
                var replicaOfReplica = replica.replica()) {
            String message = "addGradients: the other is no replica of this model; make it with model.replica()";
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> model.addGradients(copy))
                    .withMessage(message);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> model.addGradients(model))
                    .withMessage(message);
            backward(replicaOfReplica, 0, 4, 4);
            model.addGradients(replicaOfReplica);
            assertThat(model.parameters().get(0).gradient()).isNotNull();
            assertThatIllegalStateException()
                    .as("the parameters of a replica are not the model's")
                    .isThrownBy(() -> {
                        try (Pass pass = Pass.grad()) {
                            pass.backward(
                                    replica.net().apply(Tensor.zeros(1, IN)).sum(), model);
                        }
                    })
                    .withMessageContaining("does not depend on any of the targets");
        }
    }

    @Test
    void closingAReplicaLeavesTheModelAndClosingTheModelEndsItsReplicas() {
        Memory.Stats before = Memory.stats();
        var model = Model.of(mlp(), 1);
        var replica = model.replica();
        backward(replica, 0, 4, 4);
        long owned = Memory.stats().owned();
        replica.close();
        assertThat(Memory.stats().owned()).isLessThan(owned);
        assertThatIllegalStateException()
                .isThrownBy(() -> model.addGradients(replica))
                .withMessageStartingWith("replica is closed: it was closed at ");
        assertThatIllegalStateException()
                .isThrownBy(() -> backward(replica, 0, 4, 4))
                .withMessageStartingWith("replica is closed: it was closed at ");
        replica.close(); // once more does nothing
        backward(model, 0, 4, 4);
        assertThat(model.parameters().get(0).gradient()).isNotNull();
        var last = model.replica();
        model.close();
        assertThatIllegalStateException()
                .isThrownBy(() -> backward(last, 0, 4, 4))
                .withMessageContaining("closed at ");
        last.close();
        assertThat(Memory.stats().owned()).isLessThanOrEqualTo(before.owned());
    }

    @Test
    void aModelWhoseParametersMovedEndsItsReplicas() {
        Sequential net = mlp();
        try (var old = Model.of(net, 1);
                var replica = old.replica();
                var model = Model.adopt(net, 1)) {
            assertThatIllegalStateException()
                    .isThrownBy(() -> backward(replica, 0, 4, 4))
                    .withMessageStartingWith("model is superseded: its parameters moved to the model made at ");
            backward(model, 0, 4, 4);
        }
    }
}

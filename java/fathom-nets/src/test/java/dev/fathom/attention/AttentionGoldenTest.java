package dev.fathom.attention;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fathom.io.Safetensors;
import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.op.Activation;
import dev.fathom.op.Shape;
import dev.fathom.parameter.Parameter;
import dev.fathom.tensor.AttentionMask;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import dev.fathom.testing.Golden;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Attention and Transformer layers with PyTorch's weights: outputs, and the gradients of inputs and of every parameter.
 * It computed in float64, and some gradients are above 20, so that the tolerance is 4e-7 of the largest, as far as
 * PyTorch itself is off in float32.
 */
class AttentionGoldenTest {
    private static final Golden GOLDEN = new Golden("attention");
    private static final int WIDTH = 12;
    private static final int HEADS = 3;
    private static final int HIDDEN = 20;

    @TempDir
    Path folder;

    /** Computes a case from its input, its memory or null, and the lengths of both or null. */
    private interface Run<N> {
        Tensor of(N net, Tensor x, Tensor memory, AttentionMask mask, AttentionMask memoryMask);
    }

    private record Case<N extends Net>(String name, N net, Run<N> run) {
        @Override
        public String toString() {
            return name;
        }

        boolean has(String what) {
            return GOLDEN.has(name + "/" + what);
        }

        Tensor tensor(String what) {
            return Tensor.of(
                    GOLDEN.values(name + "/" + what),
                    GOLDEN.shape(name + "/" + what).toArray());
        }

        @Nullable
        Tensor ints(String what) {
            return has(what)
                    ? Tensor.ofInts(
                            Golden.whole(GOLDEN.values(name + "/" + what)),
                            GOLDEN.shape(name + "/" + what).toArray())
                    : null;
        }

        void assertClose(String what, float[] found) {
            Golden.assertClose(name + ": " + what, found, GOLDEN.values(name + "/" + what), 2e-6, 1e-5);
        }
    }

    static Stream<Case<?>> cases() {
        return Stream.of(
                attention("self", (net, x, memory, mask, memoryMask) -> net.apply(x)),
                attention("padded", (net, x, memory, mask, memoryMask) -> net.apply(x, mask)),
                attention("causal", (net, x, memory, mask, memoryMask) -> net.apply(x, AttentionMask.CAUSAL)),
                attention("cross", (net, x, memory, mask, memoryMask) -> net.apply(x, memory, memoryMask)),
                new Case<>(
                        "encoder",
                        new TransformerEncoderLayer(WIDTH, HEADS, HIDDEN, Activation.RELU),
                        (net, x, memory, mask, memoryMask) -> net.apply(x, mask)),
                new Case<>(
                        "encoder_first",
                        new TransformerEncoderLayer(WIDTH, HEADS, HIDDEN, Activation.GELU).normsFirst(),
                        (net, x, memory, mask, memoryMask) -> net.apply(x, AttentionMask.CAUSAL)),
                new Case<>(
                        "decoder",
                        new TransformerDecoderLayer(WIDTH, HEADS, HIDDEN, Activation.GELU),
                        (net, x, memory, mask, memoryMask) ->
                                net.apply(x, memory, AttentionMask.CAUSAL.withLengths(mask.lengths()), memoryMask)),
                new Case<>(
                        "decoder_first",
                        new TransformerDecoderLayer(WIDTH, HEADS, HIDDEN, Activation.RELU).normsFirst(),
                        (net, x, memory, mask, memoryMask) -> net.apply(x, memory, AttentionMask.CAUSAL, memoryMask)));
    }

    private static Case<MultiHeadAttention> attention(String name, Run<MultiHeadAttention> run) {
        return new Case<>(name, new MultiHeadAttention(WIDTH, HEADS), run);
    }

    /** A file as PyTorch would write it. */
    private <N extends Net> Path weights(Case<N> c) {
        Safetensors.Writer writer = new Safetensors.Writer();
        String prefix = c.name + "/param/";
        for (String name : GOLDEN.names()) {
            if (name.startsWith(prefix)) {
                writer.add(name.substring(prefix.length()), GOLDEN.shape(name), FloatBuffer.wrap(GOLDEN.values(name)));
            }
        }
        Path file = folder.resolve(c.name + ".safetensors");
        writer.write(file);
        return file;
    }

    @ParameterizedTest
    @MethodSource("cases")
    <N extends Net> void isPyTorchs(Case<N> c) {
        try (Model<N> model = Model.of(c.net, 1)) {
            model.load(weights(c));
            try (Pass pass = Pass.grad()) {
                Tensor x = pass.watch(c.tensor("x"));
                Tensor memory = c.has("memory") ? pass.watch(c.tensor("memory")) : x;
                AttentionMask mask = masked(c.ints("lengths"));
                Tensor y = c.run.of(model.net(), x, memory, mask, masked(c.ints("memory_lengths")));
                c.assertClose("y", withoutPadding(y, c.ints("lengths")));
                pass.backward(y.mul(c.tensor("dy")).sum());
                c.assertClose("dx", pass.gradient(x).toArray());
                if (c.has("memory")) {
                    c.assertClose("dmemory", pass.gradient(memory).toArray());
                }
                for (Parameter p : model.parameters()) {
                    c.assertClose("grad/" + p.name(), p.gradient().toArray());
                }
            }
        }
    }

    private static AttentionMask masked(@Nullable Tensor lengths) {
        return lengths == null ? AttentionMask.NONE : AttentionMask.NONE.withLengths(lengths);
    }

    private static float[] withoutPadding(Tensor y, @Nullable Tensor lengths) {
        float[] values = y.toArray();
        Shape shape = y.shape();
        for (int i = 0; lengths != null && i < values.length; i++) {
            int token = i / shape.dim(2);
            if (token % shape.dim(1) >= lengths.toIntArray()[token / shape.dim(1)]) {
                values[i] = 0;
            }
        }
        return values;
    }

    @Test
    void everyGoldenIsCompared() {
        Set<String> names = GOLDEN.names().stream()
                .map(n -> n.substring(0, n.indexOf('/')))
                .collect(Collectors.toCollection(TreeSet::new));
        assertThat(names).isEqualTo(cases().map(Case::name).collect(Collectors.toCollection(TreeSet::new)));
    }
}

package dev.fathom.attention;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fathom.nn.Embedding;
import dev.fathom.nn.Layer;
import dev.fathom.nn.LayerNorm;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.op.Activation;
import dev.fathom.op.DType;
import dev.fathom.plan.Dim;
import dev.fathom.plan.Plan;
import dev.fathom.plan.Session;
import dev.fathom.plan.Spec;
import dev.fathom.tensor.AttentionMask;
import dev.fathom.tensor.Next;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.State;
import dev.fathom.tensor.Tensor;
import java.util.Arrays;
import java.util.function.BiFunction;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

/** Transformers in plans: with a free length, and with the caches and memories that sessions carry. */
class FrozenTransformersTest {
    private static final int WIDTH = 8;
    private static final int WORDS = 30;
    private static final Spec TOKENS = Spec.of("tokens", DType.I32, Dim.BATCH, Dim.LENGTH);

    // ---- a free length, beside the bits of an eager run

    /** Words, positions of either kind, a stack of layers and logits. */
    private record Language(Embedding words, Layer positions, TransformerEncoder stack, Linear head) implements Net {
        static Language of(Layer positions) {
            return new Language(
                    new Embedding(WORDS, WIDTH),
                    positions,
                    TransformerEncoder.of(
                            2,
                            () -> new TransformerEncoderLayer(WIDTH, 2, 2 * WIDTH, Activation.GELU),
                            new LayerNorm(WIDTH)),
                    new Linear(WIDTH, WORDS));
        }

        Tensor logits(Tensor tokens, AttentionMask mask) {
            return Pass.frame(this, () -> head.apply(stack.apply(positions.apply(words.apply(tokens)), mask)));
        }
    }

    private static void language(Layer positions, boolean causal, Spec tokens, int most) {
        BiFunction<Language, Tensor[], Tensor> run =
                (net, in) -> net.logits(in[0], causal ? AttentionMask.CAUSAL : AttentionMask.NONE.withLengths(in[1]));
        Spec[] specs = causal ? new Spec[] {tokens} : new Spec[] {tokens, Spec.lengths("lengths")};
        try (var model = Model.of(Language.of(positions), 1);
                Plan plan = Plan.freeze(model, run, specs)) {
            for (int[] size : new int[][] {{1, 1}, {3, 2}, {2, Math.min(37, most)}, {1, most}}) {
                int[] ids = new int[size[0] * size[1]];
                Arrays.setAll(ids, i -> (i * 7 + i / 5) % WORDS);
                int[] lengths = new int[size[0]];
                Arrays.fill(lengths, size[1]);
                lengths[0] = (size[1] + 1) / 2;
                try (Session s = plan.newSession(size[0], size[1]);
                        Pass pass = Pass.infer()) {
                    s.set("tokens", ids);
                    if (!causal) {
                        s.set("lengths", lengths);
                    }
                    s.run();
                    float[] found = new float[s.output().capacity()];
                    s.output().get(found);
                    Tensor[] in = {Tensor.ofInts(ids, size[0], size[1]), Tensor.ofInts(lengths, size[0])};
                    assertThat(found).isEqualTo(run.apply(model.net(), in).toArray());
                }
            }
            assertThatThrownBy(() -> plan.newSession(1, most + 1))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageStartingWith("newSession: length=" + (most + 1) + " is outside the lengths that ");
        }
    }

    @Test
    void bertHasLearnedPositions() {
        language(new LearnedPositions(512, WIDTH), false, TOKENS, 512);
        language(new LearnedPositions(16, WIDTH), false, TOKENS, 16);
        language(new LearnedPositions(512, WIDTH), false, TOKENS.length(1, 100), 100);
    }

    @Test
    void gpt2LooksBack() {
        language(new LearnedPositions(128, WIDTH), true, TOKENS, 128);
    }

    @Test
    void sinusoidalPositionsAreTheFirstOfALongerTable() {
        language(new SinusoidalPositions(300, WIDTH), false, TOKENS, 300);
    }

    // ---- what sessions carry

    /** A causal Transformer writes its caches in place, and its steps are those of the whole sequence. */
    @Test
    void generationKeepsItsCachesInPlace() {
        int width = 32;
        int capacity = 10;
        float[] x = new Rng(3).normal(2 * capacity * width, 0, 1);
        TransformerEncoder gpt = TransformerEncoder.of(
                2, () -> new TransformerEncoderLayer(width, 4, 48, Activation.GELU).normsFirst(), new LayerNorm(width));
        try (var model = Model.of(gpt, 1);
                Plan plan = Plan.freeze(
                        model,
                        (net, in, state) -> net.step(in[0], state),
                        net -> net.state(1, capacity),
                        Spec.of("x", Dim.BATCH, 1, width));
                Session session = plan.newSession(2)) {
            float[] whole;
            try (Pass pass = Pass.infer()) {
                whole = gpt.apply(Tensor.of(x, 2, capacity, width), AttentionMask.CAUSAL)
                        .toArray();
            }
            assertThat(plan.toString().lines().filter(line -> line.startsWith("copy ")))
                    .as("only the count of tokens is copied")
                    .hasSize(1);
            for (int round = 0; round < 2; round++) {
                for (int t = 0; t < capacity; t++) {
                    for (int b = 0; b < 2; b++) {
                        session.input().put(b * width, x, (b * capacity + t) * width, width);
                    }
                    session.run();
                    for (int i = 0; i < 2 * width; i++) {
                        float expected = whole[(i / width * capacity + t) * width + i % width];
                        assertThat(session.output("output").get(i)).isCloseTo(expected, Offset.offset(2e-6f));
                    }
                }
                assertThatThrownBy(session::run).isInstanceOf(IllegalArgumentException.class);
                session.reset();
            }
        }
    }

    /** A plan writes the caches that a decoder's step returns; the memory of the source stays as it was written. */
    @Test
    void aMemoryInTheStateStaysInPlace() {
        TransformerDecoder net =
                TransformerDecoder.of(2, () -> new TransformerDecoderLayer(8, 2, 12, Activation.RELU), null);
        try (var model = Model.of(net, 1);
                Plan plan = Plan.freeze(
                        model,
                        (n, in, state) -> n.step(in[0], state, AttentionMask.NONE),
                        n -> n.state(Tensor.zeros(1, 3, 8), 4),
                        Spec.of("x", Dim.BATCH, 1, 8));
                Session session = plan.newSession(2);
                Pass pass = Pass.infer()) {
            assertThat(plan.toString().lines().filter(line -> line.contains("memory")))
                    .noneMatch(line -> line.startsWith("put_rows"));
            State state = net.state(Tensor.of(new Rng(2).normal(2 * 3 * 8, 0, 1), 2, 3, 8), 4);
            for (String name : state.names()) {
                if (name.contains("memory")) {
                    session.input(name).put(0, state.get(name).toArray());
                }
            }
            for (int t = 0; t < 4; t++) {
                float[] x = new Rng(3 + t).normal(2 * 8, 0, 1);
                Next next = net.step(Tensor.of(x, 2, 1, 8), state, AttentionMask.NONE);
                state = next.state();
                session.set(x).run();
                float[] y = new float[16];
                session.output().get(0, y);
                assertThat(y).containsExactly(next.output().toArray());
            }
            session.reset();
            assertThat(session.input("layers.0.memory.keys").get(0)).isZero();
        }
    }
}

package dev.fathom.decode;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fathom.nn.Conv;
import dev.fathom.nn.Embedding;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.op.Activation;
import dev.fathom.op.DType;
import dev.fathom.op.Window;
import dev.fathom.optim.Adam;
import dev.fathom.optim.BoundOptimizer;
import dev.fathom.plan.Dim;
import dev.fathom.plan.Plan;
import dev.fathom.plan.Session;
import dev.fathom.plan.Spec;
import dev.fathom.recurrent.Output;
import dev.fathom.recurrent.Recurrent;
import dev.fathom.tensor.Next;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.State;
import dev.fathom.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/** The forms of sequences as nets of one's own: each learns a small task, and says the same bits when it is frozen. */
class SequenceFormsTest {
    private static final int BATCH = 16;

    /** Takes steps on new examples, and returns the mean loss of the first ten and that of the last ten. */
    private static float[] trained(Model<?> model, int steps, Function<Rng, Tensor> loss) {
        float[] mean = new float[2];
        Rng rng = new Rng(7);
        try (BoundOptimizer adam = new Adam(1e-2f).on(model)) {
            for (int step = 0; step < steps; step++) {
                try (Pass pass = Pass.train(rng)) {
                    Tensor l = loss.apply(rng);
                    if (step < 10 || step >= steps - 10) {
                        mean[step < 10 ? 0 : 1] += l.item() / 10;
                    }
                    pass.backward(l, model);
                    adam.step();
                }
            }
        }
        return mean;
    }

    /** Tokens [n, length] from {@code least} to {@code most}. */
    private static Tensor tokens(Rng rng, int n, int length, int least, int most) {
        float[] u = rng.uniform(n * length, least, most + 1);
        int[] all = new int[u.length];
        for (int i = 0; i < all.length; i++) {
            all[i] = Math.min(most, (int) u[i]);
        }
        return Tensor.ofInts(all, n, length);
    }

    private static float[] output(Session session) {
        session.run();
        float[] all = new float[session.output().capacity()];
        session.output().get(0, all);
        return all;
    }

    // ---- one to many

    /**
     * From a number to a series: the number gives the first state, and each step reads the output of the step before.
     */
    private record Unrolled(Linear begin, Recurrent cell, Linear out) implements Net {
        Tensor series(Tensor x, int length) {
            int n = x.dim(0);
            State state = State.of(
                    "hidden", begin.apply(x).reshape(n, 1, cell.settings().hidden()));
            Tensor y = x;
            List<Tensor> all = new ArrayList<>();
            for (int t = 0; t < length; t++) {
                Output step = cell.run(y.reshape(n, 1, 1), state);
                state = step.state();
                y = out.apply(step.last());
                all.add(y);
            }
            return Tensor.concat(1, all.toArray(new Tensor[0]));
        }
    }

    /** The task is a wave of six steps that begins with a given phase. */
    @Test
    void oneToManyRepeatsADecoderOnItsOwnOutput() {
        Unrolled net = new Unrolled(new Linear(1, 16), Recurrent.gru(1, 16), new Linear(16, 1));
        try (var model = Model.of(net, 1)) {
            float[] loss = trained(model, 200, rng -> {
                Tensor phase = Tensor.of(rng.uniform(BATCH, 0, 3), BATCH, 1);
                Tensor times = Tensor.of(new float[] {0, 0.7f, 1.4f, 2.1f, 2.8f, 3.5f}, 1, 6);
                return Loss.mse().of(net.series(phase, 6), phase.add(times).sin());
            });
            assertThat(loss[1]).isLessThan(loss[0] / 10);
            try (Plan plan = Plan.freeze(model, (n, in) -> n.series(in[0], 6), Spec.of("phase", Dim.BATCH, 1));
                    Session session = plan.newSession(2);
                    Pass pass = Pass.infer()) {
                session.input().put(0, new float[] {0.5f, 2});
                assertThat(output(session))
                        .containsExactly(net.series(Tensor.of(new float[] {0.5f, 2}, 2, 1), 6)
                                .toArray());
            }
        }
    }

    // ---- many to one, and aligned

    private record Tokens(Embedding in, Recurrent net, Linear out) implements Net {
        Tensor last(Tensor tokens, Tensor lengths) {
            return out.apply(net.run(in.apply(tokens), State.EMPTY, lengths).last());
        }

        Tensor all(Tensor tokens) {
            return out.apply(net.run(in.apply(tokens)).steps());
        }
    }

    /** The task is to remember the first token of a sequence of one to six, behind which there is padding. */
    @Test
    void manyToOneReadsTheLastStepOfEachSequence() {
        Tokens net = new Tokens(new Embedding(5, 8), Recurrent.lstm(8, 16).forgetBias(1), new Linear(16, 5));
        try (var model = Model.of(net, 1)) {
            float[] loss = trained(model, 200, rng -> {
                Tensor x = tokens(rng, BATCH, 6, 0, 4);
                Tensor lengths = tokens(rng, BATCH, 1, 1, 6).reshape(BATCH);
                return Loss.crossEntropy()
                        .of(net.last(x, lengths), x.slice(1, 0, 1).reshape(BATCH));
            });
            assertThat(loss[1]).isLessThan(loss[0] / 5);
            int[] x = {3, 1, 0, 4, 2, 0, 0, 0};
            int[] lengths = {4, 1};
            try (Plan plan = Plan.freeze(
                            model,
                            (n, in) -> n.last(in[0], in[1]),
                            Spec.of("x", DType.I32, Dim.BATCH, Dim.LENGTH),
                            Spec.lengths("lengths"));
                    Session session = plan.newSession(2, 4);
                    Pass pass = Pass.infer()) {
                session.intInput("x").put(0, x);
                session.intInput("lengths").put(0, lengths);
                Tensor eager = net.last(Tensor.ofInts(x, 2, 4), Tensor.ofInts(lengths, 2));
                assertThat(output(session)).containsExactly(eager.toArray());
                assertThat(eager.argmax(1).toIntArray()).containsExactly(3, 2);
            }
        }
    }

    /** The task is to say at each step the token of the step before, and 0 at the first. */
    @Test
    void manyToManyAlignedReadsEveryStep() {
        Tokens net = new Tokens(new Embedding(5, 8), Recurrent.gru(8, 16), new Linear(16, 5));
        try (var model = Model.of(net, 1)) {
            float[] loss = trained(model, 200, rng -> {
                Tensor x = tokens(rng, BATCH, 6, 0, 4);
                return Loss.crossEntropy().of(net.all(x), ScheduledSampling.shifted(x, 0));
            });
            assertThat(loss[1]).isLessThan(loss[0] / 5);
            int[] x = {3, 1, 4, 4, 2, 0, 1, 2, 3}; // longer than what it learned from
            try (Plan plan = Plan.freeze(
                            model, (n, in) -> n.all(in[0]), Spec.of("x", DType.I32, Dim.BATCH, Dim.LENGTH));
                    Session session = plan.newSession(1, 9);
                    Pass pass = Pass.infer()) {
                session.intInput("x").put(0, x);
                Tensor eager = net.all(Tensor.ofInts(x, 1, 9));
                assertThat(output(session)).containsExactly(eager.toArray());
                assertThat(eager.argmax(-1).toIntArray()).containsExactly(0, 3, 1, 4, 4, 2, 0, 1, 2);
            }
        }
    }

    /** A convolution along the embeddings of tokens, and the largest answer of each filter. */
    private record Convolved(Embedding in, Conv conv, Linear out) implements Net {
        Tensor logits(Tensor tokens) {
            return out.apply(conv.apply(in.apply(tokens)).max(1));
        }
    }

    /** The task is to tell whether token 1 comes just before token 2 somewhere. */
    @Test
    void aConvolutionOnEmbeddingsFindsPairs() {
        Convolved net = new Convolved(
                new Embedding(3, 4), new Conv(4, 8, Window.line(3).same()).act(Activation.RELU), new Linear(8, 2));
        try (var model = Model.of(net, 1)) {
            float[] loss = trained(model, 300, rng -> {
                Tensor x = tokens(rng, BATCH, 6, 0, 2);
                return Loss.crossEntropy().of(net.logits(x), pairs(x));
            });
            assertThat(loss[1]).isLessThan(loss[0] / 5);
            int[] x = {0, 2, 1, 0, 2, 2, 1, 0, 1, 1, 0, 2, 0, 0, 0, 1, 1, 2};
            try (Plan plan = Plan.freeze(
                            model, (n, in) -> n.logits(in[0]), Spec.of("x", DType.I32, Dim.BATCH, Dim.LENGTH));
                    Session session = plan.newSession(2, 9);
                    Pass pass = Pass.infer()) {
                session.intInput("x").put(0, x);
                Tensor eager = net.logits(Tensor.ofInts(x, 2, 9));
                assertThat(output(session)).containsExactly(eager.toArray());
                assertThat(eager.argmax(1).toIntArray()).containsExactly(0, 1);
            }
        }
    }

    private static Tensor pairs(Tensor x) {
        int[] tokens = x.toIntArray();
        int length = x.dim(1);
        int[] found = new int[x.dim(0)];
        for (int i = 1; i < tokens.length; i++) {
            if (i % length > 0 && tokens[i - 1] == 1 && tokens[i] == 2) {
                found[i / length] = 1;
            }
        }
        return Tensor.ofInts(found, found.length);
    }

    // ---- encoder and decoder

    private static final int START = 0;

    /** The final state of the encoder is the first one of the decoder. */
    private record Translator(Embedding in, Recurrent encoder, Recurrent decoder, Linear out) implements Net {
        State encoded(Tensor x) {
            return encoder.run(in.apply(x)).state();
        }

        /** Teacher forcing: the decoder reads the true tokens, one step late. */
        Tensor logits(Tensor x, Tensor shifted) {
            return out.apply(decoder.run(in.apply(shifted), encoded(x)).steps());
        }
    }

    /** The task is to say a sequence of four tokens backwards; in the end the decoder reads what it wrote itself. */
    @Test
    void manyToManyByEncoderAndDecoder() {
        Translator net =
                new Translator(new Embedding(5, 8), Recurrent.lstm(8, 32), Recurrent.lstm(8, 32), new Linear(32, 5));
        try (var model = Model.of(net, 1)) {
            float[] loss = trained(model, 300, rng -> {
                Tensor x = tokens(rng, BATCH, 4, 1, 4);
                Tensor y = x.flip(1);
                return Loss.crossEntropy().of(net.logits(x, ScheduledSampling.shifted(y, START)), y);
            });
            assertThat(loss[1]).isLessThan(loss[0] / 5);
            int[] x = {1, 2, 3, 4, 4, 4, 2, 1};
            int[] shifted = {START, 4, 3, 2, START, 1, 2, 4};
            try (Plan plan = Plan.freeze(
                            model,
                            (n, in) -> n.logits(in[0], in[1]),
                            Spec.of("x", DType.I32, Dim.BATCH, Dim.LENGTH),
                            Spec.of("shifted", DType.I32, Dim.BATCH, 4));
                    Session session = plan.newSession(2, 4);
                    Pass pass = Pass.infer()) {
                session.intInput("x").put(0, x);
                session.intInput("shifted").put(0, shifted);
                Tensor sources = Tensor.ofInts(x, 2, 4);
                assertThat(output(session))
                        .containsExactly(net.logits(sources, Tensor.ofInts(shifted, 2, 4))
                                .toArray());

                State state = net.encoded(sources);
                try (var decoder = new Decoder(
                        (token, s) -> {
                            Output step = net.decoder().run(net.in().apply(token), s);
                            return new Next(net.out().apply(step.last()), step.state());
                        },
                        state)) {
                    assertThat(new Greedy(-1, 4).of(decoder, START, START))
                            .extracting(Hypothesis::tokens)
                            .containsExactly(List.of(4, 3, 2, 1), List.of(1, 2, 4, 4));
                }
            }
        }
    }
}

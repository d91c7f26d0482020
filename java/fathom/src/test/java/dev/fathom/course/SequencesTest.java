package dev.fathom.course;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.nn.Embedding;
import dev.fathom.nn.Init;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.op.Shape;
import dev.fathom.parameter.Parameter;
import dev.fathom.recurrent.Output;
import dev.fathom.recurrent.Recurrent;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.State;
import dev.fathom.tensor.Tensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What the courses say of sequences, beside the steps of cells, which {@code RecurrentTest} has. */
class SequencesTest {
    /**
     * ISLR2, figure 10.13: of 20 words of a dictionary of 16, the embedding of 5 numbers is the matrix times the
     * one-hot vectors, exactly.
     */
    @Test
    void anEmbeddingIsAProductWithOneHotVectors() {
        Embedding embedding = new Embedding(16, 5);
        int[] words = new int[20];
        for (int i = 0; i < 20; i++) {
            words[i] = i * 7 % 16;
        }
        try (var model = Model.of(embedding, 3);
                Pass pass = Pass.infer()) {
            Tensor ids = Tensor.ofInts(words, 20);
            Tensor oneHot = ids.oneHot(16);
            assertThat(oneHot.shape()).isEqualTo(Shape.of(20, 16));
            Tensor product = oneHot.matmul(embedding.weight().value());
            assertThat(product.shape()).isEqualTo(Shape.of(20, 5));
            assertThat(model.net().apply(ids).toArray()).isEqualTo(product.toArray());
        }
    }

    private static Recurrent net(float recurrent) {
        Map<String, Parameter> weights = new LinkedHashMap<>();
        weights.put("weight_ih_l0", new Parameter(Shape.of(1, 1), Init.constant(1)));
        weights.put("weight_hh_l0", new Parameter(Shape.of(1, 1), Init.constant(recurrent)));
        weights.put("bias_ih_l0", new Parameter(Shape.of(1), Init.constant(0.1f)));
        return new Recurrent(Recurrent.rnn(1, 1).biases(1).settings(), weights);
    }

    /**
     * Machine learning session 11, slide "Vanilla RNN": h = tanh(A_h h + A_x x + b) and y = A_y h, an output layer
     * without bias.
     */
    @Test
    void aStepOfTheVanillaNet() {
        record Vanilla(Recurrent rnn, Linear out) implements Net {}
        Linear out = new Linear(1, 1).withoutBias();
        try (var model = Model.of(new Vanilla(net(0.5f), out), 1);
                Pass pass = Pass.infer()) {
            Tensor h = model.net().rnn().apply(Tensor.ones(1, 1, 1));
            assertThat(h.item()).isCloseTo(0.800499022f, within(1e-7f));
            float y = model.net().out().apply(h.reshape(1, 1)).item();
            assertThat(y).isEqualTo(h.item() * out.weight().value().item());
            assertThat(model.net().out().apply(Tensor.zeros(1, 1)).item()).isZero();
        }
    }

    /**
     * The slide "BPTT": of a weight that four steps share, W1 changes by G11 + G12 + G13 + G14, the gradients of
     * weights of their own.
     */
    @Test
    void aSharedWeightGetsTheSumOverItsSteps() {
        record Four(List<Recurrent> steps) implements Net {}
        float[] x = {1, -1, 0.5f, 0.25f};
        Four apart = new Four(List.of(net(0.5f), net(0.5f), net(0.5f), net(0.5f)));
        try (var shared = Model.of(net(0.5f), 1);
                var own = Model.of(apart, 1);
                Pass pass = Pass.train(new Rng(1))) {
            Tensor z = shared.net().apply(Tensor.of(x, 1, 4, 1));
            State state = State.EMPTY;
            List<Tensor> all = new ArrayList<>();
            for (int t = 0; t < 4; t++) {
                Output step = own.net().steps().get(t).run(Tensor.of(new float[] {x[t]}, 1, 1, 1), state);
                state = step.state();
                all.add(step.steps());
            }
            Tensor steps = Tensor.concat(1, all.toArray(new Tensor[0]));
            assertThat(steps.toArray()).isEqualTo(z.toArray());
            pass.backward(z.square().sum().add(steps.square().sum()));
            for (String name : List.of("weight_ih_l0", "weight_hh_l0", "bias_ih_l0")) {
                double sum = 0;
                for (Recurrent r : own.net().steps()) {
                    sum += r.weights().get(name).gradient().item();
                }
                assertThat((double) shared.net().weights().get(name).gradient().item())
                        .as(name)
                        .isCloseTo(sum, within(1e-6));
            }
        }
    }

    /**
     * Machine learning session 11: the sequences of 4, 3 and 5 steps of one padded batch are the same as each of them
     * alone.
     */
    @Test
    void aBatchOfFourThreeAndFiveSteps() {
        int[] lengths = {4, 3, 5};
        float[] x = new Rng(2).normal(3 * 5 * 2, 0, 1);
        try (var model = Model.of(Recurrent.gru(2, 6).bidirectional(), 1);
                Pass pass = Pass.infer()) {
            Output batch = model.net().run(Tensor.of(x, 3, 5, 2), State.EMPTY, Tensor.ofInts(lengths, 3));
            for (int i = 0; i < 3; i++) {
                Tensor one = Tensor.of(x, 3, 5, 2).slice(0, i, i + 1).slice(1, 0, lengths[i]);
                Output alone = model.net().run(one);
                assertThat(batch.last().slice(0, i, i + 1).toArray())
                        .isEqualTo(alone.last().toArray());
                assertThat(batch.steps()
                                .slice(0, i, i + 1)
                                .slice(1, 0, lengths[i])
                                .toArray())
                        .isEqualTo(alone.steps().toArray());
            }
        }
    }

    /**
     * ISLR, "Summary of RNNs": two directions make outputs of K numbers 2K wide, and layers are stacked; translation by
     * two nets of four layers.
     */
    @Test
    void directionsWidenAndLayersStack() {
        for (int layers = 2; layers <= 5; layers++) {
            try (var model = Model.of(Recurrent.lstm(3, 4).layers(layers).bidirectional(), 1);
                    Pass pass = Pass.infer()) {
                Output y = model.net().run(Tensor.ones(2, 5, 3));
                assertThat(y.steps().shape()).isEqualTo(Shape.of(2, 5, 8));
                assertThat(y.last().shape()).isEqualTo(Shape.of(2, 8));
                assertThat(y.state().get("hidden").shape()).isEqualTo(Shape.of(2, 2 * layers, 4));
            }
        }
        try (var encoder = Model.of(Recurrent.lstm(3, 4).layers(4), 1);
                var decoder = Model.of(Recurrent.lstm(3, 4).layers(4), 2);
                Pass pass = Pass.infer()) {
            State said = encoder.net().run(Tensor.ones(2, 5, 3).flip(1)).state();
            Tensor written = decoder.net().run(Tensor.ones(2, 6, 3), said).steps();
            assertThat(written.shape()).isEqualTo(Shape.of(2, 6, 4));
            assertThat(written.toArray())
                    .as("what was said matters")
                    .isNotEqualTo(
                            decoder.net().run(Tensor.ones(2, 6, 3)).steps().toArray());
        }
    }
}

package dev.fathom.decode;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.data.Dataset;
import dev.fathom.nn.Init;
import dev.fathom.nn.Model;
import dev.fathom.optim.Adam;
import dev.fathom.recurrent.Output;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import dev.fathom.text.Reserved;
import dev.fathom.train.Trainer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The network that maps a sequence to another, on sequences of a made-up language. */
class Seq2SeqTest {
    private static final int END = Reserved.STANDARD.end();
    private static final int FIRST = Reserved.STANDARD.tokens().size();
    private static final int TOKENS = FIRST + 12;

    /** Sources of 1 to 4 tokens, which need padding in a batch. */
    private static final int[][] SOURCES = {
        {FIRST + 3}, {FIRST, FIRST + 5, FIRST + 1, FIRST + 7}, {FIRST + 9, FIRST + 2}, {FIRST + 4, FIRST + 4, FIRST + 6}
    };

    private static final int[][] TARGETS = {{FIRST + 1, FIRST + 2}, {FIRST}, {}, {FIRST + 3, FIRST + 3, FIRST + 3}};

    private static Model<Seq2Seq> model(boolean attention) {
        var sizes = new Seq2Seq.Sizes(TOKENS, TOKENS, 16, 24, 2);
        return Model.of(Seq2Seq.of(sizes, attention, Init.normal(0, 1), Init.uniform(-0.3f, 0.3f)), 5);
    }

    /**
     * Subject, verb and maybe an object become object, subject and verb, so the order of words and the length matter.
     */
    @Test
    void aTinyLanguageIsTranslatedExactly() {
        List<int[]> english = new ArrayList<>();
        List<int[]> french = new ArrayList<>();
        for (int subject = FIRST; subject < FIRST + 4; subject++) {
            for (int verb = FIRST + 4; verb < FIRST + 8; verb++) {
                english.add(new int[] {subject, verb});
                french.add(new int[] {subject + 8, verb});
                for (int object = FIRST + 8; object < FIRST + 12; object++) {
                    english.add(new int[] {subject, verb, object});
                    french.add(new int[] {object - 8, subject + 8, verb});
                }
            }
        }
        int[][] sources = english.toArray(int[][]::new);
        int[][] targets = french.toArray(int[][]::new);
        for (boolean attention : new boolean[] {false, true}) {
            var sizes = new Seq2Seq.Sizes(TOKENS, TOKENS, 16, 32, 1);
            try (Model<Seq2Seq> model =
                            Model.of(Seq2Seq.of(sizes, attention, Init.normal(0, 1), Init.uniform(-0.2f, 0.2f)), 1);
                    Dataset data = Seq2Seq.dataset(sources, targets)) {
                Trainer.custom(model, new Adam(0.01f), Seq2Seq::step)
                        .clipNorm(5)
                        .seed(1)
                        .fit(data.shuffled(1).batches(16), 40);
                List<List<Hypothesis>> beams = model.net().search(new BeamSearch(2, END, 6), sources);
                for (int i = 0; i < sources.length; i++) {
                    assertThat(beams.get(i).get(0).toArray())
                            .as(Arrays.toString(sources[i]))
                            .isEqualTo(targets[i]);
                    assertThat(beams.get(i).get(0).finished()).isTrue();
                }
            }
        }
    }

    @Test
    void attentionWeightsSumToOneOverTheTokensAndAreZeroOnPadding() {
        try (Model<Seq2Seq> model = model(true)) {
            float[][][] together = model.net().attentionWeights(SOURCES, TARGETS);
            for (int i = 0; i < SOURCES.length; i++) {
                float[][] alone = model.net().attentionWeights(new int[][] {SOURCES[i]}, new int[][] {TARGETS[i]})[0];
                assertThat(alone).hasDimensions(TARGETS[i].length + 1, SOURCES[i].length);
                assertThat(together[i]).hasDimensions(4, 4);
                for (int t = 0; t < alone.length; t++) {
                    float sum = 0;
                    for (int k = 0; k < 4; k++) {
                        float weight = together[i][t][k];
                        if (k < SOURCES[i].length) {
                            assertThat(weight).isPositive().isCloseTo(alone[t][k], within(1e-6f));
                        } else {
                            assertThat(weight).isZero();
                        }
                        sum += weight;
                    }
                    assertThat(sum).isCloseTo(1, within(1e-6f));
                }
            }
            float[] row = together[1][0];
            assertThat(row[0]).isNotCloseTo(row[1], within(1e-4f)); // they are not just uniform
        }
    }

    /** What the encoder gives for an unpadded source alone is its state in a batch with padding. */
    @Test
    void encoderStatesAreThoseAfterTheLastTokenOfEachSource() {
        try (Model<Seq2Seq> model = model(false);
                Pass pass = Pass.infer()) {
            Seq2Seq net = model.net();
            float[][] states = net.encoderStates(SOURCES);
            for (int i = 0; i < SOURCES.length; i++) {
                Tensor tokens = Tensor.ofInts(SOURCES[i], 1, SOURCES[i].length);
                float[] steps =
                        net.encoder().run(net.source().apply(tokens)).steps().toArray();
                assertThat(states[i]).hasSize(24);
                assertThat(states[i])
                        .containsExactly(Arrays.copyOfRange(steps, steps.length - 24, steps.length), within(1e-6f));
            }
            assertThat(pass.recording()).isFalse();
        }
    }

    /** Without attention, so that the greedy search is a few lines of the layers themselves. */
    @Test
    void aBeamOfOneIsGreedyAndAWiderOneIsNoLessProbable() {
        try (Model<Seq2Seq> model = model(false)) {
            Seq2Seq net = model.net();
            List<List<Hypothesis>> one = net.search(new BeamSearch(1, END, 5), SOURCES);
            // more than the sequences of up to 3 tokens, so that none is lost
            List<List<Hypothesis>> wide = net.search(new BeamSearch(3000, END, 3), SOURCES);
            List<List<Hypothesis>> narrow = net.search(new BeamSearch(1, END, 3), SOURCES);
            for (int i = 0; i < SOURCES.length; i++) {
                assertThat(one.get(i)).hasSize(1);
                assertThat(one.get(i).get(0).toArray()).isEqualTo(greedy(net, SOURCES[i], 5));
                assertThat(wide.get(i).get(0).logProbability())
                        .isGreaterThanOrEqualTo(narrow.get(i).get(0).logProbability() - 1e-5);
                assertThat(wide.get(i))
                        .allSatisfy(h -> assertThat(h.tokens())
                                .doesNotContain(
                                        Reserved.STANDARD.padding(),
                                        Reserved.STANDARD.start(),
                                        Reserved.STANDARD.unknown()));
            }
        }
    }

    private static int[] greedy(Seq2Seq net, int[] source, int most) {
        List<Integer> written = new ArrayList<>();
        try (Pass pass = Pass.infer()) {
            var state = net.encoder()
                    .run(net.source().apply(Tensor.ofInts(source, 1, source.length)))
                    .state();
            int token = Reserved.STANDARD.start();
            while (written.size() < most) {
                Writer writer = net.writer();
                Output out = writer.decoder()
                        .run(writer.target().apply(Tensor.ofInts(new int[] {token}, 1, 1)), state, null);
                state = out.state();
                float[] logits = writer.logits().apply(out.steps()).toArray();
                token = END;
                for (int k = FIRST; k < logits.length; k++) {
                    token = logits[k] > logits[token] ? k : token;
                }
                if (token == END) {
                    break;
                }
                written.add(token);
            }
            assertThat(pass.recording()).isFalse();
        }
        return written.stream().mapToInt(t -> t).toArray();
    }

    /** The loss of a padded batch is the mean of those of its sentences alone, each the sum over its tokens. */
    @Test
    void paddingDoesNotCountInTheLoss() {
        for (boolean attention : new boolean[] {false, true}) {
            try (Model<Seq2Seq> model = model(attention)) {
                double sum = 0;
                for (int i = 0; i < SOURCES.length; i++) {
                    sum += loss(model.net(), new int[][] {SOURCES[i]}, new int[][] {TARGETS[i]});
                }
                assertThat(loss(model.net(), SOURCES, TARGETS)).isCloseTo(sum / SOURCES.length, within(1e-4));
            }
        }
    }

    private static double loss(Seq2Seq net, int[][] sources, int[][] targets) {
        try (Dataset data = Seq2Seq.dataset(sources, targets);
                Pass pass = Pass.infer()) {
            assertThat(pass.recording()).isFalse();
            return net.step(data.batches(sources.length).epoch(0).next()).loss().item();
        }
    }

    @Test
    void whatDoesNotFitIsRefused() {
        assertThatThrownBy(() -> new Seq2Seq.Sizes(TOKENS, TOKENS, 16, 0, 2))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("Seq2Seq: hidden=0 ");
        assertThatThrownBy(() -> new Writer.Sizes(TOKENS, 16, 24, 2, -1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("Writer: memory=-1 ");
        try (Model<Seq2Seq> model = model(false)) {
            assertThatThrownBy(() -> model.net().attentionWeights(SOURCES, TARGETS))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageStartingWith("Writer: a network without attention has no attention weights; ");
            assertThatThrownBy(() -> model.net().encoderStates())
                    .hasMessage("Seq2Seq: there are no sequences; give at least one");
        }
    }
}

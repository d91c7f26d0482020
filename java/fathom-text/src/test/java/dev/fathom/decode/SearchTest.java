package dev.fathom.decode;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.nn.Embedding;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.tensor.Next;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.State;
import dev.fathom.tensor.Tensor;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Searches against all sequences there are, against each other, and against what they must refuse. */
class SearchTest {
    private static final int START = 0;
    private static final int STOP = 2;

    /** Every sequence that stops or has {@code most} tokens, with its log-probability, in double precision. */
    private static List<Hypothesis> all(Toy toy, int start, int most, LengthPenalty penalty) {
        List<Hypothesis> found = new ArrayList<>();
        extend(toy, List.of(start), 0, most, penalty, found);
        found.sort(Comparator.comparingDouble(h -> -h.score()));
        return found;
    }

    private static void extend(
            Toy toy, List<Integer> given, double sum, int most, LengthPenalty penalty, List<Hypothesis> found) {
        List<Integer> written = given.subList(1, given.size());
        if (written.size() == most) {
            found.add(new Hypothesis(written, sum, sum / penalty.of(most), false));
            return;
        }
        float[] logits = toy.logits(given);
        double z = Math.log(IntStream.range(0, logits.length)
                .mapToDouble(i -> Math.exp(logits[i]))
                .sum());
        for (int token = 0; token < logits.length; token++) {
            double p = sum + logits[token] - z;
            if (token == STOP) {
                found.add(new Hypothesis(written, p, p / penalty.of(given.size()), true));
            } else {
                List<Integer> longer = new ArrayList<>(given);
                longer.add(token);
                extend(toy, longer, p, most, penalty, found);
            }
        }
    }

    private static void same(Hypothesis found, Hypothesis expected) {
        assertThat(found.tokens()).isEqualTo(expected.tokens());
        assertThat(found.finished()).isEqualTo(expected.finished());
        assertThat(found.logProbability()).isCloseTo(expected.logProbability(), within(1e-5));
        assertThat(found.score()).isCloseTo(expected.score(), within(1e-5));
    }

    /** As wide as the tree: 4 tokens, of which one stops, at most 4 deep are 1 + 3 + 9 + 27 + 81 sequences. */
    @Test
    void aBeamAsWideAsTheTreeIsExhaustive() {
        for (LengthPenalty penalty : List.of(
                LengthPenalty.none(), LengthPenalty.gnmt(0.7), LengthPenalty.power(1), LengthPenalty.power(2))) {
            for (int seed = 0; seed < 20; seed++) {
                Toy toy = new Toy(4, seed, 1);
                List<Hypothesis> expected = all(toy, START, 4, penalty);
                assertThat(expected).hasSize(121);
                List<Hypothesis> found =
                        new BeamSearch(121, STOP, 4, penalty).of(toy, START).get(0);
                assertThat(found).hasSize(121);
                for (int i = 0; i < 121; i++) {
                    same(found.get(i), expected.get(i));
                }
            }
        }
    }

    @Test
    void wideBeamsFindNoLess() {
        int better = 0;
        for (int seed = 0; seed < 50; seed++) {
            double greedy =
                    new Greedy(STOP, 6).of(new Toy(5, seed, 1), START).get(0).logProbability();
            double wide = new BeamSearch(64, STOP, 6)
                    .of(new Toy(5, seed, 1), START)
                    .get(0)
                    .get(0)
                    .logProbability();
            assertThat(wide).isGreaterThanOrEqualTo(greedy - 1e-5);
            better += wide > greedy + 1e-5 ? 1 : 0;
        }
        assertThat(better).as("times that greed did not pay").isBetween(5, 45);
    }

    @Test
    void aBeamOfOneIsGreedyAndSoIsATemperatureOfZero() {
        for (int seed = 0; seed < 50; seed++) {
            Hypothesis greedy =
                    new Greedy(STOP, 9).of(new Toy(6, seed, 1), START).get(0);
            assertThat(new BeamSearch(1, STOP, 9).of(new Toy(6, seed, 1), START))
                    .containsExactly(List.of(greedy));
            assertThat(new Sampling(STOP, 9).temperature(0).of(new Toy(6, seed, 1), new Rng(seed), START))
                    .containsExactly(greedy);
            assertThat(new Sampling(STOP, 9).topK(1).of(new Toy(6, seed, 1), new Rng(seed), START))
                    .containsExactly(greedy);
            assertThat(new Sampling(STOP, 9).topP(1e-6f).of(new Toy(6, seed, 1), new Rng(seed), START))
                    .containsExactly(greedy);
        }
    }

    /** Sentences in one batch are written as each of them alone, and rows leave the batch when they are finished. */
    @Test
    void sentencesDoNotDisturbEachOther() {
        int[] starts = {0, 1, 3, 4, 5, 0};
        Toy many = new Toy(6, 7, starts.length);
        List<Hypothesis> greedy = new Greedy(STOP, 12).of(many, starts);
        assertThat(many.batches.get(0)).isEqualTo(6);
        assertThat(many.batches).isSortedAccordingTo(Comparator.reverseOrder());
        assertThat(many.batches.get(many.batches.size() - 1)).isLessThan(6);
        List<List<Hypothesis>> beams =
                new BeamSearch(4, STOP, 12).penalty(LengthPenalty.gnmt(0.6)).of(new Toy(6, 7, starts.length), starts);
        List<Hypothesis> drawn = new Sampling(STOP, 12).of(new Toy(6, 7, starts.length), new Rng(3), starts);
        for (int i = 0; i < starts.length; i++) {
            assertThat(new Greedy(STOP, 12).of(new Toy(6, 7, 1), starts[i])).containsExactly(greedy.get(i));
            assertThat(new BeamSearch(4, STOP, 12)
                            .penalty(LengthPenalty.gnmt(0.6))
                            .of(new Toy(6, 7, 1), starts[i]))
                    .containsExactly(beams.get(i));
            assertThat(beams.get(i)).hasSize(4);
        }
        assertThat(new Sampling(STOP, 12).of(new Toy(6, 7, 1), new Rng(3), starts[0]))
                .containsExactly(drawn.get(0));
        List<Hypothesis> twins = new Sampling(-1, 12).of(new Toy(6, 7, 2), new Rng(3), 0, 0);
        assertThat(twins.get(0)).as("each has draws of its own").isNotEqualTo(twins.get(1));
    }

    /** A model of one step that never changes. */
    private record Constant(float... row) implements NextToken {
        @Override
        public FloatBuffer step(int... tokens) {
            float[] all = new float[tokens.length * row.length];
            for (int i = 0; i < all.length; i++) {
                all[i] = row[i % row.length];
            }
            return FloatBuffer.wrap(all);
        }

        @Override
        public void reorder(int[] parents) {}
    }

    @Test
    void ofEqualsTheLowestTokenComesFirst() {
        NextToken flat = new Constant(1, 1, 1, 1);
        assertThat(new Greedy(3, 2).of(flat, START).get(0).tokens()).containsExactly(0, 0);
        List<Hypothesis> beam = new BeamSearch(3, 3, 2).of(flat, START).get(0);
        assertThat(beam.stream().map(Hypothesis::tokens)).containsExactly(List.of(0, 0), List.of(0, 1), List.of(0, 2));
        assertThat(beam.get(0).logProbability()).isCloseTo(2 * Math.log(0.25), within(1e-6));
    }

    /** More beginnings than there can be; and one that only may stop. */
    @Test
    void aBeamWiderThanTheVocabularyHoldsWhatThereIs() {
        assertThat(new BeamSearch(1000, -1, 2).of(new Constant(1, 2, 3), START).get(0))
                .hasSize(9);
        List<Hypothesis> one = new BeamSearch(10, 1, 5)
                .of(new Constant(Float.NEGATIVE_INFINITY, 0, Float.NEGATIVE_INFINITY), START)
                .get(0);
        assertThat(one).containsExactly(new Hypothesis(List.of(), 0, 0, true));
        assertThat(one.get(0).toArray()).isEmpty();
    }

    /** Of a width that nobody means, what there is is kept, and no array of this size is made. */
    @Test
    void aHugeWidthHoldsWhatThereIsOrIsRefused() {
        assertThat(new BeamSearch(Integer.MAX_VALUE, -1, 2)
                        .of(new Constant(1, 2, 3), START, START)
                        .get(1))
                .hasSize(9);
        NextToken flat = new Constant(new float[60_000]);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new BeamSearch(Integer.MAX_VALUE, -1, 2).of(flat, START))
                .withMessage("beam search: 60000 beginnings over a vocabulary of 60000 have more logits than a tensor "
                        + "holds; "
                        + "choose a smaller width, or fewer prompts in one batch");
    }

    /** What Wu et al. 2016 print: ((5 + |Y|) / (5 + 1))^alpha. */
    @Test
    void penalties() {
        assertThat(LengthPenalty.gnmt(0.6).of(1)).isEqualTo(1);
        assertThat(LengthPenalty.gnmt(1).of(7)).isEqualTo(2);
        assertThat(LengthPenalty.power(0.5).of(9)).isEqualTo(3);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> LengthPenalty.gnmt(-1))
                .withMessage("LengthPenalty.gnmt: alpha=-1.0 must be 0 or more and finite");
        // two tokens of probability 1/2 and then nothing else, or a stop of probability 1/2 at once
        NextToken halves = new Constant((float) Math.log(0.5), (float) Math.log(0.5));
        BeamSearch search = new BeamSearch(20, 1, 3);
        assertThat(search.of(halves, START).get(0).get(0).tokens()).isEmpty();
        List<Hypothesis> equal =
                search.penalty(LengthPenalty.power(1)).of(halves, START).get(0);
        assertThat(equal).allSatisfy(h -> assertThat(h.score()).isCloseTo(Math.log(0.5), within(1e-6)));
        assertThat(search.penalty(LengthPenalty.power(2))
                        .of(halves, START)
                        .get(0)
                        .get(0)
                        .tokens())
                .as("of equals, the one that stopped")
                .containsExactly(0, 0);
    }

    // ---- sampling

    /** The first tokens of many draws, as shares. */
    private static double[] shares(Sampling sampling, float... logits) {
        int n = 20_000;
        double[] shares = new double[logits.length];
        for (Hypothesis h : sampling.of(new Constant(logits), new Rng(5), new int[n])) {
            shares[h.tokens().get(0)] += 1.0 / n;
        }
        return shares;
    }

    private static float[] logs(double... p) {
        float[] logs = new float[p.length];
        for (int i = 0; i < p.length; i++) {
            logs[i] = (float) Math.log(p[i]);
        }
        return logs;
    }

    @Test
    void sharesAreTheProbabilities() {
        float[] logits = logs(0.1, 0.4, 0.2, 0.3);
        Sampling one = new Sampling(-1, 1);
        assertThat(shares(one, logits)).containsExactly(new double[] {0.1, 0.4, 0.2, 0.3}, within(0.012));
        double z = 0.01 + 0.16 + 0.04 + 0.09;
        assertThat(shares(one.temperature(0.5f), logits))
                .containsExactly(new double[] {0.01 / z, 0.16 / z, 0.04 / z, 0.09 / z}, within(0.012));
        assertThat(shares(one.topK(2), logits))
                .containsExactly(new double[] {0, 0.4 / 0.7, 0, 0.3 / 0.7}, within(0.012));
        assertThat(shares(one.topP(0.8f), logits))
                .as("0.4 + 0.3 is not enough")
                .containsExactly(new double[] {0, 0.4 / 0.9, 0.2 / 0.9, 0.3 / 0.9}, within(0.012));
        assertThat(shares(one.topP(0.65f), logits))
                .containsExactly(new double[] {0, 0.4 / 0.7, 0, 0.3 / 0.7}, within(0.012));
        assertThat(shares(one.topK(3).topP(0.5f), logits))
                .as("of the three that are left, 0.4 / 0.9 is not half")
                .containsExactly(new double[] {0, 0.4 / 0.7, 0, 0.3 / 0.7}, within(0.012));
        assertThat(shares(one.topK(99), Float.NEGATIVE_INFINITY, 0, Float.NEGATIVE_INFINITY))
                .containsExactly(new double[] {0, 1, 0}, within(1e-9));
    }

    /**
     * Expected: PyTorch 1.13.1 in double, by the definitions of Hugging Face's RepetitionPenaltyLogitsProcessor,
     * TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper and MinPLogitsWarper one after another.
     */
    @Test
    void filtersAreThoseOfTransformers() {
        Sampling one = new Sampling(-1, 1);
        filtered(one.minP(0.3f), new int[] {0}, 0.1832, 0, 0.4077, 0, 0, 0.2733, 0, 0.1357);
        int[] seen = {2, 1, 2};
        filtered(one.repetitionPenalty(1.5f), seen, 0.1881, 0.0311, 0.215, 0.0765, 0.0126, 0.2807, 0.0567, 0.1394);
        int[] more = {2, 1, 5};
        Sampling most = one.repetitionPenalty(2).temperature(0.7f).topK(6).topP(0.9f);
        filtered(most, more, 0.3083, 0, 0.2316, 0.0852, 0, 0.1741, 0, 0.2008);
        filtered(most.minP(0.3f), more, 0.337, 0, 0.2532, 0, 0, 0.1903, 0, 0.2195);
        filtered(
                one.repetitionPenalty(0.5f).temperature(2).minP(0.2f),
                more,
                0.1158,
                0,
                0.4697,
                0,
                0,
                0.3148,
                0,
                0.0997);
    }

    private static void filtered(Sampling sampling, int[] prompt, double... expected) {
        int n = 20_000;
        int[][] prompts = new int[n][];
        Arrays.fill(prompts, prompt);
        double[] shares = new double[expected.length];
        Constant model = new Constant(1.2f, -0.4f, 2, 0.3f, -1.5f, 1.6f, 0, 0.9f);
        for (Hypothesis h : sampling.after(model, new Rng(5), prompts)) {
            shares[h.tokens().get(0)] += 1.0 / n;
        }
        assertThat(shares).containsExactly(expected, within(0.012));
        for (int t = 0; t < shares.length; t++) {
            assertThat(shares[t] > 0).isEqualTo(expected[t] > 0);
        }
    }

    @Test
    void whatWasWrittenIsPenalizedAndConditionsEnd() {
        Constant model = new Constant(3, 2, 1);
        Sampling best = new Sampling(-1, 4).temperature(0).repetitionPenalty(2);
        Hypothesis whole = best.after(model, new Rng(1), new int[] {2}).get(0);
        // 3 beats 2 beats 1 / 2, then 2 beats 3 / 2, then 3 / 2 beats 2 / 2
        assertThat(whole.tokens()).containsExactly(0, 1, 0, 0);
        assertThat(whole.finished()).isFalse();
        double first = 3 - Math.log(Math.exp(3) + Math.exp(2) + Math.exp(0.5));
        double then = 2 - Math.log(Math.exp(1.5) + Math.exp(2) + Math.exp(0.5));
        double last = 1.5 - Math.log(Math.exp(1.5) + Math.exp(1) + Math.exp(0.5));
        assertThat(whole.logProbability()).isCloseTo(first + then + 2 * last, within(1e-5));
        StopCondition pair = StopCondition.after(1, 0);
        List<Hypothesis> ended = best.until(pair).after(model, new Rng(1), new int[] {2}, new int[] {1, 0});
        assertThat(ended.get(0).tokens()).as("what ends it remains").containsExactly(0, 1, 0);
        assertThat(ended.get(0).finished()).isTrue();
        assertThat(ended.get(1).tokens())
                .as("an end in the prompt does not count")
                .containsExactly(0, 0, 0, 0);
        assertThat(best.until(pair.or(written -> written.limit() == 2)).of(model, new Rng(1), 2, 2))
                .extracting(Hypothesis::tokens)
                .containsExactly(List.of(0, 1), List.of(0, 1));
        assertThat(StopCondition.never().ends(IntBuffer.allocate(1))).isFalse();
        assertThatIllegalArgumentException()
                .isThrownBy(StopCondition::after)
                .withMessage(
                        "StopCondition: there are no tokens, and every sequence ends with none; give at least one");
    }

    @Test
    void equalSeedsDrawEqually() {
        Sampling s = new Sampling(STOP, 30).temperature(1.3f);
        List<Hypothesis> first = s.of(new Toy(9, 1, 3), new Rng(4), 0, 0, 0);
        assertThat(s.of(new Toy(9, 1, 3), new Rng(4), 0, 0, 0)).isEqualTo(first);
        assertThat(s.of(new Toy(9, 1, 3), new Rng(5), 0, 0, 0)).isNotEqualTo(first);
        Toy toy = new Toy(9, 1, 1);
        List<Integer> given = new ArrayList<>(List.of(0));
        double sum = 0;
        for (int i = 0; i < first.get(0).tokens().size() + (first.get(0).finished() ? 1 : 0); i++) {
            int token = i < first.get(0).tokens().size() ? first.get(0).tokens().get(i) : STOP;
            float[] logits = toy.logits(given);
            double z = 0;
            for (float x : logits) {
                z += Math.exp(x);
            }
            sum += logits[token] - Math.log(z);
            given.add(token);
        }
        assertThat(first.get(0).logProbability()).as("the model's own").isCloseTo(sum, within(1e-4));
    }

    // ---- a net with a state

    private record Cell(Embedding embedding, Linear recurrent, Linear output) implements Net {
        Tensor next(Tensor token, Tensor h) {
            return embedding.apply(token).add(recurrent.apply(h)).tanh();
        }
    }

    /**
     * Hidden states are gathered as beams are: a search over a net is that over its probabilities from the beginning.
     */
    @Test
    void aCarriedStateFollowsItsRows() {
        Cell net = new Cell(new Embedding(5, 8), new Linear(8, 8), new Linear(8, 5));
        try (var model = Model.of(net, 3)) {
            NextToken fromTheBeginning = new NextToken() {
                private List<List<Integer>> rows = new ArrayList<>(List.of(List.of()));

                @Override
                public FloatBuffer step(int... tokens) {
                    try (Pass pass = Pass.infer()) {
                        Tensor[] all = new Tensor[tokens.length];
                        for (int i = 0; i < tokens.length; i++) {
                            List<Integer> longer = new ArrayList<>(rows.get(i));
                            longer.add(tokens[i]);
                            rows.set(i, longer);
                            Tensor h = Tensor.zeros(1, 8);
                            for (int t : longer) {
                                h = net.next(Tensor.ofInts(new int[] {t}, 1), h);
                            }
                            all[i] = net.output().apply(h);
                        }
                        return FloatBuffer.wrap(Tensor.concat(0, all).toArray());
                    }
                }

                @Override
                public void reorder(int[] parents) {
                    List<List<Integer>> old = rows;
                    rows = new ArrayList<>(
                            java.util.Arrays.stream(parents).mapToObj(old::get).toList());
                }
            };
            BeamSearch search = new BeamSearch(4, STOP, 8).penalty(LengthPenalty.gnmt(0.6));
            List<List<Hypothesis>> expected = search.of(fromTheBeginning, START);
            Decoder carried;
            try (Pass pass = Pass.infer()) {
                carried = new Decoder(
                        (token, state) -> {
                            Tensor h = net.next(token.reshape(-1), state.get("h"));
                            return new Next(net.output().apply(h), State.of("h", h));
                        },
                        State.of("h", Tensor.zeros(1, 8)));
            }
            try (carried) {
                List<List<Hypothesis>> found = search.of(carried, START);
                for (int i = 0; i < expected.get(0).size(); i++) {
                    same(found.get(0).get(i), expected.get(0).get(i));
                }
            }
            assertThatThrownBy(() -> search.of(carried, START))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("KeptState: it is closed; use it before the close");
        }
    }

    // ---- what is refused

    /** Part of a state may stay as it is; the logits of a sequence of one token lose their dimension of tokens. */
    @Test
    void aStepMayKeepPartOfTheState() {
        try (Pass pass = Pass.infer();
                Decoder counter = new Decoder(
                        (token, state) -> {
                            Tensor sum = state.get("sum").add(state.get("one"));
                            return new Next(sum.reshape(1, 1, 3), state.with("sum", sum));
                        },
                        State.of("sum", Tensor.zeros(1, 3), "one", Tensor.ones(1, 3)))) {
            counter.step(0);
            assertThat(counter.step(0)).isEqualTo(FloatBuffer.wrap(new float[] {2, 2, 2}));
            assertThat(pass.recording()).isFalse();
        }
    }

    /** What a failed step saw of the state is a tensor like any other. */
    @Test
    void aFailedStepLeavesNoMemoryToTakeOver() {
        Tensor[] seen = new Tensor[1];
        try (Pass pass = Pass.infer();
                Decoder fails = new Decoder(
                        (token, state) -> {
                            seen[0] = state.get("cache");
                            throw new IllegalStateException("no step");
                        },
                        State.of("cache", Tensor.zeros(1, 2, 1)))) {
            assertThatThrownBy(() -> fails.step(0)).hasMessage("no step");
            Tensor one = Tensor.ones(1, 1, 1);
            Tensor more = seen[0].putRows(one, Tensor.ofInts(new int[] {1}, 1));
            assertThat(more.toArray()).containsExactly(0, 1);
            assertThat(seen[0].toArray()).containsExactly(0, 0);
            assertThat(pass.recording()).isFalse();
        }
    }

    @Test
    void badSettings() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new BeamSearch(0, 1, 5))
                .withMessage("beam search: width=0 is how many beginnings are kept; give 1 or more");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Greedy(-2, 5))
                .withMessage("greedy: stop=-2 is no token; give its number, or -1 if there is none");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Greedy(1, 0))
                .withMessage("greedy: maxTokens=0 is the largest number of tokens; give 1 or more");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Sampling(1, 5).temperature(Float.NaN))
                .withMessage("sampling: temperature=NaN must be 0 or more and finite");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Sampling(1, 5).topK(-1))
                .withMessage("sampling: topK=-1 must be 1 or more, or 0 for all tokens");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Sampling(1, 5).topP(0))
                .withMessage("sampling: topP=0.0 must be in (0, 1]");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Sampling(1, 5).minP(Float.NaN))
                .withMessage("sampling: minP=NaN must be in [0, 1]");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Sampling(1, 5).minP(1.5f))
                .withMessage("sampling: minP=1.5 must be in [0, 1]");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Sampling(1, 5).repetitionPenalty(0))
                .withMessage("sampling: repetitionPenalty=0.0 must be above 0 and finite");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Greedy(1, 5).of(new Constant(1, 2)))
                .withMessage("greedy: there is nothing to start from; give a start symbol or a prompt for each row");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Greedy(2, 5).of(new Constant(1, 2), START))
                .withMessage("greedy: stop=2 is outside the vocabulary of 2; give one of its tokens, or -1 if there is "
                        + "none");
    }

    @Test
    void badLogits() {
        float inf = Float.POSITIVE_INFINITY;
        for (float bad : new float[] {Float.NaN, inf}) {
            String what = " of token 1 in row 0 at step 0 is " + bad + "; the model has diverged, or divides by zero";
            NextToken model = new Constant(1, bad, 3);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> new Greedy(-1, 5).of(model, START))
                    .withMessage("greedy: the logit" + what);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> new BeamSearch(2, -1, 5).of(model, START))
                    .withMessage("beam search: the logit" + what);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> new Sampling(-1, 5).of(model, new Rng(1), START))
                    .withMessage("sampling: the logit" + what);
        }
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Greedy(-1, 5).of(new Constant(-inf, -inf), START))
                .withMessage("greedy: all logits of row 0 at step 0 are -Infinity; let the model allow one token");
        NextToken uneven = new NextToken() {
            private int steps;

            @Override
            public FloatBuffer step(int... tokens) {
                return FloatBuffer.allocate(steps++ == 0 ? 2 : 5);
            }

            @Override
            public void reorder(int[] parents) {}
        };
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Greedy(-1, 5).of(uneven, START, START))
                .withMessage("greedy: the model gave 5 logits for 2 tokens; it must give [2, 1]");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Greedy(-1, 5).of(uneven, START, START))
                .withMessage("greedy: the model gave 5 logits for 2 tokens; it must give [2, vocabulary]");
    }
}

package dev.fathom.decode;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Reading labels: the example in which the best path is not the best labelling, and all alignments of small nets. */
class CtcDecodingTest {
    private static Tensor logs(int steps, double... p) {
        float[] logits = new float[p.length];
        for (int i = 0; i < p.length; i++) {
            logits[i] = (float) Math.log(p[i]);
        }
        return Tensor.of(logits, 1, steps, p.length / steps);
    }

    /**
     * Two steps, with blank 0.7 and A 0.3, then blank 0.6 and A 0.4, as in Graves 2012, Supervised Sequence Labelling
     * with Recurrent Neural Networks, section 7.5.1. The best path is blank, blank with 0.42, but A is more probable:
     * 0.3 0.4 + 0.3 0.6 + 0.7 0.4 = 0.58.
     */
    @Test
    void theBestPathIsNotTheBestLabelling() {
        try (Pass pass = Pass.infer()) {
            Tensor logits = logs(2, 0.7, 0.3, 0.6, 0.4);
            Hypothesis path = new CtcDecoding().greedy(logits, null).get(0);
            assertThat(path.tokens()).isEmpty();
            assertThat(Math.exp(path.logProbability())).isCloseTo(0.42, within(1e-6));
            List<Hypothesis> beam = new CtcDecoding().beam(logits, null, 2).get(0);
            assertThat(beam.get(0).tokens()).containsExactly(1);
            assertThat(Math.exp(beam.get(0).logProbability())).isCloseTo(0.58, within(1e-6));
            assertThat(Math.exp(beam.get(1).logProbability())).isCloseTo(0.42, within(1e-6));
        }
    }

    @Test
    void repeatsAndBlanksAreTakenOut() {
        try (Pass pass = Pass.infer()) {
            int[] path = {1, 1, 2, 0, 2, 2, 1, 0, 0};
            Tensor logits = Tensor.ofInts(path, 1, 9).oneHot(3).mul(20);
            assertThat(new CtcDecoding().greedy(logits, null).get(0).tokens()).containsExactly(1, 2, 2, 1);
            assertThat(new CtcDecoding().beam(logits, null, 5).get(0).get(0).tokens())
                    .containsExactly(1, 2, 2, 1);
            Tensor five = Tensor.ofInts(new int[] {5}, 1);
            assertThat(new CtcDecoding().greedy(logits, five).get(0).tokens()).containsExactly(1, 2, 2);
            assertThat(new CtcDecoding(2).greedy(logits, null).get(0).tokens()).containsExactly(1, 0, 1, 0);
            Tensor none = Tensor.ofInts(new int[] {0}, 1);
            assertThat(new CtcDecoding().greedy(logits, none)).containsExactly(new Hypothesis(List.of(), 0, 0, true));
            assertThat(new CtcDecoding().beam(logits, none, 3).get(0))
                    .containsExactly(new Hypothesis(List.of(), 0, 0, true));
        }
    }

    /**
     * A wide beam has every labelling, with minus the loss as its log-probability; a narrow one has the best of most.
     */
    @Test
    void aWideBeamIsExhaustive() {
        int right = 0;
        for (int seed = 0; seed < 20; seed++) {
            try (Pass pass = Pass.infer()) {
                int steps = 5;
                int classes = 3;
                Tensor logits = Tensor.of(new Rng(seed).normal(2 * steps * classes, 0, 1.5f), 2, steps, classes);
                float[] p = logits.logSoftmax(2).toArray();
                for (int i = 0; i < 2; i++) {
                    Map<List<Integer>, Double> all = new HashMap<>();
                    for (int path = 0; path < 243; path++) {
                        List<Integer> labels = new ArrayList<>();
                        double sum = 0;
                        int last = 1;
                        int rest = path;
                        for (int t = 0; t < steps; t++, rest /= classes) {
                            int c = rest % classes;
                            sum += p[(i * steps + t) * classes + c];
                            if (c != 1 && c != last) {
                                labels.add(c);
                            }
                            last = c;
                        }
                        all.merge(labels, Math.exp(sum), Double::sum);
                    }
                    List<Hypothesis> wide =
                            new CtcDecoding(1).beam(logits, null, 1000).get(i);
                    assertThat(wide).hasSize(all.size());
                    assertThat(wide).isSortedAccordingTo(Comparator.comparingDouble(h -> -h.score()));
                    for (Hypothesis h : wide) {
                        assertThat(Math.exp(h.logProbability())).isCloseTo(all.get(h.tokens()), within(1e-6));
                    }
                    int[] best = wide.get(0).toArray();
                    Tensor one = logits.slice(0, i, i + 1);
                    if (best.length > 0) {
                        assertThat(one.ctcLoss(Tensor.ofInts(best, 1, best.length), null, null, 1)
                                        .item())
                                .isCloseTo((float) -wide.get(0).logProbability(), within(1e-5f));
                    }
                    List<Hypothesis> narrow =
                            new CtcDecoding(1).beam(one, null, 4).get(0);
                    assertThat(narrow).hasSize(4);
                    right += narrow.get(0).tokens().equals(wide.get(0).tokens()) ? 1 : 0;
                }
            }
        }
        assertThat(right).isGreaterThan(35);
    }

    @Test
    void badInputIsRefused() {
        try (Pass pass = Pass.infer()) {
            CtcDecoding ctc = new CtcDecoding();
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> ctc.beam(Tensor.zeros(1, 2, 3), null, 0))
                    .withMessage("ctc: width=0 is how many prefixes are kept; give 1 or more");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> new CtcDecoding(3).greedy(Tensor.zeros(1, 2, 3), null))
                    .withMessage("ctc: logits [1, 2, 3] and blank=3 disagree; give [n, steps, classes], and one of the "
                            + "classes as the "
                            + "blank");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> ctc.greedy(Tensor.zeros(1, 2, 3), Tensor.ofInts(new int[] {3}, 1)))
                    .withMessage("ctc: length 3 of example 0 is outside [0, 2], the steps of logits [1, 2, 3]");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> ctc.greedy(Tensor.zeros(1, 2, 3), Tensor.zeros(1)))
                    .withMessage(
                            "ctc: logits [1, 2, 3] and lengths [1] F32 disagree; give I32 [1], one for each example");
            Tensor nan = Tensor.of(new float[] {1, 2, 3, Float.NaN}, 1, 2, 2);
            String message =
                    "ctc: the logits of example 0 at step 1 are no distribution, because one is NaN or Infinity "
                            + "or all are "
                            + "-Infinity; the model has diverged";
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> ctc.greedy(nan, null))
                    .withMessage(message);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> ctc.beam(nan, null, 3))
                    .withMessage(message);
            assertThat(ctc.greedy(nan, Tensor.ofInts(new int[] {1}, 1)).get(0).tokens())
                    .as("what is padding is not looked at")
                    .containsExactly(1);
        }
    }
}

package dev.fathom.attention;

import static dev.fathom.testing.StepCases.VECTORS;
import static org.assertj.core.api.Assertions.assertThat;

import dev.fathom.nn.Embedding;
import dev.fathom.nn.Layer;
import dev.fathom.nn.LayerNorm;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Residual;
import dev.fathom.nn.Sequential;
import dev.fathom.nn.Steps;
import dev.fathom.nn.StepsTest;
import dev.fathom.op.Activation;
import dev.fathom.testing.StepCases;
import dev.fathom.train.RaggedTest;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

/**
 * Through any layer of attention, in any wrapper, an example in a padded batch is what it is alone, or the net is
 * refused.
 */
class PaddedSequencesTest {
    private static final StepCases CASES = new StepCases();

    static {
        CASES.add(Steps.EACH, VECTORS, () -> new FeedForward(4, 8, Activation.RELU));
        CASES.add(Steps.EACH, VECTORS, () -> FeedForward.gated(4, 8, Activation.SILU));
        for (Supplier<Layer> behind : List.<Supplier<Layer>>of(
                () -> new SinusoidalPositions(9, 4),
                () -> new LearnedPositions(9, 4),
                () -> new MultiHeadAttention(4, 2),
                () -> new MultiHeadAttention(4, 2).rotary(RotaryPositions.halves(9, 2)),
                () -> new TransformerEncoderLayer(4, 2, 8, Activation.RELU),
                () -> new TransformerEncoderLayer(4, 2, 8, Activation.RELU).normsFirst(),
                () -> TransformerEncoder.of(
                        2, () -> new TransformerEncoderLayer(4, 2, 8, Activation.RELU), new LayerNorm(4)),
                () -> new Residual(new Sequential(new LayerNorm(4), new MultiHeadAttention(4, 2)), Activation.RELU))) {
            CASES.add(Steps.PADDED_BEHIND, VECTORS, behind);
        }
    }

    @Test
    void eachLayerTreatsPaddingAsItSays() {
        CASES.checkEach();
    }

    @Test
    void wrappersTreatPaddingAsTheirLayersDo() {
        CASES.checkInWrappers();
    }

    /** Behind the layers of this package, and behind those of the core. */
    @Test
    void attentionIsToldLengthsBehindOtherLayers() {
        CASES.checkInFrontOf(() -> new MultiHeadAttention(4, 2));
        StepsTest.CASES.checkInFrontOf(() -> new MultiHeadAttention(4, 2));
    }

    @Test
    void timeDistributedLayersSeeOneStep() {
        CASES.checkInTimeDistributed();
    }

    @Test
    void allLayersHaveACase() throws Exception {
        assertThat(CASES.checkCompleteness(Set.of(), MultiHeadAttention.class)).isEqualTo(6);
    }

    /** What a trainer makes of sentences does not depend on what lies behind them. */
    @Test
    void paddingChangesNeitherLossNorWeights() {
        RaggedTest.paddingChangesNoNetOfWords(List.of(() -> new Sequential(
                new Embedding(RaggedTest.WORDS, 6),
                TransformerEncoder.of(2, () -> new TransformerEncoderLayer(6, 2, 8, Activation.RELU).dropout(0), null),
                new Linear(6, 3))));
    }
}

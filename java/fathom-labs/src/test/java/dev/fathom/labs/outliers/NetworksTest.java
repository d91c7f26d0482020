package dev.fathom.labs.outliers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.experiments.data.LabeledSeries;
import dev.fathom.nn.Init;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.op.Shape;
import dev.fathom.parameter.Buffer;
import dev.fathom.parameter.Parameter;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** The networks that the ensembles are compared with, and what is flagged. */
class NetworksTest {
    /** With weights 3 and 5, of which the second does not exist, inputs 2 and 10 and a bias of 1 make 3 * 2 + 1. */
    @Test
    void aConnectionThatWasNotDrawnCarriesNothing() {
        Shape shape = Shape.of(1, 2);
        var layer = new RandomAutoencoder.Sparse(
                new Parameter(shape, (s, rng) -> new float[] {3, 5}),
                new Parameter(Shape.of(1), Init.constant(1)),
                new Buffer(shape, (s, rng) -> new float[] {1, 0}),
                null);
        try (var model = Model.of(layer, 1);
                Pass pass = Pass.infer()) {
            assertThat(model.net().apply(Tensor.of(new float[] {2, 10}, 1, 2)).item())
                    .isEqualTo(7);
        }
    }

    /** Of N draws among N connections a share of 1 - 1/e differ, and members have connections of their own. */
    @Test
    void connectionsAreDrawnWithReplacement() {
        float[] one = RandomAutoencoder.connected().values(Shape.of(100, 100), new Rng(1));
        float[] other = RandomAutoencoder.connected().values(Shape.of(100, 100), new Rng(2));
        double share = IntStream.range(0, one.length).filter(i -> one[i] == 1).count() / 1e4;
        assertThat(share).isCloseTo(1 - Math.exp(-1), within(0.015));
        assertThat(one).isNotEqualTo(other);
    }

    /** Keras' network has 9,505 parameters, and it writes windows of 288 rows in their shape. */
    @Test
    void theConvolutionalNetIsThatOfKeras() {
        try (var model = Model.of(StridedAutoencoder.of(1), 1);
                Pass pass = Pass.infer()) {
            assertThat(model.parameterCount()).isEqualTo(9505);
            assertThat(model.net().again(Tensor.zeros(2, 288, 1)).shape().toArray())
                    .containsExactly(2, 288, 1);
        }
    }

    /**
     * With a posterior N(2, 1) in each of 8 dimensions the divergence is 8 * 2 = 16, and rows of 1 that are written as
     * 0 have half a squared error of 0.5: over 4 rows of 2 columns that is 0.5 + 16 / 8.
     */
    @Test
    void theVariationalLossIsTheBoundPerNumber() {
        RecurrentVae usual = RecurrentVae.of(2, new Rng(1));
        float[] bias = new float[16];
        Arrays.fill(bias, 0, 8, 2);
        Linear both = new Linear(8, 16, Init.zeros()).withBias((shape, rng) -> bias);
        RecurrentAutoencoder coder = new RecurrentAutoencoder(
                usual.coder().encoder(),
                usual.coder().decoder(),
                usual.coder().skip(),
                new Linear(8, 2, Init.zeros()).withBias(Init.zeros()));
        try (var model = Model.of(new RecurrentVae(coder, both), 1);
                Pass pass = Pass.infer(new Rng(1))) {
            assertThat(model.net().loss(Tensor.ones(3, 4, 2)).item()).isCloseTo(2.5f, within(1e-5f));
        }
    }

    /** Of 100 rows the 5 with the largest scores are flagged; 4 of them are among 8 outliers. */
    @Test
    void theLargestScoresAreFlagged() {
        boolean[] outliers = new boolean[100];
        Arrays.fill(outliers, 96, 100, true);
        Arrays.fill(outliers, 0, 4, true);
        float[] scores = new float[100];
        IntStream.range(0, 100).forEach(t -> scores[t] = t);
        LabeledSeries series = new LabeledSeries("", "", new float[2][1], new float[100][1], outliers);
        Numenta.Flags flags = Numenta.Flags.of(series, scores);
        assertThat(flags.precision()).isEqualTo(0.8);
        assertThat(flags.recall()).isEqualTo(0.5);
        assertThat(flags.f1()).isCloseTo(8 / 13.0, within(1e-12));
    }

    /** A row is flagged if every window that contains it is above the threshold. */
    @Test
    void aRowNeedsAllOfItsWindows() {
        double[] errors = new double[600];
        Arrays.fill(errors, 100, 400, 1);
        boolean[] flagged = Numenta.flagged(errors, 0.5);
        assertThat(flagged).hasSize(887);
        int[] rows = IntStream.range(0, 887).filter(t -> flagged[t]).toArray();
        assertThat(rows).isEqualTo(IntStream.range(387, 400).toArray());
        Arrays.fill(errors, 1);
        assertThat(Numenta.flagged(errors, 0.5)).doesNotContain(false);
    }
}

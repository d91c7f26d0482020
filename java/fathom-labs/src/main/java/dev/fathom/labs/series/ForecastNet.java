package dev.fathom.labs.series;

import dev.fathom.attention.SinusoidalPositions;
import dev.fathom.attention.TransformerEncoder;
import dev.fathom.attention.TransformerEncoderLayer;
import dev.fathom.nets.TemporalBlock;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Activation;
import dev.fathom.recurrent.Recurrent;
import dev.fathom.tensor.Tensor;

/**
 * Forecasts all columns at all horizons from windows x [n, lags, columns], as [n, horizons * columns]. One network with
 * shared weights reads each column as a sequence and outputs the differences from its last row, so that a network whose
 * output is 0 repeats the last row.
 *
 * @param body maps sequences [n, lags, 1] to [n, lags, width], of which the last step is used
 * @param out maps the width to the horizons
 * @param randomWalk whether the body reads the differences from the last row
 */
public record ForecastNet(Layer body, Linear out, boolean randomWalk) implements Layer {
    private static final int WIDTH = 32;
    private static final float DROPOUT = 0.1f;

    /** The networks that are compared. */
    public enum Kind {
        /** One layer of 32 units. */
        LSTM,
        /** Three residual blocks of causal convolutions, 32 channels. */
        TCN,
        /** Two layers of four heads, 32 wide. */
        TRANSFORMER;

        /** The name on pages. */
        public String title() {
            return this == TRANSFORMER ? "Transformer" : name();
        }

        Layer body(int lags) {
            return switch (this) {
                case LSTM -> Recurrent.lstm(1, WIDTH);
                case TCN -> TemporalBlock.stack(1, 3, DROPOUT, WIDTH, WIDTH, WIDTH);
                case TRANSFORMER ->
                    new Sequential(
                            new Linear(1, WIDTH),
                            new SinusoidalPositions(lags, WIDTH),
                            TransformerEncoder.of(
                                    2,
                                    () -> new TransformerEncoderLayer(WIDTH, 4, 2 * WIDTH, Activation.RELU)
                                            .dropout(DROPOUT),
                                    null));
            };
        }
    }

    /** A network for a task. */
    public static ForecastNet of(Kind kind, ForecastTask task) {
        return new ForecastNet(kind.body(task.lags()), new Linear(WIDTH, task.horizons().length), task.randomWalk());
    }

    @Override
    public Tensor forward(Tensor x) {
        int n = x.dim(0);
        int lags = x.dim(1);
        int columns = x.dim(2);
        Tensor last = x.slice(1, lags - 1, lags);
        Tensor seen = randomWalk ? x.sub(last) : x;
        Tensor sequences = seen.permute(0, 2, 1).reshape(n * columns, lags, 1);
        Tensor read = body.apply(sequences).slice(1, lags - 1, lags).reshape(n * columns, WIDTH);
        Tensor change =
                out.apply(read).reshape(n, columns, out.weight().shape().dim(0)).permute(0, 2, 1);
        return change.add(last).reshape(n, change.dim(1) * columns);
    }
}

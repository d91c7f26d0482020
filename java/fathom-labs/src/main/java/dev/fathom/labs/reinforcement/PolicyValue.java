package dev.fathom.labs.reinforcement;

import dev.fathom.experiments.statistics.Averages;
import dev.fathom.nn.Conv;
import dev.fathom.nn.Flatten;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Net;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Activation;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import java.util.List;

/**
 * A network f(s) = (p, v) of positions (Silver et al. 2018): a body, and two heads on it.
 *
 * @param policy gives the logits of the columns
 * @param value gives the expected end, from -1 to 1
 */
record PolicyValue(Layer body, Layer policy, Layer value) implements Net, TreeSearch.Judge {
    private static final int CHANNELS = 32;
    private static final int HIDDEN = 128;

    /** A position with what is learned of it: the shares of visits, and the end of the game for the player to move. */
    record Example(ConnectFour position, double[] visits, double result) {
        /** Mirrors the board and the shares of its columns; the end of the game stays as it is. */
        Example mirrored() {
            double[] mirror = Averages.each(visits.length, c -> visits[visits.length - 1 - c]);
            return new Example(position.mirrored(), mirror, result);
        }
    }

    PolicyValue() {
        this(
                new Sequential(
                        new Conv(2, CHANNELS, 3).pad(1).act(Activation.RELU),
                        new Conv(CHANNELS, CHANNELS, 3).pad(1).act(Activation.RELU),
                        new Conv(CHANNELS, CHANNELS, 3).pad(1).act(Activation.RELU),
                        new Flatten(),
                        new Linear(CHANNELS * ConnectFour.ROWS * ConnectFour.COLUMNS, HIDDEN).act(Activation.RELU)),
                new Linear(HIDDEN, ConnectFour.COLUMNS),
                new Sequential(new Linear(HIDDEN, 1), Tensor::tanh));
    }

    /** The logits [n, 7] and the values [n, 1] of positions [n, 6, 7, 2]. */
    List<Tensor> answers(Tensor positions) {
        Tensor hidden = body.apply(positions);
        return List.of(policy.apply(hidden), value.apply(hidden));
    }

    static Tensor planes(List<ConnectFour> positions) {
        float[][] planes = positions.stream().map(ConnectFour::planes).toArray(float[][]::new);
        return Tensor.of(Averages.flat(planes), planes.length, ConnectFour.ROWS, ConnectFour.COLUMNS, 2);
    }

    /** The means over examples of -pi log p and (z - v)^2, where pi are the shares of visits and z is the result. */
    Tensor loss(List<Example> examples) {
        List<Tensor> answers =
                answers(planes(examples.stream().map(Example::position).toList()));
        Tensor visits = Agent.tensor(examples.stream().map(Example::visits));
        Tensor results = Agent.tensor(examples.stream().map(e -> new double[] {e.result}));
        Tensor right = answers.get(0).logSoftmax(1).mul(visits).sum(1).mean();
        return Loss.mse().of(answers.get(1), results).sub(right);
    }

    @Override
    public float[][] judge(List<ConnectFour> positions) {
        float[] logits;
        float[] values;
        try (Pass pass = Pass.infer()) {
            List<Tensor> answers = answers(planes(positions));
            logits = answers.get(0).toArray();
            values = answers.get(1).toArray();
        }
        float[][] opinions = new float[values.length][];
        for (int i = 0; i < opinions.length; i++) {
            opinions[i] = opinion(positions.get(i), logits, i * ConnectFour.COLUMNS, values[i]);
        }
        return opinions;
    }

    /** The softmax of the columns that are free, and the value behind it. */
    private static float[] opinion(ConnectFour position, float[] logits, int from, float value) {
        float[] opinion = new float[ConnectFour.COLUMNS + 1];
        int[] moves = position.moves();
        float most = Float.NEGATIVE_INFINITY;
        for (int move : moves) {
            most = Math.max(most, logits[from + move]);
        }
        float sum = 0;
        for (int move : moves) {
            opinion[move] = (float) Math.exp(logits[from + move] - most);
            sum += opinion[move];
        }
        for (int move : moves) {
            opinion[move] /= sum;
        }
        opinion[ConnectFour.COLUMNS] = value;
        return opinion;
    }
}

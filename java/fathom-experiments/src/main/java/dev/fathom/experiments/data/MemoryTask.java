package dev.fathom.experiments.data;

import dev.fathom.data.Dataset;
import dev.fathom.data.Field;
import dev.fathom.nn.Loss;
import dev.fathom.op.Shape;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.Metric;
import java.util.Arrays;

/**
 * Two problems whose answer depends on inputs of many steps ago (Hochreiter and Schmidhuber 1997). All sequences are
 * generated.
 */
public enum MemoryTask {
    /**
     * The adding problem: each step has a number that is uniform in [0, 1) and a mark. One number in each half of the
     * sequence is marked; the answer after the last step is their sum.
     */
    ADDING("Adding", Loss.mse(), "mean squared error", "accuracy (within 0.08)", 0) {
        @Override
        public Dataset data(int count, int length, Rng rng) {
            float[] numbers = rng.split("numbers").uniform(count * length, 0, 1);
            float[] places = rng.split("places").uniform(2 * count, 0, 1);
            float[] x = new float[2 * numbers.length];
            float[] y = new float[count];
            for (int i = 0; i < numbers.length; i++) {
                x[2 * i] = numbers[i];
            }
            int half = length / 2;
            for (int n = 0; n < count; n++) {
                int first = (int) (places[2 * n] * half);
                int second = half + (int) (places[2 * n + 1] * (length - half));
                for (int place : new int[] {first, second}) {
                    x[2 * (n * length + place) + 1] = 1;
                    y[n] += numbers[n * length + place];
                }
            }
            return Dataset.of(x, Shape.of(length, 2), y, Shape.of(1));
        }

        @Override
        public double baseline(int length) {
            return 1.0 / 6;
        }

        @Override
        public double guessedAccuracy() {
            return 1 - (1 - TOLERANCE) * (1 - TOLERANCE); // the sum is triangular on [0, 2] around 1
        }

        @Override
        public double correct(Tensor output, Tensor target, int length) {
            return output.sub(target).abs().le(TOLERANCE).sum().item();
        }
    },

    /**
     * The copy problem: the input is ten symbols out of eight, then blanks, then a start sign and more blanks. The
     * output is blank until the start sign, and then the ten symbols in their order. With the length T a sequence has T
     * + 20 steps (Arjovsky et al. 2016).
     */
    COPY("Copying", Loss.crossEntropy(), "cross-entropy", "symbol accuracy", 20) {
        @Override
        public Dataset data(int count, int length, Rng rng) {
            int steps = steps(length);
            float[] symbols = rng.uniform(count * COPIED, 0, KINDS);
            int[] x = new int[count * steps];
            int[] y = new int[count * steps];
            Arrays.fill(x, BLANK);
            Arrays.fill(y, BLANK);
            for (int n = 0; n < count; n++) {
                for (int k = 0; k < COPIED; k++) {
                    int symbol = Math.min(KINDS - 1, (int) symbols[n * COPIED + k]);
                    x[n * steps + k] = symbol;
                    y[(n + 1) * steps - COPIED + k] = symbol;
                }
                x[(n + 1) * steps - COPIED - 1] = BEGIN;
            }
            return Dataset.of(
                    Field.ints("x", Shape.of(steps), x).input(),
                    Field.ints("y", Shape.of(steps), y).target());
        }

        @Override
        public double baseline(int length) {
            return COPIED * Math.log(KINDS) / steps(length);
        }

        @Override
        public double guessedAccuracy() {
            return 1.0 / KINDS;
        }

        @Override
        public double correct(Tensor output, Tensor target, int length) {
            int steps = steps(length);
            int from = steps - COPIED;
            float right = output.slice(1, from, steps)
                    .correct(target.slice(1, from, steps))
                    .item();
            return (double) right / COPIED;
        }
    };

    /** The number of different symbols to copy. */
    public static final int KINDS = 8;
    /** The number of symbols to copy in a sequence. */
    public static final int COPIED = 10;

    /** The blank. */
    public static final int BLANK = KINDS;
    /** The start sign. */
    public static final int BEGIN = KINDS + 1;
    /** The number of different inputs and outputs. */
    public static final int SYMBOLS = KINDS + 2;
    /** The largest error of a sum that counts as right: 4 % of the range, as in the paper. */
    public static final float TOLERANCE = 0.08f;

    /** The name on a page. */
    public final String title;
    /** What is learned by. */
    public final Loss loss;
    /** The name of the loss on a page. */
    public final String lossName;
    /** The name of the accuracy on a page. */
    public final String accuracyName;

    private final int more;

    MemoryTask(String title, Loss loss, String lossName, String accuracyName, int more) {
        this.title = title;
        this.loss = loss;
        this.lossName = lossName;
        this.accuracyName = accuracyName;
        this.more = more;
    }

    /** The number of steps in a sequence of length {@code length}. */
    public int steps(int length) {
        return length + more;
    }

    /** Generates {@code count} sequences x and their answers y. */
    public abstract Dataset data(int count, int length, Rng rng);

    /**
     * The loss of the best answer without memory. For adding it is always 1, whose loss is the variance of the sum of
     * two uniform numbers, 2/12. For copying, eight symbols are equally likely in each of the last ten of T + 20 steps,
     * so the loss is 10 ln 8 / (T + 20).
     */
    public abstract double baseline(int length);

    /** The accuracy of the best answer without memory. */
    public abstract double guessedAccuracy();

    /** The sum over the sequences of a batch of the share of right answers in each. */
    public abstract double correct(Tensor output, Tensor target, int length);

    /** {@link #correct} as a metric. */
    public Metric accuracy(int length) {
        return Metric.higherIsBetter(
                "accuracy", (output, target) -> new Metric.Sum(correct(output, target, length), target.dim(0)));
    }
}

package dev.fathom.labs.memory;

import dev.fathom.data.Dataset;
import dev.fathom.data.Field;
import dev.fathom.nn.Loss;
import dev.fathom.op.Shape;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.Metric;
import java.util.Arrays;

/** Two problems whose answer depends on what was read long ago (Hochreiter and Schmidhuber 1997). All sequences are generated. */
enum MemoryTask {
    /**
     * The adding problem: each step has a number that is uniform in [0, 1) and a mark. One number in each half of the sequence is marked; the answer after
     * the last step is their sum.
     */
    ADDING("Adding", "mean squared error", "right to within 0.08") {
        @Override
        int steps(int length) {
            return length;
        }

        @Override
        Dataset data(int count, int length, Rng rng) {
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
        Loss loss() {
            return Loss.mse();
        }

        @Override
        double baseline(int length) {
            return 1.0 / 6;
        }

        @Override
        double right(Tensor output, Tensor target, int length) {
            return output.sub(target).abs().le(TOLERANCE).sum().item();
        }
    },

    /**
     * The copy problem: ten symbols out of eight, then blanks, then a sign to begin, after which the ten symbols are to be said in their order. With the
     * length T, T + 20 symbols are read, and blanks are to be said until T + 10 of them are over (Arjovsky et al. 2016).
     */
    COPY("Copying", "cross-entropy", "symbols right") {
        @Override
        int steps(int length) {
            return length + 2 * COPIED;
        }

        @Override
        Dataset data(int count, int length, Rng rng) {
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
            return Dataset.of(Field.ints("x", Shape.of(steps), x), Field.ints("y", Shape.of(steps), y));
        }

        @Override
        Loss loss() {
            return Loss.crossEntropy();
        }

        @Override
        double baseline(int length) {
            return COPIED * Math.log(KINDS) / steps(length);
        }

        @Override
        double right(Tensor output, Tensor target, int length) {
            int steps = steps(length);
            int from = steps - COPIED;
            return (double) output.slice(1, from, steps)
                            .correct(target.slice(1, from, steps))
                            .item()
                    / COPIED;
        }
    };

    /** Different symbols to copy. */
    static final int KINDS = 8;
    /** Symbols that a sequence has to copy. */
    static final int COPIED = 10;

    /** What is said where there is nothing to say. */
    static final int BLANK = KINDS;
    /** The sign to begin. */
    static final int BEGIN = KINDS + 1;
    /** All symbols. */
    static final int SYMBOLS = KINDS + 2;
    /** By how much a sum may be wrong: 4 % of its range, as in the paper. */
    static final float TOLERANCE = 0.08f;

    private final String title;
    private final String measure;
    private final String rightness;

    MemoryTask(String title, String measure, String rightness) {
        this.title = title;
        this.measure = measure;
        this.rightness = rightness;
    }

    /** Its name on pages. */
    String title() {
        return title;
    }

    /** What its loss is called. */
    String measure() {
        return measure;
    }

    /** What its accuracy counts. */
    String rightness() {
        return rightness;
    }

    /** The steps of a sequence of this length. */
    abstract int steps(int length);

    /** So many sequences: x and y. */
    abstract Dataset data(int count, int length, Rng rng);

    abstract Loss loss();

    /**
     * The loss of an answer that remembers nothing: always 1 has the variance of the sum of two uniform numbers, 2/12; and at the last ten of T + 20
     * steps, eight symbols are equally likely, 10 ln 8 / (T + 20).
     */
    abstract double baseline(int length);

    /** The sum over a batch of the share of its answers that are right. */
    abstract double right(Tensor output, Tensor target, int length);

    /** {@link #right} as a metric. */
    Metric accuracy(int length) {
        return Metric.higherIsBetter("accuracy", (output, target) -> right(output, target, length));
    }
}

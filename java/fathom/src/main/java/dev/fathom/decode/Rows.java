package dev.fathom.decode;

import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Sorted;
import dev.fathom.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntUnaryOperator;

/** What searches share: the settings of when to stop, one checked step of a model, and writing one sequence for each row. */
final class Rows {
    private Rows() {}

    /** The most probable tokens of every row, the best first: [rows, k] each, of equals the lowest token first. */
    record Best(int k, int[] tokens, float[] logProbabilities) {}

    static void check(String search, int stop, int most) {
        if (stop < NO_STOP) {
            throw new IllegalArgumentException(
                    search + ": stop=" + stop + " is no token; give its number, or -1 if there is none");
        }
        if (most < 1) {
            throw new IllegalArgumentException(
                    search + ": most=" + most + " is the largest number of tokens; give 1 or more");
        }
    }

    /** The stop symbol where there is none. */
    static final int NO_STOP = -1;

    static void checkStarts(String search, int[] starts) {
        if (starts.length == 0) {
            throw new IllegalArgumentException(
                    search + ": there are no start symbols; give one for each row of the model's state");
        }
    }

    /** The logits of a step, [rows, vocabulary], in the current pass. */
    static Tensor logits(String search, NextToken model, int[] tokens, int stop) {
        Tensor logits = model.logits(tokens);
        if (logits.shape().rank() != 2 || logits.dim(0) != tokens.length || logits.dim(1) == 0) {
            throw new IllegalArgumentException(search + ": the model gave logits " + logits.shape() + " for "
                    + tokens.length + " tokens; it must give [" + tokens.length + ", vocabulary]");
        }
        if (stop >= logits.dim(1)) {
            throw new IllegalArgumentException(search + ": stop=" + stop + " is outside the vocabulary of "
                    + logits.dim(1) + "; give one of its tokens, or -1 if there is none");
        }
        return logits;
    }

    /** The k most probable tokens of each row, or all of them if there are fewer. */
    static Best best(String search, Tensor logits, int k, int step) {
        Sorted best = logits.logSoftmax(1).topk(1, Math.min(k, logits.dim(1)));
        float[] values = best.values().toArray();
        int each = best.values().dim(1);
        for (int row = 0; row < logits.dim(0); row++) {
            if (Float.isNaN(values[row * each])) { // it counts as the largest
                throw bad(search, logits.slice(0, row, row + 1).toArray(), row, step);
            }
        }
        return new Best(each, best.indices().toIntArray(), values);
    }

    /** What makes a row of logits no distribution. */
    static IllegalArgumentException bad(String search, float[] row, int at, int step) {
        for (int i = 0; i < row.length; i++) {
            if (Float.isNaN(row[i]) || row[i] == Float.POSITIVE_INFINITY) {
                return new IllegalArgumentException(search + ": the logit of token " + i + " in row " + at + " at step "
                        + step + " is " + row[i] + "; the model has diverged, or divides by zero");
            }
        }
        return new IllegalArgumentException(search + ": all logits of row " + at + " at step " + step
                + " are -Infinity; let the model allow one token");
    }

    /** A token and the logarithm of its probability. */
    record Choice(int token, double logProbability) {}

    /** Chooses for all rows at a step; {@code sequence} tells which sequence a row is. */
    @FunctionalInterface
    interface Choose {
        Choice[] of(Tensor logits, int[] sequence, int step);
    }

    /** Writes a sequence for each start symbol, choosing token by token; a row whose sequence is finished leaves the batch. */
    static List<Hypothesis> write(String search, NextToken model, int[] starts, int stop, int most, Choose choose) {
        checkStarts(search, starts);
        int n = starts.length;
        List<List<Integer>> tokens = new ArrayList<>();
        double[] sums = new double[n];
        boolean[] finished = new boolean[n];
        int[] alive = new int[n];
        for (int i = 0; i < n; i++) {
            tokens.add(new ArrayList<>());
            alive[i] = i;
        }
        int[] next = starts.clone();
        for (int step = 0; step < most && alive.length > 0; step++) {
            int[] rows = new int[alive.length];
            int left = 0;
            try (Pass pass = Pass.infer()) {
                Choice[] chosen = choose.of(logits(search, model, next, stop), alive, step);
                next = new int[alive.length];
                for (int row = 0; row < alive.length; row++) {
                    Choice c = chosen[row];
                    int i = alive[row];
                    sums[i] += c.logProbability;
                    finished[i] = c.token == stop;
                    if (!finished[i]) {
                        tokens.get(i).add(c.token);
                        rows[left] = row;
                        next[left++] = c.token;
                    }
                }
                if (left < alive.length) {
                    rows = Arrays.copyOf(rows, left);
                    next = Arrays.copyOf(next, left);
                    alive = Arrays.stream(rows).map(at(alive)).toArray();
                    if (left > 0 && step + 1 < most) {
                        model.keep(rows);
                    }
                }
            }
        }
        List<Hypothesis> all = new ArrayList<>();
        for (int i = 0; i < n; i++) {
            all.add(new Hypothesis(tokens.get(i), sums[i], sums[i], finished[i]));
        }
        return List.copyOf(all);
    }

    private static IntUnaryOperator at(int[] values) {
        return i -> values[i];
    }
}

package dev.fathom.decode;

import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Sorted;
import dev.fathom.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * What searches share: the settings of when to stop, one checked step of a model, and writing one sequence for each
 * row.
 */
final class SequenceRows {
    private SequenceRows() {}

    /** The most probable tokens of every row, the best first: [rows, k] each, of equals the lowest token first. */
    record Best(int k, int[] tokens, float[] logProbabilities) {}

    static void check(String search, int stop, int maxTokens) {
        if (stop < NO_STOP) {
            throw new IllegalArgumentException(
                    search + ": stop=" + stop + " is no token; give its number, or -1 if there is none");
        }
        if (maxTokens < 1) {
            throw new IllegalArgumentException(
                    search + ": maxTokens=" + maxTokens + " is the largest number of tokens; give 1 or more");
        }
    }

    /** The stop symbol where there is none. */
    static final int NO_STOP = -1;

    /** Prompts of one token each. */
    static int[][] prompts(int... starts) {
        return Arrays.stream(starts).mapToObj(start -> new int[] {start}).toArray(int[][]::new);
    }

    static void checkPrompts(String search, int[][] prompts) {
        if (prompts.length == 0) {
            throw new IllegalArgumentException(
                    search + ": there is nothing to start from; give a start symbol or a prompt for each row");
        }
        for (int i = 0; i < prompts.length; i++) {
            if (prompts[i].length == 0) {
                throw new IllegalArgumentException(search + ": prompt " + i
                        + " is empty, and nothing can be predicted from it; give a start symbol at least");
            }
        }
    }

    /** The tokens that the rows read first. */
    static int[] first(int[][] prompts) {
        return Arrays.stream(prompts).mapToInt(prompt -> prompt[0]).toArray();
    }

    /** Moves the rows of the model's state, unless they stay where they are. */
    static void reorder(NextToken model, int[] parents, int rows) {
        boolean same = parents.length == rows;
        for (int i = 0; i < parents.length && same; i++) {
            same = parents[i] == i;
        }
        if (!same) {
            model.reorder(parents);
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

    /** The k most probable tokens of each row, or all of them if there are fewer or k is 0. */
    static Best best(String search, Tensor logits, int k, int step) {
        int vocabulary = logits.dim(1);
        Sorted best = logits.logSoftmax(1).topk(1, k == 0 ? vocabulary : Math.min(k, vocabulary));
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

    /** How tokens are chosen. */
    interface Policy {
        /**
         * Chooses for one row: the place among the best tokens of all rows. {@code written} counts the tokens that its
         * sequence has behind the prompt.
         */
        int choose(Best best, int row, int sequence, int written);

        /** What a row is chosen by, made of its logits in place; the sequence has these tokens, after its prompt. */
        default void rescore(float[] logits, int from, int to, int[] prompt, List<Integer> written) {}

        /** Whether {@link #rescore} does anything. */
        default boolean rescores() {
            return false;
        }

        /** Whether a sequence is finished, beside the stop symbol. */
        default boolean ends(List<Integer> written) {
            return false;
        }
    }

    /**
     * Writes a sequence behind each prompt, choosing token by token among the {@code k} best. What a model does not
     * read at once of its prompt a row reads while others may be writing, and it leaves the batch when its sequence is
     * finished.
     */
    static List<Hypothesis> write(
            String search, NextToken model, int[][] prompts, int stop, int maxTokens, int k, Policy policy) {
        Writing writing = new Writing(search, model, prompts, stop, maxTokens, k, policy);
        while (writing.step()) {}
        return IntStream.range(0, prompts.length).mapToObj(writing::result).toList();
    }

    /** What {@link #write} does, step by step. */
    static final class Writing {
        private final String search;
        private final NextToken model;
        private final int[][] prompts;
        private final int stop;
        private final int maxTokens;
        private final int k;
        private final Policy policy;
        private final int[][] rest;
        private final List<List<Integer>> tokens = new ArrayList<>();
        private final double[] sums;
        private final boolean[] finished;
        private int[] alive;
        private int[] next;
        private int step;

        /** Reads what the model reads at once of the prompts. */
        Writing(String search, NextToken model, int[][] prompts, int stop, int maxTokens, int k, Policy policy) {
            checkPrompts(search, prompts);
            this.search = search;
            this.model = model;
            this.prompts = prompts;
            this.stop = stop;
            this.maxTokens = maxTokens;
            this.k = k;
            this.policy = policy;
            rest = model.prefill(prompts);
            int n = prompts.length;
            sums = new double[n];
            finished = new boolean[n];
            for (int i = 0; i < n; i++) {
                tokens.add(new ArrayList<>());
            }
            alive = IntStream.range(0, n).toArray();
            next = first(rest);
        }

        /** The tokens of a sequence so far, behind its prompt. */
        List<Integer> written(int sequence) {
            return Collections.unmodifiableList(tokens.get(sequence));
        }

        /** A sequence so far. */
        Hypothesis result(int i) {
            return new Hypothesis(tokens.get(i), sums[i], sums[i], finished[i]);
        }

        /** Reads or writes a token of each sequence that is not finished, and returns whether there was one. */
        boolean step() {
            if (alive.length == 0) {
                return false;
            }
            try (Pass pass = Pass.infer()) {
                Tensor logits = logits(search, model, next, stop);
                boolean reading = Arrays.stream(alive).allMatch(i -> step + 1 < rest[i].length);
                if (!reading && policy.rescores()) {
                    float[] all = logits.toArray();
                    int vocabulary = logits.dim(1);
                    for (int row = 0; row < alive.length; row++) {
                        int from = row * vocabulary;
                        policy.rescore(all, from, from + vocabulary, prompts[alive[row]], tokens.get(alive[row]));
                    }
                    logits = Tensor.of(all, alive.length, vocabulary);
                }
                advance(reading ? null : best(search, logits, k, step));
            }
            step++;
            return true;
        }

        /** Gives each row its next token, of its prompt or of the best, and lets those leave that are finished. */
        private void advance(@Nullable Best best) {
            int[] rows = new int[alive.length];
            int left = 0;
            for (int row = 0; row < alive.length; row++) {
                int i = alive[row];
                int token;
                if (best == null || step + 1 < rest[i].length) {
                    token = rest[i][step + 1];
                } else {
                    List<Integer> written = tokens.get(i);
                    int at = policy.choose(best, row, i, written.size());
                    token = best.tokens[at];
                    sums[i] += best.logProbabilities[at];
                    finished[i] = token == stop;
                    if (finished[i]) {
                        continue;
                    }
                    written.add(token);
                    finished[i] = policy.ends(Collections.unmodifiableList(written));
                    if (finished[i] || written.size() == maxTokens) {
                        continue;
                    }
                }
                next[left] = token;
                alive[left] = i;
                rows[left++] = row;
            }
            if (left > 0) {
                reorder(model, Arrays.copyOf(rows, left), alive.length);
            }
            next = Arrays.copyOf(next, left);
            alive = Arrays.copyOf(alive, left);
        }
    }
}

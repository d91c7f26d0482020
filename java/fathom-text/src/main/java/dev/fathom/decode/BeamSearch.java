package dev.fathom.decode;

import dev.fathom.tree.Records;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Looks for the sequence with the best score, keeping the {@code width} most probable beginnings at every step. A
 * beginning that the stop symbol ends keeps its place among them, so that the search goes on with one fewer, and ends
 * when none is left or {@code maxTokens} tokens are written (Sutskever et al. 2014). The results are ranked by their
 * log-probability divided by a {@link LengthPenalty}.
 *
 * <p>A beam of 1 is {@link Greedy}. A beam at least as wide as the number of possible sequences finds the best one.
 * Where there are fewer beginnings than the beam is wide, because the vocabulary is small, all of them are kept.
 *
 * <p>All beginnings of all sentences are rows of one batch. Of equals, what was better at the step before comes first,
 * and then the lower token.
 *
 * @param width the number of beginnings that are kept for each sentence
 * @param stop the token that ends a sequence, or -1 if there is none
 * @param maxTokens the largest number of tokens
 * @param penalty divides log-probabilities by a function of the length; none by default
 */
public record BeamSearch(int width, int stop, int maxTokens, LengthPenalty penalty) {
    /**
     * Checks the settings.
     *
     * @throws IllegalArgumentException if width or maxTokens is below 1, or stop below -1
     */
    public BeamSearch {
        SequenceRows.check("beam search", stop, maxTokens);
        if (width < 1) {
            throw new IllegalArgumentException(
                    "beam search: width=" + width + " is how many beginnings are kept; give 1 or more");
        }
    }

    /** Makes a search that ranks hypotheses by their probability, without a penalty for the length. */
    public BeamSearch(int width, int stop, int maxTokens) {
        this(width, stop, maxTokens, LengthPenalty.none());
    }

    /** Returns this search with another penalty for the length. */
    public BeamSearch penalty(LengthPenalty p) {
        return Records.with(this, "penalty", p);
    }

    /**
     * A beginning that is alive: what was written, the token that it reads next, and the row of the model's state
     * behind which that token comes.
     */
    private record Beginning(List<Integer> written, double logProbability, int token, int row) {}

    /**
     * One more token for a beginning, which is row {@code row} of the step; the better of a sentence's beginnings have
     * the lower rows.
     */
    private record Candidate(Beginning of, int row, int token, double logProbability) {}

    private static final Comparator<Candidate> BEST = Comparator.comparingDouble((Candidate c) -> -c.logProbability)
            .thenComparingInt(Candidate::row)
            .thenComparingInt(Candidate::token);

    /**
     * Returns for each start symbol the hypotheses of its beam, at most {@code width}, the best first. Those that the
     * limit cut off are among them and say so.
     *
     * @throws IllegalArgumentException if there is no start symbol, stop is outside the vocabulary, a logit is NaN or
     *     +Infinity, or all logits of a row are -Infinity, or the beams have more logits than a tensor
     */
    public List<List<Hypothesis>> of(NextToken model, int... starts) {
        return after(model, SequenceRows.prompts(starts));
    }

    /**
     * Returns for each prompt the hypotheses of the beam that goes on from it, without the prompt. What the model does
     * not read at once ({@link NextToken#prefill}) it reads token by token, all prompts in one batch. Each row starts
     * to write when its own prompt ends, while longer prompts are still being read.
     *
     * @throws IllegalArgumentException as {@link #of}, or if a prompt is empty
     */
    public List<List<Hypothesis>> after(NextToken model, int[]... prompts) {
        SequenceRows.checkPrompts("beam search", prompts);
        int[][] rest = model.prefill(prompts);
        int n = prompts.length;
        List<List<Hypothesis>> done = new ArrayList<>();
        List<List<Beginning>> alive = new ArrayList<>();
        for (int i = 0; i < n; i++) {
            done.add(new ArrayList<>());
            alive.add(List.of(new Beginning(List.of(), 0, rest[i][0], i)));
        }
        int[] tokens = SequenceRows.first(rest);
        try (Choices best = new Choices("beam search", stop, width)) {
            for (int step = 0; tokens.length > 0; step++) {
                best.read(model, tokens);
                best.choose(step);
                List<Beginning> all = new ArrayList<>();
                int row = 0;
                for (int i = 0; i < n; i++) {
                    List<Beginning> from = alive.get(i);
                    List<Beginning> kept = step + 1 < rest[i].length
                            ? List.of(new Beginning(List.of(), 0, rest[i][step + 1], row))
                            : longer(from, row, best, done.get(i));
                    row += from.size();
                    alive.set(i, kept);
                    all.addAll(kept);
                }
                check(all.size(), best.vocabulary());
                tokens = all.stream().mapToInt(Beginning::token).toArray();
                if (tokens.length > 0) {
                    SequenceRows.reorder(
                            model, all.stream().mapToInt(Beginning::row).toArray(), row);
                }
            }
        }
        done.forEach(ranked ->
                ranked.sort(Comparator.comparingDouble(h -> -h.score()))); // stable: of equals, what ended first
        return done.stream().map(List::copyOf).toList();
    }

    /**
     * The beginnings of a sentence with one more token each; what ends is added to {@code done}. They are in the rows
     * from {@code row} on.
     */
    private List<Beginning> longer(List<Beginning> from, int row, Choices best, List<Hypothesis> done) {
        List<Beginning> kept = new ArrayList<>();
        List<Hypothesis> cut = new ArrayList<>();
        for (Candidate c : candidates(from, row, best, width - done.size())) {
            List<Integer> written = new ArrayList<>(c.of.written);
            int length = written.size() + 1;
            if (c.token == stop) {
                done.add(ended(written, c.logProbability, length, true));
                continue;
            }
            written.add(c.token);
            if (length == maxTokens) {
                cut.add(ended(written, c.logProbability, length, false));
            } else {
                kept.add(new Beginning(written, c.logProbability, c.token, c.row));
            }
        }
        done.addAll(cut);
        return kept;
    }

    private static void check(int rows, int vocabulary) {
        if ((long) rows * vocabulary > Integer.MAX_VALUE) {
            throw new IllegalArgumentException("beam search: " + rows + " beginnings over a vocabulary of " + vocabulary
                    + " have more logits than a tensor holds; choose a smaller width, or fewer prompts in one batch");
        }
    }

    private Hypothesis ended(List<Integer> tokens, double logProbability, int length, boolean finished) {
        return new Hypothesis(tokens, logProbability, logProbability / penalty.of(length), finished);
    }

    /** The best {@code n} of what may come next; what is forbidden is none. */
    private static List<Candidate> candidates(List<Beginning> alive, int firstRow, Choices best, int n) {
        List<Candidate> all = new ArrayList<>();
        int row = firstRow;
        for (Beginning b : alive) {
            for (int at = row * best.k(); at < (row + 1) * best.k(); at++) {
                double sum = b.logProbability + best.logProbability(at);
                if (sum > Double.NEGATIVE_INFINITY) {
                    all.add(new Candidate(b, row, best.token(at), sum));
                }
            }
            row++;
        }
        all.sort(BEST);
        return all.subList(0, Math.min(n, all.size()));
    }
}

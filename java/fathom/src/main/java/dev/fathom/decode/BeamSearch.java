package dev.fathom.decode;

import dev.fathom.tensor.Pass;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/**
 * Looks for the sequence with the best score, keeping the {@code width} most probable beginnings at every step. A beginning that the stop symbol ends
 * keeps its place among them, so that the search goes on with one less, and ends when none is left or {@code most} tokens are written (Sutskever et al.
 * 2014). The results are ranked by their log-probability divided by a {@link LengthPenalty}.
 *
 * <p>A beam of 1 is {@link Greedy}. A beam as wide as there are sequences of at most {@code most} tokens finds the best one. Where there are fewer
 * beginnings than the beam is wide, because the vocabulary is small, all of them are kept.
 *
 * <p>All beginnings of all sentences are rows of one batch. Of equals, what was better at the step before comes first, and then the lower token.
 *
 * @param width the number of beginnings that are kept for each sentence
 * @param stop the token that ends a sequence, or -1 if there is none
 * @param most the largest number of tokens
 * @param penalty for the length, 1 by default
 */
public record BeamSearch(int width, int stop, int most, LengthPenalty penalty) {
    /**
     * Checks the settings.
     *
     * @throws IllegalArgumentException if width or most is below 1, or stop below -1
     */
    public BeamSearch {
        Rows.check("beam search", stop, most);
        if (width < 1) {
            throw new IllegalArgumentException(
                    "beam search: width=" + width + " is how many beginnings are kept; give 1 or more");
        }
    }

    /** Ranks by probability. */
    public BeamSearch(int width, int stop, int most) {
        this(width, stop, most, LengthPenalty.none());
    }

    /** Returns this search with another penalty for the length. */
    public BeamSearch penalty(LengthPenalty p) {
        return new BeamSearch(width, stop, most, p);
    }

    /** A beginning that is alive: what was written, and its row in the model's state. */
    private record Beginning(Hypothesis written, int row) {}

    /** One more token for a beginning; {@code rank} is that of the beginning among those of its sentence. */
    private record Candidate(Beginning of, int rank, int token, double logProbability) {}

    private static final Comparator<Candidate> BEST = Comparator.comparingDouble((Candidate c) -> -c.logProbability)
            .thenComparingInt(Candidate::rank)
            .thenComparingInt(Candidate::token);

    /**
     * Returns for each start symbol the hypotheses of its beam, at most {@code width}, the best first. Those that the limit cut off are among them and
     * say so.
     *
     * @throws IllegalArgumentException if there is no start symbol, stop is outside the vocabulary, or a logit is NaN or infinite
     */
    public List<List<Hypothesis>> of(NextToken model, int... starts) {
        Rows.checkStarts("beam search", starts);
        List<List<Hypothesis>> done = new ArrayList<>();
        List<List<Beginning>> alive = new ArrayList<>();
        for (int i = 0; i < starts.length; i++) {
            done.add(new ArrayList<>());
            alive.add(List.of(new Beginning(new Hypothesis(List.of(), 0, 0, false), i)));
        }
        int[] tokens = starts.clone();
        for (int step = 0; step < most && tokens.length > 0; step++) {
            try (Pass pass = Pass.infer()) {
                Rows.Best best = Rows.best("beam search", Rows.logits("beam search", model, tokens, stop), width, step);
                int[] next = new int[starts.length * width];
                int[] parents = new int[next.length];
                int rows = 0;
                for (int i = 0; i < starts.length; i++) {
                    List<Beginning> kept = new ArrayList<>();
                    for (Candidate c :
                            candidates(alive.get(i), best, width - done.get(i).size())) {
                        Hypothesis written = c.of.written;
                        boolean stops = c.token == stop;
                        if (stops) {
                            done.get(i).add(ended(written.tokens(), c.logProbability, step + 1, true));
                        } else {
                            List<Integer> longer = new ArrayList<>(written.tokens());
                            longer.add(c.token);
                            next[rows] = c.token;
                            parents[rows] = c.of.row;
                            kept.add(new Beginning(new Hypothesis(longer, c.logProbability, 0, false), rows++));
                        }
                    }
                    alive.set(i, kept);
                }
                tokens = Arrays.copyOf(next, rows);
                if (rows > 0 && step + 1 < most) {
                    model.keep(Arrays.copyOf(parents, rows));
                }
            }
        }
        List<List<Hypothesis>> all = new ArrayList<>();
        for (int i = 0; i < starts.length; i++) {
            List<Hypothesis> ranked = done.get(i);
            for (Beginning b : alive.get(i)) {
                ranked.add(ended(b.written.tokens(), b.written.logProbability(), most, false));
            }
            ranked.sort(Comparator.comparingDouble(h -> -h.score())); // stable: of equals, what ended first
            all.add(List.copyOf(ranked));
        }
        return List.copyOf(all);
    }

    private Hypothesis ended(List<Integer> tokens, double logProbability, int length, boolean finished) {
        return new Hypothesis(tokens, logProbability, logProbability / penalty.of(length), finished);
    }

    /** The best {@code n} of what may come next; what is forbidden is none. */
    private static List<Candidate> candidates(List<Beginning> alive, Rows.Best best, int n) {
        List<Candidate> all = new ArrayList<>();
        for (int rank = 0; rank < alive.size(); rank++) {
            Beginning b = alive.get(rank);
            for (int at = b.row * best.k(); at < (b.row + 1) * best.k(); at++) {
                double sum = b.written.logProbability() + best.logProbabilities()[at];
                if (sum > Double.NEGATIVE_INFINITY) {
                    all.add(new Candidate(b, rank, best.tokens()[at], sum));
                }
            }
        }
        all.sort(BEST);
        return all.subList(0, Math.min(n, all.size()));
    }
}

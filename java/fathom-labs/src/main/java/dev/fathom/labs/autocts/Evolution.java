package dev.fathom.labs.autocts;

import static dev.fathom.experiments.pages.Findings.line;

import dev.fathom.experiments.Lab;
import dev.fathom.search.Result;
import dev.fathom.search.Search;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * The search of AutoCTS+: in each round, a copy of the comparator learns from all candidates that were trained so far,
 * a genetic search looks for others that win against them, and those that win most are trained.
 *
 * @param search trains the candidates
 * @param rounds how often the comparator learns anew
 * @param generations of the genetic search of a round
 * @param each how many candidates are trained in a round
 */
record Evolution(Lab lab, JointSearch search, int rounds, int generations, int each) {
    private static final int POPULATION = 20;

    /**
     * What evolution found.
     *
     * @param trained the candidates that were trained, in their order; at least one
     * @param asked how many candidates the comparator was asked about
     */
    record Found(List<Measured> trained, int asked) {
        /** The candidate with the smallest error. */
        Measured best() {
            return Collections.min(trained, Comparator.comparingDouble(Measured::best));
        }
    }

    /**
     * Evolves candidates.
     *
     * @param pretrained a comparator, which stays as it is
     * @param random the trained candidates to begin with
     */
    Found evolve(ComparatorTraining pretrained, List<Measured> random) {
        List<Measured> known = new ArrayList<>(random);
        Set<Candidate> tried = new HashSet<>();
        random.forEach(m -> tried.add(m.candidate()));
        int asked = 0;
        for (int round = 1; round <= rounds; round++) {
            long seed = lab.seed() + tried.size();
            List<Result> bred;
            try (ComparatorTraining comparator = pretrained.copy(seed)) {
                comparator.learn(lab, known, lab.of(10, 3));
                bred = bred(comparator, known, seed);
            }
            List<Candidate> winners = bred.stream()
                    .sorted(Comparator.comparingDouble(Result::score))
                    .map(r -> Candidate.of(r.trial().point()))
                    .distinct()
                    .filter(c -> !tried.contains(c))
                    .limit(each)
                    .toList();
            asked += bred.size();
            tried.addAll(winners);
            known.addAll(search.trained(line("round %d, candidate", round), winners, seed));
        }
        if (known.size() == random.size()) {
            throw new IllegalArgumentException("autocts: no evolved candidate has an error that is finite; check the "
                    + "series for values that are not finite");
        }
        return new Found(List.copyOf(known.subList(random.size(), known.size())), asked);
    }

    /** Breeds candidates whose score is the share of a pool to which they lose, as the comparator expects. */
    private List<Result> bred(ComparatorTraining comparator, List<Measured> pool, long seed) {
        return Search.minimize(Candidate.SPACE, trial -> {
                    var asked = new Measured(Candidate.of(trial.point()), new double[] {0});
                    return comparator.predicted(List.of(asked), pool)[0];
                })
                .seed(seed)
                .workers(1)
                .genetic(POPULATION, generations)
                .all();
    }
}

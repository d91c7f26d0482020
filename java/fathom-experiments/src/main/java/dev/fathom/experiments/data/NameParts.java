package dev.fathom.experiments.data;

import dev.fathom.tensor.Rng;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Names split at random: 80 % for training, 10 % for validation and 10 % for the test.
 *
 * @param all names in the order of the file; a name that occurs twice may be in two parts
 */
public record NameParts(List<String> all, List<String> training, List<String> validation, List<String> test) {
    private static final int FEWEST = 100;

    /**
     * Splits at most {@code most} names.
     *
     * @throws IllegalArgumentException if there are too few for three parts
     */
    public static NameParts of(List<String> names, long seed, int most) {
        if (names.size() < FEWEST) {
            throw new IllegalArgumentException("names.txt has " + names.size() + " names, but at least " + FEWEST
                    + " are needed for training, validation and test; give a longer list");
        }
        int n = Math.min(most, names.size());
        int[] order = new Rng(seed).split("names").permutation(names.size());
        List<String> drawn = new ArrayList<>();
        for (int i = 0; i < n; i++) {
            drawn.add(names.get(order[i]));
        }
        return new NameParts(
                names,
                drawn.subList(0, n / 10 * 8),
                drawn.subList(n / 10 * 8, n / 10 * 9),
                drawn.subList(n / 10 * 9, n));
    }

    /** The names of the test that are not in the training set. */
    public List<String> unseen() {
        Set<String> seen = new HashSet<>(training);
        return test.stream().filter(name -> !seen.contains(name)).toList();
    }
}

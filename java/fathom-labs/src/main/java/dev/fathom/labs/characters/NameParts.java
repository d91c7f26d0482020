package dev.fathom.labs.characters;

import dev.fathom.tensor.Rng;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Names dealt out by chance: 80 % to learn from, 10 % to choose the best epoch by, 10 % for the test.
 *
 * @param all of them, in the order of the file; a name that stands there twice may be in two parts
 */
record NameParts(List<String> all, List<String> learn, List<String> choose, List<String> test) {
    private static final int FEWEST = 100;

    /**
     * Deals out at most so many.
     *
     * @throws IllegalArgumentException if there are too few for three parts
     */
    static NameParts of(List<String> names, long seed, int most) {
        if (names.size() < FEWEST) {
            throw new IllegalArgumentException("names.txt has " + names.size() + " names, but at least " + FEWEST
                    + " are needed to learn from some and hold out others; give more");
        }
        int n = Math.min(most, names.size());
        int[] order = new Rng(seed).split("names").permutation(names.size());
        List<String> dealt = new ArrayList<>();
        for (int i = 0; i < n; i++) {
            dealt.add(names.get(order[i]));
        }
        return new NameParts(
                names,
                dealt.subList(0, n / 10 * 8),
                dealt.subList(n / 10 * 8, n / 10 * 9),
                dealt.subList(n / 10 * 9, n));
    }

    /** The names of the test from which no model learned. */
    List<String> unseen() {
        Set<String> seen = new HashSet<>(learn);
        return test.stream().filter(name -> !seen.contains(name)).toList();
    }
}

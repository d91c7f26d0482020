package dev.fathom.decode;

import java.util.Arrays;

/**
 * What searches share: the settings of when to stop, one checked step of a model, and writing one sequence for each
 * row.
 */
final class SequenceRows {
    private SequenceRows() {}

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
}

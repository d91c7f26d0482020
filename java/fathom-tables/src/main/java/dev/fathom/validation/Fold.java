package dev.fathom.validation;

import dev.fathom.data.Dataset;
import dev.fathom.table.Table;
import java.util.BitSet;

/**
 * The numbers of the rows to learn from and of those to test on. {@link Folds} makes lists of them, and anything that
 * has rows can be divided by one:
 *
 * <pre>{@code
 * for (Fold fold : Folds.of(data.size(), 5, 1)) {
 *   var parts = fold.of(data);                              // parts.rest() to learn from, parts.heldOut() to test on
 *   ...
 * }
 * }</pre>
 *
 * @param train the rows to learn from; a bootstrap sample has some of them several times
 * @param test the rows to test on, none of which is in {@code train}
 */
public record Fold(int[] train, int[] test) {
    /**
     * Keeps both arrays without a copy.
     *
     * @throws IllegalArgumentException if one is empty, a number is negative, or a row is in both
     */
    public Fold {
        if (train.length == 0 || test.length == 0) {
            throw new IllegalArgumentException("fold: there are " + train.length + " rows to learn from and "
                    + test.length + " to test on; give at least one of each");
        }
        BitSet learned = new BitSet();
        for (int row : train) {
            learned.set(checked(row));
        }
        for (int row : test) {
            if (learned.get(checked(row))) {
                throw new IllegalArgumentException("fold: row " + row
                        + " is to be learned from and tested on; a test tells nothing about rows that "
                        + "were learned, so leave it out of one part");
            }
        }
    }

    private static int checked(int row) {
        if (row < 0) {
            throw new IllegalArgumentException("fold: row " + row + " does not exist; rows count from 0");
        }
        return row;
    }

    /**
     * Returns the two parts of a dataset, over its memory: {@code rest} to learn from and {@code heldOut} to test on.
     * Close both.
     *
     * @throws IllegalArgumentException if the dataset lacks one of the rows
     */
    public Dataset.Split of(Dataset data) {
        Dataset rest = data.subset(train);
        try {
            return new Dataset.Split(rest, data.subset(test));
        } catch (RuntimeException e) {
            rest.close();
            throw e;
        }
    }

    /**
     * Returns the two parts of a table: {@code rest} to learn from, also means and categories by an encoder, and
     * {@code heldOut} to test on.
     *
     * @throws IllegalArgumentException if the table lacks one of the rows
     */
    public Table.Split of(Table table) {
        return new Table.Split(table.subset(train), table.subset(test));
    }

    /** Returns a short form such as {@code fold of 80 rows to learn from, 20 to test on}. */
    @Override
    public String toString() {
        return "fold of " + train.length + (train.length == 1 ? " row" : " rows") + " to learn from, " + test.length
                + " to test on";
    }
}

/**
 * Search over hyperparameters and architectures: a {@link dev.fathom.search.Space} says what may be chosen, an
 * {@link dev.fathom.search.Objective} scores a {@link dev.fathom.search.Trial}, and {@link dev.fathom.search.Search}
 * tries points on a grid, at random, by a genetic algorithm, by successive halving, or as a
 * {@link dev.fathom.search.ScoreRegressor} predicts.
 *
 * <p>A strategy only makes lists of points and reads their scores. One class runs them, side by side, and keeps them in
 * a file, so that every strategy is resumed and survives failing trials in the same way. Trials have numbers, and seeds
 * made of them, before they run; a strategy waits for all trials of its list. So the table does not depend on which
 * trial is finished first. Values are texts as they stand in the file, which no rounding changes.
 *
 * <p>Rejected: searches that choose the next trial as soon as a worker is free (their tables depend on the clock), and
 * trials in processes of their own (a training on one thread disturbs no other). Times are not in the table, because
 * they differ from run to run.
 */
@org.jspecify.annotations.NullMarked
package dev.fathom.search;

/**
 * How well a way of learning does on rows that it has not seen, and whether a difference is more than chance.
 * {@link dev.fathom.validation.Folds} divides rows into those to learn from and those to test on, and cross-validates;
 * {@link dev.fathom.validation.LearningCurve} learns from sets of growing size,
 * {@link dev.fathom.validation.PermutationImportance} shuffles one feature after the other, and
 * {@link dev.fathom.validation.McNemar} compares two classifiers.
 *
 * <p>A fold is two lists of row numbers, which a dataset or a table turns into two parts over the same memory. What
 * learns and scores is an {@link dev.fathom.validation.Evaluation}, a function of two datasets, so that nets, ensembles
 * and models of other libraries are validated in the same way.
 *
 * <p>A score that is NaN is refused with a sentence, which names the fold, the size or the feature.
 *
 * <p>Rejected: splitters as objects with state (a list of folds can be printed, shared and kept), and a trainer that
 * trains folds by itself (an evaluation says how, in a few lines).
 */
@org.jspecify.annotations.NullMarked
package dev.fathom.validation;

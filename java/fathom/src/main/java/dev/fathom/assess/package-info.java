/**
 * How good a model is, and whether a difference is more than chance. {@link dev.fathom.assess.Folds} divides rows into
 * those to learn from and those to test on; {@link dev.fathom.assess.Classification} has the answers of a classifier,
 * and from it come its {@link dev.fathom.assess.ConfusionMatrix}, the {@link dev.fathom.assess.Ranking} of one class
 * with ROC and precision-recall curves, and its {@link dev.fathom.assess.Calibration};
 * {@link dev.fathom.assess.Regression} has the errors of numbers; {@link dev.fathom.assess.McNemar} compares two
 * classifiers, {@link dev.fathom.assess.LearningCurve} sets of growing size, and
 * {@link dev.fathom.assess.PermutationImportance} features.
 *
 * <p>Everything works on plain arrays of what models answered, in double precision, so that it does not matter where
 * the answers come from: a model, a plan, an ensemble, another library. A fold is two lists of row numbers, which a
 * dataset or a table turns into two parts over the same memory. What trains a model is a
 * {@link dev.fathom.assess.Evaluation}, a function of two datasets, so that no part of this package knows the trainer.
 * What a trainer shows while it trains are the figures of {@code train.Metric}, which are means over examples; what is
 * no mean, such as an area under a curve, is found here after an epoch.
 *
 * <p>A figure that is not defined is not guessed. Where a table of classes has figures that some classes lack, it is
 * NaN, so that the others can be read ({@link dev.fathom.assess.ConfusionMatrix}); elsewhere one class only, an empty
 * set or a score that is NaN is refused with a sentence. scikit-learn gives 0 in some of these cases.
 *
 * <p>Rejected: figures as static functions of (labels, predictions), each of which checks and sorts the same arrays
 * anew; options such as {@code average=} by name (an average takes the figure as a function of the class); splitters as
 * objects with state; a trainer that trains folds by itself (an evaluation says how, in a few lines).
 */
@org.jspecify.annotations.NullMarked
package dev.fathom.assess;

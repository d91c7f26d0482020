/**
 * How good the answers of a model are. {@link dev.fathom.assess.Classification} has the answers of a classifier, and
 * from it come its {@link dev.fathom.assess.ConfusionMatrix}, the {@link dev.fathom.assess.Ranking} of one class with
 * ROC and precision-recall curves, and its {@link dev.fathom.assess.Calibration}; {@link dev.fathom.assess.Regression}
 * has the errors of numbers.
 *
 * <p>Everything works on plain arrays of what models answered, in double precision, so that it does not matter where
 * the answers come from: a model, a plan, an ensemble, another library. What a trainer shows while it trains are the
 * figures of {@code train.Metric}, which are means over examples; what is no mean, such as an area under a curve, is
 * found here after an epoch. The package {@code validation} divides rows into those to learn from and those to test on.
 *
 * <p>A figure that is not defined is not guessed. Where a table of classes has figures that some classes lack, it is
 * NaN, so that the others can be read ({@link dev.fathom.assess.ConfusionMatrix}); elsewhere one class only, an empty
 * set or a score that is NaN is refused with a sentence. scikit-learn gives 0 in some of these cases.
 *
 * <p>Rejected: figures as static functions of (labels, predictions), each of which checks and sorts the same arrays
 * anew, and options such as {@code average=} by name (an average takes the figure as a function of the class).
 */
@org.jspecify.annotations.NullMarked
package dev.fathom.assess;

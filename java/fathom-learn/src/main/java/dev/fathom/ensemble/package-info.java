/**
 * Several models as one: {@link dev.fathom.ensemble.Bagging}, {@link dev.fathom.ensemble.Stacking},
 * {@link dev.fathom.ensemble.AdaBoost} and {@link dev.fathom.ensemble.ResidualBoosting}. Each is a
 * {@link dev.fathom.features.Learner} made of learners, networks among them, so that ensembles can be members of
 * ensembles. {@link dev.fathom.ensemble.Diversity} says how much members differ, and {@link dev.fathom.ensemble.Timing}
 * what their parallel training gains.
 *
 * <p>Members that do not need each other are trained side by side by {@link dev.fathom.train.Workers}, each on one
 * thread; their seeds come from the seed of the ensemble and their number, so that the number of workers changes
 * nothing. Boosting is sequential by its nature.
 */
@org.jspecify.annotations.NullMarked
package dev.fathom.ensemble;

/**
 * One network taught on images: the {@link dev.fathom.experiments.training.Recipe} by which it learns, the
 * {@link dev.fathom.experiments.training.Training} that leaves a folder with a page, and the
 * {@link dev.fathom.experiments.training.TrainedEntry} that is compared.
 */
@org.jspecify.annotations.NullMarked
package dev.fathom.experiments.training;

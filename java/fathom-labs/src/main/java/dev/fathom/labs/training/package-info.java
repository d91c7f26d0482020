/**
 * One network taught on images: the {@link dev.fathom.labs.training.Recipe} by which it learns, the
 * {@link dev.fathom.labs.training.Training} that leaves a folder with a page, and the
 * {@link dev.fathom.labs.training.TrainedEntry} that is compared.
 */
@org.jspecify.annotations.NullMarked
package dev.fathom.labs.training;

/**
 * Training: the loop ({@link dev.fathom.train.Trainer}) with its history, metrics, early stopping and callbacks, and the assessment of a classifier.
 *
 * <p>A trainer is the settings; what changes while it runs is one object of its own, so that two fits never mix and a run can be written down. Of
 * the packages below it needs little that is not public (the block of values, to keep the best; an observer of the pass, to explain a loss that is
 * not finite), and its loop is the one that anyone would write: a test compares the two bit for bit.
 */
@org.jspecify.annotations.NullMarked
package dev.fathom.train;

/**
 * Training: the loop with its history, metrics, early stopping and callbacks, and the assessment of a classifier. Everything here is written with the
 * public parts of the packages below, so a loop of one's own loses nothing.
 */
@org.jspecify.annotations.NullMarked
package dev.fathom.train;

/**
 * Outliers in time series: ensembles of recurrent and of convolutional auto-encoders, and the methods that they are
 * compared with.
 */
@org.jspecify.annotations.NullMarked
package dev.fathom.labs.outliers;

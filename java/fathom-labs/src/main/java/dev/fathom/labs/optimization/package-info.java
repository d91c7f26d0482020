/**
 * How networks are optimized: optimizers, the landscape of the loss, signals at the start, activations, and learning
 * rates.
 */
@org.jspecify.annotations.NullMarked
package dev.fathom.labs.optimization;

/**
 * Optimizers and schedules. An {@link dev.fathom.optim.Optimizer} is a recipe (a record of hyperparameters); {@code on(model)} or
 * {@code on(part)} binds it to parameters and gives it its state. A step is one kernel call over the flat block.
 */
@org.jspecify.annotations.NullMarked
package dev.fathom.optim;

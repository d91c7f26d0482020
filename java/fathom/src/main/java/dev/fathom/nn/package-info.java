/**
 * Layers and models. A layer is a record whose components hold what it is made of; its formula is its {@code forward}.
 * There is no base class and nothing is registered: a {@link dev.fathom.nn.Model} walks the records, names what it
 * finds as PyTorch would, and lays it out in one flat block. {@link dev.fathom.nn.Model#replica} shares that block with
 * a tree for another thread, which has gradients of its own.
 *
 * <p>Channels come last, in pictures [N, H, W, C] as in everything else, and a {@link dev.fathom.op.Window} says how a
 * {@link dev.fathom.nn.Conv} or a pool goes over what lies between: one record serves sequences, pictures and volumes.
 * Files keep PyTorch's order of dimensions; a {@link dev.fathom.parameter.Parameter} knows both.
 *
 * <p>A {@link dev.fathom.nn.ReducedLoss} is a formula of values, one for each example or element. Mean, sum and weights
 * are applied to the values in one place, so that a formula is all that a loss adds. A {@link dev.fathom.nn.Penalty} is
 * added to a loss; limits that hold after a step belong to the optimizer's {@code Group}.
 *
 * <p>{@link dev.fathom.nn.Model#predict} runs a model over a dataset. A net that has more than one input, or no
 * {@code forward}, is called by a function of the net and a batch.
 *
 * <p>{@link dev.fathom.nn.GradientCheck} compares the gradients of any function with central differences. What
 * differentiates gradients again is in the package {@code derivative} of the module {@code dev.fathom.nets}.
 *
 * <p>Rejected: a mutable net class with registration (state hides in fields, copies are partial), and names given by
 * hand.
 */
@org.jspecify.annotations.NullMarked
package dev.fathom.nn;

/**
 * Tensors, passes and gradients. A {@link dev.fathom.tensor.Tensor} is an immutable view of off-heap memory; a {@link dev.fathom.tensor.Pass} owns
 * the tensors made in it, records on its {@link dev.fathom.tensor.Tape} what backward needs, and frees all at its close. Gradients
 * happen in {@code Backward}, which walks that tape, and in {@code Eager}, through which an op writes them. The package stands on {@code op}, {@code ops},
 * {@code memory} and {@code kernel}.
 *
 * <p>A {@link dev.fathom.tensor.Parameter} is a segment of its model's flat block, so that an optimizer
 * is one kernel call. Gradients lie in the pass, except those of parameters, which lie in a second block of the same layout: the first writer
 * stores, later ones add, and nothing is zeroed in between; so several losses, several passes and the replicas of a model on other threads sum
 * their gradients without more being said. {@link dev.fathom.tensor.GradientCheck} compares any function with central differences.
 *
 * <p>Frames give memory back early: what a net made and neither returned nor recorded is free when it returns.
 *
 * <p>Rejected: in-place methods (they need version counters on every tensor), strides on every tensor (kernels would need two of everything; slices
 * of the leading dimension and reshapes are views, the rest copies), reference counting by the collector (off-heap memory would wait for it), a
 * tensor that belongs to its first operand's scope (leaks by design), second derivatives (an op would need a recorded backward).
 */
@org.jspecify.annotations.NullMarked
package dev.fathom.tensor;

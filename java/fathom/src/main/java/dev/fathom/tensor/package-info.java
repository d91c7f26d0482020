/**
 * Tensors and passes. A {@link dev.fathom.tensor.Tensor} is an immutable view of off-heap memory, and its methods are
 * the functions of the library. A {@link dev.fathom.tensor.Pass} owns the tensors made in it, records on its
 * {@link dev.fathom.tensor.Tape} what backward needs, and frees all at its close. What they do behind these methods is
 * in {@code dev.fathom.autograd}, on which the package stands, and the ops that they run are in {@code dev.fathom.ops}.
 *
 * <p>What a net carries from step to step is a {@link dev.fathom.tensor.State}, a value of named tensors, which
 * {@link dev.fathom.tensor.KeptState} keeps in place.
 *
 * <p>Rejected: in-place methods (they need version counters on every tensor), strides on every tensor (kernels would
 * need two of everything; slices of the leading dimension and reshapes are views, the rest copies), reference counting
 * by the collector (off-heap memory would wait for it), a tensor that belongs to its first operand's scope (leaks by
 * design).
 */
@org.jspecify.annotations.NullMarked
package dev.fathom.tensor;

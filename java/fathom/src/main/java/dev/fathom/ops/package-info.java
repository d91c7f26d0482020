/**
 * The ops of the library: "the op that ..." is a record of this package, named after what it computes. Elementwise
 * functions of two inputs are rows of {@link dev.fathom.ops.Binary}; those of one input are rows of
 * {@link dev.fathom.op.Unary}, beside the activations that users name. The others are records beside their kernels:
 * shape, forward and backward in one file. Linear layers, convolutions and normalizations end in an
 * {@link dev.fathom.ops.Epilogue}.
 *
 * <p>The package stands on {@code op} and {@code kernel} and knows no tensor. Functions that take several ops are
 * methods of {@code Tensor}. The module does not export this package: its records trust what {@code Tensor} has
 * checked.
 *
 * <p>Rejected: factories here that return tensors (every op would know the pass), and one package with {@code op} (a
 * user's op would see forty records that are none of its business).
 */
@org.jspecify.annotations.NullMarked
package dev.fathom.ops;

/**
 * What an op is. An {@link dev.fathom.op.Op} is one function with its shape rule, its forward and its derivative. It
 * sees only a {@link dev.fathom.op.Call}, in backward a {@link dev.fathom.op.Grad}: shapes, addresses and commands to
 * kernels. Whoever runs it decides whether these commands run at once or are written down for a plan, so that the same
 * object serves eagerly, in backward and when frozen.
 *
 * <p>Here are also the words in which calls are made: {@link dev.fathom.op.Shape}, {@link dev.fathom.op.DType},
 * {@link dev.fathom.op.Window}, {@link dev.fathom.op.PadMode}, {@link dev.fathom.op.Resize},
 * {@link dev.fathom.op.Order} and {@link dev.fathom.op.Activation}, a row of {@link dev.fathom.op.Unary}. The ops of
 * the library are in {@code dev.fathom.ops}, and an op that a user writes needs no more than they do. The package
 * stands on {@code kernel} and knows no tensor.
 */
@org.jspecify.annotations.NullMarked
package dev.fathom.op;

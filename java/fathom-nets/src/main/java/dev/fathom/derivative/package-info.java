/**
 * Derivatives along directions and of gradients. {@link dev.fathom.derivative.Linearization} goes forward over the tape
 * of a pass, along a direction, and what it gives can be differentiated again by backward: so
 * {@link dev.fathom.derivative.GradientPenalty} has an exact gradient, and {@link dev.fathom.derivative.Curvature}
 * multiplies with the Hessian of a loss.
 *
 * <p>Two recipes follow the curvature of a loss that is evaluated again in each step:
 * {@link dev.fathom.derivative.LBfgs} (w -= t H g, with H from the last steps and t by a line search) and, for few
 * numbers, {@link dev.fathom.derivative.Newton} (w -= lr (H + damping I)^-1 g).
 *
 * <p>The tangent of an op is derived from its backward where the gradient of an input reads neither that input nor a
 * result: the op is affine in it then, and is its own tangent. The other ops of the library have rules in a table,
 * {@code Tangents}, which are formulas, and not methods of the ops, since they compute with tensors, which ops do not
 * know; those of products are there for speed. An op of a user states its own by
 * {@link dev.fathom.derivative.Tangent.Rule}. Recurrent layers and CTC have no tangent, as their gradients are kernels
 * that read what forward kept, and a kernel has no gradient.
 *
 * <p>Rejected: second derivatives by a recorded backward (every gradient would be written twice, as ops that have
 * gradients); differences of gradients (in single precision, a step that is short enough for the derivative is too
 * short for rounding, and at a kink none is right); a gradient for each element of a result, whose products with a
 * direction are exact (as many backward passes as elements, and the tangent would have no gradient itself).
 */
@org.jspecify.annotations.NullMarked
package dev.fathom.derivative;

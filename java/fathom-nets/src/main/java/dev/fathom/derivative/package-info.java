/**
 * Derivatives along directions and of gradients. {@link dev.fathom.derivative.Linearization} goes forward over the tape
 * of a pass, along a direction, and what it gives can be differentiated again by backward: so
 * {@link dev.fathom.derivative.GradientPenalty} has an exact gradient, and {@link dev.fathom.derivative.Curvature}
 * multiplies with the Hessian of a loss.
 *
 * <p>The rules of the ops are a table, {@code Tangents}, and not methods of the ops, since they compute with tensors,
 * which ops do not know. An op of a user states its own by {@link dev.fathom.derivative.Tangent.Rule}.
 *
 * <p>Rejected: second derivatives by a recorded backward (every gradient would be written twice; a rule for tangents is
 * a line).
 */
@org.jspecify.annotations.NullMarked
package dev.fathom.derivative;

/**
 * Where gradients happen: what lies below tensors and passes. A {@code Tensor} extends
 * {@link dev.fathom.autograd.Value}, which knows where the elements are, and a {@code Pass} extends
 * {@link dev.fathom.autograd.Scope}, which runs ops and owns the values that they make.
 * {@link dev.fathom.autograd.Recording} holds the calls, {@link dev.fathom.autograd.Backward} walks them from the last
 * to the first, {@code Eager} is the {@link dev.fathom.op.Grad} through which an op writes its gradients, and
 * {@link dev.fathom.autograd.Recomputation} runs a layer again on the way back.
 *
 * <p>Gradients lie in the scope, except those of parameters: a parameter is a {@link dev.fathom.autograd.Leaf}, which
 * says where its gradient lies. The first writer stores, later ones add, and nothing is zeroed in between; so several
 * losses, several passes and the replicas of a model on other threads sum their gradients without more being said.
 *
 * <p>{@link dev.fathom.autograd.Frames} give memory back early: what a net made and neither returned nor recorded is
 * free when it returns.
 *
 * <p>The module does not export this package. The state of a value changes here alone, which users of tensors neither
 * see nor need; the rest of the library comes in by {@link dev.fathom.autograd.Values},
 * {@link dev.fathom.autograd.Frames}, {@link dev.fathom.autograd.ReturnedTensors},
 * {@link dev.fathom.autograd.Recomputation}, {@link dev.fathom.autograd.EvalModes} and the static methods of
 * {@link dev.fathom.autograd.Backward}.
 *
 * <p>Rejected: a state object beside each tensor (one more allocation for each op), autograd above tensors (a method
 * such as {@code x.relu()} would have to find the tape behind an interface), second derivatives by a recorded backward
 * (every gradient would be written twice: a rule for tangents is a line, and {@code Linearization} records it).
 */
@org.jspecify.annotations.NullMarked
package dev.fathom.autograd;

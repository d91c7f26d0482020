package dev.fathom.tensor;

/**
 * An operand that serves as a weight: a {@link Tensor}, or a parameter or buffer of a net, which stands for its values.
 * Methods such as {@link Tensor#linear} take any of them, so a weight may be trained itself or computed from trained
 * parameters: {@code x.linear(weight, bias)} and {@code x.linear(left.value().matmul(right.value()), bias)}. The
 * gradient flows into all of them.
 */
public interface Operand {
    /** Returns the values as a tensor for ops. */
    Tensor value();
}

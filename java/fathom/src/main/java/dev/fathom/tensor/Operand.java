package dev.fathom.tensor;

/**
 * What an op reads as a weight: a {@link Tensor}, or a {@link Parameter} or {@link Buffer}, which stand for their values. Methods such as
 * {@link Tensor#linear} take either, so that a weight may be trained itself or computed from what is trained: {@code x.linear(weight, bias)} and
 * {@code x.linear(left.value().matmul(right.value()), bias)}. A gradient flows into both.
 */
public interface Operand {
    /** The numbers as a tensor for ops. */
    Tensor value();
}

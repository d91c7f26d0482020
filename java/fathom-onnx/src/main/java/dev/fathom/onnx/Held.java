package dev.fathom.onnx;

import dev.fathom.op.DType;
import dev.fathom.tensor.Tensor;
import java.util.stream.IntStream;

/**
 * A value that is a tensor of the pass.
 *
 * @param type as the graph has it, which may hold more than the tensor's: int64 is I32 here
 * @param last whether the tensor has the channels as its last dimension, where the graph has them at dimension 1
 */
record Held(Tensor tensor, ElementType type, boolean last) {
    /** A tensor whose dimensions stand as in the graph. */
    static Held of(Tensor tensor, ElementType type) {
        return new Held(tensor, type, false);
    }

    /** Another tensor with the layout and the type of this one. */
    Held with(Tensor other) {
        return new Held(other, type, last);
    }

    /** Another tensor with the layout of this one. */
    Held with(Tensor other, ElementType newType) {
        return new Held(other, newType, last);
    }

    /** This value with its dimensions as the graph has them. */
    Held first() {
        return last ? of(channelsFirst(), type) : this;
    }

    /** The tensor as floats. */
    Tensor floats() {
        return tensor.to(DType.F32);
    }

    int rank() {
        return tensor.shape().rank();
    }

    /** The dimensions as the graph has them. */
    int[] dims() {
        int[] dims = tensor.shape().toArray();
        return last ? IntStream.of(first(dims.length)).map(d -> dims[d]).toArray() : dims;
    }

    /** Which dimension of the tensor is dimension {@code d} of the graph's. */
    int axis(int d) {
        return last ? first(rank())[d] : d;
    }

    Tensor channelsFirst() {
        return last ? tensor.permute(first(rank())) : tensor;
    }

    Tensor channelsLast() {
        return last ? tensor : tensor.permute(last(rank()));
    }

    /** The order of dimensions by which [N, .., C] becomes [N, C, ..]. */
    static int[] first(int rank) {
        return IntStream.range(0, rank)
                .map(d -> d == 0 ? 0 : d == 1 ? rank - 1 : d - 1)
                .toArray();
    }

    /** The order of dimensions by which [N, C, ..] becomes [N, .., C]. */
    static int[] last(int rank) {
        return IntStream.range(0, rank)
                .map(d -> d == 0 ? 0 : d == rank - 1 ? 1 : d + 1)
                .toArray();
    }
}

package dev.fathom.onnx;

import dev.fathom.op.DType;
import dev.fathom.op.Shape;
import dev.fathom.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A value that is a tensor of the pass, whose dimensions may stand in another order than the graph's: images have their
 * channels last, and a transposition moves nothing until something needs its order.
 */
final class Held {
    private final Tensor tensor;
    private final ElementType type;
    /** {@code order[d]} is the dimension of the tensor that is dimension d of the graph's. */
    private final int[] order;
    /** The tensor in the graph's order, and that with its channels last, once they are made. */
    private final @Nullable Tensor[] made = new Tensor[2];

    private Held(Tensor tensor, ElementType type, int... order) {
        this.tensor = tensor;
        this.type = type;
        this.order = order;
    }

    /** A tensor whose dimensions stand as in the graph. */
    static Held of(Tensor tensor, ElementType type) {
        return new Held(tensor, type, Operator.inOrder(tensor.shape().rank()));
    }

    /** A tensor with the channels as its last dimension, where the graph has them at dimension 1. */
    static Held ofLast(Tensor tensor, ElementType type) {
        return new Held(tensor, type, first(tensor.shape().rank()));
    }

    /** Another tensor with the type of this one, and with its layout if it has as many dimensions. */
    Held with(Tensor other) {
        return with(other, type);
    }

    /** Another tensor with the layout of this one if it has as many dimensions. */
    Held with(Tensor other, ElementType newType) {
        return other.shape().rank() == rank() ? new Held(other, newType, order) : of(other, newType);
    }

    Tensor tensor() {
        return tensor;
    }

    /** Returns the type that the graph gives, which may hold more than the tensor does: an int64 is an I32 here. */
    ElementType type() {
        return type;
    }

    /** This value with its dimensions as the graph has them. */
    Held first() {
        return isFirst() ? this : of(channelsFirst(), type);
    }

    private boolean isFirst() {
        return Arrays.equals(order, Operator.inOrder(rank()));
    }

    /** Whether the channels are the last dimension. */
    boolean last() {
        return rank() > 2 && Arrays.equals(order, first(rank()));
    }

    /** The tensor as floats. */
    Tensor floats() {
        return tensor.to(DType.F32);
    }

    int rank() {
        return order.length;
    }

    /** The dimensions as the graph has them. */
    int[] dims() {
        int[] dims = new int[order.length];
        for (int d = 0; d < dims.length; d++) {
            dims[d] = tensor.dim(order[d]);
        }
        return dims;
    }

    /** Which dimension of the tensor is dimension {@code d} of the graph's. */
    int axis(int d) {
        return order[d];
    }

    private int[] axes(int... dims) {
        int[] axes = new int[dims.length];
        for (int i = 0; i < axes.length; i++) {
            axes[i] = order[dims[i]];
        }
        return axes;
    }

    Tensor channelsFirst() {
        return made(0, Operator.inOrder(rank()));
    }

    Tensor channelsLast() {
        return made(1, last(rank()));
    }

    private Tensor made(int which, int... wanted) {
        Tensor t = made[which];
        if (t == null) {
            t = arranged(wanted);
            made[which] = t;
        }
        return t;
    }

    /** The tensor whose dimension i is dimension {@code wanted[i]} of the graph's. */
    Tensor arranged(int... wanted) {
        int[] axes = axes(wanted);
        return Arrays.equals(axes, Operator.inOrder(axes.length)) ? tensor : tensor.permute(axes);
    }

    /** Returns this value with dimensions of 1 in front, so that it has at least {@code rank} of them. */
    Held raised(int rank) {
        return rank <= rank() ? this : unsqueezed(Operator.inOrder(rank - rank()));
    }

    /** Returns this value with additional dimensions of 1 at these places of the result, which are given in order. */
    Held unsqueezed(int... places) {
        int n = rank() + places.length;
        boolean first = isFirst();
        int[] all = new int[n];
        for (int d = 0, added = 0; d < n; d++) {
            boolean isNew = added < places.length && places[added] == d;
            all[d] = first ? d : isNew ? added : places.length + order[d - added];
            added += isNew ? 1 : 0;
        }
        return new Held(tensor.unsqueeze(first ? places : Operator.inOrder(places.length)), type, all);
    }

    /** Returns this value without these dimensions, each of which is 1. */
    Held squeezed(int... dims) {
        int[] axes = axes(dims);
        int[] left = IntStream.range(0, rank())
                .filter(a -> IntStream.of(axes).noneMatch(x -> x == a))
                .map(tensor::dim)
                .toArray();
        return axes.length == 0 ? this : without(tensor.reshape(left), dims);
    }

    /** Returns another tensor, which lacks these dimensions, in the layout that this value's other dimensions have. */
    Held without(Tensor other, int... dims) {
        int[] axes = axes(dims);
        int[] left = IntStream.range(0, rank())
                .filter(d -> IntStream.of(dims).noneMatch(x -> x == d))
                .map(this::axis)
                .map(a -> a - (int) IntStream.of(axes).filter(x -> x < a).count())
                .toArray();
        return new Held(other, type, left);
    }

    /**
     * Returns the value whose layout an operator of several values keeps: the largest of those that are not in order.
     */
    static Held leader(Held... values) {
        return Arrays.stream(values)
                .max(Comparator.comparing((Held h) -> !h.isFirst())
                        .thenComparing(h -> h.tensor.shape().size()))
                .orElseThrow();
    }

    /** This value's tensor in the layout of another of its rank. */
    Tensor as(Held other) {
        int[] wanted = new int[rank()];
        for (int d = 0; d < wanted.length; d++) {
            wanted[other.order[d]] = d;
        }
        return arranged(wanted);
    }

    /** This value with its dimensions in another order: dimension d is the former {@code wanted[d]}. */
    Held transposed(int... wanted) {
        return new Held(tensor, type, axes(wanted));
    }

    /**
     * Returns this value with other dimensions. It keeps its layout if the dimensions that are joined are neighbors.
     */
    Held reshaped(int... dims) {
        int[] from = dims();
        boolean fits = tensor.shape().size() > 0
                && Shape.of(from).size() == Shape.of(dims).size();
        List<Part> parts = !isFirst() && fits ? parts(from, dims) : List.of();
        if (parts.isEmpty() || !parts.stream().allMatch(this::together)) {
            return of(channelsFirst().reshape(dims), type);
        }
        parts.sort(Comparator.comparingInt(p -> axes(p)[0]));
        int[] moved =
                parts.stream().flatMapToInt(p -> IntStream.range(p.from, p.end)).toArray();
        int[] sizes = new int[dims.length];
        int[] places = new int[dims.length];
        int at = 0;
        for (Part p : parts) {
            for (int d = p.to; d < p.toEnd; d++) {
                places[d] = at;
                sizes[at++] = dims[d];
            }
        }
        return new Held(arranged(moved).reshape(sizes), type, places);
    }

    /** The dimensions from {@code from} to {@code end} become those from {@code to} to {@code toEnd}. */
    private record Part(int from, int end, int to, int toEnd) {}

    private int[] axes(Part p) {
        return IntStream.range(p.from, p.end).map(this::axis).sorted().toArray();
    }

    /** Whether no other dimension of the tensor lies between those of the part. */
    private boolean together(Part p) {
        int[] axes = axes(p);
        return axes[axes.length - 1] - axes[0] == axes.length - 1;
    }

    /** Splits a change of dimensions into the smallest parts that can be reshaped by themselves. */
    private static List<Part> parts(int[] from, int... to) {
        List<Part> parts = new ArrayList<>();
        int i = 0;
        int j = 0;
        while (i < from.length) {
            int begin = i;
            int target = j;
            long have = from[i++];
            long made = j < to.length ? to[j++] : 1;
            while (have != made) {
                if (have < made) {
                    have *= from[i++];
                } else {
                    made *= to[j++];
                }
            }
            if (i == from.length) { // what is left is 1
                j = to.length;
            }
            parts.add(new Part(begin, i, target, j));
        }
        return parts;
    }

    /** The order of dimensions by which [N, .., C] becomes [N, C, ..]. */
    static int[] first(int rank) {
        int[] order = new int[rank];
        for (int d = 1; d < rank; d++) {
            order[d] = d == 1 ? rank - 1 : d - 1;
        }
        return order;
    }

    /** The order of dimensions by which [N, C, ..] becomes [N, .., C]. */
    static int[] last(int rank) {
        int[] order = new int[rank];
        for (int d = 1; d < rank; d++) {
            order[d] = d == rank - 1 ? 1 : d + 1;
        }
        return order;
    }
}

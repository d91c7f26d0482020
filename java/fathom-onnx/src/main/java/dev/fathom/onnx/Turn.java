package dev.fathom.onnx;

import dev.fathom.op.DType;
import dev.fathom.tensor.Tensor;
import java.util.stream.IntStream;

/** Numbers of four bytes, by their bits, with their dimensions in another order, and parts of them. */
final class Turn {
    private Turn() {}

    /** The numbers of a tensor. */
    static int[] bits(Tensor t) {
        return t.dtype() == DType.F32 ? bits(t.toArray()) : t.toIntArray();
    }

    static int[] bits(float... x) {
        int[] bits = new int[x.length];
        for (int i = 0; i < bits.length; i++) {
            bits[i] = Float.floatToRawIntBits(x[i]);
        }
        return bits;
    }

    /** The numbers of a tensor of these dimensions, with order[i] in place i; copied once where nothing moves. */
    static Object of(Tensor t, int[] dims, int[] order) {
        boolean stays = IntStream.range(0, order.length).allMatch(i -> order[i] == i);
        return stays && t.dtype() == DType.F32 ? t.toArray() : of(bits(t), dims, order);
    }

    /** x [dims] with dimension order[i] in place i. */
    static int[] of(int[] x, int[] dims, int[] order) {
        int[] y = new int[x.length];
        int[] all = Array.strides(dims);
        int[] turned = new int[dims.length];
        int[] steps = new int[dims.length];
        for (int i = 0; i < order.length; i++) {
            turned[i] = dims[order[i]];
            steps[i] = all[order[i]];
        }
        walk(turned, steps, (i, place) -> y[i] = x[place]);
        return y;
    }

    /** What x holds at the places that are below {@code part} in every dimension. */
    static int[] begin(int[] x, int[] dims, int[] part) {
        int[] y = new int[IntStream.of(part).reduce(1, Math::multiplyExact)];
        walk(part, Array.strides(dims), (i, place) -> y[i] = x[place]);
        return y;
    }

    /** Whether x is {@code block} again and again along the dimensions in which that has 1. */
    static boolean repeats(int[] x, int[] dims, int[] one, int[] block) {
        int[] steps = Array.strides(one);
        for (int d = 0; d < dims.length; d++) {
            steps[d] = one[d] == 1 ? 0 : steps[d];
        }
        boolean[] differs = new boolean[1];
        walk(dims, steps, (i, place) -> differs[0] |= x[i] != block[place]);
        return !differs[0];
    }

    private interface Visitor {
        void visit(int i, int place);
    }

    /** Visits all elements of these dimensions in their order, each with its place by these steps. */
    private static void walk(int[] dims, int[] steps, Visitor visitor) {
        int n = IntStream.of(dims).reduce(1, Math::multiplyExact);
        int[] at = new int[dims.length];
        int place = 0;
        for (int i = 0; i < n; i++) {
            visitor.visit(i, place);
            for (int d = dims.length - 1; d >= 0; d--) {
                place += steps[d];
                if (++at[d] < dims[d]) {
                    break;
                }
                place -= steps[d] * dims[d];
                at[d] = 0;
            }
        }
    }
}

package dev.fathom.plan;

import dev.fathom.autograd.Values;
import dev.fathom.offheap.Block;
import dev.fathom.op.DType;
import dev.fathom.op.Shape;
import dev.fathom.ops.SliceOp;
import dev.fathom.tensor.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The constants of a plan's function, which depend on no input. Each is equal at all sizes; or a block that is repeated
 * as often as the sizes ask for, such as the zeros that a recurrence begins with, or a mask for each window of each
 * image; or the beginning of the one at the greatest length, such as learned positions.
 */
final class Constants {
    /**
     * How a constant differs from trace to trace.
     *
     * @param dims along which dimensions, bit by bit
     * @param rows of the last of them that make the block which is repeated, or 0 if there is none
     * @param begins whether each is the beginning of the greatest
     */
    private record Growth(int dims, int rows, boolean begins) {
        /** The last dimension along which it grows. */
        int last() {
            return 31 - Integer.numberOfLeadingZeros(dims);
        }
    }

    private final CallGraph first;
    private final Map<Integer, Growth> growing = new TreeMap<>();

    /** The constants of the trace at the greatest length, which stay. */
    Constants(CallGraph first) {
        this.first = first;
    }

    /**
     * Compares the constants of another trace.
     *
     * @throws IllegalStateException naming one that follows no rule
     */
    void compare(CallGraph other) {
        for (int v = 0; v < first.values.size(); v++) {
            CallGraph.Value a = first.values.get(v);
            CallGraph.Value b = other.values.get(v);
            if (a.kind() != CallGraph.Kind.WEIGHT) {
                continue;
            }
            Tensor x = a.weight();
            Tensor y = b.weight();
            boolean leaf = Values.leaf(x) != null || Values.leaf(y) != null;
            boolean alike =
                    a.dtype() == b.dtype() && a.shape().rank() == b.shape().rank();
            if (leaf ? Values.leaf(x) != Values.leaf(y) : !alike) {
                throw refused(v, other);
            }
            if (leaf || a.shape().equals(b.shape()) && equal(x, 0, y, 0, a.bytes())) {
                continue;
            }
            Growth growth = growth(a, b, growing.get(v));
            if (a.shape().equals(b.shape()) || growth.rows == 0 && !growth.begins) {
                throw refused(v, other);
            }
            growing.put(v, growth);
        }
    }

    private static Growth growth(CallGraph.Value a, CallGraph.Value b, @Nullable Growth before) {
        int dims = before == null ? 0 : before.dims;
        for (int d = 0; d < a.shape().rank(); d++) {
            dims |= a.shape().dim(d) == b.shape().dim(d) ? 0 : 1 << d;
        }
        boolean begins = (before == null || before.begins) && begins(a, b);
        Growth growth = new Growth(dims, 0, begins);
        if (dims == 0 || before != null && before.rows == 0) {
            return growth;
        }
        int last = growth.last();
        int most = gcd(a.shape().dim(last), b.shape().dim(last));
        most = before != null && before.last() == last ? gcd(most, before.rows) : most;
        return new Growth(dims, repeats(a, b, last, 1) ? 1 : repeats(a, b, last, most) ? most : 0, begins);
    }

    private static int gcd(int a, int b) {
        return b == 0 ? a : gcd(b, a % b);
    }

    private static int lastDifference(Shape a, Shape b) {
        int d = a.rank() - 1;
        while (d > 0 && a.dim(d) == b.dim(d)) {
            d--;
        }
        return d;
    }

    /** Whether both are the first rows of a, along this dimension, again and again. */
    private static boolean repeats(CallGraph.Value a, CallGraph.Value b, int last, int rows) {
        if (a.shape().size() == 0 || b.shape().size() == 0) {
            return false;
        }
        long block =
                rows * a.shape().size(last + 1, a.shape().rank()) * a.dtype().bytes();
        for (CallGraph.Value of : List.of(a, b)) {
            for (long at = 0; at < of.bytes(); at += block) {
                if (!equal(a.weight(), 0, of.weight(), at, block)) {
                    return false;
                }
            }
        }
        return true;
    }

    /** Whether b is what a holds at the places that b has. */
    private static boolean begins(CallGraph.Value a, CallGraph.Value b) {
        int last = lastDifference(a.shape(), b.shape());
        if (last < 0) { // the same shape, also that of a scalar
            return equal(a.weight(), 0, b.weight(), 0, a.bytes());
        }
        for (int d = 0; d <= last; d++) {
            if (b.shape().dim(d) > a.shape().dim(d)) {
                return false;
            }
        }
        int rank = a.shape().rank();
        long inner = a.shape().size(last + 1, rank) * a.dtype().bytes();
        long run = b.shape().dim(last) * inner;
        long runs = b.shape().size(0, last);
        for (long r = 0; r < runs; r++) {
            long at = 0;
            long rest = r;
            long step = a.shape().dim(last) * inner;
            for (int d = last - 1; d >= 0; d--) {
                at += rest % b.shape().dim(d) * step;
                rest /= b.shape().dim(d);
                step *= a.shape().dim(d);
            }
            if (!equal(a.weight(), at, b.weight(), r * run, run)) {
                return false;
            }
        }
        return true;
    }

    private static boolean equal(Tensor x, long inX, Tensor y, long inY, long bytes) {
        for (long at = 0; at < bytes; at += 1 << 30) {
            int n = (int) Math.min(1 << 30, bytes - at);
            if (!Block.at(Values.address(x) + inX + at, n).equals(Block.at(Values.address(y) + inY + at, n))) {
                return false;
            }
        }
        return true;
    }

    /** Makes each that grows the result of calls on what stays, in all graphs alike. */
    void rewrite(List<CallGraph> graphs) {
        growing.forEach((v, growth) -> {
            CallGraph.Value whole = first.values.get(v);
            for (CallGraph graph : graphs) {
                CallGraph.Value here = graph.values.get(v);
                graph.values.set(v, here.with(CallGraph.Kind.RESULT, here.shape(), null));
                graph.nodes.addAll(
                        0,
                        growth.rows > 0 ? List.of(repeat(graph, v, whole, growth)) : cut(graph, v, whole, growth.dims));
            }
        });
    }

    private static CallGraph.Node repeat(CallGraph graph, int v, CallGraph.Value whole, Growth growth) {
        int[] block = whole.shape().toArray();
        Arrays.fill(block, 0, growth.last(), 1);
        block[growth.last()] = growth.rows;
        int from = graph.add(whole.with(CallGraph.Kind.WEIGHT, Shape.of(block), whole.source()));
        return new CallGraph.Node(new Repeat(graph.values.get(v).shape()), "", new int[] {from}, new int[] {v});
    }

    /** The beginning along one dimension after the other. */
    private static List<CallGraph.Node> cut(CallGraph graph, int v, CallGraph.Value whole, int dims) {
        List<CallGraph.Node> nodes = new ArrayList<>();
        int from = graph.add(whole);
        for (int d = 0; dims >> d != 0; d++) {
            if ((dims & 1 << d) != 0) {
                int size = graph.values.get(v).shape().dim(d);
                CallGraph.Value cut = graph.values.get(from);
                int to = dims >> d == 1
                        ? v
                        : graph.add(cut.with(CallGraph.Kind.RESULT, cut.shape().with(d, size), null));
                nodes.add(new CallGraph.Node(new SliceOp(d, 0, size, 1), "", new int[] {from}, new int[] {to}));
                from = to;
            }
        }
        return nodes;
    }

    private IllegalStateException refused(int v, CallGraph other) {
        CallGraph.Value a = first.values.get(v);
        CallGraph.Value b = other.values.get(v);
        String here = "is " + a.shape();
        String there = b.shape().toString();
        boolean lengths =
                a.dtype() == DType.I32 && a.shape().size() > 0 && first.sizes.length() != other.sizes.length();
        if (Values.leaf(a.weight()) != null || Values.leaf(b.weight()) != null) {
            here = "is " + a.name();
            there = b.name();
            lengths = false;
        } else if (a.shape().equals(b.shape()) && a.dtype() == b.dtype()) {
            ByteBuffer x = values(a);
            ByteBuffer y = values(b);
            int at = Math.max(0, x.mismatch(y)) / a.dtype().bytes();
            here = "holds " + number(x, a.dtype(), at) + " in element " + at;
            there = number(y, b.dtype(), at);
            lengths &= here.startsWith("holds " + first.sizes.length() + " ");
        } else {
            lengths &= number(values(a), a.dtype(), 0).equals("" + first.sizes.length());
        }
        return new IllegalStateException("freeze: the constant "
                + a.name() + ", which " + reader(v) + ", " + here + " at "
                + first.sizes + " but " + there + " at " + other.sizes
                + ", and a plan keeps only constants that are equal at all sizes, repeat one block, or are the"
                + " beginning of a longer one; "
                + (lengths
                        ? "give the lengths of sequences as an input, Spec.lengths(name), "
                        : "compute it from the inputs by ops, make it an input, ")
                + "or freeze with a fixed " + first.sizes.changes(other.sizes).names());
    }

    private static ByteBuffer values(CallGraph.Value v) {
        return Block.at(Values.address(v.weight()), (int) Math.min(1 << 30, v.bytes()))
                .order(ByteOrder.nativeOrder());
    }

    private static String number(ByteBuffer of, DType dtype, int at) {
        return of.limit() == 0 ? "nothing" : dtype.text(of, at);
    }

    /** Who needs a value, for messages. */
    private String reader(int value) {
        return first.nodes.stream()
                .filter(n -> Arrays.stream(n.in()).anyMatch(v -> v == value))
                .findFirst()
                .map(n -> n.where() + " reads")
                .orElse("the function returns");
    }
}

package dev.fathom.plan;

import dev.fathom.autograd.Values;
import dev.fathom.memory.Block;
import dev.fathom.op.DType;
import dev.fathom.tensor.Tensor;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/**
 * The constants of a plan's function, which depend on no input: each is equal at all sizes, or a block that is repeated as often as the sizes ask
 * for.
 */
final class Constants {
    private Constants() {}

    /**
     * The constants whose sizes differ, such as the zeros that a recurrence begins with: they become calls that repeat a block. Their numbers, and for each
     * the last dimension in which they differ: what lies behind it is the block. All others must be the same in both traces.
     *
     * @throws IllegalStateException naming one that is not
     */
    static Map<Integer, Integer> growing(Graph first, Graph other) {
        Map<Integer, Integer> growing = new HashMap<>();
        for (int i = 0; i < first.values.size(); i++) {
            Graph.Value a = first.values.get(i);
            Graph.Value b = other.values.get(i);
            if (a.kind() != Graph.Kind.WEIGHT) {
                continue;
            }
            if (!same(a, b)) {
                throw new IllegalStateException("freeze: constant " + a.name() + " " + a.shape() + ", which "
                        + reader(first, i) + " at " + first.sizes + ", has other values, " + b.shape() + ", at "
                        + other.sizes + "; compute it from the inputs by ops, make it an input, or freeze with a fixed "
                        + first.sizes.namesOfChanges(other.sizes));
            }
            if (!a.shape().equals(b.shape())) {
                growing.put(i, lastDifference(a, b));
            }
        }
        return growing;
    }

    /** Who needs a value, for messages. */
    private static String reader(Graph graph, int value) {
        return graph.nodes.stream()
                .filter(n -> Arrays.stream(n.in()).anyMatch(v -> v == value))
                .findFirst()
                .map(n -> n.where() + " reads")
                .orElse("the function returns");
    }

    private static int lastDifference(Graph.Value a, Graph.Value b) {
        int d = a.shape().rank() - 1;
        while (a.shape().dim(d) == b.shape().dim(d)) {
            d--;
        }
        return d;
    }

    private static boolean same(Graph.Value a, Graph.Value b) {
        Tensor x = a.weight();
        Tensor y = b.weight();
        if (Values.leaf(x) != null || Values.leaf(y) != null) {
            return Values.leaf(x) == Values.leaf(y);
        }
        if (a.dtype() != b.dtype()) {
            return false;
        }
        if (a.shape().equals(b.shape())) {
            return equal(x, y, 0, a.bytes());
        }
        if (a.dtype() == DType.U8
                || a.shape().rank() != b.shape().rank()
                || a.shape().size() == 0
                || b.shape().size() == 0) {
            return false;
        }
        int rank = a.shape().rank();
        long block = a.shape().size(lastDifference(a, b) + 1, rank) * a.dtype().bytes();
        return repeats(x, x, block, a.bytes()) && repeats(x, y, block, b.bytes());
    }

    /** Whether y is the first block of x again and again. */
    private static boolean repeats(Tensor x, Tensor y, long block, long bytes) {
        for (long at = 0; at < bytes; at += block) {
            if (!equal(x, y, at, block)) {
                return false;
            }
        }
        return true;
    }

    private static boolean equal(Tensor x, Tensor y, long from, long bytes) {
        for (long at = 0; at < bytes; at += 1 << 30) {
            int n = (int) Math.min(1 << 30, bytes - at);
            if (!Block.at(Values.address(x) + at, n).equals(Block.at(Values.address(y) + from + at, n))) {
                return false;
            }
        }
        return true;
    }
}

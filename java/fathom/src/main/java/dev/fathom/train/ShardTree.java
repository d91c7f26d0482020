package dev.fathom.train;

import dev.fathom.jni.Native;
import dev.fathom.kernel.Kernel;
import dev.fathom.offheap.Arena;
import dev.fathom.offheap.OffHeap;
import dev.fathom.op.Checks;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.function.BinaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The order in which what the shards of a batch give is added: a binary tree over their numbers. As in a binary
 * counter, the shards from a multiple of 2<sup>k</sup> on, 2<sup>k</sup> of them, are a node, the sum of its two
 * halves; what is left over after the largest nodes is added from the right. Of 11 shards this is [0, 8) + ([8, 10) +
 * [10, 11)).
 *
 * <p>So whoever has some consecutive shards adds up the nodes that are whole there by itself, and the sum of all has
 * the same bits whoever did it.
 *
 * @param shards how many there are
 */
public record ShardTree(int shards) {
    /**
     * Checks the number.
     *
     * @throws IllegalArgumentException if it is below 1
     */
    public ShardTree {
        Checks.atLeast("shards", "shards", shards, 1);
    }

    /**
     * Consecutive shards.
     *
     * @param from the first
     * @param to the one after the last
     */
    public record Span(int from, int to) {
        int size() {
            return to - from;
        }
    }

    /**
     * Returns the shards of one part of all, such as a process, where each has equally many.
     *
     * @throws IllegalArgumentException unless the parts are equal and {@code 0 <= part < parts}
     */
    public Span share(int part, int parts) {
        if (parts < 1 || shards % parts != 0 || part < 0 || part >= parts) {
            throw new IllegalArgumentException("shards: there is no part " + part + " of " + parts + " equal parts of "
                    + shards + " shards; the parts count from 0, and their number divides that of the shards");
        }
        int each = shards / parts;
        return new Span(part * each, (part + 1) * each);
    }

    /** Returns the largest whole nodes among some shards, in order. */
    public List<Span> nodes(Span among) {
        List<Span> nodes = new ArrayList<>();
        for (int at = among.from; at < among.to; ) {
            int most = Integer.highestOneBit(among.to - at);
            int n = at == 0 ? most : Math.min(most, Integer.lowestOneBit(at));
            nodes.add(new Span(at, at + n));
            at += n;
        }
        return nodes;
    }

    /**
     * Returns the sum over all shards.
     *
     * @param nodes what there is for each of the {@link #nodes} of each of the {@link #share}s, in order
     * @param parts how many shares there are
     * @param add gives the sum of the node on the left and the one on the right, and may put it into the left one
     * @throws IllegalArgumentException if it is another number of nodes
     */
    public <T> T sum(List<T> nodes, int parts, BinaryOperator<T> add) {
        Sums<T> sums = new Sums<>(add);
        Iterator<T> next = nodes.iterator();
        int count = 0;
        for (int part = 0; part < parts; part++) {
            for (Span node : nodes(share(part, parts))) {
                if (next.hasNext()) {
                    sums.add(node, next.next());
                }
                count++;
            }
        }
        T total = count == nodes.size() ? sums.total() : null;
        if (total == null) {
            throw new IllegalArgumentException("shards: " + parts + " parts of " + shards + " shards have " + count
                    + " nodes, but there are " + nodes.size() + "; give something for each, in order");
        }
        return total;
    }

    /**
     * Adds floats to floats, as kernels do: a result below 1.2e-38 is zero.
     *
     * @param to of bytes in native order, from position to limit
     * @param from as many
     * @throws IllegalArgumentException if they are unequally many, or a buffer is not direct or of another byte order
     */
    public static void add(ByteBuffer to, ByteBuffer from) {
        int bytes = to.remaining();
        if (bytes != from.remaining() || bytes % Float.BYTES != 0 || !fits(to) || !fits(from)) {
            throw new IllegalArgumentException("shards: " + to + " + " + from
                    + " are not two direct buffers of equally many floats in native byte order");
        }
        Arena arena = OffHeap.borrow();
        try {
            arena.commands()
                    .begin(Kernel.ACCUMULATE)
                    .at(Native.address(from) + from.position())
                    .at(Native.address(to) + to.position())
                    .put(bytes / Float.BYTES)
                    .run();
        } finally {
            OffHeap.giveBack(arena);
            Reference.reachabilityFence(to);
            Reference.reachabilityFence(from);
        }
    }

    private static boolean fits(ByteBuffer b) {
        return b.isDirect() && b.order() == ByteOrder.nativeOrder();
    }

    /** The sums of whole nodes so far, of shards that are given in order. Null stands for shards that give nothing. */
    static final class Sums<T> {
        private final BinaryOperator<T> add;
        private final Deque<Node<T>> nodes = new ArrayDeque<>();

        private record Node<T>(Span span, @Nullable T value) {}

        Sums(BinaryOperator<T> add) {
            this.add = add;
        }

        /** Adds the next node. */
        void add(Span span, @Nullable T value) {
            Node<T> right = new Node<>(span, value);
            while (!nodes.isEmpty() && halves(nodes.getLast().span, right.span)) {
                right = sum(nodes.removeLast(), right);
            }
            nodes.addLast(right);
        }

        private static boolean halves(Span left, Span right) {
            return left.size() == right.size() && left.from % (2 * left.size()) == 0;
        }

        private Node<T> sum(Node<T> left, Node<T> right) {
            T a = left.value;
            T b = right.value;
            return new Node<>(new Span(left.span.from, right.span.to), a == null ? b : b == null ? a : add.apply(a, b));
        }

        /** Gives all nodes to other sums, in order. */
        void moveTo(Sums<T> others) {
            for (Node<T> n : nodes) {
                others.add(n.span, n.value);
            }
            nodes.clear();
        }

        /** What there is for each node. */
        List<@Nullable T> values() {
            List<@Nullable T> values = new ArrayList<>();
            nodes.forEach(n -> values.add(n.value));
            return values;
        }

        /** The sum of all. */
        @Nullable
        T total() {
            Node<T> total = nodes.removeLast();
            while (!nodes.isEmpty()) {
                total = sum(nodes.removeLast(), total);
            }
            return total.value;
        }
    }
}

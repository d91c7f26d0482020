package dev.fathom.plan;

import dev.fathom.op.Op;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * What an op of a plan is at any size: this one, with other integers in the place of some of its leaves.
 *
 * @param op the op at one size
 * @param growing the leaves that follow the sizes, in their order
 */
record Fitted(Op op, List<Growing> growing) {
    /** Leaf number {@code leaf}, which is base + batch slope. */
    record Growing(int leaf, Line base, Line slope) {
        long at(int batch, int i) {
            return base.at(i) + batch * slope.at(i);
        }
    }

    /** One leaf of an op, and how it is declared. */
    record Leaf(Object value, Class<?> type, String name) {}

    /** All leaves of an op. */
    static List<Leaf> leaves(Op op) {
        List<Leaf> all = new ArrayList<>();
        try {
            Leaves.take(op, Op.class, "", (value, type, name) -> all.add(new Leaf(value, type, name)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return all;
    }

    /**
     * What it is at a batch and length number {@code i} of the plan's, made anew by its canonical constructor.
     *
     * @throws IllegalArgumentException if the constructor refuses a number
     * @throws ArithmeticException if a number is none that an int holds
     */
    Op at(int batch, int i) {
        if (growing.isEmpty()) {
            return op;
        }
        List<Leaf> leaves = leaves(op);
        for (Growing g : growing) {
            Leaf leaf = leaves.get(g.leaf);
            long value = g.at(batch, i);
            leaves.set(
                    g.leaf,
                    new Leaf(leaf.type == long.class ? (Object) value : Math.toIntExact(value), leaf.type, leaf.name));
        }
        try {
            return Objects.requireNonNull((Op) Leaves.make(Op.class, new Replay(op.getClass(), leaves)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The leaves of an op of this class, again. */
    private static final class Replay implements Leaves.Source {
        private final Class<?> type;
        private final List<Leaf> leaves;
        private int next;

        Replay(Class<?> type, List<Leaf> leaves) {
            this.type = type;
            this.leaves = leaves;
        }

        @Override
        public Object next(Class<?> declared) {
            return leaves.get(next++).value;
        }

        @Override
        public Class<?> op(String name) {
            return type;
        }

        @Override
        public int left() {
            return Integer.MAX_VALUE;
        }
    }
}

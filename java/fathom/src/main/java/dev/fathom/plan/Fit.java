package dev.fathom.plan;

import dev.fathom.op.Op;
import dev.fathom.ops.PermuteOp;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.ToIntFunction;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Finds what an op is at any size from what it was in the traces. Its integers are g + B h for the batch B, where g and
 * h are each a {@link Line} in the length; all else must be the same in all traces. An op whose integers differ is made
 * anew by its canonical constructor.
 *
 * @param sizes of the traces
 * @param lengths which may be asked for
 */
record Fit(List<Sizes> sizes, Range lengths) {
    private static final String CONSTANT =
            "a number that is no integer is constant in a plan: compute it from the inputs by ops, or make it an input";

    /** What the op {@code where}, which was this in each of the traces, is at a size. */
    Fitted of(String where, List<Op> traced) {
        Op first = traced.get(0);
        if (isSame(traced)) {
            return new Fitted(first, List.of());
        }
        String kind = first.getClass().getSimpleName();
        List<List<Fitted.Leaf>> all;
        try {
            all = traced.stream().map(Fitted::leaves).toList();
        } catch (IllegalArgumentException e) { // a part that has no leaves, but may know its equals
            if (traced.stream().allMatch(first::equals)) {
                return new Fitted(first, List.of());
            }
            throw refused(where, kind, traced.toArray(), CONSTANT);
        }
        if (traced.stream().anyMatch(op -> op.getClass() != first.getClass())
                || all.stream().anyMatch(leaves -> leaves.size() != all.get(0).size())) {
            throw refused(where, kind, traced.toArray(), CONSTANT);
        }
        List<Fitted.Growing> growing = new ArrayList<>();
        for (int i = 0; i < all.get(0).size(); i++) {
            int leaf = i;
            Fitted.Leaf here = all.get(0).get(i);
            Object[] values =
                    all.stream().map(leaves -> leaves.get(leaf).value()).toArray();
            if (Arrays.stream(values).anyMatch(v -> !v.equals(here.value()))) {
                if (here.type() != int.class && here.type() != long.class) {
                    throw refused(where, here.name(), values, CONSTANT);
                }
                growing.add(number(leaf, where, here.name(), values));
            }
        }
        return new Fitted(first, growing);
    }

    /**
     * Whether an op, as most are, is the same in all traces. Those of the library's packages of ops say so by their
     * equals; another may have an equals of its own, so that its leaves are compared.
     */
    private static boolean isSame(List<Op> traced) {
        Op first = traced.get(0);
        Package of = first.getClass().getPackage();
        boolean same = of == PermuteOp.class.getPackage() || of == Op.class.getPackage();
        for (int t = 1; same && t < traced.size(); t++) {
            same = first.equals(traced.get(t));
        }
        return same;
    }

    private Fitted.Growing number(int leaf, String where, String what, Object[] values) {
        int few = sizes.get(0).batch();
        SortedMap<Integer, Long> bases = new TreeMap<>();
        SortedMap<Integer, Long> slopes = new TreeMap<>();
        for (int t = 0; t < values.length; t++) {
            if (sizes.get(t).batch() == few) {
                bases.put(number(sizes.get(t)), ((Number) values[t]).longValue());
            }
        }
        for (int t = 0; t < values.length; t++) {
            Long below = bases.get(number(sizes.get(t)));
            if (sizes.get(t).batch() == few + 1 && below != null) {
                slopes.put(number(sizes.get(t)), ((Number) values[t]).longValue() - below);
            }
        }
        if (!slopes.isEmpty()) {
            bases.keySet().retainAll(slopes.keySet());
            bases.replaceAll((i, v) -> v - few * slopes.getOrDefault(i, 0L));
        }
        boolean periods = bases.size() > Math.min(lengths.number(lengths.max()), 2 * Line.MOST);
        Line base = Line.through(bases, periods);
        Line slope = slopes.isEmpty() ? new Line(0, 0, 0, 0, 1) : Line.through(slopes, periods);
        if (base != null && slope != null) {
            Fitted.Growing fitted = new Fitted.Growing(leaf, base, slope);
            if (IntStream.range(0, values.length)
                    .allMatch(t -> fitted.at(sizes.get(t).batch(), number(sizes.get(t)))
                            == ((Number) values[t]).longValue())) {
                return fitted;
            }
        }
        boolean byBatch = changes(values, Sizes::length);
        boolean byLength = changes(values, Sizes::batch);
        Sizes by = byBatch || byLength ? new Sizes(byBatch ? 1 : 0, byLength ? 1 : 0) : sizes.get(0);
        throw refused(
                where,
                what,
                values,
                "it must be constant, or grow in proportion to the " + by.names()
                        + (by.length() > 0 ? " or a floor quotient of the length by at most " + Line.MOST : "")
                        + "; if that holds for a part of the sizes, name that part with " + by.ranges());
    }

    /** Whether traces that are equal in {@code other} differ in the value. */
    private boolean changes(Object[] values, ToIntFunction<Sizes> other) {
        Map<Integer, Object> seen = new HashMap<>();
        boolean changes = false;
        for (int t = 0; t < values.length; t++) {
            Object before = seen.putIfAbsent(other.applyAsInt(sizes.get(t)), values[t]);
            changes |= before != null && !before.equals(values[t]);
        }
        return changes;
    }

    private int number(Sizes s) {
        return lengths.number(s);
    }

    private IllegalStateException refused(String where, String what, @Nullable Object[] values, String remedy) {
        StringBuilder s =
                new StringBuilder("freeze: " + where + ": its " + what + " is " + values[0] + " at " + sizes.get(0));
        int named = 1;
        for (int t = 1; t < values.length && named < 4; t++) {
            if (!Objects.equals(values[t], values[t - 1])) {
                s.append(", ").append(values[t]).append(" at ").append(sizes.get(t));
                named++;
            }
        }
        return new IllegalStateException(s + "; " + remedy);
    }
}

package dev.fathom.plan;

import dev.fathom.op.Shape;
import dev.fathom.tree.Structure;
import java.lang.reflect.InvocationTargetException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;
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
    /** What the op {@code where}, which was this in each of the traces, is at a size. */
    Function<Sizes, Object> of(String where, @Nullable Object[] values) {
        return of(where, values[0] == null ? "" : values[0].getClass().getSimpleName(), values);
    }

    private Function<Sizes, Object> of(String where, String what, @Nullable Object[] values) {
        Object first = values[0];
        if (Arrays.stream(values).allMatch(v -> Objects.equals(v, first))) {
            return s -> first;
        }
        boolean alike =
                Arrays.stream(values).allMatch(v -> v != null && first != null && v.getClass() == first.getClass());
        if (alike && (first instanceof Integer || first instanceof Long)) {
            return number(where, what, values);
        }
        if (alike
                && first instanceof Shape shape
                && Arrays.stream(values).allMatch(v -> ((Shape) v).rank() == shape.rank())) {
            List<Function<Sizes, Object>> dims = new ArrayList<>();
            for (int d = 0; d < shape.rank(); d++) {
                int dim = d;
                dims.add(of(
                        where,
                        what,
                        Arrays.stream(values).map(v -> ((Shape) v).dim(dim)).toArray()));
            }
            return s ->
                    Shape.of(dims.stream().mapToInt(d -> (Integer) d.apply(s)).toArray());
        }
        if (alike && first.getClass().isRecord()) {
            return record(where, values);
        }
        throw refused(
                where,
                what,
                values,
                "a number that is no integer is constant in a plan: compute it from the inputs by ops, or make it an"
                        + " input");
    }

    private Function<Sizes, Object> record(String where, Object[] records) {
        List<List<@Nullable Object>> components = new ArrayList<>();
        List<String> names = new ArrayList<>();
        for (Object r : records) {
            List<@Nullable Object> own = new ArrayList<>();
            names.clear();
            Structure.namedComponents(r, (name, value) -> {
                names.add(name);
                own.add(value);
            });
            components.add(own);
        }
        List<Function<Sizes, Object>> fitted = new ArrayList<>();
        for (int c = 0; c < names.size(); c++) {
            int component = c;
            fitted.add(of(
                    where,
                    names.get(c),
                    components.stream().map(own -> own.get(component)).toArray()));
        }
        return s ->
                made(records[0].getClass(), fitted.stream().map(f -> f.apply(s)).toArray());
    }

    private static Object made(Class<?> type, @Nullable Object... components) {
        try {
            return Structure.create(type, components);
        } catch (InvocationTargetException e) {
            throw e.getCause() instanceof RuntimeException refused ? refused : new IllegalStateException(e.getCause());
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("cannot make a " + type.getName() + " by its canonical constructor", e);
        }
    }

    private Function<Sizes, Object> number(String where, String what, Object[] values) {
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
            Function<Sizes, Long> at = s -> base.at(number(s)) + s.batch() * slope.at(number(s));
            if (IntStream.range(0, values.length)
                    .allMatch(t -> at.apply(sizes.get(t)) == ((Number) values[t]).longValue())) {
                return values[0] instanceof Long ? at::apply : s -> Math.toIntExact(at.apply(s));
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
        return s.length() == 0 ? 0 : lengths.number(s.length());
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

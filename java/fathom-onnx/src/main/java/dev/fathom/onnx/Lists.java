package dev.fathom.onnx;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Lists of tensors, and values that may be missing. */
final class Lists {
    /** A place for a value that may be missing. */
    record Maybe(@Nullable Object value) {}

    private Lists() {}

    /** The row of the operator of this name, or null. */
    static @Nullable Operator of(String name) {
        return switch (name) {
            case "SequenceEmpty" -> Operator.one(s -> List.of());
            case "SequenceConstruct" -> Operator.one(s -> Arrays.asList(s.in()));
            case "SequenceLength" -> Operator.one(s -> Array.scalar(list(s, 0).size()));
            case "SequenceAt" ->
                Operator.one(s -> list(s, 0).get(place(s, 1, list(s, 0).size())));
            case "SequenceInsert" ->
                Operator.one(s -> {
                    List<Object> all = new ArrayList<>(list(s, 0));
                    all.add(s.given(2) ? place(s, 2, all.size()) : all.size(), s.value(1));
                    return all;
                });
            case "SequenceErase" ->
                Operator.one(s -> {
                    List<Object> all = new ArrayList<>(list(s, 0));
                    all.remove(s.given(1) ? place(s, 1, all.size()) : all.size() - 1);
                    return all;
                });
            case "ConcatFromSequence" ->
                Operator.one(s -> {
                    List<Held> parts = list(s, 0).stream().map(Step::held).toList();
                    int rank = parts.get(0).rank();
                    boolean fresh = s.whole("new_axis", 0) != 0;
                    int axis = Step.axis(s.whole("axis", 0), fresh ? rank + 1 : rank);
                    return Shapes.concat(
                            axis,
                            fresh
                                    ? parts.stream()
                                            .map(p -> p.first()
                                                    .with(p.channelsFirst().unsqueeze(axis)))
                                            .toList()
                                    : parts);
                });
            case "SplitToSequence" -> Operator.one(Lists::split);
            case "Optional" -> Operator.one(s -> new Maybe(s.given(0) ? s.value(0) : null));
            case "OptionalHasElement" ->
                Operator.one(s -> {
                    Object value = s.given(0) ? s.value(0) : null;
                    boolean there = value instanceof Maybe m ? m.value() != null : value != null;
                    return Array.of(ElementType.BOOL, new int[0], there ? 1 : 0);
                });
            case "OptionalGetElement" ->
                Operator.one(s -> {
                    Object value = s.value(0);
                    Object inner = value instanceof Maybe m ? m.value() : value;
                    if (inner == null) {
                        throw new IllegalArgumentException("it takes the element of an optional value that has none");
                    }
                    return inner;
                });
            default -> null;
        };
    }

    @SuppressWarnings("unchecked")
    static List<Object> list(Step s, int i) {
        if (s.value(i) instanceof List<?> all) {
            return (List<Object>) all;
        }
        throw new IllegalArgumentException("input " + i + " is no sequence; the file is damaged, export it again");
    }

    private static int place(Step s, int i, int size) {
        long at = s.array(i).longs()[0];
        return Math.toIntExact(at < 0 ? at + size : at);
    }

    private static Object split(Step s) {
        int rank = s.rank(0);
        int axis = Step.axis(s.whole("axis", 0), rank);
        int n = s.dims(0)[axis];
        boolean keep = s.whole("keepdims", 1) != 0;
        int[] sizes;
        if (!s.given(1)) {
            sizes = Windows.ones(n);
        } else if (s.rank(1) == 0) {
            int each = s.array(1).ints()[0];
            sizes = IntStream.range(0, (n + each - 1) / each)
                    .map(i -> Math.min(each, n - i * each))
                    .toArray();
        } else {
            sizes = s.array(1).ints();
        }
        List<Object> parts = new ArrayList<>();
        for (int i = 0, at = 0; i < sizes.length; at += sizes[i++]) {
            Object value = s.known(0) ? s.array(0) : s.held(0);
            parts.add(keep || s.given(1) ? Shapes.sliced(value, axis, at, sizes[i], 1) : Control.row(value, axis, at));
        }
        return parts;
    }
}

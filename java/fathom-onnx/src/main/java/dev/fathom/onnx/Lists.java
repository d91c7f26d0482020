package dev.fathom.onnx;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Branches, loops, and lists of tensors. */
final class Lists {
    /** A place for a value that may be missing. */
    record Maybe(@Nullable Object value) {}

    private Lists() {}

    static void addTo(Operators to) {
        to.all(
                "If",
                s -> s.run(s.program(s.array(0).isTrue() ? "then_branch" : "else_branch"))
                        .toArray());
        to.all("Loop", Lists::loop);
        to.all("Scan", Lists::scan);
        to.one("SequenceEmpty", s -> List.of());
        to.one("SequenceConstruct", s -> Arrays.asList(s.in()));
        to.one("SequenceLength", s -> Array.scalar(list(s, 0).size()));
        to.one("SequenceAt", s -> list(s, 0).get(place(s, 1, list(s, 0).size())));
        to.one("SequenceInsert", s -> {
            List<Object> all = new ArrayList<>(list(s, 0));
            all.add(s.given(2) ? place(s, 2, all.size()) : all.size(), s.value(1));
            return all;
        });
        to.one("SequenceErase", s -> {
            List<Object> all = new ArrayList<>(list(s, 0));
            all.remove(s.given(1) ? place(s, 1, all.size()) : all.size() - 1);
            return all;
        });
        to.one("ConcatFromSequence", s -> {
            List<Held> parts = list(s, 0).stream().map(Step::held).toList();
            int rank = parts.get(0).rank();
            boolean fresh = s.whole("new_axis", 0) != 0;
            int axis = Step.axis(s.whole("axis", 0), fresh ? rank + 1 : rank);
            return Shapes.concat(
                    axis,
                    fresh
                            ? parts.stream()
                                    .map(p -> p.first().with(p.channelsFirst().unsqueeze(axis)))
                                    .toList()
                            : parts);
        });
        to.one("SplitToSequence", Lists::split);
        to.all("SequenceMap", Lists::map);
        to.one("Optional", s -> new Maybe(s.given(0) ? s.value(0) : null));
        to.one("OptionalHasElement", s -> {
            Object value = s.given(0) ? s.value(0) : null;
            boolean there = value instanceof Maybe m ? m.value() != null : value != null;
            return Array.of(ElementType.BOOL, new int[0], there ? 1 : 0);
        });
        to.one("OptionalGetElement", s -> {
            Object value = s.value(0);
            Object inner = value instanceof Maybe m ? m.value() : value;
            if (inner == null) {
                throw new IllegalArgumentException("it takes the element of an optional value that has none");
            }
            return inner;
        });
        to.one("StringConcat", s -> {
            Array a = s.array(0);
            Array b = s.array(1);
            int[] dims = Array.together(a.dims(), b.dims());
            String[] x = a.expanded(dims).texts();
            String[] y = b.expanded(dims).texts();
            return new Array(
                    ElementType.STRING,
                    dims,
                    IntStream.range(0, x.length).mapToObj(i -> x[i] + y[i]).toArray(String[]::new));
        });
        to.one("StringNormalizer", Lists::normalized);
    }

    @SuppressWarnings("unchecked")
    private static List<Object> list(Step s, int i) {
        if (s.value(i) instanceof List<?> all) {
            return (List<Object>) all;
        }
        throw new IllegalArgumentException("input " + i + " is no sequence; the file is damaged, export it again");
    }

    private static int place(Step s, int i, int size) {
        long at = s.array(i).longs()[0];
        return Math.toIntExact(at < 0 ? at + size : at);
    }

    // ---- loops

    private static Object[] loop(Step s) {
        Program body = s.program("body");
        long most = s.given(0) ? s.array(0).longs()[0] : Long.MAX_VALUE;
        boolean on = !s.given(1) || s.array(1).isTrue();
        int carried = s.in().length - 2;
        @Nullable Object[] state = Arrays.copyOfRange(s.in(), 2, s.in().length);
        int scans = body.outputs().size() - 1 - carried;
        List<List<Object>> rows = new ArrayList<>();
        IntStream.range(0, scans).forEach(i -> rows.add(new ArrayList<>()));
        for (long i = 0; i < most && on; i++) {
            @Nullable Object[] in = new Object[carried + 2];
            in[0] = Array.scalar(i);
            in[1] = Array.of(ElementType.BOOL, new int[0], 1);
            System.arraycopy(state, 0, in, 2, carried);
            List<@Nullable Object> out = s.run(body, in);
            Object go = out.get(0);
            on = go == null || (go instanceof Array a ? a : Array.read(Step.held(go))).isTrue();
            state = out.subList(1, 1 + carried).toArray();
            for (int k = 0; k < scans; k++) {
                rows.get(k).add(java.util.Objects.requireNonNull(out.get(1 + carried + k)));
            }
        }
        List<@Nullable Object> all = new ArrayList<>(Arrays.asList(state));
        for (int k = 0; k < scans; k++) {
            all.add(stacked(rows.get(k), 0, false, body.outputs().get(1 + carried + k)));
        }
        return all.toArray();
    }

    /** Rows as one tensor with a further dimension. */
    private static Object stacked(List<Object> rows, int axis, boolean back, Value of) {
        if (rows.isEmpty()) {
            List<Value.Dimension> dims = of.dims() == null ? List.of() : of.dims();
            int[] shape = new int[dims.size() + 1];
            for (int d = 0; d < dims.size(); d++) {
                shape[d + 1] = (int) Math.max(0, dims.get(d).size());
            }
            return Array.full(Array.of(of.type(), new int[0], 0), shape);
        }
        List<Object> order = new ArrayList<>(rows);
        if (back) {
            java.util.Collections.reverse(order);
        }
        if (order.stream().allMatch(Array.class::isInstance)) {
            List<Array> parts = order.stream()
                    .map(Array.class::cast)
                    .map(a -> a.reshaped(with(a.dims(), Step.axis(axis, a.rank() + 1))))
                    .toList();
            return Array.concatenated(Step.axis(axis, parts.get(0).rank()), parts);
        }
        List<Held> parts = order.stream()
                .map(Step::held)
                .map(h -> h.first().with(h.channelsFirst().unsqueeze(Step.axis(axis, h.rank() + 1))))
                .toList();
        return Shapes.concat(Step.axis(axis, parts.get(0).rank()), parts);
    }

    private static int[] with(int[] dims, int axis) {
        return IntStream.range(0, dims.length + 1)
                .map(d -> d < axis ? dims[d] : d == axis ? 1 : dims[d - 1])
                .toArray();
    }

    /** Before version 9 a batch came first, and before it lengths. */
    private static Object[] scan(Step s) {
        Program body = s.program("body");
        boolean batched = s.version() < 9;
        int scanned = (int) s.whole("num_scan_inputs", 1);
        int first = batched ? 1 : 0;
        int carried = s.in().length - first - scanned;
        int scans = body.outputs().size() - carried;
        int[] from = s.wholes(batched ? "directions" : "scan_input_directions", new int[scanned]);
        int[] axes = s.wholes("scan_input_axes", new int[scanned]);
        int[] to = s.wholes("scan_output_directions", new int[scans]);
        int[] behind = s.wholes("scan_output_axes", new int[scans]);
        if (!batched) {
            return scan(s, body, carried, Arrays.asList(s.in()), from, axes, to, behind);
        }
        int n = s.dims(1)[0];
        List<List<Object>> rows = new ArrayList<>();
        for (int b = 0; b < n; b++) {
            List<@Nullable Object> in = new ArrayList<>();
            for (int i = 1; i < s.in().length; i++) {
                in.add(row(s.value(i), 0, b));
            }
            Object[] out = scan(s, body, carried, in, from, axes, to, behind);
            for (int k = 0; k < out.length; k++) {
                if (b == 0) {
                    rows.add(new ArrayList<>());
                }
                rows.get(k).add(out[k]);
            }
        }
        return IntStream.range(0, rows.size())
                .mapToObj(k -> stacked(rows.get(k), 0, false, body.outputs().get(k)))
                .toArray();
    }

    private static Object[] scan(
            Step s,
            Program body,
            int carried,
            List<@Nullable Object> in,
            int[] from,
            int[] axes,
            int[] to,
            int[] behind) {
        @Nullable Object[] state = in.subList(0, carried).toArray();
        int scanned = in.size() - carried;
        int length = -1;
        for (int i = 0; i < scanned; i++) {
            int[] dims = dims(in.get(carried + i));
            length = dims[Step.axis(axes[i], dims.length)];
        }
        int scans = to.length;
        List<List<Object>> rows = new ArrayList<>();
        IntStream.range(0, scans).forEach(i -> rows.add(new ArrayList<>()));
        for (int t = 0; t < length; t++) {
            @Nullable Object[] step = new Object[carried + scanned];
            System.arraycopy(state, 0, step, 0, carried);
            for (int i = 0; i < scanned; i++) {
                Object x = java.util.Objects.requireNonNull(in.get(carried + i));
                step[carried + i] = row(x, Step.axis(axes[i], dims(x).length), from[i] != 0 ? length - 1 - t : t);
            }
            List<@Nullable Object> out = s.run(body, step);
            state = out.subList(0, carried).toArray();
            for (int k = 0; k < scans; k++) {
                rows.get(k).add(java.util.Objects.requireNonNull(out.get(carried + k)));
            }
        }
        List<@Nullable Object> all = new ArrayList<>(Arrays.asList(state));
        for (int k = 0; k < scans; k++) {
            all.add(stacked(rows.get(k), behind[k], to[k] != 0, body.outputs().get(carried + k)));
        }
        return all.toArray();
    }

    private static int[] dims(@Nullable Object value) {
        return value instanceof Array a
                ? a.dims()
                : Step.held(java.util.Objects.requireNonNull(value)).dims();
    }

    /** One place of a dimension, without that dimension. */
    private static Object row(Object value, int axis, int at) {
        Object part = Shapes.sliced(value, axis, at, 1, 1);
        int[] dims = dims(part);
        int[] rest = IntStream.range(0, dims.length)
                .filter(d -> d != axis)
                .map(d -> dims[d])
                .toArray();
        return part instanceof Array a
                ? a.reshaped(rest)
                : ((Held) part).first().with(((Held) part).channelsFirst().reshape(rest));
    }

    // ---- sequences

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
            parts.add(keep || s.given(1) ? Shapes.sliced(value, axis, at, sizes[i], 1) : row(value, axis, at));
        }
        return parts;
    }

    private static Object[] map(Step s) {
        Program body = s.program("body");
        int n = list(s, 0).size();
        List<List<Object>> out = new ArrayList<>();
        body.outputs().forEach(o -> out.add(new ArrayList<>()));
        for (int i = 0; i < n; i++) {
            @Nullable Object[] in = new Object[s.in().length];
            for (int k = 0; k < in.length; k++) {
                in[k] = s.value(k) instanceof List<?> all ? all.get(i) : s.value(k);
            }
            List<@Nullable Object> one = s.run(body, in);
            for (int k = 0; k < out.size(); k++) {
                out.get(k).add(java.util.Objects.requireNonNull(one.get(k)));
            }
        }
        return out.toArray();
    }

    // ---- texts

    private static Object normalized(Step s) {
        Array x = s.array(0);
        boolean exact = s.whole("is_case_sensitive", 0) != 0;
        List<String> stop = s.texts("stopwords");
        List<String> kept = Arrays.stream(x.texts())
                .filter(t -> stop.stream().noneMatch(w -> exact ? w.equals(t) : w.equalsIgnoreCase(t)))
                .map(t -> switch (s.text("case_change_action", "NONE")) {
                    case "LOWER" -> t.toLowerCase(Locale.ROOT);
                    case "UPPER" -> t.toUpperCase(Locale.ROOT);
                    default -> t;
                })
                .toList();
        String[] all = kept.isEmpty() ? new String[] {""} : kept.toArray(String[]::new);
        int[] dims = x.rank() == 2 ? new int[] {1, all.length} : new int[] {all.length};
        return new Array(ElementType.STRING, dims, all);
    }
}

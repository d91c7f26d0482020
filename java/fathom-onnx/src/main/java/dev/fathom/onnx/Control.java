package dev.fathom.onnx;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Branches and loops, whose bodies are graphs of their own. */
final class Control {
    private Control() {}

    /** The row of the operator of this name, or null. */
    static @Nullable Operator of(String name) {
        return switch (name) {
            case "If" ->
                new Operator(s -> s.run(s.program(s.array(0).isTrue() ? "then_branch" : "else_branch"))
                        .toArray());
            case "Loop" -> new Operator(Control::loop);
            case "Scan" -> new Operator(Control::scan);
            case "SequenceMap" -> new Operator(Control::map);
            default -> null;
        };
    }

    /** A value that a body must have computed. */
    private static Object given(@Nullable Object value) {
        if (value == null) {
            throw new IllegalArgumentException(
                    "its body reads or gives a value that is not computed; the file is damaged, export it again");
        }
        return value;
    }

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
                rows.get(k).add(given(out.get(1 + carried + k)));
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
            Collections.reverse(order);
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
        int scanned = Math.toIntExact(s.whole("num_scan_inputs", 1));
        int first = batched ? 1 : 0;
        int carried = s.in().length - first - scanned;
        if (scanned < 1 || carried < 0) {
            throw new IllegalArgumentException("it scans " + scanned + " of its " + (s.in().length - first)
                    + " inputs; the file is damaged, export it again");
        }
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
                Object x = given(in.get(carried + i));
                step[carried + i] = row(x, Step.axis(axes[i], dims(x).length), from[i] != 0 ? length - 1 - t : t);
            }
            List<@Nullable Object> out = s.run(body, step);
            state = out.subList(0, carried).toArray();
            for (int k = 0; k < scans; k++) {
                rows.get(k).add(given(out.get(carried + k)));
            }
        }
        List<@Nullable Object> all = new ArrayList<>(Arrays.asList(state));
        for (int k = 0; k < scans; k++) {
            all.add(stacked(rows.get(k), behind[k], to[k] != 0, body.outputs().get(carried + k)));
        }
        return all.toArray();
    }

    private static int[] dims(@Nullable Object value) {
        return value instanceof Array a ? a.dims() : Step.held(given(value)).dims();
    }

    /** One place of a dimension, without that dimension. */
    static Object row(Object value, int axis, int at) {
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

    private static Object[] map(Step s) {
        Program body = s.program("body");
        int n = Lists.list(s, 0).size();
        List<List<Object>> out = new ArrayList<>();
        body.outputs().forEach(o -> out.add(new ArrayList<>()));
        for (int i = 0; i < n; i++) {
            @Nullable Object[] in = new Object[s.in().length];
            for (int k = 0; k < in.length; k++) {
                in[k] = s.value(k) instanceof List<?> all ? all.get(i) : s.value(k);
            }
            List<@Nullable Object> one = s.run(body, in);
            for (int k = 0; k < out.size(); k++) {
                out.get(k).add(given(one.get(k)));
            }
        }
        return out.toArray();
    }
}

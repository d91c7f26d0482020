package dev.fathom.explain;

import dev.fathom.autograd.Frames;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Model;
import dev.fathom.nn.Windowed;
import dev.fathom.op.DType;
import dev.fathom.op.Op;
import dev.fathom.op.Shape;
import dev.fathom.op.WindowedOp;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tape;
import dev.fathom.tensor.Tensor;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The receptive field of a layer: how many input positions one position of its result depends on, and where they lie
 * (Dumoulin and Visin 2016; Araujo, Norris and Sim 2019). A window of k taps with dilation d, stride s and padding p in
 * front changes it as follows:
 *
 * <pre>{@code
 * size'  = floor((size + p + p behind - d (k - 1) - 1) / s) + 1
 * field' = field + d (k - 1) jump
 * jump'  = s jump
 * start' = start + (d (k - 1) / 2 - p) jump
 * }</pre>
 *
 * <p>The input has field 1, jump 1 and start 0. Where paths meet, the field reaches from the first to the last position
 * of all paths. Padding belongs to the field, so the fields of deep layers can be larger than the image. The field of a
 * layer that joins all positions (a global pool, flattening) covers the fields of all of them. Influences that are the
 * same at all positions, such as the statistics of a norm or the factors of squeeze and excite, are not counted.
 *
 * <pre>{@code
 * System.out.println(ReceptiveField.table(model, Shape.of(1, 224, 224, 3)));
 * }</pre>
 *
 * @param name the layer's path, empty for the input
 * @param layer the type of the layer, with its window if it has one
 * @param output the shape of its result
 * @param axes one for the length of sequences, or two for height and width of pictures
 */
public record ReceptiveField(String name, String layer, Shape output, List<Axis> axes) {
    private static final String INPUT = "input";

    /**
     * The field along one dimension.
     *
     * @param size number of positions of the result; 1 where all were joined
     * @param field number of input positions that one of them depends on, from the first to the last
     * @param jump distance in the input between the fields of two neighboring positions; 0 where all were joined
     * @param start the center of the first field: 0 is the input's first position, and 0.5 is halfway to the second
     */
    public record Axis(int size, double field, double jump, double start) {
        private double first() {
            return start - (field - 1) / 2;
        }

        private double last() {
            return start + (field - 1) / 2;
        }

        private static Axis between(int size, double first, double last, double jump) {
            return new Axis(size, last - first + 1, jump, (first + last) / 2);
        }

        private Axis through(WindowedOp.Span s, int to) {
            double first = first() + s.first() * jump;
            return between(to, first, first + field - 1 + (s.size() - 1) * jump, s.step() * jump);
        }

        /** All fields as one. */
        private Axis joined() {
            return between(1, first(), last() + (size - 1) * jump, 0);
        }

        private Axis and(Axis other) {
            return between(
                    Math.max(size, other.size),
                    Math.min(first(), other.first()),
                    Math.max(last(), other.last()),
                    Math.max(jump, other.jump));
        }
    }

    /** Keeps its own copy of the list. */
    public ReceptiveField {
        axes = List.copyOf(axes);
    }

    /**
     * Returns the fields of the input and of every layer that calls no other, in the order of the calls, for one call
     * on an input of this shape.
     *
     * @throws IllegalArgumentException if the shape is neither [N, L, C] nor [N, H, W, C]
     */
    public static List<ReceptiveField> of(Model<? extends Layer> model, Shape input) {
        return of(model, input, Frames.Called::leaf);
    }

    /**
     * Returns the field of the result of the layer called {@code name}, which may be a layer that calls others. If it
     * is called several times, the first call counts.
     *
     * @throws IllegalArgumentException as {@link #of}, or if there is no such layer
     */
    public static ReceptiveField of(Model<? extends Layer> model, Shape input, String name) {
        List<ReceptiveField> all = of(model, input, c -> true);
        return all.stream()
                .filter(f -> f.name.equals(name) && !f.layer.equals(INPUT))
                .findFirst()
                .orElseThrow(() ->
                        new IllegalArgumentException("receptive field: no layer is called " + name + "; there are "
                                + all.stream().map(ReceptiveField::name).toList()));
    }

    private static List<ReceptiveField> of(Model<? extends Layer> model, Shape input, Predicate<Frames.Called> wanted) {
        int spatial = input.rank() - 2;
        if (spatial < 1 || spatial > 2) {
            throw new IllegalArgumentException("receptive field: the input " + input + " has " + input.rank()
                    + " dimensions; fields are those of sequences [N, L, C] and of pictures [N, H, W, C]");
        }
        model.parameters(); // refuses a closed model
        try (Pass pass = Pass.trace(false, new Rng(0))) {
            Tensor x = pass.input(input, DType.F32);
            List<Frames.Called> calls = new ArrayList<>();
            Frames.of(pass).observe(calls::add);
            model.net().apply(x);
            List<Axis> whole = new ArrayList<>();
            for (int i = 0; i < spatial; i++) {
                whole.add(new Axis(input.dim(i + 1), 1, 1, 0));
            }
            List<Tape.Entry> entries = pass.tape().entries();
            Map<Tensor, List<Axis>> fields = new IdentityHashMap<>();
            fields.put(x, whole);
            for (Tape.Entry e : entries) {
                for (Tensor y : e.outputs()) {
                    if (y != null) {
                        fields.put(y, seen(e, y.shape(), fields));
                    }
                }
            }
            List<ReceptiveField> rows = new ArrayList<>();
            rows.add(new ReceptiveField("", INPUT, input, whole));
            for (Frames.Called c : calls) {
                if (wanted.test(c) && c.result() instanceof Tensor y && fields.containsKey(y)) {
                    String type = type(c.net(), entries.subList(c.from(), c.to()));
                    rows.add(new ReceptiveField(c.path(), type, y.shape(), fields.get(y)));
                }
            }
            return rows;
        }
    }

    /** What makes the field: the layer with its window, or what a lambda calls first. */
    private static String type(Object net, List<Tape.Entry> inside) {
        if (!net.getClass().isRecord()) {
            return inside.isEmpty() ? "lambda" : inside.get(0).op().label();
        }
        return net.getClass().getSimpleName() + (net instanceof Windowed<?> w ? " " + w.window() : "");
    }

    private static List<Axis> seen(Tape.Entry e, Shape y, Map<Tensor, List<Axis>> fields) {
        List<Axis> seen = null;
        List<Axis> alike = null;
        for (Tensor t : e.inputs()) {
            List<Axis> of = t == null ? null : fields.get(t);
            if (t == null || of == null) {
                continue;
            }
            List<Axis> axes = new ArrayList<>();
            boolean everywhere = false;
            for (int i = 0; i < of.size(); i++) {
                boolean spatial = t.shape().rank() == of.size() + 2
                        && y.rank() == t.shape().rank();
                int from = spatial ? t.shape().dim(i + 1) : 1;
                WindowedOp.Span span = spatial ? span(e.op(), i, from, y.dim(i + 1)) : null;
                everywhere |= spatial && span == null && from == 1;
                axes.add(span == null ? of.get(i).joined() : of.get(i).through(span, y.dim(i + 1)));
            }
            if (everywhere) {
                alike = axes;
            } else {
                seen = seen == null ? axes : joined(seen, axes);
            }
        }
        List<Axis> result = seen != null ? seen : alike;
        return result == null ? List.of() : result;
    }

    /** The window along a spatial axis that goes from one size to another; null for all of it. */
    private static WindowedOp.@Nullable Span span(Op op, int axis, int from, int to) {
        return op instanceof WindowedOp windowed
                ? windowed.span(axis, from, to)
                : from == to ? WindowedOp.Span.SAME : null;
    }

    private static List<Axis> joined(List<Axis> a, List<Axis> b) {
        List<Axis> axes = new ArrayList<>();
        for (int i = 0; i < a.size(); i++) {
            axes.add(a.get(i).and(b.get(i)));
        }
        return axes;
    }

    /**
     * Returns the fields of {@link #of} as a table of layer, output, field, jump and start, with one number where
     * height and width agree.
     *
     * @throws IllegalArgumentException as {@link #of}
     */
    public static String table(Model<? extends Layer> model, Shape input) {
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("", "layer", "output", "field", "jump", "start"));
        for (ReceptiveField f : of(model, input)) {
            rows.add(List.of(
                    f.name,
                    f.layer,
                    f.output.toString(),
                    f.text(Axis::field),
                    f.text(Axis::jump),
                    f.text(Axis::start)));
        }
        return Columns.table(3, rows);
    }

    private String text(Function<Axis, @Nullable Double> of) {
        List<String> numbers = axes.stream()
                .map(a -> String.format(Locale.ROOT, "%.3f", of.apply(a)).replaceFirst("\\.?0+$", ""))
                .toList();
        return numbers.stream().distinct().count() == 1 ? numbers.get(0) : String.join("x", numbers);
    }
}

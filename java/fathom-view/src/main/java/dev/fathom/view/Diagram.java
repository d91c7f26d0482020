package dev.fathom.view;

import dev.fathom.nn.Conv;
import dev.fathom.nn.Input;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.op.Activation;
import dev.fathom.op.DType;
import dev.fathom.ops.Epilogue;
import dev.fathom.parameter.Parameter;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tape;
import dev.fathom.tensor.Tensor;
import dev.fathom.tree.Structure;
import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.FontMetrics;
import java.awt.Graphics2D;
import java.awt.geom.Path2D;
import java.awt.geom.Rectangle2D;
import java.awt.geom.RoundRectangle2D;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * A computation as boxes with arrows between them, from top to bottom: the layers of a network with the shapes of what
 * flows between them, or the calls of a tape with their numbers and gradients.
 *
 * <pre>{@code
 * Plots.write(Diagram.of("LeNet-5", model, Input.floats(1, 28, 28, 1)).render(), Path.of("lenet.png"));
 *
 * try (Pass pass = Pass.grad()) {
 *     Tensor x = pass.watch(Tensor.scalar(3));
 *     pass.backward(x.square().mul(2));
 *     Plots.write(Diagram.of("2 x²", pass, Map.of(x, "x")).render(), Path.of("square.png"));
 * }
 * }</pre>
 *
 * <p>A box lies below all those that lead to it. Within a row, the boxes are ordered by where their neighbors lie
 * (Sugiyama, Tagawa and Toda 1981), so that few arrows cross.
 */
public final class Diagram {
    /** The largest number of boxes by which a network is drawn; a deeper one is drawn by its blocks. */
    private static final int MOST = 24;
    /** The largest number of values that an arrow shows instead of their shape. */
    private static final int VALUES = 3;

    private static final String PARAMETERS = " parameters";
    /** The calls that only move numbers, which do not name a box that also computes some. */
    private static final Set<String> MOVES = Set.of("reshape", "permute", "slice", "expand");

    private static final int MARGIN = 20;
    private static final int LINE = 17;
    private static final int GAP = 28;
    private static final int RISE = 24;
    private static final int HEAD = 8;
    private static final int SWEEPS = 12;

    private final String title;
    private final List<Box> boxes = new ArrayList<>();
    private final List<Arrow> arrows = new ArrayList<>();

    /** A box; {@code round} for what is given and not computed. */
    private record Box(List<String> lines, boolean round) {}

    private record Arrow(int from, int to, String label, String gradient) {}

    /** An empty diagram. */
    public Diagram(String title) {
        this.title = title;
    }

    /**
     * Adds a box.
     *
     * @param lines what stands in it, the first of them in bold
     * @return its number, for arrows
     */
    public int box(String... lines) {
        return add(false, lines);
    }

    /**
     * Adds a round box, for what is given and not computed.
     *
     * @param lines what stands in it, the first of them in bold
     * @return its number, for arrows
     */
    public int input(String... lines) {
        return add(true, lines);
    }

    private int add(boolean round, String... lines) {
        boxes.add(new Box(List.of(lines), round));
        return boxes.size() - 1;
    }

    /**
     * Adds an arrow from a box to a later one.
     *
     * @param label what stands beside it; may be empty
     * @throws IllegalArgumentException unless {@code 0 <= from < to} and there is a box {@code to}
     */
    public Diagram arrow(int from, int to, String label) {
        return arrow(from, to, label, "");
    }

    /**
     * Adds an arrow from a box to a later one, along which a gradient comes back.
     *
     * @param label what stands beside it; may be empty
     * @param gradient what stands below that in another color; may be empty
     * @throws IllegalArgumentException unless {@code 0 <= from < to} and there is a box {@code to}
     */
    public Diagram arrow(int from, int to, String label, String gradient) {
        if (from < 0 || from >= to || to >= boxes.size()) {
            throw new IllegalArgumentException("diagram: an arrow from box " + from + " to box " + to + " of "
                    + boxes.size() + "; give 0 <= from < to < " + boxes.size());
        }
        arrows.add(new Arrow(from, to, label, gradient));
        return this;
    }

    // ---- networks

    /**
     * Draws the layers of a network with the shapes of their results, from one traced call, which computes nothing. It
     * is a call as in inference, so that dropout, which does nothing then, is not drawn. Three equal layers or more in
     * a row are one box. Where there would be more than 24 boxes, blocks are drawn instead.
     *
     * @param input the type and shape of an input with at least one example, such as {@code Input.floats(1, 784)}
     * @throws IllegalArgumentException if the network refuses an input of that shape
     */
    public static <M extends Layer> Diagram of(String title, Model<M> model, Input input) {
        return of(title, model, (net, in) -> net.apply(in[0]), input);
    }

    /**
     * Draws a network that has methods of its own, or several inputs, by one call of it.
     *
     * @param call calls the network with the inputs
     * @throws IllegalArgumentException if the network refuses inputs of these shapes
     */
    public static <M extends Net> Diagram of(
            String title, Model<M> model, BiFunction<M, Tensor[], ?> call, Input... inputs) {
        M net = model.net();
        try (Pass pass = Pass.trace(false, new Rng(0))) {
            Tensor[] in =
                    Stream.of(inputs).map(i -> pass.input(i.shape(), i.dtype())).toArray(Tensor[]::new);
            Object unused = Pass.frame(net, () -> call.apply(net, in));
            return new Layers(net, pass.tape().entries()).drawn(title, in);
        }
    }

    /** The calls of a network, which are grouped by the layer that made them. */
    private static final class Layers {
        private final List<Tape.Entry> entries;
        private final Map<String, Object> nets = new HashMap<>();

        Layers(Net net, List<Tape.Entry> entries) {
            this.entries = entries;
            for (Structure.Named part : Structure.walk(net)) {
                nets.putIfAbsent(part.name(), part.value());
            }
        }

        /** The name of the layer around a call, {@code depth} levels below the network. */
        private static String prefix(Tape.Entry entry, int depth) {
            return Arrays.stream(parts(entry.path())).limit(depth).collect(Collectors.joining("."));
        }

        private static String[] parts(String path) {
            return path.split("\\.");
        }

        /** The names of the blocks around the layers of so many levels. */
        private Set<String> blocks(int depth) {
            Set<String> blocks = new HashSet<>();
            for (Tape.Entry entry : entries) {
                String path = prefix(entry, depth);
                while (!path.isEmpty()) {
                    path = path.substring(0, Math.max(0, path.lastIndexOf('.')));
                    blocks.add(path);
                }
            }
            return blocks;
        }

        /** The numbers at which a new layer begins. */
        private int[] begins(int depth) {
            return IntStream.range(0, entries.size())
                    .filter(i -> i == 0 || !prefix(entries.get(i), depth).equals(prefix(entries.get(i - 1), depth)))
                    .toArray();
        }

        /** Draws as deep into the blocks as the most boxes allow, of which equal ones in a row count as one. */
        Diagram drawn(String title, Tensor... inputs) {
            int deepest = entries.stream()
                    .mapToInt(call -> parts(call.path()).length)
                    .max()
                    .orElse(1);
            Diagram diagram = drawn(title, 1, inputs);
            for (int depth = 2; depth <= deepest; depth++) {
                Diagram deeper = drawn(title, depth, inputs);
                if (deeper.boxes.stream().filter(box -> !box.round).count() > MOST) {
                    return diagram;
                }
                diagram = deeper;
            }
            return diagram;
        }

        private Diagram drawn(String title, int depth, Tensor... inputs) {
            Diagram diagram = new Diagram(title);
            Map<Tensor, Integer> makers = new IdentityHashMap<>();
            for (Tensor input : inputs) {
                makers.put(input, diagram.input("input"));
            }
            int[] begins = begins(depth);
            Set<String> blocks = blocks(depth);
            for (int b = 0; b < begins.length; b++) {
                int end = b + 1 < begins.length ? begins[b + 1] : entries.size();
                List<Tape.Entry> calls = entries.subList(begins[b], end);
                int box = diagram.box(lines(prefix(calls.get(0), depth), blocks, calls));
                Map<Tensor, Integer> arrived = new IdentityHashMap<>();
                Map<Tensor, Integer> own = new IdentityHashMap<>();
                for (Tape.Entry call : calls) {
                    for (Tensor t : call.inputs()) {
                        Integer maker = makers.get(t); // null for parameters, and for what this layer made
                        if (maker != null && arrived.put(t, box) == null) {
                            diagram.arrow(maker, box, shape(t));
                        }
                    }
                    call.outputs().stream().filter(Objects::nonNull).forEach(t -> own.put(t, box));
                }
                makers.putAll(own);
                if (end == entries.size()) {
                    Tensor last = Objects.requireNonNull(
                            calls.get(calls.size() - 1).outputs().get(0));
                    diagram.arrow(box, diagram.input("output"), shape(last));
                }
            }
            return diagram.folded();
        }

        private String[] lines(String path, Set<String> blocks, List<Tape.Entry> calls) {
            // what a block computes beside its layers is named by its calls
            Object net = blocks.contains(path) ? null : nets.get(path);
            List<String> labels =
                    calls.stream().map(call -> call.op().label()).distinct().toList();
            String name = net != null && net.getClass().isRecord()
                    ? net.getClass().getSimpleName()
                    : labels.stream()
                            .filter(label -> MOVES.containsAll(labels) || !MOVES.contains(label))
                            .limit(3)
                            .collect(Collectors.joining(", "));
            if (net instanceof Conv c) {
                name += " " + c.window();
            }
            if (net != null) {
                name += end(net, calls);
            }
            long count = net == null
                    ? 0
                    : Structure.walk(net).stream()
                            .filter(part -> part.value() instanceof Parameter)
                            .mapToLong(
                                    part -> ((Parameter) part.value()).shape().size())
                            .sum();
            return count == 0
                    ? new String[] {name}
                    : new String[] {name, String.format(Locale.ROOT, "%,d" + PARAMETERS, count)};
        }

        /**
         * What the last call of a layer does beside what its name says: it adds what was led around the layer, and
         * applies an activation.
         */
        private static String end(Object net, List<Tape.Entry> calls) {
            Tape.Entry last = calls.get(calls.size() - 1);
            String end = "";
            if (last.op() instanceof Epilogue e && e.residual() < last.inputs().size()) {
                Tensor around = last.inputs().get(e.residual());
                if (around != null
                        && calls.subList(0, calls.size() - 1).stream()
                                .noneMatch(call -> call.inputs().contains(around)
                                        || call.outputs().contains(around))) {
                    end = ", add";
                }
            }
            Activation activation =
                    last.op() instanceof Activation a ? a : last.op() instanceof Epilogue e ? e.activation() : null;
            List<Structure.Named> parts = Structure.walk(net);
            boolean inner = parts.stream().anyMatch(part -> part.value() != net && part.value() instanceof Net);
            return activation == null || inner || parts.size() == 1 ? end : end + ", " + activation.label();
        }
    }

    /** Three equal boxes or more that follow each other by equal arrows become one. */
    private Diagram folded() {
        Diagram folded = new Diagram(title);
        int n = boxes.size();
        int[] numbers = new int[n];
        Map<Integer, List<Arrow>> into = arrows.stream().collect(Collectors.groupingBy(Arrow::to));
        Map<Integer, List<Arrow>> from = arrows.stream().collect(Collectors.groupingBy(Arrow::from));
        for (int i = 0; i < n; ) {
            int end = i + 1;
            while (end < n && repeats(i, end, into, from)) {
                end++;
            }
            int times = end - i >= 3 ? end - i : 1;
            List<String> lines = new ArrayList<>(boxes.get(i).lines);
            if (times > 1) {
                lines.set(0, String.format(Locale.ROOT, "%,d times %s", times, lines.get(0)));
                lines.replaceAll(line -> line.endsWith(PARAMETERS) ? line + " each" : line);
            }
            Arrays.fill(numbers, i, i + times, folded.add(boxes.get(i).round, lines.toArray(new String[0])));
            i += times;
        }
        arrows.stream()
                .filter(a -> numbers[a.from] < numbers[a.to])
                .forEach(a -> folded.arrow(numbers[a.from], numbers[a.to], a.label, a.gradient));
        return folded;
    }

    /** Whether box {@code i} does to what the one before it gives, and to nothing else, what box {@code first} does. */
    private boolean repeats(int first, int i, Map<Integer, List<Arrow>> into, Map<Integer, List<Arrow>> from) {
        List<Arrow> in = into.getOrDefault(i, List.of());
        return boxes.get(i).equals(boxes.get(first))
                && in.size() == 1
                && in.equals(from.get(i - 1))
                && from.getOrDefault(i, List.of()).stream().allMatch(a -> a.label.equals(in.get(0).label));
    }

    /** The dimensions of one example, such as 28 x 28 x 6. */
    private static String shape(Tensor t) {
        return IntStream.range(1, t.shape().rank())
                .mapToObj(i -> String.valueOf(t.dim(i)))
                .collect(Collectors.joining(" x "));
    }

    // ---- tapes

    /**
     * Draws the calls of a pass. Beside each arrow stand the numbers that flow along it, or their shape where there are
     * more than three, and below them the gradient that came back, in red, where the pass {@linkplain Pass#watch
     * watched} the tensor.
     *
     * @param names of tensors that no call made, such as x; others are called by their shapes
     */
    public static Diagram of(String title, Pass pass, Map<Tensor, String> names) {
        Diagram diagram = new Diagram(title);
        Map<Tensor, Integer> makers = new IdentityHashMap<>();
        Set<Tensor> read = Collections.newSetFromMap(new IdentityHashMap<>());
        for (Tape.Entry call : pass.tape().entries()) {
            for (Tensor t : call.inputs()) {
                if (t != null && !makers.containsKey(t)) {
                    makers.put(
                            t,
                            diagram.input(names.getOrDefault(
                                    t,
                                    t.shape().rank() == 0
                                            ? "constant"
                                            : t.shape().toString())));
                }
            }
            int box = diagram.box(call.op().label());
            for (Tensor t : call.inputs()) {
                if (t != null) {
                    diagram.arrow(Objects.requireNonNull(makers.get(t)), box, numbers(t), gradient(pass, t));
                    read.add(t);
                }
            }
            call.outputs().stream().filter(Objects::nonNull).forEach(t -> makers.put(t, box));
        }
        for (Tape.Entry call : pass.tape().entries()) {
            Tensor result = call.outputs().get(0);
            if (result != null && !read.contains(result)) {
                int box = Objects.requireNonNull(makers.get(result));
                diagram.arrow(box, diagram.input("result"), numbers(result), gradient(pass, result));
            }
        }
        return diagram;
    }

    /** Four significant digits of each value, or the shape of many. */
    private static String numbers(Tensor t) {
        if (t.shape().size() > VALUES || t.dtype() != DType.F32) {
            return t.shape().toString();
        }
        float[] values = t.toArray();
        return IntStream.range(0, values.length)
                .mapToObj(i -> Numbers.plain(values[i]))
                .collect(Collectors.joining(", "));
    }

    private static String gradient(Pass pass, Tensor t) {
        try {
            Tensor gradient = t.shape().size() > VALUES ? null : pass.gradient(t);
            return gradient == null ? "" : numbers(gradient);
        } catch (IllegalArgumentException e) { // it was not watched
            return "";
        }
    }

    // ---- drawing

    /** The boxes and the arrows, in lines. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < boxes.size(); i++) {
            Box box = boxes.get(i);
            String words = String.join("; ", box.lines);
            text.append(i)
                    .append(box.round ? " (" + words + ")" : " [" + words + "]")
                    .append('\n');
        }
        for (Arrow a : arrows) {
            text.append(a.from).append(" -> ").append(a.to).append(": ").append(a.label);
            text.append(a.gradient.isEmpty() ? "" : ", gradient " + a.gradient).append('\n');
        }
        return text.toString();
    }

    /**
     * Returns the picture.
     *
     * @throws IllegalStateException on a machine without fonts
     */
    public BufferedImage render() {
        FontMetrics bold = Draw.metrics(Draw.bold(13));
        FontMetrics plain = Draw.metrics(Draw.font(12));
        Layout layout = new Layout(this, bold, plain);
        int top = title.isEmpty() ? MARGIN : MARGIN + 30;
        int width = Math.max(layout.width(), bold.stringWidth(title) * 16 / 13) + 2 * MARGIN;
        return Draw.picture(width, top + layout.height() + MARGIN, g -> {
            g.setColor(Draw.INK);
            g.setFont(Draw.bold(16));
            g.drawString(title, MARGIN, MARGIN + 10);
            g.translate(MARGIN, top);
            layout.draw(g);
        });
    }

    /** Where boxes and arrows lie. Each arrow that passes rows has a point in each of them. */
    private static final class Layout {
        /** A box, or a point of an arrow that passes its row. */
        private static final class Place {
            final int box;
            final double width;
            final List<Place> above = new ArrayList<>();
            final List<Place> below = new ArrayList<>();
            double x;

            Place(int box, double width) {
                this.box = box;
                this.width = width;
            }
        }

        private final Diagram diagram;
        private final FontMetrics bold;
        private final FontMetrics plain;
        private final List<List<Place>> rows = new ArrayList<>();
        private final Place[] places;
        private final List<List<Place>> ways = new ArrayList<>();
        private final int[] row;
        private final double[] tops;
        private final double least;

        Layout(Diagram diagram, FontMetrics bold, FontMetrics plain) {
            this.diagram = diagram;
            this.bold = bold;
            this.plain = plain;
            int n = diagram.boxes.size();
            row = new int[n];
            places = new Place[n];
            for (Arrow a : diagram.arrows) { // a box comes after those that lead to it, and so do its arrows
                row[a.to] = Math.max(row[a.to], row[a.from] + 1);
            }
            for (int i = n - 1; i >= 0; i--) { // what is given stands just above what reads it first
                int box = i;
                if (diagram.arrows.stream().noneMatch(a -> a.to == box)) {
                    row[i] = diagram.arrows.stream()
                            .filter(a -> a.from == box)
                            .mapToInt(a -> row[a.to] - 1)
                            .min()
                            .orElse(0);
                }
            }
            for (int i = 0; i < n; i++) {
                places[i] = place(i, width(diagram.boxes.get(i)), row[i]);
            }
            for (Arrow a : diagram.arrows) {
                List<Place> way = new ArrayList<>(List.of(places[a.from]));
                for (int r = row[a.from] + 1; r < row[a.to]; r++) {
                    way.add(place(-1, Math.max(plain.stringWidth(a.label), plain.stringWidth(a.gradient)), r));
                }
                way.add(places[a.to]);
                for (int k = 1; k < way.size(); k++) {
                    way.get(k - 1).below.add(way.get(k));
                    way.get(k).above.add(way.get(k - 1));
                }
                ways.add(way);
            }
            for (int sweep = 0; sweep < SWEEPS; sweep++) {
                boolean down = sweep % 2 == 0;
                for (int k = 0; k < rows.size(); k++) {
                    List<Place> one = rows.get(down ? k : rows.size() - 1 - k);
                    one.forEach(p -> p.x = wanted(p, down ? p.above : p.below));
                    one.sort(Comparator.comparingDouble(p -> p.x));
                    spread(one);
                }
            }
            for (int k = 0; k < SWEEPS; k++) {
                rows.forEach(one -> {
                    one.forEach(p -> p.x = wanted(
                            p, Stream.concat(p.above.stream(), p.below.stream()).toList()));
                    spread(one);
                });
            }
            tops = new double[rows.size() + 1];
            for (int r = 0; r < rows.size(); r++) {
                tops[r + 1] = tops[r] + height(r) + gap(r);
            }
            least = all().mapToDouble(p -> p.x - p.width / 2).min().orElse(0);
        }

        private Place place(int box, double width, int r) {
            while (rows.size() <= r) {
                rows.add(new ArrayList<>());
            }
            Place place = new Place(box, width);
            place.x = rows.get(r).stream().mapToDouble(p -> p.width + GAP).sum();
            rows.get(r).add(place);
            return place;
        }

        private Stream<Place> all() {
            return rows.stream().flatMap(List::stream);
        }

        private static double wanted(Place p, List<Place> neighbors) {
            return neighbors.stream().mapToDouble(q -> q.x).average().orElse(p.x);
        }

        /** Moves the places of a row apart, as little to the left as to the right. */
        private static void spread(List<Place> one) {
            int n = one.size();
            double[] right = new double[n];
            double[] left = new double[n];
            for (int i = 0; i < n; i++) {
                double x = one.get(i).x;
                right[i] = i == 0 ? x : Math.max(x, right[i - 1] + apart(one, i));
            }
            for (int i = n - 1; i >= 0; i--) {
                double x = one.get(i).x;
                left[i] = i == n - 1 ? x : Math.min(x, left[i + 1] - apart(one, i + 1));
            }
            for (int i = 0; i < n; i++) {
                one.get(i).x = (left[i] + right[i]) / 2;
            }
        }

        private static double apart(List<Place> one, int i) {
            return (one.get(i - 1).width + one.get(i).width) / 2 + GAP;
        }

        private double width(Box box) {
            double widest = 0;
            for (int i = 0; i < box.lines.size(); i++) {
                widest = Math.max(widest, (i == 0 ? bold : plain).stringWidth(box.lines.get(i)));
            }
            return widest + 28;
        }

        private static double height(Box box) {
            return box.lines.size() * LINE + 12.0;
        }

        private double height(int r) {
            return rows.get(r).stream()
                    .filter(p -> p.box >= 0)
                    .mapToDouble(p -> height(diagram.boxes.get(p.box)))
                    .max()
                    .orElse(0);
        }

        /** Room for the labels of the arrows that leave a row. */
        private double gap(int r) {
            boolean two = diagram.arrows.stream().anyMatch(a -> row[a.from] == r && !a.gradient.isEmpty());
            return RISE + (two ? 2 * LINE : LINE);
        }

        int width() {
            return (int) Math.ceil(
                            all().mapToDouble(p -> p.x + p.width / 2).max().orElse(0) - least)
                    + 2 * GAP;
        }

        int height() {
            return (int) Math.ceil(rows.isEmpty() ? 0 : tops[rows.size()] - gap(rows.size() - 1));
        }

        void draw(Graphics2D g) {
            g.translate(GAP - least, 0);
            g.setStroke(new BasicStroke(1.4f));
            for (int i = 0; i < ways.size(); i++) {
                arrow(g, diagram.arrows.get(i), ways.get(i));
            }
            g.setFont(Draw.font(12));
            for (int i = 0; i < ways.size(); i++) {
                Arrow arrow = diagram.arrows.get(i);
                if (diagram.arrows.subList(0, i).stream()
                        .noneMatch(a -> a.from == arrow.from && a.label.equals(arrow.label))) {
                    labels(g, arrow, ways.get(i));
                } // or else another arrow from there says it
            }
            for (int i = 0; i < places.length; i++) {
                box(g, diagram.boxes.get(i), places[i].x, tops[row[i]]);
            }
        }

        private void arrow(Graphics2D g, Arrow arrow, List<Place> way) {
            int first = row[arrow.from];
            int n = way.size();
            Path2D.Double path = new Path2D.Double();
            double y = tops[first] + height(diagram.boxes.get(arrow.from));
            path.moveTo(way.get(0).x, y);
            for (int k = 1; k < n; k++) {
                double end = tops[first + k] - (k == n - 1 ? HEAD : 0);
                double middle = (y + end) / 2;
                path.curveTo(way.get(k - 1).x, middle, way.get(k).x, middle, way.get(k).x, end);
                y = tops[first + k] + (k == n - 1 ? 0 : height(first + k));
                if (k < n - 1) {
                    path.lineTo(way.get(k).x, y);
                }
            }
            g.setColor(Draw.MUTED);
            g.draw(path);
            double x = way.get(n - 1).x;
            Path2D.Double head = new Path2D.Double();
            head.moveTo(x, y);
            head.lineTo(x - HEAD / 2.0, y - HEAD);
            head.lineTo(x + HEAD / 2.0, y - HEAD);
            head.closePath();
            g.fill(head);
        }

        private void labels(Graphics2D g, Arrow arrow, List<Place> way) {
            double begin = way.get(0).x;
            double line = tops[row[arrow.from]] + height(diagram.boxes.get(arrow.from)) + LINE;
            boolean left = way.get(1).x > begin + 1;
            beside(g, arrow.label, begin, line, left, Draw.BLUE);
            beside(g, arrow.gradient, begin, line + LINE, left, Draw.VERMILLION);
        }

        /** On the side from which an arrow bends away, over what other arrows are there. */
        private void beside(Graphics2D g, String text, double x, double baseline, boolean left, Color color) {
            int width = plain.stringWidth(text);
            double begin = left ? x - 6 - width : x + 6;
            g.setColor(Color.WHITE);
            g.fill(new Rectangle2D.Double(begin, baseline - 11, width, 14));
            g.setColor(color);
            g.drawString(text, (float) begin, (float) baseline);
        }

        private void box(Graphics2D g, Box box, double x, double top) {
            double width = width(box);
            double height = height(box);
            double arc = box.round ? height : 8;
            RoundRectangle2D shape = new RoundRectangle2D.Double(x - width / 2, top, width, height, arc, arc);
            g.setColor(box.round ? Draw.GRID : Color.WHITE);
            g.fill(shape);
            g.setColor(Draw.INK);
            g.draw(shape);
            for (int i = 0; i < box.lines.size(); i++) {
                g.setFont(i == 0 ? Draw.bold(13) : Draw.font(12));
                g.setColor(i == 0 ? Draw.INK : Draw.MUTED);
                Draw.centered(g, box.lines.get(i), x, top + 18 + i * LINE);
            }
        }
    }
}

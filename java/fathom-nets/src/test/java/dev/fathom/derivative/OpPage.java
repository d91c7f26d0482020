package dev.fathom.derivative;

import dev.fathom.autograd.Frames;
import dev.fathom.autograd.Node;
import dev.fathom.autograd.RecomputeOp;
import dev.fathom.autograd.Value;
import dev.fathom.kernel.Kernel;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Activation;
import dev.fathom.op.Call;
import dev.fathom.op.DType;
import dev.fathom.op.Op;
import dev.fathom.op.Shape;
import dev.fathom.ops.Binary;
import dev.fathom.plan.Plan;
import dev.fathom.plan.Spec;
import dev.fathom.tensor.OpTable;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.UnaryOperator;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The page of docs/catalogue about ops, which is made of the rows of {@link OpTable}: each row is run where nothing is
 * computed, and its calls tell the ops, what they take and give, and the kernels that they write commands for.
 */
final class OpPage {
    /** What writes the page. */
    static final String COMMAND = "mvn -o -q test -pl java/fathom-nets -am -Dtest=OpPageTest -Dfathom.ops.write=true";

    /** What this share of a section has in common stands above its table. */
    private static final double MOST = 0.6;

    private static final Path SOURCES =
            Path.of(System.getProperty("fathom.root")).resolve("java/fathom/src/main/java");

    private static final String INTRO = """
            # Ops

            An op is one differentiable operation on tensors. The methods of `Tensor` call them, and layers and losses are made of these; [an op of \
            your own](../extending.md#an-op-in-java) takes its place beside them. Methods that are made of several ops are listed \
            [at the end](#methods-made-of-several-ops).

            - **in → out** are the types of the elements. An input in parentheses may be left out. A gradient flows to inputs with ∂, and results in \
            brackets are kept for it alone.
            - **kernels** are the rows of [kernels.def](../../native/src/kernels.def) that the op calls, and after ∂ those of its gradient, which may be \
            the op's own.
            - **in a plan**: the op takes what follows it into its kernel, or becomes part of the kernel or the weights of a product before it. Other ops \
            run there as they do eagerly.
            - **tangent**: how [forward mode](../extending.md#an-op-in-java) passes the op, for derivatives of gradients. It is derived from the gradient \
            where that suffices, and is a rule elsewhere.

            This page is made from the rows of `OpTable`, which the tests run over, by `OpPageTest` with `-Dfathom.ops.write=true`.

            """;

    /** A class whose rows are shown, and an op that only runs others again. */
    private static final Set<Object> NOT_SHOWN = Set.of(Activation.class, RecomputeOp.class);

    /** One op: a row of an enumeration, or a record under one of its names. */
    private static final class Entry {
        private final Object subject;
        private final String label;
        private final String section;
        private final Set<String> methods = new LinkedHashSet<>();
        private final Map<Integer, TreeSet<DType>> in = new TreeMap<>();
        private final Set<Integer> optional = new TreeSet<>();
        private final Set<Integer> receiving = new TreeSet<>();
        private final Map<Integer, TreeSet<DType>> out = new TreeMap<>();
        private final Set<Integer> kept = new TreeSet<>();
        private final Set<String> kernels = new LinkedHashSet<>();
        private final Set<String> gradients = new LinkedHashSet<>();
        /** A call of each op, for each rank of its first input. */
        private final Map<List<Object>, Node> calls = new LinkedHashMap<>();

        private final Set<String> before = new LinkedHashSet<>();
        private boolean view;
        private boolean place;
        private boolean derived;
        private boolean ruled;
        private @Nullable String reason;

        Entry(Object subject, String label, String section) {
            this.subject = subject;
            this.label = label;
            this.section = section;
        }
    }

    /** The commands that an op writes, and what it asks for, of a call of which nothing is computed. */
    private static final class Commands extends BackwardTrace {
        private final Node call;
        private final Set<String> kernels;

        Commands(Node call, Set<String> kernels) {
            super(call);
            this.call = call;
            this.kernels = kernels;
        }

        @Override
        public Call begin(Kernel kernel) {
            kernels.add(kernel.name().toLowerCase(Locale.ROOT));
            return this;
        }

        @Override
        public long out(int o) {
            super.out(o);
            return 1;
        }

        @Override
        public Shape outShape(int o) {
            return call.op().shape(this, o);
        }

        @Override
        public boolean received(int o) {
            return call.op().dtype(this, o) == DType.F32 && !call.op().onlyForBackward(o);
        }
    }

    private final Map<List<Object>, Entry> entries = new LinkedHashMap<>();
    /** Methods of rows that cover no op, with the ops that they call. */
    private final Map<String, Set<String>> composed = new TreeMap<>();

    private OpPage() {}

    /** The page of all rows. */
    static OpPage ofRows() {
        OpPage page = new OpPage();
        for (boolean covers : new boolean[] {true, false}) { // what covers an op says where it belongs
            OpTable.rows().stream().filter(r -> covers != ops(r).isEmpty()).forEach(page::add);
        }
        page.entries.values().forEach(e -> e.methods.removeAll(page.composed.keySet()));
        OpTable.rows().forEach(page::addTangents);
        try (var model = Model.of(new Sequential(), 1)) {
            page.entries.values().forEach(e -> addPlans(e, model));
        }
        return page;
    }

    // ---- what the rows say

    /** What the op is a row of, or its class. */
    private static Object subject(Op op) {
        return op instanceof Activation f ? f.row() : op instanceof Binary ? op : op.getClass();
    }

    /** The ops that a row covers: rows of enumerations and classes. */
    private static List<Object> ops(OpTable.Row row) {
        return row.covered().stream()
                .filter(c -> !(c instanceof String) && !NOT_SHOWN.contains(c))
                .toList();
    }

    private void add(OpTable.Row row) {
        List<Object> ops = ops(row);
        List<String> methods = row.covered().stream()
                .filter(String.class::isInstance)
                .map(String.class::cast)
                .toList();
        Set<String> labels = new LinkedHashSet<>();
        Set<Entry> called = new LinkedHashSet<>();
        for (int[][] shapes : row.samples()) {
            try (Pass pass = Pass.trace(false, new Rng(0))) {
                Tensor[] x = new Tensor[shapes.length];
                for (int i = 0; i < x.length; i++) {
                    x[i] = pass.input(Shape.of(shapes[i]), row.dtype(i));
                }
                row.run(x);
                Frames calls = Frames.of(pass);
                for (int i = 0; i < calls.calls(); i++) {
                    Node call = calls.call(i);
                    labels.add(call.op().label());
                    Object subject = subject(call.op());
                    if (ops.contains(subject) || ops.isEmpty()) {
                        called.add(entry(row, subject, call));
                    }
                }
            }
        }
        if (!ops.isEmpty() || labels.size() == 1) {
            called.forEach(e -> e.methods.addAll(methods));
        } else {
            methods.forEach(
                    m -> composed.computeIfAbsent(m, k -> new LinkedHashSet<>()).addAll(labels));
        }
    }

    private Entry entry(OpTable.Row row, Object subject, Node call) {
        Op op = call.op();
        Entry e = entries.computeIfAbsent(
                List.of(subject, op.label()), k -> new Entry(subject, op.label(), row.section()));
        Commands forward = new Commands(call, e.kernels);
        for (int i = 0; i < call.inputs().length; i++) {
            Tensor x = (Tensor) call.inputs()[i];
            TreeSet<DType> types = e.in.computeIfAbsent(i, k -> new TreeSet<>());
            if (x != null) {
                types.add(x.dtype());
            }
            if (op.optional(i)) {
                e.optional.add(i);
            }
            if (op.differentiable() && x != null && x.dtype() == DType.F32) {
                Commands backward = new Commands(call, e.gradients);
                if (backward.of(i).flows()) {
                    e.receiving.add(i);
                }
            }
        }
        for (int o = 0; o < op.outputs(); o++) {
            e.out.computeIfAbsent(o, k -> new TreeSet<>()).add(op.dtype(forward, o));
            if (op.onlyForBackward(o)) {
                e.kept.add(o);
            }
            e.place |= op.inPlaceOf(o) >= 0;
        }
        if (op.view(forward) >= 0) {
            e.view = true;
        } else {
            op.forward(forward);
        }
        e.calls.putIfAbsent(List.of(op, ((Tensor) call.inputs()[0]).shape().rank()), call);
        return e;
    }

    private void addTangents(OpTable.Row row) {
        if (IntStream.range(0, row.samples().get(0).length).noneMatch(row::differentiable)) {
            return;
        }
        LinearizedRow.forEachCall(row, call -> {
            Entry e = entries.get(List.of(subject(call.op()), call.op().label()));
            if (e != null) {
                addTangent(e, call);
            }
        });
    }

    private static void addTangent(Entry e, Node call) {
        if (refusal(new Unruled(call.op()), call) == null) {
            e.derived = true;
            return;
        }
        String refusal = refusal(call.op(), call);
        if (refusal == null) {
            e.ruled = true;
        } else {
            e.reason = refusal.replaceAll(".*because (the gradient of .*) and has no .*", "$1");
        }
    }

    /** What forward mode says of an op that it does not pass, or null. */
    private static @Nullable String refusal(Op op, Node call) {
        @Nullable Tensor[] in = (@Nullable Tensor[]) call.inputs();
        Map<Tensor, Tensor> v = new LinkedHashMap<>();
        for (Tensor x : in) {
            if (x != null && x.needsGradient()) {
                v.put(
                        x,
                        Tensor.of(
                                new Rng(1).normal(Math.toIntExact(x.size()), 0, 1),
                                x.shape().toArray()));
            }
        }
        try {
            Linearization.of(() -> Pass.apply(op, in)).along(v);
            return null;
        } catch (UnsupportedOperationException refused) {
            return refused.getMessage();
        }
    }

    /** Finds out which products take the op into their kernel or weights, in a plan of both. */
    private static void addPlans(Entry e, Model<?> model) {
        for (Node call : e.calls.values()) {
            Tensor x = (Tensor) call.inputs()[0];
            int rank = x.shape().rank();
            if (e.view || x.dtype() != DType.F32 || rank == 0 || x.size() == 0) {
                continue;
            }
            int[] w = new int[rank];
            Arrays.fill(w, 1);
            w[0] = w[rank - 1] = x.dim(-1);
            if (commands(call, model, y -> y.linear(Tensor.ones(w[0], w[0]), null)) == 1) {
                e.before.add("linear");
            }
            if (rank > 2 && rank < 6 && commands(call, model, y -> y.conv(Tensor.ones(w), null)) == 1) {
                e.before.add("conv");
            }
        }
    }

    /** How many commands a plan has that computes {@code first} and then the op, whose other inputs are constants. */
    private static long commands(Node call, Model<?> model, UnaryOperator<Tensor> first) {
        Value[] in = call.inputs();
        Spec spec = Spec.of("x", DType.F32, ((Tensor) in[0]).shape().toArray());
        try (Plan plan = Plan.freeze(
                model,
                (net, x) -> {
                    @Nullable Tensor[] all = new Tensor[in.length];
                    all[0] = first.apply(x[0]);
                    for (int i = 1; i < in.length; i++) {
                        Tensor t = (Tensor) in[i];
                        if (t != null) {
                            Tensor ones = Tensor.ones(t.shape().toArray());
                            all[i] = t.dtype() == DType.F32 ? ones : ones.to(t.dtype());
                        }
                    }
                    return Pass.apply(call.op(), all);
                },
                spec)) {
            return plan.toString().lines().count();
        }
    }

    // ---- what is missing

    /** Which of these are not on the page: classes of ops, rows of enumerations, methods. */
    Set<Object> missing(Collection<Object> covered) {
        Set<Object> there = new LinkedHashSet<>(composed.keySet());
        for (Entry e : entries.values()) {
            there.add(e.subject);
            there.addAll(e.methods);
        }
        Set<Object> missing = new LinkedHashSet<>(covered);
        missing.removeAll(there);
        missing.removeAll(NOT_SHOWN);
        return missing;
    }

    // ---- the page

    /** The page as Markdown. */
    String text() {
        StringBuilder page = new StringBuilder(INTRO);
        Map<String, List<Entry>> sections = entries.values().stream()
                .collect(Collectors.groupingBy(e -> e.section, LinkedHashMap::new, Collectors.toList()));
        sections.keySet()
                .forEach(s -> page.append(page.charAt(page.length() - 1) == '\n' ? "" : " · ")
                        .append("[")
                        .append(s)
                        .append("](#")
                        .append(anchor(s))
                        .append(")"));
        page.append("\n");
        sections.forEach((section, ops) -> {
            page.append("\n## ").append(section).append("\n\n");
            table(page, ops);
        });
        page.append("\n## Methods made of several ops\n\n| method | ops |\n| --- | --- |\n");
        composed.forEach((method, ops) -> page.append("| `")
                .append(method)
                .append("` | ")
                .append(ops.isEmpty() ? "none: a view" : String.join(", ", ops))
                .append(" |\n"));
        return page.toString();
    }

    private static String anchor(String heading) {
        return heading.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9 -]", "").replace(' ', '-');
    }

    /** The table of a section; what all ops have in common stands above it. */
    private static void table(StringBuilder page, List<Entry> ops) {
        List<String> heads = List.of("computes", "in → out", "kernels", "in a plan", "tangent");
        List<Integer> own = new ArrayList<>(List.of(0));
        for (int c = 1; c < heads.size(); c++) {
            int at = c;
            Map<String, List<Entry>> kinds = ops.stream()
                    .collect(Collectors.groupingBy(e -> cells(e).get(at), LinkedHashMap::new, Collectors.toList()));
            int most = kinds.values().stream().mapToInt(List::size).max().orElse(0);
            if (kinds.size() > 1 && (ops.size() < 8 || kinds.size() > 3 || most < MOST * ops.size())) {
                own.add(c);
            } else if (kinds.size() > 1 || !kinds.containsKey("")) {
                page.append("- ")
                        .append(heads.get(c))
                        .append(": ")
                        .append(common(kinds))
                        .append("\n");
            }
        }
        page.append(own.size() < heads.size() && page.charAt(page.length() - 2) != '\n' ? "\n" : "");
        Map<List<String>, List<Entry>> rows = new LinkedHashMap<>();
        for (Entry e : ops) {
            List<String> all = cells(e);
            rows.computeIfAbsent(own.stream().map(all::get).toList(), k -> new ArrayList<>())
                    .add(e);
        }
        page.append("| op |");
        own.forEach(c -> page.append(" ").append(heads.get(c)).append(" |"));
        page.append("\n| --- |").append(" --- |".repeat(own.size())).append("\n");
        rows.forEach((cells, entries) -> {
            page.append("| ");
            page.append(entries.stream().map(e -> "**" + e.label + "**").collect(Collectors.joining(", ")));
            Set<String> methods = new LinkedHashSet<>();
            entries.forEach(e -> methods.addAll(e.methods));
            methods.forEach(m -> page.append("<br>`").append(m).append("`"));
            page.append(" |");
            cells.forEach(c -> page.append(" ").append(c).append(" |"));
            page.append("\n");
        });
    }

    /** What most ops of a section have in common, and the others. */
    private static String common(Map<String, List<Entry>> kinds) {
        int ops = kinds.values().stream().mapToInt(List::size).sum();
        List<String> words = new ArrayList<>();
        kinds.forEach((what, entries) -> {
            String text = (what.isEmpty() ? "none" : what).replace("<br>", ", ");
            if (entries.size() < MOST * ops) {
                words.add(entries.stream().map(e -> e.label).collect(Collectors.joining(", ", "of ", ": ")) + text);
            } else if (!what.isEmpty()) {
                words.add(0, text);
            }
        });
        return String.join("; ", words);
    }

    private static List<String> cells(Entry e) {
        String in = e.in.entrySet().stream()
                .filter(i -> !i.getValue().isEmpty()) // that no row gives
                .map(i -> {
                    String type = (e.receiving.contains(i.getKey()) ? "∂" : "") + types(i.getValue());
                    return e.optional.contains(i.getKey()) ? "(" + type + ")" : type;
                })
                .collect(Collectors.joining(", "));
        String out = e.out.entrySet().stream()
                .map(o -> e.kept.contains(o.getKey()) ? "[" + types(o.getValue()) + "]" : types(o.getValue()))
                .collect(Collectors.joining(", "));
        String kernels = code(e.kernels)
                + (e.view ? (e.kernels.isEmpty() ? "" : ", ") + "none: a view" : "")
                + (e.gradients.isEmpty() ? "" : "<br>∂ " + code(e.gradients));
        String tangent = e.reason != null
                ? (e.ruled ? "a rule; else " : "") + "none: " + e.reason
                : e.ruled ? "a rule" : e.derived ? "derived" : "";
        return List.of(doc(e), in + " → " + out, kernels, plan(e), tangent);
    }

    private static String types(Set<DType> types) {
        return types.stream().map(DType::name).collect(Collectors.joining("/"));
    }

    private static String code(Collection<String> names) {
        return names.stream().map(n -> "`" + n + "`").collect(Collectors.joining(", "));
    }

    /** What the op takes into its kernel, in a plan, where it follows. */
    private static String plan(Entry e) {
        Set<String> taken = new LinkedHashSet<>();
        for (Op op : e.calls.values().stream().map(Node::op).distinct().toList()) {
            if (op.fuse(Activation.RELU, i -> false) != null) {
                taken.add("an activation");
            }
            for (Binary f : Binary.values()) {
                if (op.fuse(f, i -> false) != null) {
                    taken.add(f.label());
                }
            }
        }
        List<String> words = new ArrayList<>();
        if (!taken.isEmpty()) {
            words.add("takes in " + String.join(", ", taken));
        }
        if (!e.before.isEmpty()) {
            words.add("part of a " + String.join(" or ", e.before) + " before it");
        }
        if (e.place) {
            words.add("writes into carried state");
        }
        return String.join("; ", words);
    }

    /** The first sentence of the op's Javadoc. */
    private static String doc(Entry e) {
        boolean constant = e.subject instanceof Enum<?>;
        Class<?> type = constant ? ((Enum<?>) e.subject).getDeclaringClass() : (Class<?>) e.subject;
        String name = constant
                ? ((Enum<?>) e.subject).name() + "[(,;]"
                : "(?:public )?(?:record|class) " + type.getSimpleName() + "\\b";
        String source;
        try {
            source = Files.readString(SOURCES.resolve(type.getName().replace('.', '/') + ".java"));
        } catch (IOException x) {
            throw new UncheckedIOException(x);
        }
        MatchResult doc = Pattern.compile("/\\*\\*((?:(?!\\*/)[\\s\\S])*)\\*/\\s*" + name)
                .matcher(source)
                .results()
                .findFirst()
                .orElseThrow(() -> new AssertionError(name + " has no Javadoc"));
        String words = Arrays.stream(doc.group(1).split("\n"))
                .map(line -> line.replaceFirst("^\\s*\\*\\s?", "").strip())
                .filter(line -> !line.startsWith("@param"))
                .collect(Collectors.joining(" "))
                .strip();
        return words.split("(?<=\\.) (?=[A-Z])|<p>")[0]
                .replaceAll("\\{@(?:code|link) #?([^}]*)\\}", "`$1`")
                .replace("|", "\\|")
                .replaceAll("\\.$", "");
    }
}

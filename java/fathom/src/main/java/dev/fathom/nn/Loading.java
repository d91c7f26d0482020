package dev.fathom.nn;

import dev.fathom.io.TensorFile;
import dev.fathom.op.Shape;
import dev.fathom.parameter.Buffer;
import dev.fathom.parameter.Variable;
import dev.fathom.tree.Structure;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Which tensor of a file is which variable of a net, decided and checked as a whole before anything is copied. */
final class Loading {
    private static final List<String> WRAPPERS = List.of("module.", "_orig_mod.");
    private static final List<String> CELLS = List.of("weight_ih", "weight_hh", "bias_ih", "bias_hh");
    /** A hint names at most so many. */
    private static final int FEW = 3;

    private final TensorFile file;
    private final Names names;
    private final Net net;
    private final Map<String, Variable> variables = new LinkedHashMap<>();
    /** The file's tensors of each variable; more than one only where it is tied. */
    private final Map<Variable, List<String>> sources = new LinkedHashMap<>();

    private final List<String> unused = new ArrayList<>();
    private final List<String> homeless = new ArrayList<>();
    private final List<String> missing = new ArrayList<>();

    Loading(TensorFile file, Names names, Net net, List<Variable> all) {
        this.file = file;
        this.names = names;
        this.net = net;
        List<String> idle = names.idleOrders(file.names());
        if (!idle.isEmpty()) {
            throw new IllegalArgumentException("load: " + file + ": the patterns " + idle
                    + " of transpose and permute fit none of its tensors, " + some(file.names())
                    + "; write them for the names in the file, as they are before any rename");
        }
        all.forEach(v -> variables.put(v.name(), v));
        for (String tensor : file.names()) {
            assign(tensor);
        }
        List<String> lacking = new ArrayList<>();
        for (Variable v : all) {
            if (!sources.containsKey(v) && !mayAlwaysLack(v)) {
                (names.mayLack(v.name()) ? missing : lacking).add(v.name());
            }
        }
        List<String> shapes = new ArrayList<>();
        sources.forEach((v, tensors) -> tensors.forEach(t -> {
            if (!shape(t).equals(v.fileShape())) {
                shapes.add(v.name() + " " + shape(t) + " for " + v.fileShape());
            }
        }));
        if (sources.isEmpty() && lacking.isEmpty() && homeless.isEmpty() && !all.isEmpty()) {
            throw new IllegalArgumentException("load: the model has no place for any of the tensors of " + file + ", "
                    + some(file.names()) + ", under these names; its own are called " + some(variables.keySet())
                    + ": rename them");
        }
        if (!lacking.isEmpty() || !shapes.isEmpty() || !homeless.isEmpty()) {
            throw new IllegalArgumentException("load: " + file + " does not fit the model: "
                    + Stream.of(
                                    lacking.isEmpty() ? "" : "it lacks " + lacking,
                                    shapes.isEmpty() ? "" : "it has shapes " + shapes,
                                    homeless.isEmpty() ? "" : "the model has no place for " + homeless)
                            .filter(part -> !part.isEmpty())
                            .collect(Collectors.joining(", "))
                    + "; load it into a model of the same structure" + hint(lacking, !shapes.isEmpty()));
        }
    }

    private void assign(String tensor) {
        String name = names.apply(tensor);
        Variable v = name == null ? null : find(name);
        if (v != null) {
            sources.computeIfAbsent(v, x -> new ArrayList<>(1)).add(tensor);
        } else if (!besideModel(tensor)) {
            (name == null || names.ignoresOthers() ? unused : homeless).add(tensor);
        }
    }

    /**
     * Whether a training checkpoint holds it beside the model: a best epoch, kept states, the moments of an optimizer.
     */
    private boolean besideModel(String tensor) {
        String owner = tensor.substring(0, Math.max(0, tensor.indexOf('/')));
        int dot = owner.lastIndexOf('.');
        return owner.equals("best")
                || dot > 0
                        && (owner.startsWith("state.")
                                || file.metadata().containsKey(owner.substring(0, dot) + ".settings"));
    }

    private @Nullable Variable find(String name) {
        String bare = name;
        for (boolean more = true; more; ) {
            for (String n : cell(bare) ? List.of(bare, bare + "_l0") : List.of(bare)) {
                if (variables.get(n) != null) {
                    return variables.get(n);
                }
                if (Structure.find(net, n) instanceof Variable tied) {
                    return tied;
                }
            }
            String now = bare;
            String wrapper =
                    WRAPPERS.stream().filter(now::startsWith).findFirst().orElse("");
            bare = bare.substring(wrapper.length());
            more = !wrapper.isEmpty();
        }
        return null;
    }

    private static boolean cell(String name) {
        return CELLS.contains(name.substring(name.lastIndexOf('.') + 1));
    }

    private Shape shape(String tensor) {
        Shape inFile = file.shape(tensor);
        int[] order = names.order(tensor);
        if (order == null) {
            return inFile;
        }
        if (order.length != inFile.rank()) {
            throw new IllegalArgumentException("load: " + file + ": " + tensor + " " + inFile + " has " + inFile.rank()
                    + " dimensions but the names say the order "
                    + IntStream.of(order).boxed().toList()
                    + "; give an order of its dimensions, or choose another pattern");
        }
        return inFile.permuted(order);
    }

    /**
     * PyTorch before 0.4.1 did not count the batches of a batch norm, and what follows from a net's settings need not
     * be in a file.
     */
    private static boolean mayAlwaysLack(Variable v) {
        return v.name().endsWith("num_batches_tracked") || derived(v);
    }

    private static boolean derived(Variable v) {
        return v instanceof Buffer b && b.derived();
    }

    /** Whether a variable that the file lacks keeps its values; a count of batches begins anew. */
    boolean keeps(Variable v) {
        return !sources.containsKey(v) && (derived(v) || names.mayLack(v.name()));
    }

    /** Copies what the file has for a variable, if it has it, and compares copies of tied values. */
    void copy(Variable v, FloatBuffer to) {
        List<String> tensors = sources.getOrDefault(v, List.of());
        for (String tensor : tensors) {
            FloatBuffer place = tensor.equals(tensors.get(0)) ? to : FloatBuffer.allocate(to.remaining());
            file.copy(tensor, place, order(v, tensor));
            if (!place.equals(to)) {
                throw new IllegalArgumentException("load: " + file + ": \"" + tensors.get(0) + "\" and \"" + tensor
                        + "\" differ, but the net or the names tie them to one parameter, " + v.name()
                        + "; do not tie them, or leave one out by Names.exact().ignore(\"" + tensor + "\")");
            }
        }
    }

    /** Dimension j of the file is this one of the variable. */
    private int[] order(Variable v, String tensor) {
        int[] order = names.order(tensor);
        int[] layout = v.fileOrder();
        if (order == null) {
            return layout;
        }
        int[] result = new int[order.length];
        for (int i = 0; i < order.length; i++) {
            result[order[i]] = layout.length == 0 ? i : layout[i];
        }
        return result;
    }

    Loaded report() {
        return new Loaded(
                variables.values().stream()
                        .filter(sources::containsKey)
                        .map(Variable::name)
                        .toList(),
                missing,
                unused,
                file.metadata());
    }

    // ---- what rule may help

    private String hint(List<String> lacking, boolean shapes) {
        if (shapes) {
            return "";
        }
        String rule = lacking.isEmpty()
                ? rule("ignore", homeless)
                : homeless.isEmpty() ? rule("optional", lacking) : renaming(lacking);
        return ", or say what differs by " + rule;
    }

    private static List<String> some(Collection<String> names) {
        return names.size() <= FEW
                ? List.copyOf(names)
                : Stream.concat(names.stream().limit(FEW), Stream.of("...")).toList();
    }

    private static String rule(String method, List<String> some) {
        return "Names.exact()." + method + "("
                + (some.size() > FEW
                        ? "..."
                        : some.stream().map(s -> '"' + s + '"').collect(Collectors.joining(", ")))
                + ")";
    }

    private String renaming(List<String> lacking) {
        String before = prefix(homeless, lacking);
        if (before != null) {
            return file.names().stream().allMatch(n -> n.startsWith(before))
                    ? rule("withoutPrefix", List.of(before))
                    : rule("part", List.of(before));
        }
        String missing = prefix(lacking, homeless);
        if (missing != null) {
            Set<String> rest = new LinkedHashSet<>(lacking);
            homeless.forEach(n -> rest.remove(missing + n));
            return rule("withPrefix", List.of(missing)) + (rest.isEmpty() ? "" : ".optional(...)");
        }
        return rule("rename", List.of("old.*", "new.*"));
    }

    /** What stands in front of every name of {@code some} among those of {@code longer}, or null. */
    private static @Nullable String prefix(Collection<String> longer, List<String> some) {
        Set<String> all = new LinkedHashSet<>(longer);
        return longer.stream()
                .filter(n -> n.endsWith("." + some.get(0)))
                .map(n -> n.substring(0, n.length() - some.get(0).length()))
                .filter(p -> some.stream().allMatch(n -> all.contains(p + n)))
                .findFirst()
                .orElse(null);
    }
}

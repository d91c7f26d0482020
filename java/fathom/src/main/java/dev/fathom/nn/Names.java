package dev.fathom.nn;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Rules by which the tensors of a file find their places in a model, for {@link Model#load(java.nio.file.Path, Names)}.
 * GPT-2's blocks become a list of Fathom's layers so:
 *
 * <pre>{@code
 * Names.exact()
 *     .withoutPrefix("transformer.")
 *     .rename("h.*.attn.c_attn.*", "layers.*.self_attn.in_proj_*")
 *     .rename("h.*.ln_1.*", "layers.*.norm1.*")
 *     .transpose("*.c_attn.weight")
 *     .ignore("*.attn.bias")
 * }</pre>
 *
 * <p>In a pattern, * stands for any text. {@link #ignore}, {@link #transpose} and {@link #permute} know a tensor by its
 * name in the file, {@link #optional} by its name in the model. Renames are applied in their order, each to what the
 * one before gives. A name that no rule changes stays as it is. Each method returns new rules and leaves these as they
 * are.
 *
 * <p>Some names are taken as they are without any rule: those that {@code DataParallel},
 * {@code DistributedDataParallel} or {@code torch.compile} put {@code module.} or {@code _orig_mod.} in front of, the
 * {@code weight_ih} of an LSTMCell, GRUCell or RNNCell for the {@code weight_ih_l0} of a {@code Recurrent}, and any of
 * the names that a tied parameter has. A tied parameter that lies in the file more than once must have equal values.
 */
public final class Names {
    /** Longer names are of no model, and a pattern of several stars would take long to see it. */
    private static final int LONGEST = 4096;

    private static final Names EXACT = new Names(List.of(), Map.of(), List.of(), List.of(), false);

    private final List<Rename> renames;
    private final Map<String, List<Integer>> orders;
    private final List<String> optional;
    private final List<String> ignored;
    private final boolean ignoresOthers;

    /**
     * One rename.
     *
     * @param others whether names that do not fit are kept
     */
    private record Rename(Pattern from, List<String> to, boolean others) {
        static Rename of(String from, String to, boolean others) {
            List<String> pieces = List.of(to.split("\\*", -1));
            if (from.split("\\*", -1).length != pieces.size()) {
                throw new IllegalArgumentException("names: rename(\"" + from + "\", \"" + to
                        + "\") has not as many * in both; each * of the new name is what the * in the same place of"
                        + " the old one stands for");
            }
            return new Rename(pattern(from), pieces, others);
        }

        @Nullable
        String apply(String name) {
            Matcher m = from.matcher(name);
            if (name.length() > LONGEST || !m.matches()) {
                return others ? name : null;
            }
            StringBuilder result = new StringBuilder(to.get(0));
            for (int i = 1; i < to.size(); i++) {
                result.append(m.group(i)).append(to.get(i));
            }
            return result.toString();
        }
    }

    private Names(
            List<Rename> renames,
            Map<String, List<Integer>> orders,
            List<String> optional,
            List<String> ignored,
            boolean ignoresOthers) {
        this.renames = renames;
        this.orders = orders;
        this.optional = optional;
        this.ignored = ignored;
        this.ignoresOthers = ignoresOthers;
    }

    /**
     * Returns the rules under which file and model have the same names and shapes, nothing is missing and nothing is
     * left out.
     */
    public static Names exact() {
        return EXACT;
    }

    /**
     * Gives the tensors whose names fit {@code from} the name {@code to}, in which each * is what the * in the same
     * place of {@code from} stood for: {@code rename("h.*.ln_1.*", "layers.*.norm1.*")}.
     *
     * @throws IllegalArgumentException if the patterns have not as many *
     */
    public Names rename(String from, String to) {
        return with(Rename.of(from, to, true));
    }

    /** Takes {@code prefix} from the front of every name that begins with it: {@code withoutPrefix("bert.")}. */
    public Names withoutPrefix(String prefix) {
        return with(Rename.of(literal(prefix) + "*", "*", true));
    }

    /**
     * Puts {@code prefix} in front of every name, for a file that holds a part of the model:
     * {@code withPrefix("backbone.").optional("head.*")}.
     */
    public Names withPrefix(String prefix) {
        return with(Rename.of("*", literal(prefix) + "*", true));
    }

    /**
     * Takes only the tensors whose names begin with {@code prefix}, without it, for a model that is a part of the file:
     * {@code part("encoder.")}.
     */
    public Names part(String prefix) {
        return with(Rename.of(literal(prefix) + "*", "*", false));
    }

    private static String literal(String prefix) {
        if (prefix.isEmpty() || prefix.indexOf('*') >= 0) {
            throw new IllegalArgumentException(
                    "names: the prefix \"" + prefix + "\" must not be empty and has no *; use rename for a pattern");
        }
        return prefix;
    }

    /** Swaps the two dimensions of these matrices, which GPT-2's {@code Conv1D} and Keras hold as [in, out]. */
    public Names transpose(String... patterns) {
        Names result = this;
        for (String pattern : patterns) {
            result = result.permute(pattern, 1, 0);
        }
        return result;
    }

    /**
     * Brings dimensions in another order: dimension i in PyTorch's layout is dimension {@code order[i]} in the file,
     * such as {@code permute("*.kernel", 3, 2, 0, 1)} for the filters [height, width, in, out] of Keras.
     *
     * @throws IllegalArgumentException if the order does not name each of its dimensions once, or the pattern has an
     *     order already; when a file is loaded, if none of its tensors fits the pattern, or one fits two patterns
     */
    public Names permute(String pattern, int... order) {
        if (!IntStream.of(order)
                .sorted()
                .boxed()
                .toList()
                .equals(IntStream.range(0, order.length).boxed().toList())) {
            throw new IllegalArgumentException(
                    "names: " + IntStream.of(order).boxed().toList() + " is not an order of " + order.length
                            + " dimensions; name each once, from 0");
        }
        Map<String, List<Integer>> more = new LinkedHashMap<>(orders);
        if (more.put(pattern, IntStream.of(order).boxed().toList()) != null) {
            throw new IllegalArgumentException("names: the pattern \"" + pattern
                    + "\" has an order of dimensions already; give it one by a single transpose or permute");
        }
        return new Names(renames, more, optional, ignored, ignoresOthers);
    }

    /**
     * Lets the model's parameters and buffers whose names fit keep their values if the file lacks them, such as a new
     * head.
     */
    public Names optional(String... patterns) {
        return new Names(renames, orders, joined(optional, patterns), ignored, ignoresOthers);
    }

    /**
     * Leaves out the file's tensors whose names fit, also where the model has a place for them:
     * {@code ignore("*.position_ids")}.
     */
    public Names ignore(String... patterns) {
        return new Names(renames, orders, optional, joined(ignored, patterns), ignoresOthers);
    }

    /**
     * Leaves out every tensor that the model has no place for, whatever it is called. {@link Loaded#unused} names them.
     */
    public Names ignoreOthers() {
        return new Names(renames, orders, optional, ignored, true);
    }

    private static List<String> joined(List<String> some, String... more) {
        return Stream.concat(some.stream(), Stream.of(more)).toList();
    }

    private Names with(Rename rename) {
        List<Rename> more = new ArrayList<>(renames);
        more.add(rename);
        return new Names(List.copyOf(more), orders, optional, ignored, ignoresOthers);
    }

    // ---- for the loader

    /** The name in the model, or null if the tensor is left out. */
    @Nullable
    String apply(String name) {
        String now = fits(ignored, name) ? null : name;
        for (Rename r : renames) {
            now = now == null ? null : r.apply(now);
        }
        return now;
    }

    boolean mayLack(String variable) {
        return fits(optional, variable);
    }

    boolean ignoresOthers() {
        return ignoresOthers;
    }

    /** The order of the file's dimensions, or null where it is PyTorch's. */
    int @Nullable [] order(String tensor) {
        Map<String, List<Integer>> fitting = new LinkedHashMap<>(orders);
        fitting.keySet().removeIf(p -> !fits(List.of(p), tensor));
        if (fitting.size() > 1) {
            throw new IllegalArgumentException("names: the patterns " + fitting.keySet() + " all give " + tensor
                    + " an order of its dimensions; choose patterns of which only one fits it");
        }
        return fitting.values().stream()
                .map(order -> order.stream().mapToInt(i -> i).toArray())
                .findFirst()
                .orElse(null);
    }

    /** The patterns of orders that fit none of these tensors. */
    List<String> idleOrders(Collection<String> tensors) {
        return orders.keySet().stream()
                .filter(p -> tensors.stream().noneMatch(t -> fits(List.of(p), t)))
                .toList();
    }

    private static boolean fits(List<String> patterns, String name) {
        return name.length() <= LONGEST
                && patterns.stream().anyMatch(p -> pattern(p).matcher(name).matches());
    }

    private static Pattern pattern(String stars) {
        return Pattern.compile(
                Stream.of(stars.split("\\*", -1)).map(Pattern::quote).collect(Collectors.joining("(.*?)")),
                Pattern.DOTALL);
    }
}

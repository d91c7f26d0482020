package dev.fathom.train;

import dev.fathom.nn.Layer;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Net;
import dev.fathom.op.Shape;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tape;
import dev.fathom.tensor.Tensor;
import dev.fathom.tree.Structure;
import java.lang.reflect.Array;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.StringJoiner;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Nets and losses in words, by which a run that goes on knows them: records by the settings among their components, and
 * lambdas without a name by what they do with a small input. Two that differ may have one description, as two objects
 * of a class that is no record have, but one never has two, in no process.
 */
final class Description {
    private static final int[][] PROBES = {{2, 4}, {2, 4, 4}, {2, 4, 4, 4}};

    /** In characters; of longer ones the hash is told. */
    private static final int LONGEST_ARRAY = 200;

    private Description() {}

    /**
     * A line for each net in a tree of nets: its name there, what it is, and its settings. Parameters and buffers are
     * compared elsewhere.
     */
    static String of(Net net) {
        StringJoiner lines = new StringJoiner("\n");
        for (Structure.Named n : Structure.walk(net)) {
            if (!(n.value() instanceof Structure.Terminal)) {
                lines.add((n.name().isEmpty() ? "" : n.name() + ": ") + member(n.value()));
            }
        }
        return lines.toString();
    }

    /** A loss with its settings. */
    static String of(Loss loss) {
        return value(loss);
    }

    /** The first line in which two descriptions differ, of the one and of the other. */
    static List<String> difference(String a, String b) {
        String[] one = a.split("\n", -1);
        String[] other = b.split("\n", -1);
        int i = 0;
        while (i < Math.min(one.length, other.length) - 1 && one[i].equals(other[i])) {
            i++;
        }
        boolean longer = one[i].equals(other[i]); // and then one of them ends
        String end = "nothing more";
        return longer
                ? List.of(i + 1 < one.length ? one[i + 1] : end, i + 1 < other.length ? other[i + 1] : end)
                : List.of(one[i], other[i]);
    }

    private static String member(Object net) {
        if (net instanceof Layer layer && isLambda(net)) {
            for (int[] shape : PROBES) {
                try (Pass pass = Pass.grad(new Rng(0))) {
                    float[] values = new Rng(1).uniform((int) Shape.of(shape).size(), 0.1f, 0.9f);
                    layer.apply(pass.watch(Tensor.of(values, shape)));
                    StringJoiner ops = new StringJoiner(" ");
                    for (Tape.Entry e : pass.tape().entries()) {
                        ops.add(value(e.op()));
                    }
                    return ops.toString();
                } catch (RuntimeException e) {
                    // it is for inputs of another shape
                }
            }
        }
        return value(net);
    }

    private static String value(@Nullable Object o) {
        if (o instanceof Optional<?> some) {
            return value(some.orElse(null));
        }
        if (o instanceof Map<?, ?> map) {
            return list(map.entrySet().stream()
                    .map(e -> value(e.getKey()) + "=" + value(e.getValue()))
                    .sorted());
        }
        if (o instanceof Collection<?> all) {
            Stream<String> values = all.stream().map(Description::value);
            return list(
                    all instanceof List ? values : values.sorted()); // the order of a set is another in each process
        }
        if (o instanceof Record) {
            StringJoiner settings = new StringJoiner(", ", "[", "]");
            Structure.namedComponents(o, (name, v) -> {
                if (!holdsMember(v) && !isLambda(v)) {
                    settings.add(name.isEmpty() ? value(v) : name + "=" + value(v));
                }
            });
            return o.getClass().getSimpleName() + settings;
        }
        if (o == null || isWord(o)) {
            return String.valueOf(o);
        }
        if (isLambda(o)) {
            return "a lambda";
        }
        Class<?> type = o.getClass();
        if (type.isArray()) {
            String elements = list(IntStream.range(0, Array.getLength(o)).mapToObj(i -> value(Array.get(o, i))));
            return elements.length() <= LONGEST_ARRAY
                    ? elements
                    : Array.getLength(o) + " values with the hash " + elements.hashCode();
        }
        return type.isAnonymousClass() ? "an anonymous class" : type.getSimpleName();
    }

    private static String list(Stream<String> values) {
        return values.collect(Collectors.joining(", ", "[", "]"));
    }

    /** Whether its text says all of it, and the same in every run. */
    private static boolean isWord(Object o) {
        return o instanceof Enum<?>
                || o instanceof Shape
                || o instanceof Loss && saysItself(o)
                || o.getClass().getPackageName().equals("java.lang")
                        && (o instanceof Number
                                || o instanceof CharSequence
                                || o instanceof Boolean
                                || o instanceof Character);
    }

    static boolean isLambda(@Nullable Object o) {
        return o != null && o.getClass().isSynthetic();
    }

    private static boolean saysItself(Object o) {
        try {
            return o.getClass().getMethod("toString").getDeclaringClass() != Object.class;
        } catch (NoSuchMethodException e) {
            throw new IllegalStateException("every object has toString", e);
        }
    }

    private static boolean holdsMember(@Nullable Object o) {
        List<Object> inside = new ArrayList<>();
        if (o instanceof Optional<?> some) {
            some.ifPresent(inside::add);
        } else if (o instanceof Collection<?> all) {
            inside.addAll(all);
        } else if (o instanceof Map<?, ?> map) {
            inside.addAll(map.values());
        } else if (o instanceof Object[] array) {
            inside.addAll(List.of(array));
        }
        return o instanceof Structure.Member || inside.stream().anyMatch(Description::holdsMember);
    }
}

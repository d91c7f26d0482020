package dev.fathom.autograd;

import dev.fathom.tree.Structure;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Finds the tensors in what a net's method returned: a record, list, map, Optional or array of tensors, nested at will,
 * in their order.
 */
public final class ReturnedTensors {
    private static final String UNNAMED = "output";

    private ReturnedTensors() {}

    /**
     * Calls {@code action} for every value of class {@code kind} in a record, list, map, Optional or array, nested at
     * will, in their order.
     */
    public static <V extends Value> void forEach(@Nullable Object result, Class<V> kind, Consumer<? super V> action) {
        ArrayDeque<Object> todo = new ArrayDeque<>();
        List<@Nullable Object> inside = new ArrayList<>();
        for (Object o = result; o != null; o = todo.poll()) {
            if (kind.isInstance(o)) {
                action.accept(kind.cast(o));
            } else if (o instanceof Collection<?> list) { // not any Iterable: a Path is one, of itself
                inside.addAll(list);
            } else if (o instanceof Map<?, ?> map) {
                inside.addAll(map.values());
            } else if (o instanceof Optional<?> v) {
                inside.add(v.orElse(null));
            } else if (o instanceof Object[] array) {
                inside.addAll(Arrays.asList(array));
            } else if (o.getClass().isRecord()) {
                Structure.components(o, inside::add);
            }
            for (int i = inside.size() - 1; i >= 0; i--) { // the first comes out first
                Object v = inside.get(i);
                if (v != null) {
                    todo.push(v);
                }
            }
            inside.clear();
        }
    }

    /**
     * Calls {@code action} for every tensor in a record, list, map, Optional or array with its name: the names of
     * record components, the keys of maps and the numbers of list and array elements, joined by dots. What has no name
     * of its own is called {@code output}: a tensor that is itself the result, and with their numbers the elements of a
     * list or an array.
     */
    public static <V extends Value> void forEachNamed(
            @Nullable Object result, Class<V> kind, BiConsumer<String, ? super V> action) {
        forEachNamed("", result, kind, action);
    }

    private static <V extends Value> void forEachNamed(
            String name, @Nullable Object result, Class<V> kind, BiConsumer<String, ? super V> action) {
        if (kind.isInstance(result)) {
            action.accept(name.isEmpty() ? UNNAMED : name, kind.cast(result));
        } else if (result instanceof Collection<?> list) {
            int i = 0;
            for (Object v : list) {
                forEachNamed(name.isEmpty() ? UNNAMED + i : Structure.join(name, "" + i), v, kind, action);
                i++;
            }
        } else if (result instanceof Map<?, ?> map) {
            map.forEach((k, v) -> forEachNamed(Structure.join(name, String.valueOf(k)), v, kind, action));
        } else if (result instanceof Optional<?> v) {
            forEachNamed(name, v.orElse(null), kind, action);
        } else if (result instanceof Object[] array) {
            forEachNamed(name, Arrays.asList(array), kind, action);
        } else if (result != null && result.getClass().isRecord()) {
            Structure.namedComponents(result, (n, v) -> forEachNamed(Structure.join(name, n), v, kind, action));
        }
    }
}

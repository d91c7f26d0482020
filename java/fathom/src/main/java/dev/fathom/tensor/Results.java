package dev.fathom.tensor;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/** Finds the tensors in what a module's method returned: a record, list, map, Optional or array of tensors, nested at will. */
final class Results {
    private Results() {}

    static void forEach(Object result, Consumer<Tensor> action) {
        ArrayDeque<Object> todo = new ArrayDeque<>();
        todo.push(result);
        while (!todo.isEmpty()) {
            Object o = todo.pop();
            if (o instanceof Tensor t) {
                action.accept(t);
            } else if (o instanceof Collection<?> list) { // not any Iterable: a Path is one, of itself
                list.forEach(v -> push(todo, v));
            } else if (o instanceof Map<?, ?> map) {
                map.values().forEach(v -> push(todo, v));
            } else if (o instanceof Optional<?> v) {
                push(todo, v.orElse(null));
            } else if (o instanceof Object[] array) {
                for (Object v : array) {
                    push(todo, v);
                }
            } else if (o.getClass().isRecord()) {
                for (RecordComponent c : o.getClass().getRecordComponents()) {
                    push(todo, read(c, o));
                }
            }
        }
    }

    private static void push(ArrayDeque<Object> todo, Object value) {
        if (value != null) {
            todo.push(value);
        }
    }

    private static Object read(RecordComponent c, Object record) {
        try {
            c.getAccessor().setAccessible(true);
            return c.getAccessor().invoke(record);
        } catch (IllegalAccessException | InvocationTargetException e) {
            throw new IllegalStateException(
                    "frame: cannot read component " + c.getName() + " of the returned "
                            + record.getClass().getName() + "; its accessor must return the component",
                    e);
        }
    }
}

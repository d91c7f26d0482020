package dev.fathom.tree;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Copies records with some components changed, so that a method that changes one of ten settings need not list the
 * other nine:
 *
 * <pre>{@code
 * record Settings(float rate, int steps, boolean restarts) {
 *   Settings rate(float r) {
 *     return Records.with(this, "rate", r);
 *   }
 * }
 * }</pre>
 */
public final class Records {
    private Records() {}

    /**
     * Returns a record with other values of some components. Its canonical constructor makes it, and so checks them.
     *
     * @param record what is copied; where its package is in a module, that module opens it to {@code dev.fathom}
     * @param changes names of components as in Java, each followed by its new value
     * @throws IllegalArgumentException if the record has no component of a name, a name comes twice or lacks its value,
     *     or a value is not of the component's type
     * @throws RuntimeException what the canonical constructor throws, such as for a number out of its range
     */
    public static <T extends Record> T with(T record, @Nullable Object... changes) {
        Class<?> type = record.getClass();
        List<@Nullable Object> values = new ArrayList<>();
        Structure.components(record, values::add);
        List<String> names = new ArrayList<>();
        for (RecordComponent c : type.getRecordComponents()) {
            names.add(c.getName());
        }
        if (changes.length % 2 != 0) {
            throw new IllegalArgumentException("with: " + changes.length + " names and values of components of "
                    + type.getSimpleName() + "; give a value behind each name");
        }
        List<Integer> changed = new ArrayList<>();
        for (int i = 0; i < changes.length; i += 2) {
            int at = names.indexOf(changes[i]);
            if (at < 0) {
                throw new IllegalArgumentException("with: " + type.getSimpleName() + " has no component " + changes[i]
                        + "; it has " + String.join(", ", names));
            }
            if (changed.contains(at)) {
                throw new IllegalArgumentException("with: component " + changes[i] + " of " + type.getSimpleName()
                        + " comes twice; give each one once");
            }
            changed.add(at);
            values.set(at, changes[i + 1]);
        }
        try {
            @SuppressWarnings("unchecked")
            T copy = (T) Structure.create(type, values.toArray());
            return copy;
        } catch (InvocationTargetException e) {
            throw thrown(e.getCause(), type);
        } catch (IllegalArgumentException e) { // of the call, since what the constructor throws comes wrapped
            throw new IllegalArgumentException(
                    "with: " + String.join(", ", names) + " of " + type.getSimpleName() + " cannot be " + values
                            + "; give each component a value of its type",
                    e);
        } catch (ReflectiveOperationException e) {
            throw thrown(e, type);
        }
    }

    private static RuntimeException thrown(@Nullable Throwable why, Class<?> type) {
        if (why instanceof Error e) {
            throw e;
        }
        return why instanceof RuntimeException e
                ? e
                : new IllegalStateException("with: a " + type.getName() + " cannot be made", why);
    }
}

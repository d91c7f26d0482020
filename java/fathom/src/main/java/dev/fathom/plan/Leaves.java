package dev.fathom.plan;

import dev.fathom.op.Activation;
import dev.fathom.op.Op;
import dev.fathom.op.Shape;
import dev.fathom.op.Unary;
import dev.fathom.tree.Structure;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Values as the sequence of their leaves, and back. Leaves are numbers, booleans, texts and enums; records, shapes,
 * arrays of integers and lists are made of them. The declared type of each part says how it is read again, so that
 * nothing is made but what the library declares, and ops.
 */
final class Leaves {
    /** What a record is made of, for which reflection would read the class again each time. */
    private record Part(Type type, String name) {}

    private static final ClassValue<List<Part>> PARTS = new ClassValue<>() {
        @Override
        protected List<Part> computeValue(Class<?> type) {
            List<Part> parts = new ArrayList<>();
            for (RecordComponent c : type.getRecordComponents()) {
                parts.add(new Part(c.getType() == List.class ? c.getGenericType() : c.getType(), c.getName()));
            }
            return parts;
        }
    };

    private Leaves() {}

    /** Takes the leaves of a value, one after another. */
    interface Sink {
        /** Takes one that is declared as of this type, in the component of this name. */
        void put(Object leaf, Class<?> type, String name) throws IOException;
    }

    /** Gives the leaves of a value, one after another. */
    interface Source {
        /** Gives the next one, which is declared as of this type. */
        Object next(Class<?> type) throws IOException;

        /** The class of an op. */
        Class<?> op(String name);

        /** How many leaves there may be still, at most. */
        int left() throws IOException;
    }

    /**
     * Gives the leaves of a value to {@code to}.
     *
     * @throws IllegalArgumentException if a part is of another type
     */
    static void take(@Nullable Object value, Type declared, String name, Sink to) throws IOException {
        Type raw = declared instanceof ParameterizedType p ? p.getRawType() : declared;
        if (!(raw instanceof Class<?> type)) {
            throw new IllegalArgumentException("the elements of its " + name + " are declared as " + declared
                    + ", which has no place in a plan's file; name one class instead");
        }
        if (value != null && type.isPrimitive()) {
            to.put(value, type, name);
            return;
        }
        to.put(value != null, boolean.class, name);
        if (value == null) {
            return;
        }
        if (type == String.class || type.isEnum()) {
            to.put(value, type, name);
        } else if (value instanceof Shape || value instanceof int[]) {
            int[] all = value instanceof Shape shape ? shape.toArray() : (int[]) value;
            to.put(all.length, int.class, name);
            for (int one : all) {
                to.put(one, int.class, name);
            }
        } else if (value instanceof List<?> list && declared instanceof ParameterizedType of) {
            to.put(list.size(), int.class, name);
            for (Object one : list) {
                take(one, of.getActualTypeArguments()[0], name, to);
            }
        } else if (type == Op.class) {
            Class<?> own = value instanceof Enum<?> e ? e.getDeclaringClass() : value.getClass();
            to.put(own.getName(), String.class, name);
            take(value, own, own.getSimpleName(), to);
        } else if (type.isRecord()) {
            List<@Nullable Object> parts = new ArrayList<>();
            Structure.components(value, parts::add);
            List<Part> components = PARTS.get(type);
            for (int i = 0; i < parts.size(); i++) {
                take(parts.get(i), components.get(i).type, components.get(i).name, to);
            }
        } else {
            throw new IllegalArgumentException("its " + name + " is of type " + type.getName()
                    + ", which has no place in a plan's file; use numbers, texts, shapes, enums and records of them");
        }
    }

    /**
     * Makes the value of these leaves.
     *
     * @throws IllegalArgumentException if a record refuses its components
     */
    static @Nullable Object make(Type declared, Source from) throws IOException {
        Class<?> type = declared instanceof ParameterizedType p ? (Class<?>) p.getRawType() : (Class<?>) declared;
        if (type.isPrimitive()) {
            return from.next(type);
        }
        if (!(Boolean) from.next(boolean.class)) {
            return null;
        }
        if (type == String.class || type.isEnum()) {
            return from.next(type);
        }
        if (type == Shape.class || type == int[].class) {
            int[] all = new int[count(from)];
            for (int i = 0; i < all.length; i++) {
                all[i] = (Integer) from.next(int.class);
            }
            return type == Shape.class ? Shape.of(all) : all;
        }
        if (type == List.class && declared instanceof ParameterizedType of) {
            int n = count(from);
            List<@Nullable Object> all = new ArrayList<>();
            for (int i = 0; i < n; i++) {
                all.add(make(of.getActualTypeArguments()[0], from));
            }
            return all;
        }
        if (type == Op.class) {
            return make(from.op((String) from.next(String.class)), from);
        }
        if (type == Activation.class) { // of nearly every plan, whose start reflection would delay by some milliseconds
            Unary row = Objects.requireNonNull((Unary) make(Unary.class, from));
            return new Activation(row, (Float) from.next(float.class), (Float) from.next(float.class));
        }
        List<Part> components = PARTS.get(type);
        @Nullable Object[] parts = new Object[components.size()];
        for (int i = 0; i < parts.length; i++) {
            parts[i] = make(components.get(i).type, from);
        }
        try {
            return Structure.create(type, parts);
        } catch (InvocationTargetException e) {
            throw e.getCause() instanceof RuntimeException refused ? refused : new IllegalStateException(e.getCause());
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("cannot make a " + type.getName() + " by its canonical constructor", e);
        }
    }

    /** How many leaves or parts a list claims, if there may be so many. */
    static int count(Source from) throws IOException {
        int n = (Integer) from.next(int.class);
        if (n < 0 || n > from.left()) {
            throw new IOException("a part claims to have " + n + " of at most " + from.left());
        }
        return n;
    }
}

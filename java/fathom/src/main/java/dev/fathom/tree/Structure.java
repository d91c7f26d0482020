package dev.fathom.tree;

import java.lang.reflect.AccessibleObject;
import java.lang.reflect.Array;
import java.lang.reflect.Field;
import java.lang.reflect.InaccessibleObjectException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The tree of a net, read from record components: nets, parameters, buffers, and Optional, List, Map and arrays of
 * these. Everything goes by identity and without recursion, so that two equal layers stay two and ten thousand nested
 * ones are no trouble.
 */
public final class Structure {
    private static final ClassValue<Component[]> COMPONENTS = new ClassValue<>() {
        @Override
        protected Component[] computeValue(Class<?> type) {
            RecordComponent[] components = type.getRecordComponents();
            Component[] result = new Component[components.length];
            for (int i = 0; i < components.length; i++) {
                RecordComponent c = components[i];
                result[i] =
                        new Component(c, field(c), c.isAnnotationPresent(Inline.class) ? "" : snakeCase(c.getName()));
            }
            return result;
        }
    };

    private Structure() {}

    /**
     * The field of a component, which is read without the class that the JVM makes for an accessor that is often
     * called; null where the package is exported and not open, so that only the accessor can be called.
     */
    private static @Nullable Field field(RecordComponent component) {
        Class<?> record = component.getDeclaringRecord();
        try {
            Field field = record.getDeclaredField(component.getName());
            field.setAccessible(true);
            return field;
        } catch (NoSuchFieldException e) {
            throw new IllegalStateException("a record has a field for each component", e);
        } catch (InaccessibleObjectException e) {
            open(component.getAccessor(), record);
            return null;
        }
    }

    /** Makes a member of a record readable, which takes an open package where the record is in a module. */
    private static void open(AccessibleObject member, Class<?> record) {
        try {
            member.setAccessible(true);
        } catch (InaccessibleObjectException e) {
            String user = record.getModule().getName();
            throw new IllegalArgumentException(
                    "model: the module " + user + " does not let "
                            + Structure.class.getModule().getName()
                            + " read the components of " + record.getName() + "; add `opens "
                            + record.getPackageName() + " to "
                            + Structure.class.getModule().getName()
                            + ";` to the module-info of " + user,
                    e);
        }
    }

    private record Component(RecordComponent of, @Nullable Field field, String name) {
        @Nullable
        Object get(Object record) {
            try {
                return field != null ? field.get(record) : of.getAccessor().invoke(record);
            } catch (IllegalAccessException | InvocationTargetException e) {
                throw new IllegalStateException(
                        "cannot read component " + of.getName() + " of "
                                + record.getClass().getName() + "; its accessor must return the component",
                        e);
            }
        }
    }

    /** The values of a record's components, in their order. */
    public static void components(Object record, Consumer<@Nullable Object> action) {
        for (Component c : COMPONENTS.get(record.getClass())) {
            action.accept(c.get(record));
        }
    }

    /** The components of a record by the names that they have in Java, and without one where they are inline. */
    public static void namedComponents(Object record, BiConsumer<String, @Nullable Object> action) {
        for (Component c : COMPONENTS.get(record.getClass())) {
            action.accept(c.name.isEmpty() ? "" : c.of.getName(), c.get(record));
        }
    }

    /** A node of the tree with its name, as PyTorch would write it. */
    public record Named(String name, Object value) {}

    /**
     * Every net, parameter and buffer below {@code root}, and {@code root} itself, in depth-first order; what is shared
     * comes once.
     */
    public static List<Named> walk(Object root) {
        return walk(root, null);
    }

    /**
     * Every net, parameter and buffer below {@code root} as {@link #walk(Object)} gives them, without {@code except}
     * and what only it holds.
     */
    public static List<Named> walk(Object root, @Nullable Object except) {
        List<Named> found = new ArrayList<>();
        Set<Object> seen = Collections.newSetFromMap(new IdentityHashMap<>());
        Deque<Named> todo = new ArrayDeque<>();
        todo.push(new Named("", root));
        List<Named> children = new ArrayList<>();
        while (!todo.isEmpty()) {
            Named node = todo.pop();
            if (node.value == except || !seen.add(node.value)) {
                continue;
            }
            found.add(node);
            children.clear();
            children(node, children);
            for (int i = children.size() - 1; i >= 0; i--) {
                todo.push(children.get(i));
            }
        }
        return found;
    }

    /**
     * What stands at {@code name} below {@code root}, by any of the names that something shared has; null where nothing
     * does.
     */
    public static @Nullable Object find(Object root, String name) {
        Deque<Named> todo = new ArrayDeque<>(); // each with the rest of the name that leads on from it
        todo.push(new Named(name, root));
        List<Named> children = new ArrayList<>();
        while (!todo.isEmpty()) {
            Named node = todo.pop();
            if (node.name.isEmpty()) {
                return node.value;
            }
            children.clear();
            children(new Named("", node.value), children);
            for (Named c : children) {
                if (c.name.isEmpty() || c.name.equals(node.name)) {
                    todo.push(new Named(node.name.substring(c.name.length()), c.value));
                } else if (node.name.startsWith(c.name + ".")) {
                    todo.push(new Named(node.name.substring(c.name.length() + 1), c.value));
                }
            }
        }
        return null;
    }

    /**
     * The name under which {@code parent} holds {@code child}, itself or in what it holds; its class's name where it
     * does not.
     */
    public static String nameOf(Object parent, Object child) {
        if (parent.getClass().isRecord()) {
            List<Named> children = new ArrayList<>();
            children(new Named("", parent), children);
            Predicate<Named> same = n -> n.value == child;
            Optional<Named> found = children.stream().filter(same).findFirst();
            if (found.isEmpty() && child instanceof Member) { // all that the parent holds may be thousands of layers
                found = walk(parent).stream().filter(same).findFirst();
            }
            if (found.isPresent()) {
                return found.get().name;
            }
        }
        return child.getClass().isRecord() ? snakeCase(child.getClass().getSimpleName()) : "a lambda";
    }

    /** The nets, parameters and buffers right below a node, through containers. */
    private static void children(Named node, List<Named> out) {
        Object value = node.value;
        if (value instanceof Terminal) {
            return;
        }
        if (value.getClass().isRecord()) {
            for (Component c : COMPONENTS.get(value.getClass())) {
                add(join(node.name, c.name), c.get(value), out);
            }
        } else if (hasState(value.getClass())) {
            throw new IllegalArgumentException("model: " + (node.name.isEmpty() ? "the root" : node.name) + " is a "
                    + value.getClass().getName()
                    + ", which is neither a record nor a lambda that captures nothing; make it a record, so"
                    + " that its parameters can be found");
        }
    }

    private static void add(String name, @Nullable Object value, List<Named> out) {
        if (value == null) {
            return;
        }
        if (value instanceof Optional<?> o) {
            add(name, o.orElse(null), out);
        } else if (value instanceof List<?> list) {
            int i = 0;
            for (Object v : list) {
                add(join(name, Integer.toString(i++)), v, out);
            }
        } else if (value instanceof Map<?, ?> map) {
            map.forEach((k, v) -> add(join(name, String.valueOf(k)), v, out));
        } else if (value instanceof Object[] array) {
            for (int i = 0; i < array.length; i++) {
                add(join(name, Integer.toString(i)), array[i], out);
            }
        } else if (value instanceof Member) {
            out.add(new Named(name, value));
        }
    }

    /**
     * What nets are, and parameters and buffers as {@link Terminal}s, so that the walk, which stands below them, knows
     * them from other components.
     */
    public interface Member {}

    /** A member without members of its own: a parameter or buffer. */
    public interface Terminal extends Member {}

    /** Whether an object of this class has fields of its own, in which it could hold something. */
    public static boolean hasState(Class<?> type) {
        for (Class<?> c = type; c != null && c != Object.class; c = c.getSuperclass()) {
            if (c.getDeclaredFields().length > 0 && !isStaticOnly(c)) {
                return true;
            }
        }
        return false;
    }

    private static boolean isStaticOnly(Class<?> c) {
        for (var f : c.getDeclaredFields()) {
            if (!java.lang.reflect.Modifier.isStatic(f.getModifiers())) {
                return false;
            }
        }
        return true;
    }

    /**
     * A copy of the tree with every parameter and buffer replaced. Records are rebuilt through their canonical
     * constructors, containers of nets are rebuilt too, everything else is shared; what the tree shares the copy
     * shares.
     */
    public static <T> T rebuild(T root, Function<Terminal, Terminal> replace) {
        return rebuild(root, node -> node instanceof Terminal t ? replace.apply(t) : null, true);
    }

    /**
     * What is below {@code root} under this name, of a kind that may be replaced.
     *
     * @throws IllegalArgumentException if nothing is called so
     */
    public static Object child(Object root, String name, Class<?> kind) {
        List<Named> nodes = walk(root).stream()
                .filter(n -> kind.isInstance(n.value()) && n.value() != root)
                .toList();
        return nodes.stream()
                .filter(n -> n.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("replace: no net is called " + name + "; there are "
                        + nodes.stream().map(Named::name).distinct().toList()))
                .value();
    }

    /** The tree with {@code by} wherever it has {@code node}; what holds that is rebuilt, everything else is shared. */
    public static <T> T replace(T root, Object node, Object by) {
        Objects.requireNonNull(by, "replace: by is null; give what takes the place of the node");
        return rebuild(root, n -> n == node ? by : n instanceof Terminal ? n : null, false);
    }

    /** The tree without these nodes: components that held one are null, and lists that held one are shorter. */
    public static <T> T without(T root, @Nullable Object... nodes) {
        return rebuild(
                root,
                n -> Stream.of(nodes).anyMatch(node -> node == n) ? GONE : n instanceof Terminal ? n : null,
                false);
    }

    /** Stands for null in the place of a node. */
    private static final Object GONE = new Object();

    /**
     * Takes what {@code replace} gives, and where that is null the node: rebuilt if something below it was replaced, or
     * if {@code all} are.
     */
    private static <T> T rebuild(T root, Function<Object, @Nullable Object> replace, boolean all) {
        Map<Object, @Nullable Object> done = new IdentityHashMap<>();
        Deque<Object> todo = new ArrayDeque<>();
        todo.push(root);
        while (!todo.isEmpty()) {
            Object node = todo.peek();
            if (done.containsKey(node)) {
                todo.pop();
                continue;
            }
            Object by = replace.apply(node);
            if (by != null) {
                done.put(node, by == GONE ? null : by);
                continue;
            }
            List<Named> children = new ArrayList<>();
            children(new Named("", node), children);
            boolean ready = true;
            boolean changed = all;
            for (Named c : children) {
                if (!done.containsKey(c.value)) {
                    todo.push(c.value);
                    ready = false;
                }
                changed |= done.get(c.value) != c.value;
            }
            if (ready) {
                todo.pop();
                done.put(node, changed && node.getClass().isRecord() ? copy(node, done) : node);
            }
        }
        @SuppressWarnings("unchecked")
        T result = (T) Objects.requireNonNull(done.get(root), "the walk ends when the root is done");
        return result;
    }

    private static Object copy(Object record, Map<Object, @Nullable Object> done) {
        List<@Nullable Object> values = new ArrayList<>();
        for (Component c : COMPONENTS.get(record.getClass())) {
            Object value = copied(c.get(record), done);
            Class<?> type = c.of.getType();
            if (value != null && !type.isPrimitive() && !type.isInstance(value)) {
                throw new IllegalArgumentException("model: component " + c.of.getName() + " of "
                        + record.getClass().getSimpleName() + " is a " + type.getSimpleName() + ", which no "
                        + value.getClass().getSimpleName() + " is; give a " + type.getSimpleName());
            }
            values.add(value);
        }
        try {
            return create(record.getClass(), values.toArray());
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(
                    "model: cannot rebuild a " + record.getClass().getName()
                            + "; its canonical constructor must accept the values of its components",
                    e);
        }
    }

    /**
     * A record of these components.
     *
     * @throws InvocationTargetException with what its canonical constructor threw
     */
    public static Object create(Class<?> record, @Nullable Object... values) throws ReflectiveOperationException {
        RecordComponent[] components = record.getRecordComponents();
        Class<?>[] types = new Class<?>[values.length];
        for (int i = 0; i < types.length; i++) {
            types[i] = components[i].getType();
        }
        var constructor = record.getDeclaredConstructor(types);
        open(constructor, record);
        return constructor.newInstance(values);
    }

    private static @Nullable Object copied(@Nullable Object value, Map<Object, @Nullable Object> done) {
        if (value instanceof Optional<?> o) {
            return o.map(v -> copied(v, done));
        }
        if (value instanceof List<?> list) {
            List<Object> copy = new ArrayList<>();
            for (Object v : list) {
                Object c = copied(v, done);
                if (c != null) {
                    copy.add(c);
                }
            }
            return Collections.unmodifiableList(copy);
        }
        if (value instanceof Map<?, ?> map) {
            Map<Object, Object> copy = new java.util.LinkedHashMap<>();
            map.forEach((k, v) -> copy.put(k, copied(v, done)));
            return Collections.unmodifiableMap(copy);
        }
        if (value instanceof Object[] array) {
            Object[] copy = (Object[]) Array.newInstance(array.getClass().getComponentType(), array.length);
            for (int i = 0; i < array.length; i++) {
                copy[i] = copied(array[i], done);
            }
            return copy;
        }
        return value != null && done.containsKey(value) ? done.get(value) : value;
    }

    /** A name below a path; either may be empty. */
    public static String join(String path, String name) {
        return path.isEmpty() ? name : name.isEmpty() ? path : path + "." + name;
    }

    private static final Map<String, String> SNAKE = Collections.synchronizedMap(new HashMap<>());

    /** {@code runningMean} as {@code running_mean}. */
    static String snakeCase(String name) {
        String known = SNAKE.get(name);
        if (known == null) {
            StringBuilder snake = new StringBuilder();
            for (int i = 0; i < name.length(); i++) { // no regular expression, which would delay a cold start
                char c = name.charAt(i);
                boolean begins = i > 0 && isUpper(c) && (isLower(name.charAt(i - 1)) || isDigit(name.charAt(i - 1)));
                snake.append(begins ? "_" : "").append(c);
            }
            known = snake.toString().toLowerCase(Locale.ROOT);
            SNAKE.put(name, known);
        }
        return known;
    }

    private static boolean isUpper(char c) {
        return c >= 'A' && c <= 'Z';
    }

    private static boolean isLower(char c) {
        return c >= 'a' && c <= 'z';
    }

    private static boolean isDigit(char c) {
        return c >= '0' && c <= '9';
    }
}

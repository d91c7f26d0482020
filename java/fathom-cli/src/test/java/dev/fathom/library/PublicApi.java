package dev.fathom.library;

import java.io.IOException;
import java.lang.reflect.Constructor;
import java.lang.reflect.Executable;
import java.lang.reflect.Field;
import java.lang.reflect.GenericArrayType;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.lang.reflect.TypeVariable;
import java.lang.reflect.WildcardType;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * What users can name and call in compiled classes, one signature a line. What every record or enum has (accessors of
 * components excepted) and what only overrides a listed method with the same result are left out.
 */
final class PublicApi {
    private static final Pattern EXPORTS = Pattern.compile("exports\\s+([\\w.]+)\\s*;");
    /** The packages that are not for users, where no module descriptor says so. */
    private static final Set<String> INTERNAL = Set.of("dev.fathom.kernel");

    /** The types that users can name, and the module of each. */
    private final Map<Class<?>, Path> shown = new LinkedHashMap<>();

    private PublicApi(List<Path> modules) throws IOException, ClassNotFoundException {
        for (Path module : modules) {
            for (Class<?> type : classes(module.resolve("target/classes"))) {
                if (exported(module, type.getPackageName()) && visible(type)) {
                    shown.put(type, module);
                }
            }
        }
    }

    /** What users can name of the modules whose folders these are. */
    static PublicApi of(List<Path> modules) throws IOException, ClassNotFoundException {
        return new PublicApi(modules);
    }

    /** The signatures of one of the modules, sorted. */
    List<String> lines(Path module) {
        Set<String> lines = new TreeSet<>();
        shown.forEach((type, its) -> {
            if (its.equals(module)) {
                lines(type, lines);
            }
        });
        return List.copyOf(lines);
    }

    /** Whether users can name a type, of these modules or of another. */
    private boolean shown(Class<?> type) {
        return shown.containsKey(type) || visible(type) && !type.getName().startsWith("dev.fathom.");
    }

    /** Every class of a folder of compiled classes that a source names, without running any of its code. */
    static Collection<Class<?>> classes(Path folder) throws IOException, ClassNotFoundException {
        List<Path> files;
        try (Stream<Path> all = Files.walk(folder)) {
            files = all.filter(f -> f.toString().endsWith(".class")
                            && !f.getFileName().toString().contains("-info"))
                    .sorted()
                    .toList();
        }
        Set<Class<?>> classes = new LinkedHashSet<>();
        for (Path file : files) {
            String name = folder.relativize(file).toString().replace('/', '.').replaceAll("\\.class$", "");
            Class<?> type = Class.forName(name, false, PublicApi.class.getClassLoader());
            if (!type.isSynthetic()) {
                classes.add(type);
            }
        }
        return classes;
    }

    private static boolean exported(Path module, String name) throws IOException {
        Path descriptor = module.resolve("src/main/java/module-info.java");
        if (!Files.exists(descriptor)) {
            return !INTERNAL.contains(name);
        }
        Matcher exports = EXPORTS.matcher(Files.readString(descriptor));
        return exports.results().anyMatch(m -> m.group(1).equals(name));
    }

    private static boolean visible(Class<?> type) {
        for (Class<?> t = type; t != null; t = t.getEnclosingClass()) {
            if (t.isAnonymousClass() || t.isLocalClass() || !visible(t.getModifiers())) {
                return false;
            }
        }
        return true;
    }

    private static boolean visible(int modifiers) {
        return Modifier.isPublic(modifiers) || Modifier.isProtected(modifiers);
    }

    /** Whether users see a member of a type: what is protected is for subclasses, which only an open class has. */
    private static boolean visible(Class<?> type, int modifiers) {
        boolean open = !Modifier.isFinal(type.getModifiers()) && !type.isSealed();
        return Modifier.isPublic(modifiers) || open && Modifier.isProtected(modifiers);
    }

    // ---- lines

    private void lines(Class<?> type, Set<String> lines) {
        String name = type.getCanonicalName();
        lines.add(name + ": " + declaration(type));
        for (Field f : type.getDeclaredFields()) {
            if (visible(type, f.getModifiers()) && !f.isSynthetic()) {
                lines.add(name + "." + f.getName() + ": " + prefix(f.getModifiers()) + text(f.getGenericType()));
            }
        }
        for (Constructor<?> c : type.getDeclaredConstructors()) {
            if (visible(type, c.getModifiers()) && !c.isSynthetic()) {
                lines.add(name + ".new" + parameters(c));
            }
        }
        Class<?> owner = type;
        do { // what a hidden superclass declares is inherited and therefore public here
            for (Method m : owner.getDeclaredMethods()) {
                if (visible(type, m.getModifiers()) && !m.isSynthetic() && !given(type, m)) {
                    lines.add(name + "." + m.getName() + parameters(m) + ": " + prefix(m.getModifiers())
                            + variables(m.getTypeParameters()) + text(m.getGenericReturnType()));
                }
            }
            owner = owner.getSuperclass();
        } while (owner != null && !shown(owner));
    }

    private String declaration(Class<?> type) {
        String kind = type.isRecord()
                ? "record"
                : type.isAnnotation()
                        ? "annotation"
                        : type.isInterface() ? "interface" : type.isEnum() ? "enum" : "class";
        String modifiers = type.isSealed() ? "sealed " : "";
        String above = Stream.concat(
                        Stream.ofNullable(type.getSuperclass())
                                .filter(t -> t != Object.class && t != Record.class && !type.isEnum())
                                .filter(this::shown)
                                .map(t -> type.getGenericSuperclass()),
                        IntStream.range(0, type.getInterfaces().length)
                                .filter(i -> shown(type.getInterfaces()[i]))
                                .mapToObj(i -> type.getGenericInterfaces()[i]))
                .map(PublicApi::text)
                .collect(Collectors.joining(", "));
        return modifiers
                + kind
                + variables(type.getTypeParameters())
                + components(type)
                + (above.isEmpty() ? "" : " of " + above);
    }

    private static String components(Class<?> type) {
        if (!type.isRecord()) {
            return "";
        }
        return Arrays.stream(type.getRecordComponents())
                .map(RecordComponent::getName)
                .collect(Collectors.joining(", ", "(", ")"));
    }

    private static String prefix(int modifiers) {
        return (Modifier.isProtected(modifiers) ? "protected " : "") + (Modifier.isStatic(modifiers) ? "static " : "");
    }

    /** Whether a method is one that users know without reading it here. */
    private boolean given(Class<?> type, Method m) {
        if (type.isEnum()
                && Modifier.isStatic(m.getModifiers())
                && List.of("values", "valueOf").contains(m.getName())) {
            return true;
        }
        return !Modifier.isStatic(m.getModifiers()) && above(type).anyMatch(t -> declares(t, m));
    }

    /** The visible types that a type inherits from, Object among them. */
    private Stream<Class<?>> above(Class<?> type) {
        Stream<Class<?>> direct = Stream.concat(
                type.isInterface() ? Stream.of(Object.class) : Stream.ofNullable(type.getSuperclass()),
                Arrays.stream(type.getInterfaces()));
        return direct.flatMap(t -> Stream.concat(shown(t) ? Stream.of(t) : Stream.empty(), above(t)));
    }

    private static boolean declares(Class<?> type, Method m) {
        return Arrays.stream(type.getDeclaredMethods())
                .anyMatch(o -> o.getName().equals(m.getName())
                        && o.getReturnType() == m.getReturnType()
                        && visible(o.getModifiers())
                        && Arrays.equals(o.getParameterTypes(), m.getParameterTypes()));
    }

    private static String parameters(Executable e) {
        Type[] types = e.getGenericParameterTypes();
        return java.util.stream.IntStream.range(0, types.length)
                .mapToObj(i -> {
                    String text = text(types[i]);
                    boolean variable = e.isVarArgs() && i == types.length - 1;
                    return variable ? text.substring(0, text.length() - 2) + "..." : text;
                })
                .collect(Collectors.joining(", ", "(", ")"));
    }

    private static String variables(TypeVariable<?>[] variables) {
        if (variables.length == 0) {
            return "";
        }
        return Arrays.stream(variables)
                .map(v -> v.getName() + bound(" extends ", v.getBounds()))
                .collect(Collectors.joining(", ", "<", "> "));
    }

    private static String bound(String word, Type[] bounds) {
        return bounds.length == 0 || bounds[0] == Object.class
                ? ""
                : word + Arrays.stream(bounds).map(PublicApi::text).collect(Collectors.joining(" & "));
    }

    private static String text(Type type) {
        if (type instanceof Class<?> c) {
            return c.isArray()
                    ? text(c.getComponentType()) + "[]"
                    : c.getCanonicalName().replaceAll("^java\\.lang\\.(?=[A-Z])", "");
        }
        if (type instanceof GenericArrayType a) {
            return text(a.getGenericComponentType()) + "[]";
        }
        if (type instanceof WildcardType w) {
            return "?" + bound(" extends ", w.getUpperBounds()) + bound(" super ", w.getLowerBounds());
        }
        if (type instanceof ParameterizedType p) {
            return text(p.getRawType())
                    + Arrays.stream(p.getActualTypeArguments())
                            .map(PublicApi::text)
                            .collect(Collectors.joining(", ", "<", ">"));
        }
        return type.getTypeName();
    }
}

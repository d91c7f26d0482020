package dev.fathom.build;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.ClassWriter;
import org.objectweb.asm.Handle;
import org.objectweb.asm.Opcodes;
import org.objectweb.asm.Type;
import org.objectweb.asm.tree.AbstractInsnNode;
import org.objectweb.asm.tree.ClassNode;
import org.objectweb.asm.tree.InvokeDynamicInsnNode;
import org.objectweb.asm.tree.LineNumberNode;
import org.objectweb.asm.tree.MethodNode;

/**
 * Writes into a folder of compiled classes what javac leaves to the JVM: the classes of lambdas and method references,
 * and {@code equals} and {@code hashCode} of records.
 *
 * <p>A JVM makes these when they are needed for the first time, which takes several times as long as reading them from
 * a jar. With classes of lambdas alone, the first answer of ResNet-50 in a file of ONNX comes after 522 ms instead of
 * 596, and that of an encoder after 401 instead of 451. The class {@code Outer$$Lambda$7} is a nest mate of its outer
 * class and so may call what is private there; in a stack trace it has the line of its expression. Expressions of one
 * outer class and interface share a class, unless the interface is one of nets: a net tells layers apart by their
 * classes, and knows by its fields whether a layer holds parameters, so there each expression has a class of its own.
 * Lambdas that can be serialized stay as javac compiles them.
 *
 * <p>Classes that were written once stay as they are until they are compiled again: after a change of this one run
 * {@code mvn clean}.
 */
public final class Prelink {
    private static final String MARK = "$$Lambda$";
    /** What nets are. */
    private static final String MEMBER = "dev/fathom/tree/Structure$Member";

    private final Path folder;
    private final Map<String, ClassNode> classes = new TreeMap<>();
    /** The classes that are new or changed. */
    private final Map<String, ClassNode> changed = new TreeMap<>();

    private final Map<String, LambdaClass> lambdas = new TreeMap<>();

    private Prelink(Path folder) {
        this.folder = folder;
    }

    /** {@code FOLDER...}, of which those that do not exist are left out. */
    public static void main(String[] folders) throws IOException {
        for (String folder : folders) {
            if (Files.isDirectory(Path.of(folder))) {
                new Prelink(Path.of(folder)).run();
            }
        }
    }

    private void run() throws IOException {
        List<Path> files;
        try (Stream<Path> all = Files.walk(folder)) {
            files = all.filter(f -> f.toString().endsWith(".class")).toList();
        }
        for (Path file : files) {
            ClassNode read = new ClassNode();
            new ClassReader(Files.readAllBytes(file)).accept(read, 0);
            classes.put(read.name, read);
        }
        for (ClassNode c : List.copyOf(classes.values())) {
            if (c.name.contains(MARK)) {
                removeIfStale(c);
            } else {
                if (RecordMethods.write(c)) {
                    changed.put(c.name, c);
                }
                c.methods.forEach(m -> replace(c, m));
            }
        }
        for (LambdaClass made : lambdas.values()) {
            ClassNode c = made.made();
            changed.put(c.name, c);
        }
        // the new classes first, so that an interrupted run leaves no class that needs a missing one
        write(c -> c.name.contains(MARK));
        write(c -> !c.name.contains(MARK));
    }

    private void write(Predicate<ClassNode> which) throws IOException {
        for (ClassNode c : changed.values()) {
            if (which.test(c)) {
                ClassWriter bytes = new ClassWriter(ClassWriter.COMPUTE_MAXS);
                c.accept(bytes);
                Files.write(file(c), bytes.toByteArray());
            }
        }
    }

    private Path file(ClassNode c) {
        return folder.resolve(c.name + ".class");
    }

    /** Removes a class that an earlier run wrote, if its outer class was compiled again since and names it no more. */
    private void removeIfStale(ClassNode c) throws IOException {
        ClassNode host = classes.get(c.nestHostClass);
        if (host == null || host.nestMembers == null || !host.nestMembers.contains(c.name)) {
            Files.delete(file(c));
        }
    }

    private void replace(ClassNode outer, MethodNode method) {
        int line = 0;
        for (AbstractInsnNode i : method.instructions.toArray()) {
            if (i instanceof LineNumberNode n) {
                line = n.line;
            } else if (i instanceof InvokeDynamicInsnNode expression
                    && expression.bsm.getOwner().equals("java/lang/invoke/LambdaMetafactory")
                    && expression.bsm.getName().equals("metafactory")) {
                Type type = Type.getReturnType(expression.desc);
                String key = outer.name + " " + type + (mayBeNet(type.getInternalName()) ? " " + lambdas.size() : "");
                LambdaClass made = lambdas.computeIfAbsent(key, k -> lambdaClass(outer, type));
                method.instructions.set(expression, made.add(expression, named(outer, expression), line));
                changed.put(outer.name, outer);
            }
        }
    }

    private LambdaClass lambdaClass(ClassNode outer, Type type) {
        ClassNode host = outer.nestHostClass == null ? outer : classes.get(outer.nestHostClass);
        host.nestMembers = host.nestMembers == null ? new ArrayList<>() : host.nestMembers;
        int n = 1;
        while (host.nestMembers.contains(outer.name + MARK + n)) {
            n++;
        }
        host.nestMembers.add(outer.name + MARK + n);
        changed.put(host.name, host);
        return new LambdaClass(outer, host, outer.name + MARK + n, type);
    }

    /** Whether an interface is one of nets. One of another module is taken for one, since its parents are not known. */
    private boolean mayBeNet(String name) {
        ClassNode type = classes.get(name);
        return !name.startsWith("java/")
                && (type == null
                        || name.equals(MEMBER)
                        || type.interfaces.stream().anyMatch(this::mayBeNet));
    }

    /**
     * What an expression calls. The method that javac made of a lambda, {@code lambda$outer$3}, is called
     * {@code outer$lambda$3} and is one like others: ArchUnit takes methods of the first form for parts of the method
     * with the expression, which it no longer finds.
     */
    private static Handle named(ClassNode outer, InvokeDynamicInsnNode expression) {
        Handle called = (Handle) expression.bsmArgs[1];
        if (!called.getOwner().equals(outer.name) || !called.getName().startsWith("lambda$")) {
            return called;
        }
        int number = called.getName().lastIndexOf('$');
        String name = called.getName().substring("lambda$".length(), number)
                + "$lambda"
                + called.getName().substring(number);
        for (MethodNode m : outer.methods) {
            if (m.name.equals(called.getName()) && m.desc.equals(called.getDesc())) {
                m.name = name;
                m.access &= ~Opcodes.ACC_SYNTHETIC;
            }
        }
        return new Handle(called.getTag(), called.getOwner(), name, called.getDesc(), called.isInterface());
    }
}

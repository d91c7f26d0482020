package dev.fathom.testing;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** What is in a package, by its class files, so that a new class is seen without being named. */
public final class Packages {
    private Packages() {}

    /** The classes in the packages of these, in the order of their names. */
    public static List<Class<?>> classes(Class<?>... ones) throws Exception {
        List<Class<?>> classes = new ArrayList<>();
        for (Class<?> one : ones) {
            Path root = Path.of(
                    one.getProtectionDomain().getCodeSource().getLocation().toURI());
            try (Stream<Path> files =
                    Files.list(root.resolve(one.getPackageName().replace('.', '/')))) {
                for (Path file : files.sorted().toList()) {
                    String name = file.getFileName().toString();
                    if (name.endsWith(".class") && !name.contains("-info")) {
                        classes.add(Class.forName(one.getPackageName() + "." + name.substring(0, name.length() - 6)));
                    }
                }
            }
        }
        return classes;
    }
}

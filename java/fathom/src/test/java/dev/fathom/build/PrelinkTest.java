package dev.fathom.build;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fathom.tree.Structure;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.ClassWriter;
import org.objectweb.asm.tree.ClassNode;
import org.objectweb.asm.tree.InvokeDynamicInsnNode;

/** {@link Prelink}, which the build runs over all classes, and what it left of those of the library. */
@Tag("any-instruction-set")
class PrelinkTest {
    private static final Path CLASSES = Path.of("target", "test-classes", "dev", "fathom", "build");

    @TempDir
    Path folder;

    private Path copied() throws IOException {
        Path to = Files.createDirectories(folder.resolve("dev/fathom/build"));
        for (Path file : files(CLASSES, "Cases")) {
            Files.write(to.resolve(file.getFileName()), Files.readAllBytes(file));
        }
        return to;
    }

    private static List<Path> files(Path in, String name) throws IOException {
        try (Stream<Path> all = Files.walk(in)) {
            return all.filter(f -> f.getFileName().toString().endsWith(".class")
                            && f.toString().contains(name))
                    .sorted()
                    .toList();
        }
    }

    private static List<byte[]> bytes(Path in) throws IOException {
        return files(in, "").stream().map(PrelinkTest::bytesOf).toList();
    }

    private static byte[] bytesOf(Path file) {
        try {
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static long linkedAtRunTime(Path in) throws IOException {
        return files(in, "").stream()
                .flatMap(file -> {
                    ClassNode c = new ClassNode();
                    new ClassReader(bytesOf(file)).accept(c, ClassReader.SKIP_DEBUG);
                    return c.methods.stream();
                })
                .flatMap(m -> Stream.of(m.instructions.toArray()))
                .filter(i -> i instanceof InvokeDynamicInsnNode d
                        && (d.bsm.getName().equals("metafactory")
                                || d.bsm.getOwner().endsWith("ObjectMethods") && !d.name.equals("toString")))
                .count();
    }

    @Test
    void everyKindGivesWhatItGaveBefore() throws Exception {
        Path to = copied();
        assertThat(linkedAtRunTime(to)).isGreaterThan(40);
        Prelink.main(new String[] {folder.toString(), folder.resolve("none").toString()});
        assertThat(linkedAtRunTime(to)).isZero();
        assertThat(found(LambdaCases.class)).isEqualTo(LambdaCases.all());
        assertThat(found(RecordCases.class)).isEqualTo(RecordCases.all());
    }

    /** What a class gives whose file was written anew. */
    private Object found(Class<?> cases) throws Exception {
        try (var loader = new URLClassLoader(new URL[] {folder.toUri().toURL()}, null)) {
            return loader.loadClass(cases.getName()).getMethod("all").invoke(null);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aNetTellsALayerByItsClassAndThatItHoldsNothing(boolean inTheFolder) throws Exception {
        copied();
        for (String name : List.of("nn/Layer", "nn/Net", "tree/Structure$Member")) {
            if (inTheFolder) {
                Path to = folder.resolve("dev/fathom").resolve(name + ".class");
                Files.createDirectories(to.getParent());
                Files.copy(Path.of("target", "classes", "dev", "fathom").resolve(name + ".class"), to);
            }
        }
        Prelink.main(new String[] {folder.toString()});
        try (var loader = new URLClassLoader(
                new URL[] {
                    folder.toUri().toURL(), Path.of("target", "classes").toUri().toURL()
                },
                null)) {
            Class<?> cases = loader.loadClass(LambdaCases.class.getName());
            Object[] layers = (Object[]) cases.getMethod("layers").invoke(null);
            assertThat(layers).hasSize(3).extracting(Object::getClass).doesNotHaveDuplicates();
            for (Object layer : layers) {
                assertThat(layer.getClass().isSynthetic()).isTrue();
                assertThat(Structure.hasState(layer.getClass())).isFalse();
            }
            Object[] others = (Object[]) cases.getMethod("functions").invoke(null);
            assertThat(others).hasSize(3).extracting(Object::getClass).containsOnly(others[0].getClass());
        }
    }

    @Test
    void anotherRunChangesNothing() throws Exception {
        Path to = copied();
        Prelink.main(new String[] {folder.toString()});
        List<byte[]> once = bytes(to);
        Prelink.main(new String[] {folder.toString()});
        assertThat(bytes(to)).containsExactlyElementsOf(once);
        copied(); // compiled anew
        Prelink.main(new String[] {folder.toString()});
        assertThat(bytes(to)).containsExactlyElementsOf(once);
    }

    @Test
    void classesOfLambdasThatAreGoneAreRemoved() throws Exception {
        Path to = copied();
        Prelink.main(new String[] {folder.toString()});
        int all = files(to, "$$Lambda$").size();
        Path stale = to.resolve("LambdaCases$$Lambda$999.class");
        ClassNode c = new ClassNode();
        new ClassReader(bytesOf(to.resolve("LambdaCases$$Lambda$1.class"))).accept(c, 0);
        c.name = "dev/fathom/build/LambdaCases$$Lambda$999";
        ClassWriter writer = new ClassWriter(0);
        c.accept(writer);
        Files.write(stale, writer.toByteArray());
        Prelink.main(new String[] {folder.toString()});
        assertThat(stale).doesNotExist();
        assertThat(files(to, "$$Lambda$")).hasSize(all);
    }

    @Test
    void theLibraryLinksNoneAtRunTime() throws Exception {
        assertThat(linkedAtRunTime(Path.of("target", "classes"))).isZero();
    }
}

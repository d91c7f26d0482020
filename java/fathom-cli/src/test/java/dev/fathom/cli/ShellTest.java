package dev.fathom.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import jdk.jshell.JShell;
import jdk.jshell.Snippet;
import jdk.jshell.SnippetEvent;
import org.junit.jupiter.api.Test;

/** What {@code ./fathom shell} begins with. */
class ShellTest {
    @Test
    void thePackagesAreImportedAndTensorsCanBeComputed() throws Exception {
        Path root = Path.of(System.getProperty("fathom.root"));
        List<String> lines = Files.readAllLines(root.resolve("java/fathom-cli/src/main/jshell/fathom.jsh"));
        assertThat(lines)
                .startsWith(imports(root).toArray(String[]::new))
                .hasSize(imports(root).size() + 1);
        try (JShell shell = JShell.builder()
                .out(new PrintStream(OutputStream.nullOutputStream()))
                .executionEngine("local")
                .build()) {
            shell.addToClasspath(System.getProperty("java.class.path"));
            for (String line : lines) {
                assertThat(shell.eval(line)).as(line).allMatch(e -> e.status() == Snippet.Status.VALID);
            }
            // one snippet, since each runs on a thread of its own here and a pass belongs to its thread
            shell.eval("float six() { try (Pass pass = Pass.infer()) { return Tensor.ones(2, 3).sum().item(); } }");
            List<SnippetEvent> sum = shell.eval("six()");
            assertThat(sum).extracting(SnippetEvent::value).containsExactly("6.0");
        }
    }

    /** A line for each package that a module exports to everyone; fathom-view is no module, and all of it is public. */
    private static List<String> imports(Path root) throws Exception {
        Set<String> packages = new TreeSet<>(Set.of("dev.fathom.view"));
        List<Path> modules;
        try (Stream<Path> folders = Files.list(root.resolve("java"))) {
            modules = folders.map(folder -> folder.resolve("src/main/java/module-info.java"))
                    .filter(Files::exists)
                    .toList();
        }
        assertThat(modules).hasSizeGreaterThan(5);
        for (Path module : modules) {
            Matcher exports = Pattern.compile("exports ([a-z.]+);").matcher(Files.readString(module));
            while (exports.find()) {
                packages.add(exports.group(1));
            }
        }
        return packages.stream().map(name -> "import " + name + ".*;").toList();
    }
}

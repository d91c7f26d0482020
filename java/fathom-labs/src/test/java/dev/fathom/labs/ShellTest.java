package dev.fathom.labs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import jdk.jshell.JShell;
import jdk.jshell.Snippet;
import jdk.jshell.SnippetEvent;
import org.junit.jupiter.api.Test;

/** What {@code ./fathom shell} begins with. */
class ShellTest {
    @Test
    void thePackagesAreImportedAndTensorsCanBeComputed() throws Exception {
        Path root = Path.of(System.getProperty("fathom.root"));
        List<String> lines = Files.readAllLines(root.resolve("java/fathom-labs/src/main/jshell/fathom.jsh"));
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
}

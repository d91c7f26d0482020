package dev.fathom.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;
import org.junit.jupiter.api.Test;

/** The example runs, prints what it promises, fits on a screen, and is in the guide's table. */
class E12SparkTest {
    private static final Path ROOT = Path.of(System.getProperty("fathom.root"));
    private static final String SOURCE = "java/fathom-spark/src/main/java/dev/fathom/examples/E12Spark.java";

    @Test
    void itRuns() {
        Properties before = (Properties) System.getProperties().clone();
        PrintStream terminal = System.out;
        var out = new ByteArrayOutputStream();
        System.setProperty("spark.master", "local[2]");
        System.setProperty("spark.ui.enabled", "false");
        System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
        try {
            E12Spark.main(new String[0]);
        } finally {
            System.setOut(terminal);
            System.setProperties(before);
        }
        assertThat(out.toString(StandardCharsets.UTF_8)).matches("50000 rows, (9\\d|100)\\.\\d % right\\R");
    }

    @Test
    void itFitsOnAScreenAndIsInTheGuide() throws IOException {
        assertThat(Files.readString(ROOT.resolve(SOURCE)).lines().filter(line -> !line.isBlank()))
                .hasSizeLessThanOrEqualTo(42);
        assertThat(Files.readString(ROOT.resolve("docs/guide.md"))).contains("(../" + SOURCE + ")");
    }
}

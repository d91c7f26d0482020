package dev.fathom.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fathom.nn.Model;
import dev.fathom.parameter.Parameter;
import dev.fathom.tree.Structure;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** docs/networks.md says what the command says. */
class NetworksTest {
    /** Larger networks have their parameters counted, and no memory to hold them. */
    private static final long LARGE = 40_000_000;

    @Test
    void thePageHasARowOfEveryNetwork() throws IOException {
        List<String> rows;
        try (Stream<String> lines =
                Files.lines(Path.of(System.getProperty("fathom.root")).resolve("docs/networks.md"))) {
            rows = lines.filter(line -> line.matches("\\|[^|]+\\| \\d+ x \\d+ x .*"))
                    .toList();
        }
        assertThat(rows).hasSameSizeAs(Networks.ALL);
        for (int i = 0; i < rows.size(); i++) {
            Networks.Known known = Networks.ALL.get(i);
            var net = known.net().get();
            long count = Structure.walk(net).stream()
                    .filter(n -> n.value() instanceof Parameter)
                    .mapToLong(n -> ((Parameter) n.value()).shape().size())
                    .sum();
            assertThat(rows.get(i)).startsWith("| " + known.name() + " |");
            if (count > LARGE) {
                assertThat(rows.get(i)).contains(String.format(Locale.ROOT, "| %,d |", count));
            } else {
                try (var model = Model.of(net, 1)) {
                    assertThat(rows.get(i)).startsWith(Networks.Known.counts(known, model));
                }
            }
        }
    }

    @Test
    void theCommandTimesThoseThatAreAsked() {
        CommandLineRun run = CommandLineRun.of("networks", "LeNet-5");
        assertThat(run.err()).isEmpty();
        assertThat(run.out())
                .containsPattern("\\| LeNet-5 \\| 28 x 28 x 1 \\| 61,706 \\| 416,520 \\| 16 \\| 0\\.\\d{3} \\|");
        assertThat(run.out().lines()).hasSize(3);
        assertThat(CommandLineRun.of("networks", "lanet").err())
                .contains("no network is called lanet; there are LeNet-5");
    }
}

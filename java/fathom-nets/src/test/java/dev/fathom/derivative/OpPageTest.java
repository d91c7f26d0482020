package dev.fathom.derivative;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fathom.tensor.OpTable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The page of ops is the one that the rows of {@link OpTable} make, and no op is missing on it. */
class OpPageTest {
    private static final Path FILE = Path.of(System.getProperty("fathom.root")).resolve("docs/catalogue/ops.md");

    @Test
    void thePageIsFresh() throws IOException {
        OpPage page = OpPage.ofRows();
        if (Boolean.getBoolean("fathom.ops.write")) {
            Files.writeString(FILE, page.text());
        }
        assertThat(FILE)
                .as("make it anew with " + OpPage.COMMAND)
                .usingCharset("UTF-8")
                .hasContent(page.text());
    }

    @Test
    void everyOpAndMethodOfTheRowsIsThere() {
        OpPage page = OpPage.ofRows();
        Set<Object> covered =
                OpTable.rows().stream().flatMap(r -> r.covered().stream()).collect(Collectors.toSet());
        assertThat(page.missing(covered)).isEmpty();
    }
}

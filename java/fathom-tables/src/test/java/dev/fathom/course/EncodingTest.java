package dev.fathom.course;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fathom.table.Encoder;
import dev.fathom.table.Encoding;
import dev.fathom.table.Table;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How the courses write categories as numbers. */
class EncodingTest {
    @TempDir
    Path temp;

    /** CS155, slide "One-hot": of K = 5 classes, class 4 counted from one is [0, 0, 0, 1, 0]. */
    @Test
    void theFourthOfFiveClasses() {
        try (Pass pass = Pass.infer()) {
            assertThat(Tensor.ofInts(new int[] {4 - 1}, 1).oneHot(5).toArray()).containsExactly(0, 0, 0, 1, 0);
        }
    }

    /**
     * AI basics lecture 13, slide "Input encoding": of French, Italian, Thai and burger, burger is 0001 and Italian
     * 0100.
     */
    @Test
    void theKindsOfRestaurants() throws IOException {
        Path file = Files.writeString(temp.resolve("restaurants.csv"), "kind\nThai\nburger\nItalian\nFrench\n");
        Table table = Table.csv(file);
        Encoding encoding = new Encoder().oneHot("kind").fit(table);
        assertThat(encoding.categories("kind")).containsExactly("French", "Italian", "Thai", "burger");
        float[] rows = encoding.features(table);
        assertThat(Arrays.copyOfRange(rows, 4, 8)).as("burger").containsExactly(0, 0, 0, 1);
        assertThat(Arrays.copyOfRange(rows, 8, 12)).as("Italian").containsExactly(0, 1, 0, 0);
    }
}

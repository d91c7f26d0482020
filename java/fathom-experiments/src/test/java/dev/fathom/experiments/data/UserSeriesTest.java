package dev.fathom.experiments.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A person's own series as programs export it. */
class UserSeriesTest {
    @TempDir
    Path temp;

    /** Semicolons with decimal commas, tabs, an empty line in between, and more columns than are drawn. */
    @Test
    void exportsOfSpreadsheetsAreRead() throws IOException {
        Path commas = Files.writeString(temp.resolve("a.csv"), "time,\"a;b\",b\n1,0.5,2\n\n2,-1.5,1\n3,2e1,0\n");
        Path semicolons = Files.writeString(
                temp.resolve("b.csv"), "\ufefftime;\"a;b\";b\r\n1;0,5;2\r\n\r\n2;-1,5;1\r\n3;2e1;0\r\n");
        Path tabs = Files.writeString(temp.resolve("c.txt"), "time\t\"a;b\"\tb\n1\t0.5\t2\n\n2\t-1.5\t1\n3\t2e1\t0\n");
        for (Path file : List.of(commas, semicolons, tabs)) {
            UserSeries series = UserSeries.read(file, List.of());
            assertThat(series.columns()).containsExactly("a;b", "b");
            assertThat(series.rows()).isDeepEqualTo(new double[][] {{0.5, 2}, {-1.5, 1}, {20, 0}});
            assertThat(series.lines()).containsExactly(2, 4, 5);
        }
        Path bare = Files.writeString(temp.resolve("d.csv"), "0,5;2\n1,5;3\n");
        assertThat(UserSeries.read(bare, List.of()).rows()).isDeepEqualTo(new double[][] {{0.5, 2}, {1.5, 3}});
        assertThat(UserSeries.read(bare, List.of()).lines()).containsExactly(1, 2);
        Path mixed = Files.writeString(temp.resolve("e.csv"), "a;b\n1,5;2\n1.234,5;3\n");
        assertThatThrownBy(() -> UserSeries.read(mixed, List.of()))
                .hasMessageContaining("e.csv line 3, column a: 1.234,5 is no number");
    }
}

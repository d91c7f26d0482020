package dev.fathom.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the front page promises, on the whole data. */
class AccuracyTest {
    private static final Pattern ACCURACY = Pattern.compile("Test accuracy (\\d+\\.\\d+) %");

    @TempDir
    Path temp;

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void fashionMnistIsAtLeast89PercentRight(long seed) {
        assertThat(accuracy("--seed", Long.toString(seed))).isGreaterThanOrEqualTo(89.0);
    }

    @Test
    void mnistIsAtLeast98PercentRight() {
        String data = System.getenv("FATHOM_DATA");
        assumeTrue(data != null && Files.isDirectory(Path.of(data, "mnist")), "FATHOM_DATA has no folder mnist");
        assertThat(accuracy("--data", "mnist")).isGreaterThanOrEqualTo(98.0);
    }

    private double accuracy(String option, String value) {
        CommandLineRun run = CommandLineRun.of("quickstart", option, value, "--out", temp.toString());
        assertThat(run.code()).as(run.err()).isZero();
        Matcher found = ACCURACY.matcher(run.out());
        assertThat(found.find()).as(run.out()).isTrue();
        double accuracy = Double.parseDouble(found.group(1));
        System.out.printf("quickstart %s %s: %.2f %%%n", option, value, accuracy);
        return accuracy;
    }
}

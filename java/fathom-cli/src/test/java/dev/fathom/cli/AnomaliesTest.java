package dev.fathom.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fathom.experiments.data.UserSeries;
import dev.fathom.experiments.training.Interrupt;
import dev.fathom.experiments.training.Training;
import dev.fathom.labs.outliers.Detection;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code fathom anomalies}: a person's own series. */
class AnomaliesTest {
    @TempDir
    Path temp;

    private static String wave(int rows, boolean header) {
        StringBuilder text = new StringBuilder(header ? "time,speed,place,load,constant\n" : "");
        for (int t = 0; t < rows; t++) {
            boolean strange = t >= 400 && t < 412;
            String speed =
                    t == 50 || t == 51 ? "" : Double.toString(strange ? 4 * Math.cos(3.0 * t) : Math.sin(t / 4.0));
            text.append(header ? t + "," + speed + ",here," + Math.cos(t / 4.0) + ",7" : speed.isEmpty() ? "0" : speed)
                    .append('\n');
        }
        return text.toString();
    }

    @Test
    void anOwnSeriesIsScoredAndDrawn() throws IOException {
        Path file = Files.writeString(temp.resolve("own.csv"), wave(600, true));
        Path folder = temp.resolve("out");
        CommandLineRun run =
                CommandLineRun.of("anomalies", file.toString(), "--members", "3", "--out", folder.toString());
        assertThat(run.err()).isEmpty();
        assertThat(run.code()).isZero();
        assertThat(run.out())
                .contains("Column time is taken as the time and left out.")
                .contains("Column place has no numbers and is left out.")
                .contains("Column constant is constant and is left out.")
                .contains("Column speed has 2 gaps, which are filled")
                .contains("600 rows of speed, load")
                .containsPattern("\\d+ microseconds on one thread");
        List<String> scores = Files.readAllLines(folder.resolve("scores.csv"));
        assertThat(scores).hasSize(601).startsWith("line,score,flagged");
        assertThat(scores.get(1)).startsWith("2,"); // below the header
        assertThat(scores.subList(401, 413).stream()
                        .filter(l -> l.endsWith(",1"))
                        .count())
                .isGreaterThan(4);
        assertThat(scores.subList(100, 380)).allMatch(l -> l.endsWith(",0"));
        assertThat(folder.resolve("anomalies.png")).isNotEmptyFile();

        Path bare = Files.writeString(temp.resolve("bare.txt"), wave(600, false));
        CommandLineRun again =
                CommandLineRun.of("anomalies", bare.toString(), "--members", "1", "--out", folder.toString());
        assertThat(again.out()).contains("600 rows of column 1");
    }

    @Test
    void columnsThatAreNotDrawnAreNamed() throws IOException {
        StringBuilder text = new StringBuilder("a;b;c;d;e;f;g;h\n");
        for (int t = 0; t < 40; t++) {
            for (int c = 0; c < 8; c++) {
                text.append(t * (c + 1) % 11).append(c < 7 ? ";" : "\n");
            }
        }
        Path file = Files.writeString(temp.resolve("wide.csv"), text);
        CommandLineRun run = CommandLineRun.of(
                "anomalies", file.toString(), "--members", "1", "--window", "8", "--out", temp.toString());
        assertThat(run.err()).isEmpty();
        assertThat(run.out())
                .contains("The picture has the first 6 of 8 columns; not drawn: g, h.")
                .contains("epoch 30/30")
                .contains("a header is line 1");
    }

    /**
     * A person who presses Ctrl-C gets the scores of what was learned, and with --resume those of a run that was never
     * stopped.
     */
    @Test
    void anInterruptedDetectionIsKeptAndGoesOn() throws IOException {
        Path file = Files.writeString(temp.resolve("own.csv"), wave(300, true));
        UserSeries series = UserSeries.read(file, List.of());
        Detection whole = detected(series, 2, "never printed", temp.resolve("whole"));
        Detection part = detected(series, 2, "epoch  2/30", temp.resolve("part"));
        assertThat(part.epochs()).isEqualTo(2);
        assertThat(part.scores()).hasSize(300).isNotEqualTo(whole.scores());
        Detection resumed = detected(series, 2, "never printed", temp.resolve("part"));
        assertThat(resumed.epochs()).isEqualTo(30);
        assertThat(resumed.scores()).isEqualTo(whole.scores());
        Files.createDirectories(temp.resolve("part"));
        assertThatThrownBy(() -> detected(series, 3, "never printed", temp.resolve("part")))
                .isExactlyInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("differs in the model");
    }

    private static Detection detected(UserSeries series, int members, String text, Path folder) {
        try (Interrupt interrupt = Interrupt.install(System.err)) {
            PrintStream printed = new PrintStream(new ByteArrayOutputStream(), true, StandardCharsets.UTF_8) {
                @Override
                public void println(@Nullable String line) {
                    if (line != null && line.startsWith(text)) {
                        interrupt.request();
                    }
                }
            };
            Training training = new Training(printed, printed, interrupt, 1, true);
            return Objects.requireNonNull(
                    Detection.of(series, new Detection.Settings(8, members, 0, 3, 1), training, folder));
        }
    }

    @Test
    void whatIsNoSeriesIsRefusedInASentence() throws IOException {
        refused("it does not exist", "--window", "32");
        Files.writeString(temp.resolve("own.csv"), "a,b\n1,2\n2,x\n3,4\n");
        refused("own.csv line 3, column b: x is no number");
        refused("has no column c; it has a, b", "--columns", "c");
        Files.writeString(temp.resolve("own.csv"), "a,b\n1,2\n2,3\n3,4\n");
        refused("there are 3 rows, 3 of them to learn from, but windows of 32 rows need at least 64");
        refused("--window 1: choose at least 2", "--window", "1");
        refused("--deviations -1.0: choose a number above 0", "--deviations", "-1");
        Files.writeString(temp.resolve("own.csv"), "a\n" + "5\n".repeat(300));
        refused("has no column of numbers that change");
        Files.writeString(temp.resolve("own.csv"), "");
        refused("own.csv");
        Files.writeString(temp.resolve("own.csv"), wave(100, true));
        refused("--learn 200: there are only 100 rows", "--learn", "200");
    }

    private void refused(String why, String... options) {
        List<String> all =
                new ArrayList<>(List.of("anomalies", temp.resolve("own.csv").toString()));
        all.addAll(List.of(options));
        all.addAll(List.of("--out", temp.resolve("refused").toString()));
        CommandLineRun run = CommandLineRun.of(all.toArray(String[]::new));
        assertThat(run.code()).isNotZero();
        assertThat(run.err()).contains(why).hasLineCount(1);
    }
}

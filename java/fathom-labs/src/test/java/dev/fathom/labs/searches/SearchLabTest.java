package dev.fathom.labs.searches;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.data.Dataset;
import dev.fathom.features.Examples;
import dev.fathom.labs.InterruptedRun;
import dev.fathom.labs.ShortRun;
import dev.fathom.op.Shape;
import dev.fathom.search.Trial;
import dev.fathom.tensor.Rng;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code fathom lab search}: its short form, whose searches go on where they were. */
class SearchLabTest {
    private static final List<String> WAYS = List.of("grid", "random", "genetic", "halving", "predicted");

    @TempDir
    static Path folder;

    @TempDir
    Path temp;

    private static ShortRun run;

    @BeforeAll
    static void shortForm() {
        run = ShortRun.of(new SearchLab(), 1, folder);
    }

    @Test
    void everySearchSpendsTheSame() throws IOException {
        assertThat(run.result().isFinished()).isTrue();
        for (String way : WAYS) {
            MatchResult row = Pattern.compile("\n" + way + " +(\\d+) +(\\d+) +(\\d+) +([\\d.]+) %")
                    .matcher(run.out())
                    .results()
                    .findFirst()
                    .orElseThrow();
            assertThat(Integer.parseInt(row.group(1))).isEqualTo(way.equals("halving") ? 128 : 64);
            assertThat(Integer.parseInt(row.group(2))).as(way).isEqualTo(192);
            List<String> csv = Files.readAllLines(folder.resolve(way + "-1.csv"));
            assertThat(csv.get(0)).isEqualTo("trial,seed,budget,depth,width,rate,dropout,skips,score,failure");
            assertThat(csv).hasSize(1 + Integer.parseInt(row.group(1)));
            // the table says what is in the file: the best score of those with the whole budget
            double best = csv.stream()
                    .skip(1)
                    .map(line -> line.split(","))
                    .filter(cells -> cells[2].equals("3"))
                    .mapToDouble(cells -> Double.parseDouble(cells[8]))
                    .max()
                    .orElseThrow();
            assertThat(run.figure(way + ", best score")).isCloseTo(100 * best, within(1e-9));
            assertThat(run.figure(way + ", best score")).isBetween(40.0, 90.0);
            assertThat(run.figure(way + ", test accuracy of its best network")).isBetween(40.0, 90.0);
        }
        for (String way : List.of("grid", "genetic", "halving", "predicted")) {
            assertThat(run.figure(way + ", test accuracy beyond that of random search"))
                    .isCloseTo(
                            run.figure(way + ", test accuracy of its best network")
                                    - run.figure("random, test accuracy of its best network"),
                            within(1e-9));
        }
        assertThat(run.figure("Regressor of 40 trials, rank correlation on others"))
                .isBetween(0.3, 1.0);
        for (String file : List.of("report.html", "search.png", "regressor.png", "regressor.csv")) {
            assertThat(folder.resolve(file)).isNotEmptyFile();
        }
    }

    /** A run that goes on in a folder with all results runs no trial, and its page is that of the first run. */
    @Test
    void resumeRunsNoTrialAgain() throws IOException {
        Path grid = folder.resolve("grid-1.csv");
        byte[] before = Files.readAllBytes(grid);
        long start = System.nanoTime();
        ShortRun again = ShortRun.resumed(new SearchLab(), 1, folder);
        assertThat((System.nanoTime() - start) / 1e9).isLessThan(60);
        assertThat(again.out()).isEqualTo(run.out());
        assertThat(again.result().figures()).isEqualTo(run.result().figures());
        assertThat(Files.readAllBytes(grid)).isEqualTo(before);
    }

    /** A score in the file stands for the trial that had it. */
    @Test
    void resumeTakesScoresFromTheFile() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.filter(f -> f.toString().endsWith(".csv")).toList()) {
                Files.copy(file, temp.resolve(file.getFileName()));
            }
        }
        Path grid = temp.resolve("grid-1.csv");
        List<String> rows = new ArrayList<>(Files.readAllLines(grid));
        rows.set(7, rows.get(7).replaceFirst(",[^,]*,([^,]*)$", ",0.999,$1"));
        Files.write(grid, rows);
        assertThat(ShortRun.resumed(new SearchLab(), 1, temp).figure("grid, best score"))
                .isCloseTo(99.9, within(1e-9));
    }

    @Test
    void anInterruptedRunIsNotFinished() {
        var stopped = InterruptedRun.of(new SearchLab(), "grid, seed 1", null, temp);
        assertThat(stopped.result().isFinished()).isFalse();
        assertThat(stopped.out()).contains("grid, seed 1: 64 trials").doesNotContain("genetic, seed 1");
        assertThat(temp.resolve("grid-1.csv")).isNotEmptyFile();
    }

    /** A pixel is the mean of four, and a trial with its seed has one accuracy. */
    @Test
    void aTrialDependsOnItsSeedAlone() {
        byte[] pixels = new byte[40 * 784];
        int[] labels = new int[40];
        float[] noise = new Rng(1).uniform(pixels.length, 0, 100);
        for (int i = 0; i < pixels.length; i++) {
            labels[i / 784] = i / 784 % 10;
            pixels[i] = (byte) (noise[i] + 15 * labels[i / 784]);
        }
        pixels[0] = (byte) 255;
        pixels[1] = 0;
        pixels[28] = 51;
        pixels[29] = 0;
        try (Dataset images = Dataset.images(pixels, Shape.of(28, 28, 1), labels)) {
            Examples examples = SearchTask.halved(images, 30);
            assertThat(examples.size()).isEqualTo(30);
            assertThat(examples.columns()).isEqualTo(196);
            assertThat(examples.x()[0][0]).isCloseTo(0.3f, within(1e-6f));
            SearchTask task = new SearchTask(examples, examples, examples);
            Trial trial = new Trial(SearchTask.SPACE, 0, 5, 4, List.of("3", "20.4", "0.01", "0.1", "10"));
            assertThat(task.accuracy(trial, examples)).isEqualTo(task.accuracy(trial, examples));
        }
    }
}

package dev.fathom.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunTest {
    @TempDir
    private Path folder;

    private Run run(boolean peers) throws IOException {
        return new Run(Row.all(), name -> true, peers, false, folder, new Journal(folder.resolve("journal"), "run"));
    }

    @Test
    void aFamilyHasFewContendersAndEveryRowHasOne() throws IOException {
        List<Row> rows = Row.all();
        Collection<List<Row>> families = run(true).families();
        assertThat(families.stream().flatMap(List::stream)).containsExactlyInAnyOrderElementsOf(rows);
        assertThat(families)
                .allSatisfy(family -> assertThat(family.stream()
                                .flatMap(row -> row.rivals().stream())
                                .map(Row.Entrant::contender)
                                .distinct())
                        .hasSizeLessThanOrEqualTo(8));
        assertThat(families).hasSizeLessThan(rows.size() / 10);
    }

    @Test
    void withoutPeersTheFamiliesAreThoseOfFathomAlone() throws IOException {
        Collection<List<Row>> families = run(false).families();
        assertThat(families.stream().flatMap(List::stream)).containsExactlyInAnyOrderElementsOf(Row.all());
        assertThat(families).as("one and two threads").hasSize(2);
    }

    @Test
    void aFilterMatchesRowsOfEveryKind() {
        for (String name : List.of(
                "gemm",
                "cold-start-mlp-archive",
                "run-mallocs",
                "resnet18-train-b16-bytes",
                "freeze-vgg16-bytes",
                "serve-p99.9",
                "serve-tail-max",
                "serve-rss",
                "serve-batcher-pending-p99",
                "serve-start")) {
            assertThatCode(() -> Run.check(List.of(name), Row.all(), false))
                    .as(name)
                    .doesNotThrowAnyException();
        }
        assertThatThrownBy(() -> Run.check(List.of("gemm", "gmem"), Row.all(), false))
                .isInstanceOf(IOException.class)
                .hasMessage("--filter gmem matches no row of this run");
        assertThatThrownBy(() -> Run.check(List.of("freeze-vgg16-bytes"), List.of(), true))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("freeze-vgg16-bytes matches no row");
    }

    @Test
    void aFilterThatMatchesNothingLeavesTheResultsOfAnEarlierRun() throws IOException {
        for (String file : List.of("results.json", "run.json", "journal", "samples.csv")) {
            Files.writeString(folder.resolve(file), "earlier");
        }
        assertThat(Main.execute("--quick", "--filter", "gmem", "--out", folder.toString()))
                .isEqualTo(1);
        try (Stream<Path> files = Files.list(folder)) {
            assertThat(files).hasSize(4).allSatisfy(file -> assertThat(file).hasContent("earlier"));
        }
    }

    @Test
    void aFolderThatCannotBeMadeIsNamedWithTheReason() throws IOException {
        Path inAFile = Files.writeString(folder.resolve("file"), "").resolve("out");
        PrintStream err = System.err;
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        System.setErr(new PrintStream(said, true, StandardCharsets.UTF_8));
        try {
            assertThat(Main.execute("--quick", "--filter", "gather", "--out", inAFile.toString()))
                    .isEqualTo(1);
        } finally {
            System.setErr(err);
        }
        assertThat(said.toString(StandardCharsets.UTF_8)).contains(inAFile + ": Not a directory");
    }

    @Test
    void whoSaysMoreReplacesOnlyWhatItSaidItself() throws IOException {
        Run run = run(true);
        run.introduce(List.of("ONNX Runtime 1.2", "PyTorch 2.7.1, 1 threads"));
        run.introduce(List.of("ONNX Runtime 1.20", "ONNX Runtime 1.2, 1 thread"));
        run.introduce(List.of("PyTorch 2.7.1, 1 threads, OpenBLAS kernels: Zen", "PyTorch 2.7.1, 1 threads"));
        assertThat(run.abouts())
                .containsExactly(
                        "ONNX Runtime 1.2",
                        "ONNX Runtime 1.20",
                        "ONNX Runtime 1.2, 1 thread",
                        "PyTorch 2.7.1, 1 threads, OpenBLAS kernels: Zen");
    }

    @Test
    void aProcessRunsUntilOthersNeedItsRoom() throws IOException {
        String request = "FathomMlp.latency - 1 1";
        Contender first = Contender.fathom(1);
        Contender second = Contender.fathom(2);
        Contender third = Contender.fathom(3);
        try (Crew crew = new Crew(folder, new HashSet<>())) {
            crew.summon(List.of(first));
            assertThat(crew.abouts()).as("nobody was asked").isEmpty();
            assertThat(crew.isNew(first)).isTrue();
            crew.ask(first, request);
            assertThat(crew.abouts()).singleElement().asString().startsWith("Fathom, ");
            crew.ask(second, request);
            crew.ask(third, request);
            crew.makeRoom(Crew.ROOM, "a", first, Set.of(first, second, third));
            assertThat(List.of(first, second, third))
                    .as("there is room for all")
                    .noneMatch(crew::isNew);
            // a tenth less than they hold, as one may give some of it back meanwhile
            crew.makeRoom(crew.bytes() / 10 * 9, "a", first, Set.of(first, second, third));
            assertThat(crew.isNew(third))
                    .as("its next turn is the furthest away")
                    .isTrue();
            assertThat(crew.isNew(second)).isFalse();
            crew.ask(third, request);
            crew.makeRoom(crew.bytes() / 10 * 9, "a", first, Set.of(first, third));
            assertThat(crew.isNew(second)).as("it does not take part").isTrue();
            assertThat(crew.isNew(third)).isFalse();
            crew.makeRoom(0, "a", first, Set.of(first, third));
            assertThat(crew.isNew(third)).isTrue();
            assertThat(crew.isNew(first)).as("it is the one to be asked").isFalse();
            assertThat(crew.abouts()).as("who has ended has spoken, too").hasSize(3);
        }
        assertThat(folder.resolve("3-fathom.log")).as("the third started twice").exists();
        assertThat(folder.resolve("4-fathom.log")).doesNotExist();
    }

    @Test
    void timeLeftGoesByThePaceSoFar() {
        ByteArrayOutputStream lines = new ByteArrayOutputStream();
        AtomicLong clock = new AtomicLong();
        Progress progress = new Progress(new PrintStream(lines, true, StandardCharsets.UTF_8), false, clock::get, 1200);
        assertThat(progress.text("a")).isEqualTo("  0 %, 20 min left: a");
        clock.addAndGet(600_000_000_000L);
        progress.passed(270);
        assertThat(progress.text("b")).as("660 s for 330").isEqualTo(" 23 %, 31 min left: b");
        progress.passed(930);
        progress.now("not on a terminal");
        progress.part("c");
        assertThat(lines.toString(StandardCharsets.UTF_8)).isEqualToIgnoringNewLines("100 %, 0 min left: c");
    }

    @Test
    void memoryIsThatOfTheProcess() {
        assertThat(Child.bytes(List.of("Rss:      200 kB", "Pss:      123 kB", "Pss_Anon: 100 kB")))
                .isEqualTo(123 * 1024);
        assertThat(Child.bytes(List.of())).isZero();
    }

    @Test
    void eachNumberOfThreadsStandsBesideTheFirst() throws IOException {
        List<Row> rows = Row.scaled(List.of(1, 2, 64));
        assertThat(rows.stream().map(Row::name)).containsAll(Row.SCALED);
        List<Row> products =
                rows.stream().filter(row -> row.name().equals("gemm-2048")).toList();
        assertThat(products.stream().map(Row::threads)).containsExactly(1, 2, 64);
        assertThat(products.get(0).rivals()).isEmpty();
        assertThat(products.get(2).rivals())
                .singleElement()
                .satisfies(rival -> assertThat(rival.contender()).isEqualTo(Contender.fathom(1)));
        assertThat(rows)
                .doesNotHaveDuplicates()
                .allSatisfy(row -> assertThat(row.ours().contender()).isEqualTo(Contender.fathom(row.threads())));
    }

    @Test
    void numbersOfThreadsAreCheckedBeforeARun() {
        for (List<Integer> numbers : List.of(List.of(2), List.of(2, 1), List.of(1, 1), List.of(0, 1))) {
            assertThatThrownBy(() -> Main.checkThreads(numbers, false))
                    .isInstanceOf(IOException.class)
                    .hasMessage("--threads takes two or more numbers of threads that rise, such as 1,2,4,8");
        }
        assertThatThrownBy(() -> Main.checkThreads(List.of(1, 2), true))
                .isInstanceOf(IOException.class)
                .hasMessageStartingWith("--threads measures Fathom alone");
        assertThatThrownBy(() -> Main.checkThreads(List.of(1, 257), false))
                .isInstanceOf(IOException.class)
                .hasMessageStartingWith("--threads 257 is more than the 256 threads");
        assertThatCode(() -> Main.checkThreads(List.of(1, 2, 3), false)).doesNotThrowAnyException();
    }
}

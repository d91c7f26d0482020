package dev.fathom.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fathom.kernel.Isa;
import dev.fathom.kernel.NativeRuntime;
import java.io.File;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The doctor names what it finds, measures it, and has a remedy for each problem. */
class DoctorTest {
    private static final Path HERE = Path.of("").toAbsolutePath();

    @Test
    void showsAndMeasuresWhatFathomRunsOn() {
        int threads = NativeRuntime.get().threads();
        CommandLineRun run = CommandLineRun.of("doctor");

        assertThat(run.err()).isEmpty();
        assertThat(run.code()).isZero();
        assertThat(run.out())
                .containsPattern("platform +" + NativeRuntime.platform() + ", ")
                .containsPattern("processor +\\S.*, \\d+ for this process")
                .containsPattern("memory +\\d+ MB free")
                .containsPattern("Java +.*" + Pattern.quote(System.getProperty("java.version")))
                .containsPattern("(?s)libraries +.* picocli \\d")
                .contains(NativeRuntime.get().library().toString())
                .containsPattern("kernels +" + NativeRuntime.get().isa() + ", of \\[baseline")
                .containsPattern(
                        "caches +L1 \\d+ KiB, L2 \\d+ KiB a core, L3 \\d+ MiB for \\d+ cores?, \\d+ threads? a core\n")
                .containsPattern("backend +native")
                .containsPattern("threads +" + threads + "\n")
                .containsPattern("memory limit +\\d+ MB for tensors, models and plans; another by -Dfathom.memory=\n")
                .containsPattern("fashion-mnist +\\S*fashion-mnist\n")
                .containsPattern("\nmnist +(\\S*mnist|not here; ./fathom data mnist fetches it)\n")
                .containsPattern("(Nothing is wrong|One thing could be better|\\d+ things could be better)");
        List<Double> figures = Pattern.compile("(\\d+) G")
                .matcher(run.out())
                .results()
                .map((MatchResult m) -> Double.parseDouble(m.group(1)))
                .toList();
        assertThat(figures)
                .hasSize(threads > 1 ? 6 : 3)
                .allSatisfy(f -> assertThat(f).isPositive());
        assertThat(NativeRuntime.get().threads())
                .as("measuring changes nothing")
                .isEqualTo(threads);
    }

    private static Setup setup(
            int threads, double load, long free, String hugePages, Isa isa, Path library, Map<String, String> env) {
        return new Setup(
                "A", 2, load, free, hugePages, List.of(Isa.BASELINE, Isa.V3), isa, threads, library, null, env);
    }

    @Test
    void nothingIsWrongWithAQuietMachine() {
        assertThat(setup(2, 0.3, 8L << 30, "madvise", Isa.V3, HERE, Map.of("PATH", "/bin"))
                        .problems())
                .isEmpty();
        assertThat(setup(2, -1, -1, "", Isa.V3, HERE, Map.of()).problems())
                .as("what is unknown is no problem")
                .isEmpty();
    }

    @Test
    void eachProblemHasItsRemedy() {
        assertThat(setup(
                                8,
                                1.5,
                                512L << 20,
                                "never",
                                Isa.BASELINE,
                                Path.of("/no/such/file"),
                                Map.of(
                                        "OPENBLAS_CORETYPE",
                                        "Haswell",
                                        "OMP_NUM_THREADS",
                                        "1",
                                        "FATHOM_DATA",
                                        "/no/data"))
                        .problems())
                .containsExactly(
                        "8 threads share 2 processors and wait for each other: set FATHOM_THREADS to at most 2, or"
                                + " unset it",
                        "the baseline kernels run though this processor has v3: remove -Dfathom.isa",
                        "every start unpacks the native library anew, as the cache folder cannot be used: "
                                + "choose one that can be written and holds programs with -Dfathom.cache=",
                        "a load average of 1.5 on 2 processors: other programs take part of the speed; stop them, or"
                                + " wait",
                        "only 512 MB of memory are free: end other programs before training",
                        "huge pages are off, which slows large models and plans: echo madvise | sudo tee "
                                + "/sys/kernel/mm/transparent_hugepage/enabled",
                        "FATHOM_DATA=/no/data is no folder: set it to the one that holds mnist/ and the like, or unset"
                                + " it",
                        "OMP_NUM_THREADS=1 ties OpenBLAS down where -Dfathom.blas=openblas chooses it: unset it",
                        "OPENBLAS_CORETYPE=Haswell ties OpenBLAS down where -Dfathom.blas=openblas chooses it: unset"
                                + " it");
    }

    @Test
    void aLibraryThatCannotBeLoadedIsTheFirstProblem() throws Exception {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Dfathom.library=/no/such/file",
                        "-Dfathom.root=" + System.getProperty("fathom.root"),
                        "-cp",
                        System.getProperty("java.class.path"),
                        "dev.fathom.cli.Main",
                        "doctor")
                .redirectErrorStream(true)
                .start();
        String out = new String(process.getInputStream().readAllBytes());
        assertThat(process.waitFor()).as(out).isEqualTo(1);
        assertThat(out)
                .containsPattern("Fathom cannot run here:\n  - fathom.library=/no/such/file is not a file\n")
                .containsPattern("platform +\\S")
                .doesNotContain("GFLOP/s", "kernels ");
    }

    @Test
    void jarsAreNamedOnceWithTheirVersions() {
        assertThat(Doctor.libraries(String.join(
                        File.pathSeparator,
                        "/a/target/classes",
                        "/m/javacpp-1.5.13.jar",
                        "/m/javacpp-1.5.13-linux-x86_64.jar",
                        "/m/slf4j-api-2.0.20.jar",
                        "/m/fathom-0.1.0-SNAPSHOT-linux-x86_64.jar")))
                .isEqualTo("fathom 0.1.0-SNAPSHOT, javacpp 1.5.13, slf4j-api 2.0.20");
    }
}

package dev.fathom.openblas;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fathom.kernel.Blas;
import dev.fathom.kernel.NativeException;
import dev.fathom.kernel.NativeRuntime;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import java.io.File;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class OpenBlasTest {
    /** What a program of its own says about its backend. */
    static final class Probe {
        private Probe() {}

        public static void main(String... none) {
            try (Pass pass = Pass.infer()) {
                Tensor eye = Tensor.of(new float[] {1, 0, 0, 1}, 2, 2);
                Tensor two = Tensor.of(new float[] {1, 2, 3, 4}, 2, 2);
                System.out.println(NativeRuntime.get().blas() + " " + eye.matmul(two));
            } catch (NativeException e) {
                System.out.println(e.getMessage());
            }
            try {
                System.out.println(Arrays.toString(Lapack.eigenvectors(new double[] {2, 0, 0, 1}, 2)));
            } catch (NativeException e) {
                System.out.println(e.getMessage());
            }
        }
    }

    @Test
    void aPropertyChoosesItWhereTheModuleIsOnTheClassPath() throws Exception {
        List<String> lines = said("", "-Dfathom.blas=openblas", "-Dfathom.threads=2");
        assertThat(lines.get(0)).startsWith("openblas ");
        assertThat(said("", "-Dfathom.blas=native").get(0)).startsWith("native ");
    }

    @Test
    void withoutItsJarsTheMessageSaysWhereToPutThem() throws Exception {
        String sentence = " cannot be used: put org.bytedeco:openblas and org.bytedeco:javacpp with the classifier "
                + NativeRuntime.platform() + " on the class path (";
        for (String missing : List.of("bytedeco", NativeRuntime.platform() + ".jar")) {
            assertThat(said(missing, "-Dfathom.blas=openblas"))
                    .hasSize(2)
                    .satisfiesExactly(
                            line -> assertThat(line).startsWith("fathom.blas=openblas" + sentence),
                            line -> assertThat(line).startsWith("LAPACK" + sentence));
        }
    }

    @Test
    void theNumberOfThreadsReachesIt() {
        NativeRuntime machine = NativeRuntime.get();
        Blas before = machine.blas();
        int threads = machine.threads();
        try {
            machine.blas(Blas.OPENBLAS);
            machine.threads(1);
            assertThat(org.bytedeco.openblas.global.openblas_nolapack.blas_get_num_threads())
                    .isEqualTo(1);
        } finally {
            machine.threads(threads);
            machine.blas(before);
        }
    }

    /** What the probe says with the libraries of the class path whose path does not contain {@code missing}. */
    private static List<String> said(String missing, String... options) throws Exception {
        var command = new java.util.ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                Stream.of(System.getProperty("java.class.path").split(File.pathSeparator))
                        .filter(entry -> missing.isEmpty() || !entry.contains(missing) || entry.contains("fathom"))
                        .collect(Collectors.joining(File.pathSeparator))));
        command.addAll(List.of(options));
        command.add(Probe.class.getName());
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(text).isZero();
        return text.lines().toList();
    }
}

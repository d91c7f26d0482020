package dev.fathom.openblas;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fathom.kernel.Blas;
import dev.fathom.kernel.NativeRuntime;
import dev.fathom.testing.ChildJvm;
import dev.fathom.user.Probe;
import java.io.File;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class OpenBlasTest {
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
        String path = Stream.of(ChildJvm.classPath().split(File.pathSeparator))
                .filter(entry -> missing.isEmpty() || !entry.contains(missing) || entry.contains("fathom"))
                .collect(Collectors.joining(File.pathSeparator));
        return ChildJvm.said(path, Probe.class, List.of(options)).lines().toList();
    }
}

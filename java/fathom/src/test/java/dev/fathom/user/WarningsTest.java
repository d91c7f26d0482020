package dev.fathom.user;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fathom.memory.Memory;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import java.io.File;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** A program sees the library's warnings with a provider of SLF4J and without one. */
class WarningsTest {
    /** Forgets to close a model. */
    static final class Forgetful {
        public static void main(String[] args) throws InterruptedException {
            forget();
            for (int i = 0; i < 2000 && Memory.stats().forgotten() == 0; i++) {
                System.gc();
                Thread.sleep(20);
            }
        }

        private static void forget() {
            Model.of(new Linear(2, 3), 1);
        }
    }

    private static String said(Predicate<String> onClassPath) throws Exception {
        String all = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        String path = Arrays.stream(all.split(File.pathSeparator))
                .filter(onClassPath)
                .collect(Collectors.joining(File.pathSeparator));
        Process child = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        path,
                        Forgetful.class.getName())
                .redirectErrorStream(true)
                .start();
        String said = new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(child.waitFor()).as(said).isZero();
        return said;
    }

    @Test
    void aLeakIsReportedWithAProviderOfSlf4jAndWithout() throws Exception {
        String report = " bytes, made at WarningsTest$Forgetful.forget(WarningsTest.java:";
        assertThat(said(jar -> true))
                .contains("WARN dev.fathom.memory - a model of ")
                .contains(report);
        assertThat(said(jar -> !jar.contains("slf4j-simple")))
                .contains("No SLF4J providers were found")
                .contains("WARNING: a model of ")
                .contains(report);
    }
}

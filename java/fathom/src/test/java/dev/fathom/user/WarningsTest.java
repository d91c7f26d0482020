package dev.fathom.user;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fathom.memory.Memory;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.testing.ChildJvm;
import java.io.File;
import java.util.Arrays;
import java.util.List;
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
        String path = Arrays.stream(ChildJvm.classPath().split(File.pathSeparator))
                .filter(onClassPath)
                .collect(Collectors.joining(File.pathSeparator));
        return ChildJvm.said(path, Forgetful.class, List.of());
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

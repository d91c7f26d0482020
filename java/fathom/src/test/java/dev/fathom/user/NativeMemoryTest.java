package dev.fathom.user;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fathom.kernel.NativeMemoryException;
import dev.fathom.kernel.NativeRuntime;
import dev.fathom.memory.Memory;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Model;
import dev.fathom.offheap.Block;
import dev.fathom.op.Shape;
import dev.fathom.plan.Plan;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import dev.fathom.testing.ChildJvm;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A process that asks for more native memory than its limit gets an exception with figures, and goes on. */
class NativeMemoryTest {
    static final class Child {
        public static void main(String[] args) {
            switch (args[0]) {
                case "limit" -> limit();
                case "forgotten" -> forgotten();
                case "buffers" -> buffers();
                case "whole" -> whole();
                default -> System.out.println(NativeRuntime.get().memoryLimit());
            }
        }

        private static void limit() {
            try (Pass pass = Pass.infer()) {
                expect(() -> Tensor.zeros(2_000_000_000));
                Tensor half = Tensor.zeros(20 << 20); // 80 of 128 MiB
                expect(() -> Tensor.zeros(20 << 20));
                expect(half::keep);
                System.out.println(half.get(5));
            }
            new Block("test", 100 << 20).close(); // what the pass left in the pool goes back for it
            try (var model = Model.of((Layer) Tensor::relu, 1);
                    var plan = Plan.freeze(model, Shape.of(1, 1 << 20))) {
                expect(() -> plan.newSession(20));
                for (int i = 0; i < 20; i++) { // 32 MiB each, which the collector gives back
                    try (var session = plan.newSession(4)) {
                        session.set(new float[4 << 20]).run();
                    }
                }
            }
            System.out.println("sessions");
        }

        /** A session of 16 MiB in a JVM that has 4 MiB for direct buffers. */
        private static void buffers() {
            try (var model = Model.of((Layer) Tensor::relu, 1);
                    var plan = Plan.freeze(model, Shape.of(1, 2 << 20))) {
                long before = Memory.stats().buffers();
                expect(() -> plan.newSession(1).close());
                System.out.println(Memory.stats().buffers() - before);
            }
        }

        /** Tensors of 10 MiB until there is no more, and then larger ones in the pages that the pass left. */
        private static void whole() {
            for (int mib : new int[] {10, 40}) {
                int n = 0;
                try (Pass pass = Pass.infer()) {
                    for (; ; n++) {
                        Tensor.zeros(mib << 18);
                    }
                } catch (NativeMemoryException e) {
                    System.out.println(n);
                    System.out.println(e.getMessage());
                }
            }
        }

        /** 50 forgotten passes of 8 MiB each on a thread that lives. */
        private static void forgotten() {
            for (int i = 0; i < 50; i++) {
                forget();
            }
            System.out.println(Memory.stats().forgotten() > 0);
            try (Pass pass = Pass.infer()) {
                System.out.println(Pass.current() == pass);
            }
        }

        private static void forget() {
            Pass.infer();
            Tensor.zeros(2 << 20);
        }

        private static void expect(Runnable tooMuch) {
            try {
                tooMuch.run();
                System.out.println("no exception");
            } catch (NativeMemoryException e) {
                System.out.println(e.getMessage());
            }
        }
    }

    private static List<String> run(String limit, String what) throws Exception {
        return run(
                List.of("-Xmx200m", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-Dfathom.memory=" + limit), what);
    }

    private static List<String> run(List<String> options, String what) throws Exception {
        return Arrays.asList(ChildJvm.said(Child.class, options, what).split("\n"));
    }

    @Test
    void moreThanTheLimitIsAnExceptionWithFigures() throws Exception {
        List<String> said = run("128m", "limit");
        assertThat(said.get(0))
                .isEqualTo("out of native memory: 7.5 GiB were asked for and 0 bytes are in use, but the limit is 128.0"
                        + " MiB; close models, plans, data sets and passes that are no longer used, choose smaller"
                        + " sizes, or raise the limit with -Dfathom.memory, such as -Dfathom.memory=8g");
        for (int i : new int[] {1, 2, 4}) {
            assertThat(said.get(i))
                    .startsWith("out of native memory: 80.0 MiB were asked for and 8")
                    .contains(" MiB are in use, but the limit is 128.0 MiB; ");
        }
        assertThat(said.get(3)).isEqualTo("0.0");
        assertThat(said.get(5)).isEqualTo("sessions");
    }

    @Test
    void aPassUsesAllThatTheLimitLeaves() throws Exception {
        List<String> said = run("300m", "whole");
        assertThat(Integer.parseInt(said.get(0))).isBetween(28, 30);
        assertThat(said.get(1)).startsWith("out of native memory: 10.0 MiB were asked for and ");
        assertThat(Integer.parseInt(said.get(2))).isBetween(6, 7);
        assertThat(said.get(3)).startsWith("out of native memory: 40.0 MiB were asked for and ");
    }

    @Test
    void buffersBeyondTheLimitOfTheJvmAreRefusedInWords() throws Exception {
        List<String> said = run(List.of("-XX:MaxDirectMemorySize=4m"), "buffers");
        assertThat(said.get(0))
                .matches("the JVM refuses a buffer of 8.0 MiB \\(.*\\); close models, plans, data sets and passes that"
                        + " are no longer used, choose smaller sizes, or let it have more with"
                        + " -XX:MaxDirectMemorySize");
        assertThat(said.get(1)).as("bytes that stay counted").isEqualTo("0");
    }

    @Test
    void aForgottenPassOfALivingThreadIsReportedAndItsMemoryComesBack() throws Exception {
        List<String> said = run("128m", "forgotten");
        assertThat(said).filteredOn(s -> s.equals("true")).hasSize(2);
        assertThat(said)
                .anyMatch(s -> s.matches(
                        ".*a pass of 8388608 bytes, made at NativeMemoryTest\\$Child.forget\\(NativeMemoryTest"
                                + ".java:\\d+\\), was never closed: close it, or use try-with-resources"))
                .anyMatch(s -> s.contains(
                        "16 passes are open at once on thread main, the latest at NativeMemoryTest$Child.forget("));
    }

    @Test
    void theLimitIsSetByAProperty() throws Exception {
        assertThat(run("3g", "")).containsExactly(Long.toString(3L << 30));
        assertThat(Long.parseLong(run("", "").get(0))).isPositive();
    }
}

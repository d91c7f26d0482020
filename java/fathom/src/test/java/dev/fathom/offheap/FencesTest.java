package dev.fathom.offheap;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fathom.kernel.Kernel;
import dev.fathom.kernel.NativeRuntime;
import dev.fathom.memory.Memory;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.op.Call;
import dev.fathom.op.Op;
import dev.fathom.op.Shape;
import dev.fathom.plan.Plan;
import dev.fathom.plan.Session;
import dev.fathom.plan.Spec;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Memory between pages that nobody may touch: what it finds, in passes, blocks and sessions. */
class FencesTest {
    @TempDir
    Path folder;

    @BeforeAll
    static void loadTheLibrary() {
        NativeRuntime.get();
    }

    /**
     * Each piece is NaN, also the second time, ends at a page, and is not ours once freed; a size that is no multiple
     * of four leaves less than four bytes.
     */
    @Test
    void aPieceIsNanBetweenTwoFences() throws IOException {
        Fences fences = new Fences();
        for (long n : new long[] {0, 1, 4, 63, 4096, 4097, 100_000, 100_000}) {
            long at = fences.allocate(n);
            long last = at + n + 3 & -4L;
            assertThat(last % 4096).as("%s bytes", n).isZero();
            assertThat(readable(last - 1, 1)).isTrue();
            assertThat(readable(last, 1)).isFalse();
            assertThat(readable((at - (n == 0 ? 1 : 0) & -4096L) - 1, 1)).isFalse();
            for (int i = 0; i < n; i++) {
                assertThat(Block.at(at + i, 1).get(0)).isEqualTo((byte) -1);
            }
            assertThat(fences.free(at + 4)).isFalse();
            assertThat(fences.free(at)).isTrue();
            assertThat(fences.free(at)).isFalse();
        }
        fences.allocate(10);
        fences.run();
        assertThat(Memory.fenced()).isEqualTo(Boolean.getBoolean("fathom.memory.fenced"));
    }

    @Test
    void zerosAreZerosBetweenTwoFences() throws IOException {
        Fences fences = new Fences();
        for (long n : new long[] {1, 64, 4096, 100_000}) {
            long at = fences.zeros(n);
            assertThat(readable(at + n + 3 & -4L, 1)).isFalse();
            for (int i = 0; i < n; i++) {
                assertThat(Block.at(at + i, 1).get(0)).isZero();
            }
            assertThat(fences.free(at)).isTrue();
        }
    }

    @Test
    void aWriteBesideAPieceIsReported() {
        Fences fences = new Fences();
        for (boolean zeros : new boolean[] {false, true}) {
            long at = zeros ? fences.zeros(6) : fences.allocate(6);
            Block.at(at, 6).putInt(0, 5).putShort(4, (short) 5);
            assertThatCode(() -> fences.free(at)).doesNotThrowAnyException();
            long front = zeros ? fences.zeros(100_001) : fences.allocate(100_001);
            Block.at(front - 8, 4).putFloat(0, 1);
            assertThatThrownBy(() -> fences.free(front))
                    .isInstanceOf(AssertionError.class)
                    .hasMessage("fenced memory: byte -8 in front of a piece of 100001 bytes was written");
            long behind = zeros ? fences.zeros(6) : fences.allocate(6);
            Block.at(behind + 6, 2).put(1, (byte) 0);
            assertThatThrownBy(() -> fences.free(behind))
                    .isInstanceOf(AssertionError.class)
                    .hasMessage("fenced memory: byte 1 behind a piece of 6 bytes was written");
        }
        // a piece that was freed is looked at when it is used again, after those of its size that were freed before
        long freed = fences.allocate(30_000);
        fences.free(freed);
        Block.at(freed, 4).putFloat(0, 1);
        assertThatThrownBy(() -> {
                    for (int i = 0; i <= Fences.MOST_KEPT; i++) {
                        fences.free(fences.allocate(30_000));
                    }
                })
                .isInstanceOf(AssertionError.class)
                .hasMessage("fenced memory: a piece was written after it was freed");
        // the collector's thread can only leave the report to the next who comes
        Block.at(fences.allocate(4) - 4, 4).putFloat(0, 1);
        fences.run();
        assertThatThrownBy(() -> fences.allocate(4)).hasMessageContaining("byte -4 in front of a piece of 4 bytes");
        fences.free(fences.allocate(4));
    }

    /** The system itself reads the bytes, which tells that nobody may instead of ending the test. */
    private boolean readable(long address, int n) throws IOException {
        try (FileChannel to =
                FileChannel.open(folder.resolve("bytes"), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            ByteBuffer bytes = Block.at(address, n);
            try {
                return to.write(bytes) == n;
            } catch (IOException e) {
                assertThat(e).hasMessage("Bad address");
                return false;
            }
        }
    }

    // ---- in a process of its own, which has the mode

    /**
     * Copies a vector, and reads {@code more} elements behind the last input, or writes so many behind its output, or
     * leaves so many out.
     */
    private record Slip(int reads, int writes) implements Op {
        @Override
        public String label() {
            return "slip";
        }

        @Override
        public Shape shape(Call c, int output) {
            return Shape.of(c.shape(0).dim(0) + reads - writes);
        }

        @Override
        public void forward(Call c) {
            long n = c.shape(0).size() + Math.max(0, reads);
            c.begin(Kernel.COPY)
                    .at(c.in(c.inputs() - 1))
                    .at(c.out(0))
                    .put(4 * n)
                    .run();
        }

        Tensor of(Tensor... in) {
            return Pass.apply(this, in);
        }
    }

    static final class Child {
        private static final Slip READS = new Slip(1, 0);
        private static final Slip WRITES = new Slip(0, 1);
        /** Leaves the last element as it is. */
        private static final Slip LEAVES = new Slip(0, -1);

        public static void main(String[] args) {
            switch (args[0]) {
                case "input" -> run(READS::of);
                case "intermediate" -> run(x -> READS.of(x.relu()));
                case "beyond an intermediate" -> run(x -> WRITES.of(x).relu());
                case "output" -> run(WRITES::of);
                case "constant" -> run(x -> READS.of(x, Tensor.of(new float[16], 16)));
                case "parameters" -> parameters();
                case "block" -> block();
                default -> {
                    run(LEAVES::of);
                    run(x -> new Slip(0, 0).of(LEAVES.of(x)));
                    run(x -> x.relu().add(1));
                }
            }
        }

        private static void run(UnaryOperator<Tensor> function) {
            try (var model = Model.of((Layer) x -> x, 1);
                    Plan plan = Plan.freeze(model, (net, in) -> function.apply(in[0]), Spec.of("x", 16));
                    Session session = plan.newSession()) {
                session.set(new float[16]);
                System.out.print("here ");
                session.run();
                System.out.println(session.output().get(session.output().limit() - 1));
            }
        }

        /** The last parameter is the bias. */
        private static void parameters() {
            try (var model = Model.of(new Linear(3, 16), 1);
                    Pass pass = Pass.infer()) {
                Tensor bias = model.parameters().get(1).value();
                System.out.print("here ");
                System.out.println(READS.of(bias).shape());
            }
        }

        private static void block() {
            Block block = new Block("test", 100);
            System.out.println(block.address() + block.bytes() & 4095);
            Block.at(block.address() - 4, 4).putFloat(0, 1);
            try {
                block.close();
            } catch (AssertionError e) {
                System.out.println(e.getMessage());
            }
        }
    }

    private Process child(String what) throws IOException {
        return new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        "-XX:TieredStopAtLevel=1",
                        "-XX:-CreateCoredumpOnCrash",
                        "-XX:ErrorFile=" + folder.resolve(what.replace(' ', '-') + ".log"),
                        "-Dfathom.memory.fenced=true",
                        "-cp",
                        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                        Child.class.getName(),
                        what)
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve(what).toFile())
                .start();
    }

    private String said(String what) throws IOException {
        return Files.readString(folder.resolve(what), StandardCharsets.UTF_8);
    }

    @Test
    @Tag("any-instruction-set")
    void aSlipInASessionOrBehindAModelEndsTheProcess() throws Exception {
        Map<String, Process> children = new LinkedHashMap<>();
        for (String what : new String[] {
            "input", "intermediate", "beyond an intermediate", "output", "constant", "parameters", "block", "sound"
        }) {
            children.put(what, child(what));
        }
        for (Process child : children.values()) {
            child.waitFor(); // all of them, because they write into the folder
        }
        for (var child : children.entrySet()) {
            String what = child.getKey();
            switch (what) {
                case "block" ->
                    assertThat(said(what))
                            .isEqualTo("0\nfenced memory: byte -4 in front of a piece of 128 bytes was written\n");
                case "sound" -> assertThat(said(what)).isEqualTo("here NaN\nhere NaN\nhere 1.0\n");
                default -> {
                    assertThat(said(what)).as(what).startsWith("here ").contains("SIGSEGV");
                    assertThat(child.getValue().exitValue()).as(what).isNotZero();
                }
            }
        }
    }
}

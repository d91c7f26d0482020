package dev.fathom.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.op.DType;
import dev.fathom.tensor.KeptTensor;
import dev.fathom.tensor.Next;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.State;
import dev.fathom.tensor.Tensor;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a session makes of inputs and outputs that callers use in a wrong way: an exception, and never the numbers of
 * another run.
 */
class SessionTest {
    private Model<Layer> model;
    private Plan plan;
    private Session session;

    @BeforeEach
    void open() {
        model = Model.of((Layer) x -> x.mul(2), 1);
        plan = Plan.freeze(
                model,
                (net, in) -> List.of(net.apply(in[0]), in[1].add(in[1]), in[2].to(DType.F32), in[0].add(in[3])),
                Spec.of("x", 2, 3),
                Spec.of("n", DType.I32, 2),
                Spec.of("pixels", DType.U8, 4),
                Spec.of("sum", 2, 3));
        session = plan.newSession();
    }

    @AfterEach
    void close() {
        session.close();
        plan.close();
        model.close();
    }

    private void setAll() {
        session.set(new float[] {1, 2, 3, 4, 5, 6})
                .set("n", new int[] {7, 8})
                .set("pixels", new byte[] {1, 2, 3, (byte) 255})
                .set("sum", new float[6]);
    }

    /** Graphs that were exported name their values by numbers. */
    @Test
    void outputsKeepTheNamesThatTheyWereGiven() {
        try (var model = Model.of(new Sequential(), 1);
                Plan plan = Plan.freeze(
                        model,
                        (net, in) -> {
                            Map<Object, Object> results = new LinkedHashMap<>();
                            results.put("3", in[0].neg());
                            results.put("output3", in[0].square());
                            results.put(17, List.of(in[0].relu(), in[0].abs()));
                            return results;
                        },
                        Spec.of("x", 2));
                Session session = plan.newSession()) {
            assertThat(session.resultNames()).containsExactly("3", "output3", "17.0", "17.1");
            session.set(new float[] {-2, 3}).run();
            assertThat(session.output("3").get(0)).isEqualTo(2);
            assertThat(session.output("output3").get(0)).isEqualTo(4);
            assertThat(session.output("17.1").get(1)).isEqualTo(3);
        }
        try (var model = Model.of(new Sequential(), 1);
                Plan plan = Plan.freeze(
                        model,
                        (net, in) -> new Object[] {in[0], List.of(in[0].neg()), Map.of("y", in[0].abs())},
                        Spec.of("x", 2));
                Session session = plan.newSession()) {
            assertThat(session.resultNames()).containsExactly("output0", "output1.0", "output2.y");
        }
    }

    @Test
    void setWritesAllOfAnInput() {
        setAll();
        session.run();
        float[] y = new float[6];
        for (int i = 0; i < 2; i++) { // from its beginning at every call
            session.output().get(y);
            assertThat(y).containsExactly(2, 4, 6, 8, 10, 12);
        }
        assertThat(session.intOutput("output1").get(1)).isEqualTo(16);
        assertThat(session.output(2).get(3)).isEqualTo(255);
        session.set("x", new float[] {6, 5, 4, 3, 2, 1}).run();
        session.output("output0").get(y);
        assertThat(y).containsExactly(12, 10, 8, 6, 4, 2);
        try (Plan tokens = Plan.freeze(model, (net, in) -> in[0].to(DType.F32), Spec.of("t", DType.I32, 2));
                Session s = tokens.newSession()) {
            s.set(new int[] {3, 4}).run();
            assertThat(s.output().get(1)).isEqualTo(4);
        }
    }

    /** Types that are only stored are inputs, constants and outputs, also of a plan that was saved. */
    @Test
    void storedTypesGoInAndComeOut(@TempDir Path folder) {
        KeptTensor kept;
        try (Pass pass = Pass.infer()) {
            kept = Tensor.of(new float[] {0.1f, -2, 1e9f}, 3).to(DType.BF16).keep();
        }
        Path file = folder.resolve("types.plan");
        try (kept;
                Plan made = Plan.freeze(
                        model,
                        (net, in) -> List.of(
                                in[0].flip(0),
                                in[1].to(DType.F16),
                                Tensor.concat(0, in[2], kept),
                                kept.to(DType.F32).add(in[2].to(DType.F32))),
                        Spec.of("bytes", DType.I8, 4),
                        Spec.of("half", DType.F16, 2),
                        Spec.of("brain", DType.BF16, 3))) {
            made.save(file);
        }
        short[] brain = {0x3f80, (short) 0xbf80, 0x7f80}; // 1, -1, infinity
        try (Plan opened = Plan.open(file);
                Session s = opened.newSession()) {
            assertThat(opened.inputs()).hasToString("[bytes I8 [4], half F16 [2], brain BF16 [3]]");
            s.set("bytes", new byte[] {1, -2, 3, -128}).set("half", new short[] {0x3c00, 0x7e00});
            s.set("brain", brain).run();
            ByteBuffer turned = s.outputBytes(0);
            assertThat(List.of(turned.get(0), turned.get(3))).containsExactly((byte) -128, (byte) 1);
            assertThat(s.outputBytes(1).getShort(2)).isEqualTo((short) 0x7e00);
            ByteBuffer both = s.outputBytes(2);
            assertThat(both.limit()).isEqualTo(12);
            assertThat(List.of(both.getShort(2), both.getShort(6), both.getShort(10)))
                    .containsExactly((short) 0xbf80, (short) 0x3dcd, (short) 0x4e6e);
            assertThat(s.output(3).get(1)).isEqualTo(-3);
            assertThatThrownBy(() -> s.set("half", new byte[2]))
                    .hasMessage("set: input half [2] is F16 but was given U8 values; give a short[] of their bits");
            assertThatThrownBy(() -> s.set("bytes", new short[4]))
                    .hasMessage("set: input bytes [4] is I8 but was given F16 values; give a byte[]");
            assertThatThrownBy(() -> s.input("half"))
                    .hasMessage(
                            "session: half is F16 but was asked for as F32; take it with inputBytes or outputBytes");
            assertThatThrownBy(() -> s.checkFinite(true).run())
                    .hasMessage("run: input half [2] holds NaN at element 1 but must be finite; remove it, or call"
                            + " checkFinite(false)");
            s.set("half", new short[2]);
            assertThatThrownBy(s::run).hasMessageContaining("run: input brain [3] holds Infinity at element 2 but");
        }
    }

    @Test
    void setRefusesAnotherNumberOrTypeOfValues() {
        for (int n : new int[] {0, 5, 7}) {
            assertThatThrownBy(() -> session.set(new float[n]))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage(
                            "set: input x [2, 3] takes 6 values but " + n + " were given; give one for each element");
        }
        assertThatThrownBy(() -> session.set("n", new int[3]))
                .hasMessage("set: input n [2] takes 2 values but 3 were given; give one for each element");
        assertThatThrownBy(() -> session.set("pixels", new byte[3])).hasMessageContaining("takes 4 values but 3");
        assertThatThrownBy(() -> session.set("n", new float[2]))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("set: input n [2] is I32 but was given F32 values; give an int[]");
        assertThatThrownBy(() -> session.set(new int[6]))
                .hasMessage("set: input x [2, 3] is F32 but was given I32 values; give a float[]");
        assertThatThrownBy(() -> session.set("pixels", new int[4]))
                .hasMessage("set: input pixels [4] is U8 but was given I32 values; give a byte[]");
        assertThatThrownBy(() -> session.set("z", new float[6]))
                .hasMessage("session: no input is called z; there are [x, n, pixels, sum]");
    }

    @Test
    void aRunRefusesAnInputThatRelativeWritesFilledInPart() {
        setAll();
        session.run();
        for (FloatBuffer x : List.of(session.input(), session.input("x"))) {
            x.clear().put(new float[] {9, 9});
            assertThatThrownBy(session::run)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage(
                            "run: input x [2, 3] was written only up to 2 of 6 elements, and the rest would be that of"
                                    + " an earlier run; write all of it, as session.set does");
            x.put(new float[] {9, 9, 9, 9});
            session.run();
            assertThat(session.output().get(5)).isEqualTo(18);
            x.put(new float[] {1, 1, 1, 1, 1, 1}); // a run takes a buffer that was kept back to its beginning
            session.run();
            assertThat(session.output().get(0)).isEqualTo(2);
        }
        session.input().put(new float[] {5, 5}).flip();
        assertThatThrownBy(session::run).hasMessageContaining("was written only up to 2 of 6 elements");
        session.input().put(new float[] {5, 5, 5, 5, 5, 5}).flip();
        session.run();
        session.intInput("n").put(3);
        assertThatThrownBy(session::run)
                .hasMessageContaining("run: input n [2] was written only up to 1 of 2 elements");
        session.set("n", new int[2]).inputBytes("x").putInt(3);
        assertThatThrownBy(session::run)
                .hasMessageContaining("run: input x [2, 3] was written only up to 4 of 24 bytes");
        session.set("x", new float[6]).run();
    }

    /** Whoever asks for a buffer again gets it from its beginning, and what was cut off there is still seen. */
    @Test
    void aPartialWriteIsSeenAfterTheBufferWasAskedForAgain() {
        String partial = "run: input x [2, 3] was written only up to 2 of 6 elements, ";
        setAll();
        session.run();
        session.input().put(new float[] {9, 9});
        assertThat(session.input().get(0)).isEqualTo(9);
        assertThatThrownBy(session::run)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageStartingWith(partial);
        assertThatThrownBy(session::run).hasMessageStartingWith("run: input x [2, 3] was never written; ");
        session.set("x", new float[6]).run();

        session.input().put(new float[] {9, 9}).flip();
        session.input("x");
        session.inputBytes("x");
        assertThatThrownBy(session::run).hasMessageStartingWith(partial);
        session.input().put(0, new float[6]); // as a caller does that takes the exception for the end of a request
        session.run();

        session.input().put(new float[] {9, 9});
        session.input().put(new float[] {1, 2, 3, 4, 5, 6});
        session.run();
        session.input().put(new float[] {9, 9});
        session.inputBytes("x").asFloatBuffer();
        session.inputBytes("x").put(new byte[24]);
        session.input();
        session.run();
        assertThat(session.output().get(5)).isZero();
    }

    @Test
    void setEndsWhatWasWrittenInPartBefore() {
        setAll();
        session.inputBytes("x").putFloat(1);
        session.set("x", new float[6]).run();
        session.input().put(1);
        session.input();
        session.set("x", new float[6]).run();
        session.inputBytes("n").put((byte) 1);
        session.set("n", new int[2]).run();
        session.inputBytes("pixels").put((byte) 1);
        session.set("pixels", new byte[4]).run();
    }

    @Test
    void lengthsAreWrittenAsAWholeToo() {
        try (Plan sequences = Plan.freeze(
                        model,
                        (net, in) -> in[0].add(in[1].to(DType.F32).unsqueeze(1)),
                        Spec.of("x", Dim.BATCH, Dim.LENGTH),
                        Spec.lengths("lengths"));
                Session s = sequences.newSession(2, 3)) {
            s.set(new float[6]).run();
            assertThat(s.output().get(5)).isEqualTo(3);
            s.intInput("lengths").put(1);
            assertThatThrownBy(s::run)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageStartingWith("run: input lengths [2] was written only up to 1 of 2 elements");
            s.set("lengths", new int[] {1, 2}).run();
            assertThat(s.output().get(5)).isEqualTo(2);
        }
    }

    @Test
    void everyBufferIsTheSameAtEveryCallAndBeginsAtItsBeginning() {
        setAll();
        session.run();
        assertThat(session.input()).isSameAs(session.input("x"));
        assertThat(session.output()).isSameAs(session.output("output0")).isSameAs(session.output(0));
        session.input("x").position(3).limit(4);
        assertThat(session.input().position()).isZero();
        assertThat(session.input().limit()).isEqualTo(6);
        session.output().position(3).limit(4);
        assertThat(session.output("output0").remaining()).isEqualTo(6);
        session.inputBytes("pixels").position(2);
        assertThat(session.inputBytes("pixels").remaining()).isEqualTo(4);
    }

    @Test
    void aRunRefusesAnInputThatNobodyWrote() {
        session.set(new float[6]).set("n", new int[2]).set("sum", new float[6]);
        assertThatThrownBy(session::run)
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("run: input pixels [4] was never written; write it with session.set(\"pixels\", values)");
        session.inputBytes("pixels");
        session.run();
    }

    @Test
    void anOutputIsRefusedBeforeTheFirstRunAndAfterOneThatFailed() {
        for (ThrowingCallable early : List.<ThrowingCallable>of(
                session::output,
                () -> session.output(0),
                () -> session.output("output0"),
                () -> session.intOutput("output1"),
                () -> session.outputBytes(2),
                () -> session.outputBytes("output2"))) {
            assertThatThrownBy(early)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining(" is not computed: no run has ended well");
        }
        try (Plan take = Plan.freeze(
                        model, (net, in) -> in[0].take(0, in[1]), Spec.of("x", 3), Spec.of("i", DType.I32, 1));
                Session s = take.newSession()) {
            s.set("x", new float[] {1, 2, 3}).set("i", new int[] {2}).run();
            assertThat(s.output().get(0)).isEqualTo(3);
            s.set("i", new int[] {3});
            assertThatThrownBy(s::run).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(s::output).hasMessageContaining("output is not computed");
            s.set("i", new int[] {0}).run();
            assertThat(s.output().get(0)).isEqualTo(1);
        }
    }

    @Test
    void nonfiniteInputsAreRefusedWhereAsked() {
        setAll();
        session.input("sum").put(4, Float.NaN);
        session.run();
        session.checkFinite(true);
        assertThatThrownBy(session::run)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("run: input sum [2, 3] holds NaN at element 4 but must be finite; remove it, or call"
                        + " checkFinite(false)");
        session.input("sum").put(4, Float.NEGATIVE_INFINITY);
        assertThatThrownBy(session::run).hasMessageContaining("holds -Infinity at element 4");
        session.checkFinite(false).run();
        session.set("sum", new float[6]).checkFinite(true).run();
    }

    /** Carried state is read and written in parts, and it may overflow. */
    @Test
    void carriedStateIsNotChecked() {
        try (Plan counting = Plan.freeze(
                        model,
                        (net, in, state) -> new Next(
                                in[0].mul(1), State.of("n", state.get("n").add(in[0]))),
                        net -> State.of("n", Tensor.zeros(2)),
                        Spec.of("x", 2));
                Session s = counting.newSession().checkFinite(true)) {
            s.set(new float[] {1, Float.MAX_VALUE}).run();
            s.run();
            assertThat(s.input("n").get()).isEqualTo(2);
            s.run();
            assertThat(s.input("n").get(1)).isInfinite();
        }
    }

    @Test
    void settingAndRunningAllocatesNothing() {
        ThreadMXBean bean = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long thread = Thread.currentThread().getId();
        setAll();
        session.checkFinite(true);
        float[] x = new float[6];
        float[] y = new float[6];
        int[] n = new int[2];
        long least = Long.MAX_VALUE;
        for (int round = 0; round < 20; round++) {
            long before = bean.getThreadAllocatedBytes(thread);
            for (int i = 0; i < 2000; i++) {
                x[0] = i;
                session.set(x).set("n", n).run();
                session.output().get(y);
                session.input().put(x);
                session.run();
                session.output("output0").get(0, y);
            }
            least = Math.min(least, bean.getThreadAllocatedBytes(thread) - before);
        }
        assertThat(least).isZero();
    }
}

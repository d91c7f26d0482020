package dev.fathom.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import dev.fathom.kernel.Kernel;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.op.Call;
import dev.fathom.op.Cell;
import dev.fathom.op.DType;
import dev.fathom.op.Op;
import dev.fathom.op.Shape;
import dev.fathom.recurrent.Output;
import dev.fathom.recurrent.Recurrent;
import dev.fathom.tensor.Next;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.State;
import dev.fathom.tensor.Tensor;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Sessions that carry state from run to run, and sequences of any length in plans. */
class CarriedTest {
    private record Tagger(Recurrent recurrent, Linear out) implements Net {}

    static Stream<Recurrent> nets() {
        return Stream.of(
                Recurrent.lstm(3, 5),
                Recurrent.lstm(3, 20).layers(2).peepholes(),
                Recurrent.gru(3, 5).layers(2),
                Recurrent.gru(3, 200),
                Recurrent.of(Cell.GRU_RESET_FIRST, 3, 5),
                Recurrent.ugrnn(3, 17),
                Recurrent.rnn(3, 5));
    }

    private static Plan freeze(Model<Tagger> model) {
        return Plan.freeze(
                model,
                (net, in, state) -> {
                    Output out = net.recurrent().run(in[0], state);
                    return new Next(net.out().apply(out.steps()), out.state());
                },
                net -> net.recurrent().state(1),
                Spec.of("x", Dim.BATCH, Dim.LENGTH, 3));
    }

    /** One run of six steps, six runs of one, and eager: the same bits; a reset begins anew. */
    @ParameterizedTest
    @MethodSource("nets")
    void stepsThatCarryAreTheWhole(Recurrent net) {
        float[] x = new Rng(2).normal(2 * 6 * 3, 0, 1);
        try (var model = Model.of(new Tagger(net, new Linear(net.settings().hidden(), 4)), 1);
                Plan plan = freeze(model);
                Session whole = plan.newSession(2, 6);
                Session step = plan.newSession(2, 1)) {
            float[] eager;
            try (Pass pass = Pass.infer()) {
                eager = model.net()
                        .out()
                        .apply(model.net().recurrent().apply(Tensor.of(x, 2, 6, 3)))
                        .toArray();
            }
            whole.input().put(0, x);
            whole.run();
            float[] y = new float[eager.length];
            whole.output().get(0, y);
            assertThat(y).containsExactly(eager);
            for (int round = 0; round < 2; round++) {
                for (int t = 0; t < 6; t++) {
                    for (int b = 0; b < 2; b++) {
                        step.input().put(b * 3, x, (b * 6 + t) * 3, 3);
                    }
                    step.run();
                    for (int b = 0; b < 2; b++) {
                        for (int j = 0; j < 4; j++) {
                            assertThat(step.output().get(b * 4 + j)).isEqualTo(eager[(b * 6 + t) * 4 + j]);
                        }
                    }
                }
                float[] state = new float[step.input("hidden").capacity()];
                step.input("hidden").get(0, state);
                float[] end = new float[state.length];
                whole.output("hidden").get(0, end);
                assertThat(state).containsExactly(end);
                step.reset();
                assertThat(step.input("hidden").get(0)).isZero();
            }
        }
    }

    /** The state of one session, copied into a fresh one: what follows is the same; without it, it is not. */
    @ParameterizedTest
    @MethodSource("nets")
    void aStateMovesToAnotherSession(Recurrent net) {
        float[] x = new Rng(2).normal(2 * 6 * 3, 0, 1);
        try (var model = Model.of(new Tagger(net, new Linear(net.settings().hidden(), 4)), 1);
                Plan plan = freeze(model);
                Session first = plan.newSession(2, 3);
                Session moved = plan.newSession(2, 3);
                Session fresh = plan.newSession(2, 3)) {
            first.input("x").put(0, x, 0, 18);
            first.run();
            for (String name : net.settings().cell().hasCellState() ? List.of("hidden", "cell") : List.of("hidden")) {
                float[] state = new float[first.input(name).capacity()];
                first.input(name).get(0, state);
                moved.input(name).put(0, state);
            }
            List<float[]> outputs = new ArrayList<>();
            for (Session session : List.of(first, moved, fresh)) {
                session.input("x").put(0, x, 18, 18);
                session.run();
                float[] y = new float[session.output("output").capacity()];
                session.output("output").get(0, y);
                outputs.add(y);
            }
            assertThat(outputs.get(1)).containsExactly(outputs.get(0));
            assertThat(outputs.get(2)).isNotEqualTo(outputs.get(0));
        }
    }

    static Stream<Recurrent> options() {
        return Stream.of(
                Recurrent.lstm(3, 5).skip(2, 7),
                Recurrent.gru(3, 17).skip(1, 8).layers(2).bidirectional(),
                Recurrent.lstm(3, 5).paddedInFront().peepholes(),
                Recurrent.gru(3, 17).paddedInFront().bidirectional(),
                Recurrent.of(Cell.RELU, 3, 5).paddedInFront().skip(3, 9),
                Recurrent.gru(3, 5).updateGatesCandidate(),
                Recurrent.of(Cell.GRU_RESET_FIRST, 3, 5).updateGatesCandidate().biases(0),
                Recurrent.of(Cell.RELU, 3, 20),
                Recurrent.lstm(3, 5).biases(0),
                Recurrent.lstm(3, 5).biases(1).layers(2),
                Recurrent.gru(3, 5).biases(0),
                Recurrent.gru(3, 5).biases(1),
                Recurrent.ugrnn(3, 5).biases(1),
                Recurrent.rnn(3, 5).biases(0));
    }

    private static Map<String, Tensor> both(Recurrent net, Tensor x, Tensor lengths) {
        Output out = net.run(x, State.EMPTY, lengths);
        Map<String, Tensor> results = new LinkedHashMap<>();
        results.put("steps", out.steps());
        results.put("last", out.last());
        return results;
    }

    /** Sequences of 7, 1 and 4 steps through every option of a net: the plan has the bits of eager use. */
    @ParameterizedTest
    @MethodSource("options")
    void optionsInPlansAreThoseOfEagerUse(Recurrent net) {
        float[] x = new Rng(2).normal(3 * 7 * 3, 0, 1);
        int[] lengths = {7, 1, 4};
        boolean fixed = net.settings().skip() != null;
        try (var model = Model.of(net, 1);
                Plan plan = Plan.freeze(
                        model,
                        (n, in) -> both(n, in[0], in[1]),
                        fixed ? Spec.of("x", Dim.BATCH, 7, 3) : Spec.of("x", Dim.BATCH, Dim.LENGTH, 3),
                        Spec.of("lengths", DType.I32, Dim.BATCH));
                Session session = fixed ? plan.newSession(3) : plan.newSession(3, 7);
                Pass pass = Pass.infer()) {
            session.input("x").put(0, x);
            session.intInput("lengths").put(0, lengths);
            session.run();
            both(net, Tensor.of(x, 3, 7, 3), Tensor.ofInts(lengths, 3)).forEach((name, eager) -> {
                float[] y = new float[session.output(name).capacity()];
                session.output(name).get(0, y);
                assertThat(y).as(name).containsExactly(eager.toArray());
            });
        }
    }

    /** The steps that skip at a shorter length are the first ones of a longer. */
    @Test
    void skippingConnectionsOverAFreeLength() {
        Recurrent net = Recurrent.lstm(3, 5).skip(2, 7);
        try (var model = Model.of(net, 1);
                Plan plan = Plan.freeze(model, (n, in) -> n.apply(in[0]), Spec.of("x", Dim.BATCH, Dim.LENGTH, 3))) {
            for (int length : new int[] {1, 2, 33}) {
                float[] x = new Rng(length).normal(2 * length * 3, 0, 1);
                try (Session s = plan.newSession(2, length)) {
                    assertThat(PlanTest.frozen(s, x)).isEqualTo(PlanTest.eager(model, x, 2, length, 3));
                }
            }
        }
    }

    @Test
    void aConstantThatFollowsNoRuleIsRefused() {
        Spec x = Spec.of("x", Dim.BATCH, Dim.LENGTH, 3);
        try (var model = Model.of(Recurrent.rnn(3, 5), 1)) {
            assertThatThrownBy(() -> Plan.freeze(
                            model,
                            (n, in) -> n.run(in[0], State.EMPTY, lengths(in[0].dim(0), in[0].dim(1)))
                                    .last(),
                            x))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage(
                            "freeze: the constant value[#1], which rnn_tanh reads, holds 4096 in element 0 at batch 2"
                                    + " and length 4096 but 16 at batch 2 and length 16, and a plan keeps only "
                                    + "constants"
                                    + " that are equal at all sizes, repeat one block, or are the beginning of a longer"
                                    + " one; give the lengths of sequences as an input, Spec.lengths(name), or "
                                    + "freeze with"
                                    + " a fixed length");
            assertThatThrownBy(() -> Plan.freeze(
                            model, (n, in) -> n.apply(in[0].mul(Tensor.of(new float[] {in[0].dim(1)}, 1))), x))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage(
                            "freeze: the constant value[#1], which mul reads, holds 4096.0 in element 0 at batch 2 and"
                                    + " length 4096 but 16.0 at batch 2 and length 16, and a plan keeps only constants"
                                    + " that are equal at all sizes, repeat one block, or are the beginning of a longer"
                                    + " one; compute it from the inputs by ops, make it an input, or freeze with "
                                    + "a fixed"
                                    + " length");
        }
    }

    private static Tensor lengths(int batch, int length) {
        int[] lengths = new int[batch];
        Arrays.fill(lengths, length);
        return Tensor.ofInts(lengths, batch);
    }

    /** A model that writes reads one step a run, in thousands of runs. */
    @Test
    void aStepThatCarriesAllocatesNothing() {
        ThreadMXBean bean = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long thread = Thread.currentThread().getId();
        try (var model = Model.of(new Tagger(Recurrent.lstm(3, 20), new Linear(20, 4)), 1);
                Plan plan = freeze(model);
                Session session = plan.newSession(1, 1)) {
            long least = Long.MAX_VALUE;
            for (int round = 0; round < 20; round++) {
                long before = bean.getThreadAllocatedBytes(thread);
                for (int i = 0; i < 1000; i++) {
                    session.input().put(0, i);
                    session.run();
                }
                session.reset();
                least = Math.min(least, bean.getThreadAllocatedBytes(thread) - before);
            }
            assertThat(least).isZero();
        }
    }

    /** Lengths that nobody writes are complete; those that are written cut sequences off as in eager use. */
    @Test
    void lengthsMayBeLeftAlone() {
        Recurrent net = Recurrent.gru(3, 5).bidirectional();
        float[] x = new Rng(2).normal(2 * 6 * 3, 0, 1);
        try (var model = Model.of(net, 1);
                Plan plan = Plan.freeze(
                        model,
                        (n, in) -> n.run(in[0], State.EMPTY, in[1]).last(),
                        Spec.of("x", Dim.BATCH, Dim.LENGTH, 3),
                        Spec.lengths("lengths"));
                Session session = plan.newSession(2, 6)) {
            session.input().put(0, x);
            for (int[] lengths : new int[][] {{6, 6}, {2, 5}}) {
                if (lengths[0] < 6) {
                    session.intInput("lengths").put(0, lengths);
                }
                session.run();
                float[] y = new float[20];
                session.output().get(0, y);
                try (Pass pass = Pass.infer()) {
                    assertThat(y)
                            .containsExactly(net.run(Tensor.of(x, 2, 6, 3), State.EMPTY, Tensor.ofInts(lengths, 2))
                                    .last()
                                    .toArray());
                }
            }
            session.intInput("lengths").put(0, 7);
            assertThatThrownBy(session::run)
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("gru: length 7 at row 0 is outside [0, 6]: lengths count the steps of a row that are no"
                            + " padding");
        }
    }

    /** A run that fails leaves the state as it was. */
    @Test
    void aFailedRunLeavesTheState() {
        try (var model = Model.of((Layer) Tensor::relu, 1);
                Plan plan = Plan.freeze(
                        model,
                        (net, in, state) -> Map.of("sum", state.get("sum").add(in[0].take(0, in[1]))),
                        net -> State.of("sum", Tensor.zeros(1, 2)),
                        Spec.of("table", 3, 2),
                        Spec.of("index", DType.I32, 1));
                Session session = plan.newSession()) {
            session.input("table").put(0, new float[] {1, 2, 3, 4, 5, 6});
            session.intInput("index").put(0, 1);
            session.run();
            session.run();
            assertThat(session.input("sum").get(1)).isEqualTo(8);
            session.intInput("index").put(0, 3);
            assertThatThrownBy(session::run).isInstanceOf(IllegalArgumentException.class);
            assertThat(session.input("sum").get(1)).isEqualTo(8);
        }
    }

    /** Adds 1 to the first value of its input, in place where a plan lets it. */
    private record Count() implements Op {
        @Override
        public String label() {
            return "count";
        }

        @Override
        public Shape shape(Call c, int output) {
            return c.shape(0);
        }

        @Override
        public int inPlaceOf(int output) {
            return 0;
        }

        @Override
        public boolean differentiable() {
            return false;
        }

        @Override
        public void forward(Call c) {
            if (c.in(0) != c.out(0)) {
                c.begin(Kernel.COPY)
                        .at(c.in(0))
                        .at(c.out(0))
                        .put(4 * c.shape(0).size())
                        .run();
            }
            long one = c.scratch(4);
            c.begin(Kernel.FILL).at(one).put(1).put(1f).run();
            c.begin(Kernel.ACCUMULATE).at(one).at(c.out(0)).put(1).run();
        }
    }

    @Test
    void carriedStateIsComputedInPlace() {
        try (var model = Model.of((Layer) Tensor::relu, 1)) {
            for (boolean readTwice : new boolean[] {false, true}) {
                try (Plan plan = Plan.freeze(
                                model,
                                (net, in, state) -> {
                                    Tensor n = state.get("n");
                                    Tensor next = Pass.apply(new Count(), n);
                                    return Map.of("n", next, "twice", (readTwice ? n : next).mul(2));
                                },
                                net -> State.of("n", Tensor.zeros(1)));
                        Session session = plan.newSession()) {
                    assertThat(plan.toString().contains("copy")).isEqualTo(readTwice);
                    for (int i = 1; i <= 3; i++) {
                        session.run();
                        assertThat(session.output("n").get(0)).isEqualTo(i);
                        assertThat(session.input("n").get(0)).isEqualTo(i);
                        assertThat(session.output("twice").get(0)).isEqualTo(2 * (readTwice ? i - 1 : i));
                    }
                }
            }
        }
    }

    @Test
    void refusesWhatCannotBeCarried() {
        try (var model = Model.of((Layer) Tensor::relu, 1)) {
            Spec x = Spec.of("x", Dim.BATCH, 2);
            assertThatThrownBy(() -> Plan.freeze(
                            model,
                            (net, in, state) -> Map.of("y", in[0].add(state.get("h"))),
                            net -> State.of("h", Tensor.zeros(1, 2)),
                            x))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("freeze: the step is given h in its state but returns only [y]; return what it becomes"
                            + " under this name");
            assertThatThrownBy(() -> Plan.freeze(
                            model,
                            (net, in, state) -> Map.of("h", state.get("h").sum(1)),
                            net -> State.of("h", Tensor.zeros(3, 2)),
                            Spec.of("x", 3, 2)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("freeze: the step is given h [3, 2] F32 in its state but returns [3] F32 under this"
                            + " name; it must be of the same shape and type");
            assertThatThrownBy(() -> Plan.freeze(
                            model,
                            (net, in, state) -> new Next(in[0], state.with("c", in[0])),
                            net -> State.of("h", Tensor.zeros(1, 2)),
                            Spec.of("x", 3, 2)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("freeze: the step returns the state (h [1, 2], c [3, 2]) but was given the state (h [1,"
                            + " 2]); return each tensor under the name that it was given");
            assertThatThrownBy(() -> Plan.freeze(
                            model,
                            (net, in, state) -> new Next(state.get("c"), state),
                            net -> State.of("h", Tensor.zeros(1, 2)),
                            Spec.of("x", 3, 2)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("State: there is no c in the state (h [1, 2]); give the state of a net of this kind");
            assertThatThrownBy(() -> Plan.freeze(
                            model,
                            (net, in, state) -> new Next(in[0], state),
                            net -> State.of("x", Tensor.zeros(1, 2)),
                            x))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("freeze: inputs [x, x] share a name; give each its own");
        }
        try (var model = Model.of(Recurrent.rnn(3, 2), 1)) {
            assertThatThrownBy(() -> Plan.freeze(
                            model,
                            (net, in) -> net.run(in[0], State.EMPTY, in[1]).last(),
                            Spec.of("x", Dim.BATCH, 10, 3),
                            Spec.lengths("n")))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("freeze: n are lengths but no input has Dim.LENGTH, so that nothing says how long a"
                            + " complete sequence is; give them as Spec.of(\"n\", DType.I32, Dim.BATCH), and write"
                            + " them before each run");
        }
    }

    /** Sessions of other sizes go on in the memory of one state. */
    @Test
    void sessionsOfOtherSizesShareAState() {
        float[] x = new Rng(2).normal(3 * 6 * 3, 0, 1);
        try (var model = Model.of(new Tagger(Recurrent.lstm(3, 5), new Linear(5, 4)), 1);
                Plan plan = freeze(model);
                Session whole = plan.newSession(3, 6);
                Session step = plan.newSession(3, 1);
                Session begin = step.sharing(1, 2, 4);
                Session part = begin.sharing(1, 1, 2)) {
            float[] expected = new float[3 * 6 * 4];
            whole.set(x).run();
            whole.output("output").get(expected);
            // rows 1 and 2 read four steps together, and row 2 two more alone
            float[] first = new float[24];
            System.arraycopy(x, 18, first, 0, 12);
            System.arraycopy(x, 36, first, 12, 12);
            begin.set(first).run();
            part.set(Arrays.copyOfRange(x, 48, 54)).run();
            float[] last = new float[8];
            part.output("output").get(last);
            assertThat(last).isEqualTo(Arrays.copyOfRange(expected, 64, 72));
            // row 0 is new, and row 1 goes on at its fifth step
            float[] next = new float[9];
            System.arraycopy(x, 0, next, 0, 3);
            System.arraycopy(x, 30, next, 3, 3);
            step.set(next).run();
            float[] y = new float[12];
            step.output("output").get(y);
            assertThat(Arrays.copyOf(y, 4)).isEqualTo(Arrays.copyOf(expected, 4));
            assertThat(Arrays.copyOfRange(y, 4, 8)).isEqualTo(Arrays.copyOfRange(expected, 40, 44));
            assertThatThrownBy(() -> step.sharing(2, 2, 1))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("sharing: 2 rows from row 2 on are not among the 3 of this session; name rows that it"
                            + " has");
            assertThatThrownBy(() -> step.sharing(-1, 1, 1)).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> step.sharing(0, 1, 0)).isInstanceOf(IllegalArgumentException.class);
            step.close();
            assertThatThrownBy(part::run)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("session is closed");
            assertThatThrownBy(() -> step.sharing(0, 1, 1)).isInstanceOf(IllegalStateException.class);
        }
    }

    /** Each run of either of two sessions counts one, so that runs beside each other would lose some. */
    @Test
    void sessionsThatShareAStateDoNotRunAtOnce() throws Exception {
        record Count(Linear out) implements Net {}
        try (var model = Model.of(new Count(new Linear(64, 64)), 1);
                Plan plan = Plan.freeze(
                        model,
                        (net, in, state) -> new Next(
                                net.out().apply(in[0]),
                                State.of("count", state.get("count").add(1))),
                        net -> State.of("count", Tensor.zeros(1, 1 << 14)),
                        Spec.of("x", Dim.BATCH, Dim.LENGTH, 64));
                Session a = plan.newSession(1, 40);
                Session b = a.sharing(0, 1, 30)) {
            a.set(new float[40 * 64]);
            b.set(new float[30 * 64]);
            var ran = new AtomicInteger();
            var refused = new AtomicInteger();
            List<Thread> threads = Stream.of(a, b)
                    .map(session -> new Thread(() -> {
                        for (int i = 0; i < 3000; i++) {
                            try {
                                session.run();
                                ran.incrementAndGet();
                            } catch (IllegalStateException e) {
                                refused.incrementAndGet();
                            }
                        }
                    }))
                    .toList();
            threads.forEach(Thread::start);
            for (Thread t : threads) {
                t.join();
            }
            assertThat(ran.get() + refused.get()).isEqualTo(6000);
            float[] counts = new float[1 << 14];
            a.input("count").get(0, counts);
            assertThat(counts).containsOnly(ran.get());
        }
    }
}

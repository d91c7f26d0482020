package dev.fathom.decode;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import dev.fathom.attention.TransformerEncoder;
import dev.fathom.attention.TransformerEncoderLayer;
import dev.fathom.nn.Embedding;
import dev.fathom.nn.Init;
import dev.fathom.nn.LayerNorm;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.op.Activation;
import dev.fathom.op.DType;
import dev.fathom.parameter.Parameter;
import dev.fathom.plan.Dim;
import dev.fathom.plan.Plan;
import dev.fathom.plan.Session;
import dev.fathom.plan.Spec;
import dev.fathom.recurrent.Output;
import dev.fathom.recurrent.Recurrent;
import dev.fathom.tensor.AttentionMask;
import dev.fathom.tensor.Next;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.State;
import dev.fathom.tensor.Tensor;
import dev.fathom.tree.Inline;
import java.lang.management.ManagementFactory;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Searches with a frozen session find what they find with a model that reads the whole sequence at every step. */
class SessionModelTest {
    private static final int VOCABULARY = 7;
    private static final int STOP = 2;
    private static final int CAPACITY = 16;

    /** A net that is trained on whole sequences and frozen as one step. */
    private interface Writer extends Net {
        /** The logits of what follows tokens [1, length]. */
        Tensor whole(Tensor tokens);

        Plan step(Model<? extends Writer> model);
    }

    /** Vectors so far apart that what comes next depends on what was before. */
    private static Embedding wide(int dim) {
        return Embedding.of(new Rng(9).normal(VOCABULARY * dim, 0, 4), VOCABULARY, dim);
    }

    private record Lstm(Embedding in, Recurrent lstm, Linear out) implements Writer {
        Lstm() {
            this(wide(6), restless(), new Linear(9, VOCABULARY).withoutBias());
        }

        private static Recurrent restless() {
            Recurrent net = Recurrent.lstm(6, 9).layers(2);
            Map<String, Parameter> weights = new LinkedHashMap<>();
            net.weights().forEach((name, p) -> weights.put(name, new Parameter(p.shape(), Init.uniform(-3, 3))));
            return new Recurrent(net.settings(), weights);
        }

        @Override
        public Tensor whole(Tensor tokens) {
            return out.apply(lstm.run(in.apply(tokens)).last());
        }

        @Override
        public Plan step(Model<? extends Writer> model) {
            return Plan.freeze(
                    model,
                    (net, x, state) -> {
                        Output step = lstm.run(in.apply(x[0]), state);
                        return new Next(out.apply(step.last()), step.state());
                    },
                    net -> lstm.state(1),
                    Spec.of("token", DType.I32, Dim.BATCH, Dim.LENGTH));
        }
    }

    private record Gpt(Embedding in, TransformerEncoder encoder, Linear out) implements Writer {
        Gpt() {
            this(
                    wide(8),
                    TransformerEncoder.of(
                            2,
                            () -> new TransformerEncoderLayer(8, 2, 12, Activation.GELU).normsFirst(),
                            new LayerNorm(8)),
                    new Linear(8, VOCABULARY));
        }

        @Override
        public Tensor whole(Tensor tokens) {
            Tensor y = encoder.apply(in.apply(tokens), AttentionMask.CAUSAL);
            return out.apply(y.slice(1, y.dim(1) - 1, y.dim(1))).reshape(1, VOCABULARY);
        }

        @Override
        public Plan step(Model<? extends Writer> model) {
            return Plan.freeze(
                    model,
                    (net, x, state) -> {
                        Next next = encoder.step(in.apply(x[0]), state);
                        return new Next(out.apply(next.output()), next.state());
                    },
                    net -> encoder.state(1, CAPACITY),
                    Spec.of("token", DType.I32, Dim.BATCH, 1));
        }
    }

    private static Writer net(String name) {
        return name.equals("Lstm") ? new Lstm() : new Gpt();
    }

    /** A model without a state: every row is what it was given, read from the beginning at every step. */
    private static final class Rereading implements NextToken {
        private final Writer net;
        private List<int[]> rows;

        Rereading(Writer net, int rows) {
            this.net = net;
            this.rows = new ArrayList<>();
            for (int i = 0; i < rows; i++) {
                this.rows.add(new int[0]);
            }
        }

        @Override
        public FloatBuffer step(int... tokens) {
            try (Pass pass = Pass.infer()) {
                Tensor[] all = new Tensor[tokens.length];
                for (int i = 0; i < all.length; i++) {
                    int[] longer = Arrays.copyOf(rows.get(i), rows.get(i).length + 1);
                    longer[longer.length - 1] = tokens[i];
                    rows.set(i, longer);
                    all[i] = net.whole(Tensor.ofInts(longer, 1, longer.length));
                }
                return FloatBuffer.wrap(Tensor.concat(0, all).toArray());
            }
        }

        @Override
        public void reorder(int[] parents) {
            List<int[]> old = rows;
            rows = new ArrayList<>(Arrays.stream(parents).mapToObj(old::get).toList());
        }
    }

    private static final int[][] PROMPTS = {{0}, {1, 3, 5, 6}, {4, 4}};

    @ParameterizedTest
    @ValueSource(strings = {"Lstm", "Gpt"})
    void allSearchesGoOnFromPromptsAsIfTheyReadEverything(String name) {
        Writer net = net(name);
        try (Model<Writer> model = Model.of(net, 5);
                Plan plan = net.step(model);
                Session session = net instanceof Gpt ? plan.newSession(12) : plan.newSession(12, 1)) {
            NextToken frozen = NextToken.of(session);
            Greedy greedy = new Greedy(STOP, 8);
            List<Hypothesis> expected = greedy.after(new Rereading(net, 3), PROMPTS);
            tokensAreEqual(greedy.after(frozen, PROMPTS), expected);
            assertThat(lists(expected)).as("the prompts matter").doesNotHaveDuplicates();
            session.reset();
            Sampling sampling = new Sampling(STOP, 8).temperature(1.5f);
            expected = sampling.after(new Rereading(net, 3), new Rng(3), PROMPTS);
            tokensAreEqual(sampling.after(frozen, new Rng(3), PROMPTS), expected);
            session.reset();
            BeamSearch beams = new BeamSearch(4, STOP, 8).penalty(LengthPenalty.gnmt(0.6));
            List<List<Hypothesis>> all = beams.after(new Rereading(net, 3), PROMPTS);
            List<List<Hypothesis>> found = beams.after(frozen, PROMPTS);
            for (int i = 0; i < 3; i++) {
                tokensAreEqual(found.get(i), all.get(i));
                // alone as among others, and from a prompt as from the state behind it
                tokensAreEqual(beams.after(new Rereading(net, 1), PROMPTS[i]).get(0), all.get(i));
            }
        }
    }

    private static void tokensAreEqual(List<Hypothesis> found, List<Hypothesis> expected) {
        assertThat(found).extracting(Hypothesis::tokens).isEqualTo(lists(expected));
        for (int i = 0; i < found.size(); i++) {
            assertThat(found.get(i).logProbability())
                    .isCloseTo(expected.get(i).logProbability(), org.assertj.core.data.Offset.offset(1e-4));
        }
    }

    private static List<List<Integer>> lists(List<Hypothesis> all) {
        return all.stream().map(Hypothesis::tokens).toList();
    }

    /**
     * A sequence is the same from the state behind its prompt, in a batch of its own, and with the rows of others idle.
     */
    @Test
    void aSearchGoesOnWhereTheSessionIs() {
        Lstm net = new Lstm();
        try (Model<Lstm> model = Model.of(net, 5);
                Plan plan = net.step(model);
                Session one = plan.newSession(1, 1);
                Session many = plan.newSession(5, 1)) {
            Sampling sampling = new Sampling(-1, 20);
            List<Hypothesis> whole = sampling.after(NextToken.of(one), new Rng(1), new int[] {0, 3, 4});
            for (int t : new int[] {0, 3}) {
                many.intInput().put(0, t);
                many.run();
            }
            assertThat(sampling.of(NextToken.of(many), new Rng(1), 4)).isEqualTo(whole);
        }
    }

    /** Other inputs, such as what an encoder made of a sentence, follow the rows. */
    @Test
    void whatIsNotCarriedFollowsItsRowsToo() {
        record Bent(Linear out) implements Net {}
        try (Model<Bent> model = Model.of(new Bent(new Linear(4, 4)), 1);
                Plan plan = Plan.freeze(
                        model,
                        (net, in) -> Map.of("logits", net.out().apply(in[1]).add(in[0].to(DType.F32))),
                        Spec.of("token", DType.I32, Dim.BATCH, 1),
                        Spec.of("memory", Dim.BATCH, 4));
                Session session = plan.newSession(6)) {
            float[] memory = new Rng(2).normal(8, 0, 3);
            List<List<Hypothesis>> expected = new ArrayList<>();
            BeamSearch beams = new BeamSearch(3, -1, 4);
            for (int i = 0; i < 2; i++) {
                session.input("memory").put(0, memory, 4 * i, 4);
                expected.addAll(beams.of(NextToken.of(session), 0));
            }
            session.input("memory").put(0, memory);
            assertThat(beams.of(NextToken.of(session), 0, 0)).isEqualTo(expected);
            assertThat(expected.get(0)).isNotEqualTo(expected.get(1));
        }
    }

    @Test
    void rowsAreMovedRepeatedAndBegun() {
        try (Model<Linear> model = Model.of(new Linear(2, 2), 1);
                Plan plan = Plan.freeze(
                        model,
                        (net, in, state) -> new Next(in[0].add(state.get("h")).add(in[1].sum()), state),
                        net -> State.of("h", Tensor.zeros(1, 2)),
                        Spec.of("x", Dim.BATCH, 2),
                        Spec.of("side", 2, Dim.BATCH, 1));
                Session session = plan.newSession(4)) {
            float[] x = {0, 1, 2, 3, 4, 5, 6, 7};
            session.input("x").put(0, x);
            session.input("h").put(0, x);
            session.input("side").put(0, x);
            session.reorder(2, 0, 1);
            assertThat(floats(session, "x")).containsExactly(4, 5, 0, 1, 2, 3, 6, 7);
            assertThat(floats(session, "h")).containsExactly(4, 5, 0, 1, 2, 3, 6, 7);
            assertThat(floats(session, "side")).containsExactly(2, 0, 1, 3, 6, 4, 5, 7);
            session.reorder(3, 3, -1);
            assertThat(floats(session, "x")).as("not carried").containsExactly(6, 7, 6, 7, 2, 3, 6, 7);
            assertThat(floats(session, "h")).containsExactly(6, 7, 6, 7, 0, 0, 6, 7);
            assertThat(floats(session, "side")).as("not carried").containsExactly(3, 3, 1, 3, 7, 7, 5, 7);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> session.reorder(0, 4))
                    .withMessage(
                            "reorder: row 1 is to become row 4, which does not exist; name a row in [0, 4), or -1 to"
                                    + " start anew");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> session.reorder(0, 1, 2, 3, 0))
                    .withMessage("reorder: 5 rows are named but the session has 4; name at most 4");
            session.close();
            assertThatThrownBy(() -> session.reorder(0)).isInstanceOf(IllegalStateException.class);
        }
    }

    private static float[] floats(Session session, String name) {
        float[] all = new float[8];
        session.input(name).get(0, all);
        return all;
    }

    /** What a step and a move of its rows allocate on the heap does not depend on the state. */
    @Test
    void aStepAllocatesNothingOfTheState() {
        long[] bytes = new long[2];
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        for (int i = 0; i < 2; i++) {
            int hidden = i == 0 ? 8 : 2048;
            record Echo(Linear out) implements Net {}
            try (Model<Echo> model = Model.of(new Echo(new Linear(hidden, 5)), 1);
                    Plan plan = Plan.freeze(
                            model,
                            (net, in, state) -> new Next(
                                    net.out().apply(state.get("h")).add(in[0].to(DType.F32)),
                                    State.of("h", state.get("h").mul(0.5f))),
                            net -> State.of("h", Tensor.zeros(1, hidden)),
                            Spec.of("token", DType.I32, Dim.BATCH, 1));
                    Session session = plan.newSession(4)) {
                NextToken frozen = NextToken.of(session);
                int[] tokens = {0, 1, 2, 3};
                int[] parents = {1, 0, 3, 3};
                for (int round = 0; round < 200; round++) {
                    long before = threads.getCurrentThreadAllocatedBytes();
                    frozen.step(tokens);
                    frozen.reorder(parents);
                    long took = threads.getCurrentThreadAllocatedBytes() - before;
                    bytes[i] =
                            round == 0 ? took : Math.min(bytes[i], took); // the compiler leaves out some of it in time
                }
            }
        }
        assertThat(bytes[1]).isEqualTo(bytes[0]).isLessThan(4000);
    }

    private record TwoResults(@Inline State state, Tensor logits, Tensor side) {}

    @Test
    void whatIsNoStepIsRefused() {
        Lstm net = new Lstm();
        try (Model<Lstm> model = Model.of(net, 5);
                Plan plan = net.step(model);
                Session long3 = plan.newSession(2, 3);
                Session two = plan.newSession(2, 1)) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> NextToken.of(long3))
                    .withMessage(
                            "NextToken.of: the session reads tokens [2, 3] and gives logits [2, 7] at batch 2, but a"
                                    + " step is one token for each row: the first input must be [2] or [2, 1] and the"
                                    + " logits [2, vocabulary]; give a session of length 1 whose plan returns the "
                                    + "logits"
                                    + " of the last token");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> new BeamSearch(3, -1, 5).of(NextToken.of(two), 0))
                    .withMessage(
                            "NextToken.of: the search needs 3 rows but the session has a batch of 2; make a session "
                                    + "whose batch is at least 3");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> new Greedy(STOP, 5).after(NextToken.of(two), new int[] {1}, new int[0]))
                    .withMessage(
                            "greedy: prompt 1 is empty, and nothing can be predicted from it; give a start symbol at "
                                    + "least");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> new Greedy(STOP, 5).after(NextToken.of(two), new int[] {1, 99}))
                    .withMessageContaining("99");
            two.reset();
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> new Greedy(STOP, 5).after(NextToken.of(two), new int[] {1}, new int[] {99}))
                    .withMessageContaining("99");
            two.reset();
            assertThat(new Greedy(STOP, 5).of(NextToken.of(two), 1))
                    .as("the bad token is forgotten")
                    .hasSize(1);
        }
        try (Model<Linear> model = Model.of(new Linear(2, 2), 1);
                Plan plan = Plan.freeze(model, dev.fathom.op.Shape.of(1, 2));
                Session session = plan.newSession()) {
            assertThatThrownBy(() -> NextToken.of(session))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("is F32 but was asked for as I32");
        }
    }

    @Test
    void aPlanMayReturnMoreThanTheLogits() {
        record Two(Linear out) implements Net {}
        try (Model<Two> model = Model.of(new Two(new Linear(3, 3)), 1);
                Plan plan = Plan.freeze(
                        model,
                        (two, in, state) -> {
                            Tensor h = state.get("h");
                            Tensor logits = two.out().apply(h).add(in[0].to(DType.F32));
                            return new TwoResults(State.of("h", h.mul(0.5f)), logits, h.add(1));
                        },
                        two -> State.of("h", Tensor.zeros(1, 3)),
                        Spec.of("token", DType.I32, Dim.BATCH, 1));
                Session session = plan.newSession()) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> NextToken.of(session))
                    .withMessage("NextToken.of: beside what it carries, the session returns [logits, side]; name the"
                            + " logits among them: NextToken.of(session, \"...\")");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> NextToken.of(session, "weights"))
                    .withMessageContaining("weights")
                    .withMessageContaining("logits");
            session.input("h").put(0, new float[] {1, 2, 3});
            assertThat(new Greedy(-1, 3).of(NextToken.of(session, "logits"), 0)).hasSize(1);
            float[] side = new float[3];
            session.output("side").get(side);
            assertThat(side).as("h behind two steps, plus 1").containsExactly(1.25f, 1.5f, 1.75f);
        }
    }
}

package dev.fathom.decode;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.within;

import com.sun.management.ThreadMXBean;
import dev.fathom.attention.FeedForward;
import dev.fathom.attention.MultiHeadAttention;
import dev.fathom.attention.RotaryPositions;
import dev.fathom.attention.TransformerEncoder;
import dev.fathom.attention.TransformerEncoderLayer;
import dev.fathom.decode.CachedDecoder.Prefix;
import dev.fathom.decode.CachedDecoder.Sequences;
import dev.fathom.io.Safetensors;
import dev.fathom.memory.Memory;
import dev.fathom.nn.Embedding;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.nn.RmsNorm;
import dev.fathom.op.Activation;
import dev.fathom.op.DType;
import dev.fathom.parameter.Parameter;
import dev.fathom.plan.Quantization;
import dev.fathom.tensor.AttentionMask;
import dev.fathom.tensor.Next;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.State;
import dev.fathom.tensor.Tensor;
import java.lang.management.ManagementFactory;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Whatever way tokens went into a decoder, its logits have the bits that the net itself computes when it reads the
 * whole sequence at once in an eager pass.
 */
class CachedDecoderTest {
    private static final int VOCABULARY = 11;
    private static final int CONTEXT = 80; // more than a block of 64 keys

    /** What a Llama has: queries that share keys, rotary positions, gated layers and root-mean-square norms. */
    private record Llama(Embedding in, TransformerEncoder encoder, Linear out) implements CausalNet {
        static Llama of() {
            RotaryPositions rotary = RotaryPositions.halves(CONTEXT, 4);
            return new Llama(
                    new Embedding(VOCABULARY, 16),
                    TransformerEncoder.of(
                            2,
                            () -> new TransformerEncoderLayer(16, 4, 24, Activation.SILU)
                                    .normsFirst()
                                    .attention(MultiHeadAttention.withSeparateProjections(16, 16, 4, 2)
                                            .rotary(rotary)
                                            .withoutBias())
                                    .feedForward(FeedForward.gated(16, 24, Activation.SILU)
                                            .withoutBias())
                                    .norms(new RmsNorm(16), new RmsNorm(16)),
                            new RmsNorm(16)),
                    new Linear(16, VOCABULARY).withoutBias());
        }

        @Override
        public Tensor forward(Tensor tokens) {
            return out.apply(encoder.apply(in.apply(tokens), AttentionMask.CAUSAL));
        }

        @Override
        public Next read(Tensor tokens, State state) {
            return encoder.step(in.apply(tokens), state);
        }

        @Override
        public Tensor logits(Tensor vectors) {
            return out.apply(vectors);
        }

        @Override
        public State state(int batch, int capacity) {
            return encoder.state(batch, capacity);
        }

        @Override
        public int context() {
            return CONTEXT;
        }
    }

    private static CausalNet net(String name) {
        return name.equals("Gpt") ? Gpt.of(new Gpt.Sizes(VOCABULARY, CONTEXT, 16, 4, 2), 0.1f) : Llama.of();
    }

    /** The logits behind each token, by the layers that a trainer calls, without a state. */
    private static float[][] whole(CausalNet net, int... tokens) {
        try (Pass pass = Pass.infer()) {
            Tensor x = Tensor.ofInts(tokens, 1, tokens.length);
            Tensor y = net instanceof Gpt gpt
                    ? gpt.apply(x)
                    : ((Llama) net)
                            .out.apply(((Llama) net).encoder.apply(((Llama) net).in.apply(x), AttentionMask.CAUSAL));
            float[] all = y.toArray();
            float[][] rows = new float[tokens.length][];
            for (int t = 0; t < rows.length; t++) {
                rows[t] = Arrays.copyOfRange(all, t * VOCABULARY, (t + 1) * VOCABULARY);
            }
            return rows;
        }
    }

    /** What follows the last token. */
    private static float[] last(CausalNet net, int... tokens) {
        return whole(net, tokens)[tokens.length - 1];
    }

    private static int[] random(long seed, int length) {
        return new Rng(seed).ints(length, VOCABULARY);
    }

    private static float[] row(FloatBuffer logits, int row) {
        float[] values = new float[VOCABULARY];
        logits.get(row * VOCABULARY, values);
        return values;
    }

    private static int[] concat(int[]... parts) {
        return Arrays.stream(parts).flatMapToInt(Arrays::stream).toArray();
    }

    @ParameterizedTest
    @ValueSource(strings = {"Gpt", "Llama"})
    void readOrSteppedAloneOrAmongOthers(String name) {
        try (Model<CausalNet> model = Model.of(net(name), 3);
                CachedDecoder decoder = CachedDecoder.of(model);
                Sequences many = decoder.sequences()) {
            CausalNet net = model.net();
            int[][] prompts = {random(1, 70), random(2, 3), random(3, 1), random(4, 29), random(5, 30)};
            FloatBuffer read = many.read(prompts);
            assertThat(many.rows()).isEqualTo(5);
            assertThat(read.limit()).isEqualTo(5 * VOCABULARY);
            for (int i = 0; i < 5; i++) {
                float[] expected = last(net, prompts[i]);
                assertThat(row(read, i)).as("row %d", i).isEqualTo(expected);
                try (Sequences one = decoder.sequences();
                        Sequences pieces = decoder.sequences();
                        Sequences steps = decoder.sequences()) {
                    assertThat(row(one.read(prompts[i]), 0)).isEqualTo(expected);
                    int half = prompts[i].length / 2;
                    if (half > 0) {
                        pieces.read(Arrays.copyOf(prompts[i], half));
                    }
                    int[] rest = Arrays.copyOfRange(prompts[i], half, prompts[i].length);
                    assertThat(row(pieces.read(rest), 0)).isEqualTo(expected);
                    float[][] all = whole(net, prompts[i]);
                    for (int t = 0; t < prompts[i].length; t++) {
                        assertThat(row(steps.step(prompts[i][t]), 0)).isEqualTo(all[t]);
                        assertThat(steps.length(0)).isEqualTo(t + 1);
                    }
                }
            }
            int[][] more = {random(6, 10), random(7, 77), random(8, 2), random(9, 1), random(10, 20)};
            read = many.read(more); // row 0 is full, and row 1 needs a run of its own
            for (int i = 0; i < 5; i++) {
                int[] sequence = concat(prompts[i], more[i]);
                assertThat(row(read, i)).isEqualTo(last(net, sequence));
                assertThat(many.length(i)).isEqualTo(sequence.length);
            }
        }
    }

    /** Filling the shorter of two rows up would pass the last position by one. */
    @ParameterizedTest
    @ValueSource(strings = {"Gpt", "Llama"})
    void rowsThatWouldPassTheLastPositionAreReadAlone(String name) {
        try (Model<CausalNet> model = Model.of(net(name), 3);
                CachedDecoder decoder = CachedDecoder.of(model);
                Sequences sequences = decoder.sequences()) {
            for (int length : new int[] {45, 46}) {
                sequences.reset();
                sequences.read(random(1, 10), random(2, length));
                FloatBuffer read = sequences.read(random(3, 35), random(4, 20));
                assertThat(row(read, 0)).isEqualTo(last(model.net(), concat(random(1, 10), random(3, 35))));
                assertThat(row(read, 1)).isEqualTo(last(model.net(), concat(random(2, length), random(4, 20))));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"Gpt", "Llama"})
    void rowsAreRewoundMovedRepeatedAndLeave(String name) {
        try (Model<CausalNet> model = Model.of(net(name), 4);
                CachedDecoder decoder = CachedDecoder.of(model);
                Sequences sequences = decoder.sequences()) {
            List<int[]> known = new ArrayList<>(List.of(random(1, 9), random(2, 4), random(3, 66)));
            sequences.read(known.toArray(int[][]::new));
            agree(sequences, model.net(), known, 1);
            sequences.rewind(0, 5);
            sequences.rewind(2, 0);
            sequences.rewind(1, 4);
            known.set(0, Arrays.copyOf(known.get(0), 5));
            known.set(1, Arrays.copyOf(known.get(1), 4));
            known.set(2, new int[0]);
            agree(sequences, model.net(), known, 2);
            agree(sequences, model.net(), known, 3);
            for (int[] parents : new int[][] {{1, 0, 2}, {2, 2}, {0, 1}, {1, 0, 0, 1, 1}, {4, 1, 0, 3}, {3}, {0, 0}}) {
                sequences.reorder(parents);
                List<int[]> old = known;
                known = new ArrayList<>(
                        Arrays.stream(parents).mapToObj(old::get).toList());
                agree(sequences, model.net(), known, parents.length);
                agree(sequences, model.net(), known, 7);
            }
            sequences.reset();
            assertThat(sequences.rows()).isZero();
            known = new ArrayList<>(List.of(new int[0], new int[0], new int[0]));
            agree(sequences, model.net(), known, 5);
        }
    }

    /** One step of all rows, and of a seed's tokens, gives what the net does; each sequence grows by its token. */
    private static void agree(Sequences sequences, CausalNet net, List<int[]> known, long seed) {
        int[] tokens = random(seed, known.size());
        FloatBuffer logits = sequences.step(tokens);
        assertThat(sequences.rows()).isEqualTo(known.size());
        assertThat(logits.limit()).isEqualTo(known.size() * VOCABULARY);
        for (int i = 0; i < tokens.length; i++) {
            known.set(i, concat(known.get(i), new int[] {tokens[i]}));
            assertThat(row(logits, i)).as("row %d", i).isEqualTo(last(net, known.get(i)));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"Gpt", "Llama"})
    void manySequencesBeginWithOnePrefix(String name) {
        try (Model<CausalNet> model = Model.of(net(name), 5);
                CachedDecoder decoder = CachedDecoder.of(model);
                Sequences sequences = decoder.sequences()) {
            int[] begin = random(1, 40);
            int[] other = random(2, 7);
            Prefix prefix = decoder.prefix(begin);
            assertThat(prefix.length()).isEqualTo(40);
            sequences.add(prefix, 2);
            sequences.add(decoder.prefix(other), 1);
            int[][] more = {random(3, 5), random(4, 30), random(5, 1)};
            FloatBuffer read = sequences.read(more);
            List<int[]> known = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                known.add(concat(i < 2 ? begin : other, more[i]));
                assertThat(row(read, i)).isEqualTo(last(model.net(), known.get(i)));
            }
            // a row that leaves one batch and joins another
            try (Sequences elsewhere = decoder.sequences()) {
                elsewhere.read(random(6, 2));
                elsewhere.add(sequences.prefix(1), 1);
                agree(elsewhere, model.net(), new ArrayList<>(List.of(random(6, 2), known.get(1))), 9);
            }
            sequences.reorder(new int[] {0, 2});
            known.remove(1);
            sequences.add(prefix, 1);
            known.add(begin);
            agree(sequences, model.net(), known, 8);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"Gpt", "Llama"})
    void searchesFindWhatTheyFindStepByStep(String name) {
        try (Model<CausalNet> model = Model.of(net(name), 6);
                CachedDecoder decoder = CachedDecoder.of(model);
                Sequences sequences = decoder.sequences()) {
            int[][] prompts = {random(1, 20), random(2, 1), random(3, 5)};
            Greedy greedy = new Greedy(2, 12);
            Sampling sampling = new Sampling(2, 12).temperature(2).topP(0.9f);
            BeamSearch beams = new BeamSearch(4, 2, 12);
            List<Object> expected = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                Decoder eager;
                try (Pass pass = Pass.infer()) {
                    eager = new Decoder(model.net()::step, model.net().state(3, CONTEXT));
                }
                try (eager) {
                    expected.add(
                            i == 0
                                    ? greedy.after(eager, prompts)
                                    : i == 1
                                            ? sampling.after(eager, new Rng(1), prompts)
                                            : beams.after(eager, prompts));
                }
            }
            List<Object> found = new ArrayList<>();
            found.add(greedy.after(sequences, prompts));
            sequences.reset();
            found.add(sampling.after(sequences, new Rng(1), prompts));
            sequences.reset();
            found.add(beams.after(sequences, prompts));
            assertThat(found).isEqualTo(expected);
            // behind what was read before
            sequences.reset();
            sequences.add(decoder.prefix(Arrays.copyOf(prompts[0], 12)), 1);
            assertThat(greedy.after(sequences, Arrays.copyOfRange(prompts[0], 12, 20)))
                    .isEqualTo(List.of(greedy(expected).get(0)));
        }
    }

    @SuppressWarnings("unchecked")
    private static List<Hypothesis> greedy(List<Object> expected) {
        return (List<Hypothesis>) expected.get(0);
    }

    @Test
    void whatDoesNotFitIsASentence() {
        try (Model<Gpt> model = Model.of(Gpt.of(new Gpt.Sizes(VOCABULARY, 64, 8, 2, 1), 0), 1);
                CachedDecoder decoder = CachedDecoder.of(model);
                CachedDecoder small = CachedDecoder.of(model, 5);
                Sequences sequences = decoder.sequences();
                Sequences few = small.sequences()) {
            assertThat(decoder.capacity()).isEqualTo(64);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> sequences.read(random(1, 65)))
                    .withMessage("CachedDecoder: row 0 has 0 tokens and reads 65 more, but position 64 is beyond the 64"
                            + " positions of this net; rewind it, or begin anew with the last tokens");
            assertThat(sequences.rows()).isZero();
            sequences.read(random(1, 3), random(2, 64));
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> sequences.step(1, 1))
                    .withMessage("CachedDecoder: row 1 has 64 tokens and reads 1 more, but position 64 is beyond the 64"
                            + " positions of this net; rewind it, or begin anew with the last tokens");
            sequences.rewind(1, 63);
            float[] expected = last(model.net(), concat(Arrays.copyOf(random(2, 64), 63), new int[] {4}));
            assertThat(row(sequences.step(1, 4), 1)).isEqualTo(expected);
            sequences.reset();
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> new Greedy(-1, 9).after(sequences, random(1, 60)))
                    .withMessageContaining("position 64 is beyond the 64 positions of this net");
            few.read(random(1, 5));
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> few.step(1))
                    .withMessage("CachedDecoder: row 0 has 5 tokens and reads 1 more, but position 5 is beyond the 5"
                            + " tokens that this decoder has room for; make it with a larger capacity, up to 64");
            for (int capacity : new int[] {0, 65}) {
                assertThatIllegalArgumentException()
                        .isThrownBy(() -> CachedDecoder.of(model, capacity))
                        .withMessage("CachedDecoder: a capacity of " + capacity + " tokens must be in [1, 64], the"
                                + " positions of this net");
            }
            Prefix foreign = small.prefix(1, 2);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> sequences.add(foreign, 1))
                    .withMessage("CachedDecoder: the prefix is that of another decoder; make it with this one");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> few.add(foreign, 0))
                    .withMessageContaining("count=0");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> small.prefix())
                    .withMessage("CachedDecoder: prompt 0 is empty, and nothing can be predicted from it; give a start"
                            + " symbol at least");
        }
    }

    @Test
    void rowsThatAreNotThereAreRefused() {
        try (Model<CausalNet> model = Model.of(net("Gpt"), 1);
                CachedDecoder decoder = CachedDecoder.of(model);
                Sequences sequences = decoder.sequences()) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> sequences.length(0))
                    .withMessage(
                            "CachedDecoder: row 0 does not exist; there are 0 sequences, which are counted from 0");
            assertThatIllegalArgumentException().isThrownBy(() -> sequences.read());
            assertThatIllegalArgumentException().isThrownBy(() -> sequences.step());
            assertThatIllegalArgumentException().isThrownBy(() -> sequences.read(new int[0]));
            sequences.read(new int[] {1, 2}, new int[] {3});
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> sequences.step(1))
                    .withMessage("CachedDecoder: tokens of 1 rows are given but there are 2 sequences; give tokens for"
                            + " each, or reset() to begin others");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> sequences.read(new int[] {1}, new int[0]))
                    .withMessage("CachedDecoder: prompt 1 is empty, and nothing can be predicted from it; give a start"
                            + " symbol at least");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> sequences.reorder(new int[] {0, 2}))
                    .withMessageContaining("row 2 does not exist; there are 2 sequences");
            assertThatIllegalArgumentException().isThrownBy(() -> sequences.reorder(new int[] {-1}));
            assertThatIllegalArgumentException().isThrownBy(() -> sequences.prefix(2));
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> sequences.rewind(0, 3))
                    .withMessage("CachedDecoder: row 0 has 2 tokens and cannot be rewound to 3; name a length that it"
                            + " had");
            assertThatIllegalArgumentException().isThrownBy(() -> sequences.rewind(0, -1));
            // a token that does not exist leaves all rows as they were
            int[] far = random(4, 70);
            far[69] = VOCABULARY;
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> sequences.read(new int[] {4, 5}, far))
                    .withMessageContaining("11");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> sequences.step(5, -1))
                    .withMessageContaining("-1");
            List<int[]> known = new ArrayList<>(List.of(new int[] {1, 2}, new int[] {3}));
            agree(sequences, model.net(), known, 1);
            agree(sequences, model.net(), known, 2);
            sequences.reset();
            assertThatIllegalArgumentException().isThrownBy(() -> sequences.read(far, far));
            assertThatIllegalArgumentException().isThrownBy(() -> sequences.step(99));
            assertThat(sequences.rows()).isZero();
            sequences.reorder(new int[0]);
            agree(sequences, model.net(), new ArrayList<>(List.of(new int[0])), 3);
        }
    }

    private record Odd(Linear out, boolean counts) implements CausalNet {
        @Override
        public Tensor forward(Tensor tokens) {
            throw new AssertionError("nothing is read at once");
        }

        @Override
        public Next read(Tensor tokens, State state) {
            throw new AssertionError("the state is looked at first");
        }

        @Override
        public Tensor logits(Tensor vectors) {
            return out.apply(vectors);
        }

        @Override
        public State state(int batch, int capacity) {
            Tensor cache = Tensor.zeros(batch, capacity, 2);
            return counts
                    ? State.of("past", Tensor.ofInts(new int[batch], batch), "hidden", Tensor.zeros(batch, 3))
                    : State.of("keys", cache);
        }

        @Override
        public int context() {
            return 7;
        }
    }

    @Test
    void aStateThatIsNoCacheIsRefused() {
        try (Model<Odd> hidden = Model.of(new Odd(new Linear(2, 2), true), 1);
                Model<Odd> uncounted = Model.of(new Odd(new Linear(2, 2), false), 1)) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> CachedDecoder.of(hidden))
                    .withMessage("CachedDecoder: the state has hidden [1, 3] at batch 1 and capacity 7, but it must be"
                            + " past, I32 [batch], and caches [batch, capacity, ..]");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> CachedDecoder.of(uncounted))
                    .withMessage("CachedDecoder: the state [keys] does not count its tokens; add past, I32 [batch]");
        }
    }

    @Test
    void whatIsClosedSaysSo() {
        try (Model<CausalNet> model = Model.of(net("Gpt"), 1)) {
            CachedDecoder decoder = CachedDecoder.of(model);
            Sequences open = decoder.sequences();
            Sequences other = decoder.sequences();
            Prefix prefix = decoder.prefix(1, 2);
            open.step(1);
            other.step(1, 2);
            other.close();
            other.close();
            for (Runnable use : List.<Runnable>of(
                    () -> other.step(1),
                    () -> other.read(new int[] {1}),
                    () -> other.reset(),
                    () -> other.reorder(new int[] {0}),
                    () -> other.length(0),
                    () -> other.prefix(0),
                    () -> other.add(prefix, 1))) {
                assertThatIllegalStateException()
                        .isThrownBy(use::run)
                        .withMessage("CachedDecoder: the sequences are closed; use them before the close");
            }
            decoder.close();
            decoder.close();
            assertThatIllegalStateException().isThrownBy(() -> open.step(1)).withMessageContaining("plan is closed");
            assertThatIllegalStateException()
                    .isThrownBy(() -> open.read(new int[] {1, 2}))
                    .withMessageContaining("plan is closed");
            assertThat(open.length(0)).isEqualTo(1);
            Sequences none = decoder.sequences();
            assertThatIllegalStateException().isThrownBy(() -> none.step(1)).withMessageContaining("plan is closed");
            none.close();
            open.close();
        }
    }

    /** A decoder is a snapshot that many threads share, each with sequences of its own. */
    @Test
    void threadsShareADecoder() throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(4);
        try (Model<CausalNet> model = Model.of(net("Llama"), 7);
                CachedDecoder decoder = CachedDecoder.of(model)) {
            int[] begin = random(1, 30);
            Prefix prefix = decoder.prefix(begin);
            List<Future<float[]>> found = new ArrayList<>();
            for (int i = 0; i < 12; i++) {
                int seed = i;
                found.add(threads.submit(() -> {
                    try (Sequences mine = decoder.sequences()) {
                        mine.add(prefix, 1);
                        mine.read(random(seed, 9));
                        mine.rewind(0, 35);
                        return row(mine.step(seed % VOCABULARY), 0);
                    }
                }));
            }
            for (int i = 0; i < 12; i++) {
                int[] sequence = concat(begin, Arrays.copyOf(random(i, 9), 5), new int[] {i % VOCABULARY});
                assertThat(found.get(i).get()).isEqualTo(last(model.net(), sequence));
            }
        } finally {
            threads.shutdown();
        }
    }

    @Test
    void aStepAllocatesNothing() {
        ThreadMXBean bean = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        try (Model<CausalNet> model = Model.of(net("Gpt"), 1);
                CachedDecoder decoder = CachedDecoder.of(model);
                Sequences sequences = decoder.sequences()) {
            sequences.read(new int[] {1, 2, 3}, new int[] {4}, new int[] {5});
            sequences.reorder(new int[] {2, 0});
            int[] tokens = {1, 2};
            long least = Long.MAX_VALUE;
            for (int round = 0; round < 3000; round++) {
                sequences.rewind(0, 1);
                sequences.rewind(1, 1);
                long before = bean.getCurrentThreadAllocatedBytes();
                sequences.step(tokens);
                least = Math.min(least, bean.getCurrentThreadAllocatedBytes() - before);
            }
            assertThat(least).isZero();
        }
    }

    /** Filters, penalty, condition and draw included: of 40 tokens, none takes a byte of the heap. */
    @Test
    void aDrawnTokenAllocatesNothing() {
        ThreadMXBean bean = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        Sampling plain = new Sampling(-1, CONTEXT);
        Sampling filtered = plain.topK(7).topP(0.9f).minP(0.01f).repetitionPenalty(1.2f);
        StopCondition never = StopCondition.after(3, 3, 3, 3, 3, 3, 3).or(w -> w.limit() == CONTEXT);
        int[] prompt = {1, 2, 3};
        try (Model<CausalNet> model = Model.of(net("Llama"), 1);
                CachedDecoder decoder = CachedDecoder.of(model);
                Sequences sequences = decoder.sequences()) {
            for (Sampling sampling : List.of(plain, plain.temperature(0), filtered.until(never))) {
                long least = Long.MAX_VALUE;
                for (int round = 0; round < 300; round++) {
                    sequences.reset();
                    try (Sampling.Continuation tokens = sampling.tokens(sequences, new Rng(round), prompt)) {
                        int sum = tokens.nextInt();
                        long before = bean.getCurrentThreadAllocatedBytes();
                        for (int i = 0; i < 40; i++) {
                            sum += tokens.nextInt();
                        }
                        least = Math.min(least, bean.getCurrentThreadAllocatedBytes() - before);
                        assertThat(sum).isNotNegative();
                    }
                }
                assertThat(least).as(sampling.toString()).isZero();
            }
        }
    }

    @Test
    void nativeMemoryDoesNotGrow() {
        try (Model<CausalNet> model = Model.of(net("Gpt"), 1)) {
            long before = Memory.stats().owned();
            try (CachedDecoder decoder = CachedDecoder.of(model);
                    Sequences sequences = decoder.sequences()) {
                long owned = 0;
                for (int round = 0; round < 50; round++) {
                    sequences.reset();
                    new BeamSearch(3, 2, 10).after(sequences, random(1, 20), random(2, 3));
                    sequences.reorder(new int[] {0});
                    Memory.Stats now = Memory.stats();
                    owned = round == 2 ? now.owned() : owned;
                    assertThat(now.owned()).isEqualTo(round < 2 ? now.owned() : owned);
                }
            }
            assertThat(Memory.stats().owned()).as("all is closed").isEqualTo(before);
        }
    }

    // ---- fewer bytes

    /** Saves the model with its matrices and tables rounded to bfloat16. */
    private static void saveRounded(Model<?> model, Path file) {
        try (Pass pass = Pass.infer()) {
            Safetensors.Writer writer = new Safetensors.Writer();
            for (Parameter p : model.parameters()) {
                boolean rounded = p.shape().rank() == 2;
                writer.add(p.name(), rounded ? p.value().to(DType.BF16).to(DType.F32) : p.value());
            }
            writer.write(file);
        }
    }

    /** The logits behind a prompt that is read at once, and behind each of the steps that follow. */
    private static float[] logits(CachedDecoder decoder) {
        try (Sequences sequences = decoder.sequences()) {
            float[] all = new float[8 * VOCABULARY];
            sequences.read(random(1, 9)).get(all, 0, VOCABULARY);
            for (int t = 1; t < 8; t++) {
                sequences.step(t).get(0, all, t * VOCABULARY, VOCABULARY);
            }
            return all;
        }
    }

    @Test
    void bfloatsGiveTheBitsOfRoundedWeights(@TempDir Path temp) {
        Path file = temp.resolve("rounded.safetensors");
        try (Model<CausalNet> model = Model.of(net("Llama"), 1);
                Model<CausalNet> rounded = Model.of(net("Llama"), 2);
                CachedDecoder wide = CachedDecoder.of(model);
                CachedDecoder small = wide.quantize(Quantization.BF16);
                CachedDecoder bytes = wide.quantize(Quantization.INT8_WEIGHTS)) {
            saveRounded(model, file);
            rounded.load(file);
            try (CachedDecoder expected = CachedDecoder.of(rounded)) {
                assertThat(logits(small)).isEqualTo(logits(expected)).isNotEqualTo(logits(wide));
            }
            float[] before = logits(wide);
            float[] after = logits(bytes);
            for (int i = 0; i < before.length; i++) {
                assertThat(after[i]).isCloseTo(before[i], within(0.05f));
            }
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> small.quantize(Quantization.BF16))
                    .withMessageContaining("quantized before");
        }
    }
}

package dev.fathom.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fathom.kernel.Kernel;
import dev.fathom.nn.BatchNorm;
import dev.fathom.nn.Conv;
import dev.fathom.nn.Flatten;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.MaxPool;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.offheap.Block;
import dev.fathom.op.Activation;
import dev.fathom.op.Call;
import dev.fathom.op.DType;
import dev.fathom.op.Op;
import dev.fathom.op.Order;
import dev.fathom.op.PadMode;
import dev.fathom.op.Scatter;
import dev.fathom.op.Shape;
import dev.fathom.op.Window;
import dev.fathom.ops.CumsumOp;
import dev.fathom.ops.FlipOp;
import dev.fathom.ops.IndexAddOp;
import dev.fathom.ops.NormOp;
import dev.fathom.ops.PadOp;
import dev.fathom.ops.PermuteOp;
import dev.fathom.ops.RecurrentOp;
import dev.fathom.ops.RollOp;
import dev.fathom.ops.ScatterOp;
import dev.fathom.ops.SliceOp;
import dev.fathom.ops.SoftmaxOp;
import dev.fathom.ops.SortOp;
import dev.fathom.ops.TakeOp;
import dev.fathom.recurrent.Output;
import dev.fathom.recurrent.Recurrent;
import dev.fathom.tensor.Next;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.testing.ChildJvm;
import dev.fathom.tree.Records;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.NullSource;

/** A plan that is read from a file does what it did before; what is no plan, or damaged, is refused. */
class PlanFileTest {
    private static final int IMAGE = 8 * 8 * 3;

    @TempDir
    Path temp;

    private Path file;

    @BeforeEach
    void place() {
        file = temp.resolve("net.plan");
    }

    /** A net of convolutions, of which the second takes Winograd's form. */
    private static Model<Sequential> images() {
        return Model.of(
                new Sequential(
                        new Conv(3, 40, Window.of(3).pad(1)),
                        new BatchNorm(40),
                        new Conv(40, 70, Window.of(3).pad(1)).act(Activation.RELU),
                        new MaxPool(Window.of(2).stride(2)),
                        new Flatten(),
                        new Linear(70 * 16, 10)),
                1);
    }

    /** A plan of one step of an LSTM, whose sessions carry its state. */
    static Plan steps() {
        try (Model<Recurrent> model = Model.of(Recurrent.lstm(3, 5), 1)) {
            return Plan.freeze(
                    model,
                    (net, in, state) -> {
                        Output out = net.run(in[0], state);
                        return new Next(out.steps(), out.state());
                    },
                    net -> net.state(2),
                    Spec.of("x", Dim.BATCH, 1, 3));
        }
    }

    /** Writes a plan of it, and returns what it answers to two images. */
    private float[] save() {
        return save(null);
    }

    private float[] save(@Nullable Quantization as) {
        try (Model<Sequential> model = images();
                Plan wide = Plan.freeze(model, Shape.of(2, 8, 8, 3));
                Plan plan = as == null ? wide : wide.quantize(as)) {
            plan.save(file);
            return run(plan, 2);
        }
    }

    private static float[] run(Plan plan, int batch) {
        try (Session s = plan.newSession(batch)) {
            s.set(new Rng(5).normal(batch * IMAGE, 0, 1)).run();
            float[] y = new float[s.output().capacity()];
            s.output().get(0, y);
            return y;
        }
    }

    @Test
    void aNetOfImages() {
        try (Model<Sequential> model = images();
                Plan plan = Plan.freeze(model, Shape.of(2, 8, 8, 3))) {
            plan.save(file);
            try (Plan loaded = Plan.load(file);
                    Plan opened = Plan.open(file)) {
                assertThat(loaded.toString()).isEqualTo(plan.toString());
                assertThat(plan.weights()).extracting(Slot.Content::packing).contains(Kernel.WINOGRAD_PACK);
                for (int batch : new int[] {1, 2, 5}) {
                    float[] before = run(plan, batch);
                    assertThat(run(loaded, batch)).containsExactly(before);
                    assertThat(run(opened, batch)).containsExactly(before);
                    assertThat(loaded.workspaceBytes(batch)).isEqualTo(plan.workspaceBytes(batch));
                }
                try (Session s = opened.newSession()) {
                    assertThat(s.input().capacity()).isEqualTo(2 * IMAGE); // as many as the plan was frozen with
                }
            }
        }
    }

    @Test
    void aKernelOfEachChannelIsPacked() {
        float[] x = new Rng(5).normal(2 * 8 * 8 * 21, 0, 1);
        try (Model<Conv> model = Model.of(new Conv(21, 21, 3, 21), 1);
                Plan plan = Plan.freeze(model, Shape.of(2, 8, 8, 21))) {
            plan.save(file);
            assertThat(plan.weights()).extracting(Slot.Content::packing).contains(Kernel.DEPTHWISE_PACK);
            try (Plan loaded = Plan.load(file);
                    Session session = loaded.newSession();
                    Pass pass = Pass.infer()) {
                session.set(x).run();
                float[] y = new float[session.output().capacity()];
                session.output().get(0, y);
                assertThat(y)
                        .containsExactly(
                                model.net().apply(Tensor.of(x, 2, 8, 8, 21)).toArray());
            }
        }
    }

    /** Opens a plan in a process that has done nothing else, and prints what it answers. */
    public static final class Opens {
        public static void main(String[] args) {
            try (Plan plan = Plan.open(Path.of(args[0]))) {
                System.out.println(Arrays.toString(plan.predict(new float[] {1, 2})));
            }
        }
    }

    @Test
    void anotherProcessServesIt() throws Exception {
        try (Model<Layer> model =
                        Model.of((Layer) x -> x.to(DType.U8).to(DType.F32).add(0.5), 1);
                Plan plan = Plan.freeze(model, Shape.of(1, 2))) {
            plan.save(file);
        }
        assertThat(ChildJvm.said(Opens.class, List.of(), file).strip()).isEqualTo("[1.5, 2.5]");
    }

    /** A plan of a plan that was read is the same file. */
    @Test
    void savedAgainItIsTheSame() throws IOException {
        save();
        Path again = temp.resolve("again.plan");
        try (Plan loaded = Plan.load(file);
                Plan opened = Plan.open(file)) {
            loaded.save(again);
            assertThat(again).hasSameBinaryContentAs(file);
            opened.save(again);
            assertThat(again).hasSameBinaryContentAs(file);
        }
    }

    @Test
    void aStateIsCarried() {
        try (Plan plan = steps()) {
            plan.save(file);
            try (Plan loaded = Plan.load(file);
                    Session before = plan.newSession(2);
                    Session after = loaded.newSession(2)) {
                for (int step = 0; step < 3; step++) {
                    float[] x = new Rng(step).normal(6, 0, 1);
                    before.set(x).run();
                    after.set(x).run();
                    assertThat(after.output()).isEqualTo(before.output());
                    assertThat(after.resultNames()).isEqualTo(before.resultNames());
                }
            }
        }
    }

    /** The open plan keeps the file that it was opened with. */
    @Test
    void anotherFileMovesIntoItsPlace() {
        float[] before = save();
        try (Plan opened = Plan.open(file)) {
            try (Model<Sequential> model = Model.of(new Sequential(new Flatten(), new Linear(IMAGE, 3)), 2);
                    Plan other = Plan.freeze(model, Shape.of(1, 8, 8, 3))) {
                other.save(file);
            }
            assertThat(run(opened, 2)).containsExactly(before);
            try (Plan now = Plan.open(file)) {
                assertThat(run(now, 1)).hasSize(3);
            }
        }
    }

    @Test
    void aClosedPlan() {
        Plan plan;
        try (Model<Sequential> model = images()) {
            plan = Plan.freeze(model, Shape.of(2, 8, 8, 3));
        }
        plan.close();
        assertThatThrownBy(() -> plan.save(file)).hasMessageContaining("plan is closed");
        save();
        Plan opened = Plan.open(file);
        opened.close();
        assertThatThrownBy(opened::newSession).hasMessageContaining("plan is closed");
    }

    // ---- several plans, and texts

    /** Plans of one model share its weights in a file, and in memory. */
    @Test
    void severalPlansAndTexts() throws IOException {
        float[] x = new Rng(5).normal(2 * IMAGE, 0, 1);
        try (Model<Sequential> model = images();
                Plan whole = Plan.freeze(model, Shape.of(2, 8, 8, 3));
                Plan features = Plan.freeze(
                        model,
                        (net, in) -> net.layers()
                                .get(2)
                                .apply(net.layers()
                                        .get(1)
                                        .apply(net.layers().get(0).apply(in[0]))),
                        Spec.of("x", Dim.BATCH, 8, 8, 3));
                Session expected = features.newSession(2)) {
            Map<String, Plan> plans = new LinkedHashMap<>();
            plans.put("classes", whole);
            plans.put("features", features);
            whole.save(file);
            long alone = Files.size(file);
            PlanFile.save(file, plans, Map.of("names", "cat\ndog \u00e9\u4e2d", "empty", ""));
            assertThat(Files.size(file)).isBetween(alone, alone + 8192);
            expected.set(x).run();
            for (Function<Path, PlanFile> reading : List.<Function<Path, PlanFile>>of(PlanFile::load, PlanFile::open)) {
                PlanFile read = reading.apply(file);
                assertThat(read.names()).containsExactly("classes", "features");
                assertThat(read.texts()).hasSize(2).containsEntry("empty", "");
                assertThat(read.text("names")).isEqualTo("cat\ndog \u00e9\u4e2d");
                assertThatThrownBy(read::plan).hasMessageContaining("it has the plans [classes, features]; choose one");
                assertThatThrownBy(() -> read.plan("step"))
                        .hasMessageContaining("there is no plan \"step\"; it has [classes, features]");
                assertThatThrownBy(() -> read.text("step")).hasMessageContaining("there is no text \"step\"");
                try (Plan first = read.plan("classes");
                        Plan again = read.plan("classes");
                        Plan second = read.plan("features")) {
                    read.close();
                    assertThat(run(first, 2)).containsExactly(run(whole, 2)).containsExactly(run(again, 2));
                    try (Session s = second.newSession(2)) {
                        s.set(x).run();
                        assertThat(s.output()).isEqualTo(expected.output());
                    }
                }
                assertThatThrownBy(() -> read.plan("classes")).hasMessageContaining("plan is closed");
            }
            assertThatThrownBy(() -> Plan.load(file)).hasMessageContaining("it has the plans [classes, features]");
            assertThatThrownBy(() -> PlanFile.save(file, Map.of(), Map.of())).hasMessageContaining("there is no plan");
        }
    }

    /** A plan without weights has nothing to map. */
    @Test
    void noWeights() {
        try (Model<Sequential> model = Model.of(new Sequential(new Flatten()), 1);
                Plan plan = Plan.freeze(model, Shape.of(1, 2, 2))) {
            plan.save(file);
            try (Plan opened = Plan.open(file);
                    Session s = opened.newSession()) {
                s.set(new float[] {1, 2, 3, 4}).run();
                assertThat(s.output().get(3)).isEqualTo(4);
            }
        }
    }

    // ---- another processor

    /** Weights that were packed by kernels with other vectors are packed anew, and give the same bits. */
    @ParameterizedTest
    @CsvSource({
        "16, 4,",
        "8, 2,",
        "4, 2,",
        "4, 4,",
        "8, 2, BF16",
        "16, 4, BF16",
        "4, 2, INT8_WEIGHTS",
        "16, 4, INT8_WEIGHTS"
    })
    void packedForAnotherProcessor(int lanes, int vectors, @Nullable Quantization as) throws IOException {
        float[] before = save(as);
        Panels other = new Panels(lanes, vectors);
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        PlanData read = PlanBytes.read("x", contents(bytes)).plans().get(0).plan();
        int begin = (int) (64 + bytes.getLong(24) + 4095 & -4096);
        for (PlanData.Weight w : read.weights()) {
            Slot.Content c = w.content();
            int at = begin + (int) w.offset();
            if (c.packing() != null) {
                int n = (int) PlanFile.bytes(read.calls().graph(), c);
                try (Block from = new Block("test", n);
                        Block to = new Block("test", n)) {
                    from.view(0, n).put(0, bytes, at, n);
                    DType type = read.values().get(c.value()).dtype();
                    Panels.here().repack(type, from.address(), other, to.address(), c.n(), c.k());
                    bytes.put(at, to.view(0, n), 0, n);
                }
            }
        }
        bytes.putInt(16, lanes).putInt(20, vectors);
        Files.write(file, sealed(bytes));
        for (Function<Path, Plan> reading : List.<Function<Path, Plan>>of(Plan::load, Plan::open)) {
            try (Plan plan = reading.apply(file)) {
                assertThat(run(plan, 2)).containsExactly(before);
            }
        }
    }

    private static byte[] contents(ByteBuffer bytes) {
        return Arrays.copyOfRange(bytes.array(), 64, (int) (64 + bytes.getLong(24)));
    }

    /** These bytes with the checksums of what is there. */
    private static byte[] sealed(ByteBuffer bytes) {
        int begin = (int) (64 + bytes.getLong(24) + 4095 & -4096);
        CRC32C weights = new CRC32C();
        weights.update(bytes.array(), begin, bytes.capacity() - begin);
        bytes.putInt(40, (int) weights.getValue());
        CRC32C calls = new CRC32C();
        calls.update(bytes.array(), 16, 48);
        calls.update(contents(bytes));
        return bytes.putInt(12, (int) calls.getValue()).array();
    }

    // ---- damaged and hostile files

    @Test
    void otherFiles() throws IOException {
        for (String text : List.of("", "FATHPLAN", "{\"a\": 1}" + " ".repeat(100))) {
            Files.writeString(file, text);
            assertThatThrownBy(() -> Plan.load(file)).hasMessageContaining("it is no plan; give a file that Plan.save");
        }
        assertThatThrownBy(() -> Plan.load(temp)).hasMessageContaining(temp.toString());
        assertThatThrownBy(() -> Plan.open(temp.resolve("none"))).hasMessageContaining("none");
        save();
        byte[] bytes = Files.readAllBytes(file);
        bytes[8] = 9;
        Files.write(file, bytes);
        assertThatThrownBy(() -> Plan.load(file)).hasMessageContaining("of version 9 but this version of Fathom reads");
    }

    @Test
    void truncatedFiles() throws IOException {
        save();
        byte[] bytes = Files.readAllBytes(file);
        SplittableRandom random = new SplittableRandom(1);
        for (int i = 0; i < 300; i++) {
            int n = i < 100 ? i : random.nextInt(bytes.length);
            Files.write(file, Arrays.copyOf(bytes, n));
            for (Function<Path, Plan> reading : List.<Function<Path, Plan>>of(Plan::load, Plan::open)) {
                assertThatThrownBy(() -> reading.apply(file)).isInstanceOf(IllegalArgumentException.class);
            }
        }
    }

    @Test
    void changedBytes() throws IOException {
        save();
        byte[] bytes = Files.readAllBytes(file);
        int begin = (int)
                (64 + ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong(24));
        int weights = begin + 4095 & -4096;
        SplittableRandom random = new SplittableRandom(2);
        for (int i = 0; i < 300; i++) {
            int at = i < 64
                    ? i
                    : random.nextBoolean() ? random.nextInt(64, begin) : random.nextInt(weights, bytes.length);
            byte[] changed = bytes.clone();
            changed[at] ^= (byte) (1 << random.nextInt(8));
            Files.write(file, changed);
            assertThatThrownBy(() -> Plan.load(file).close())
                    .as("byte %d", at)
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageMatching("(?s).{20,}[^.]");
        }
    }

    /** What somebody wrote on purpose, with the right checksums, is refused or computes something; it ends no JVM. */
    @ParameterizedTest
    @NullSource
    @EnumSource
    void hostileCalls(@Nullable Quantization as) throws IOException {
        save(as);
        attack();
    }

    /** Convolutions that lie side by side, whose results are parts of what joins them. */
    private record Branches(Conv one, Conv three, Linear last) implements Layer {
        Branches() {
            this(
                    new Conv(3, 16, Window.of(1)),
                    new Conv(3, 41, Window.of(3).pad(1)).act(Activation.RELU),
                    new Linear(60 * 64, 10));
        }

        @Override
        public Tensor forward(Tensor x) {
            return last.apply(new Flatten().apply(Tensor.concat(3, three.apply(x), x, one.apply(x))));
        }
    }

    @Test
    void hostileCallsOfJoinedRows() throws IOException {
        try (Model<Branches> model = Model.of(new Branches(), 1);
                Plan plan = Plan.freeze(model, Shape.of(2, 8, 8, 3))) {
            plan.save(file);
        }
        attack();
    }

    /** Changes a few bytes of the calls of the file at a time, with the right checksums, and runs what loads. */
    private void attack() throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        int end = (int)
                (64 + ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong(24));
        SplittableRandom random = new SplittableRandom(3);
        int refused = 0;
        int tries = Integer.getInteger("fathom.hostile.plans", 2000);
        for (int i = 0; i < tries; i++) {
            byte[] changed = bytes.clone();
            int changes = 1 + random.nextInt(3);
            for (int c = 0; c < changes; c++) {
                int at = random.nextInt(64, end);
                changed[at] = (byte) (random.nextBoolean() ? random.nextInt(256) : changed[at] + random.nextInt(-2, 3));
            }
            Files.write(file, sealed(ByteBuffer.wrap(changed).order(ByteOrder.LITTLE_ENDIAN)));
            try (Plan plan = Plan.load(file);
                    Session session = plan.newSession(1)) {
                session.set(new float[IMAGE]).run();
            } catch (IllegalArgumentException | IllegalStateException e) {
                assertThat(e.getMessage()).as("try %d", i).matches("(?s).{20,}");
                refused++;
            }
        }
        assertThat(refused).isGreaterThan(tries / 4);
    }

    /** Ops of no API, which a file can claim; they would read or write beyond their tensors. */
    private static Stream<Op> claimedOps() {
        return Stream.of(
                new SliceOp(-1, 0, 1, 1),
                new TakeOp(-1),
                new ScatterOp(-1, Scatter.SET, false),
                new ScatterOp(-1, Scatter.ADD, true),
                new IndexAddOp(-1, 1),
                new FlipOp(-1),
                new RollOp(-1, 1),
                new CumsumOp(-1),
                new SoftmaxOp(-1, false),
                new SortOp(-1, 1, Order.ASCENDING));
    }

    @ParameterizedTest
    @MethodSource("claimedOps")
    void anAxisThatDoesNotExistIsRefused(Op op) {
        Tensor[] in = new Tensor[op instanceof ScatterOp ? 3 : op.takes(1) == DType.I32 ? 2 : 1];
        try (Pass pass = Pass.infer()) {
            in[0] = Tensor.zeros(3, 2);
            if (in.length > 1) { // one place for each row, or for each element
                boolean each = op instanceof ScatterOp scatter && scatter.elements();
                in[1] = each ? Tensor.ofInts(new int[6], 3, 2) : Tensor.ofInts(new int[2], 2);
            }
            if (in.length > 2) {
                in[2] = Tensor.zeros(3, 2);
            }
            assertThatThrownBy(() -> Pass.applyAll(op, in))
                    .isInstanceOfAny(IllegalArgumentException.class, IndexOutOfBoundsException.class)
                    .hasMessageMatching(".{20,}");
        }
    }

    @Test
    void partsOfOpsThatContradictEachOtherAreRefused() {
        assertThatThrownBy(() -> new PermuteOp(2, 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("permute: 0 is not an order of 2 dimensions; name each once");
        assertThatThrownBy(() -> new PadOp(PadMode.ZEROS, 0, 0, 3, 1, 1, 1, 1, 1, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("pad: 3 sides count; they must be 2, 4 or 6, since a dimension has two");
        Window.Axis far = Window.of(7).stride(5).pad(3).height();
        Window line = new Window(1, far, far, Window.line(2).width());
        assertThat(line).isEqualTo(Window.line(2));
        try (Pass pass = Pass.infer()) {
            Op norm = new NormOp(NormOp.Over.GIVEN, 0, 1e-5f, false, null);
            assertThatThrownBy(() -> Pass.apply(norm, Tensor.zeros(3, 2), null, null, null, null, null))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("batch_norm");
        }
    }

    /** An input that no caller sets would be read where no session puts it. */
    @Test
    void anInputThatNoCallerSetsIsRefused() {
        try (Plan plan = steps()) {
            PlanData data = PlanData.of(plan.calls, List.of(), 1, "");
            assertThat(data.calls().graph().inputs).hasSameSizeAs(data.inputs());
            List<PlanData.Value> more = new ArrayList<>(data.values());
            more.add(more.get(data.inputs()[0]));
            assertThatThrownBy(() -> Records.with(data, "values", more).calls())
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("a call reads what none makes");
        }
    }

    /** What follows the last step would be copied over more or less than the state. */
    @Test
    void aStateOfAnotherSizeThanItsOutputIsRefused() {
        try (Plan plan = steps()) {
            PlanData data = PlanData.of(plan.calls, List.of(), 1, "");
            int x = data.inputs()[0];
            int steps = data.outputs()[0];
            List<PlanData.Value> claimed = new ArrayList<>(data.values());
            claimed.set(
                    steps,
                    Records.with(claimed.get(steps), "shape", claimed.get(x).shape()));
            assertThatThrownBy(() -> Records.with(data, "values", claimed, "carried", new int[] {x, steps})
                            .calls())
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageMatching("the output .* has \\d+ bytes, but the input which it becomes has \\d+");
        }
    }

    /** The kernel would write the others where there is nothing. */
    @Test
    void aPartOfWhatBackwardReadsIsRefused() {
        try (Plan plan = steps()) {
            PlanData data = PlanData.of(plan.calls, List.of(), 1, "");
            List<PlanData.Value> values = new ArrayList<>(data.values());
            List<PlanData.Node> nodes = new ArrayList<>(data.nodes());
            int at = IntStream.range(0, nodes.size())
                    .filter(i -> nodes.get(i).op() instanceof RecurrentOp)
                    .findFirst()
                    .orElseThrow();
            int[] out = Arrays.copyOf(nodes.get(at).out(), nodes.get(at).op().outputs());
            out[out.length - 1] = values.size();
            values.add(new PlanData.Value(CallGraph.Kind.RESULT, Shape.of(1), DType.F32, "kept"));
            nodes.set(at, Records.with(nodes.get(at), "out", out));
            assertThatThrownBy(() ->
                            Records.with(data, "values", values, "nodes", nodes).calls())
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("results for backward 1 are kept; keep all of them or none");
        }
    }

    /** Reading a matrix out of it would read what lies after it. */
    @Test
    void aMatrixPackedInOtherSizesIsNotQuantized() {
        try (Model<Linear> model = Model.of(new Linear(40, 30), 1);
                Plan plan = Plan.freeze(model, Shape.of(1, 40))) {
            Block block = new Block("weights", 64); // the plan closes it
            Map<Slot.Content, Long> small = new HashMap<>();
            for (Slot.Content c : plan.weights()) {
                small.put(Records.with(c, "n", 1L, "k", 1L), block.address());
            }
            try (Plan claimed = new Plan(plan.calls, block, small, "", 1, null)) {
                assertThatThrownBy(() -> claimed.quantize(Quantization.BF16)).hasMessageContaining("no matrix");
            }
        }
    }

    // ---- ops of users

    /** x + a. */
    record Plus(float a) implements Op {
        @Override
        public Shape shape(Call c, int output) {
            return c.shape(0);
        }

        @Override
        public void forward(Call c) {
            c.begin(Kernel.COPY)
                    .at(c.in(0))
                    .at(c.out(0))
                    .put(4 * c.shape(0).size())
                    .run();
        }
    }

    /** An op with a part that no file can hold. */
    record Listed(List<Integer> a) implements Op {
        @Override
        public Shape shape(Call c, int output) {
            return c.shape(0);
        }

        @Override
        public void forward(Call c) {
            new Plus(1).forward(c);
        }
    }

    /** Has a list whose elements are declared as no class. */
    record Wild(List<? extends Shape> a) implements Op {
        @Override
        public Shape shape(Call c, int output) {
            return c.shape(0);
        }

        @Override
        public void forward(Call c) {
            new Plus(1).forward(c);
        }
    }

    private record One(Op op) implements Layer {
        @Override
        public Tensor forward(Tensor x) {
            return Pass.apply(op, x);
        }
    }

    @Test
    void opsOfUsers() throws IOException {
        try (Model<Layer> model = Model.of((Layer) new One(new Plus(2)), 1);
                Plan plan = Plan.freeze(model, Shape.of(1, 3))) {
            plan.save(file);
        }
        try (Plan plan = Plan.load(file);
                Session s = plan.newSession()) {
            s.set(new float[] {1, 2, 3}).run();
            assertThat(s.output().get(2)).isEqualTo(3);
        }
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        for (String[] other : new String[][] {
            {"$Plus", "$Nope", "and there is no such class; put it on"},
            {"dev.fathom.plan.PlanFileTest$Plus", "java.lang.ProcessBuilder$Redirect", "is no op"}
        }) {
            String text = new String(bytes.array(), StandardCharsets.ISO_8859_1);
            byte[] changed = text.replace(other[0], other[1]).getBytes(StandardCharsets.ISO_8859_1);
            if (changed.length == bytes.capacity()) {
                Files.write(file, sealed(ByteBuffer.wrap(changed).order(ByteOrder.LITTLE_ENDIAN)));
                assertThatThrownBy(() -> Plan.load(file)).hasMessageContaining(other[2]);
            }
        }
        try (Model<Layer> model = Model.of((Layer) new One(new Listed(List.of(1))), 1);
                Plan plan = Plan.freeze(model, Shape.of(1, 3))) {
            assertThatThrownBy(() -> plan.save(file))
                    .hasMessageContaining("its a is of type java.lang.Integer, which has no place in a plan's file");
        }
        try (Model<Layer> model = Model.of((Layer) new One(new Wild(List.of(Shape.of(1)))), 1);
                Plan plan = Plan.freeze(model, Shape.of(1, 3))) {
            assertThatThrownBy(() -> plan.save(file))
                    .hasMessageContaining("the elements of its a are declared as ? extends dev.fathom.op.Shape,"
                            + " which has no place in a plan's file; name one class instead");
        }
    }
}

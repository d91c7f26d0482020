package dev.fathom.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.offset;

import dev.fathom.jni.Native;
import dev.fathom.kernel.Isa;
import dev.fathom.kernel.NativeRuntime;
import dev.fathom.op.DType;
import dev.fathom.op.Op;
import dev.fathom.op.Shape;
import dev.fathom.op.Unary;
import dev.fathom.ops.Bf16LinearOp;
import dev.fathom.ops.Binary;
import dev.fathom.ops.BlockEmbeddingOp;
import dev.fathom.ops.BlockLinearOp;
import dev.fathom.ops.Int8ConvOp;
import dev.fathom.ops.Int8LinearOp;
import dev.fathom.ops.NarrowEmbeddingOp;
import dev.fathom.ops.NarrowLinearOp;
import dev.fathom.tensor.OpTable.Row;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What holds for every op: one suite a method, every row of the table through each. */
class OpTableTest {
    /** How long a worker is waited for, in nanoseconds. */
    private static final long PATIENCE = 60_000_000_000L;

    /** The step of the central differences, in double precision. */
    private static final double STEP = 1e-5;

    /** Of larger inputs evenly spaced elements are checked, about so many; each instruction set checks others. */
    private static final int MOST_CHECKED = 20;

    private static final float[] SPECIAL = {
        Float.NaN,
        Float.POSITIVE_INFINITY,
        Float.NEGATIVE_INFINITY,
        0f,
        -0f,
        1e-40f,
        -1e-40f,
        1e30f,
        -1e30f,
        Float.MAX_VALUE,
        120f,
        -120f
    };

    private static List<Row> rows() {
        return OpTable.rows();
    }

    private static List<Row> threaded() {
        return OpTable.threaded();
    }

    static List<Row> products() {
        return OpTable.products();
    }

    private static List<Row> byRows() {
        return rows().stream()
                .filter(r -> r.isProduct() && !r.name().matches(".*in batches|einsum.*")
                        || r.name().matches("(log_)?softmax\\(-1\\)|(sum|mean|max|argmax)\\[-1\\]")
                        || r.name().matches("batch_norm given.*|(layer|rms)_norm\\(1\\).*|local_response_norm.*"))
                .toList();
    }

    private static List<Row> refusing() {
        return OpTable.refusing();
    }

    // ---- forward and gradient

    @ParameterizedTest
    @MethodSource("rows")
    void shapeAndValuesAreTheReferences(Row row) {
        for (int[][] shapes : row.samples()) {
            try (Pass pass = Pass.infer(new Rng(0))) {
                assertClose(
                        row, shapes, row.run(row.tensors(shapes)), row.expected(doubles(row.values(shapes), shapes)));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("rows")
    void theGradientIsTheCentralDifference(Row row) {
        for (int[][] shapes : row.samples()) {
            Doubles[] in = doubles(row.values(shapes), shapes);
            float[] dy = weights(row.expected(in).v().length, 0);
            float[][] found = gradients(row, shapes, dy);
            for (int i = 0; i < found.length; i++) {
                if (found[i] != null) {
                    assertGradient(row, shapes, i, found[i], differences(row, in, i, dy));
                }
            }
        }
    }

    /**
     * The second use of an input adds to what the first one left: both give the gradient of one use with the sum of
     * what flows back to them.
     */
    @ParameterizedTest
    @MethodSource("rows")
    void gradientsOfTwoUsesAdd(Row row) {
        for (int[][] shapes : row.samples()) {
            int n = row.expected(doubles(row.values(shapes), shapes)).v().length;
            float[] first = weights(n, 0);
            float[] second = weights(n, 1);
            float[] sum = new float[n];
            for (int i = 0; i < n; i++) {
                sum[i] = first[i] + second[i];
            }
            float[][] once = gradients(row, shapes, sum);
            float[][] twice = gradients(row, shapes, first, second);
            for (int i = 0; i < once.length; i++) {
                if (once[i] != null) {
                    double[] expected = new double[once[i].length];
                    for (int j = 0; j < expected.length; j++) {
                        expected[j] = once[i][j];
                    }
                    assertGradient(row, shapes, i, twice[i], expected);
                }
            }
        }
    }

    /**
     * One tensor as two inputs, or as all of one shape: the result of copies, bit for bit, and the sum of their
     * gradients.
     */
    @ParameterizedTest
    @MethodSource("rows")
    void oneTensorMayBeSeveralInputs(Row row) {
        Set<List<Integer>> tried = new HashSet<>();
        for (int[][] shapes : row.samples()) {
            for (int i = 0; i < shapes.length; i++) {
                List<Integer> all = new ArrayList<>(List.of(i));
                for (int j = i + 1; j < shapes.length; j++) {
                    if (row.alike(shapes, i, j)) {
                        all.add(j);
                        if (Shape.of(shapes[i]).size() > 1 && tried.add(List.of(i, j))) {
                            assertOneTensor(row, shapes, List.of(i, j));
                        }
                    }
                }
                if (all.size() > 2 && Shape.of(shapes[i]).size() > 1 && tried.add(all)) {
                    assertOneTensor(row, shapes, all);
                }
            }
        }
    }

    private static void assertOneTensor(Row row, int[][] shapes, List<Integer> same) {
        float[][] values = row.values(shapes);
        int first = same.get(0);
        for (int i : same) {
            values[i] = values[same.get(same.size() - 1)]; // the last has the narrower range
        }
        float[][] result = new float[2][];
        float[][][] gradients = new float[2][shapes.length][];
        for (int one = 0; one < 2; one++) {
            try (Pass pass = Pass.grad(new Rng(0))) {
                Tensor[] x = row.tensors(shapes, values);
                for (int i = 0; i < x.length; i++) {
                    x[i] = row.differentiable(i) ? pass.watch(x[i]) : x[i];
                    x[i] = one == 1 && same.contains(i) ? x[first] : x[i];
                }
                Tensor y = row.run(x);
                result[one] = floats(y);
                if (y.needsGradient()) {
                    pass.backward(y.mul(Tensor.of(
                                    weights(result[one].length, 0), y.shape().toArray()))
                            .sum());
                    for (int i = 0; i < x.length; i++) {
                        gradients[one][i] =
                                row.differentiable(i) ? pass.gradient(x[i]).toArray() : null;
                    }
                }
            }
        }
        assertThat(bits(result[1]))
                .as("%s%s, one tensor as inputs %s", row, text(shapes), same)
                .isEqualTo(bits(result[0]));
        for (int i = 0; i < shapes.length; i++) {
            if (gradients[0][i] != null) {
                double[] expected = new double[gradients[0][i].length];
                for (int k : same.contains(i) ? same : List.of(i)) {
                    for (int j = 0; gradients[0][k] != null && j < expected.length; j++) {
                        expected[j] += gradients[0][k][j];
                    }
                }
                assertGradient(row, shapes, i, gradients[1][i], expected);
            }
        }
    }

    /**
     * The gradients of the inputs, null for those that have none, where the op is used once for each {@code dy} that
     * flows back to it.
     */
    private static float[][] gradients(Row row, int[][] shapes, float[]... dy) {
        float[][] found = new float[shapes.length][];
        try (Pass pass = Pass.grad(new Rng(0))) {
            Tensor[] x = row.tensors(shapes);
            for (int i = 0; i < x.length; i++) {
                if (row.differentiable(i)) {
                    x[i] = pass.watch(x[i]);
                }
            }
            Tensor loss = null;
            for (float[] weights : dy) {
                Tensor y = row.run(x);
                if (!row.differentiable(0)) {
                    assertThat(y.needsGradient()).isFalse();
                    return found;
                }
                Tensor part = y.mul(Tensor.of(weights, y.shape().toArray())).sum();
                loss = loss == null ? part : loss.add(part);
            }
            pass.backward(loss);
            for (int i = 0; i < x.length; i++) {
                if (row.differentiable(i)) {
                    Tensor gradient = pass.gradient(x[i]);
                    assertThat(gradient.shape()).isEqualTo(x[i].shape());
                    found[i] = gradient.toArray();
                }
            }
        }
        return found;
    }

    private static void assertGradient(Row row, int[][] shapes, int input, float[] found, double[] expected) {
        double largest =
                Arrays.stream(expected).map(Math::abs).filter(g -> g >= 0).max().orElse(0);
        double limit = row.gradientTolerance() * (1 + largest);
        for (int j = 0; j < found.length; j++) {
            if (!Double.isNaN(expected[j]) && !(Math.abs(found[j] - expected[j]) <= limit)) {
                throw new AssertionError(row + text(shapes) + ": gradient of input " + input + " at " + j + " is "
                        + found[j] + ", not " + expected[j]);
            }
        }
    }

    private static float[] weights(int n, int use) {
        Random random = new Random(use);
        float[] w = new float[n];
        for (int i = 0; i < n; i++) {
            w[i] = random.nextFloat() - 0.5f;
        }
        return w;
    }

    /** The gradient of the dy-weighted sum of the reference's results; NaN where it is not checked. */
    private static double[] differences(Row row, Doubles[] in, int input, float[] dy) {
        double[] x = in[input].v();
        double[] g = new double[x.length];
        Arrays.fill(g, Double.NaN);
        int stride = Math.max(1, x.length / MOST_CHECKED);
        int first = NativeRuntime.get().isa().ordinal() * stride / Isa.values().length;
        IntStream.range(0, (x.length - first + stride - 1) / stride)
                .parallel()
                .map(j -> first + j * stride)
                .forEach(j -> {
                    double[] above = moved(row, in, input, j, STEP);
                    double[] below = moved(row, in, input, j, -STEP);
                    double sum = 0;
                    for (int o = 0; o < dy.length; o++) {
                        sum += dy[o] * (above[o] - below[o]) / (2 * STEP);
                    }
                    g[j] = sum;
                });
        return g;
    }

    /** What the reference makes of the inputs with one element {@code by} further. */
    private static double[] moved(Row row, Doubles[] in, int input, int element, double by) {
        Doubles[] other = in.clone();
        double[] x = in[input].v().clone();
        x[element] += by;
        other[input] = new Doubles(x, in[input].dims());
        return row.expected(other).v();
    }

    // ---- awkward memory and awkward values

    /** The inputs begin an element after an aligned address: not a bit changes. */
    @ParameterizedTest
    @MethodSource("rows")
    void alignmentDoesNotMatter(Row row) {
        for (int[][] shapes : row.samples()) {
            try (Pass pass = Pass.infer(new Rng(0))) {
                Tensor[] aligned = row.tensors(shapes);
                Tensor[] shifted = new Tensor[shapes.length];
                float[][] values = row.values(shapes);
                for (int i = 0; i < shapes.length; i++) {
                    float[] longer = new float[values[i].length + 1];
                    System.arraycopy(values[i], 0, longer, 1, values[i].length);
                    shifted[i] = row.tensor(i, longer, new int[] {longer.length})
                            .slice(0, 1, longer.length)
                            .reshape(shapes[i]);
                }
                assertSameBits(row, shapes, row.run(shifted), row.run(aligned));
            }
        }
    }

    /** NaN, infinities, zeros, denormals and huge numbers give what the reference gives. */
    @ParameterizedTest
    @MethodSource("rows")
    void specialValuesGoWhereTheReferenceSendsThem(Row row) {
        int[][] shapes = row.samples().stream()
                .filter(s -> Shape.of(s[0]).size() >= 17)
                .findFirst()
                .orElseThrow();
        for (int i = 0; i < shapes.length; i++) {
            if (!row.takesExtremes(i)) {
                continue;
            }
            float[][] values = row.values(shapes);
            int n = values[i].length;
            for (float special : SPECIAL) {
                for (int at : new int[] {0, n / 2, n - 1}) {
                    float was = values[i][at];
                    values[i][at] = special;
                    try (Pass pass = Pass.infer(new Rng(0))) {
                        Tensor[] in = new Tensor[shapes.length];
                        for (int k = 0; k < in.length; k++) {
                            in[k] = row.tensor(k, values[k], shapes[k]);
                        }
                        try {
                            assertClose(row, shapes, row.run(in), row.expected(doubles(values, shapes)));
                        } catch (AssertionError e) {
                            throw new AssertionError(
                                    "with " + special + " at " + at + " of input " + i + ": " + e.getMessage(), e);
                        }
                    }
                    values[i][at] = was;
                }
            }
        }
    }

    // ---- threads and backends

    /**
     * Results and gradients have the same bits for 1, 2 and 4 threads and for many parts, and workers really took part.
     */
    @ParameterizedTest
    @MethodSource("threaded")
    void threadsDoNotChangeABit(Row row) {
        NativeRuntime machine = NativeRuntime.get();
        int configured = machine.threads();
        try {
            for (int[][] shapes : row.large()) {
                float[][] values = row.values(shapes);
                machine.threads(1);
                List<int[]> one = row.bits(shapes, values);
                for (int threads : new int[] {2, 4}) {
                    machine.threads(threads);
                    // a busy machine may give a worker no processor for longer than many runs take
                    long before = Native.poolCounter(1);
                    long last = System.nanoTime() + PATIENCE;
                    while (Native.poolCounter(1) == before && System.nanoTime() < last) {
                        try (Pass pass = Pass.infer(new Rng(0))) {
                            row.run(row.tensors(shapes, values)); // new ones, since a cache gives its memory away
                        }
                    }
                    assertThat(Native.poolCounter(1) - before)
                            .as("%s%s: parts of the op run by workers with %d threads", row, text(shapes), threads)
                            .isPositive();
                    assertBits(row, shapes, row.bits(shapes, values), one, threads + " threads");
                }
                Native.forceParts(16);
                assertBits(row, shapes, row.bits(shapes, values), one, "16 parts");
                Native.forceParts(0);
            }
        } finally {
            Native.forceParts(0);
            machine.threads(configured);
        }
    }

    /**
     * Results and gradients have the same bits however the work of their kernels is cut, and however little of it there
     * is.
     */
    @ParameterizedTest
    @MethodSource("rows")
    void theNumberOfPartsDoesNotChangeABit(Row row) {
        NativeRuntime machine = NativeRuntime.get();
        int configured = machine.threads();
        try {
            machine.threads(4);
            for (int[][] shapes : row.samples()) {
                float[][] values = row.values(shapes);
                Native.forceParts(1);
                List<int[]> one = row.bits(shapes, values);
                for (int parts : new int[] {3, 16}) {
                    Native.forceParts(parts);
                    assertBits(row, shapes, row.bits(shapes, values), one, parts + " parts");
                }
            }
        } finally {
            Native.forceParts(0);
            machine.threads(configured);
        }
    }

    private static void assertBits(Row row, int[][] shapes, List<int[]> found, List<int[]> expected, String how) {
        for (int i = 0; i < expected.size(); i++) {
            assertThat(found.get(i))
                    .as("%s%s with %s, array %d", row, text(shapes), how, i)
                    .isEqualTo(expected.get(i));
        }
    }

    /**
     * Callers that meet in the pool work alone or share it, and compute the same: one row of each op, since the rows of
     * an op share its kernels.
     */
    @Test
    void callersDoNotDisturbEachOther() throws Exception {
        Map<String, Row> ops = new LinkedHashMap<>();
        for (Row row : threaded()) {
            ops.putIfAbsent(row.name().split("[ (\\[]")[0], row);
        }
        List<Row> rows = List.copyOf(ops.values());
        assertThat(rows).hasSizeGreaterThan(60);
        List<List<Integer>> alone = new ArrayList<>();
        for (Row row : rows) {
            alone.add(hashes(row));
        }
        long before = Native.poolCounter(1);
        AtomicReference<Throwable> failed = new AtomicReference<>();
        Thread[] callers = new Thread[3];
        for (int c = 0; c < callers.length; c++) {
            int first = c * rows.size() / callers.length;
            callers[c] = new Thread(() -> {
                for (int i = 0; i < rows.size(); i++) {
                    int r = (first + i) % rows.size();
                    assertThat(hashes(rows.get(r))).as("%s", rows.get(r)).isEqualTo(alone.get(r));
                }
            });
            callers[c].setUncaughtExceptionHandler((t, e) -> failed.set(e));
            callers[c].start();
        }
        for (Thread t : callers) {
            t.join();
        }
        if (failed.get() != null) {
            throw new AssertionError(failed.get());
        }
        assertThat(NativeRuntime.get().threads() == 1 || Native.poolCounter(1) > before)
                .as("workers ran parts for some of the callers")
                .isTrue();
    }

    /** Of the bits of a row's large sample, which would not fit side by side for all rows. */
    private static List<Integer> hashes(Row row) {
        int[][] shapes = row.large().get(0);
        return row.bits(shapes, row.values(shapes)).stream()
                .map(Arrays::hashCode)
                .toList();
    }

    /**
     * A row of a result does not depend on how many rows there are: to the bit with a fused multiply-add, to rounding
     * without.
     */
    @ParameterizedTest
    @MethodSource("byRows")
    void rowsDoNotDependOnTheBatch(Row row) {
        boolean exact = NativeRuntime.get().isa() != Isa.BASELINE;
        int compared = 0;
        for (int[][] shapes : row.samples()) {
            if (shapes[0].length < 2) {
                continue;
            }
            int m = shapes[0][0];
            try (Pass pass = Pass.infer(new Rng(0))) {
                Tensor[] in = row.tensors(shapes);
                float[] all = floats(row.run(in));
                for (int i = 0; i < m; i++) {
                    Tensor[] one = in.clone();
                    one[0] = in[0].slice(0, i, i + 1);
                    int last = in.length - 1;
                    if (last > 1 && shapes[last].length == shapes[0].length) {
                        one[last] = in[last].slice(0, i, i + 1); // the residual
                    }
                    int width = all.length / m;
                    float[] expected = Arrays.copyOfRange(all, i * width, (i + 1) * width);
                    float[] alone = floats(row.run(one));
                    if (exact) {
                        assertThat(bits(alone))
                                .as("%s%s, row %d", row, text(shapes), i)
                                .isEqualTo(bits(expected));
                    } else {
                        assertThat(alone)
                                .as("%s%s, row %d", row, text(shapes), i)
                                .containsExactly(expected, offset(1e-5f));
                    }
                    compared++;
                }
            }
        }
        assertThat(compared).as("rows of %s compared", row).isPositive();
    }

    // ---- what is refused

    @ParameterizedTest
    @MethodSource("refusing")
    void badInputIsRefusedInTheseWords(Row row) {
        for (OpTable.Bad bad : row.refuses()) {
            try (Pass pass = Pass.infer(new Rng(0))) {
                assertThatThrownBy(() -> bad.call().get())
                        .isInstanceOf(bad.type())
                        .hasMessage(bad.message());
            }
        }
    }

    /**
     * Each input in turn comes from a pass that was closed, then from another thread's: a sentence that says so, and no
     * result.
     */
    @ParameterizedTest
    @MethodSource("rows")
    void deadAndForeignInputsAreRefused(Row row) throws InterruptedException {
        int[][] shapes = row.samples().get(row.samples().size() - 1);
        Tensor[] dead;
        try (Pass closed = Pass.infer(new Rng(0))) {
            dead = row.tensors(shapes);
        }
        AtomicReference<Tensor[]> foreign = new AtomicReference<>();
        CountDownLatch made = new CountDownLatch(1);
        CountDownLatch used = new CountDownLatch(1);
        Thread other = new Thread(() -> {
            try (Pass pass = Pass.infer(new Rng(0))) {
                foreign.set(row.tensors(shapes));
                made.countDown();
                used.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        other.start();
        made.await();
        try (Pass pass = Pass.infer(new Rng(0))) {
            for (int i = 0; i < shapes.length; i++) {
                Tensor[] x = row.tensors(shapes);
                x[i] = dead[i];
                assertThatThrownBy(() -> row.run(x))
                        .as("%s, input %d from a closed pass", row, i)
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessageContaining(" is dead: its pass, opened at ");
                x[i] = foreign.get()[i];
                assertThatThrownBy(() -> row.run(x))
                        .as("%s, input %d of another thread", row, i)
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessageContaining(" belongs to a pass of thread ");
            }
        } finally {
            used.countDown();
            other.join();
        }
    }

    // ---- completeness

    /**
     * Every constant of both enums, every class that is an op, and every public method from tensors to tensors has its
     * row.
     */
    @Test
    void everyOpHasARow() throws Exception {
        Set<Object> covered = rows().stream().flatMap(r -> r.covered().stream()).collect(Collectors.toSet());
        Set<Object> missing = new HashSet<>();
        missing.addAll(List.of(Unary.values()));
        missing.addAll(List.of(Binary.values()));
        for (Class<?> type : classesOfThePackages()) {
            if (Op.class.isAssignableFrom(type) && !type.isInterface() && !type.isEnum()) {
                missing.add(type);
            }
        }
        Set<Class<?>> results = Set.of(Tensor.class, Sorted.class, Pooled.class, Normalized.class, List.class);
        for (Method m : Tensor.class.getDeclaredMethods()) {
            boolean ofTensors = !Modifier.isStatic(m.getModifiers())
                    || Arrays.asList(m.getParameterTypes()).contains(Tensor[].class);
            if (Modifier.isPublic(m.getModifiers()) && ofTensors && results.contains(m.getReturnType())) {
                missing.add(m.getName()
                        + Arrays.stream(m.getParameterTypes())
                                .map(Class::getSimpleName)
                                .collect(Collectors.joining(",", "(", ")")));
            }
        }
        int all = missing.size();
        missing.removeAll(covered);
        missing.removeAll(Set.of( // of plans alone: QuantizeTest
                NarrowLinearOp.class,
                NarrowEmbeddingOp.class,
                Bf16LinearOp.class,
                BlockLinearOp.class,
                BlockEmbeddingOp.class,
                Int8LinearOp.class,
                Int8ConvOp.class));
        assertThat(missing).as("ops without a row").isEmpty();
        assertThat(all).isGreaterThanOrEqualTo(50);
        assertThat(rows().stream().map(Row::name)).doesNotHaveDuplicates();
    }

    private static List<Class<?>> classesOfThePackages() throws Exception {
        Path root = Path.of(
                Op.class.getProtectionDomain().getCodeSource().getLocation().toURI());
        List<Class<?>> classes = new ArrayList<>();
        for (String pkg : List.of("op", "ops", "tensor")) {
            try (Stream<Path> files = Files.list(root.resolve("dev/fathom/" + pkg))) {
                for (Path file : files.toList()) {
                    String name = file.getFileName().toString();
                    if (name.endsWith(".class") && !name.startsWith("package-info")) {
                        classes.add(Class.forName("dev.fathom." + pkg + "." + name.substring(0, name.length() - 6)));
                    }
                }
            }
        }
        return classes;
    }

    // ---- helpers

    static Doubles[] doubles(float[][] values, int[][] shapes) {
        Doubles[] d = new Doubles[values.length];
        for (int i = 0; i < d.length; i++) {
            d[i] = Doubles.of(values[i], shapes[i]);
        }
        return d;
    }

    private static float[] floats(Tensor y) {
        if (!y.dtype().isWhole()) {
            return y.to(DType.F32).toArray();
        }
        int[] ints = y.toIntArray();
        float[] floats = new float[ints.length];
        for (int i = 0; i < ints.length; i++) {
            floats[i] = ints[i];
        }
        return floats;
    }

    private static int[] bits(float[] values) {
        int[] bits = new int[values.length];
        for (int i = 0; i < bits.length; i++) {
            bits[i] = Float.floatToRawIntBits(values[i]);
        }
        return bits;
    }

    private static void assertSameBits(Row row, int[][] shapes, Tensor found, Tensor expected) {
        assertThat(bits(floats(found))).as("%s%s", row, text(shapes)).isEqualTo(bits(floats(expected)));
    }

    static void assertClose(Row row, int[][] shapes, Tensor y, Doubles expected) {
        assertThat(y.shape()).as("%s%s", row, text(shapes)).isEqualTo(Shape.of(expected.dims()));
        float[] found = floats(y);
        for (int i = 0; i < found.length; i++) {
            double want = expected.v()[i];
            boolean finite = Float.isFinite((float) want) && Float.isFinite(found[i]);
            if (finite
                    ? !(Math.abs(found[i] - want) <= row.tolerance(want))
                    : Float.compare(found[i], (float) want) != 0) {
                throw new AssertionError(row + text(shapes) + " at " + i + " is " + found[i] + ", not " + want);
            }
        }
    }

    private static String text(int[][] shapes) {
        return Arrays.deepToString(shapes);
    }
}

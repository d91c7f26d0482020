package dev.fathom.plan;

import dev.fathom.command.Commands;
import dev.fathom.jni.Native;
import dev.fathom.kernel.Kernel;
import dev.fathom.offheap.Block;
import dev.fathom.op.DType;
import dev.fathom.op.Op;
import dev.fathom.op.Shape;
import dev.fathom.ops.Bf16LinearOp;
import dev.fathom.ops.BlockEmbeddingOp;
import dev.fathom.ops.BlockFormat;
import dev.fathom.ops.BlockLinearOp;
import dev.fathom.ops.ConvOp;
import dev.fathom.ops.EmbeddingOp;
import dev.fathom.ops.Int8ConvOp;
import dev.fathom.ops.Int8LinearOp;
import dev.fathom.ops.LinearOp;
import dev.fathom.ops.NarrowEmbeddingOp;
import dev.fathom.ops.NarrowLinearOp;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Makes a plan of another one, whose matrices and tables it stores in fewer bytes. Used once. */
final class Quantizer {
    /** The most products of a sum of int8 that an int32 holds for sure: INT8_TERMS of the kernels. */
    private static final int MOST_PRODUCTS = Integer.MAX_VALUE / (127 * 127);

    /** How three taps are made of the four numbers of Winograd's form. */
    private static final int[][] UNWIND = {{1, 0, 0, 0}, {0, 1, -1, 0}, {0, 0, 0, 1}};

    private final Plan plan;
    private final CallGraph graph;
    private final Quantization as;
    private final List<CallGraph.Value> values;
    private final List<CallGraph.Node> nodes = new ArrayList<>();
    private final List<Fitted> ops = new ArrayList<>();
    /** For each F32 weight that is stored anew, in each of its forms, what stands in its place. */
    private final Map<Form, Narrow> narrow = new LinkedHashMap<>();

    private final Map<Slot.Content, Long> addresses = new LinkedHashMap<>();

    /**
     * A weight as a matrix [n, k], and the runs of its rows where it becomes an array of bytes with a layout of its
     * own, or 0 where it keeps its shape.
     */
    private record Form(int weight, int n, int k, int runs) {}

    /** What stands for a weight: the content that it is made of, its blocks, its numbers, and its scales or -1. */
    private record Narrow(Slot.Content from, @Nullable BlockFormat blocks, int numbers, int scales) {}

    Quantizer(Plan plan, Quantization as) {
        this.plan = plan;
        graph = plan.calls.graph();
        this.as = as;
        values = new ArrayList<>(graph.values);
    }

    Plan make() {
        for (int i = 0; i < graph.nodes.size(); i++) {
            CallGraph.Node node = graph.nodes.get(i);
            Fitted fitted = plan.calls.ops().get(i);
            CallGraph.Node made = fitted.growing().isEmpty() ? replaced(node) : node;
            nodes.add(made);
            ops.add(made.equals(node) ? fitted : new Fitted(made.op(), List.of()));
        }
        if (narrow.isEmpty()) {
            throw new IllegalArgumentException("quantize: the plan has no matrix of a linear layer and no table of an"
                    + " embedding in F32"
                    + (multipliesBytes()
                            ? ", and no convolution that this processor (which "
                                    + (Native.int8Native() == 0 ? "lacks" : "has") + " VNNI) would run in bytes"
                            : "")
                    + "; give one that has, and has not been quantized before");
        }
        BitSet fixed = (BitSet) plan.calls.fixed().clone();
        fixed.set(graph.values.size(), values.size());
        Calls calls = new Calls(
                plan.calls.specs(),
                CallGraph.of(
                        values, nodes, graph.inputs, graph.sizes, graph.carried(), graph.outputs, graph.outputNames),
                ops,
                fixed,
                plan.calls.batches(),
                plan.calls.lengths());
        Lowering lowering = calls.at(graph.sizes, null);
        Block block = PlanBuilder.block(
                bytes(lowering), addresses, b -> addresses.keySet().forEach(this::fill));
        return new Plan(calls, block, Map.copyOf(addresses), PlanBuilder.lines(lowering), plan.defaultBatch(), null);
    }

    private boolean multipliesBytes() {
        return as == Quantization.INT8;
    }

    // ---- calls

    /** The call with an op that reads its weight from fewer bytes, or the call itself if its weight stays. */
    private CallGraph.Node replaced(CallGraph.Node node) {
        if (node.op() instanceof LinearOp linear) {
            Form form = form(node, 1, as.products || as.blocks != null ? 1 : 0);
            return with(
                    node,
                    1,
                    form,
                    NarrowLinearOp.SCALE,
                    made -> made.blocks != null
                            ? new BlockLinearOp(made.blocks, as.products, form.n, form.k, linear.activation())
                            : switch (as) {
                                case BF16_PRODUCTS -> new Bf16LinearOp(form.n, form.k, linear.activation());
                                case INT8 -> new Int8LinearOp(form.n, form.k, linear.activation());
                                default -> new NarrowLinearOp(as.type, linear.activation());
                            });
        }
        if (node.op() instanceof EmbeddingOp) {
            Form form = form(node, 0, as.blocks != null ? 1 : 0);
            return with(
                    node,
                    0,
                    form,
                    NarrowEmbeddingOp.SCALE,
                    made -> made.blocks != null
                            ? new BlockEmbeddingOp(made.blocks, form.n, form.k)
                            : new NarrowEmbeddingOp(as.type));
        }
        if (multipliesBytes()
                && node.op() instanceof ConvOp conv
                && conv.groups() == 1
                && conv.window().rank() < 3
                && Native.int8Native() != 0) {
            Form form = form(node, 1, Math.toIntExact(Int8ConvOp.runs(conv.window())));
            int channels = graph.values.get(form.weight).shape().dim(-1);
            return with(node, 1, form, 1, made -> new Int8ConvOp(conv.window(), form.n, channels, conv.activation()));
        }
        return node;
    }

    private Form form(CallGraph.Node node, int i, int runs) {
        int v = node.in()[i];
        Shape shape = graph.values.get(v).shape();
        return new Form(v, shape.dim(0), (int) shape.size(1, shape.rank()), runs);
    }

    /**
     * The call with an op that reads what stands for this form of input {@code weight}, with scales unless they are
     * packed in it, or the call itself if nothing does.
     */
    private CallGraph.Node with(CallGraph.Node node, int weight, Form form, int scale, Function<Narrow, Op> reading) {
        Narrow made = narrow(form);
        if (made == null) {
            return node;
        }
        int[] in = node.in().clone();
        if (form.runs == 0) {
            in = Arrays.copyOf(in, scale + 1);
            Arrays.fill(in, node.in().length, in.length, -1);
            in[scale] = made.scales;
        }
        in[weight] = made.numbers;
        return new CallGraph.Node(reading.apply(made), node.path(), node.where(), in, node.out());
    }

    /** What stands for a weight, or null if that is not F32, or no weight at all. */
    private @Nullable Narrow narrow(Form form) {
        CallGraph.Value wide = graph.values.get(form.weight);
        if (wide.dtype() == DType.F32
                && !narrow.containsKey(form)
                && (form.runs == 0 || (!multipliesBytes() || form.k <= MOST_PRODUCTS) && form.n > 0 && form.k > 0)) {
            plan.weights().stream()
                    .filter(c -> c.value() == form.weight && fits(c, form))
                    .min(Comparator.comparing(c -> c.packing() == Kernel.WINOGRAD_PACK)) // which has rounded them
                    .ifPresent(from -> narrow.put(form, narrow(wide, from, form)));
        }
        return narrow.get(form);
    }

    /** Whether a weight can be read out of a content, whose sizes may be the claims of a file. */
    private static boolean fits(Slot.Content c, Form form) {
        if (c.packing() == Kernel.WINOGRAD_PACK) {
            return form.runs > 0 && c.n() == form.n && 9 * c.k() == 16L * form.k;
        }
        return c.packing() == null || c.packing() == Kernel.LINEAR_PACK && c.n() == form.n && c.k() == form.k;
    }

    private Narrow narrow(CallGraph.Value wide, Slot.Content from, Form form) {
        if (form.runs > 0) {
            BlockFormat blocks = as.blocks == BlockFormat.Q4_K && wasRounded(from, form) ? BlockFormat.Q8_0 : as.blocks;
            long bytes = blocks != null
                    ? blocks.bytes(form.n, form.k)
                    : multipliesBytes()
                            ? Native.int8Bytes(form.n, form.k, form.runs)
                            : Native.bf16Bytes(form.n, form.k);
            int numbers = add(Shape.of(Math.toIntExact(bytes / as.type.bytes())), as.type, wide.name());
            return new Narrow(from, blocks, numbers, -1);
        }
        int numbers = add(wide.shape(), as.type, wide.name());
        return new Narrow(
                from,
                null,
                numbers,
                as.type == DType.I8 ? add(Shape.of(wide.shape().dim(0)), DType.F32, wide.name() + " scales") : -1);
    }

    /**
     * Whether a weight was rounded before, but not to Q4_K, as some are in files of several types: four bits would
     * round it a second time. The beginning of three rows tells.
     */
    private boolean wasRounded(Slot.Content from, Form form) {
        int few = Math.min(form.k, BlockWriter.SHARING * BlockWriter.BLOCK);
        float[] row = new float[few];
        boolean known = true;
        for (int i : new int[] {0, form.n / 2, form.n - 1}) {
            Panels.Row wide = row(from, DType.F32, plan.address(from), form.n, form.k, i);
            for (int p = 0; p < few; p++) {
                row[p] = (float) wide.get(p);
            }
            if (!KnownBlocks.isRounded(row)) {
                return false;
            }
            known &= new KnownBlocks(row, 0, few).find() != null;
        }
        return !known;
    }

    private int add(Shape shape, DType dtype, String name) {
        values.add(new CallGraph.Value(CallGraph.Kind.WEIGHT, shape, dtype, name, null));
        return values.size() - 1;
    }

    // ---- weights

    /** The bytes of what the commands of the new plan read, at these sizes or at others. */
    private Map<Slot.Content, Long> bytes(Lowering now) {
        Set<Integer> read = new HashSet<>();
        nodes.forEach(node -> Arrays.stream(node.in()).forEach(read::add));
        Arrays.stream(graph.outputs).forEach(read::add);
        Map<Slot.Content, Long> bytes = new LinkedHashMap<>();
        for (Slot.Content c : plan.weights()) {
            if (read.contains(c.value())) {
                bytes.put(c, PlanFile.bytes(graph, c));
            }
        }
        for (Slot slot : now.slots) {
            if (slot.role == Slot.Role.WEIGHT && slot.used()) {
                bytes.put(slot.content, slot.bytes);
            }
        }
        return bytes;
    }

    private long address(Slot.Content content) {
        return Objects.requireNonNull(addresses.get(content));
    }

    private void fill(Slot.Content content) {
        if (content.value() < graph.values.size()) {
            Block.copy(plan.address(content), address(content), PlanFile.bytes(graph, content));
        }
        narrow.forEach((form, weight) -> {
            if (weight.numbers == content.value()) {
                if (weight.blocks != null) {
                    storeBlocks(weight.blocks, address(content), form, weight);
                } else if (form.runs == 0) {
                    store(content, form, weight);
                } else {
                    pack(address(content), form, weight);
                }
            }
        });
    }

    private void store(Slot.Content to, Form form, Narrow weight) {
        int n = form.n;
        int k = form.k;
        Panels.Row scales =
                weight.scales < 0 ? null : Panels.Row.plain(DType.F32, address(Slot.Content.of(weight.scales)), n, 0);
        for (int i = 0; i < n; i++) {
            Panels.Row wide = row(weight.from, DType.F32, plan.address(weight.from), n, k, i);
            Panels.Row made = row(to, as.type, address(to), n, k, i);
            if (scales == null) {
                made.take(wide, k);
            } else {
                float scale =
                        (float) largest(wide, k, values.get(weight.numbers).name()) / 127;
                for (int p = 0; p < k; p++) {
                    made.put(p, scale == 0 ? 0 : Math.rint(wide.get(p) / scale));
                }
                scales.put(i, scale);
            }
        }
    }

    /** Stores a weight in blocks, several strips at the same time. */
    private void storeBlocks(BlockFormat format, long to, Form form, Narrow weight) {
        int strips = (form.n + BlockWriter.STRIP - 1) / BlockWriter.STRIP;
        int bytes = Math.toIntExact(format.bytes(BlockWriter.STRIP, form.k));
        String name = values.get(weight.numbers).name();
        IntStream.range(0, strips).parallel().forEach(strip -> {
            BlockWriter writer = new BlockWriter(format, Block.at(to + (long) strip * bytes, bytes), form.k, name);
            for (int row = strip * BlockWriter.STRIP; row < Math.min(form.n, (strip + 1) * BlockWriter.STRIP); row++) {
                Panels.Row wide = row(weight.from, DType.F32, plan.address(weight.from), form.n, form.k, row);
                largest(wide, form.k, name);
                writer.write(row % BlockWriter.STRIP, wide);
            }
        });
    }

    /** Packs a weight for products of its type. */
    private void pack(long to, Form form, Narrow weight) {
        try (Block wide = new Block("weight", (long) Float.BYTES * form.n * form.k)) {
            for (int i = 0; i < form.n; i++) {
                Panels.Row row = Panels.Row.plain(DType.F32, wide.address(), form.k, i);
                if (weight.from.packing() == Kernel.WINOGRAD_PACK) {
                    unwind(weight.from, form, i, row);
                } else {
                    row.take(row(weight.from, DType.F32, plan.address(weight.from), form.n, form.k, i), form.k);
                }
                if (multipliesBytes()) {
                    largest(row, form.k, values.get(weight.numbers).name());
                }
            }
            Commands pack = new Commands();
            pack.begin(multipliesBytes() ? Kernel.INT8_PACK : Kernel.BF16_PACK)
                    .at(wide.address())
                    .at(to)
                    .put(form.n)
                    .put(form.k);
            if (multipliesBytes()) {
                pack.put(form.runs);
            }
            pack.run();
        }
    }

    /**
     * Restores a filter of 3 x 3 taps from Winograd's form, which holds along either dimension g_0, (g_0 + g_2 + g_1) /
     * 2, (g_0 + g_2 - g_1) / 2 and g_2: the tap in the middle, g_1, is the difference of the two in the middle.
     */
    private void unwind(Slot.Content from, Form form, int filter, Panels.Row to) {
        int channels = form.k / 9;
        Panels.Row row = Panels.here().row(DType.F32, plan.address(from), form.n, from.k(), filter);
        for (int c = 0; c < channels; c++) {
            for (int tap = 0; tap < 9; tap++) {
                double g = 0;
                for (int i = 0; i < 4; i++) {
                    for (int j = 0; j < 4; j++) {
                        int sign = UNWIND[tap / 3][i] * UNWIND[tap % 3][j];
                        g += sign == 0 ? 0 : sign * row.get((4 * i + j) * channels + c);
                    }
                }
                to.put(tap * channels + c, g);
            }
        }
    }

    private static Panels.Row row(Slot.Content of, DType type, long address, int n, int k, int row) {
        return of.packing() == null
                ? Panels.Row.plain(type, address, k, row)
                : Panels.here().row(type, address, n, k, row);
    }

    /** The largest magnitude of a row. */
    private static double largest(Panels.Row row, int k, String name) {
        double largest = 0;
        for (int p = 0; p < k; p++) {
            largest = Math.max(largest, Math.abs(row.get(p)));
        }
        if (!Double.isFinite(largest)) {
            throw new IllegalArgumentException("quantize: " + name + " holds a number that is not finite, for which"
                    + " there is no scale; train again, or use BF16");
        }
        return largest;
    }
}

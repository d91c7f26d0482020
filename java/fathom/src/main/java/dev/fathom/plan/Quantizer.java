package dev.fathom.plan;

import dev.fathom.kernel.Kernel;
import dev.fathom.offheap.Block;
import dev.fathom.op.DType;
import dev.fathom.op.Op;
import dev.fathom.op.Shape;
import dev.fathom.ops.EmbeddingOp;
import dev.fathom.ops.LinearOp;
import dev.fathom.ops.NarrowEmbeddingOp;
import dev.fathom.ops.NarrowLinearOp;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Makes a plan of another one, whose matrices and tables it stores in fewer bytes. Used once. */
final class Quantizer {
    private final Plan plan;
    private final CallGraph graph;
    private final DType type;
    private final List<CallGraph.Value> values;
    private final List<CallGraph.Node> nodes = new ArrayList<>();
    private final List<Fitted> ops = new ArrayList<>();
    /** For each F32 weight that is stored anew, what stands in its place. */
    private final Map<Integer, Narrow> narrow = new LinkedHashMap<>();

    private final Map<Slot.Content, Long> addresses = new LinkedHashMap<>();

    /** What stands for a weight: the content that it is made of, its numbers, and its scales or -1. */
    private record Narrow(Slot.Content from, int numbers, int scales) {}

    Quantizer(Plan plan, Quantization as) {
        this.plan = plan;
        graph = plan.calls.graph();
        type = as.type;
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
                    + " embedding in F32; give one that has, and has not been quantized before");
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

    // ---- calls

    /** The call with an op that reads its weight from fewer bytes, or the call itself if its weight stays. */
    private CallGraph.Node replaced(CallGraph.Node node) {
        if (node.op() instanceof LinearOp linear) {
            return with(node, new NarrowLinearOp(type, linear.activation()), 1, NarrowLinearOp.SCALE);
        }
        return node.op() instanceof EmbeddingOp
                ? with(node, new NarrowEmbeddingOp(type), 0, NarrowEmbeddingOp.SCALE)
                : node;
    }

    private CallGraph.Node with(CallGraph.Node node, Op op, int weight, int scale) {
        Narrow made = narrow(node.in()[weight]);
        if (made == null) {
            return node;
        }
        int[] in = Arrays.copyOf(node.in(), scale + 1);
        Arrays.fill(in, node.in().length, in.length, -1);
        in[weight] = made.numbers;
        in[scale] = made.scales;
        return new CallGraph.Node(op, node.path(), node.where(), in, node.out());
    }

    /** What stands for value {@code v}, or null if that is no F32 weight. */
    private @Nullable Narrow narrow(int v) {
        CallGraph.Value wide = graph.values.get(v);
        if (wide.dtype() == DType.F32 && !narrow.containsKey(v)) {
            plan.weights().stream()
                    .filter(c -> c.value() == v && (c.packing() == null || c.packing() == Kernel.LINEAR_PACK))
                    .findFirst()
                    .ifPresent(from -> narrow.put(v, narrow(wide, from)));
        }
        return narrow.get(v);
    }

    private Narrow narrow(CallGraph.Value wide, Slot.Content from) {
        int numbers = add(wide.shape(), type, wide.name());
        return new Narrow(
                from,
                numbers,
                type == DType.I8 ? add(Shape.of(wide.shape().dim(0)), DType.F32, wide.name() + " scales") : -1);
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
        for (Narrow weight : narrow.values()) {
            if (weight.numbers == content.value()) {
                fill(content, weight);
            }
        }
    }

    private void fill(Slot.Content to, Narrow weight) {
        CallGraph.Value value = values.get(weight.numbers);
        int n = value.shape().dim(0);
        int k = value.shape().dim(1);
        Panels.Row scales =
                weight.scales < 0 ? null : Panels.Row.plain(DType.F32, address(Slot.Content.of(weight.scales)), n, 0);
        for (int i = 0; i < n; i++) {
            Panels.Row wide = row(weight.from, DType.F32, plan.address(weight.from), n, k, i);
            Panels.Row made = row(to, type, address(to), n, k, i);
            if (scales == null) {
                for (int p = 0; p < k; p++) {
                    made.put(p, wide.get(p));
                }
            } else {
                float scale = scale(wide, k, value.name());
                for (int p = 0; p < k; p++) {
                    made.put(p, scale == 0 ? 0 : Math.rint(wide.get(p) / scale));
                }
                scales.put(i, scale);
            }
        }
    }

    private static Panels.Row row(Slot.Content of, DType type, long address, int n, int k, int row) {
        return of.packing() == null
                ? Panels.Row.plain(type, address, k, row)
                : Panels.here().row(type, address, n, k, row);
    }

    private static float scale(Panels.Row row, int k, String name) {
        double largest = 0;
        for (int p = 0; p < k; p++) {
            largest = Math.max(largest, Math.abs(row.get(p)));
        }
        if (!Double.isFinite(largest)) {
            throw new IllegalArgumentException("quantize: " + name + " holds a number that is not finite, for which"
                    + " there is no scale; train again, or use BF16");
        }
        return (float) largest / 127;
    }
}

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
    /** For each F32 weight that is stored anew, the numbers of the values in its place. */
    private final Map<Integer, Narrow> narrow = new LinkedHashMap<>();

    private final Map<Slot.Content, Long> addresses = new LinkedHashMap<>();

    /** What stands for a weight: its numbers, and its scales or -1. */
    private record Narrow(int numbers, int scales) {}

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
            Op op = fitted.growing().isEmpty() ? replaced(node) : null;
            nodes.add(op == null ? node : with(node, op));
            ops.add(op == null ? fitted : new Fitted(op, List.of()));
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
        Block block = block(contents(calls.graph()), calls.graph());
        try {
            String lines = PlanBuilder.lines(calls.at(plan.typical(), null));
            return new Plan(calls, block, Map.copyOf(addresses), lines, plan.defaultBatch(), null);
        } catch (RuntimeException | Error e) {
            block.close();
            throw e;
        }
    }

    // ---- calls

    /** The op in place of the node's, or null if its weight stays. */
    private @Nullable Op replaced(CallGraph.Node node) {
        if (node.op() instanceof LinearOp linear && isStored(node.in()[1])) {
            return new NarrowLinearOp(type, linear.activation());
        }
        return node.op() instanceof EmbeddingOp && isStored(node.in()[0]) ? new NarrowEmbeddingOp(type) : null;
    }

    private boolean isStored(int v) {
        return graph.values.get(v).kind() == CallGraph.Kind.WEIGHT
                && graph.values.get(v).dtype() == DType.F32
                && plan.weights().stream().anyMatch(c -> c.value() == v);
    }

    private CallGraph.Node with(CallGraph.Node node, Op op) {
        boolean linear = op instanceof NarrowLinearOp;
        int scale = linear ? NarrowLinearOp.SCALE : NarrowEmbeddingOp.SCALE;
        int[] in = Arrays.copyOf(node.in(), scale + 1);
        Arrays.fill(in, node.in().length, in.length, -1);
        Narrow weight = narrow.computeIfAbsent(in[linear ? 1 : 0], this::narrow);
        in[linear ? 1 : 0] = weight.numbers;
        in[scale] = weight.scales;
        return new CallGraph.Node(op, node.path(), node.where(), in, node.out());
    }

    private Narrow narrow(int v) {
        CallGraph.Value wide = graph.values.get(v);
        int numbers = add(wide.shape(), type, wide.name());
        return new Narrow(
                numbers,
                type == DType.I8 ? add(Shape.of(wide.shape().dim(0)), DType.F32, wide.name() + " scales") : -1);
    }

    private int add(Shape shape, DType dtype, String name) {
        values.add(new CallGraph.Value(CallGraph.Kind.WEIGHT, shape, dtype, name, null));
        return values.size() - 1;
    }

    // ---- weights

    /** What the commands of the new plan read, and of which content of the old one it is made. */
    private Map<Slot.Content, Slot.Content> contents(CallGraph now) {
        Set<Integer> read = new HashSet<>();
        now.nodes.forEach(node -> Arrays.stream(node.in()).forEach(read::add));
        Arrays.stream(now.outputs).forEach(read::add);
        Map<Slot.Content, Slot.Content> all = new LinkedHashMap<>();
        for (Slot.Content c : plan.weights()) {
            if (read.contains(c.value())) {
                all.put(c, c);
            }
        }
        for (CallGraph.Node node : now.nodes) {
            boolean linear = node.op() instanceof NarrowLinearOp;
            if (linear || node.op() instanceof NarrowEmbeddingOp) {
                int v = node.in()[linear ? 1 : 0];
                Shape shape = now.values.get(v).shape();
                Slot.Content content = linear
                        ? new Slot.Content(v, Kernel.LINEAR_PACK, shape.dim(0), shape.dim(1))
                        : Slot.Content.of(v);
                all.putIfAbsent(content, source(v));
            }
        }
        return all;
    }

    /** A content of the weight in whose place value {@code v} is. */
    private Slot.Content source(int v) {
        int wide = narrow.entrySet().stream()
                .filter(e -> e.getValue().numbers == v)
                .findFirst()
                .orElseThrow()
                .getKey();
        return plan.weights().stream()
                .filter(c -> c.value() == wide && (c.packing() == null || c.packing() == Kernel.LINEAR_PACK))
                .findFirst()
                .orElseThrow();
    }

    private Block block(Map<Slot.Content, Slot.Content> contents, CallGraph now) {
        Map<Slot.Content, Long> bytes = new LinkedHashMap<>();
        contents.keySet().forEach(c -> bytes.put(c, PlanFile.bytes(now, c)));
        for (Narrow n : narrow.values()) {
            if (n.scales >= 0) {
                bytes.put(Slot.Content.of(n.scales), values.get(n.scales).bytes());
            }
        }
        Block block = new Block(
                "plan", bytes.values().stream().mapToLong(Slot::rounded).sum(), true);
        try {
            long offset = 0;
            for (Map.Entry<Slot.Content, Long> piece : bytes.entrySet()) {
                addresses.put(piece.getKey(), block.piece(offset, piece.getValue()));
                offset += Slot.rounded(piece.getValue());
            }
            contents.forEach(this::fill);
            return block;
        } catch (RuntimeException | Error e) {
            block.close();
            throw e;
        }
    }

    private long address(Slot.Content content) {
        return Objects.requireNonNull(addresses.get(content));
    }

    private void fill(Slot.Content to, Slot.Content from) {
        if (to.equals(from)) {
            Block.copy(plan.address(from), address(to), PlanFile.bytes(graph, from));
            return;
        }
        CallGraph.Value value = values.get(to.value());
        int scales = Objects.requireNonNull(narrow.get(from.value())).scales;
        int n = value.shape().dim(0);
        int k = value.shape().dim(1);
        for (int i = 0; i < n; i++) {
            Panels.Row wide = row(from, DType.F32, plan.address(from), n, k, i);
            Panels.Row made = row(to, type, address(to), n, k, i);
            if (scales < 0) {
                for (int p = 0; p < k; p++) {
                    made.put(p, wide.get(p));
                }
            } else {
                float scale = scale(wide, k, value.name());
                for (int p = 0; p < k; p++) {
                    made.put(p, scale == 0 ? 0 : Math.rint(wide.get(p) / scale));
                }
                Panels.Row.plain(DType.F32, address(Slot.Content.of(scales)), n, 0)
                        .put(i, scale);
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

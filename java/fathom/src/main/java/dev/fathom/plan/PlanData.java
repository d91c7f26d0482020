package dev.fathom.plan;

import dev.fathom.op.DType;
import dev.fathom.op.Op;
import dev.fathom.op.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What a plan is beside its weights, as a file has it.
 *
 * @param carried pairs of numbers of values: of an input, and of the output which it becomes
 * @param fixed numbers of values whose shape is the same at all sizes but for the first dimension
 * @param weights that the commands read, and where they lie
 * @param batch the batch size of sessions that are not told otherwise
 * @param commands their kernels and callers, for people
 */
record PlanData(
        List<Input> specs,
        Range batches,
        Range lengths,
        Sizes sizes,
        List<Value> values,
        int[] inputs,
        List<Node> nodes,
        int[] outputs,
        List<String> outputNames,
        int[] carried,
        int[] fixed,
        List<Weight> weights,
        int batch,
        String commands) {
    record Input(String name, DType dtype, int[] dims, Spec.Begins begins) {}

    record Value(CallGraph.Kind kind, Shape shape, DType dtype, String name) {}

    record Node(String path, String where, int[] in, int[] out, Op op, List<Fitted.Growing> growing) {}

    /** A weight, and where it begins among those of the file. */
    record Weight(Slot.Content content, long offset) {}

    static PlanData of(Calls calls, List<Weight> weights, int batch, String commands) {
        CallGraph g = calls.graph();
        List<Node> nodes = new ArrayList<>();
        for (int i = 0; i < g.nodes.size(); i++) {
            CallGraph.Node n = g.nodes.get(i);
            Fitted op = calls.ops().get(i);
            nodes.add(new Node(n.path(), n.where(), n.in(), n.out(), op.op(), op.growing()));
        }
        return new PlanData(
                calls.specs().stream()
                        .map(s -> new Input(s.name(), s.dtype(), s.dims(), s.begins()))
                        .toList(),
                calls.batches(),
                calls.lengths(),
                g.sizes,
                g.values.stream()
                        .map(v -> new Value(v.kind(), v.shape(), v.dtype(), v.name()))
                        .toList(),
                g.inputs,
                nodes,
                g.outputs,
                g.outputNames,
                g.carried().entrySet().stream()
                        .sorted(Map.Entry.comparingByKey())
                        .flatMapToInt(e -> Arrays.stream(new int[] {e.getKey(), e.getValue()}))
                        .toArray(),
                calls.fixed().stream().toArray(),
                weights,
                batch,
                commands);
    }

    /**
     * Makes the calls of the plan. Everything here is a claim of a file until it was compared.
     *
     * @throws RuntimeException if they contradict themselves
     */
    Calls calls() {
        List<Spec> in = new ArrayList<>();
        for (Input s : specs) {
            in.add(Spec.of(s.name, s.dtype, s.dims).begins(s.begins));
        }
        List<CallGraph.Value> all = new ArrayList<>();
        for (Value v : values) {
            all.add(new CallGraph.Value(v.kind, v.shape, v.dtype, v.name, null));
        }
        List<Fitted> ops = new ArrayList<>();
        List<CallGraph.Node> made = new ArrayList<>();
        for (Node n : nodes) {
            ops.add(new Fitted(n.op, n.growing));
            made.add(new CallGraph.Node(n.op, n.path, n.where, n.in, n.out));
        }
        Map<Integer, Integer> becomes = new HashMap<>();
        for (int i = 0; i < carried.length; i += 2) {
            becomes.put(carried[i], carried[i + 1]);
        }
        BitSet rows = new BitSet();
        for (int v : fixed) {
            rows.set(v);
        }
        check(all, made);
        Calls calls = new Calls(
                in, CallGraph.of(all, made, inputs, sizes, becomes, outputs, outputNames), ops, rows, batches, lengths);
        calls.at(sizes, null); // an op that does not fit refuses here, and not in a session
        return calls;
    }

    /** Whether every call reads what is there, and makes what no other makes. */
    private void check(List<CallGraph.Value> all, List<CallGraph.Node> made) {
        boolean good = inputs.length == specs.size() && outputs.length == outputNames.size() && outputs.length > 0;
        for (Range r : List.of(batches, lengths)) {
            good &= r.step() > 0 && r.min() >= 0 && r.min() <= r.max();
        }
        boolean[] there = new boolean[all.size()];
        for (int i = 0; good && i < inputs.length; i++) {
            CallGraph.Value v = all.get(inputs[i]);
            good = !there[inputs[i]]
                    && v.kind() == CallGraph.Kind.INPUT
                    && v.name().equals(specs.get(i).name);
            there[inputs[i]] = true;
        }
        for (int v = 0; v < there.length; v++) {
            good &= there[v] || all.get(v).kind() != CallGraph.Kind.INPUT; // nobody would set it
            there[v] = all.get(v).kind() != CallGraph.Kind.RESULT;
        }
        for (CallGraph.Node n : made) {
            for (int i = 0; i < n.in().length; i++) {
                int v = n.in()[i];
                DType takes = n.op().takes(i);
                good &= v < 0
                        ? n.op().optional(i)
                        : there[v] && (takes == null || takes == all.get(v).dtype());
            }
            good &= n.out().length == n.op().outputs();
            for (int o = 0; o < n.out().length; o++) {
                int v = n.out()[o];
                good &= v < 0 ? n.op().onlyForBackward(o) : !there[v];
                if (v >= 0) {
                    there[v] = true;
                }
            }
        }
        for (int v : outputs) {
            good &= there[v];
        }
        for (int i = 0; i < carried.length; i += 2) {
            int input = carried[i];
            int output = carried[i + 1];
            good &= Arrays.stream(inputs).anyMatch(v -> v == input)
                    && Arrays.stream(outputs).anyMatch(v -> v == output)
                    && all.get(input).shape().equals(all.get(output).shape())
                    && all.get(input).dtype() == all.get(output).dtype();
        }
        for (Weight w : weights) {
            Slot.Content c = w.content;
            good &= all.get(c.value()).kind() == CallGraph.Kind.WEIGHT
                    && (c.packing() == null || Math.min(c.n(), c.k()) > 0 && Math.max(c.n(), c.k()) < 1 << 30);
        }
        if (!good) {
            throw new IllegalStateException("a call reads what none makes");
        }
    }
}

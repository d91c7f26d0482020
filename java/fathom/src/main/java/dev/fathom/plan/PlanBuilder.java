package dev.fathom.plan;

import dev.fathom.autograd.Values;
import dev.fathom.kernel.Commands;
import dev.fathom.kernel.Kernel;
import dev.fathom.memory.Block;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Makes a plan of traces: every number a function of the free dimensions, every slot somebody's memory, the weights packed. Used once. */
final class PlanBuilder {
    private final Traces traces;
    private final Graph graph;
    private final Lowering lowering;
    private final List<Slot> slots = new ArrayList<>();
    private final List<Plan.Template> templates = new ArrayList<>();
    /** Where each output is read. */
    private final List<Slot> shown = new ArrayList<>();

    PlanBuilder(Traces traces) {
        this.traces = traces;
        graph = traces.graph();
        lowering = traces.lowering();
    }

    /** The plan for inputs of these names, whose sessions have this batch size unless told otherwise. */
    Plan build(List<Spec> specs, int defaultBatch) {
        for (int s = 0; s < lowering.slots.size(); s++) {
            slots.add(new Slot(traces.bytes(s), role(lowering.slots.get(s).value())));
        }
        for (int c = 0; c < lowering.commands.size(); c++) {
            templates.add(template(c));
        }
        List<ShapeRules.Operand> inputs = inputs(specs);
        List<ShapeRules.Operand> outputs = outputs();
        List<Plan.Limit> limits = limits();
        carry();
        touch();
        return new Plan(
                templates,
                slots,
                specs,
                inputs,
                outputs,
                shown.stream()
                        .mapToInt(s -> s.role == Slot.Role.INPUT ? s.port : -1)
                        .toArray(),
                limits,
                rules(),
                weights(),
                traces.sizes().get(0),
                defaultBatch);
    }

    /** Tells every slot which commands use it. */
    private void touch() {
        for (int c = 0; c < templates.size(); c++) {
            for (Plan.Term term : templates.get(c).terms()) {
                if (term.slot() != null) {
                    term.slot().touchedBy(c);
                }
            }
        }
    }

    private Slot.Role role(int value) {
        Graph.Kind kind =
                value < 0 ? Graph.Kind.RESULT : graph.values.get(value).kind();
        return switch (kind) {
            case INPUT -> Slot.Role.INPUT;
            case WEIGHT -> Slot.Role.WEIGHT;
            case RESULT -> Slot.Role.WORK;
        };
    }

    private Plan.Template template(int c) {
        Lowering.Command command = lowering.commands.get(c);
        List<Plan.Term> terms = new ArrayList<>();
        for (int w = 0; w < command.words().size(); w++) {
            int slot = command.words().get(w).slot();
            terms.add(new Plan.Term(slot < 0 ? null : slots.get(slot), traces.word(c, w)));
        }
        return new Plan.Template(command.kernel(), lowering.where(command), terms);
    }

    private List<ShapeRules.Operand> inputs(List<Spec> specs) {
        List<ShapeRules.Operand> inputs = new ArrayList<>();
        for (int i = 0; i < specs.size(); i++) {
            inputs.add(port(specs.get(i).name(), graph.inputs[i]));
            slotOf(graph.inputs[i]).port = i;
        }
        return inputs;
    }

    /** A result that fills its slot is computed where the caller reads it; everything else is copied there. */
    private List<ShapeRules.Operand> outputs() {
        List<ShapeRules.Operand> outputs = new ArrayList<>();
        for (int o = 0; o < graph.outputs.length; o++) {
            int value = graph.outputs[o];
            outputs.add(port(graph.outputNames.get(o), value));
            Slot slot = slotOf(value);
            Bilinear offset = traces.offset(value);
            Bilinear size = traces.size(value);
            if (slot.role == Slot.Role.INPUT && graph.becomes(graph.inputs[slot.port]) == value) {
                shown.add(slot); // computed in place
                continue;
            }
            boolean whole = slot.role == Slot.Role.WORK && offset.equals(Bilinear.ZERO) && size.equals(slot.bytes);
            Slot own = whole ? slot : copy(slot, offset, size, graph.outputNames.get(o));
            own.role = Slot.Role.OUTPUT;
            own.port = o;
            shown.add(own);
        }
        return outputs;
    }

    /** Carried inputs become the outputs of their names, after everything else, so that a failure on the way leaves them as they were. */
    private void carry() {
        for (int o = 0; o < graph.outputs.length; o++) {
            for (int input : graph.inputs) {
                if (graph.becomes(input) == graph.outputs[o] && shown.get(o) != slotOf(input)) {
                    templates.add(copying(
                            shown.get(o), Bilinear.ZERO, slotOf(input), traces.size(input), graph.outputNames.get(o)));
                }
            }
        }
    }

    /** A copy of an input, a weight, part of a slot or a second name for one, made by the last commands. */
    private Slot copy(Slot from, Bilinear offset, Bilinear size, String where) {
        Slot copy = new Slot(size, Slot.Role.WORK);
        slots.add(copy);
        templates.add(copying(from, offset, copy, size, where));
        return copy;
    }

    private static Plan.Template copying(Slot from, Bilinear offset, Slot to, Bilinear size, String where) {
        return new Plan.Template(
                Kernel.COPY,
                where,
                List.of(new Plan.Term(from, offset), new Plan.Term(to, Bilinear.ZERO), new Plan.Term(null, size)));
    }

    private ShapeRules.Operand port(String name, int value) {
        return new ShapeRules.Operand(name, graph.values.get(value).dtype(), traces.dims(value));
    }

    private Slot slotOf(int value) {
        return slots.get(lowering.places[value].slot());
    }

    /** Slices may have no rows left, or rows that are not there, at sizes that were not traced. */
    private List<Plan.Limit> limits() {
        List<Plan.Limit> limits = new ArrayList<>();
        for (Graph.Node node : graph.nodes) {
            for (int value : node.out()) {
                if (value >= 0) {
                    Bilinear offset = traces.offset(value);
                    Bilinear size = traces.size(value);
                    Bilinear behind = slotOf(value).bytes.minus(offset).minus(size);
                    for (Bilinear room : List.of(offset, size, behind)) {
                        if (room.mayBeNegative()) {
                            limits.add(new Plan.Limit(node.where(), room));
                        }
                    }
                }
            }
        }
        return limits;
    }

    /** The shape rules of calls whose shapes are those of a session; an op that differs between traces knows only their sizes. */
    private List<ShapeRules.Rule> rules() {
        List<ShapeRules.Rule> rules = new ArrayList<>();
        for (int n = 0; n < graph.nodes.size(); n++) {
            Graph.Node node = graph.nodes.get(n);
            int at = n;
            if (traces.graphs().stream().allMatch(g -> g.nodes.get(at).op().equals(node.op()))) {
                List<ShapeRules.@Nullable Operand> operands = new ArrayList<>();
                for (int v : node.in()) {
                    operands.add(v < 0 ? null : operand(v));
                }
                List<Integer> numbers = IntStream.range(0, node.out().length)
                        .filter(o -> node.out()[o] >= 0)
                        .boxed()
                        .toList();
                List<ShapeRules.Operand> results =
                        numbers.stream().map(o -> operand(node.out()[o])).toList();
                if (Stream.concat(operands.stream().filter(Objects::nonNull), results.stream())
                        .flatMap(v -> Arrays.stream(v.dims()))
                        .anyMatch(d -> !d.isConstant())) {
                    rules.add(new ShapeRules.Rule(node.op(), node.where(), operands, numbers, results));
                }
            }
        }
        return rules;
    }

    private ShapeRules.Operand operand(int value) {
        Graph.Value v = graph.values.get(value);
        return new ShapeRules.Operand(v.name(), v.dtype(), traces.dims(value));
    }

    /** A block with the weights that commands read, packed where they want it so. */
    private Block weights() {
        long bytes = 0;
        for (Slot slot : slots) {
            if (slot.role == Slot.Role.WEIGHT && slot.used()) {
                slot.offset = bytes;
                bytes += slot.bytes.constant() + 63 & -64L;
            }
        }
        Block weights = new Block("plan", bytes, true);
        try {
            Commands commands = new Commands();
            Map<Folding.Fold, List<Integer>> folds = new LinkedHashMap<>();
            for (int s = 0; s < lowering.slots.size(); s++) {
                if (slots.get(s).role == Slot.Role.WEIGHT && slots.get(s).used()) {
                    int value = lowering.slots.get(s).value();
                    Folding.Weight folded = graph.folded(value);
                    if (folded == null) {
                        fill(weights, s, graph.weight(value), commands);
                    } else {
                        folds.computeIfAbsent(folded.fold(), f -> new ArrayList<>())
                                .add(s);
                    }
                }
            }
            folds.forEach((fold, folded) -> {
                try (Pass pass = Pass.infer()) {
                    Tensor[] made = fold.weights(graph);
                    for (int s : folded) {
                        int value = lowering.slots.get(s).value();
                        fill(
                                weights,
                                s,
                                made[Objects.requireNonNull(graph.folded(value)).number()],
                                commands);
                    }
                }
            });
            return weights;
        } catch (RuntimeException | Error e) {
            weights.close();
            throw e;
        }
    }

    /** Copies a weight into the plan's block, packed where the commands want it so. */
    private void fill(Block weights, int s, Tensor source, Commands commands) {
        Lowering.Slot slot = lowering.slots.get(s);
        long to = weights.address() + slots.get(s).offset;
        long from = Values.address(source);
        Block held = Values.lease(source); // another thread may close the model
        try {
            if (slot.packing() != null) {
                commands.begin(slot.packing()).at(from).at(to).put(slot.n()).put(slot.k());
            } else {
                commands.begin(Kernel.COPY).at(from).at(to).put(slot.bytes());
            }
            commands.run();
        } finally {
            if (held != null) {
                held.release();
            }
        }
    }
}

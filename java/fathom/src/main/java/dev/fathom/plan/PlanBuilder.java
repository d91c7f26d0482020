package dev.fathom.plan;

import dev.fathom.autograd.Values;
import dev.fathom.command.Commands;
import dev.fathom.kernel.Kernel;
import dev.fathom.offheap.Block;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;

/**
 * Makes a plan of traces: the calls at any size, and a block with the weights that their commands read, packed where
 * they want it so. Used once.
 */
final class PlanBuilder {
    private final Traces traces;
    private final CallGraph graph;
    private final Map<Slot.Content, Slot> weights = new LinkedHashMap<>();
    private final Map<Slot.Content, Long> addresses = new HashMap<>();

    PlanBuilder(Traces traces) {
        this.traces = traces;
        graph = traces.graphs.get(0);
    }

    /** The plan, whose sessions have this batch size unless told otherwise; 0 leaves it open. */
    Plan build(int batch) {
        Calls calls = traces.calls();
        StringBuilder lines = new StringBuilder();
        for (CallGraph trace : traces.graphs) {
            Lowering lowering = calls.like(trace);
            for (Slot slot : lowering.slots) {
                if (slot.role == Slot.Role.WEIGHT && slot.used()) {
                    weights.putIfAbsent(slot.content, slot);
                }
            }
            if (lines.isEmpty()) {
                lowering.commands.forEach(c -> lines.append(c.kernel().name().toLowerCase(Locale.ROOT))
                        .append("  ")
                        .append(c.where())
                        .append('\n'));
            }
        }
        return new Plan(calls, block(), Map.copyOf(addresses), lines.toString(), batch);
    }

    private Block block() {
        Block block = new Block(
                "plan",
                weights.values().stream().mapToLong(PlanBuilder::rounded).sum(),
                true);
        try {
            long offset = 0;
            Commands commands = new Commands();
            Map<Folding.Fold, List<Slot>> folds = new LinkedHashMap<>();
            for (Slot slot : weights.values()) {
                addresses.put(slot.content, block.piece(offset, slot.bytes));
                offset += rounded(slot);
                Folding.Weight folded = graph.folded(slot.content.value());
                if (folded == null) {
                    fill(slot, graph.weight(slot.content.value()), commands);
                } else {
                    folds.computeIfAbsent(folded.fold(), f -> new ArrayList<>()).add(slot);
                }
            }
            folds.forEach((fold, folded) -> {
                try (Pass pass = Pass.infer()) {
                    Tensor[] made = fold.weights(graph);
                    for (Slot slot : folded) {
                        int number = Objects.requireNonNull(graph.folded(slot.content.value()))
                                .number();
                        fill(slot, made[number], commands);
                    }
                }
            });
            return block;
        } catch (RuntimeException | Error e) {
            block.close();
            throw e;
        }
    }

    private static long rounded(Slot slot) {
        return slot.bytes + 63 & -64L;
    }

    /** Copies a weight into the plan's block, packed where the commands want it so. */
    private void fill(Slot slot, Tensor source, Commands commands) {
        Slot.Content content = slot.content;
        long to = Objects.requireNonNull(addresses.get(content));
        long from = Values.address(source);
        Block held = Values.lease(source); // another thread may close the model
        try {
            if (content.packing() != null) {
                commands.begin(content.packing())
                        .at(from)
                        .at(to)
                        .put(content.n())
                        .put(content.k());
            } else {
                commands.begin(Kernel.COPY).at(from).at(to).put(slot.bytes);
            }
            commands.run();
        } finally {
            if (held != null) {
                held.release();
            }
        }
    }
}

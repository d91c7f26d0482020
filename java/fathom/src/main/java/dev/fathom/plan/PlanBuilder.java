package dev.fathom.plan;

import dev.fathom.autograd.Values;
import dev.fathom.command.Commands;
import dev.fathom.kernel.Kernel;
import dev.fathom.offheap.Block;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Makes a plan of traces: the calls at any size, and a block with the weights that their commands read, packed where
 * they want it so. Used once.
 */
final class PlanBuilder {
    private final Traces traces;
    private final CallGraph graph;
    private final @Nullable Block given;
    private final Map<Slot.Content, Slot> weights = new LinkedHashMap<>();
    private final Map<Slot.Content, Long> addresses = new HashMap<>();

    /**
     * @param given the values of a model that is given away, which may be written over and of which the plan keeps a
     *     lease, or null
     */
    PlanBuilder(Traces traces, @Nullable Block given) {
        this.traces = traces;
        this.given = given;
        graph = traces.graphs.get(0);
    }

    /** The plan, whose sessions have this batch size unless told otherwise; 0 leaves it open. */
    Plan build(int batch) {
        Calls calls = traces.calls();
        String lines = "";
        for (CallGraph trace : traces.graphs) {
            Lowering lowering = calls.like(trace);
            for (Slot slot : lowering.slots) {
                if (slot.role == Slot.Role.WEIGHT && slot.used()) {
                    weights.putIfAbsent(slot.content, slot);
                }
            }
            if (lines.isEmpty()) {
                lines = lines(lowering);
            }
        }
        return new Plan(calls, block(), Map.copyOf(addresses), lines, batch, null);
    }

    /** The kernels of commands and their callers, for people. */
    static String lines(Lowering lowering) {
        StringBuilder lines = new StringBuilder();
        lowering.commands.forEach(c -> lines.append(c.kernel().name().toLowerCase(Locale.ROOT))
                .append("  ")
                .append(c.where())
                .append('\n'));
        return lines.toString();
    }

    private Block block() {
        Map<Slot.Content, Long> staying = staying();
        Map<Slot.Content, Long> bytes = new LinkedHashMap<>();
        weights.forEach((content, slot) -> bytes.put(content, slot.bytes));
        bytes.keySet().removeAll(staying.keySet());
        addresses.putAll(staying);
        return block(bytes, addresses, block -> {
            fill();
            if (given != null) {
                block.keep(given);
            }
        });
    }

    /** A block with a piece of so many bytes for each weight, which is filled once {@code addresses} has them. */
    static Block block(Map<Slot.Content, Long> bytes, Map<Slot.Content, Long> addresses, Consumer<Block> fill) {
        long size = bytes.values().stream().mapToLong(Slot::rounded).sum();
        Block block = new Block("plan", size, true);
        try {
            long offset = 0;
            for (Map.Entry<Slot.Content, Long> piece : bytes.entrySet()) {
                addresses.put(piece.getKey(), block.piece(offset, piece.getValue()));
                offset += Slot.rounded(piece.getValue());
            }
            fill.accept(block);
            return block;
        } catch (RuntimeException | Error e) {
            block.close();
            throw e;
        }
    }

    /**
     * Where weights stay in a model that is given away: those that are read as they are, and those that are folded or
     * packed and fit into the place of what they are made of, which nothing else reads.
     */
    private Map<Slot.Content, Long> staying() {
        Map<Slot.Content, Long> inside = new LinkedHashMap<>();
        for (Slot slot : weights.values()) {
            int value = madeOf(slot.content.value());
            if (given != null && value >= 0) {
                long from = Values.address(graph.weight(value));
                if (from >= given.address() && from < given.address() + given.bytes()) {
                    inside.put(slot.content, from);
                }
            }
        }
        Map<Slot.Content, Long> staying = new LinkedHashMap<>(inside);
        staying.keySet().removeIf(c -> !isPlain(c) && !fits(c, inside));
        return staying;
    }

    private boolean isPlain(Slot.Content content) {
        return content.packing() == null && graph.folded(content.value()) == null;
    }

    /** The weight itself, or the one of the same size that it is folded of at last; -1 if there is none. */
    private int madeOf(int value) {
        Folding.Weight folded = graph.folded(value);
        if (folded == null) {
            return value;
        }
        return folded.number() == 0 ? madeOf(folded.fold().before().in()[1]) : -1;
    }

    private boolean fits(Slot.Content content, Map<Slot.Content, Long> inside) {
        long from = Objects.requireNonNull(inside.get(content));
        long end = from + room(content);
        return Objects.requireNonNull(weights.get(content)).bytes <= end - from
                && inside.entrySet().stream()
                        .allMatch(other -> other.getKey().equals(content)
                                || other.getValue() >= end
                                || other.getValue() + room(other.getKey()) <= from);
    }

    /** The bytes between a parameter and the next one. */
    private long room(Slot.Content content) {
        return Slot.rounded(graph.values.get(content.value()).bytes());
    }

    private void fill() {
        Commands commands = new Commands();
        // in any order, because fits lets no weight be written over while another is still to be made of it
        Map<Folding.Fold, List<Slot>> folds = new IdentityHashMap<>();
        List<Slot> plain = new ArrayList<>();
        for (Slot slot : weights.values()) {
            Folding.Weight folded = graph.folded(slot.content.value());
            (folded == null ? plain : folds.computeIfAbsent(folded.fold(), f -> new ArrayList<>())).add(slot);
        }
        folds.forEach((fold, folded) -> { // before what they read is written over
            try (Pass pass = Pass.infer()) {
                Tensor[] made = fold.weights(graph);
                for (Slot slot : folded) {
                    int number = Objects.requireNonNull(graph.folded(slot.content.value()))
                            .number();
                    fill(slot, made[number], null, commands);
                }
            }
        });
        long largest = plain.stream()
                .filter(slot -> slot.content.packing() != null)
                .mapToLong(slot -> room(slot.content))
                .max()
                .orElse(0);
        try (Block scratch = given == null ? null : new Block("weight", largest)) {
            plain.forEach(slot -> fill(slot, graph.weight(slot.content.value()), scratch, commands));
        }
    }

    /** Puts a weight where it belongs, packed where the commands want it so. */
    private void fill(Slot slot, Tensor source, @Nullable Block scratch, Commands commands) {
        Slot.Content content = slot.content;
        long to = Objects.requireNonNull(addresses.get(content));
        long from = Values.address(source);
        Block held = Values.lease(source); // another thread may close the model
        try {
            if (from == to && content.packing() == null) {
                return;
            }
            if (from == to && scratch != null) { // packed where it lies, from a copy
                from = scratch.address();
                commands.begin(Kernel.COPY)
                        .at(to)
                        .at(from)
                        .put(graph.values.get(content.value()).bytes())
                        .run();
            }
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

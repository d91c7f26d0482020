package dev.fathom.plan;

import dev.fathom.command.Commands;
import dev.fathom.kernel.Blas;
import dev.fathom.kernel.Kernel;
import dev.fathom.kernel.KernelException;
import dev.fathom.kernel.NativeRuntime;
import dev.fathom.op.Call;
import dev.fathom.op.DType;
import dev.fathom.op.Op;
import dev.fathom.op.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The commands of a graph at its sizes. The forward of every node runs without data: what the op writes becomes words,
 * each an integer, a float or a place (a slot and an offset in bytes). Slots are values or scratch; views share the
 * slot of what they look at.
 */
@SuppressWarnings("NullAway.Init") // lower sets the node and begin the kernel
final class Lowering extends Call {
    private static final long GAP = 64;

    /** One argument; the slot of what is no address, or the address 0, is -1. */
    record Word(Kernel.Kind kind, long value, int slot) {}

    /**
     * One command; for messages, which call wrote it, its number or -1, and its op or null for a copy; and whether it
     * takes less time beside another one like it.
     */
    record Command(
            Kernel kernel, String where, int call, @Nullable Op op, List<Word> words, boolean besideAnother) {
        String refusal(KernelException e) {
            return op == null ? e.toString() : op.refusal(e);
        }
    }

    /** Where a value lies. */
    private record Place(int slot, long offset) {}

    private final CallGraph graph;
    private final BitSet fixed;
    private final @Nullable Commands asking;
    final List<Command> commands = new ArrayList<>();
    final List<Slot> slots = new ArrayList<>();
    /** Commands that run at the same time as the next one. */
    final BitSet besideNext = new BitSet();
    /** The number of the slot in which each output is read. */
    final int[] shown;

    /**
     * The address behind the last slot. Slots lie in a row, with gaps, at addresses that stand for those of a session.
     */
    private long end = GAP;

    private final Place[] places;
    /** Of values that are part of another one, how many elements apart their rows begin; 0 of all others. */
    private final long[] rows;

    private final Map<Slot.Content, Integer> packed = new HashMap<>();
    private CallGraph.Node node;
    /** Its number. */
    private int call = -1;

    private @Nullable RuntimeException refusal;
    private Kernel kernel;
    private List<Word> words = new ArrayList<>();

    private Lowering(CallGraph graph, BitSet fixed, @Nullable Commands asking) {
        this.graph = graph;
        this.fixed = fixed;
        this.asking = asking;
        places = new Place[graph.values.size()];
        rows = new long[graph.values.size()];
        shown = new int[graph.outputs.length];
    }

    /**
     * Lowers a graph. The shapes of its results are found on the way, by the ops.
     *
     * @param fixed the values whose shape is the same at all sizes of a plan but for the first dimension
     * @param asking asks kernels how much scratch they need; null where nothing will run
     * @throws IllegalArgumentException if an op refuses what it is given, in the sentence of an eager run
     */
    static Lowering of(CallGraph graph, BitSet fixed, @Nullable Commands asking) {
        Lowering l = new Lowering(graph, fixed, asking);
        for (int v = 0; v < graph.values.size(); v++) {
            CallGraph.Kind kind = graph.values.get(v).kind();
            if (kind != CallGraph.Kind.RESULT) {
                l.places[v] =
                        new Place(l.slot(v, kind == CallGraph.Kind.INPUT ? Slot.Role.INPUT : Slot.Role.WEIGHT), 0);
            }
        }
        for (int i = 0; i < graph.inputs.length; i++) {
            l.slotOf(graph.inputs[i]).port = i;
        }
        l.each(l::infer);
        l.join();
        l.each(l::lower);
        l.show();
        l.carry();
        l.pair();
        for (int c = 0; c < l.commands.size(); c++) {
            int from = c > 0 && l.besideNext.get(c - 1) ? c - 1 : c;
            int to = l.besideNext.get(c) ? c + 1 : c;
            for (Word word : l.commands.get(c).words) {
                if (word.slot >= 0) {
                    l.slots.get(word.slot).touchedBy(from, to);
                }
            }
        }
        return l;
    }

    /** Lets neighbors run at the same time, where both gain and the second reads nothing that the first writes. */
    private void pair() {
        for (int c = 0; c + 1 < commands.size(); c++) {
            Command first = commands.get(c);
            Command second = commands.get(c + 1);
            if (first.besideAnother && second.besideAnother) {
                BitSet written = new BitSet();
                for (int v : graph.nodes.get(first.call).out()) {
                    if (v >= 0) {
                        written.set(places[v].slot);
                    }
                }
                if (second.words.stream().noneMatch(word -> word.slot >= 0 && written.get(word.slot))) {
                    besideNext.set(c++);
                }
            }
        }
    }

    private int slot(int value, Slot.Role role) {
        return add(new Slot(Slot.Content.of(value), graph.values.get(value).bytes(), role));
    }

    private int add(Slot slot) {
        slot.begin = end;
        end = Math.addExact(end, slot.bytes + GAP);
        slots.add(slot);
        return slots.size() - 1;
    }

    private Slot slotOf(int value) {
        return slots.get(places[value].slot);
    }

    /** Finds the shapes of all results, or lowers all calls. */
    private void each(Runnable step) {
        for (call = 0; call < graph.nodes.size(); call++) {
            node = graph.nodes.get(call);
            try {
                step.run();
            } catch (IllegalArgumentException | ArithmeticException | IndexOutOfBoundsException e) {
                throw e == refusal ? e : fail(String.valueOf(e.getMessage()));
            }
        }
    }

    /** Finds the shapes of the results. */
    private void infer() {
        for (int o = 0; o < node.out().length; o++) {
            int value = node.out()[o];
            if (value >= 0 || o == 0) {
                Shape shape = node.op().shape(this, o);
                if (value >= 0) {
                    CallGraph.Value of = graph.values.get(value);
                    if (of.dtype() != node.op().dtype(this, o)) { // as a file of a plan may claim
                        throw fail("result " + o + " is " + of.dtype() + " but it makes "
                                + node.op().dtype(this, o));
                    }
                    graph.values.set(value, of.with(CallGraph.Kind.RESULT, shape, null));
                }
            }
        }
    }

    /**
     * Places values within the result of the call that joins them, where no other call reads them and the one that
     * makes them can write there.
     */
    private void join() {
        CallGraph.Links links = graph.links();
        for (int i = graph.nodes.size() - 1; i >= 0; i--) {
            CallGraph.Node joins = graph.nodes.get(i);
            node = joins;
            if (joins.out()[0] < 0 || !joins.op().joinsRows(this)) {
                continue;
            }
            int whole = joins.out()[0];
            long row = outRow();
            long offset = 0;
            for (int part : joins.in()) {
                CallGraph.Value value = graph.values.get(part);
                if (spreads(links.makerForOne(part), part)) {
                    place(whole);
                    places[part] = new Place(places[whole].slot, places[whole].offset + offset);
                    rows[part] = row;
                }
                offset += value.shape().dim(-1) * (long) value.dtype().bytes();
            }
        }
    }

    /**
     * Whether the call of this number makes only this value and can write its rows with other elements between them.
     */
    private boolean spreads(int maker, int value) {
        if (maker < 0) {
            return false;
        }
        node = graph.nodes.get(maker);
        for (int o = 1; o < node.out().length; o++) {
            if (node.out()[o] >= 0) {
                return false;
            }
        }
        return node.out()[0] == value && node.op().spreadsRows(this);
    }

    /** Gives a result memory of its own, if it has no place yet. */
    private void place(int value) {
        if (places[value] == null) {
            places[value] = new Place(slot(value, Slot.Role.WORK), 0);
        }
    }

    private void lower() {
        long view = node.op().view(this);
        if (view >= 0) {
            Place of = places[node.in()[0]];
            CallGraph.Value part = graph.values.get(node.out()[0]);
            if (view + part.bytes() > graph.values.get(node.in()[0]).bytes()) {
                throw fail("a view of " + part.shape() + " at byte " + view + " does not lie within x " + shape(0));
            }
            places[node.out()[0]] = new Place(of.slot, of.offset + view);
            return;
        }
        for (int o = 0; o < node.out().length; o++) {
            int value = node.out()[o];
            if (value >= 0 && graph.inPlace(node, o)) {
                places[value] = places[node.in()[node.op().inPlaceOf(o)]];
            } else if (value >= 0) {
                place(value);
            }
        }
        node.op().forward(this);
    }

    /** A result that fills its slot is computed where the caller reads it; everything else is copied there. */
    private void show() {
        for (int o = 0; o < shown.length; o++) {
            int value = graph.outputs[o];
            Place at = places[value];
            Slot slot = slots.get(at.slot);
            long bytes = graph.values.get(value).bytes();
            if (slot.role == Slot.Role.INPUT && graph.becomes(graph.inputs[slot.port]) == value) {
                shown[o] = at.slot; // computed in place
                continue;
            }
            if (slot.role == Slot.Role.WORK && at.offset == 0 && bytes == slot.bytes) {
                shown[o] = at.slot;
            } else { // an input, a weight, part of a slot or a second name for one
                shown[o] = slot(value, Slot.Role.WORK);
                copy(at, shown[o], bytes, graph.outputNames.get(o));
            }
            slots.get(shown[o]).role = Slot.Role.OUTPUT;
            slots.get(shown[o]).port = o;
        }
    }

    /**
     * Carried inputs become the outputs of their names, after everything else, so that a failure on the way leaves them
     * as they were.
     */
    private void carry() {
        for (int o = 0; o < shown.length; o++) {
            for (int input : graph.inputs) {
                if (graph.becomes(input) != graph.outputs[o]) {
                    continue;
                }
                long bytes = graph.values.get(input).bytes();
                if (graph.values.get(graph.outputs[o]).bytes() != bytes) { // as a file of a plan may claim
                    throw new IllegalArgumentException("the output " + graph.outputNames.get(o) + " has "
                            + graph.values.get(graph.outputs[o]).bytes() + " bytes, but the input which it becomes has "
                            + bytes);
                }
                if (shown[o] != places[input].slot) {
                    copy(new Place(shown[o], 0), places[input].slot, bytes, graph.outputNames.get(o));
                }
            }
        }
    }

    private void copy(Place from, int to, long bytes, String where) {
        commands.add(new Command(
                Kernel.COPY,
                where,
                -1,
                null,
                List.of(
                        new Word(Kernel.Kind.ADDRESS, from.offset, from.slot),
                        new Word(Kernel.Kind.ADDRESS, 0, to),
                        new Word(Kernel.Kind.INTEGER, bytes, -1)),
                false));
    }

    /** What the value of a slot is called. */
    String name(Slot slot) {
        return graph.values.get(slot.content.value()).name();
    }

    /** Call number {@code i}. */
    CallGraph.Node call(int i) {
        return graph.nodes.get(i);
    }

    /** The shapes of the inputs that a call is given. */
    List<Shape> given(int call) {
        return shapes(graph.nodes.get(call).in());
    }

    /** What a call makes of what, for people; nothing for a copy. */
    String shapes(int call) {
        return call < 0
                ? ""
                : Profiler.shapes(given(call), shapes(graph.nodes.get(call).out()));
    }

    private List<Shape> shapes(int... values) {
        return Arrays.stream(values)
                .filter(v -> v >= 0)
                .mapToObj(v -> graph.values.get(v).shape())
                .toList();
    }

    /** The calls with the shapes that they have here. */
    String dot() {
        return Profiler.dot(graph);
    }

    /** What the caller writes. */
    List<CallGraph.Value> in() {
        List<CallGraph.Value> in = new ArrayList<>();
        for (int v : graph.inputs) {
            in.add(graph.values.get(v));
        }
        return in;
    }

    /** What the caller reads, under the names that the outputs have. */
    List<CallGraph.Value> out() {
        List<CallGraph.Value> out = new ArrayList<>();
        for (int o = 0; o < shown.length; o++) {
            out.add(graph.values.get(graph.outputs[o]).named(graph.outputNames.get(o)));
        }
        return out;
    }

    @Override
    public int inputs() {
        return node.in().length;
    }

    @Override
    public boolean has(int i) {
        return node.has(i);
    }

    @Override
    public Shape shape(int i) {
        return graph.values.get(node.in()[i]).shape();
    }

    @Override
    public boolean fixed(int i) {
        return fixed.get(node.in()[i]);
    }

    @Override
    public DType dtype(int i) {
        return graph.values.get(node.in()[i]).dtype();
    }

    @Override
    public Shape outShape(int o) {
        return graph.values.get(node.out()[o]).shape();
    }

    @Override
    public String inName(int i) {
        return graph.values.get(node.in()[i]).name();
    }

    @Override
    public long in(int i) {
        return has(i) ? handle(places[node.in()[i]]) : 0;
    }

    @Override
    public long out(int o) {
        return o < node.out().length && node.out()[o] >= 0 ? handle(places[node.out()[o]]) : 0;
    }

    @Override
    public long outRow() {
        long row = rows[node.out()[0]];
        return row > 0 ? row : super.outRow();
    }

    private long handle(Place p) {
        return slots.get(p.slot).begin + p.offset;
    }

    @Override
    public long scratch(long bytes) {
        if (bytes == 0) {
            return 0;
        }
        return handle(new Place(add(new Slot(Slot.Content.of(-1), bytes, Slot.Role.WORK)), 0));
    }

    @Override
    public long packed(int i, Kernel packing, long n, long k) {
        int value = node.in()[i];
        DType dtype = graph.values.get(value).dtype();
        if (graph.values.get(value).kind() != CallGraph.Kind.WEIGHT
                || dtype == DType.F32 && NativeRuntime.get().blas() == Blas.OPENBLAS) {
            return 0;
        }
        Slot.Content content = new Slot.Content(value, packing, n, k);
        Integer slot = packed.get(content);
        if (slot == null) {
            slot = add(new Slot(content, Panels.bytes(dtype, n, k), Slot.Role.WEIGHT));
            packed.put(content, slot);
        }
        return handle(new Place(slot, 0));
    }

    @Override
    public Call begin(Kernel kernel) {
        this.kernel = kernel;
        words = new ArrayList<>();
        return this;
    }

    @Override
    public Call put(long word) {
        words.add(new Word(Kernel.Kind.INTEGER, word, -1));
        return this;
    }

    @Override
    public Call put(float value) {
        words.add(new Word(Kernel.Kind.FLOAT, Float.floatToRawIntBits(value) & 0xffffffffL, -1));
        return this;
    }

    @Override
    public Call at(long address) {
        int slot = slotAt(address);
        words.add(new Word(Kernel.Kind.ADDRESS, slot < 0 ? address : address - slots.get(slot).begin, slot));
        return this;
    }

    /** The slot that begins last at or before an address, or -1 if there is none. */
    private int slotAt(long address) {
        int from = 0;
        int to = slots.size();
        while (from < to) {
            int middle = (from + to) / 2;
            if (slots.get(middle).begin <= address) {
                from = middle + 1;
            } else {
                to = middle;
            }
        }
        return from - 1;
    }

    @Override
    public void run() {
        if (words.size() != kernel.written()) {
            throw fail(kernel + " takes " + kernel.written() + " argument words but " + words.size() + " were written");
        }
        for (int w = 0; w < words.size(); w++) {
            Word word = words.get(w);
            if (!kernel.takes(w, word.kind())) {
                throw fail(kernel.refusal(w, word.kind()));
            }
            int value = word.slot < 0 ? -1 : slots.get(word.slot).content.value();
            if (value >= 0) {
                checkType(kernel, w, graph.values.get(value).dtype());
            }
        }
        if (kernel.takesScratch()) {
            words.add(new Word(
                    Kernel.Kind.SCRATCH, 0, add(new Slot(Slot.Content.of(-1), scratchBytes(), Slot.Role.WORK))));
        }
        commands.add(new Command(
                kernel, node.where(), call, node.op(), words, node.op().runsBeside(this)));
    }

    /** Bytes of scratch that the command needs; addresses are not known yet, only which are 0. */
    private long scratchBytes() {
        if (asking == null) {
            return 0;
        }
        long[] all = new long[words.size()];
        for (int i = 0; i < all.length; i++) {
            all[i] = words.get(i).value + (words.get(i).slot < 0 ? 0 : 1);
        }
        long bytes = asking.scratchBytes(kernel, all);
        if (bytes < 0) {
            throw fail("it would need more than 1 TiB of scratch memory at " + graph.sizes + "; choose a smaller "
                    + graph.sizes.names());
        }
        return bytes;
    }

    @Override
    public float[] read(int i) {
        throw new IllegalStateException("freeze: " + node.where()
                + " computes in Java, but a plan runs kernels only; write the op over kernels, or keep it out"
                + " of the plan");
    }

    @Override
    public void write(int o, float[] values) {
        read(0);
    }

    @Override
    public IllegalArgumentException fail(String message) {
        IllegalArgumentException failed = new IllegalArgumentException(
                (asking == null ? "freeze: " : "newSession: ") + node.where() + ": " + message);
        refusal = failed;
        return failed;
    }
}

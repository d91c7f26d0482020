package dev.fathom.plan;

import dev.fathom.kernel.Blas;
import dev.fathom.kernel.Kernel;
import dev.fathom.kernel.Native;
import dev.fathom.kernel.NativeRuntime;
import dev.fathom.op.Call;
import dev.fathom.op.DType;
import dev.fathom.op.Shape;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Runs the forward of every node of a graph without data: what the op writes becomes words, each an integer, a float or a place (a slot and an offset
 * in bytes). A slot is a value or scratch; views share the slot of what they look at.
 */
@SuppressWarnings("NullAway.Init") // lower sets the node and begin the kernel
final class Lowering extends Call {
    private static final int OFFSET_BITS = 36;
    private static final long OFFSET = (1L << OFFSET_BITS) - 1;

    /** One argument; the slot of what is no address, or the address 0, is -1. */
    record Word(Kernel.Kind kind, long value, int slot) {}

    /** One command and the node that wrote it. */
    record Command(Kernel kernel, int node, List<Word> words) {}

    /**
     * Memory: of a value, of a packed weight, or scratch.
     *
     * @param value whose, -1 for scratch
     * @param bytes how many; {@link #ASKED} for scratch of a kernel, which is asked for at the sizes of a session
     * @param packing what packs a weight, null for other memory
     * @param n rows of the matrix that it makes
     * @param k its columns
     */
    record Slot(int value, long bytes, @Nullable Kernel packing, long n, long k) {
        static final long ASKED = -1;

        Slot(int value, long bytes) {
            this(value, bytes, null, 0, 0);
        }
    }

    /** Where a value lies. */
    record Place(int slot, long offset) {}

    private final Graph graph;
    private final List<Graph> all;
    final List<Command> commands = new ArrayList<>();
    final List<Slot> slots = new ArrayList<>();
    final Place[] places;
    private final Map<Slot, Integer> packed = new HashMap<>();
    private int at;
    private Graph.Node node;
    private Kernel kernel;
    private List<Word> words = new ArrayList<>();

    private Lowering(Graph graph, List<Graph> all) {
        this.graph = graph;
        this.all = all;
        places = new Place[graph.values.size()];
    }

    /** Lowers one of the graphs of a plan, which make the same calls at several sizes. */
    static Lowering of(Graph graph, List<Graph> all) {
        Lowering l = new Lowering(graph, all);
        for (int v = 0; v < graph.values.size(); v++) {
            if (graph.values.get(v).kind() != Graph.Kind.RESULT) {
                l.places[v] = new Place(l.slot(v), 0);
            }
        }
        for (int i = 0; i < graph.nodes.size(); i++) {
            l.lower(i);
        }
        return l;
    }

    private int slot(int value) {
        return add(new Slot(value, graph.values.get(value).bytes()));
    }

    private int add(Slot slot) {
        slots.add(slot);
        return slots.size() - 1;
    }

    private void lower(int i) {
        at = i;
        node = graph.nodes.get(i);
        long view = node.op().view(this);
        if (view >= 0) {
            Place of = places[node.in()[0]];
            places[node.out()[0]] = new Place(of.slot(), of.offset() + view);
            return;
        }
        for (int o = 0; o < node.out().length; o++) {
            int value = node.out()[o];
            if (value >= 0) {
                places[value] =
                        graph.inPlace(node, o) ? places[node.in()[node.op().inPlaceOf(o)]] : new Place(slot(value), 0);
            }
        }
        node.op().forward(this);
    }

    /** Which call wrote a command, for messages. */
    String where(Command command) {
        return graph.nodes.get(command.node()).where();
    }

    /**
     * Refuses commands that differ from these in more than numbers.
     *
     * @throws IllegalStateException naming the first difference
     */
    void mustMatch(Lowering other) {
        Sizes sizes = graph.sizes;
        for (int c = 0; c < Math.max(commands.size(), other.commands.size()); c++) {
            Lowering longer = c < commands.size() ? this : other;
            String where = longer.where(longer.commands.get(c));
            if (c >= Math.min(commands.size(), other.commands.size())
                    || commands.get(c).kernel() != other.commands.get(c).kernel()) {
                throw new IllegalStateException(
                        "freeze: " + where + " runs other kernels at " + other.graph.sizes + " than at " + sizes
                                + "; an op of a plan must write the same commands at every " + sizes.names());
            }
            List<Word> words = commands.get(c).words();
            for (int w = 0; w < words.size(); w++) {
                Word word = words.get(w);
                Word same = other.commands.get(c).words().get(w);
                if (same.kind() != word.kind() || same.slot() != word.slot()) {
                    throw new IllegalStateException(
                            "freeze: " + where + " reads other memory at " + other.graph.sizes + " than at " + sizes);
                }
            }
        }
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
        Shape here = shape(i);
        return all.stream().map(g -> g.values.get(node.in()[i]).shape()).allMatch(s -> {
            for (int d = 1; d < here.rank(); d++) {
                if (s.dim(d) != here.dim(d)) {
                    return false;
                }
            }
            return true;
        });
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

    private static long handle(Place p) {
        return (long) (p.slot() + 1) << OFFSET_BITS | p.offset();
    }

    @Override
    public long scratch(long bytes) {
        if (bytes == 0) {
            return 0;
        }
        return handle(new Place(add(new Slot(-1, bytes)), 0));
    }

    @Override
    public long packed(int i, Kernel packing, long n, long k) {
        int value = node.in()[i];
        if (graph.values.get(value).kind() != Graph.Kind.WEIGHT
                || NativeRuntime.get().blas() == Blas.OPENBLAS) {
            return 0;
        }
        int slot = packed.computeIfAbsent(new Slot(value, Native.packedBytes(n, k), packing, n, k), this::add);
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
        words.add(new Word(Kernel.Kind.ADDRESS, address & OFFSET, (int) (address >>> OFFSET_BITS) - 1));
        return this;
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
            if (word.slot() >= 0 && slots.get(word.slot()).value() >= 0) {
                checkType(
                        kernel,
                        w,
                        graph.values.get(slots.get(word.slot()).value()).dtype());
            }
        }
        if (kernel.takesScratch()) {
            words.add(new Word(Kernel.Kind.SCRATCH, 0, add(new Slot(-1, Slot.ASKED))));
        }
        commands.add(new Command(kernel, at, words));
    }

    @Override
    public float[] read(int i) {
        throw new IllegalStateException(
                "freeze: " + node.where()
                        + " computes in Java, but a plan runs kernels only; write the op over kernels, or keep it out of the plan");
    }

    @Override
    public void write(int o, float[] values) {
        read(0);
    }

    @Override
    public IllegalArgumentException fail(String message) {
        return new IllegalArgumentException("freeze: " + node.where() + ": " + message);
    }
}

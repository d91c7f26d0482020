package dev.fathom.autograd;

import dev.fathom.kernel.Kernel;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * A layer that runs without being recorded and becomes one node, which runs it again in backward. While it runs, this
 * notes what it reads from outside: parameters, buffers and captured tensors are inputs of the node as x is.
 */
public final class Recomputation {
    private final Scope scope;
    private final int before;
    private final Set<Value> read = new LinkedHashSet<>();
    private final Set<Value> roots = new HashSet<>();
    private final Set<Value> fromBuffers = new HashSet<>();

    private Recomputation(Scope scope, Value x) {
        this.scope = scope;
        this.before = scope.nextOrdinal();
        read.add(x);
        roots.add(x.root());
    }

    /** y = layer(x), as one node that runs the layer again in backward. */
    @SuppressWarnings("unchecked") // values of a scope are of one class, whose layers take and return it
    public static <V extends Value> V run(UnaryOperator<V> layer, V x) {
        return (V) run(Scope.current(), (UnaryOperator<Value>) layer, x);
    }

    private static Value run(Scope scope, UnaryOperator<Value> layer, Value x) {
        if (!scope.recording || scope.retaining) { // what is kept anyway needs no second run
            return layer.apply(x);
        }
        Stream random = scope.random == null ? null : scope.random.copy();
        Recomputation outer = scope.recomputation;
        Recomputation inside = new Recomputation(scope, x);
        Value y;
        scope.recording = false;
        scope.recomputation = inside;
        try {
            y = layer.apply(x);
        } finally {
            scope.recording = true;
            scope.recomputation = outer;
        }
        inside.reads(y); // it may be what the layer captured
        if (!inside.fromBuffer(y)) { // statistics that the layer only brings up to date may change before it runs again
            inside.read.removeIf(inside::fromBuffer);
        }
        Value[] in = inside.read.toArray(scope::results);
        if (Arrays.stream(in).noneMatch(scope::needsGradient)) {
            return y;
        }
        Value[] out = scope.results(1);
        out[0] = scope.view(y, y.shape, 0, null);
        scope.record(new RecomputeOp(layer, random), in, out);
        return out[0];
    }

    /** Tells that the layer computed {@code out} from {@code in}. */
    void ran(@Nullable Value[] in, @Nullable Value[] out) {
        boolean fromBuffer = false;
        for (Value t : in) {
            if (t != null) {
                reads(t);
                fromBuffer |= fromBuffer(t);
            }
        }
        for (Value t : out) {
            if (fromBuffer && t != null) {
                fromBuffers.add(t.root());
            }
        }
    }

    private boolean fromBuffer(Value t) {
        Leaf leaf = t.root().leaf;
        return leaf != null && !leaf.isParameter() || fromBuffers.contains(t.root());
    }

    private void reads(Value t) {
        if (fromOutside(t.root()) && (fromOutside(t) || !roots.contains(t.root()))) {
            read.add(t);
            roots.add(t.root());
        }
    }

    /** A kept tensor is nobody's: it needs neither a gradient nor this pass to stay. */
    private boolean fromOutside(Value t) {
        return t.scope == scope ? t.ordinal < before : t.leaf != null;
    }

    /** Runs the layer of a node again with recording on and takes gradients through it. */
    static void again(RecomputeOp op, Eager g) {
        for (int i = 0; i < g.inputs(); i++) {
            g.in(i); // refuses what has changed since
        }
        Scope scope = g.scope();
        Value x = g.input(0);
        Recording outerTape = scope.tape;
        Stream outerRandom = scope.random;
        boolean outerRecording = scope.recording;
        boolean outerReplaying = scope.replaying;
        Frames.Place place = scope.frames.resume(g.frame());
        scope.tape = scope.newRecording();
        scope.random = op.random() == null ? null : op.random().copy();
        scope.recording = true;
        scope.replaying = true;
        try {
            Value leaf = scope.view(x, x.shape, 0, null);
            if (g.wants(0)) {
                leaf.watch();
            }
            Value y = op.layer().apply(leaf);
            if (!y.shape.equals(g.outShape(0))) {
                throw g.fail("the layer gave " + g.outShape(0) + " when it ran but " + y.shape
                        + " when it was run again for backward; it must compute the same both times");
            }
            int same = y == leaf ? 0 : g.indexOf(y);
            if (same >= 0) { // the layer did nothing, as dropout in evaluation mode
                if (g.wants(same)) {
                    g.carry(g.dout(0), g.din(same), y.shape.size());
                }
            } else if (y.node != null) {
                backward(scope, g, y, leaf);
            }
        } finally {
            scope.tape = outerTape;
            scope.random = outerRandom;
            scope.recording = outerRecording;
            scope.replaying = outerReplaying;
            scope.frames.comeBack(place, op);
        }
    }

    /** Walks back from y to the leaf and to what the layer captured, whose gradients are added where they lie. */
    private static void backward(Scope scope, Eager g, Value y, Value leaf) {
        Predicate<Value> outer = g.backward().targets();
        Predicate<Value> targets = leaf.watched && outer != null ? outer.or(v -> v == leaf) : outer;
        long seed = scope.arena.allocate(y.bytes());
        g.begin(Kernel.COPY).at(g.dout(0)).at(seed).put(y.bytes()).run();
        new Backward(y, targets, null, null).run(seed);
        if (leaf.gradient != 0) {
            g.carry(leaf.gradient, g.din(0), leaf.shape.size());
            scope.arena.free(leaf.gradient, leaf.bytes());
            leaf.gradient = 0;
        }
    }
}

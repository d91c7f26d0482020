package dev.fathom.tensor;

import dev.fathom.kernel.Kernel;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * A layer that runs without being recorded and becomes one node, which runs it again in backward. While it runs, this notes what it reads from
 * outside: parameters, buffers and captured tensors are inputs of the node as x is.
 */
final class Recomputation {
    private final Pass pass;
    private final int before;
    private final Set<Tensor> read = new LinkedHashSet<>();
    private final Set<Tensor> roots = new HashSet<>();
    private final Set<Tensor> fromBuffers = new HashSet<>();

    private Recomputation(Pass pass, Tensor x) {
        this.pass = pass;
        this.before = pass.nextOrdinal();
        read.add(x);
        roots.add(x.root());
    }

    /** y = layer(x). */
    static Tensor run(Pass pass, UnaryOperator<Tensor> layer, Tensor x) {
        if (!pass.recording) {
            return layer.apply(x);
        }
        Rng stream = pass.rng == null ? null : pass.rng.copy();
        Recomputation outer = pass.recomputation;
        Recomputation inside = new Recomputation(pass, x);
        Tensor y;
        pass.recording = false;
        pass.recomputation = inside;
        try {
            y = layer.apply(x);
        } finally {
            pass.recording = true;
            pass.recomputation = outer;
        }
        inside.reads(y); // it may be what the layer captured
        if (!inside.fromBuffer(y)) { // statistics that the layer only brings up to date may change before it runs again
            inside.read.removeIf(inside::fromBuffer);
        }
        Tensor[] in = inside.read.toArray(Tensor[]::new);
        if (Arrays.stream(in).noneMatch(pass::needsGradient)) {
            return y;
        }
        Tensor out = pass.view(y, y.shape(), 0, null);
        pass.record(new RecomputeOp(layer, stream), in, new Tensor[] {out});
        return out;
    }

    /** Tells that the layer computed {@code out} from {@code in}. */
    void ran(@Nullable Tensor[] in, @Nullable Tensor[] out) {
        boolean fromBuffer = false;
        for (Tensor t : in) {
            if (t != null) {
                reads(t);
                fromBuffer |= fromBuffer(t);
            }
        }
        for (Tensor t : out) {
            if (fromBuffer && t != null) {
                fromBuffers.add(t.root());
            }
        }
    }

    private boolean fromBuffer(Tensor t) {
        return t.root().variable() instanceof Buffer || fromBuffers.contains(t.root());
    }

    private void reads(Tensor t) {
        if (fromOutside(t.root()) && (fromOutside(t) || !roots.contains(t.root()))) {
            read.add(t);
            roots.add(t.root());
        }
    }

    /** A kept tensor is nobody's: it needs neither a gradient nor this pass to stay. */
    private boolean fromOutside(Tensor t) {
        return t.pass() == pass ? t.ordinal() < before : t.variable() != null;
    }

    /** Runs the layer of a node again with recording on and takes gradients through it. */
    static void again(RecomputeOp op, Eager g) {
        for (int i = 0; i < g.inputs(); i++) {
            g.in(i); // refuses what has changed since
        }
        Pass pass = g.pass();
        Tensor x = g.input(0);
        Tape outerTape = pass.tape;
        Rng outerRng = pass.rng;
        boolean outerRecording = pass.recording;
        boolean outerReplaying = pass.replaying;
        Frames.Place place = pass.frames.resume(g.frame());
        pass.tape = new Tape();
        pass.rng = op.stream() == null ? null : op.stream().copy();
        pass.recording = true;
        pass.replaying = true;
        try {
            Tensor leaf = pass.view(x, x.shape(), 0, null);
            if (g.wants(0)) {
                leaf.watch();
            }
            Tensor y = op.layer().apply(leaf);
            if (!y.shape().equals(g.outShape(0))) {
                throw g.fail("the layer gave " + g.outShape(0) + " when it ran but " + y.shape()
                        + " when it was run again for backward; it must compute the same both times");
            }
            int same = y == leaf ? 0 : g.indexOf(y);
            if (same >= 0) { // the layer did nothing, as dropout in evaluation mode
                if (g.wants(same)) {
                    g.carry(g.dout(0), g.din(same), y.size());
                }
            } else if (y.node() != null) {
                backward(pass, g, y, leaf);
            }
        } finally {
            pass.tape = outerTape;
            pass.rng = outerRng;
            pass.recording = outerRecording;
            pass.replaying = outerReplaying;
            pass.frames.comeBack(place, op);
        }
    }

    /** Walks back from y to the leaf and to what the layer captured, whose gradients are added where they lie. */
    private static void backward(Pass pass, Eager g, Tensor y, Tensor leaf) {
        Target[] targets = g.backward().targets();
        if (leaf.watched() && targets.length > 0) {
            targets = Arrays.copyOf(targets, targets.length + 1);
            targets[targets.length - 1] = leaf;
        }
        long seed = pass.arena.allocate(y.bytes());
        g.begin(Kernel.COPY).at(g.dout(0)).at(seed).put(y.bytes()).run();
        new Backward(pass, pass.arena, pass.tape, targets).run(y, seed);
        if (leaf.gradient != 0) {
            g.carry(leaf.gradient, g.din(0), leaf.size());
            pass.arena.free(leaf.gradient, leaf.bytes());
            leaf.gradient = 0;
        }
    }
}

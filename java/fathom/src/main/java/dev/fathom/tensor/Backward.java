package dev.fathom.tensor;

import dev.fathom.kernel.Commands;
import dev.fathom.kernel.Kernel;
import dev.fathom.memory.Arena;
import java.util.Objects;

/** One walk back over a tape: which nodes lie between the loss and the targets, and their gradients, the last node first. */
final class Backward {
    private final Pass pass;
    private final Arena arena;
    private final Commands commands;
    private final Tape tape;
    private final Target[] targets;

    Backward(Pass pass, Arena arena, Tape tape, Target[] targets) {
        this.pass = pass;
        this.arena = arena;
        this.commands = arena.commands();
        this.tape = tape;
        this.targets = targets;
    }

    Target[] targets() {
        return targets;
    }

    /** Takes the gradients that flow from {@code seed} at {@code loss}; false, and nothing done, where no target is reached. */
    boolean run(Tensor loss, long seed) {
        int last = Objects.requireNonNull(loss.node(), "backward is called for recorded results only").index;
        try {
            boolean any = false;
            for (int i = 0; i <= last; i++) {
                Node n = tape.node(i);
                n.active = false;
                for (Tensor t : n.in) {
                    n.active |= t != null && wanted(t);
                }
                any = n.active;
            }
            if (!any) {
                arena.free(seed, loss.bytes());
                return false;
            }
            loss.gradient = seed;
            for (int i = last; i >= 0; i--) {
                step(tape.node(i));
            }
            return true;
        } catch (RuntimeException | Error e) {
            forgetGradients(last);
            throw e;
        }
    }

    private void step(Node n) {
        boolean reached = false;
        for (Tensor o : n.out) {
            reached |= o != null && o.gradient != 0;
        }
        if (reached && n.active) {
            Eager call = pass.eager();
            try {
                call.begin(pass, n, this);
                n.op.backward(call);
            } finally {
                pass.idle(call);
            }
        }
        for (Tensor o : n.out) {
            if (o != null && o.gradient != 0) {
                if (o.watched()) {
                    addToTotal(o);
                } else {
                    arena.free(o.gradient, o.bytes());
                }
                o.gradient = 0;
            }
        }
    }

    /** A watched result keeps the sum of all backward passes apart: what flows on is the gradient of the one under way. */
    private void addToTotal(Tensor o) {
        if (o.total == 0) {
            o.total = o.gradient;
        } else {
            commands.begin(Kernel.ACCUMULATE)
                    .at(o.gradient)
                    .at(o.total)
                    .put(o.shape().size())
                    .run();
            arena.free(o.gradient, o.bytes());
        }
    }

    /**
     * After a failure no half-written gradient remains: parameters and watched tensors among the targets lose theirs (memory that {@link Pass#gradient} may have shown
     * stays until the close), intermediates give their memory back.
     */
    private void forgetGradients(int last) {
        for (int i = 0; i <= last; i++) {
            Node n = tape.node(i);
            for (Tensor t : n.in) {
                if (t == null || !wanted(t)) {
                    continue;
                }
                if (t.variable() instanceof Parameter p) {
                    p.store().fresh(p.index(), false);
                } else if (t.node() == null) {
                    t.gradient = 0;
                }
            }
            for (Tensor o : n.out) {
                if (o != null && o.gradient != 0) {
                    arena.free(o.gradient, o.bytes());
                    o.gradient = 0;
                }
                if (o != null && wanted(o)) {
                    o.total = 0;
                }
            }
        }
    }

    /** Whether {@code t} is a target or depends on one. */
    boolean wanted(Tensor t) {
        if (t.pass() == pass && t.node() != null && t.node().active) {
            return true;
        }
        if (t.node() != null && !t.watched() || !pass.needsGradient(t)) {
            return false;
        }
        if (targets.length == 0) {
            return true;
        }
        for (Target target : targets) {
            if (target.wants(t)) {
                return true;
            }
        }
        return false;
    }
}

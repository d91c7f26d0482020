package dev.fathom.autograd;

import dev.fathom.kernel.Kernel;
import java.util.Objects;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** One walk back over a tape: which nodes lie between the loss and the targets, and their gradients, the last node first. */
public final class Backward {
    private final Scope scope;
    private final Recording tape;
    private final @Nullable Predicate<Value> targets;

    /** Toward the leaves and watched values that {@code targets} accepts, all of them where it is null. */
    Backward(Scope scope, Recording tape, @Nullable Predicate<Value> targets) {
        this.scope = scope;
        this.tape = tape;
        this.targets = targets;
    }

    @Nullable
    Predicate<Value> targets() {
        return targets;
    }

    /**
     * From here on backward in this pass gives max(dy, 0) through every ReLU in place of the gradient: the signal of a deconvolutional network
     * (Zeiler and Fergus 2014) instead of a derivative.
     */
    public static void rectify(Scope pass) {
        pass.rectifies = true;
    }

    /** Sets a buffer to {@code next} when backward has succeeded, once even if a layer runs again; not outside training mode. */
    public static void updateAfter(Value buffer, Value next) {
        Leaf leaf = Objects.requireNonNull(buffer.leaf, "a buffer is a leaf");
        Scope.current().updateAfterBackward(buffer, leaf, next);
    }

    /** Takes the gradients that flow from {@code seed} at {@code loss}; false, and nothing done, where no target is reached. */
    boolean run(Value loss, long seed) {
        int last = Objects.requireNonNull(loss.node, "backward is called for recorded results only").index;
        try {
            boolean any = false;
            for (int i = 0; i <= last; i++) {
                Node n = tape.node(i);
                n.active = false;
                for (Value t : n.in) {
                    n.active |= t != null && wanted(t);
                }
                any = n.active;
            }
            if (!any) {
                checkLeaves(last);
                scope.arena.free(seed, loss.bytes());
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

    /** Says so where no target was reached because the model that computed the loss is closed, or gave its parameters to another. */
    private void checkLeaves(int last) {
        for (int i = 0; i <= last; i++) {
            for (Value v : tape.node(i).in) {
                if (v != null && v.leaf != null && scope.needsGradient(v)) {
                    v.leaf.check();
                }
            }
        }
    }

    private void step(Node n) {
        boolean reached = false;
        for (Value o : n.out) {
            reached |= o != null && o.gradient != 0;
        }
        if (reached && n.active) {
            Eager call = scope.eager();
            try {
                call.begin(scope, n, this);
                n.op.backward(call);
            } finally {
                scope.idle(call);
            }
        }
        for (Value o : n.out) {
            if (o != null && o.gradient != 0) {
                if (o.watched) {
                    addToTotal(o);
                } else {
                    scope.arena.free(o.gradient, o.bytes());
                }
                o.gradient = 0;
            }
        }
    }

    /** A watched result keeps the sum of all backward passes apart: what flows on is the gradient of the one under way. */
    private void addToTotal(Value o) {
        if (o.total == 0) {
            o.total = o.gradient;
        } else {
            scope.commands()
                    .begin(Kernel.ACCUMULATE)
                    .at(o.gradient)
                    .at(o.total)
                    .put(o.shape.size())
                    .run();
            scope.arena.free(o.gradient, o.bytes());
        }
    }

    /**
     * After a failure no half-written gradient remains: parameters and watched tensors among the targets lose theirs (memory that a caller may have been shown
     * stays until the close), intermediates give their memory back.
     */
    private void forgetGradients(int last) {
        for (int i = 0; i <= last; i++) {
            Node n = tape.node(i);
            for (Value t : n.in) {
                if (t == null || !wanted(t)) {
                    continue;
                }
                if (t.leaf != null) {
                    t.leaf.forgetGradient();
                } else if (t.node == null) {
                    t.gradient = 0;
                }
            }
            for (Value o : n.out) {
                if (o != null && o.gradient != 0) {
                    scope.arena.free(o.gradient, o.bytes());
                    o.gradient = 0;
                }
                if (o != null && wanted(o)) {
                    o.total = 0;
                }
            }
        }
    }

    /** Whether {@code t} is a target or depends on one. */
    boolean wanted(Value t) {
        if (t.scope == scope && t.node != null && t.node.active) {
            return true;
        }
        if (t.node != null && !t.watched || !scope.needsGradient(t)) {
            return false;
        }
        return targets == null || targets.test(t);
    }
}

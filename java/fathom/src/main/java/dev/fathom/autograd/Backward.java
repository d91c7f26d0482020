package dev.fathom.autograd;

import dev.fathom.kernel.Kernel;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * One walk back over a tape: which nodes lie between the loss and the targets, and their gradients, the last node
 * first.
 */
public final class Backward {
    private static final @Nullable Value[] NONE = {};
    /** How many have ended. */
    private static final AtomicLong ENDED = new AtomicLong();

    private final Value loss;
    private final @Nullable Predicate<Value> targets;
    /** The one that succeeded before it in the same scope. */
    private final @Nullable Backward before;

    private final @Nullable Completion completion;
    private long number;

    /**
     * From a recorded {@code loss} toward the leaves and watched values that {@code targets} accepts, all of them where
     * it is null.
     */
    Backward(
            Value loss,
            @Nullable Predicate<Value> targets,
            @Nullable Backward before,
            @Nullable Completion completion) {
        this.loss = loss;
        this.targets = targets;
        this.before = before;
        this.completion = completion;
    }

    private Scope scope() {
        return Objects.requireNonNull(loss.scope, "what was recorded has a scope");
    }

    private int last() {
        return Objects.requireNonNull(loss.node, "backward is called for recorded results only").index;
    }

    /** The number of the backward that ended last, on any thread. */
    public static long latest() {
        return ENDED.get();
    }

    /** Which one this is of those that have ended, from 1. */
    long number() {
        return number;
    }

    @Nullable
    Predicate<Value> targets() {
        return targets;
    }

    /**
     * From here on backward in this pass gives max(dy, 0) through every ReLU in place of the gradient: the signal of a
     * deconvolutional network (Zeiler and Fergus 2014) instead of a derivative.
     */
    public static void rectify(Scope pass) {
        pass.rectifies = true;
    }

    /** From here on backward in this pass says which gradients are complete. */
    public static void tell(Scope pass, Completion completion) {
        pass.completion = completion;
    }

    /**
     * Sets a buffer to {@code next} when backward has succeeded, once even if a layer runs again; not outside training
     * mode.
     */
    public static void updateAfter(Value buffer, Value next) {
        Leaf leaf = Objects.requireNonNull(buffer.leaf, "a buffer is a leaf");
        Scope.current().updateAfterBackward(buffer, leaf, next);
    }

    /**
     * Refuses to add the gradient of this loss once more to what an earlier backward gave a leaf or watched value,
     * unless that was cleared since.
     */
    void checkNew() {
        for (Backward b = before; b != null; b = b.before) {
            if (b.loss == loss) {
                checkNew(b);
            }
        }
    }

    private void checkNew(Backward former) {
        Scope scope = scope();
        int last = last();
        boolean[] under = new boolean[last + 1];
        under[last] = true;
        for (int i = last; i >= 0; i--) {
            for (Value t : under[i] ? scope.tape.node(i).in : NONE) {
                if (t == null) {
                    continue;
                }
                if (t.scope == scope && t.node != null) {
                    under[t.node.index] = true;
                }
                if (target(t) && former.target(t) && former.standsIn(t)) {
                    throw new IllegalStateException("backward: " + loss.label() + " has already given its gradient to "
                            + (t.leaf == null ? t.label() : t.leaf.label())
                            + ", and a second backward would double it; call zeroGrad() or step() before it,"
                            + " or scale the loss with mul(2) to double it on purpose");
                }
            }
        }
    }

    /** Whether what this one gave a target is still there. */
    private boolean standsIn(Value t) {
        return t.leaf != null ? t.leaf.keepsGradientOf(number) : t.sumOfGradients() != 0;
    }

    /**
     * Takes the gradients that flow from {@code seed} at the loss; false, and nothing done, where no target is reached.
     */
    boolean run(long seed) {
        Scope scope = scope();
        Recording tape = scope.tape;
        int last = last();
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
                checkLeaves(tape, last);
                scope.arena.free(seed, loss.bytes());
                return false;
            }
            loss.gradient = seed;
            Completed completed = completion == null ? null : new Completed(completion, tape, last);
            for (int i = last; i >= 0; i--) {
                step(scope, tape.node(i));
                if (completed != null) {
                    completed.stepped(i);
                }
            }
            number = ENDED.incrementAndGet();
            return true;
        } catch (RuntimeException | Error e) {
            forgetGradients(tape, last);
            throw e;
        }
    }

    /** Finds the leaves that the walk has passed. Of the calls that used a leaf, it reaches the first one last. */
    private final class Completed {
        /** A leaf, and the number of the call that used it first. */
        private record Use(Leaf leaf, int first) {}

        private final Completion completion;
        /** Of all leaves, in the order of the calls. */
        private final Deque<Use> uses = new ArrayDeque<>();

        Completed(Completion completion, Recording tape, int last) {
            this.completion = completion;
            Set<Leaf> seen = new HashSet<>();
            for (int i = 0; i <= last; i++) {
                for (Value t : tape.node(i).in) {
                    if (t != null && t.leaf != null && target(t) && seen.add(t.leaf)) {
                        uses.add(new Use(t.leaf, i));
                    }
                }
            }
            completion.begin(uses.stream().map(Use::leaf).toList());
        }

        void stepped(int i) {
            while (!uses.isEmpty() && uses.getLast().first == i) {
                completion.complete(uses.removeLast().leaf);
            }
        }
    }

    /**
     * Says so where no target was reached because the model that computed the loss is closed, or gave its parameters to
     * another.
     */
    private void checkLeaves(Recording tape, int last) {
        Scope scope = scope();
        for (int i = 0; i <= last; i++) {
            for (Value v : tape.node(i).in) {
                if (v != null && v.leaf != null && scope.needsGradient(v)) {
                    v.leaf.check();
                }
            }
        }
    }

    private void step(Scope scope, Node n) {
        boolean reached = false;
        for (Value o : n.out) {
            reached |= o != null && o.gradient != 0;
        }
        if (reached && n.active) {
            Eager call = scope.eager();
            try {
                call.begin(scope, n, this);
                n.op.backward(call);
                call.mustHaveWrittenGradients();
                call.gather();
            } finally {
                scope.idle(call);
            }
        }
        for (Value o : n.out) {
            if (o != null && o.gradient != 0) {
                if (o.watched) {
                    addToTotal(scope, o);
                } else {
                    scope.arena.free(o.gradient, o.bytes());
                }
                o.gradient = 0;
            }
        }
    }

    /**
     * A watched result keeps the sum of all backward passes apart: what flows on is the gradient of the one under way.
     */
    private static void addToTotal(Scope scope, Value o) {
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
     * After a failure no half-written gradient remains: parameters and watched tensors among the targets lose theirs
     * (memory that a caller may have been shown stays until the close), intermediates give their memory back.
     */
    private void forgetGradients(Recording tape, int last) {
        Scope scope = scope();
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
        Scope scope = scope();
        if (t.scope == scope && t.node != null && t.node.active) {
            return true;
        }
        return target(t);
    }

    /** Whether {@code t} is a leaf or a watched value among the targets. */
    private boolean target(Value t) {
        if (t.node != null && !t.watched || !scope().needsGradient(t)) {
            return false;
        }
        return targets == null || targets.test(t);
    }
}

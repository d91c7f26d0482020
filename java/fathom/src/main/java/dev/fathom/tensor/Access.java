package dev.fathom.tensor;

import dev.fathom.kernel.Commands;
import dev.fathom.memory.Block;
import dev.fathom.op.DType;
import dev.fathom.op.Shape;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * What the packages above need and users must not call; an ArchUnit rule keeps it inside the library. These doors remain because a pass, a tensor and the
 * variable behind it are one object graph: nets enter frames, plans trace, tools watch calls, files and data write memory, and models bind variables.
 */
public final class Access {
    private Access() {}

    // ---- frames, for nn

    /** Enters a net's frame on the thread's pass. */
    public static Object enter(Object net) {
        return Pass.current().enter(net);
    }

    /** Leaves it with its result, null after a failure. */
    public static void leave(Object frame, @Nullable Object result) {
        Frame f = (Frame) frame;
        f.pass.frames.leave(f, result);
    }

    /** What to throw when the stack ran out inside a frame. */
    public static RuntimeException tooDeep(Object frame, StackOverflowError e) {
        Frame f = (Frame) frame;
        return f.pass.frames.tooDeep(f, e);
    }

    /** Tells that the running net now calls its child number {@code i}. */
    public static void nextChild(int i) {
        Pass.current().frames.nextChild(i);
    }

    /** Gives back what the running net made so far, but {@code keep}, which its child number {@code i} returned. */
    public static void releaseAllBut(Tensor keep, int i) {
        Pass.current().frames.releaseAllBut(keep, i);
    }

    /** Runs a layer as one node that is run again in backward. */
    public static Tensor recompute(UnaryOperator<Tensor> layer, Tensor x) {
        return Recomputation.run(Pass.current(), layer, x);
    }

    // ---- watching a pass, for summaries, statistics and explanations

    /**
     * One call of a net that has returned.
     *
     * @param net who was called
     * @param path its names from the outermost net on
     * @param leaf whether it called no other net
     * @param from the number of its first call on the tape
     * @param to one past the last
     * @param result what it returned, null after a failure
     */
    public record Called(
            Object net,
            String path,
            boolean leaf,
            int from,
            int to,
            @Nullable Object result) {}

    /** Tells {@code action}, beside those before it, of each call as it returns, before what it made and did not return is given back; null ends that for all. */
    public static void observe(Pass pass, @Nullable Consumer<Called> action) {
        pass.frames.observe(action);
    }

    /**
     * From here on backward gives max(dy, 0) through every ReLU in place of the gradient: the signal of a deconvolutional network (Zeiler and
     * Fergus 2014) instead of a derivative.
     */
    public static void rectify(Pass pass) {
        pass.rectifies = true;
    }

    // ---- tracing, for summaries and plans

    /**
     * A pass that records every call that depends on its inputs without computing it: its results have shapes but no memory, and reading them is
     * refused. What depends on weights alone is computed, and kept until the close.
     */
    public static Pass trace() {
        return Pass.trace(new Rng(0));
    }

    /** A pass as {@link #trace} gives it, for a plan: nothing random may happen in it. */
    public static Pass freeze() {
        return Pass.trace(null);
    }

    /** An input of a traced pass: a shape without values. */
    public static Tensor input(Pass trace, Shape shape, DType dtype) {
        return trace.input(shape, dtype);
    }

    // ---- data

    /** A tensor of the current pass whose values the caller writes at once. */
    public static Tensor create(Shape shape, DType dtype) {
        return Pass.current().create(shape, dtype);
    }

    /** Where a tensor lies, if it is alive and of this thread's pass. */
    public static long address(Tensor t) {
        return t.address();
    }

    /** Whether the memory of a result of an open pass has not been given back. */
    public static boolean alive(Tensor t) {
        return t.alive();
    }

    /** Keeps the block under a parameter, a buffer or a kept tensor mapped until its release; null for other tensors. */
    public static @Nullable Block lease(Tensor t) {
        return t.lease();
    }

    /** The command buffer of the current pass. */
    public static Commands commands() {
        return Pass.current().commands();
    }

    /** What a tensor is called in messages. */
    public static String nameOf(Tensor t) {
        return t.name();
    }

    /** Every tensor in a record, list, map, Optional or array of them, in their order. */
    public static void tensorsIn(@Nullable Object result, Consumer<Tensor> action) {
        Results.forEach(result, action);
    }

    /**
     * Calls {@code action} for every tensor in a record, list, map, Optional or array with its name: the names of record components, the keys of maps
     * and the numbers of list and array elements, joined by dots. A tensor that is itself the result has the empty name.
     */
    public static void namedTensorsIn(@Nullable Object result, BiConsumer<String, Tensor> action) {
        Results.forEachNamed("", result, action);
    }

    // ---- models

    /** A store for these values; the first {@code parameters} are parameters. */
    public static Store store(List<Variable> variables, List<String> names) {
        return new Store(variables, names);
    }

    /** A store that shares the values of {@code of}, for a copy of its variables. */
    public static Store replica(Store of, List<Variable> variables) {
        return new Store(of, variables);
    }

    /** Parameters {@code from} to {@code to - 1} of a store. */
    public static ParameterRange range(Store store, int from, int to) {
        return new ParameterRange(store, from, to);
    }

    /** The store behind them; refuses a closed or superseded model. */
    public static Store store(ParameterRange range) {
        return range.store();
    }

    /** Binds a variable to its place. */
    public static void bind(Variable variable, Store store, int index) {
        variable.bind(store, index);
    }

    /** The store that holds a value. */
    public static Store storeOf(Variable variable) {
        return variable.store();
    }

    /** Its place there. */
    public static int indexOf(Variable variable) {
        return variable.index();
    }

    /** Marks a store's values as taken over by another model. */
    public static void supersede(Store store, String by) {
        store.supersede(by);
    }

    /** The parameter or buffer behind a leaf tensor, or null. */
    public static @Nullable Variable variable(Tensor leaf) {
        return leaf.variable();
    }
}

package dev.fathom.op;

import dev.fathom.kernel.KernelException;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/**
 * One differentiable operation: a shape rule, forward, backward, and what backward reads. The same object runs eagerly,
 * in backward and inside a frozen plan, so it must be immutable; two equal ops must compute the same (records are).
 *
 * <p>An op of your own is a record that implements this interface. It writes commands to kernels through {@link Call},
 * or computes in Java through {@link Call#read} and {@link Call#write}, which works in eager use only.
 */
public interface Op {
    /**
     * Returns the name in messages, graphs and profiles: that of the class without {@code Op} at its end, in lower case
     * with underscores, or {@code op} where nothing is left of it, unless an op says another.
     */
    default String label() {
        return Labels.OF.get(getClass());
    }

    /** Returns the number of results. */
    default int outputs() {
        return 1;
    }

    /**
     * Returns the shape of result {@code output}, computed from {@link Call#shape}, and checks the inputs.
     *
     * @throws IllegalArgumentException made by {@link Call#fail}, naming the shapes and the two dimensions that
     *     disagree
     */
    Shape shape(Call c, int output);

    /** Returns the element type of result {@code output}. */
    default DType dtype(Call c, int output) {
        return DType.F32;
    }

    /** Returns the element type that input {@code i} must have, or null for any. */
    default @Nullable DType takes(int i) {
        return DType.F32;
    }

    /**
     * Returns whether result {@code output} exists only for backward; its address is 0 in a pass that does not record.
     */
    default boolean onlyForBackward(int output) {
        return false;
    }

    /**
     * Returns whether input {@code i} may be left out. Null then holds its place, and {@link Call#has} is false for it.
     */
    default boolean optional(int i) {
        return false;
    }

    /**
     * Returns the byte offset into input 0 at which result 0 begins if it is a view of it, and -1 otherwise. Views run
     * no kernel.
     */
    default long view(Call c) {
        return -1;
    }

    /**
     * Returns the input in whose memory result {@code output} may be computed, and -1 if there is none. A plan does so
     * for state that it carries from run to run, and a pass that does not record for a value that it owns, of which
     * there are no views, so that a cache is not copied at each step. That value cannot be used after it. The op is
     * then called with the same address for both. A run that fails later leaves what it wrote, so such an op must do no
     * harm when it is repeated on the same inputs.
     */
    default int inPlaceOf(int output) {
        return -1;
    }

    /**
     * Returns whether this call, which is a single command, takes less time beside another call like it, each on a
     * thread of its own, than the two take one after the other: where steps wait for each other, and threads that share
     * a step wait most of the time.
     */
    default boolean runsBeside(Call c) {
        return false;
    }

    /**
     * Returns whether the rows of result 0 are those of the inputs beside each other: [.., c1 + c2 + ..]. A plan then
     * lets calls that {@linkplain #spreadsRows can} write the inputs into the result. The address of such an input is
     * the place in the result where it belongs.
     */
    default boolean joinsRows(Call c) {
        return false;
    }

    /**
     * Returns whether this call can write result 0, if nobody needs another one, with other elements between its rows,
     * which begin {@link Call#outRow} elements apart.
     */
    default boolean spreadsRows(Call c) {
        return false;
    }

    /** Computes the results at {@link Call#out} from the inputs at {@link Call#in}. */
    void forward(Call c);

    /** Returns whether a gradient exists at all; argmax, for example, has none. */
    default boolean differentiable() {
        return true;
    }

    /** Computes the gradients of the inputs that {@link Grad#wants}, from those of the results. */
    default void backward(Grad g) {
        throw new UnsupportedOperationException(label() + " has no gradient");
    }

    /** Returns whether backward reads input {@code i}; what it does not read is freed early. */
    default boolean readsInput(int i) {
        return true;
    }

    /** Returns whether backward reads result {@code o}; what it does not read is freed early. */
    default boolean readsOutput(int o) {
        return true;
    }

    /**
     * Returns what the message of an eager run and of a session says when a kernel refuses the op's data, such as an
     * index out of range. At first it is the sentence of the kernel; an op whose users gave something else than that
     * index says what they gave.
     */
    default String refusal(KernelException e) {
        return String.valueOf(e.getMessage());
    }

    /**
     * Returns the number of multiply-adds that one forward on inputs of these shapes needs, for summaries. Inputs that
     * are left out have no shape here.
     */
    default long multiplyAdds(Shape... in) {
        return 0;
    }

    /** Returns one op that computes this op and then {@code user} on its first result, or null if there is none. */
    default @Nullable Fused fuse(Op user, IntPredicate has) {
        return null;
    }

    /**
     * The result of {@link #fuse}. The inputs of the first op keep their places.
     *
     * @param op the op that computes both
     * @param at the places of the user's other inputs, in their order
     */
    record Fused(Op op, int... at) {}
}

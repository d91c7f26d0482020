package dev.fathom.op;

import org.jspecify.annotations.Nullable;

/**
 * One differentiable operation: a shape rule, forward, backward, and what backward reads. The same object runs eagerly, in backward and
 * inside a frozen plan, so it must be immutable; two equal ops must compute the same (records are).
 *
 * <p>A user's op is a record that implements this interface and writes kernels through {@link Call}, or, for eager use only, computes in
 * Java through {@link Call#read} and {@link Call#write}.
 */
public interface Op {
    /** The name in messages, graphs and profiles. */
    String label();

    /** How many results. */
    default int outputs() {
        return 1;
    }

    /**
     * The shape of result {@code output} from {@link Call#shape}; checks the inputs.
     *
     * @throws IllegalArgumentException made by {@link Call#fail}, naming the shapes and the two dimensions that disagree
     */
    Shape shape(Call c, int output);

    /** The element type of result {@code output}. */
    default DType dtype(Call c, int output) {
        return DType.F32;
    }

    /** The element type that input {@code i} must have; null for any. */
    default @Nullable DType takes(int i) {
        return DType.F32;
    }

    /** Whether result {@code output} exists only for backward: outside a recorded pass its address is 0. */
    default boolean onlyForBackward(int output) {
        return false;
    }

    /** The byte offset into input 0 where result 0 begins when it is a view of it, else -1. Views run no kernel. */
    default long view(Call c) {
        return -1;
    }

    /** Computes the results at {@link Call#out} from the inputs at {@link Call#in}. */
    void forward(Call c);

    /** Whether a gradient exists at all; argmax and its like have none. */
    default boolean differentiable() {
        return true;
    }

    /** Writes the gradients that {@link Grad#wants}, from those of the results. */
    default void backward(Grad g) {
        throw new UnsupportedOperationException(label() + " has no gradient");
    }

    /** Whether backward reads input {@code i}: what it does not read is given back early. */
    default boolean readsInput(int i) {
        return true;
    }

    /** Whether backward reads result {@code o}. */
    default boolean readsOutput(int o) {
        return true;
    }

    /** Multiplications with addition that one forward on inputs of these shapes needs, for summaries. */
    default long multiplyAdds(Shape... in) {
        return 0;
    }

    /** One op that computes {@code user} of this op's first result, or null where there is none; other inputs of {@code user} follow this op's. */
    default @Nullable Op fuse(Op user) {
        return null;
    }
}

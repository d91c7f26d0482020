package dev.fathom.nn;

import dev.fathom.autograd.Frames;
import dev.fathom.op.Activation;
import dev.fathom.op.DType;
import dev.fathom.op.PadMode;
import dev.fathom.op.Shape;
import dev.fathom.op.Where;
import dev.fathom.op.Window;
import dev.fathom.ops.Binary;
import dev.fathom.ops.DropoutOp;
import dev.fathom.ops.SoftmaxOp;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tape;
import dev.fathom.tensor.Tensor;
import dev.fathom.tree.Structure;
import org.jspecify.annotations.Nullable;

/**
 * How a layer treats the steps of sequences [n, steps, ..], and so where padding may lie without a change of what it
 * makes of the other steps.
 */
public enum Steps {
    /** Each step is computed alone: y [n, t] depends on x [n, t] and nothing else, so that padding may lie anywhere. */
    EACH,
    /**
     * Padding may lie behind a sequence: y [n, t] depends on t, on x [n, t] and on steps before it, as that of a causal
     * convolution, or the layer is told lengths.
     */
    PADDED_BEHIND,
    /**
     * Padding may lie in front of a sequence: y [n, t] depends on x [n, t] and on steps behind it, or the layer is told
     * lengths.
     */
    PADDED_IN_FRONT,
    /** Steps are mixed, or it is not known: padding may lie nowhere. */
    MIXED;

    /**
     * Returns how a layer treats steps that computes one layer of this kind and another one of the other kind.
     *
     * @throws IllegalArgumentException if one expects padding behind a sequence and the other one in front of it
     */
    public Steps and(Steps other) {
        if (this == MIXED || other == MIXED) {
            return MIXED;
        }
        if (this == EACH || this == other) {
            return other;
        }
        if (other == EACH) {
            return this;
        }
        throw new IllegalArgumentException("steps" + Where.running() + ": some layers expect padding in front of a"
                + " sequence and others behind it; build all of them for one side");
    }

    /** How a layer with this window treats steps, which are the first dimension behind the batch. */
    static Steps of(Window window, PadMode edges) {
        Window.Axis axis = window.axis(0);
        if (axis.stride() != 1 || axis.same() && axis.kernel() > 1) {
            return MIXED;
        }
        long reach = axis.extent() - 1;
        if (reach == 0 && axis.before() == 0 && axis.after() == 0) {
            return EACH;
        }
        if (edges == PadMode.REFLECT || edges == PadMode.CIRCULAR) {
            return MIXED;
        }
        if (axis.before() == reach && axis.after() == 0) {
            return PADDED_BEHIND;
        }
        return axis.before() == 0 && axis.after() == reach ? PADDED_IN_FRONT : MIXED;
    }

    /** How a layer treats steps when it is called from here, where a model may have fixed it in evaluation mode. */
    static Steps asked(Layer layer) {
        return Frames.asking(layer, layer::stepReading);
    }

    /** Whether the result of a layer has the steps of its input, so that lengths hold for it too. */
    static boolean kept(Layer layer) {
        return !(layer instanceof SequenceLayer sequences) || sequences.keepsSteps();
    }

    /** What functions of a class answered. All that capture nothing give one answer, so that it is kept. */
    private static final class Answer {
        final boolean kept;

        @Nullable
        volatile Steps steps;

        Answer(boolean kept) {
            this.kept = kept;
        }
    }

    private static final ClassValue<Answer> ANSWERS = new ClassValue<>() {
        @Override
        protected Answer computeValue(Class<?> function) {
            return new Answer(!Structure.hasState(function));
        }
    };

    /**
     * How a layer that does not override {@code stepReading()} treats steps: a function whose ops compute each step
     * alone does so too, and of every other layer it is not known.
     */
    static Steps ofFunction(Layer layer) {
        if (layer.getClass().isRecord()) {
            return MIXED;
        }
        Answer answer = ANSWERS.get(layer.getClass());
        Steps steps = answer.steps;
        if (steps == null) {
            steps = computesEachStep(layer, false) && computesEachStep(layer, true) ? EACH : MIXED;
            if (answer.kept) {
                answer.steps = steps;
            }
        }
        return steps;
    }

    private static boolean computesEachStep(Layer function, boolean training) {
        try (Pass pass = Pass.trace(training, new Rng(0))) {
            Tensor x = pass.input(Shape.of(2, 3, 5), DType.F32);
            Tensor y = function.apply(x);
            return y.shape().equals(x.shape())
                    && (y == x || !pass.tape().entries().isEmpty())
                    && pass.tape().entries().stream().allMatch(e -> computesEachStep(e, x.shape()));
        } catch (RuntimeException e) { // such as one that needs another shape
            return false;
        }
    }

    private static boolean computesEachStep(Tape.Entry e, Shape x) {
        return e.op() instanceof Activation
                || e.op() instanceof DropoutOp
                || e.op() instanceof SoftmaxOp softmax && softmax.axis() > 1
                || e.op() instanceof Binary
                        && e.inputs().stream()
                                .allMatch(t -> t != null
                                        && (t.shape().equals(x) || t.shape().size() == 1));
    }

    /**
     * Refuses a layer that is not told lengths and would see padding among the steps of x.
     *
     * @throws IllegalArgumentException if the layer mixes steps, or x is not [n, steps, ..]
     */
    static void check(Layer layer, Tensor x) {
        String fault = Frames.asking(layer, () -> fault(layer, x));
        if (!fault.isEmpty()) {
            throw new IllegalArgumentException(fault);
        }
    }

    /** What a check of the layer in whose frame it runs finds; empty for nothing. */
    private static String fault(Layer layer, Tensor x) {
        boolean function = !layer.getClass().isRecord();
        String name = function ? "a function" : layer.getClass().getSimpleName();
        if (layer.stepReading() == MIXED) {
            return "lengths" + Where.running() + ": " + name + " mixes the steps of its sequences, or "
                    + (function
                            ? "one of its ops is neither elementwise nor a softmax over features"
                            : "does not say that it does not")
                    + ", so padding would change its result; "
                    + (function
                            ? ""
                            : "if it is your own, let it override stepReading() or implement SequenceLayer; if not, ")
                    + "put it into TimeDistributed if it computes each step alone, and otherwise behind a layer that"
                    + " makes one result of each sequence, whose keepsSteps() is false";
        }
        if (x.shape().rank() < (x.dtype() == DType.I32 ? 2 : 3) && !(layer instanceof TimeDistributed)) {
            return "lengths" + Where.running() + ": x " + x.shape() + " of " + name
                    + " must be [n, steps, features]; give steps of one number as [n, steps, 1], and if the layer"
                    + " before makes one result of each sequence, let its keepsSteps() return false";
        }
        return "";
    }
}

package dev.fathom.tensor;

import dev.fathom.autograd.Frame;
import dev.fathom.autograd.Frames;
import dev.fathom.autograd.Scope;
import dev.fathom.autograd.Value;
import dev.fathom.autograd.Values;
import dev.fathom.kernel.Kernel;
import dev.fathom.op.DType;
import dev.fathom.op.Op;
import dev.fathom.op.Shape;
import dev.fathom.op.Where;
import java.util.Objects;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The scope of a computation: it owns every tensor made while it is the thread's innermost pass, records what backward
 * needs, and frees all of it at its close. Use it in try-with-resources; it belongs to the thread that opened it.
 *
 * <p>{@link #train} records and is in training mode, in which dropout drops. {@link #grad} records in evaluation mode.
 * {@link #infer} does neither, and frees intermediates as soon as the net that made them returns. Only a pass that was
 * opened with an {@link Rng} draws random numbers.
 */
public final class Pass extends Scope implements AutoCloseable {
    private Pass(boolean recording, boolean training, boolean tracing, @Nullable Rng rng) {
        super(recording, training, tracing, rng);
    }

    /**
     * Opens a pass that records for backward, in training mode; random layers draw from {@code rng}. Buffers, such as
     * the running statistics of batch norms, change when the first backward in the pass has succeeded, and stay as they
     * are without one.
     */
    public static Pass train(Rng rng) {
        Objects.requireNonNull(rng, "train: rng is null; give the Rng that dropout and its like draw from");
        return new Pass(true, true, false, rng);
    }

    /**
     * Opens a pass that records for backward, in evaluation mode, for example for gradients with respect to inputs,
     * saliency or style.
     */
    public static Pass grad() {
        return new Pass(true, false, false, null);
    }

    /** Opens a pass that records for backward, in evaluation mode, whose random ops draw from {@code rng}. */
    public static Pass grad(Rng rng) {
        Objects.requireNonNull(rng, "grad: rng is null; give the Rng to draw from, or call grad()");
        return new Pass(true, false, false, rng);
    }

    /** Opens a pass that records nothing, in evaluation mode, and frees each intermediate when its net returns. */
    public static Pass infer() {
        return new Pass(false, false, false, null);
    }

    /**
     * Opens a pass that records nothing, in evaluation mode, for models that sample: random ops draw from {@code rng}.
     */
    public static Pass infer(Rng rng) {
        Objects.requireNonNull(rng, "infer: rng is null; give the Rng to draw from, or call infer()");
        return new Pass(false, false, false, rng);
    }

    /**
     * Opens a pass for shapes: it records every call that depends on one of its {@link #input}s without computing it,
     * so that results have shapes and no values, and reading them is refused. What depends on other tensors alone is
     * computed. A net's summary and a plan are made so.
     *
     * @param training whether random and normalizing layers behave as in training
     * @param rng what random ops draw from; without one they are refused
     */
    public static Pass trace(boolean training, @Nullable Rng rng) {
        return new Pass(false, training, true, rng);
    }

    /**
     * Returns whether a pass is open on this thread, and random and normalizing layers do not behave as in training
     * there.
     */
    public static boolean evaluating() {
        Scope s = innermost();
        return s != null && !((Pass) s).training();
    }

    /**
     * Returns the thread's innermost pass.
     *
     * @throws IllegalStateException if there is none
     */
    public static Pass current() {
        return (Pass) Scope.current();
    }

    /**
     * Runs {@code body} in the current pass without recording. Its result is a constant, and everything else that it
     * made is freed at once.
     *
     * @throws IllegalStateException if no pass is open on this thread
     */
    public static Tensor noGrad(Supplier<Tensor> body) {
        Pass p = current();
        p.checkThread();
        Tensor y = p.withoutRecording(body);
        return y.needsGradient() ? p.detach(y) : y;
    }

    /**
     * Calls a net's own method in a frame of its own, as {@code Layer.apply} does for {@code forward}: what the method
     * made and does not return is freed at once. Every tensor in a returned record, list, map or array is kept.
     */
    public static <T> T frame(Object net, Supplier<T> body) {
        Frame f = Frames.current().enter(net);
        T result = null;
        try {
            result = body.get();
            return result;
        } catch (StackOverflowError e) {
            throw f.tooDeep(e);
        } finally {
            f.leave(result);
        }
    }

    /** Returns whether random and normalizing layers behave as in training here. */
    @Override
    public boolean training() {
        return super.training();
    }

    /** Returns whether calls are recorded for backward here. */
    @Override
    public boolean recording() {
        return super.recording();
    }

    /**
     * Returns the stream from which random ops draw.
     *
     * @throws IllegalStateException if the pass was opened without one, or traces a plan
     */
    public Rng rng() {
        if (!(random() instanceof Rng rng)) {
            throw new IllegalStateException(
                    tracing()
                            ? "freeze: a plan draws no random numbers" + Where.running()
                                    + "; draw them outside and give them as an input"
                            : "rng" + Where.running()
                                    + ": this pass has no random numbers to draw; open it with Pass.train(rng), "
                                    + "Pass.grad(rng) or Pass.infer(rng)");
        }
        return rng;
    }

    /**
     * Returns the calls recorded so far. The tape stays readable after the close, although its tensors are dead then.
     */
    public Tape tape() {
        return (Tape) recorded();
    }

    /** Returns the bytes that tensors of this pass take now. */
    public long liveBytes() {
        checkOpen();
        return arena().live();
    }

    /** Returns the most bytes that tensors of this pass took at the same time. */
    public long peakBytes() {
        checkOpen();
        return arena().peak();
    }

    /**
     * Returns a constant of normally distributed numbers with mean 0 and deviation 1.
     *
     * @throws IllegalStateException as {@link #rng}
     */
    public Tensor randn(int... dims) {
        return random(Kernel.NORMAL, Shape.of(dims), 0, 1);
    }

    /**
     * Returns a constant of numbers that are uniform in [lo, hi).
     *
     * @throws IllegalStateException as {@link #rng}
     */
    public Tensor uniform(Shape shape, float lo, float hi) {
        return random(Kernel.UNIFORM, shape, lo, hi);
    }

    private Tensor random(Kernel kernel, Shape shape, float p0, float p1) {
        checkThread();
        Rng stream = rng();
        Tensor t = create(shape, DType.F32);
        long n = shape.size();
        commands()
                .begin(kernel)
                .at(Values.address(t))
                .put(n)
                .put(p0)
                .put(p1)
                .put(stream.seed())
                .put(stream.take(n))
                .run();
        return t;
    }

    Tensor full(Shape shape, float value) {
        Tensor t = create(shape, DType.F32);
        commands()
                .begin(Kernel.FILL)
                .at(Values.address(t))
                .put(shape.size())
                .put(value)
                .run();
        return t;
    }

    /**
     * Asks for the gradient with respect to {@code x} and returns the tensor to use from here on. If {@code x} is an
     * input, this is a view of it; if {@code x} is a result recorded in this pass, it is {@code x} itself. Read the
     * gradient with {@link #gradient} after backward.
     *
     * @throws IllegalStateException if the pass does not record
     * @throws IllegalArgumentException if {@code x} is not F32
     */
    public Tensor watch(Tensor x) {
        return (Tensor) watched(x);
    }

    /**
     * Returns the gradient of a watched tensor, or null if no backward has reached it.
     *
     * @throws IllegalArgumentException if the tensor was not watched in this pass
     */
    public @Nullable Tensor gradient(Tensor watched) {
        return (Tensor) gradientOf(watched);
    }

    // ---- running ops

    /**
     * Runs an op and returns its first result. Inputs that the op calls optional may be null.
     *
     * @throws IllegalArgumentException if an input has the wrong element type, or the op refuses the shapes
     */
    public static Tensor apply(Op op, @Nullable Tensor... in) {
        return call(op, in.clone());
    }

    /**
     * Runs an op in the thread's innermost pass and returns all of its results. Those that exist only for backward may
     * be null.
     */
    public static Tensor[] applyAll(Op op, @Nullable Tensor... in) {
        return (Tensor[]) current().run(op, in.clone()).clone();
    }

    /** Runs an op as {@link #apply} does, for callers that make an array for each call: the tape keeps it. */
    static Tensor call(Op op, @Nullable Tensor... in) {
        return (Tensor) current().run(op, in)[0];
    }

    /** The shape of an op's result, or what it refuses; nothing runs. */
    Shape shape(Op op, @Nullable Tensor... in) {
        return shapeOf(op, in);
    }

    /** An uninitialized constant of this pass. */
    Tensor create(Shape shape, DType dtype) {
        return (Tensor) create(shape, dtype, null);
    }

    /** These values as a constant, through which no gradient flows. */
    Tensor detach(Tensor t) {
        return (Tensor) constant(t);
    }

    /**
     * Returns an input of a pass that {@link #trace} opened: a shape without values.
     *
     * @throws IllegalStateException if this pass computes, or is closed
     */
    public Tensor input(Shape shape, DType dtype) {
        return (Tensor) traced(shape, dtype);
    }

    @Override
    protected Tensor value(Shape shape, DType dtype, @Nullable Value base, long at, @Nullable Op op) {
        return new Tensor(shape, dtype, this, base, at, op);
    }

    @Override
    protected Tape newRecording() {
        return new Tape();
    }

    @Override
    protected Tensor[] results(int n) {
        return new Tensor[n];
    }

    /**
     * Computes the gradients of {@code loss}, a scalar, with respect to {@code targets}: models, parts, parameters or
     * watched tensors. Without targets, these are all parameters and watched tensors that the loss depends on. The
     * first backward after an optimizer step replaces the gradients of parameters, and later ones add to them, in this
     * pass or in another. Several losses may therefore come one after the other, and so may the parts of a batch, each
     * loss weighted by its share. One loss may be given to several targets, one after the other, but not twice to the
     * same target, whose gradient would be doubled, unless that gradient was used or cleared in between. Buffers are
     * updated when the first backward has succeeded. After a failure the targets have no gradient.
     *
     * @throws IllegalArgumentException if the loss is not a single F32 number
     * @throws IllegalStateException if nothing was recorded for it, a parameter or buffer that backward reads has
     *     changed since, the loss depends on none of the targets, or one of them still has the gradient that an earlier
     *     backward of this loss gave it
     */
    public void backward(Tensor loss, Target... targets) {
        gradients(loss, targets.length == 0 ? null : leaf -> wanted((Tensor) leaf, targets));
    }

    private static boolean wanted(Tensor leaf, Target[] targets) {
        for (Target t : targets) {
            if (t.wants(leaf)) {
                return true;
            }
        }
        return false;
    }

    /**
     * Frees every tensor of the pass. Closing twice does nothing.
     *
     * @throws IllegalStateException if it belongs to another thread, a pass opened later is still open, or a net or an
     *     op is running in it
     */
    @Override
    public void close() {
        end();
    }
}

package dev.fathom.nets;

import static dev.fathom.op.Activation.TANH;

import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Steps;
import dev.fathom.op.DType;
import dev.fathom.op.Shape;
import dev.fathom.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * A Neural Turing Machine (Graves, Wayne and Danihelka 2014) whose controller has no memory of its own: h = tanh(W [x,
 * r]) of the input x and of what was read before. Two heads, one that writes and one that reads, each have weights w
 * over the slots of a memory M [slots, width]. From h come for each head
 *
 * <pre>
 * a key k and its strength b:    c[i] = softmax over i of b cos(k, M[i])
 * a gate g:                      c becomes g c + (1 - g) w, where w are the weights of the step before
 * a shift s over -1, 0, 1:       c[i] becomes s[-1] c[i + 1] + s[0] c[i] + s[1] c[i - 1], in a circle
 * an exponent q of at least 1:   w[i] = c[i]^q / sum c^q
 * </pre>
 *
 * <p>and for the writing head what it erases and adds: M[i] becomes M[i] (1 - w[i] e) + w[i] a. Then r = sum w[i] M[i]
 * of the reading head is read, and the output is linear in h and r. The memory begins with the same small number in all
 * slots (Collier and Beel 2018), and both heads at slot 0.
 *
 * <pre>{@code
 * var machine = new TuringMachine(9, 8, 100, 128, 20);
 * Tensor y = machine.apply(x);                             // [n, t, 9] to [n, t, 8]
 * }</pre>
 *
 * @param controller from x and r to h
 * @param address from h to the numbers of both heads
 * @param change from h to e and a
 * @param out from h and r to the output
 * @param slots of the memory
 * @param width of a slot
 */
public record TuringMachine(Linear controller, Linear address, Linear change, Linear out, int slots, int width)
        implements Layer {
    private static final int HEADS = 2;
    private static final int SHIFTS = 3;
    private static final float EMPTY = 1e-3f;

    /**
     * Makes a machine from {@code in} numbers of a step to {@code out} numbers, whose controller has {@code hidden}
     * units.
     *
     * @throws IllegalArgumentException if a size is below 1, or there are fewer than 3 slots
     */
    public TuringMachine(int in, int out, int hidden, int slots, int width) {
        this(
                new Linear(in + width, hidden).act(TANH),
                new Linear(hidden, HEADS * (width + SHIFTS + 3)),
                new Linear(hidden, 2 * width),
                new Linear(hidden + width, out),
                slots,
                width);
        if (slots < SHIFTS) {
            throw new IllegalArgumentException("turing machine: slots=" + slots + "; give at least " + SHIFTS
                    + ", so that a shift to each side leads to another slot");
        }
    }

    /**
     * What is carried from step to step.
     *
     * @param memory M [n, slots, width]
     * @param weights of the writing and of the reading head, [n, 2, slots]
     * @param read r [n, width]
     * @param output [n, out]
     */
    public record State(Tensor memory, Tensor weights, Tensor read, Tensor output) {}

    /** Returns the state before the first step of n sequences: both heads are at slot 0 of an empty memory. */
    public State start(int n) {
        Tensor first = Tensor.arange(slots).to(DType.F32).eq(0).expand(n, HEADS, slots);
        return new State(
                Tensor.full(Shape.of(n, slots, width), EMPTY), first, Tensor.zeros(n, width), Tensor.zeros(n, 1));
    }

    /** Returns the state after a step, which takes x [n, in]. */
    public State step(Tensor x, State before) {
        int n = x.dim(0);
        Tensor h = controller.apply(Tensor.concat(1, x, before.read));
        Tensor weights = addressed(address.apply(h).reshape(n, HEADS, width + SHIFTS + 3), before);
        Tensor writing = weights.slice(1, 0, 1).transpose(1, 2); // [n, slots, 1]
        Tensor changes = change.apply(h).unsqueeze(1); // [n, 1, 2 width]
        Tensor erase = changes.slice(2, 0, width).sigmoid();
        Tensor add = changes.slice(2, width, 2 * width).tanh();
        Tensor memory = before.memory.mul(writing.mul(erase).rsub(1)).add(writing.mul(add));
        Tensor read = weights.slice(1, 1, 2).matmul(memory).squeeze(1);
        return new State(memory, weights, read, out.apply(Tensor.concat(1, h, read)));
    }

    private Tensor addressed(Tensor numbers, State before) {
        Tensor key = numbers.slice(2, 0, width);
        Tensor strength = numbers.slice(2, width, width + 1).softplus();
        Tensor gate = numbers.slice(2, width + 1, width + 2).sigmoid();
        Tensor exponent = numbers.slice(2, width + 2, width + 3).softplus().add(1);
        Tensor shift = numbers.slice(2, width + 3, width + 3 + SHIFTS).softmax(-1);
        Tensor cosines = unit(key).matmulTransposed(unit(before.memory));
        Tensor content = cosines.mul(strength).softmax(-1);
        Tensor c = before.weights.add(content.sub(before.weights).mul(gate));
        Tensor moved = c.roll(2, -1)
                .mul(shift.slice(2, 0, 1))
                .add(c.mul(shift.slice(2, 1, 2)))
                .add(c.roll(2, 1).mul(shift.slice(2, 2, 3)));
        Tensor sharp = moved.add(1e-6f).pow(exponent);
        return sharp.div(sharp.sum(2).unsqueeze(2));
    }

    private static Tensor unit(Tensor x) {
        return x.mul(x.square().sum(-1).unsqueeze(-1).add(1e-8f).rsqrt());
    }

    /** Returns the states after each step of x [n, t, in]. */
    public List<State> states(Tensor x) {
        List<State> all = new ArrayList<>();
        State state = start(x.dim(0));
        for (int t = 0; t < x.dim(1); t++) {
            state = step(x.slice(1, t, t + 1).squeeze(1), state);
            all.add(state);
        }
        return all;
    }

    /** Padding may lie behind a sequence, since no step depends on later ones. */
    @Override
    public Steps stepReading() {
        return Steps.PADDED_BEHIND;
    }

    @Override
    public Tensor forward(Tensor x) {
        return Tensor.stack(1, states(x).stream().map(State::output).toArray(Tensor[]::new));
    }
}

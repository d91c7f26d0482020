package dev.fathom.nn;

/**
 * A layer that computes each step of sequences [n, steps, ..] alone, so that padding may lie anywhere: y [n, t] depends
 * on x [n, t] and nothing else.
 */
public interface StepwiseLayer extends Layer {
    @Override
    default Steps stepReading() {
        return Steps.EACH;
    }
}

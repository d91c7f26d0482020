package dev.fathom.labs.reinforcement;

import java.util.SplittableRandom;

/**
 * A pole on a cart that is pushed to the left or to the right (Barto, Sutton and Anderson 1983), with the constants of
 * OpenAI Gym's CartPole-v1. Each step in which the pole stands earns 1. An episode ends when the pole leans by more
 * than 12 degrees or the cart is 2.4 from the middle, and has 500 steps at most. A state is the place and speed of the
 * cart, and the lean of the pole and its speed.
 */
record CartPole(Spec spec) implements World {
    static final int MOST = 500;
    private static final double GRAVITY = 9.8;
    private static final double POLE = 0.1;
    private static final double BOTH = 1.1;
    private static final double HALF = 0.5;
    private static final double FORCE = 10;
    private static final double SECONDS = 0.02;
    private static final double LEAN = 12 * Math.PI / 180;
    private static final double TRACK = 2.4;

    CartPole() {
        this(new Spec(4, 2, 128, 0.01, MOST));
    }

    @Override
    public double[] begin(SplittableRandom rng) {
        return rng.doubles(4).map(u -> 0.1 * u - 0.05).toArray();
    }

    @Override
    public Step act(double[] state, int action, SplittableRandom rng) {
        double cos = Math.cos(state[2]);
        double sin = Math.sin(state[2]);
        double push = ((action == 1 ? FORCE : -FORCE) + POLE * HALF * state[3] * state[3] * sin) / BOTH;
        double turn = (GRAVITY * sin - cos * push) / (HALF * (4.0 / 3 - POLE * cos * cos / BOTH));
        double[] next = {state[1], push - POLE * HALF * turn * cos / BOTH, state[3], turn};
        for (int i = 0; i < next.length; i++) {
            next[i] = state[i] + SECONDS * next[i];
        }
        return new Step(next, 1, Math.abs(next[0]) > TRACK || Math.abs(next[2]) > LEAN);
    }
}

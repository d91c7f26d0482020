package dev.fathom.labs.reinforcement;

import java.util.SplittableRandom;

/**
 * A pole on a cart that is pushed to the left or to the right (Barto, Sutton and Anderson 1983), with the constants of
 * OpenAI Gym's CartPole-v1. Each step in which the pole stands earns 1. An episode ends when the pole leans by more
 * than 12 degrees or the cart is 2.4 from the middle, and has 500 steps at most.
 */
final class CartPole implements World {
    static final int MOST = 500;
    private static final double GRAVITY = 9.8;
    private static final double POLE = 0.1;
    private static final double BOTH = 1.1;
    private static final double HALF = 0.5;
    private static final double FORCE = 10;
    private static final double SECONDS = 0.02;
    private static final double LEAN = 12 * Math.PI / 180;
    private static final double TRACK = 2.4;

    /** Place and speed of the cart, lean of the pole and its speed. */
    private final double[] state = new double[4];

    private int steps;

    @Override
    public int features() {
        return 4;
    }

    @Override
    public int actions() {
        return 2;
    }

    @Override
    public float[] begin(SplittableRandom rng) {
        steps = 0;
        for (int i = 0; i < 4; i++) {
            state[i] = 0.1 * rng.nextDouble() - 0.05;
        }
        return floats();
    }

    /** Begins in a state of one's choice. */
    float[] begin(double... at) {
        steps = 0;
        System.arraycopy(at, 0, state, 0, 4);
        return floats();
    }

    @Override
    public Step act(int action, SplittableRandom rng) {
        double cos = Math.cos(state[2]);
        double sin = Math.sin(state[2]);
        double push = ((action == 1 ? FORCE : -FORCE) + POLE * HALF * state[3] * state[3] * sin) / BOTH;
        double turn = (GRAVITY * sin - cos * push) / (HALF * (4.0 / 3 - POLE * cos * cos / BOTH));
        double speedUp = push - POLE * HALF * turn * cos / BOTH;
        state[0] += SECONDS * state[1];
        state[1] += SECONDS * speedUp;
        state[2] += SECONDS * state[3];
        state[3] += SECONDS * turn;
        boolean ended = Math.abs(state[0]) > TRACK || Math.abs(state[2]) > LEAN;
        return new Step(floats(), 1, ended, ended || ++steps >= MOST);
    }

    private float[] floats() {
        return new float[] {(float) state[0], (float) state[1], (float) state[2], (float) state[3]};
    }
}

package dev.fathom.labs.reinforcement;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The world of 4 x 3 cells in Russell and Norvig's textbook: an agent begins at the lower left, and each step costs
 * 0.04 until it comes to the cell that earns 1 or to the one below it that costs 1. It goes where it wants with a
 * probability of 0.8, and to the left or right of that with 0.1 each. A wall, also the one in the middle, keeps it
 * where it is.
 */
final class GridWorld implements World {
    static final int CELLS = 12;
    static final int MOST = 100;
    private static final int COLUMNS = 4;
    private static final int WALL = 5; // column 2 of row 2, counted from the lower left
    private static final int GOAL = 11;
    private static final int PIT = 7;
    private static final double COST = -0.04;
    /** Up, right, down, left: the neighbors of an action in this circle are where the agent may slip to. */
    private static final int[][] WAYS = {{0, 1}, {1, 0}, {0, -1}, {-1, 0}};

    private static final double[] SLIPS = {0.8, 0.1, 0.1};

    private int cell;
    private int steps;

    @Override
    public int features() {
        return CELLS;
    }

    @Override
    public int actions() {
        return WAYS.length;
    }

    @Override
    public float[] begin(SplittableRandom rng) {
        cell = 0;
        steps = 0;
        return state(cell);
    }

    /** The state of the agent in a cell: a one at its number. */
    static float[] state(int cell) {
        float[] state = new float[CELLS];
        state[cell] = 1;
        return state;
    }

    @Override
    public Step act(int action, SplittableRandom rng) {
        double drawn = rng.nextDouble();
        int way = drawn < SLIPS[0] ? 0 : drawn < SLIPS[0] + SLIPS[1] ? 1 : 2;
        cell = reached(cell, slipped(action, way));
        boolean ended = cell == GOAL || cell == PIT;
        return new Step(state(cell), reward(cell), ended, ended || ++steps >= MOST);
    }

    private static int slipped(int action, int way) {
        return (action + (way == 0 ? 0 : way == 1 ? 1 : WAYS.length - 1)) % WAYS.length;
    }

    private static int reached(int from, int way) {
        int column = from % COLUMNS + WAYS[way][0];
        int row = from / COLUMNS + WAYS[way][1];
        int to = row * COLUMNS + column;
        boolean free = column >= 0 && column < COLUMNS && row >= 0 && row < CELLS / COLUMNS && to != WALL;
        return free ? to : from;
    }

    /**
     * The textbook counts a cell's own reward; here a step earns that of the cell that it leaves, or of the end that it
     * comes to, so that sums agree.
     */
    private static double reward(int to) {
        return to == GOAL ? 1 + COST : to == PIT ? -1 + COST : COST;
    }

    /**
     * What is earned from each cell on average in 100 steps at most.
     *
     * @param shares with which each action is taken, [cells][actions]; null for the best actions
     */
    static double[] values(double @Nullable [][] shares) {
        double[] values = new double[CELLS];
        for (int step = 0; step < MOST; step++) {
            double[] next = new double[CELLS];
            for (int from = 0; from < CELLS; from++) {
                if (from == GOAL || from == PIT || from == WALL) {
                    continue;
                }
                double[] earned = new double[WAYS.length];
                for (int action = 0; action < WAYS.length; action++) {
                    for (int way = 0; way < SLIPS.length; way++) {
                        int to = reached(from, slipped(action, way));
                        earned[action] += SLIPS[way] * (reward(to) + values[to]);
                    }
                }
                int here = from;
                next[from] = shares == null
                        ? Arrays.stream(earned).max().orElseThrow()
                        : IntStream.range(0, WAYS.length)
                                .mapToDouble(action -> shares[here][action] * earned[action])
                                .sum();
            }
            values = next;
        }
        return values;
    }
}

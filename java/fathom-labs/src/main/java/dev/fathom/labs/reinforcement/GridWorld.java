package dev.fathom.labs.reinforcement;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.function.ToDoubleBiFunction;
import java.util.stream.IntStream;

/**
 * The world of 4 x 3 cells in Russell and Norvig's textbook: an agent begins at the lower left, and each step costs
 * 0.04 until it comes to the cell that earns 1 or to the one below it that costs 1. It goes where it wants with a
 * probability of 0.8, and to the left or right of that with 0.1 each. A wall, also the one in the middle, keeps it
 * where it is. A state has a one at the number of its cell.
 */
record GridWorld(Spec spec) implements World {
    private static final int CELLS = 12;
    private static final int COLUMNS = 4;
    private static final int MOST = 100;
    private static final int WALL = 5; // column 2 of row 2, counted from the lower left
    private static final int GOAL = 11;
    private static final int PIT = 7;
    /** Up, right, down, left: the neighbors of an action in this circle are where the agent may slip to. */
    private static final int[][] WAYS = {{0, 1}, {1, 0}, {0, -1}, {-1, 0}};

    private static final double[] SLIPS = {0.8, 0.1, 0.1};
    private static final int[] TURNS = {0, 1, 3};

    GridWorld() {
        this(new Spec(CELLS, WAYS.length, 32, 1, MOST));
    }

    @Override
    public double[] begin(SplittableRandom rng) {
        return state(0);
    }

    private static double[] state(int cell) {
        return IntStream.range(0, CELLS).mapToDouble(c -> c == cell ? 1 : 0).toArray();
    }

    @Override
    public Step act(double[] state, int action, SplittableRandom rng) {
        double drawn = rng.nextDouble();
        int from = (int) Arrays.stream(state).takeWhile(v -> v == 0).count();
        int to = reached(from, action, drawn < SLIPS[0] ? 0 : drawn < SLIPS[0] + SLIPS[1] ? 1 : 2);
        return new Step(state(to), reward(to), to == GOAL || to == PIT);
    }

    private static int reached(int from, int action, int slip) {
        int[] way = WAYS[(action + TURNS[slip]) % WAYS.length];
        int column = from % COLUMNS + way[0];
        int row = from / COLUMNS + way[1];
        int to = row * COLUMNS + column;
        boolean free = column >= 0 && column < COLUMNS && row >= 0 && row < CELLS / COLUMNS && to != WALL;
        return free ? to : from;
    }

    /**
     * The textbook counts a cell's own reward; here a step earns that of the cell that it leaves, or of the end that it
     * comes to, so that sums agree.
     */
    private static double reward(int to) {
        return (to == GOAL ? 1 : to == PIT ? -1 : 0) - 0.04;
    }

    /** Computed exactly, by the probabilities of all ways. */
    @Override
    public double score(Agent agent, int episodes, SplittableRandom rng) {
        int[] actions =
                agent.apply(IntStream.range(0, CELLS).mapToObj(GridWorld::state).toList());
        return values((from, earned) -> earned[actions[from]])[0];
    }

    /**
     * What is earned in 100 steps on average from each cell, by a policy that makes one number of its four actions'.
     */
    static double[] values(ToDoubleBiFunction<Integer, double[]> policy) {
        double[] values = new double[CELLS];
        for (int step = 0; step < MOST; step++) {
            double[] next = new double[CELLS];
            for (int from = 0; from < CELLS; from++) {
                double[] earned = new double[WAYS.length];
                for (int way = 0; way < WAYS.length * SLIPS.length; way++) {
                    int to = reached(from, way / SLIPS.length, way % SLIPS.length);
                    earned[way / SLIPS.length] += SLIPS[way % SLIPS.length] * (reward(to) + values[to]);
                }
                boolean over = from == GOAL || from == PIT || from == WALL;
                next[from] = over ? 0 : policy.applyAsDouble(from, earned);
            }
            values = next;
        }
        return values;
    }
}

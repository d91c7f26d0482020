package dev.fathom.labs.reinforcement;

import dev.fathom.experiments.statistics.Averages;
import dev.fathom.nn.Layer;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Chooses an action for each of several states at once. */
interface Agent extends Function<List<double[]>, int[]> {
    /** The agent that chooses the action of the largest output of a network. */
    static Agent greedy(Layer net) {
        return states -> {
            try (Pass pass = Pass.infer()) {
                return net.apply(tensor(states.stream())).argmax(1).toIntArray();
            }
        };
    }

    /** Rows as a tensor. */
    static Tensor tensor(Stream<double[]> of) {
        float[][] rows = of.map(Averages::floats).toArray(float[][]::new);
        return Tensor.of(Averages.flat(rows), rows.length, rows[0].length);
    }

    /** One number of each row, which a column names. */
    static Tensor taken(Tensor rows, Tensor columns) {
        return rows.mul(columns.oneHot(rows.dim(1))).sum(1);
    }

    /** Draws an index by weights, of which at least one is above 0. */
    static int drawn(double[] weights, SplittableRandom rng) {
        double sum = 0;
        for (double weight : weights) {
            sum += weight;
        }
        double left = rng.nextDouble() * sum;
        int index = 0;
        for (int i = 0; i < weights.length && left >= 0; i++) {
            index = weights[i] > 0 ? i : index;
            left -= weights[i];
        }
        return index;
    }

    /** Draws some of a list, each of all. */
    static <T> List<T> some(int n, List<T> of, SplittableRandom rng) {
        return Stream.generate(() -> of.get(rng.nextInt(of.size()))).limit(n).toList();
    }

    /** An action in a state, and what came of it. */
    record Move(double[] state, int action, World.Step step) {}

    /** Plays episodes side by side, and returns the moves of each. */
    default List<List<Move>> play(World world, int episodes, SplittableRandom rng) {
        List<double[]> states = new ArrayList<>();
        List<List<Move>> open = new ArrayList<>();
        IntStream.range(0, episodes).forEach(i -> states.add(world.begin(rng)));
        IntStream.range(0, episodes).forEach(i -> open.add(new ArrayList<>()));
        List<List<Move>> played = List.copyOf(open);
        while (!open.isEmpty()) {
            int[] actions = apply(states);
            for (int i = open.size() - 1; i >= 0; i--) {
                World.Step step = world.act(states.get(i), actions[i], rng);
                open.get(i).add(new Move(states.get(i), actions[i], step));
                states.set(i, step.state());
                if (step.ended() || open.get(i).size() == world.spec().most()) {
                    open.remove(i);
                    states.remove(i);
                }
            }
        }
        return played;
    }
}

package dev.fathom.labs.reinforcement;

import dev.fathom.labs.statistics.Averages;
import dev.fathom.nn.Layer;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/** Chooses an action for each of several states at once. */
interface Agent extends Function<float[][], int[]> {
    /** The agent that chooses the action of the largest output of a network. */
    static Agent greedy(Layer net) {
        return states -> {
            float[][] outputs = outputs(net, states);
            return Arrays.stream(outputs).mapToInt(Agent::largest).toArray();
        };
    }

    /** The agent that chooses any action. */
    static Agent random(int actions, SplittableRandom rng) {
        return states ->
                IntStream.range(0, states.length).map(i -> rng.nextInt(actions)).toArray();
    }

    private static int largest(float[] row) {
        int best = 0;
        for (int a = 1; a < row.length; a++) {
            best = row[a] > row[best] ? a : best;
        }
        return best;
    }

    /** What a network says of states, a row for each. */
    static float[][] outputs(Layer net, float[][] states) {
        float[] all;
        try (Pass pass = Pass.infer()) {
            all = net.apply(tensor(states)).toArray();
        }
        int width = all.length / states.length;
        return IntStream.range(0, states.length)
                .mapToObj(i -> Arrays.copyOfRange(all, i * width, (i + 1) * width))
                .toArray(float[][]::new);
    }

    /** Rows as a tensor. */
    static Tensor tensor(float[][] rows) {
        return Tensor.of(Averages.flat(rows), rows.length, rows[0].length);
    }

    /** An action in a state, and what came of it. */
    record Move(float[] state, int action, World.Step step) {}

    /** Plays episodes side by side, and returns the moves of each. */
    default List<List<Move>> play(Supplier<World> worlds, int episodes, SplittableRandom rng) {
        List<World> open = new ArrayList<>();
        List<float[]> states = new ArrayList<>();
        List<List<Move>> played = new ArrayList<>();
        List<List<Move>> going = new ArrayList<>();
        for (int i = 0; i < episodes; i++) {
            open.add(worlds.get());
            states.add(open.get(i).begin(rng));
            going.add(new ArrayList<>());
        }
        played.addAll(going);
        while (!open.isEmpty()) {
            int[] actions = apply(states.toArray(float[][]::new));
            for (int i = open.size() - 1; i >= 0; i--) {
                World.Step step = open.get(i).act(actions[i], rng);
                going.get(i).add(new Move(states.get(i), actions[i], step));
                states.set(i, step.state());
                if (step.last()) {
                    open.remove(i);
                    states.remove(i);
                    going.remove(i);
                }
            }
        }
        return played;
    }

    /** The mean of the rewards of so many episodes. */
    default double score(Supplier<World> worlds, int episodes, SplittableRandom rng) {
        return play(worlds, episodes, rng).stream()
                .mapToDouble(moves ->
                        moves.stream().mapToDouble(m -> m.step().reward()).sum())
                .average()
                .orElseThrow();
    }
}

package dev.fathom.labs.reinforcement;

import dev.fathom.labs.training.Descent;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Activation;
import dev.fathom.optim.BoundOptimizer;
import dev.fathom.optim.Optimizer;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * A network that learns from its own games: its tree search plays both sides, the probabilities come near to the shares
 * of visits, and the value to how the game ended (Silver et al. 2018).
 */
final class SelfPlay implements AutoCloseable {
    private static final int WIDTH = 64;
    private static final int SEARCHES = 40;
    private static final double NOISE = 0.25;
    private static final int MEMORY = 8000;
    private static final int BATCH = 128;
    private static final int STEPS = 30;
    /** The moves of a game that are drawn by their visits; after these the most visited is played. */
    private static final int DRAWN = 4;

    private record Nets(Layer body, Layer policy, Layer value) implements Net {}

    private record Example(float[] position, float[] visits, float result) {}

    private final Model<Nets> model;
    private final BoundOptimizer optimizer;
    private final SplittableRandom rng;
    private final Rng passes;
    private final List<Example> memory = new ArrayList<>();
    /** What the network thinks of positions, until it is taught again. */
    private final Map<TicTacToe, double[]> opinions = new HashMap<>();

    private int games;

    SelfPlay(Optimizer recipe, long seed) {
        Layer body = new Sequential(
                new Linear(2 * TicTacToe.CELLS, WIDTH).act(Activation.RELU),
                new Linear(WIDTH, WIDTH).act(Activation.RELU));
        model = Model.of(
                new Nets(body, new Linear(WIDTH, TicTacToe.CELLS), new Sequential(new Linear(WIDTH, 1), Tensor::tanh)),
                seed);
        optimizer = recipe.on(model);
        rng = new SplittableRandom(seed);
        passes = new Rng(seed);
    }

    /** How many games were played. */
    int games() {
        return games;
    }

    /** Plays some games, and learns from all that are remembered. */
    void learn(int more) {
        for (int g = 0; g < more; g++) {
            play();
        }
        for (int step = 0; step < STEPS; step++) {
            teach();
        }
        opinions.clear();
    }

    private void play() {
        TreeSearch search = new TreeSearch(this::judge);
        List<TicTacToe> positions = new ArrayList<>();
        List<double[]> visits = new ArrayList<>();
        TicTacToe at = TicTacToe.START;
        while (!at.over()) {
            double[] shares = search.visits(at, SEARCHES, NOISE, rng);
            positions.add(at);
            visits.add(shares);
            at = at.after(at.age() < DRAWN ? drawn(shares, rng) : Player.largest(shares));
        }
        float result = at.lost() ? 1 : 0; // for the player of the last move
        for (int i = positions.size() - 1; i >= 0; i--) {
            float[] shares = new float[TicTacToe.CELLS];
            for (int c = 0; c < shares.length; c++) {
                shares[c] = (float) visits.get(i)[c];
            }
            Example example = new Example(positions.get(i).features(), shares, result);
            if (memory.size() < MEMORY) {
                memory.add(example);
            } else {
                memory.set(rng.nextInt(MEMORY), example);
            }
            result = -result;
        }
        games++;
    }

    private static int drawn(double[] shares, SplittableRandom rng) {
        double left = rng.nextDouble();
        int cell = Player.largest(shares);
        for (int c = 0; c < shares.length; c++) {
            left -= shares[c];
            if (left < 0) {
                return c;
            }
        }
        return cell;
    }

    private void teach() {
        float[][] positions = new float[BATCH][];
        float[][] visits = new float[BATCH][];
        float[] results = new float[BATCH];
        for (int i = 0; i < BATCH; i++) {
            Example drawn = memory.get(rng.nextInt(memory.size()));
            positions[i] = drawn.position();
            visits[i] = drawn.visits();
            results[i] = drawn.result();
        }
        Descent.step(model, optimizer, passes, () -> {
            Tensor hidden = model.net().body().apply(Agent.tensor(positions));
            Tensor logs = model.net().policy().apply(hidden).logSoftmax(1);
            Tensor value = model.net().value().apply(hidden).reshape(BATCH);
            return logs.mul(Agent.tensor(visits))
                    .sum(1)
                    .mean()
                    .neg()
                    .add(Loss.mse().of(value, Tensor.of(results, BATCH)));
        });
    }

    /** The network's probabilities of the free cells, and its value of the position. */
    double[] judge(TicTacToe position) {
        return opinions.computeIfAbsent(position, this::opinion).clone();
    }

    private double[] opinion(TicTacToe position) {
        double[] opinion = new double[TicTacToe.CELLS + 1];
        try (Pass pass = Pass.infer()) {
            Tensor hidden = model.net().body().apply(Agent.tensor(new float[][] {position.features()}));
            float[] logits = model.net().policy().apply(hidden).toArray();
            opinion[TicTacToe.CELLS] = model.net().value().apply(hidden).toArray()[0];
            double sum = 0;
            for (int cell : position.moves()) {
                opinion[cell] = Math.exp(logits[cell]);
                sum += opinion[cell];
            }
            for (int cell : position.moves()) {
                opinion[cell] /= sum;
            }
        }
        return opinion;
    }

    @Override
    public void close() {
        optimizer.close();
        model.close();
    }
}

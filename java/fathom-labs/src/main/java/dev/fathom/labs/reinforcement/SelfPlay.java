package dev.fathom.labs.reinforcement;

import dev.fathom.experiments.training.Descent;
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
import java.util.stream.Stream;

/**
 * A network that learns from its own games: its tree search plays both sides, the probabilities come near to the shares
 * of visits, and the value to how the game ended (Silver et al. 2018).
 */
final class SelfPlay implements AutoCloseable {
    static final int SEARCHES = 40;
    private static final int WIDTH = 64;
    private static final double NOISE = 0.25;
    private static final int MEMORY = 8000;
    private static final int BATCH = 128;
    private static final int STEPS = 30;
    /** The moves of a game that are drawn by their visits; after these the most visited is played. */
    private static final int DRAWN = 4;

    /** The body, and two heads on it: logits of moves, and the expected end. */
    record Nets(Layer body, Layer policy, Layer value) implements Net {
        List<Tensor> answers(Tensor positions) {
            Tensor hidden = body.apply(positions);
            return List.of(policy.apply(hidden), value.apply(hidden));
        }
    }

    private record Example(TicTacToe position, double[] visits, double result) {}

    private final Model<Nets> model;
    private final BoundOptimizer optimizer;
    private final SplittableRandom rng;
    private final Rng passes;
    private final List<Example> memory = new ArrayList<>();
    /** What the network thinks of positions, until it is taught again. */
    private final Map<TicTacToe, double[]> opinions = new HashMap<>();

    static Nets nets() {
        return new Nets(
                new Sequential(
                        new Linear(2 * TicTacToe.CELLS, WIDTH).act(Activation.RELU),
                        new Linear(WIDTH, WIDTH).act(Activation.RELU)),
                new Linear(WIDTH, TicTacToe.CELLS),
                new Sequential(new Linear(WIDTH, 1), Tensor::tanh));
    }

    SelfPlay(Optimizer recipe, long seed) {
        model = Model.of(nets(), seed);
        optimizer = recipe.on(model);
        rng = new SplittableRandom(seed);
        passes = new Rng(seed);
    }

    /** Plays some games, and learns from all that are remembered. */
    void learn(int games) {
        for (int g = 0; g < games; g++) {
            play();
        }
        for (int step = 0; step < STEPS; step++) {
            List<Example> drawn = Agent.some(BATCH, memory, rng);
            Descent.step(model, optimizer, passes, () -> loss(drawn));
        }
        opinions.clear();
    }

    private void play() {
        TreeSearch search = new TreeSearch(this::judge, rng);
        List<Example> game = new ArrayList<>();
        TicTacToe at = TicTacToe.START;
        while (!at.over()) {
            double[] shares = search.visits(at, SEARCHES, NOISE);
            game.add(new Example(at, shares, 0));
            at = at.after(at.age() < DRAWN ? Agent.drawn(shares, rng) : Player.largest(shares));
        }
        double result = at.lost() ? 1 : 0; // for the player of the last move
        for (int i = game.size() - 1; i >= 0; i--) {
            Example example = new Example(game.get(i).position, game.get(i).visits, result);
            if (memory.size() < MEMORY) {
                memory.add(example);
            } else {
                memory.set(rng.nextInt(MEMORY), example);
            }
            result = -result;
        }
    }

    private Tensor loss(List<Example> examples) {
        Nets nets = model.net();
        Tensor hidden = nets.body.apply(Agent.tensor(examples.stream().map(e -> e.position.features())));
        Tensor visits = Agent.tensor(examples.stream().map(Example::visits));
        Tensor results = Agent.tensor(examples.stream().map(e -> new double[] {e.result}));
        return nets.policy
                .apply(hidden)
                .logSoftmax(1)
                .mul(visits)
                .sum(1)
                .mean()
                .neg()
                .add(Loss.mse().of(nets.value.apply(hidden), results));
    }

    /** The network's probabilities of the free cells, and its value of the position. */
    double[] judge(TicTacToe position) {
        return opinions.computeIfAbsent(position, this::opinion).clone();
    }

    private double[] opinion(TicTacToe position) {
        double[] opinion = new double[TicTacToe.CELLS + 1];
        try (Pass pass = Pass.infer()) {
            Tensor hidden = model.net().body.apply(Agent.tensor(Stream.of(position.features())));
            float[] logits = model.net().policy.apply(hidden).toArray();
            double sum = 0;
            for (int cell : position.moves()) {
                opinion[cell] = Math.exp(logits[cell]);
                sum += opinion[cell];
            }
            for (int cell : position.moves()) {
                opinion[cell] /= sum;
            }
            opinion[TicTacToe.CELLS] = model.net().value.apply(hidden).item();
        }
        return opinion;
    }

    @Override
    public void close() {
        optimizer.close();
        model.close();
    }
}

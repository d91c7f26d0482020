package dev.fathom.labs.reinforcement;

import dev.fathom.experiments.training.Descent;
import dev.fathom.labs.reinforcement.PolicyValue.Example;
import dev.fathom.nn.Model;
import dev.fathom.optim.BoundOptimizer;
import dev.fathom.optim.Optimizer;
import dev.fathom.tensor.Rng;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * A network that learns from its own games (Silver et al. 2018): its tree search plays both sides, the probabilities
 * come near to the shares of visits, and the value to how the game ended.
 */
final class SelfPlay implements AutoCloseable {
    static final TreeSearch.Bound PUCT = TreeSearch.puct(1.5);
    static final int SEARCHES = 64;
    private static final double NOISE = 0.25;
    private static final int MEMORY = 50_000;
    private static final int BATCH = 256;
    /** How often an example is learned from before it is forgotten. */
    private static final int USES = 4;
    /** The moves of a game that are drawn by their visits; after these the most visited is played. */
    private static final int DRAWN = 12;

    private final Model<PolicyValue> model;
    private final BoundOptimizer optimizer;
    private final SplittableRandom rng;
    private final Rng passes;
    private final List<Example> memory = new ArrayList<>();
    private int oldest;
    /** What the network thinks of positions, which come up again and again, until it is taught again. */
    private final Map<ConnectFour, float[]> opinions = new HashMap<>();

    SelfPlay(Optimizer recipe, long seed) {
        model = Model.of(new PolicyValue(), seed);
        optimizer = recipe.on(model);
        rng = new SplittableRandom(seed);
        passes = new Rng(seed);
    }

    PolicyValue net() {
        return model.net();
    }

    /**
     * Plays some games, and learns from all that are remembered.
     *
     * @param rate the share of the learning rate
     */
    void learn(int games, double rate) {
        List<Example> played = play(games);
        played.forEach(this::remember);
        optimizer.learningRate((float) (rate * optimizer.recipe().learningRate()));
        for (int step = 0; step < USES * played.size() / BATCH; step++) {
            List<Example> drawn = Agent.some(BATCH, memory, rng).stream()
                    .map(e -> rng.nextBoolean() ? e : e.mirrored())
                    .toList();
            Descent.step(model, optimizer, passes, () -> model.net().loss(drawn));
        }
        opinions.clear();
    }

    private float[][] judge(List<ConnectFour> positions) {
        List<ConnectFour> others = positions.stream()
                .filter(p -> !opinions.containsKey(p))
                .distinct()
                .toList();
        if (!others.isEmpty()) {
            float[][] judged = model.net().judge(others);
            for (int i = 0; i < judged.length; i++) {
                opinions.put(others.get(i), judged[i]);
            }
        }
        return positions.stream().map(opinions::get).toArray(float[][]::new);
    }

    private void remember(Example example) {
        if (memory.size() < MEMORY) {
            memory.add(example);
        } else {
            memory.set(oldest, example);
            oldest = (oldest + 1) % MEMORY;
        }
    }

    /** A game on its way. */
    private static final class Game {
        ConnectFour at = ConnectFour.START;
        final List<Example> examples = new ArrayList<>();

        void move(int column, double[] visits) {
            examples.add(new Example(at, visits, 0));
            at = at.after(column);
        }

        /** The positions with the end of the game: the one who moved last has won, if anyone has. */
        Stream<Example> ended() {
            int n = examples.size();
            double won = at.lost() ? 1 : 0;
            return IntStream.range(0, n)
                    .mapToObj(i -> new Example(
                            examples.get(i).position(), examples.get(i).visits(), (n - i) % 2 == 1 ? won : -won));
        }
    }

    /** Plays games side by side, in which both players search with the network. */
    List<Example> play(int games) {
        TreeSearch search = new TreeSearch(this::judge, PUCT, SEARCHES);
        List<Game> all = Stream.generate(Game::new).limit(games).toList();
        List<Game> open = all;
        while (!open.isEmpty()) {
            List<double[]> visits = search.visits(open.stream().map(g -> g.at).toList(), NOISE, rng);
            for (int i = 0; i < visits.size(); i++) {
                double[] shares = visits.get(i);
                Game game = open.get(i);
                game.move(game.at.age() < DRAWN ? Agent.drawn(shares, rng) : Player.largest(shares), shares);
            }
            open = open.stream().filter(g -> !g.at.over()).toList();
        }
        return all.stream().flatMap(Game::ended).toList();
    }

    @Override
    public void close() {
        optimizer.close();
        model.close();
    }
}

package dev.fathom.labs.reinforcement;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Monte Carlo tree search as AlphaZero does it (Silver et al. 2018): from the root, the move of the largest Q + c P
 * sqrt(N) / (1 + n) is taken until a position is new. Its value and the probabilities P of its moves come from a
 * {@link Judge}, and the value is added on the way back, with its sign turned at each move.
 */
record TreeSearch(Judge judge, SplittableRandom rng) {
    private static final double EXPLORATION = 1.5;

    /** What is thought of a position before any search. */
    interface Judge {
        /** The probabilities of all cells, and at last the value for the player to move, from -1 to 1. */
        double[] judge(TicTacToe position);
    }

    /**
     * A judge that has no opinion on moves, and plays at random to the end for the value, as a search without networks
     * does.
     */
    static Judge playingOut(SplittableRandom rng) {
        Player chance = Player.random(rng);
        return position -> {
            double[] opinion = new double[TicTacToe.CELLS + 1];
            for (int cell : position.moves()) {
                opinion[cell] = 1.0 / position.moves().length;
            }
            TicTacToe at = position;
            while (!at.over()) {
                at = at.after(chance.move(at));
            }
            boolean mine = (at.age() - position.age()) % 2 == 0;
            opinion[TicTacToe.CELLS] = !at.lost() ? 0 : mine ? -1 : 1;
            return opinion;
        };
    }

    /** A position with the probabilities of its moves, and what came of their visits. */
    private record Node(double[] shares, @Nullable Node[] next, int[] visits, double[] sums) {
        Node(double[] shares) {
            this(shares, new Node[TicTacToe.CELLS], new int[TicTacToe.CELLS], new double[TicTacToe.CELLS]);
        }

        int all() {
            return IntStream.of(visits).sum();
        }
    }

    /**
     * Searches from a position that is not over.
     *
     * @param noise the random part of the root's probabilities, so that self-play meets other games; 0 for none
     * @return the share of visits of each cell
     */
    double[] visits(TicTacToe position, int searches, double noise) {
        Node root = new Node(judge.judge(position));
        double[] drawn = new double[TicTacToe.CELLS];
        double sum = 0;
        for (int cell : position.moves()) {
            drawn[cell] = -Math.log(1 - rng.nextDouble()); // a Dirichlet distribution of equal shares
            sum += drawn[cell];
        }
        for (int cell : position.moves()) {
            root.shares[cell] = (1 - noise) * root.shares[cell] + noise * drawn[cell] / sum;
        }
        for (int i = 0; i < searches; i++) {
            search(root, position);
        }
        return IntStream.of(root.visits)
                .mapToDouble(n -> (double) n / root.all())
                .toArray();
    }

    /** Goes down once, and returns the value for the player to move. */
    private double search(Node node, TicTacToe position) {
        double[] bounds = new double[TicTacToe.CELLS];
        Arrays.fill(bounds, Double.NEGATIVE_INFINITY);
        double root = Math.sqrt(node.all() + 1);
        for (int cell : position.moves()) {
            int n = node.visits[cell];
            bounds[cell] = node.sums[cell] / Math.max(1, n) + EXPLORATION * node.shares[cell] * root / (1 + n);
        }
        int best = Player.largest(bounds);
        TicTacToe after = position.after(best);
        Node next = node.next[best];
        double value;
        if (after.over()) {
            value = after.lost() ? 1 : 0;
        } else if (next == null) {
            double[] opinion = judge.judge(after);
            node.next[best] = new Node(opinion);
            value = -opinion[TicTacToe.CELLS];
        } else {
            value = -search(next, after);
        }
        node.visits[best]++;
        node.sums[best] += value;
        return value;
    }
}

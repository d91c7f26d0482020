package dev.fathom.labs.reinforcement;

import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * Monte Carlo tree search as AlphaZero does it (Silver et al. 2018): from the root, the move of the largest Q + c P
 * sqrt(N) / (1 + n) is taken until a position is new. Its value and the probabilities P of its moves come from a
 * {@link Judge}, and the value is added on the way back, with its sign turned at each move.
 */
final class TreeSearch {
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
        return position -> {
            double[] opinion = new double[TicTacToe.CELLS + 1];
            for (int cell : position.moves()) {
                opinion[cell] = 1.0 / position.moves().length;
            }
            TicTacToe at = position;
            int sign = 1;
            while (!at.over()) {
                int[] moves = at.moves();
                at = at.after(moves[rng.nextInt(moves.length)]);
                sign = -sign;
            }
            opinion[TicTacToe.CELLS] = at.lost() ? -sign : 0;
            return opinion;
        };
    }

    private static final class Node {
        private final double[] shares;
        private final @Nullable Node[] next = new @Nullable Node[TicTacToe.CELLS];
        private final int[] visits = new int[TicTacToe.CELLS];
        private final double[] sums = new double[TicTacToe.CELLS];
        private int all;

        Node(double[] shares) {
            this.shares = shares;
        }
    }

    private final Judge judge;

    TreeSearch(Judge judge) {
        this.judge = judge;
    }

    /**
     * Searches from a position that is not over.
     *
     * @param noise the random part of the root's probabilities, so that self-play meets other games; 0 for none
     * @return the share of visits of each cell
     */
    double[] visits(TicTacToe position, int searches, double noise, SplittableRandom rng) {
        Node root = new Node(judge.judge(position));
        int[] moves = position.moves();
        double[] drawn = new double[TicTacToe.CELLS];
        double sum = 0;
        for (int cell : moves) {
            drawn[cell] = -Math.log(1 - rng.nextDouble()); // a Dirichlet distribution of equal shares
            sum += drawn[cell];
        }
        for (int cell : moves) {
            root.shares[cell] = (1 - noise) * root.shares[cell] + noise * drawn[cell] / sum;
        }
        for (int i = 0; i < searches; i++) {
            search(root, position);
        }
        double[] shares = new double[TicTacToe.CELLS];
        for (int cell : moves) {
            shares[cell] = (double) root.visits[cell] / root.all;
        }
        return shares;
    }

    /** Goes down once, and returns the value for the player to move. */
    private double search(Node node, TicTacToe position) {
        int best = -1;
        double most = Double.NEGATIVE_INFINITY;
        for (int cell : position.moves()) {
            double mean = node.visits[cell] == 0 ? 0 : node.sums[cell] / node.visits[cell];
            double bound = mean + EXPLORATION * node.shares[cell] * Math.sqrt(node.all + 1) / (1 + node.visits[cell]);
            if (bound > most) {
                most = bound;
                best = cell;
            }
        }
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
        node.all++;
        node.sums[best] += value;
        return value;
    }
}

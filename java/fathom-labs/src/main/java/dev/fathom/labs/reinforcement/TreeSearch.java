package dev.fathom.labs.reinforcement;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * Monte Carlo tree search: from the root, the move of the largest {@link Bound} is taken until a position is new. Its
 * value and the probabilities of its moves come from a {@link Judge}, and the value is added on the way back, with its
 * sign turned at each move. The trees of several games grow side by side, so that their new positions are judged
 * together.
 */
record TreeSearch(Judge judge, Bound bound, int searches) {
    /** What is thought of positions before any search. */
    interface Judge {
        /** For each position the probabilities of the columns, and at last the value for the player to move. */
        float[][] judge(List<ConnectFour> positions);
    }

    /** How good a move may be at best. */
    interface Bound {
        /**
         * Of a move with a probability that was visited {@code n} times, with {@code mean} as its value, where all
         * moves of the position were visited {@code all} times.
         */
        double of(double mean, double probability, int n, int all);
    }

    /** PUCT as in AlphaZero (Silver et al. 2018): Q + c P sqrt(N) / (1 + n). */
    static Bound puct(double c) {
        return (mean, probability, n, all) -> mean + c * probability * Math.sqrt(all) / (1 + n);
    }

    /** UCT (Kocsis and Szepesvari 2006): Q + c sqrt(ln N / n), and each move once first. */
    static Bound uct(double c) {
        return (mean, probability, n, all) ->
                n == 0 ? Double.POSITIVE_INFINITY : mean + c * Math.sqrt(Math.log(all) / n);
    }

    /** Has no opinion on moves, and plays at random to the end for the value. */
    static Judge playingOut(SplittableRandom rng) {
        return positions -> positions.stream()
                .map(position -> {
                    float[] opinion = new float[ConnectFour.COLUMNS + 1];
                    opinion[ConnectFour.COLUMNS] = position.playedOut(rng);
                    return opinion;
                })
                .toArray(float[][]::new);
    }

    /** A position with the probabilities of its moves, and what came of their visits. */
    private static final class Node {
        final ConnectFour position;
        final boolean over;
        final int[] moves;
        float[] shares = {};
        final @Nullable Node[] next = new Node[ConnectFour.COLUMNS];
        final int[] visits = new int[ConnectFour.COLUMNS];
        final double[] sums = new double[ConnectFour.COLUMNS];
        int all;

        Node(ConnectFour position) {
            this.position = position;
            over = position.over();
            moves = over ? new int[0] : position.moves();
        }

        /** The move of the largest bound, the first of several. */
        int selected(Bound bound) {
            int best = moves[0];
            double most = Double.NEGATIVE_INFINITY;
            for (int move : moves) {
                int n = visits[move];
                double of = bound.of(n == 0 ? 0 : sums[move] / n, shares[move], n, all);
                if (of > most) {
                    best = move;
                    most = of;
                }
            }
            return best;
        }

        Node after(int move) {
            Node node = next[move];
            if (node == null) {
                node = new Node(position.after(move));
                next[move] = node;
            }
            return node;
        }
    }

    /** A way from the root to a node that is new or at the end of the game. */
    private static final class Path {
        final List<Node> nodes = new ArrayList<>();
        final List<Integer> moves = new ArrayList<>();
        Node leaf;

        Path(Node root, Bound bound) {
            leaf = root;
            while (leaf.shares.length > 0) {
                int move = leaf.selected(bound);
                nodes.add(leaf);
                moves.add(move);
                leaf = leaf.after(move);
            }
        }

        /** Adds the value of the leaf for the player to move there, which is the opposite for the one who moved. */
        void backUp(double value) {
            for (int i = nodes.size() - 1; i >= 0; i--) {
                value = -value;
                Node node = nodes.get(i);
                node.visits[moves.get(i)]++;
                node.sums[moves.get(i)] += value;
                node.all++;
            }
        }
    }

    /** The share of visits of each column, for each of several positions that are not over. */
    List<double[]> visits(List<ConnectFour> positions) {
        return visits(positions, 0, new SplittableRandom(0));
    }

    /**
     * The shares of visits where the probabilities at the roots are partly random, so that self-play meets other games.
     *
     * @param noise the random part
     */
    List<double[]> visits(List<ConnectFour> positions, double noise, SplittableRandom rng) {
        List<Node> roots = positions.stream().map(Node::new).toList();
        float[][] opinions = judge.judge(positions);
        for (int i = 0; i < opinions.length; i++) {
            roots.get(i).shares = mixed(opinions[i], roots.get(i).moves, noise, rng);
        }
        for (int search = 0; search < searches; search++) {
            search(roots);
        }
        return roots.stream().map(TreeSearch::shares).toList();
    }

    /** Goes down each tree once. */
    private void search(List<Node> roots) {
        List<Path> paths = new ArrayList<>();
        List<ConnectFour> leaves = new ArrayList<>();
        for (Node root : roots) {
            Path path = new Path(root, bound);
            if (path.leaf.over) {
                path.backUp(path.leaf.position.lost() ? -1 : 0);
            } else {
                paths.add(path);
                leaves.add(path.leaf.position);
            }
        }
        if (!leaves.isEmpty()) {
            float[][] opinions = judge.judge(leaves);
            for (int i = 0; i < opinions.length; i++) {
                paths.get(i).leaf.shares = opinions[i];
                paths.get(i).backUp(opinions[i][ConnectFour.COLUMNS]);
            }
        }
    }

    /** (1 - noise) P + noise D of the moves, where D is drawn from a Dirichlet distribution of parameters 1. */
    private static float[] mixed(float[] opinion, int[] moves, double noise, SplittableRandom rng) {
        double[] drawn = new double[ConnectFour.COLUMNS];
        double sum = 0;
        for (int move : moves) {
            drawn[move] = -Math.log(1 - rng.nextDouble());
            sum += drawn[move];
        }
        float[] shares = opinion.clone();
        for (int move : moves) {
            shares[move] = (float) ((1 - noise) * shares[move] + noise * drawn[move] / sum);
        }
        return shares;
    }

    private static double[] shares(Node root) {
        double[] shares = new double[ConnectFour.COLUMNS];
        for (int c = 0; c < shares.length; c++) {
            shares[c] = (double) root.visits[c] / root.all;
        }
        return shares;
    }
}

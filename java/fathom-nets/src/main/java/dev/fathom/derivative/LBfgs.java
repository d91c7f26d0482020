package dev.fathom.derivative;

import dev.fathom.op.Checks;
import dev.fathom.optim.Optimizer;
import dev.fathom.optim.Update;
import dev.fathom.tensor.Vectors;
import dev.fathom.tree.Records;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;

/**
 * L-BFGS (Liu and Nocedal 1989) with a line search for the strong Wolfe conditions, as PyTorch's LBFGS with
 * line_search_fn="strong_wolfe". One step takes up to {@code iterations} iterations: d = -H g, with the inverse Hessian
 * H from the last {@code history} pairs of s = change of the weights and y = change of the gradient; w += t d, with t
 * near the learning rate such that f(w + t d) &lt;= f(w) + 1e-4 t g d and |g(w + t d) d| &lt;= 0.9 |g d|. The very
 * first t is at most lr / |g|_1.
 *
 * <p>The loss is evaluated again many times in a step, so it should be that of the whole dataset: one batch, or
 * {@code accumulate} of all. It is for smooth losses of small nets, or of an image: the vectors of the iterations are
 * held in double precision on the heap. Groups' rate factors and weight decays do not apply, because H mixes all
 * parameters. Different batches from step to step are allowed: a pair is always of one batch.
 *
 * @param learningRate the first t of each line search
 * @param iterations the most iterations of a step
 * @param history the most pairs that are kept, which are saved with the optimizer
 * @param gradientTolerance a step ends when no element of the gradient is larger
 * @param changeTolerance a step ends when loss and weights change by less
 */
public record LBfgs(float learningRate, int iterations, int history, double gradientTolerance, double changeTolerance)
        implements Optimizer {
    private static final double DECREASE = 1e-4;
    private static final double CURVATURE = 0.9;
    private static final int SEARCH = 25;

    /**
     * Checks the numbers.
     *
     * @throws IllegalArgumentException if the learning rate is not positive and finite, a number of iterations or pairs
     *     is below 1, or a tolerance negative
     */
    public LBfgs {
        Checks.learningRate("L-BFGS", learningRate);
        Checks.atLeast("L-BFGS", "iterations", iterations, 1);
        Checks.atLeast("L-BFGS", "history", history, 1);
        Checks.notNegative("L-BFGS", "gradientTolerance", (float) gradientTolerance);
        Checks.notNegative("L-BFGS", "changeTolerance", (float) changeTolerance);
    }

    /**
     * Uses learning rate 1, 20 iterations and tolerances of 1e-7 and 1e-9 as PyTorch does, and a history of 10 pairs,
     * where PyTorch keeps 100.
     */
    public LBfgs() {
        this(1, 20, 10, 1e-7, 1e-9);
    }

    /**
     * Returns this optimizer with another first t of the line searches.
     *
     * @throws IllegalArgumentException if it is not positive and finite
     */
    public LBfgs learningRate(float rate) {
        return Records.with(this, "learningRate", rate);
    }

    /**
     * Returns this optimizer with another number of iterations in a step.
     *
     * @throws IllegalArgumentException if it is below 1
     */
    public LBfgs iterations(int n) {
        return Records.with(this, "iterations", n);
    }

    /**
     * Returns this optimizer with another number of pairs that are kept.
     *
     * @throws IllegalArgumentException if it is below 1
     */
    public LBfgs history(int pairs) {
        return Records.with(this, "history", pairs);
    }

    /** Pair i, counted from the oldest, is s in moment 2 i and y in moment 2 i + 1. */
    @Override
    public int moments() {
        return 2 * history;
    }

    @Override
    public boolean evaluatesAgain() {
        return true;
    }

    /** s, y and y s. */
    private record Pair(double[] s, double[] y, double product) {
        Pair(double[] s, double[] y) {
            this(s, y, Vectors.dot(s, y));
        }
    }

    /**
     * A place of a line search: the distance, the loss there, its gradient, and the slope, which is the gradient's
     * product with the direction.
     */
    private record Place(double t, double loss, double[] gradient, double slope) {}

    @Override
    public void step(Update update) {
        Deque<Pair> pairs = read(update);
        new Steps(update, pairs).run();
        int m = 0;
        for (Pair pair : pairs) {
            int at = m;
            Flat.to(update, pair.s, (p, s) -> p.moment(at, s));
            Flat.to(update, pair.y, (p, y) -> p.moment(at + 1, y));
            m += 2;
        }
    }

    private Deque<Pair> read(Update update) {
        Deque<Pair> pairs = new ArrayDeque<>();
        for (int i = 0; i < history; i++) {
            int m = 2 * i;
            Pair pair = new Pair(Flat.of(update, p -> p.moment(m)), Flat.of(update, p -> p.moment(m + 1)));
            if (!(pair.product > 0)) { // the moments of pairs to come are zeros
                break;
            }
            pairs.add(pair);
        }
        return pairs;
    }

    /** The iterations of one step. */
    private final class Steps {
        private final Update update;
        private final Deque<Pair> pairs;
        private final double rate;
        private double[] w;
        private double[] d = {};
        private int evaluations;

        Steps(Update update, Deque<Pair> pairs) {
            this.update = update;
            this.pairs = pairs;
            double[] rates = {0};
            update.each(p -> rates[0] = p.learningRate());
            rate = rates[0];
            w = Flat.of(update, Update.Part::value);
        }

        void run() {
            double loss = update.again();
            evaluations = 1;
            double[] g = Flat.of(update, Update.Part::gradient);
            for (int i = 0; i < iterations && Flat.largest(g) > gradientTolerance; i++) {
                boolean first = pairs.isEmpty();
                d = direction(g);
                double slope = Vectors.dot(g, d);
                if (!(slope <= -changeTolerance)) {
                    break;
                }
                Place to = search(first ? Math.min(1, 1 / norm1(g)) * rate : rate, new Place(0, loss, g, slope));
                double before = loss;
                w = Flat.plus(w, to.t, d);
                remember(new Pair(Flat.plus(new double[d.length], to.t, d), Flat.plus(to.gradient, -1, g)));
                loss = to.loss;
                g = to.gradient;
                if (evaluations >= iterations * 5 / 4
                        || Flat.largest(d) * to.t <= changeTolerance
                        || Math.abs(loss - before) < changeTolerance) {
                    break;
                }
            }
            Flat.to(update, w, Update.Part::value);
        }

        private void remember(Pair pair) {
            if (pair.product > 1e-10) {
                if (pairs.size() == history) {
                    pairs.removeFirst();
                }
                pairs.addLast(pair);
            }
        }

        /** -H g, by the recursion over the pairs and back. */
        private double[] direction(double[] g) {
            double[] q = Flat.plus(new double[g.length], -1, g);
            if (pairs.isEmpty()) {
                return q;
            }
            List<Double> factors = new ArrayList<>();
            for (Iterator<Pair> newest = pairs.descendingIterator(); newest.hasNext(); ) {
                Pair p = newest.next();
                double factor = Vectors.dot(p.s, q) / p.product;
                factors.add(0, factor);
                q = Flat.plus(q, -factor, p.y);
            }
            Pair last = pairs.getLast();
            double scale = last.product / Vectors.dot(last.y, last.y);
            q = Flat.plus(new double[q.length], scale, q);
            int i = 0;
            for (Pair p : pairs) {
                q = Flat.plus(q, factors.get(i++) - Vectors.dot(p.y, q) / p.product, p.s);
            }
            return q;
        }

        private Place at(double t) {
            Flat.to(update, Flat.plus(w, t, d), Update.Part::value);
            double loss = update.again();
            evaluations++;
            double[] g = Flat.of(update, Update.Part::gradient);
            return new Place(t, loss, g, Vectors.dot(g, d));
        }

        private boolean tooHigh(Place from, Place p) {
            return !(p.loss <= from.loss + DECREASE * p.t * from.slope);
        }

        private boolean flatEnough(Place from, Place p) {
            return Math.abs(p.slope) <= -CURVATURE * from.slope;
        }

        /**
         * Goes on until a place fulfills both conditions or two places have one between them, and then narrows it down.
         */
        private Place search(double t, Place from) {
            Place before = from;
            Place p = at(t);
            int done = 0;
            while (done < SEARCH) {
                if (tooHigh(from, p) || done > 1 && p.loss >= before.loss) {
                    return zoom(from, before, p, done);
                }
                if (flatEnough(from, p)) {
                    return p;
                }
                if (p.slope >= 0) {
                    return zoom(from, before, p, done);
                }
                double next = cubic(before, p, p.t + 0.01 * (p.t - before.t), 10 * p.t);
                before = p;
                p = at(next);
                done++;
            }
            return p.loss < from.loss ? p : from;
        }

        private Place zoom(Place from, Place a, Place b, int done) {
            boolean falls = b.loss < a.loss; // a loss that is not a number is no low
            Place low = falls ? b : a;
            Place high = falls ? a : b;
            boolean slow = false;
            for (int i = done; i < SEARCH; i++) {
                double least = Math.min(low.t, high.t);
                double most = Math.max(low.t, high.t);
                if ((most - least) * Flat.largest(d) < changeTolerance) {
                    break;
                }
                double t = cubic(low, high, least, most);
                double margin = 0.1 * (most - least);
                if (Math.min(most - t, t - least) < margin) {
                    // close to an end: the second time in a row, or at the end itself, away from it
                    if (slow || t >= most || t <= least) {
                        t = most - t < t - least ? most - margin : least + margin;
                        slow = false;
                    } else {
                        slow = true;
                    }
                } else {
                    slow = false;
                }
                Place p = at(t);
                if (tooHigh(from, p) || p.loss >= low.loss) {
                    high = p;
                    if (high.loss < low.loss) {
                        high = low;
                        low = p;
                    }
                    continue;
                }
                if (flatEnough(from, p)) {
                    return p;
                }
                if (p.slope * (high.t - low.t) >= 0) {
                    high = low;
                }
                low = p;
            }
            return low;
        }
    }

    /** Where the cubic through two places with their slopes is least, within bounds. */
    private static double cubic(Place a, Place b, double least, double most) {
        double sum = a.slope + b.slope - 3 * (a.loss - b.loss) / (a.t - b.t);
        double square = sum * sum - a.slope * b.slope;
        if (!(square >= 0)) {
            return (least + most) / 2;
        }
        double root = Math.sqrt(square);
        double at = a.t <= b.t
                ? b.t - (b.t - a.t) * ((b.slope + root - sum) / (b.slope - a.slope + 2 * root))
                : a.t - (a.t - b.t) * ((a.slope + root - sum) / (a.slope - b.slope + 2 * root));
        return Double.isNaN(at) ? (least + most) / 2 : Math.min(Math.max(at, least), most);
    }

    private static double norm1(double[] a) {
        double sum = 0;
        for (double x : a) {
            sum += Math.abs(x);
        }
        return sum;
    }
}

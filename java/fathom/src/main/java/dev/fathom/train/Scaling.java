package dev.fathom.train;

import dev.fathom.op.Checks;

/**
 * How long a step takes that several workers share ({@link Trainer#exchange}), computed of a few numbers that are
 * measured on one worker and its network. As Amdahl (1967) has it, n workers take
 *
 * <pre>
 * T(n) = alone + (step - alone) / n + W(n)
 * </pre>
 *
 * <p>where W(n) is how long they wait for the sum of their gradients, 0 for one. The sum takes S(n), and it begins
 * while the last shard of each worker goes back, so that a step waits for what is left of it, and at least for the
 * gradients of the first layers, which are 2 MB or fewer:
 *
 * <pre>
 * W(n) = max(S(n) - 2/3 (step - alone) / max(shards, n), S(n) of at most 2 MB)
 * </pre>
 *
 * <p>Backward is 2/3 of a shard, because it takes about twice as many operations as forward (Kaplan et al. 2020). Where
 * weights are averaged every few steps instead, nothing goes on beside it, and W(n) = S(n) / every.
 *
 * <p>S(n) is that of the model of Thakur, Rabenseifner and Gropp (2005), in which a message of m bytes takes latency +
 * m / bandwidth, a worker sends and receives at the same time, and all pairs of workers do so beside each other. The
 * additions themselves are left out, because memory moves more than a network does, and so is the wait for the slowest
 * worker.
 *
 * @param step seconds of a step that one worker takes by itself
 * @param alone seconds of these that every worker takes whatever their number is: those of the optimizer, and of what
 *     else does not follow the examples
 * @param bytes what is added up: four for each parameter, and two where gradients are sent as BF16
 * @param every after how many steps it is, 1 unless weights are averaged every few steps
 * @param shards into which a batch is cut, which is at least one for each worker
 * @param latency seconds until a message of a few bytes is there
 * @param bandwidth bytes a second that a worker sends and at the same time receives
 */
public record Scaling(
        double step, double alone, double bytes, int every, int shards, double latency, double bandwidth) {
    /** What the exchange of Spark's workers adds up at a time, which is as large for any number of them. */
    private static final double ROUND = 1 << 21;

    /** The part of a shard that is backward. */
    private static final double BACKWARD = 2.0 / 3;

    /** Ways to add up what all have, with the sum in all of them. */
    public enum Sum {
        /**
         * Each worker sends each other one its part, adds up its own, and sends the sum to all, as workers on Spark do
         * in rounds of 2 MB: {@code 2 (n - 1) (rounds + 1) latency + 2 (n - 1) / n m / bandwidth}, with a further round
         * for loss and metrics. A latency is counted for each message, as in the pairwise exchange of the paper; as
         * these do not wait for each other, many workers take less.
         */
        MESH,
        /** Around a ring, part by part: {@code 2 (n - 1) latency + 2 (n - 1) / n m / bandwidth}. */
        RING,
        /**
         * Recursive halving and doubling, which is Rabenseifner's algorithm: {@code 2 ceil(log2 n) latency + 2 (n - 1)
         * / n m / bandwidth}.
         */
        HALVING,
        /**
         * Up and down a binomial tree, with all bytes on each way: {@code 2 ceil(log2 n) (latency + m / bandwidth)}.
         */
        TREE;

        /** Returns the seconds in which {@code workers} add up {@code bytes}. */
        double seconds(int workers, double bytes, double latency, double bandwidth) {
            int levels = Integer.SIZE - Integer.numberOfLeadingZeros(workers - 1);
            double messages = switch (this) {
                case MESH -> 2.0 * (workers - 1) * (Math.ceil(bytes / ROUND) + 1);
                case RING -> 2.0 * (workers - 1);
                case HALVING, TREE -> 2.0 * levels;
            };
            double times = this == TREE ? 2.0 * levels : 2.0 * (workers - 1) / workers;
            return messages * latency + times * bytes / bandwidth;
        }
    }

    /**
     * Checks the numbers.
     *
     * @throws IllegalArgumentException unless {@code 0 <= alone <= step}, step and bandwidth are above 0, every and
     *     shards are at least 1, and all are finite and none negative
     */
    public Scaling {
        Checks.positive("scaling", "step", step);
        if (!(alone >= 0 && alone <= step)) {
            throw new IllegalArgumentException("scaling: alone=" + alone + " must be from 0 to step=" + step);
        }
        Checks.notNegative("scaling", "bytes", bytes);
        Checks.atLeast("scaling", "every", every, 1);
        Checks.atLeast("scaling", "shards", shards, 1);
        Checks.notNegative("scaling", "latency", latency);
        Checks.positive("scaling", "bandwidth", bandwidth);
    }

    /**
     * Returns S(n) / every: the seconds of a step in which so many workers add up.
     *
     * @throws IllegalArgumentException if {@code workers < 1}
     */
    public double exchange(Sum by, int workers) {
        Checks.atLeast("scaling", "workers", workers, 1);
        return seconds(by, workers, bytes) / every;
    }

    private double seconds(Sum by, int workers, double some) {
        return workers == 1 ? 0 : by.seconds(workers, some, latency, bandwidth);
    }

    /**
     * Returns W(n): the seconds of a step in which so many workers wait for the sum.
     *
     * @throws IllegalArgumentException if {@code workers < 1}
     */
    public double waiting(Sum by, int workers) {
        double all = exchange(by, workers);
        return every > 1 ? all : Math.max(all - hidden(workers) * (step - alone), last(by, workers));
    }

    /** Which part of what the workers share is the backward of the last shard of each. */
    private double hidden(int workers) {
        return BACKWARD / Math.max(shards, workers);
    }

    /** S(n) of the gradients that are there when backward has ended. */
    private double last(Sum by, int workers) {
        return seconds(by, workers, Math.min(bytes, ROUND));
    }

    /** Returns T(n): the seconds of a step of so many workers. */
    public double seconds(Sum by, int workers) {
        return alone + (step - alone) / workers + waiting(by, workers);
    }

    /** Returns how many times as fast as one worker so many are: T(1) / T(n). */
    public double speedup(Sum by, int workers) {
        return step / seconds(by, workers);
    }

    /** Returns the part of its time in which each worker does what one alone would do: T(1) / (n T(n)). */
    public double efficiency(Sum by, int workers) {
        return speedup(by, workers) / workers;
    }

    /**
     * Returns the least seconds of a step of one worker from which on so many workers have this efficiency e, where
     * {@code alone} of them stay as they are: the least for which T(1) / (n T(n)) = e, and at least {@code alone}. A
     * net and a batch of which a step takes less are for fewer workers.
     *
     * @throws IllegalArgumentException unless {@code 0 < efficiency < 1}
     */
    public double leastStep(Sum by, int workers, double efficiency) {
        Checks.in("scaling", "efficiency", efficiency, "(0, 1)");
        double more = (workers - 1) * alone;
        double all = workers * exchange(by, workers);
        double without = (more + all) * efficiency / (1 - efficiency);
        if (every > 1) {
            return Math.max(alone, without);
        }
        double part = workers * hidden(workers); // n W(n) is all - part (step - alone), or that of the last gradients
        double beside = (more + all + part * alone) * efficiency / (1 - efficiency + part * efficiency);
        double last = (more + workers * last(by, workers)) * efficiency / (1 - efficiency);
        return Math.max(alone, Math.max(beside, last));
    }

    /**
     * What checkpoints and restarts cost, as Young (1974) counts it: what is computed between two checkpoints is lost
     * by a half when one of the workers fails.
     *
     * @param checkpoint seconds in which one is written, while all wait
     * @param restart seconds from a failure until training goes on
     * @param between the mean seconds between two failures of one worker
     */
    public record Failures(double checkpoint, double restart, double between) {
        /**
         * Checks the numbers.
         *
         * @throws IllegalArgumentException unless {@code checkpoint} and {@code between} are above 0 and finite, and
         *     {@code restart} is finite and not negative
         */
        public Failures {
            Checks.positive("scaling", "checkpoint", checkpoint);
            Checks.notNegative("scaling", "restart", restart);
            Checks.positive("scaling", "between", between);
        }

        /** Returns after how many seconds a checkpoint is worth it: sqrt(2 checkpoint between / n). */
        public double interval(int workers) {
            Checks.atLeast("scaling", "workers", workers, 1);
            return Math.sqrt(2 * checkpoint * between / workers);
        }

        /**
         * Returns the part of the time that goes to checkpoints every {@link #interval} seconds i and to restarts:
         * checkpoint / i + (i / 2 + restart) n / between. From 1 on, training does not get anywhere.
         */
        public double lost(int workers) {
            double interval = interval(workers);
            return checkpoint / interval + (interval / 2 + restart) * workers / between;
        }
    }
}

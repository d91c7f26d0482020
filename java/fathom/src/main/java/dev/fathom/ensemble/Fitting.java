package dev.fathom.ensemble;

import dev.fathom.features.Predictor;
import dev.fathom.train.Workers;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.IntFunction;

/**
 * Members that were trained together.
 *
 * @param members in order
 * @param timing how long it took
 */
record Fitting(List<Predictor> members, Timing timing) {
    /** Trains so many members; if one cannot be trained, those that are finished are closed. */
    static Fitting of(Workers workers, int count, IntFunction<Predictor> member) {
        Queue<Predictor> finished = new ConcurrentLinkedQueue<>();
        double[] seconds = new double[count];
        long begin = System.nanoTime();
        try {
            List<Predictor> members = workers.run(count, m -> {
                long start = System.nanoTime();
                Predictor predictor = member.apply(m);
                seconds[m] = since(start);
                finished.add(predictor);
                return predictor;
            });
            return new Fitting(members, new Timing(workers.count(), since(begin), seconds));
        } catch (RuntimeException | Error e) {
            finished.forEach(Predictor::close);
            throw e;
        }
    }

    static double since(long start) {
        return (System.nanoTime() - start) * 1e-9;
    }

    /** Refuses a number of members or rounds below 1. */
    static void atLeastOne(String who, String what, int n) {
        if (n < 1) {
            throw new IllegalArgumentException(who + ": " + what + "=" + n + " must be at least 1");
        }
    }
}

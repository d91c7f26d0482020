package dev.fathom.ensemble;

import dev.fathom.features.Examples;
import dev.fathom.features.Learner;
import dev.fathom.features.Predictor;
import dev.fathom.train.Workers;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.IntFunction;
import java.util.stream.Stream;

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

    /**
     * A member that learned of some of the examples. Where these are all of one class though the whole has more, as in
     * a bootstrap without the rare class, no method tells classes apart: the member gives this class the probability 1.
     */
    static Predictor member(Learner base, Examples all, Examples some, long seed) {
        if (all.areClasses() && seen(some).length == 1 && seen(all).length > 1) {
            float[] sure = new float[all.outputs()];
            sure[seen(some)[0]] = 1;
            return x -> Stream.generate(sure::clone).limit(x.length).toArray(float[][]::new);
        }
        return base.fit(some, seed);
    }

    private static int[] seen(Examples data) {
        return Arrays.stream(data.labels()).distinct().toArray();
    }

    /** Refuses a member that gives another number of outputs than the first. */
    static void alike(String who, int member, int outputs, int first) {
        if (outputs != first) {
            throw new IllegalArgumentException(who + ": member " + member + " gives " + outputs
                    + " outputs, and member 0 " + first + "; let all members give one for each class or target");
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

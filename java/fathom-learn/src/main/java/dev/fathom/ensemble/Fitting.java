package dev.fathom.ensemble;

import dev.fathom.features.Examples;
import dev.fathom.features.Learner;
import dev.fathom.features.Prediction;
import dev.fathom.features.Predictor;
import dev.fathom.train.Workers;
import java.util.Arrays;
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

    /**
     * A member that learned of some of the examples. Where these are all of one class though the whole has more, as in
     * a bootstrap without the rare class, no method tells classes apart: the member gives this class the number 1.
     */
    static Predictor member(String who, Learner base, Examples all, Examples some, long seed) {
        return all.areClasses() && seen(some).length == 1 && seen(all).length > 1
                ? new Sure(all.outputs(), seen(some)[0], Prediction.PROBABILITIES)
                : answering(who, all, base.fit(some, seed));
    }

    /**
     * A member that knows a single class.
     *
     * @param outputs how many classes there are
     * @param known the one that it knows, which it gives 1, and the others 0
     * @param kind what these numbers are taken for
     */
    private record Sure(int outputs, int known, Prediction kind) implements Predictor {
        @Override
        public float[][] predict(float[][] x) {
            float[][] all = new float[x.length][outputs];
            for (float[] row : all) {
                row[known] = 1;
            }
            return all;
        }
    }

    /** The members, of which those that know a single class speak of it as the others do, so that they combine. */
    List<Predictor> ofOneKind() {
        Prediction kind = members.stream()
                .filter(m -> !(m instanceof Sure))
                .findFirst()
                .map(Predictor::kind)
                .orElse(Prediction.PROBABILITIES);
        return members.stream()
                .map(m -> m instanceof Sure sure ? new Sure(sure.outputs, sure.known, kind) : m)
                .toList();
    }

    /** Refuses a predictor that does not speak of what the examples have, and closes it. */
    static <P extends Predictor> P answering(String who, Examples data, P learned) {
        if (learned.kind().ofClasses() == data.areClasses()) {
            return learned;
        }
        String kind = learned.kind().toString();
        learned.close();
        throw new IllegalArgumentException(who + ": a learner gives " + kind + " to examples whose targets are "
                + (data.areClasses() ? "classes" : "numbers") + "; give learners of the task of the examples");
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

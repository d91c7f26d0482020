package dev.fathom.spark;

import dev.fathom.search.Objective;
import dev.fathom.search.Trial;
import dev.fathom.train.Workers;
import java.io.Serializable;
import java.util.List;
import java.util.Objects;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.Function;
import org.apache.spark.sql.SparkSession;
import org.jspecify.annotations.Nullable;

/**
 * Scores the trials of a {@link dev.fathom.search.Search} on executors, each by a job of one task. What is tried
 * depends on the seed and the scores alone, so the table of results is the one of a single machine.
 *
 * <pre>{@code
 * SparkObjective accuracy = SparkObjective.of(spark, trial -> accuracy(trial.whole("width"), trial.seed()));
 * Results found = Search.maximize(space, accuracy)
 *     .workers(spark.sparkContext().defaultParallelism())
 *     .file(Path.of("search.csv"))
 *     .random(200);
 * }</pre>
 *
 * <p>So many trials run at once as the search has workers, if the executors have room for them. Each runs on one
 * thread. If an executor is lost, Spark runs its trials again.
 */
public final class SparkObjective implements Objective {
    private final JavaSparkContext context;
    private final Scoring scoring;

    private SparkObjective(JavaSparkContext context, Scoring scoring) {
        this.context = context;
        this.scoring = scoring;
    }

    /** Scores a trial on an executor, to which it is sent. It holds nothing that is not serializable. */
    @FunctionalInterface
    public interface Scoring extends Objective, Serializable {}

    /**
     * Makes an objective whose trials run on the executors of a session.
     *
     * @throws IllegalArgumentException if the function cannot be sent to executors
     */
    public static SparkObjective of(SparkSession spark, Scoring scoring) {
        Objects.requireNonNull(spark, "SparkObjective.of: spark must not be null");
        Objects.requireNonNull(scoring, "SparkObjective.of: scoring must not be null");
        Sent.check("SparkObjective: the function", scoring);
        return new SparkObjective(new JavaSparkContext(spark.sparkContext()), scoring);
    }

    /**
     * Runs the trial on an executor and returns its score, or throws what was thrown there. An exception that holds
     * something that is not serializable arrives as an {@link IllegalStateException} that names it.
     */
    @Override
    public double score(Trial trial) throws Exception {
        context.setJobDescription("trial " + trial.number() + ": " + trial);
        try {
            byte[] outcome = context.parallelize(List.of(trial.number()), 1)
                    .map(scored(Versions.here(), scoring, trial))
                    .first();
            return Sent.object(outcome, Outcome.class).get();
        } finally {
            context.setJobDescription(null);
        }
    }

    private static Function<Integer, byte[]> scored(String version, Scoring scoring, Trial trial) {
        return number -> {
            Versions.check(version, Versions.here());
            return new Workers(1).run(1, i -> Outcome.of(scoring, trial)).get(0).bytes();
        };
    }

    /** What a trial came to: a score, or an exception. */
    private record Outcome(double score, @Nullable Exception failure) implements Serializable {
        static Outcome of(Scoring scoring, Trial trial) {
            try {
                return new Outcome(scoring.score(trial), null);
            } catch (Exception e) { // a row of the table, as on a single machine
                return new Outcome(Double.NaN, e);
            }
        }

        double get() throws Exception {
            if (failure != null) {
                throw failure;
            }
            return score;
        }

        byte[] bytes() {
            try {
                return Sent.bytes(this);
            } catch (IllegalArgumentException e) {
                return new Outcome(Double.NaN, new IllegalStateException(String.valueOf(failure))).bytes();
            }
        }
    }
}

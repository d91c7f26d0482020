package dev.fathom.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.search.Dimension;
import dev.fathom.search.Objective;
import dev.fathom.search.Result;
import dev.fathom.search.Results;
import dev.fathom.search.Search;
import dev.fathom.search.Space;
import dev.fathom.search.Trial;
import dev.fathom.tensor.Rng;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.spark.serializer.KryoSerializer;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Searches whose trials are jobs of Spark, beside the same searches in one process. */
class SparkObjectiveTest {
    private static final Space SPACE = Space.of(Dimension.whole("width", 1, 9), Dimension.logarithmic("rate", 1e-4, 1));

    private static SparkSession spark;

    /** The trials of which tasks have run: all are in this process. */
    private static final Set<Integer> RAN = ConcurrentHashMap.newKeySet();

    @BeforeAll
    static void start(@TempDir Path folder) {
        spark = Sessions.builder("local[4,2]", folder)
                .config("spark.serializer", KryoSerializer.class.getName())
                .getOrCreate();
    }

    @AfterAll
    static void stop() {
        spark.stop();
    }

    /** A score with some that are no numbers and some exceptions, as of a net that is trained. */
    private static double score(Trial trial) throws IOException {
        float rate = trial.real("rate");
        if (trial.whole("width") > 7) {
            throw new IOException("too wide");
        }
        return trial.whole("width") == 2 ? Double.NaN : Math.sin(rate) + new Rng(trial.seed()).uniform(1, 0, 1)[0];
    }

    private static double onExecutor(Trial trial) throws IOException {
        RAN.add(trial.number());
        return score(trial);
    }

    private static Results found(Objective objective, Path file) {
        return Search.maximize(SPACE, objective).seed(7).workers(3).file(file).genetic(6, 3);
    }

    @Test
    void theTableIsTheOneOfASingleMachine(@TempDir Path temp) throws IOException {
        Path here = temp.resolve("here.csv");
        Path there = temp.resolve("there.csv");
        found(SparkObjectiveTest::score, here);
        RAN.clear();
        Results results = found(SparkObjective.of(spark, SparkObjectiveTest::onExecutor), there);
        assertThat(there).hasSameTextualContentAs(here).content().contains("IOException: too wide", "the score is NaN");
        assertThat(RAN).hasSize(18);

        // a search that was cut off goes on
        Files.write(there, Files.readAllLines(there).subList(0, 11));
        RAN.clear();
        assertThat(found(SparkObjective.of(spark, SparkObjectiveTest::onExecutor), there)
                        .best())
                .isEqualTo(results.best());
        assertThat(RAN).hasSize(8);
        assertThat(there).hasSameTextualContentAs(here);
    }

    /** Something that a task cannot give back. */
    private static final class Full extends Exception {
        private static final long serialVersionUID = 1;

        @SuppressWarnings("unused") // it is in the way
        private final Object disk = new Object();

        Full() {
            super("the disk is full");
        }
    }

    private static String failure(SparkObjective.Scoring scoring) {
        Results results =
                Search.minimize(SPACE, SparkObjective.of(spark, scoring)).random(1);
        return results.all().get(0).failure();
    }

    @Test
    void failuresAreRows() {
        assertThat(failure(trial -> {
                    throw new Full();
                }))
                .isEqualTo("IllegalStateException: " + Full.class.getName() + ": the disk is full");
        assertThat(failure(trial -> {
                    throw new AssertionError("broken");
                }))
                .contains("SparkException")
                .contains("broken");
    }

    private static double onSecondAttempt(Trial trial) {
        if (RAN.add(trial.number())) {
            throw new AssertionError("as if the executor were lost");
        }
        return trial.number();
    }

    @Test
    void aTrialWhoseTaskIsLostRunsAgain() {
        RAN.clear();
        Results results = Search.maximize(SPACE, SparkObjective.of(spark, SparkObjectiveTest::onSecondAttempt))
                .random(4);
        assertThat(results.all()).extracting(Result::score).containsExactly(0.0, 1.0, 2.0, 3.0);
    }

    @Test
    void whatCannotBeSentIsRefused() {
        try (Model<Linear> model = Model.of(new Linear(1, 1), 1)) {
            assertThatThrownBy(() -> SparkObjective.of(spark, trial -> model.parameterCount()))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("SparkObjective: the function cannot be sent, because it holds a dev.fathom.nn.Model,"
                            + " which is not serializable; make everything inside of the functions that are given");
        }
    }
}

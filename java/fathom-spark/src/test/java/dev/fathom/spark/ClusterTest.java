package dev.fathom.spark;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Shape;
import dev.fathom.optim.Adam;
import dev.fathom.plan.Plan;
import dev.fathom.pretrained.Embedder;
import dev.fathom.search.Dimension;
import dev.fathom.search.Result;
import dev.fathom.search.Results;
import dev.fathom.search.Search;
import dev.fathom.search.Space;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.Callback;
import dev.fathom.train.Run;
import dev.fathom.train.Trainer;
import java.io.File;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.util.Progressable;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.function.MapFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/** Models and trainings on executors that are processes of their own; {@code ./fathom spark-test} runs it. */
@EnabledIfSystemProperty(named = "fathom.spark.cluster", matches = "true")
class ClusterTest {
    private static final StructType SCHEMA = StructType.fromDDL("id INT, input ARRAY<FLOAT>, text STRING");

    private static SparkSession spark;

    /** Executors find the class path of this process in place of the jars of a home. */
    @BeforeAll
    static void start(@TempDir Path warehouse) throws IOException {
        Files.createDirectories(Path.of(System.getenv("SPARK_HOME"), "jars"));
        spark = Sessions.builder("local-cluster[2,1,1024]", warehouse)
                .config("spark.executorEnv.SPARK_SCALA_VERSION", "2.13")
                .config("spark.executor.memory", "1g")
                .config("spark.executor.extraClassPath", System.getProperty("java.class.path"))
                .config("spark.hadoop.fs.dying.impl", DyingFiles.class.getName())
                .config("spark.hadoop.fs.dying.died", warehouse.resolve("died").toString())
                .getOrCreate();
    }

    @AfterAll
    static void stop() {
        spark.stop();
    }

    private static Dataset<Row> rows() {
        List<Row> rows = IntStream.range(0, 400)
                .mapToObj(i -> RowFactory.create(i, new float[] {i, -i, 0.1f * i}, "the river ".repeat(i % 9)))
                .toList();
        return spark.createDataFrame(rows, SCHEMA).repartition(8);
    }

    private static float[] floats(Row row, String column) {
        List<Float> all = row.getList(row.fieldIndex(column));
        float[] values = new float[all.size()];
        IntStream.range(0, values.length).forEach(i -> values[i] = all.get(i));
        return values;
    }

    private static void check(Plan plan, Dataset<Row> answers) {
        List<Integer> ids = new ArrayList<>();
        for (Row row : answers.collectAsList()) {
            ids.add(row.getInt(0));
            assertThat(floats(row, "output")).containsExactly(plan.predict(floats(row, "input")));
        }
        assertThat(ids)
                .containsExactlyInAnyOrderElementsOf(
                        IntStream.range(0, 400).boxed().toList());
    }

    @Test
    void aPlanAlsoWhenAnExecutorIsLost(@TempDir Path temp) {
        try (var net = Model.of(new Linear(3, 5), 1);
                Plan plan = Plan.freeze(net, Shape.of(1, 3))) {
            SparkModel model = SparkModel.ofPlan(plan);
            check(plan, model.transform(rows()));
            String died = temp.resolve("died").toString();
            MapFunction<Row, Row> dying = row -> {
                if (row.getInt(0) == 77 && new File(died).createNewFile()) {
                    Runtime.getRuntime().halt(1);
                }
                return row;
            };
            check(plan, model.transform(rows()).map(dying, Encoders.row(SCHEMA.add("output", "ARRAY<FLOAT>"))));
            assertThat(Path.of(died)).exists();
        }
    }

    // ---- training

    private static SparkTrainer<Sequential> trainer(Callback... callbacks) {
        return SparkTrainer.of(
                        () -> Model.of(new Sequential(new Linear(3, 8), Tensor::tanh, new Linear(8, 1)), 1),
                        model -> Trainer.of(model, Loss.mse(), new Adam(0.01f)).callbacks(callbacks))
                .features("x", Shape.of(3))
                .target("y", Shape.of(1))
                .batchSize(48)
                .everySteps(4)
                .workers(2);
    }

    private static byte[] trained(SparkTrainer<Sequential> trainer, String folder, Path temp) throws IOException {
        List<Row> rows = IntStream.range(0, 400)
                .mapToObj(i -> RowFactory.create(new float[] {i / 400f, i % 7, 1}, i % 5))
                .toList();
        SparkRun<Sequential> run =
                trainer.folder(folder).fit(spark.createDataFrame(rows, StructType.fromDDL("x ARRAY<FLOAT>, y INT")), 3);
        assertThat(run.epochs()).hasSize(3);
        Path file = temp.resolve("left.safetensors");
        try (Model<Sequential> model = run.model()) {
            model.save(file);
        }
        return Files.readAllBytes(file);
    }

    /** Ends the executor of the second worker in the middle of the second epoch, once. */
    private record Dying(String died) implements Callback, Serializable {
        @Override
        public void onStepEnd(Run run) {
            try {
                if (run.progress().updates() == 15
                        && TaskContext.getPartitionId() == 1
                        && new File(died).createNewFile()) {
                    Runtime.getRuntime().halt(1);
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    @Test
    void aTrainingWhoseExecutorsDieEndsInTheSameBits(@TempDir Path temp) throws IOException {
        byte[] whole = trained(trainer(), temp.resolve("whole").toString(), temp);
        Path died = temp.resolve("died");
        assertThat(trained(
                        trainer(new Dying(died.toString())),
                        temp.resolve("epoch").toString(),
                        temp))
                .isEqualTo(whole);
        assertThat(died).exists();
        Path other = Path.of(spark.sparkContext().hadoopConfiguration().get("fs.dying.died"));
        assertThat(other).doesNotExist();
        String folder = temp.resolve("checkpoint").toString();
        assertThat(trained(trainer(), "dying://" + folder, temp)).isEqualTo(whole);
        assertThat(other).exists();
        assertThat(new File(folder).list()).noneMatch(name -> name.endsWith(".tmp"));
    }

    /** The files of this machine, of which the checkpoint after the eighth step ends its writer halfway, once. */
    public static final class DyingFiles extends RawLocalFileSystem {
        @Override
        public URI getUri() {
            return URI.create("dying:///");
        }

        @Override
        public FSDataOutputStream create(
                org.apache.hadoop.fs.Path file,
                boolean overwrite,
                int buffer,
                short replication,
                long block,
                Progressable progress)
                throws IOException {
            FSDataOutputStream out = super.create(file, overwrite, buffer, replication, block, progress);
            if (!file.getName().contains("step-000000008")
                    || !new File(getConf().get("fs.dying.died")).createNewFile()) {
                return out;
            }
            return new FSDataOutputStream(
                    new FilterOutputStream(out) {
                        @Override
                        public void write(byte[] bytes, int from, int n) throws IOException {
                            out.write(bytes, from, n / 2);
                            out.flush();
                            Runtime.getRuntime().halt(1);
                        }
                    },
                    null);
        }
    }

    /** A trial ends its executor once, and each scores how far the process is from that of the driver. */
    @Test
    void aSearchAlsoWhenAnExecutorIsLost(@TempDir Path temp) {
        String died = temp.resolve("died").toString();
        long driver = ProcessHandle.current().pid();
        Results results = Search.maximize(Space.of(Dimension.whole("width", 1, 6)), SparkObjective.of(spark, trial -> {
                    if (trial.number() == 2 && new File(died).createNewFile()) {
                        Runtime.getRuntime().halt(1);
                    }
                    return ProcessHandle.current().pid() == driver ? -1 : trial.whole("width");
                }))
                .workers(2)
                .grid(6);
        assertThat(Path.of(died)).exists();
        assertThat(results.all()).extracting(Result::score).containsExactly(1.0, 2.0, 3.0, 4.0, 5.0, 6.0);
    }

    @Test
    void texts() {
        Path folder = Path.of(System.getProperty("fathom.root"), "test-data/pretrained/by-transformers/sentences-mean");
        try (Embedder alone = Embedder.load(folder)) {
            for (Row row : SparkModel.ofTexts(folder).transform(rows()).collectAsList()) {
                assertThat(floats(row, "vector")).containsExactly(alone.embed(row.getString(2)));
            }
        }
    }
}

package dev.fathom.spark;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.op.Shape;
import dev.fathom.plan.Plan;
import dev.fathom.pretrained.Embedder;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
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

/** Models on executors that are processes of their own; {@code ./fathom spark-test} runs it. */
@EnabledIfSystemProperty(named = "fathom.spark.cluster", matches = "true")
class ClusterTest {
    private static final StructType SCHEMA = StructType.fromDDL("id INT, input ARRAY<FLOAT>, text STRING");

    private static SparkSession spark;

    /** Executors find the class path of this process in place of the jars of a home. */
    @BeforeAll
    static void start(@TempDir Path warehouse) throws IOException {
        Files.createDirectories(Path.of(System.getenv("SPARK_HOME"), "jars"));
        spark = SparkSession.builder()
                .master("local-cluster[2,1,1024]")
                .config("spark.ui.enabled", "false")
                .config("spark.executorEnv.SPARK_SCALA_VERSION", "2.13")
                .config("spark.executor.memory", "1g")
                .config("spark.executor.extraClassPath", System.getProperty("java.class.path"))
                .config("spark.sql.warehouse.dir", warehouse.toString())
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

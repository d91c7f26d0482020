package dev.fathom.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fathom.nn.Embedding;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.nn.Sequential;
import dev.fathom.onnx.OnnxExport;
import dev.fathom.op.DType;
import dev.fathom.op.Shape;
import dev.fathom.plan.Dim;
import dev.fathom.plan.Plan;
import dev.fathom.plan.Session;
import dev.fathom.plan.Spec;
import dev.fathom.pretrained.Classifier;
import dev.fathom.pretrained.Embedder;
import dev.fathom.recurrent.Output;
import dev.fathom.recurrent.Recurrent;
import dev.fathom.tensor.Next;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.spark.ml.Pipeline;
import org.apache.spark.ml.PipelineModel;
import org.apache.spark.ml.PipelineStage;
import org.apache.spark.ml.feature.VectorAssembler;
import org.apache.spark.ml.linalg.Vector;
import org.apache.spark.ml.linalg.Vectors;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.execution.streaming.MemoryStream;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import scala.Option;
import scala.jdk.javaapi.CollectionConverters;

/** Models as stages of Spark ML, beside the same models in one process. */
class SparkModelTest {
    private static final int IN = 6;
    private static final String KINDS = "x ARRAY<BIGINT>, pixel SMALLINT";
    private static final List<String> TEXTS = List.of(
            "The cat sat.",
            "What is a river?",
            "A dog",
            "",
            "anna lives in paris and bob walks by the river",
            "The cat");

    private static SparkSession spark;
    private static Plan plan;
    private static SparkModel model;

    @TempDir
    Path temp;

    @BeforeAll
    static void start(@TempDir Path folder) {
        spark = Sessions.builder("local[2]", folder).getOrCreate();
        plan = vectors();
        model = SparkModel.ofPlan(plan);
    }

    @AfterAll
    static void stop() {
        spark.stop();
        plan.close();
    }

    private static Path folder(String name) {
        return Path.of(System.getProperty("fathom.root"), "test-data", "pretrained", "by-transformers", name);
    }

    /** A plan from six numbers to three. */
    private static Plan vectors() {
        try (var net = Model.of(new Sequential(new Linear(IN, 5), Tensor::tanh, new Linear(5, 3)), 1)) {
            return Plan.freeze(net, Shape.of(1, IN));
        }
    }

    private record Tokens(Embedding words, Recurrent lstm, Linear out) implements Net {}

    /** A plan of sequences of tokens, told their lengths or not, which gives a class, and numbers for each token. */
    private static Plan tokens(boolean lengths) {
        try (var net = Model.of(new Tokens(new Embedding(20, 4), Recurrent.lstm(4, 5), new Linear(5, 2)), 1)) {
            Spec tokens = Spec.of("tokens", DType.I32, Dim.BATCH, Dim.LENGTH).length(1, 64);
            return Plan.freeze(
                    net,
                    (m, in) -> {
                        Tensor x = m.words().apply(in[0]);
                        Output all = lengths
                                ? m.lstm().run(x, m.lstm().state(in[0].dim(0)), in[1])
                                : m.lstm().run(x);
                        Tensor steps = m.out().apply(all.steps());
                        return Map.of("class", m.out().apply(all.last()).argmax(1), "steps", steps);
                    },
                    lengths ? new Spec[] {tokens, Spec.lengths("lengths")} : new Spec[] {tokens});
        }
    }

    private static Dataset<Row> frame(List<Row> rows, String schema, int partitions) {
        return spark.createDataFrame(rows, StructType.fromDDL(schema)).repartition(partitions);
    }

    private static float[] numbers(int seed) {
        return new Rng(seed).normal(IN, 0, 1);
    }

    /** Rows of their number and an input, of which every fifth has none. */
    private static Dataset<Row> inputs(int partitions) {
        List<Row> rows = IntStream.range(0, 150)
                .mapToObj(i -> RowFactory.create(i, i % 5 == 4 ? null : numbers(i)))
                .toList();
        return frame(rows, "id INT NOT NULL, input ARRAY<FLOAT>", partitions);
    }

    private static float[] floats(Row row, String column) {
        List<Float> all = row.getList(row.fieldIndex(column));
        float[] values = new float[all.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = all.get(i);
        }
        return values;
    }

    // ---- bits

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 7})
    void aPlanGivesTheBitsThatItHasInOneProcess(int partitions) {
        Dataset<Row> in = inputs(partitions);
        List<Row> before = in.collectAsList();
        List<Row> after = model.transform(in).collectAsList();
        assertThat(after).hasSize(150);
        for (int i = 0; i < after.size(); i++) {
            Row row = after.get(i);
            int id = row.getInt(0);
            assertThat(id).isEqualTo(before.get(i).getInt(0)); // in the order in which they came
            if (id % 5 == 4) {
                assertThat(row.isNullAt(2)).isTrue();
            } else {
                assertThat(floats(row, "output")).containsExactly(plan.predict(numbers(id)));
            }
        }
    }

    @Test
    void thereMayBeFewerRowsThanPartitionsAndNone() {
        Dataset<Row> in = inputs(1);
        assertThat(model.transform(in.limit(3).repartition(7)).count()).isEqualTo(3);
        assertThat(model.transform(in.limit(0)).collectAsList()).isEmpty();
        assertThat(model.transform(in).takeAsList(2)).hasSize(2);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void sequencesOfManyLengths(boolean lengths) {
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < 90; i++) {
            rows.add(RowFactory.create(i, new Rng(i).ints(1 + i * 7 % 31, 20)));
        }
        try (Plan tokens = tokens(lengths)) {
            SparkModel stage = SparkModel.ofPlan(tokens)
                    .setInputCols("words")
                    .setOutputCols(tokens.outputs().stream()
                            .map(o -> "the " + o.name())
                            .toArray(String[]::new))
                    .setBatchSize(8);
            Dataset<Row> out = stage.transform(frame(rows, "id INT, words ARRAY<INT>", 2));
            assertThat(out.schema().apply("the class").dataType().simpleString())
                    .isEqualTo("int");
            for (Row row : out.collectAsList()) {
                int[] words = new Rng(row.getInt(0)).ints(1 + row.getInt(0) * 7 % 31, 20);
                try (Session alone = tokens.newSession(1, words.length)) {
                    alone.set(words).run();
                    float[] steps = new float[2 * words.length];
                    alone.output("steps").get(0, steps);
                    assertThat(floats(row, "the steps")).containsExactly(steps);
                    assertThat(row.<Integer>getAs("the class"))
                            .isEqualTo(alone.intOutput("class").get(0));
                }
            }
        }
    }

    @Test
    void numbersOfAllKinds() {
        try (var net = Model.of(new Linear(1, 1), 1);
                Plan one = Plan.freeze(
                        net,
                        (m, in) -> Map.of("sum", in[0].add(in[1].to(DType.F32)).reshape(in[0].dim(0))),
                        Spec.of("x", Dim.BATCH, 1),
                        Spec.of("pixel", DType.U8, Dim.BATCH, 1))) {
            SparkModel stage = SparkModel.ofPlan(one);
            List<Row> rows = List.of(RowFactory.create(0.5, new byte[] {(byte) 200}));
            Row row = stage.transform(frame(rows, "x DOUBLE, pixel BINARY", 1)).first();
            assertThat(row.<Float>getAs("sum")).isEqualTo(200.5f);
            row = stage.transform(frame(List.of(RowFactory.create(List.of(1L), (short) 7)), KINDS, 1))
                    .first();
            assertThat(row.<Float>getAs("sum")).isEqualTo(8);
            Dataset<Row> large = frame(List.of(RowFactory.create(List.of(1L), (short) 256)), KINDS, 1);
            assertThatThrownBy(() -> stage.transform(large).collectAsList())
                    .hasMessageContaining(
                            "SparkModel: there is 256.0 for the input pixel U8 [batch, 1]; give whole numbers"
                                    + " that U8 has; the row is [ArraySeq(1),256]");
        }
    }

    @Test
    void anOnnxFile() {
        Path file = temp.resolve("net.onnx");
        try (var net = Model.of(new Sequential(new Linear(IN, 5), Tensor::tanh, new Linear(5, 3)), 2)) {
            OnnxExport.of(net, Shape.of(1, IN)).write(file);
            Dataset<Row> out = SparkModel.ofOnnx(file).transform(inputs(2).where("id % 5 < 4"));
            try (Plan alone = Plan.freeze(net, Shape.of(1, IN))) {
                for (Row row : out.collectAsList()) {
                    assertThat(floats(row, "output")).containsExactly(alone.predict(numbers(row.getInt(0))));
                }
            }
        }
    }

    @Test
    void theFilesOfAModelAreSentOnce() {
        model.transform(inputs(1));
        SparkModel.ofPlan(plan).setBatchSize(3).transform(inputs(1));
        String name = Archive.of(plan).name();
        List<String> sent = CollectionConverters.asJava(spark.sparkContext().listArchives());
        assertThat(sent).filteredOn(file -> file.endsWith(name)).hasSize(1);
        Path file = temp.resolve("net.plan");
        plan.save(file);
        assertThat(Archive.of(Map.of(Task.PLAN, file)).name()).isEqualTo(name);
        assertThat(Archive.of(Map.of("other", file)).name()).isNotEqualTo(name);
        assertThat(SparkModel.ofPlan(file).transform(inputs(1)).count()).isEqualTo(150);
    }

    @Test
    void filesThatAreNoModelsAreNamed() throws Exception {
        Path file = Files.writeString(temp.resolve("words.plan"), "words");
        assertThatThrownBy(() -> SparkModel.ofPlan(file)).hasMessageStartingWith(file + ": ");
        assertThatThrownBy(() -> SparkModel.ofPlan(temp.resolve("none")))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining(temp.resolve("none").toString());
        assertThatThrownBy(() -> SparkModel.ofOnnx(file)).hasMessageStartingWith(file + ": ");
        String saved = temp.resolve("saved").toString();
        model.save(saved);
        Files.writeString(Path.of(saved, "model.zip"), "words");
        Files.delete(Path.of(saved, ".model.zip.crc"));
        assertThatThrownBy(() -> SparkModel.load(saved))
                .hasMessage("SparkModel: " + saved + "/model.zip cannot be unpacked: zip END header not found");
    }

    // ---- texts

    private static Dataset<Row> texts(int partitions) {
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < 4 * TEXTS.size(); i++) {
            rows.add(RowFactory.create(TEXTS.get(i % TEXTS.size())));
        }
        rows.add(RowFactory.create((Object) null));
        return frame(rows, "text STRING", partitions);
    }

    /** Many published encoders say that they are the ones of masked words which they once were. */
    @Test
    void vectorsOfAnEncoderOfMaskedWords() {
        Row row = SparkModel.ofTexts(folder("mpnet-words")).transform(texts(1)).first();
        try (Embedder alone = Embedder.load(folder("mpnet-words"))) {
            assertThat(floats(row, "vector")).containsExactly(alone.embed(row.getString(0)));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 7})
    void vectorsOfTexts(int partitions) {
        SparkModel stage = SparkModel.ofTexts(folder("sentences-mean")).setBatchSize(2);
        try (Embedder alone = Embedder.load(folder("sentences-mean"))) {
            List<Row> rows = stage.transform(texts(partitions)).collectAsList();
            assertThat(rows).hasSize(25);
            for (Row row : rows) {
                if (row.isNullAt(0)) {
                    assertThat(row.isNullAt(1)).isTrue();
                } else {
                    assertThat(floats(row, "vector")).containsExactly(alone.embed(row.getString(0)));
                }
            }
            Row prompted = stage.setPrompt("query: ").transform(texts(1)).first();
            assertThat(floats(prompted, "vector"))
                    .containsExactly(alone.prompt("query: ").embed(prompted.getString(0)));
        }
    }

    @Test
    void labelsOfTexts() {
        SparkModel stage = SparkModel.ofTexts(folder("bert-classes"));
        try (Classifier alone = Classifier.load(folder("bert-classes"))) {
            for (Row row : stage.transform(texts(2)).where("text IS NOT NULL").collectAsList()) {
                List<Classifier.Label> labels = row.<Row>getList(1).stream()
                        .map(each -> new Classifier.Label(each.getString(0), each.getFloat(1)))
                        .toList();
                assertThat(labels).isEqualTo(alone.classify(row.getString(0)));
            }
        }
        assertThatThrownBy(() -> stage.setPrompt("query: ").transform(texts(1)))
                .hasMessage("SparkModel: the prompt \"query: \" is for models that give vectors of texts, which this"
                        + " one does not; leave it out");
    }

    // ---- Spark

    @Test
    void aPipelineIsSavedAndLoaded() throws Exception {
        String[] names = {"a", "b", "c", "d", "e", "f"};
        var assembler = new VectorAssembler().setInputCols(names).setOutputCol("x");
        var stage = SparkModel.ofPlan(plan)
                .setInputCols("x")
                .setOutputCols("y")
                .setAsVectors(true)
                .setBatchSize(7);
        PipelineModel pipeline = new Pipeline()
                .setStages(new PipelineStage[] {assembler, stage})
                .fit(spark.emptyDataFrame().selectExpr("0 a", "0 b", "0 c", "0 d", "0 e", "0 f"));
        String path = temp.resolve("saved").toUri().toString();
        pipeline.save(path);
        PipelineModel loaded = PipelineModel.load(path);
        SparkModel second = (SparkModel) loaded.stages()[1];
        assertThat(second.uid()).isEqualTo(stage.uid());
        assertThat(second.getBatchSize()).isEqualTo(7);
        float[] x = numbers(1);
        Row row = RowFactory.create(x[0], x[1], x[2], x[3], x[4], x[5]);
        Dataset<Row> in = frame(List.of(row), "a FLOAT, b FLOAT, c FLOAT, d FLOAT, e FLOAT, f FLOAT", 1);
        float[] y = plan.predict(x);
        Vector expected = Vectors.dense(y[0], y[1], y[2]);
        assertThat(pipeline.transform(in).first().<Vector>getAs("y")).isEqualTo(expected);
        assertThat(loaded.transform(in).first().<Vector>getAs("y")).isEqualTo(expected);
        assertThat(SparkModel.load(path + "/stages/1_" + stage.uid()).getOutputCols())
                .containsExactly("y");
    }

    @Test
    void aStreamOfTexts() throws Exception {
        var stream = new MemoryStream<>(1, spark.sqlContext(), Option.empty(), Encoders.STRING());
        var query = SparkModel.ofTexts(folder("sentences-mean"))
                .setInputCols("value")
                .transform(stream.toDF())
                .writeStream()
                .format("memory")
                .queryName("answers")
                .start();
        try (Embedder alone = Embedder.load(folder("sentences-mean"))) {
            for (int i = 0; i < TEXTS.size(); i += 3) {
                stream.addData(
                        CollectionConverters.asScala(TEXTS.subList(i, i + 3)).toSeq());
                query.processAllAvailable();
            }
            List<Row> rows = spark.table("answers").collectAsList();
            assertThat(rows).hasSize(TEXTS.size());
            for (Row row : rows) {
                assertThat(floats(row, "vector")).containsExactly(alone.embed(row.getString(0)));
            }
        } finally {
            query.stop();
        }
    }

    // ---- refusals

    @Test
    void aSchemaThatDoesNotFitIsRefusedByASentence() {
        Dataset<Row> in = inputs(1);
        assertThatThrownBy(() -> model.transform(in.withColumnRenamed("input", "x")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "SparkModel: there is no column input, which the model's input input F32 [batch, 6] would read,"
                                + " among [id, x]; name another by setInputCols");
        assertThatThrownBy(() -> model.transform(in.selectExpr("'a' AS input")))
                .hasMessage(
                        "SparkModel: the column input is of the type string, but the model's input input F32 [batch, 6]"
                                + " needs numbers, as an array, a vector or a single one; cast it, or name another by"
                                + " setInputCols");
        assertThatThrownBy(() -> model.transform(in.withColumnRenamed("id", "output")))
                .hasMessage(
                        "SparkModel: the column output is there already, but the model's output output would become it;"
                                + " choose another by setOutputCols");
        assertThatThrownBy(() ->
                        SparkModel.ofPlan(plan).setInputCols("id", "input").transform(in))
                .hasMessage(
                        "SparkModel: the columns [id, input] are not as many as the 1 inputs of the model; name one for"
                                + " each by setInputCols");
        assertThatThrownBy(() -> SparkModel.ofPlan(plan).setBatchSize(0)).hasMessageContaining("batchSize");
        SparkModel texts = SparkModel.ofTexts(folder("sentences-mean")).setInputCols("id");
        assertThatThrownBy(() -> texts.transform(in))
                .hasMessage("SparkModel: the column id is of the type int, but the model's input a text needs a string;"
                        + " cast it, or name another by setInputCols");
    }

    @Test
    void aRowThatDoesNotFitIsRefusedByASentenceThatShowsIt() {
        Dataset<Row> wrong = frame(List.of(RowFactory.create(7, new float[] {1, 2})), "id INT, input ARRAY<FLOAT>", 1);
        assertThatThrownBy(() -> model.transform(wrong).collectAsList())
                .hasMessageContaining(
                        "SparkModel: there are 2 numbers for the input input F32 [batch, 6]; give 6; the row is"
                                + " [7,ArraySeq(1.0, 2.0)]");
        Dataset<Row> hole = frame(
                List.of(RowFactory.create((Object) new Float[] {1f, null, 3f, 4f, 5f, 6f})), "input ARRAY<FLOAT>", 1);
        assertThatThrownBy(() -> model.transform(hole).collectAsList())
                .hasMessageContaining(
                        "SparkModel: element 1 of an array is null; give a number; the row is [ArraySeq(1.0,");
        Dataset<Row> words = frame(
                List.of(
                        RowFactory.create((Object) new int[] {1, 2}),
                        RowFactory.create((Object) new int[] {3, 20}),
                        RowFactory.create((Object) new int[] {4})),
                "tokens ARRAY<INT>",
                1);
        try (Plan tokens = tokens(true)) {
            SparkModel stage = SparkModel.ofPlan(tokens);
            assertThatThrownBy(() -> stage.transform(words).collectAsList())
                    .hasMessageContaining("20")
                    .hasMessageContaining("; the row is [ArraySeq(3, 20)]");
        }
    }

    @Test
    void aModelThatTakesNoRowsIsRefused() {
        try (var net = Model.of(Recurrent.lstm(2, 3), 1);
                Plan carrying = Plan.freeze(
                        net,
                        (m, in, state) -> {
                            Output out = m.run(in[0], state);
                            return new Next(out.steps(), out.state());
                        },
                        m -> m.state(2),
                        Spec.of("x", Dim.BATCH, 1, 2))) {
            assertThatThrownBy(() -> SparkModel.ofPlan(carrying))
                    .hasMessage("SparkModel: the plan carries a state from run to run, but rows have no order; give one"
                            + " that computes each row alone");
        }
        try (var net = Model.of(new Linear(IN, 2), 1);
                Plan one = Plan.freeze(net, (m, in) -> m.apply(in[0]), Spec.of("x", 1, IN))) {
            assertThatThrownBy(() -> SparkModel.ofPlan(one))
                    .hasMessage("SparkModel: x F32 [1, 6] must have the batch as its first dimension, and the length as"
                            + " its second if it has one; freeze a function with such inputs and outputs");
        }
        assertThatThrownBy(() -> SparkModel.ofTexts(folder("gpt2")))
                .hasMessageContaining("is of a GPT2LMHeadModel, but");
    }

    @Test
    void aDriverOfAnotherVersionIsRefused() {
        Versions.check("1.0", "1.0");
        Versions.check("", "1.0");
        assertThatThrownBy(() -> Versions.check("1.0", "1.1"))
                .hasMessage("Spark: the driver has Fathom 1.0 but this executor has 1.1, whose results may differ;"
                        + " submit one version to both");
    }
}

package dev.fathom.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fathom.data.Batches;
import dev.fathom.data.Dataset;
import dev.fathom.data.Field;
import dev.fathom.nn.Dropout;
import dev.fathom.nn.Embedding;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.op.DType;
import dev.fathom.op.Shape;
import dev.fathom.optim.Adam;
import dev.fathom.recurrent.Recurrent;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.Callback;
import dev.fathom.train.EpochLog;
import dev.fathom.train.Metric;
import dev.fathom.train.Run;
import dev.fathom.train.Trainer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.apache.spark.serializer.KryoSerializer;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Trainings of a barrier stage, beside the same training in one process. */
@Timeout(120)
class SparkTrainerTest {
    private static final String SCHEMA = "x ARRAY<FLOAT>, y INT";
    private static final int EPOCHS = 3;

    private static SparkSession spark;

    /** Whose step fails, and where each training of a process has begun: all tasks are in this process. */
    private static final AtomicInteger FAILING = new AtomicInteger();

    private static final Queue<Long> BEGUN = new ConcurrentLinkedQueue<>();

    @TempDir
    Path temp;

    @BeforeAll
    static void start(@TempDir Path folder) {
        spark = Sessions.builder("local[4]", folder)
                .config("spark.serializer", KryoSerializer.class.getName())
                .getOrCreate();
    }

    @AfterAll
    static void stop() {
        spark.stop();
    }

    // ---- a training

    private static List<Row> examples(int seed, int size) {
        return IntStream.range(0, size)
                .mapToObj(i -> {
                    float[] x = new Rng(seed).split(i / 2 * 2).normal(4, 0, 1); // each twice
                    return RowFactory.create(x, x[0] > 0.5f ? 2 : x[1] > 0 ? 1 : 0);
                })
                .toList();
    }

    private static org.apache.spark.sql.Dataset<Row> frame(List<Row> rows, String schema) {
        return spark.createDataFrame(rows, StructType.fromDDL(schema));
    }

    private static Model<Sequential> net() {
        return Model.of(new Sequential(new Linear(4, 8), Tensor::tanh, new Dropout(0.2f), new Linear(8, 3)), 1);
    }

    private static Trainer<Sequential> recipe(Model<Sequential> model) {
        return Trainer.of(model, Loss.crossEntropy(), new Adam(0.02f)).metrics(Metric.accuracy());
    }

    private SparkTrainer<Sequential> trainer(String run) {
        return SparkTrainer.of(SparkTrainerTest::net, SparkTrainerTest::recipe)
                .features("x", Shape.of(4))
                .label("y")
                .batchSize(24)
                .seed(3)
                .folder(temp.resolve(run).toUri().toString());
    }

    /** The rows as one process reads them, in the order that the page of Spark names. */
    private static Dataset sorted(List<Row> rows) {
        List<byte[]> all = rows.stream()
                .map(row -> {
                    ByteBuffer bytes = ByteBuffer.allocate(20).order(ByteOrder.LITTLE_ENDIAN);
                    for (float x : (float[]) row.get(0)) {
                        bytes.putFloat(x);
                    }
                    return bytes.putInt(row.getInt(1)).array();
                })
                .sorted((a, b) -> Arrays.compareUnsigned(hash(a), hash(b)))
                .toList();
        float[] x = new float[4 * all.size()];
        int[] y = new int[all.size()];
        for (int i = 0; i < y.length; i++) {
            ByteBuffer bytes = ByteBuffer.wrap(all.get(i)).order(ByteOrder.LITTLE_ENDIAN);
            bytes.asFloatBuffer().get(x, 4 * i, 4);
            y[i] = bytes.getInt(16);
        }
        return Dataset.of(x, Shape.of(4), y);
    }

    private static byte[] hash(byte[] bytes) {
        try {
            return Arrays.copyOf(MessageDigest.getInstance("SHA-256").digest(bytes), 16);
        } catch (java.security.NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    /** What a training leaves. */
    private record Left(byte[] weights, List<Map<String, Double>> figures) {
        void mustBe(Left other) {
            assertThat(weights).isEqualTo(other.weights);
            assertThat(figures).isEqualTo(other.figures);
        }
    }

    private Left left(Model<?> model, List<EpochLog> epochs) {
        try {
            Path file = Files.createTempFile(temp, "left", ".safetensors");
            model.save(file);
            return new Left(
                    Files.readAllBytes(file),
                    epochs.stream().map(EpochLog::values).toList());
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private Left left(SparkRun<?> run) {
        try (Model<?> model = run.model()) {
            return left(model, run.epochs());
        }
    }

    private Left alone(List<Row> rows, List<Row> more) {
        try (Model<Sequential> model = net();
                Dataset data = sorted(rows)) {
            Trainer<Sequential> trainer = recipe(model).shards(16);
            Batches batches = data.shuffled(3).batches(24);
            if (more.isEmpty()) {
                return left(model, trainer.fit(batches, EPOCHS).epochs());
            }
            try (Dataset others = sorted(more)) {
                return left(model, trainer.fit(batches, others, EPOCHS).epochs());
            }
        }
    }

    // ---- bits

    /** Other partitions, of which some are empty, and other numbers of workers; 100 rows make a short last batch. */
    @Test
    void theBitsAreThoseOfOneProcess() {
        List<Row> rows = examples(1, 100);
        List<Row> more = examples(2, 30);
        Left alone = alone(rows, more);
        SparkRun<Sequential> one =
                trainer("one").validation(frame(more, SCHEMA)).fit(frame(rows, SCHEMA), EPOCHS);
        left(one).mustBe(alone);
        assertThat(one.ended()).isEqualTo("3 epochs");
        assertThat(one)
                .hasToString("SparkRun of 3 epochs, ended: 3 epochs, "
                        + one.epochs().get(2).values());
        assertThat(Path.of(java.net.URI.create(one.file()))).exists();
        for (int workers : new int[] {2, 4}) {
            var parts = frame(rows, SCHEMA).orderBy("y").repartition(9, functions.col("y")); // three have rows
            left(trainer("run" + workers)
                            .workers(workers)
                            .validation(frame(more, SCHEMA).repartition(5))
                            .fit(parts, EPOCHS))
                    .mustBe(alone);
        }
    }

    /** A worker fails in the middle of the second epoch; the stage goes on from the checkpoint before. */
    @Test
    void aStageThatFailsGoesOnToTheSameBits() {
        List<Row> rows = examples(1, 100);
        left(failing("failing", 7).fit(frame(rows, SCHEMA), EPOCHS)).mustBe(alone(rows, List.of()));
        assertThat(FAILING).hasValue(0);
        assertThat(BEGUN).containsExactly(0L, 0L, 0L, 0L, 6L, 6L, 6L, 6L);
        assertThat(temp.resolve("failing").toFile().list((folder, name) -> name.startsWith("step-")))
                .containsExactlyInAnyOrder("step-000000014.safetensors", "step-000000015.safetensors");
    }

    /** Four workers that write a checkpoint every two steps, of which one fails after a step, or never at 0. */
    private SparkTrainer<Sequential> failing(String run, int step) {
        FAILING.set(step);
        BEGUN.clear();
        return SparkTrainer.of(SparkTrainerTest::net, model -> recipe(model).callbacks(new Failing()))
                .features("x", Shape.of(4))
                .label("y")
                .batchSize(24)
                .seed(3)
                .workers(4)
                .everySteps(2)
                .folder(temp.resolve(run).toString());
    }

    @Test
    void roundedGradientsAlsoGoOnToTheSameBits() {
        var rows = frame(examples(1, 100), SCHEMA);
        Left whole = left(failing("rounded", 0).gradients(DType.BF16).fit(rows, 2));
        left(failing("again", 7).gradients(DType.BF16).fit(rows, 2)).mustBe(whole);
        assertThat(BEGUN).containsExactly(0L, 0L, 0L, 0L, 6L, 6L, 6L, 6L);
        assertThatThrownBy(() -> failing("again", 0).fit(rows, 3))
                .hasMessageContaining(
                        "differs in the number of bits that gradients lose in the exchange: 0 here but 16");
    }

    /** The five steps of an epoch are four and one, so that the newest checkpoint is that after the fourth. */
    @Test
    void stepsOfTheirOwnAlsoGoOnToTheSameBits() {
        var rows = frame(examples(1, 100), SCHEMA);
        Left whole = left(failing("local", 0).localSteps(4).fit(rows, 2));
        left(failing("again", 7).localSteps(4).fit(rows, 2)).mustBe(whole);
        assertThat(BEGUN).containsExactly(0L, 0L, 0L, 0L, 4L, 4L, 4L, 4L);
    }

    /** Once, in one of the workers. */
    private static final class Failing implements Callback {
        @Override
        public void onTrainBegin(Run run) {
            BEGUN.add(run.progress().updates());
        }

        @Override
        public void onStepEnd(Run run) {
            int step = (int) run.progress().updates();
            if (step > 0 && FAILING.compareAndSet(step, 0)) {
                throw new IllegalStateException("lost");
            }
        }
    }

    @Test
    void aRunGoesOnWithAnotherNumberOfWorkers() throws IOException {
        List<Row> rows = examples(1, 100);
        Path foreign = Files.writeString(
                Files.createDirectories(temp.resolve("parts/train")).resolve("part-00000"), "not of the run");
        Left whole = alone(rows, List.of());
        assertThat(trainer("parts").workers(2).fit(frame(rows, SCHEMA), 1).epochs())
                .hasSize(1);
        Path damaged = Files.writeString(temp.resolve("parts/step-000000099.safetensors"), "damaged");
        Files.writeString(temp.resolve("parts/step-000000098.safetensors"), "damaged");
        left(trainer("parts").workers(4).fit(frame(rows, SCHEMA).repartition(3), EPOCHS))
                .mustBe(whole);
        assertThat(temp.resolve("parts").toFile().list((folder, name) -> name.startsWith("step-")))
                .containsExactlyInAnyOrder(
                        "step-000000010.safetensors",
                        "step-000000015.safetensors",
                        "step-000000098.safetensors",
                        "step-000000099.safetensors");
        assertThat(damaged).hasContent("damaged");
        assertThat(foreign).hasContent("not of the run");
        assertThatThrownBy(() -> trainer("parts").fit(frame(examples(4, 100), SCHEMA), EPOCHS))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageMatching(
                        "SparkTrainer: .*/parts/train holds other rows than these, of an earlier run; give the"
                                + " same rows to go on with that run, or another folder to begin anew .*");
        assertThatThrownBy(() -> trainer("parts").batchSize(25).fit(frame(rows, SCHEMA), EPOCHS))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageMatching("SparkTrainer: resume: the run in .* differs in the batches: .*");
    }

    @Test
    void whatKilledWritersOfRowsHaveLeftIsDeleted() throws IOException {
        Path folder = Files.createDirectories(temp.resolve("tidy/train"));
        Path left = folder.resolve(".rows-000.bin." + UUID.randomUUID() + ".tmp");
        var rows = frame(examples(1, 40), SCHEMA);
        for (int epochs : new int[] {1, 2}) { // when rows are written, and when they are compared
            Files.writeString(left, "half of the rows");
            trainer("tidy").fit(rows, epochs);
            assertThat(left).doesNotExist();
        }
    }

    @Test
    void rowsThatAreMissingAreASentence() throws IOException {
        var rows = frame(examples(1, 40), SCHEMA).repartition(3);
        trainer("missing").fit(rows, 1);
        Path folder = temp.resolve("missing/train");
        List<String> parts = List.of("rows-000.bin", "rows-001.bin", "rows-002.bin");
        for (String part : parts) {
            Files.delete(folder.resolve(part));
            assertThatThrownBy(() -> trainer("missing").fit(rows, 2))
                    .hasStackTraceContaining("bytes, which are not those of its 40 rows; delete it, and begin anew");
        }
    }

    @Test
    void aRegressionOfVectorsAndNumbers() {
        List<Row> rows = IntStream.range(0, 64)
                .mapToObj(i -> RowFactory.create(i / 64.0, List.of(i / 32.0 - 1, (double) (i % 4))))
                .toList();
        SparkRun<Sequential> run = SparkTrainer.of(
                        () -> Model.of(new Sequential(new Linear(1, 2)), 1),
                        model -> Trainer.of(model, Loss.mse(), new Adam(0.1f)))
                .features("in put", Shape.of(1))
                .target("out.put", Shape.of(2))
                .workers(2)
                .folder(temp.resolve("run").toString())
                .fit(frame(rows, "`in put` DOUBLE, `out.put` ARRAY<DOUBLE>"), 30);
        assertThat(run.epochs().get(29).value("loss"))
                .isLessThan(0.8 * run.epochs().get(0).value("loss"));
    }

    // ---- pictures and sequences

    /** What a process of its own learns of examples, in the order of their bytes. */
    private Left alone(Model<Sequential> made, List<byte[]> examples, Function<List<ByteBuffer>, Dataset> data) {
        List<ByteBuffer> sorted = examples.stream()
                .sorted((a, b) -> Arrays.compareUnsigned(hash(a), hash(b)))
                .map(each -> ByteBuffer.wrap(each).order(ByteOrder.LITTLE_ENDIAN))
                .toList();
        try (Model<Sequential> model = made;
                Dataset set = data.apply(sorted)) {
            return left(
                    model,
                    recipe(model).shards(16).fit(set.shuffled(3).batches(24), 2).epochs());
        }
    }

    private static int[] labels(List<ByteBuffer> examples) {
        return examples.stream()
                .mapToInt(each -> each.getInt(each.limit() - Integer.BYTES))
                .toArray();
    }

    /** As binary, and then as an array of whole numbers, which are the same bytes. */
    @Test
    void picturesHaveTheBitsOfOneProcess() {
        List<byte[]> examples = new ArrayList<>();
        List<Row> binary = new ArrayList<>();
        List<Row> numbers = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            int[] points = new Rng(5).split(i).ints(4, 256);
            byte[] bytes = {(byte) points[0], (byte) points[1], (byte) points[2], (byte) points[3]};
            int label = points[0] > 127 ? 1 : 0;
            binary.add(RowFactory.create(bytes, label));
            numbers.add(RowFactory.create(points, label));
            examples.add(ByteBuffer.allocate(8)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .put(bytes)
                    .putInt(label)
                    .array());
        }
        Left alone = alone(net(), examples, sorted -> {
            byte[] all = new byte[4 * sorted.size()];
            for (int i = 0; i < sorted.size(); i++) {
                sorted.get(i).get(0, all, 4 * i, 4);
            }
            return Dataset.of(
                    Field.pixels("x", Shape.of(4), all).input(),
                    Field.labels("y", labels(sorted)).target());
        });
        SparkTrainer<Sequential> pixels =
                trainer("binary").pixels("x", Shape.of(4)).workers(2);
        left(pixels.fit(frame(binary, "x BINARY, y INT"), 2)).mustBe(alone);
        left(pixels.fit(frame(numbers, "x ARRAY<INT>, y INT"), 2)) // the same rows, so that nothing is left to do
                .mustBe(alone);
    }

    private static Model<Sequential> reader() {
        return Model.of(
                new Sequential(new Embedding(11, 6), Recurrent.lstm(6, 5).lastStep(), new Linear(5, 3)), 1);
    }

    @Test
    void sequencesHaveTheBitsOfOneProcess() {
        List<byte[]> examples = new ArrayList<>();
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            int[] words = new Rng(6).split(i).ints(1 + i * 5 % 7, 11);
            rows.add(RowFactory.create(words, words[0] % 3));
            ByteBuffer example = ByteBuffer.allocate(4 * words.length + 8).order(ByteOrder.LITTLE_ENDIAN);
            example.putInt(words.length);
            Arrays.stream(words).forEach(example::putInt);
            examples.add(example.putInt(words[0] % 3).array());
        }
        Left alone = alone(reader(), examples, sorted -> {
            int[][] words = sorted.stream()
                    .map(each -> IntStream.rangeClosed(1, each.getInt(0))
                            .map(i -> each.getInt(4 * i))
                            .toArray())
                    .toArray(int[][]::new);
            return Dataset.of(
                    Field.ragged("x", words).input(),
                    Field.labels("y", labels(sorted)).target());
        });
        left(SparkTrainer.of(SparkTrainerTest::reader, SparkTrainerTest::recipe)
                        .tokens("x")
                        .label("y")
                        .batchSize(24)
                        .seed(3)
                        .workers(2)
                        .folder(temp.resolve("run").toString())
                        .fit(frame(rows, "x ARRAY<INT>, y INT").repartition(5), 2))
                .mustBe(alone);
    }

    /** Of one to five steps with two floats each; the target is the sum of the first ones. */
    @Test
    void aRegressionOfSequences() {
        List<Row> rows = IntStream.range(0, 64)
                .mapToObj(i -> {
                    float[] x = new Rng(7).split(i).normal(2 * (1 + i % 5), 0, 1);
                    double sum = IntStream.range(0, x.length / 2)
                            .mapToDouble(j -> x[2 * j])
                            .sum();
                    return RowFactory.create(x, sum);
                })
                .toList();
        SparkRun<Sequential> run = SparkTrainer.of(
                        () -> Model.of(new Sequential(Recurrent.gru(2, 8).lastStep(), new Linear(8, 1)), 1),
                        model -> Trainer.of(model, Loss.mse(), new Adam(0.05f)))
                .sequences("x", Shape.of(2))
                .target("y", Shape.of(1))
                .workers(2)
                .folder(temp.resolve("run").toString())
                .fit(frame(rows, "x ARRAY<FLOAT>, y DOUBLE"), 10);
        assertThat(run.epochs().get(9).value("loss"))
                .isLessThan(0.8 * run.epochs().get(0).value("loss"));
    }

    // ---- refusals

    @Test
    void pixelsAndSequencesThatDoNotFitAreRefusedByASentence() {
        SparkTrainer<Sequential> pixels = trainer("refused").pixels("x", Shape.of(2));
        for (double wrong : new double[] {256, 0.5}) {
            assertThatThrownBy(() -> pixels.fit(
                            frame(List.of(RowFactory.create(new double[] {1, wrong}, 1)), "x ARRAY<DOUBLE>, y INT"), 1))
                    .hasMessageContaining("SparkTrainer: the column x holds " + wrong
                            + "; give whole numbers from 0 to 255; the row is [");
        }
        assertThatThrownBy(() -> pixels.fit(frame(List.of(RowFactory.create(new byte[3], 1)), "x BINARY, y INT"), 1))
                .hasMessageContaining("SparkTrainer: the column x has 3 numbers; give 2; the row is [");
        assertThatThrownBy(() ->
                        trainer("refused").fit(frame(List.of(RowFactory.create(new byte[4], 1)), "x BINARY, y INT"), 1))
                .hasMessageContaining("SparkTrainer: the column x is of the type binary, but training needs numbers");
        assertThatThrownBy(() -> trainer("refused")
                        .sequences("x", Shape.of(2))
                        .fit(frame(List.of(RowFactory.create(new float[3], 1)), SCHEMA), 1))
                .hasMessageContaining("SparkTrainer: the column x has 3 numbers; give 2 for each step; the row is [");
    }

    private void mustRefuse(String sentence, Row row, String schema) {
        assertThatThrownBy(() -> trainer("refused").fit(frame(List.of(row), schema), 1))
                .hasMessageContaining("SparkTrainer: " + sentence);
        assertThat(temp.resolve("refused/train/facts.txt")).doesNotExist();
    }

    @Test
    void rowsThatDoNotFitAreRefusedByASentence() {
        mustRefuse(
                "the column x holds NaN, which is not a finite float; leave such rows out, or fill the gaps; the row is"
                        + " [ArraySeq(1.0, NaN, 0.0, 0.0),1]",
                RowFactory.create(new float[] {1, Float.NaN, 0, 0}, 1),
                SCHEMA);
        mustRefuse(
                "the column x is null; leave such rows out, or fill the gaps; the row is [null,1]",
                RowFactory.create(null, 1),
                SCHEMA);
        mustRefuse("the column y is null", RowFactory.create(new float[4], null), SCHEMA);
        mustRefuse(
                "element 1 of an array is null; give a number",
                RowFactory.create(new Float[] {1f, null, 3f, 4f}, 1),
                SCHEMA);
        mustRefuse("the column x has 3 numbers; give 4", RowFactory.create(new float[3], 1), SCHEMA);
        mustRefuse(
                "the label y is 0.5; give whole numbers from 0 on, or say target(..) for other numbers",
                RowFactory.create(new float[4], 0.5),
                "x ARRAY<FLOAT>, y DOUBLE");
        mustRefuse("the label y is -1.0", RowFactory.create(new float[4], -1), SCHEMA);
        mustRefuse(
                "the column y is of the type string, but training needs numbers, as an array, a vector or a single one;"
                        + " cast it",
                RowFactory.create(new float[4], "one"),
                "x ARRAY<FLOAT>, y STRING");
        mustRefuse(
                "there is no column y among [x]; name others by features(..) and label(..)",
                RowFactory.create((Object) new float[4]),
                "x ARRAY<FLOAT>");
        assertThatThrownBy(() -> trainer("refused").fit(frame(List.of(), SCHEMA), 1))
                .hasMessageMatching("SparkTrainer: there are no rows for .*/refused/train");
    }

    @Test
    void settingsThatDoNotFitAreRefusedByASentence() {
        var rows = frame(examples(1, 40), SCHEMA);
        Model<Sequential> model = net();
        model.close();
        assertThatThrownBy(() -> SparkTrainer.of(() -> model, SparkTrainerTest::recipe)
                        .features("x", Shape.of(4))
                        .label("y")
                        .folder(temp.toString())
                        .fit(rows, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("SparkTrainer: the model or the recipe cannot be sent, because it holds a"
                        + " dev.fathom.nn.Model, which is not serializable; make everything inside of the functions that"
                        + " are given");
        assertThatThrownBy(() -> trainer("run").workers(3).fit(rows, 1))
                .hasMessage(
                        "SparkTrainer: 16 shards cannot be divided among 3 workers; give a number that divides them,"
                                + " or other shards(n)");
        assertThatThrownBy(() -> SparkTrainer.of(SparkTrainerTest::net, SparkTrainerTest::recipe)
                        .fit(rows, 1))
                .hasMessage("SparkTrainer: say which columns to read by features(..), and label(..) or target(..), and"
                        + " where the run lies by folder(..)");
        assertThatThrownBy(() -> trainer("run").patience(java.time.Duration.ZERO))
                .hasMessage("SparkTrainer: patience=PT0S must be at least a millisecond");
        assertThatThrownBy(() -> trainer("run").workers(0)).hasMessageContaining("workers");
        assertThatThrownBy(() -> trainer("run").gradients(DType.F16))
                .hasMessage("SparkTrainer: gradients=F16 must be F32 or BF16");
        assertThatThrownBy(() -> trainer("run").localSteps(0)).hasMessageContaining("localSteps");
        assertThatThrownBy(
                        () -> trainer("run").localSteps(2).gradients(DType.BF16).fit(rows, 1))
                .hasMessage("SparkTrainer: localSteps(2) sends weights and no gradients, so gradients(BF16) has nothing"
                        + " to round; say one of them");
    }

    /** Without a retry by Spark, which would end in the same way. */
    @Test
    void whatTheTrainerRefusesIsASentence() {
        assertThatThrownBy(() ->
                        trainer("wide").features("x", Shape.of(2, 2)).workers(2).fit(frame(examples(1, 40), SCHEMA), 1))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageMatching("SparkTrainer: .*\\[.*2, 2\\].*");
        BEGUN.clear();
        SparkTrainer<Sequential> diverging = SparkTrainer.of(
                        SparkTrainerTest::net,
                        model -> Trainer.of(model, Loss.crossEntropy(), new Adam(1e38f))
                                .callbacks(new Failing()))
                .features("x", Shape.of(4))
                .label("y")
                .workers(2)
                .folder(temp.resolve("diverging").toString());
        assertThatThrownBy(() -> diverging.fit(frame(examples(1, 40), SCHEMA), 9))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageMatching("SparkTrainer: loss is (NaN|Infinity) at step (.|\\s)*");
        assertThat(BEGUN).containsExactly(0L, 0L);
    }
}

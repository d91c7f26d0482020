package dev.fathom.spark;

import dev.fathom.onnx.OnnxModel;
import dev.fathom.plan.Plan;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.apache.spark.ml.Transformer;
import org.apache.spark.ml.linalg.SQLDataTypes;
import org.apache.spark.ml.param.BooleanParam;
import org.apache.spark.ml.param.IntParam;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.param.ParamValidators;
import org.apache.spark.ml.param.StringArrayParam;
import org.apache.spark.ml.util.DefaultParamsReader;
import org.apache.spark.ml.util.DefaultParamsWriter;
import org.apache.spark.ml.util.Identifiable;
import org.apache.spark.ml.util.MLReader;
import org.apache.spark.ml.util.MLWritable;
import org.apache.spark.ml.util.MLWriter;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import scala.Option;

/**
 * A stage of Spark ML that adds what a model computes to each row of a DataFrame:
 *
 * <pre>{@code
 * SparkModel minilm = SparkModel.ofTexts(Path.of("all-MiniLM-L6-v2"))
 *         .setInputCols("question")
 *         .setOutputCols("vector");
 * Dataset<Row> vectors = minilm.transform(questions);
 * }</pre>
 *
 * <p>It works in a {@link org.apache.spark.ml.Pipeline}, on streams, and saves to and loads from whatever Hadoop reads,
 * with the files of the model. These are copied when the stage is made, and sent to each executor once. An executor
 * opens the model once for all its tasks, and each task computes with {@code spark.task.cpus} threads.
 *
 * <p>Results have the bits that the same plan gives in one process, whatever the partitions and the order of the rows
 * are. A row in which an input is null has nulls for outputs. NaN is a number like any other. A row that the model
 * refuses, such as one whose array is too short, fails the job by a sentence that shows it.
 *
 * <p>An input of numbers reads a column of arrays or of vectors of Spark ML, or of numbers where it has one a row; the
 * values of several dimensions are in one array, the last dimension first. An output is an array in the same order, or
 * a number where there is one dimension, the batch. Whole numbers are integers, and others floats.
 */
public final class SparkModel extends Transformer implements MLWritable {
    private static final long serialVersionUID = 1;

    private final String uid;
    private final Archive archive;
    private final Task task;
    private final StringArrayParam inputCols;
    private final StringArrayParam outputCols;
    private final IntParam batchSize;
    private final BooleanParam asVectors;
    private final Param<String> prompt;

    private SparkModel(String uid, Archive archive, Task task) {
        this.uid = uid;
        this.archive = archive;
        this.task = task;
        inputCols = new StringArrayParam(this, "inputCols", "the columns that the inputs read, in their order");
        outputCols = new StringArrayParam(this, "outputCols", "the columns that the outputs become, in their order");
        batchSize =
                new IntParam(this, "batchSize", "rows that are computed together, at most", ParamValidators.gtEq(1));
        asVectors = new BooleanParam(this, "asVectors", "whether outputs of floats are vectors of Spark ML");
        prompt = new Param<>(this, "prompt", "what is set in front of each text");
        setDefault(inputCols, task.inputs().stream().map(Task.Input::name).toArray(String[]::new));
        setDefault(outputCols, task.outputs().fieldNames());
        setDefault(batchSize, 64);
        setDefault(asVectors, false);
    }

    private static SparkModel of(Archive archive, Task task) {
        return new SparkModel(Identifiable.randomUID("sparkModel"), archive, task);
    }

    // ---- where models come from

    /**
     * Makes a stage of a plan, which may be closed then. Its inputs and outputs have the batch as their first
     * dimension, and the length, if they have one, as their second; {@link dev.fathom.plan.Spec#lengths} are those of
     * the arrays of a row.
     *
     * @throws IllegalArgumentException if an input or output has other dimensions, or the plan carries a state
     */
    public static SparkModel ofPlan(Plan plan) {
        Task task = Task.of(plan);
        return of(Archive.of(plan), task);
    }

    /**
     * Makes a stage of the file of a plan, as {@link Plan#save} writes it, on the machine of the driver.
     *
     * @throws IllegalArgumentException as {@link #ofPlan(Plan)} and {@link Plan#open}
     * @throws java.io.UncheckedIOException if the file cannot be read
     */
    public static SparkModel ofPlan(Path file) {
        try (Plan plan = Plan.open(file)) {
            return of(Archive.of(Map.of(Task.PLAN, file)), Task.of(plan));
        }
    }

    /**
     * Makes a stage of an ONNX file on the machine of the driver. Executors get it as a plan.
     *
     * @throws IllegalArgumentException as {@link #ofPlan(Plan)}, {@link OnnxModel#read(Path)} and
     *     {@link OnnxModel#plan(Map)}
     * @throws java.io.UncheckedIOException if the file cannot be read
     */
    public static SparkModel ofOnnx(Path file) {
        return ofOnnx(file, Map.of());
    }

    /**
     * Makes a stage of an ONNX file on the machine of the driver.
     *
     * @param sizes of free dimensions, and values of inputs, as {@link OnnxModel#plan(Map)} takes them
     * @throws IllegalArgumentException as {@link #ofOnnx(Path)}
     * @throws java.io.UncheckedIOException if the file cannot be read
     */
    public static SparkModel ofOnnx(Path file, Map<String, Integer> sizes) {
        try (Plan plan = OnnxModel.read(file).consume(sizes)) {
            return ofPlan(plan);
        }
    }

    /**
     * Makes a stage of a folder on the machine of the driver, as transformers, sentence-transformers or model2vec write
     * it. If its architecture ends with {@code ForSequenceClassification}, the output {@code labels} is an array of
     * structs of a {@code label} and a {@code score}, the highest first, as of
     * {@link dev.fathom.pretrained.Classifier}; otherwise the output {@code vector} is an array of floats, as of
     * {@link dev.fathom.pretrained.Embedder}. All files of the folder are copied.
     *
     * @throws IllegalArgumentException if the architecture is of another kind
     * @throws java.io.UncheckedIOException if a file cannot be read
     */
    public static SparkModel ofTexts(Path folder) {
        Task task = Task.ofTexts(folder); // before a long copy
        return of(Archive.ofFolder(folder), task);
    }

    // ---- params

    /** Returns the names of the columns that the inputs read, in their order. */
    public StringArrayParam inputCols() {
        return inputCols;
    }

    /** Returns the columns that the inputs read, in their order: at first those of the inputs' names. */
    public String[] getInputCols() {
        return getOrDefault(inputCols);
    }

    /** Says which columns the inputs read, in their order, and returns this stage. */
    public SparkModel setInputCols(String... columns) {
        set(inputCols, columns);
        return this;
    }

    /** Returns the names of the columns that the outputs become, in their order. */
    public StringArrayParam outputCols() {
        return outputCols;
    }

    /** Returns the columns that the outputs become, in their order: at first those of the outputs' names. */
    public String[] getOutputCols() {
        return getOrDefault(outputCols);
    }

    /** Says which columns the outputs become, in their order, and returns this stage. */
    public SparkModel setOutputCols(String... columns) {
        set(outputCols, columns);
        return this;
    }

    /** Returns how many rows are computed together, at most. */
    public IntParam batchSize() {
        return batchSize;
    }

    /** Returns how many rows are computed together, at most: 64 at first. */
    public int getBatchSize() {
        return (int) getOrDefault(batchSize);
    }

    /**
     * Says how many rows are computed together, at most, and returns this stage. Texts lie side by side in runs of
     * their own size. Rows of sequences and texts wait for 16 times as many, of which those of similar lengths are
     * computed together.
     *
     * @throws IllegalArgumentException if it is not positive
     */
    public SparkModel setBatchSize(int rows) {
        set(batchSize, rows);
        return this;
    }

    /** Returns whether outputs of floats are vectors of Spark ML. */
    public BooleanParam asVectors() {
        return asVectors;
    }

    /** Returns whether outputs of floats are vectors of Spark ML: at first they are arrays. */
    public boolean getAsVectors() {
        return (boolean) getOrDefault(asVectors);
    }

    /** Says whether outputs of floats are vectors of Spark ML, for further stages, and returns this stage. */
    public SparkModel setAsVectors(boolean on) {
        set(asVectors, on);
        return this;
    }

    /** Returns what is set in front of each text of which a vector is computed. */
    public Param<String> prompt() {
        return prompt;
    }

    /** Says what is set in front of each text of which a vector is computed, and returns this stage. */
    public SparkModel setPrompt(String text) {
        set(prompt, text);
        return this;
    }

    @Override
    public String uid() {
        return uid;
    }

    @Override
    public SparkModel copy(ParamMap extra) {
        return copyValues(new SparkModel(uid, archive, task), extra);
    }

    // ---- what it does

    /**
     * Returns the schema of what {@link #transform} returns.
     *
     * @throws IllegalArgumentException if an input column is not there or has another type, or an output column is
     *     there already
     */
    @Override
    public StructType transformSchema(StructType schema) {
        checkNumber("inputs", "setInputCols", task.inputs().size(), getInputCols());
        checkNumber("outputs", "setOutputCols", task.outputs().size(), getOutputCols());
        if (isDefined(prompt) && !task.isPrompted()) {
            throw new IllegalArgumentException("SparkModel: the prompt \"" + getOrDefault(prompt)
                    + "\" is for models that give vectors of texts, which this one does not; leave it out");
        }
        for (int i = 0; i < getInputCols().length; i++) {
            checkInput(schema, getInputCols()[i], task.inputs().get(i));
        }
        StructType all = schema;
        for (int i = 0; i < getOutputCols().length; i++) {
            String name = getOutputCols()[i];
            if (List.of(all.fieldNames()).contains(name)) {
                throw new IllegalArgumentException("SparkModel: the column " + name + " is there already, but the"
                        + " model's output " + task.outputs().apply(i).name()
                        + " would become it; choose another by setOutputCols");
            }
            all = all.add(name, type(task.outputs().apply(i)), true);
        }
        return all;
    }

    private static void checkNumber(String what, String setter, int number, String[] columns) {
        if (columns.length != number) {
            throw new IllegalArgumentException("SparkModel: the columns " + Arrays.toString(columns)
                    + " are not as many as the " + number + " " + what + " of the model; name one for each by "
                    + setter);
        }
    }

    private static void checkInput(StructType schema, String column, Task.Input input) {
        if (!List.of(schema.fieldNames()).contains(column)) {
            throw new IllegalArgumentException("SparkModel: there is no column " + column + ", which the model's input "
                    + input.shown() + " would read, among " + Arrays.toString(schema.fieldNames())
                    + "; name another by setInputCols");
        }
        DataType type = schema.apply(column).dataType();
        if (!input.reads(type)) {
            throw new IllegalArgumentException("SparkModel: the column " + column + " is of the type "
                    + type.catalogString() + ", but the model's input " + input.shown() + " needs " + input.needs()
                    + "; cast it, or name another by setInputCols");
        }
    }

    private DataType type(StructField output) {
        boolean floats = output.dataType() instanceof ArrayType array
                && array.elementType().equals(DataTypes.FloatType);
        return getAsVectors() && floats ? SQLDataTypes.VectorType() : output.dataType();
    }

    /**
     * Returns the rows, each with the outputs of the model.
     *
     * @throws IllegalArgumentException as {@link #transformSchema}
     */
    @Override
    public Dataset<Row> transform(Dataset<?> rows) {
        StructType schema = transformSchema(rows.schema());
        archive.send(rows.sparkSession().sparkContext());
        int[] columns = Arrays.stream(getInputCols())
                .mapToInt(rows.schema()::fieldIndex)
                .toArray();
        var options = new Options(getBatchSize(), getAsVectors(), isDefined(prompt) ? getOrDefault(prompt) : null);
        var answering = new Answering(
                Versions.here(), archive.name(), columns, task.outputs().size(), options);
        return rows.toDF().mapPartitions(answering, Encoders.row(schema));
    }

    // ---- files

    /** Returns what saves this stage, with the files of the model. */
    @Override
    public MLWriter write() {
        return new MLWriter() {
            @Override
            public void saveImpl(String path) {
                DefaultParamsWriter.saveMetadata(SparkModel.this, path, sc(), Option.empty(), Option.empty());
                archive.save(path, sc().hadoopConfiguration());
            }
        };
    }

    /** Returns what loads a stage that was saved. */
    public static MLReader<SparkModel> read() {
        return new MLReader<>() {
            @Override
            public SparkModel load(String path) {
                DefaultParamsReader.Metadata metadata =
                        DefaultParamsReader.loadMetadata(path, sc(), SparkModel.class.getName());
                Archive archive = Archive.load(path, sc().hadoopConfiguration());
                SparkModel model = new SparkModel(metadata.uid(), archive, archive.unpacked(path, Task::of));
                metadata.getAndSetParams(model, Option.empty());
                return model;
            }
        };
    }

    /** Loads a stage that was saved, from whatever Hadoop reads. */
    public static SparkModel load(String path) {
        return read().load(path);
    }
}

package dev.fathom.spark;

import dev.fathom.op.DType;
import dev.fathom.plan.Dim;
import dev.fathom.plan.Plan;
import dev.fathom.plan.Spec;
import dev.fathom.pretrained.Pretrained;
import java.io.Serializable;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import org.jspecify.annotations.Nullable;

/**
 * What a model reads of a row and what it adds to it.
 *
 * @param inputs in the order of the input columns
 * @param outputs the columns that it adds, under the names that they have if nobody gives others
 */
record Task(List<Input> inputs, StructType outputs) implements Serializable {
    /** The file of the plan in the folder of a model; a folder without one is of a model of texts. */
    static final String PLAN = "model.plan";

    private static final String VECTOR = "vector";

    /**
     * One of the inputs.
     *
     * @param type of its numbers, or null for a text
     * @param shown as messages name it
     */
    record Input(String name, @Nullable DType type, String shown) implements Serializable {
        /** Whether a column of this type can be read. */
        boolean reads(DataType column) {
            if (type == null) {
                return column.equals(DataTypes.StringType);
            }
            return Rows.hasNumbers(column) || column.equals(DataTypes.BinaryType) && type.bytes() == 1;
        }

        /** What a column must have. */
        String needs() {
            return type == null ? "a string" : Rows.NUMBERS + (type.bytes() == 1 ? ", or as binary" : "");
        }
    }

    /** Reads it from the folder of a model, whose files were checked before. */
    static Task of(Path folder) {
        if (!Files.exists(folder.resolve(PLAN))) {
            return ofTexts(folder);
        }
        try (Plan plan = Plan.open(folder.resolve(PLAN))) {
            return of(plan);
        }
    }

    /**
     * Reads it from the folder of a model of texts.
     *
     * @throws IllegalArgumentException if the model gives neither vectors nor labels of texts
     */
    static Task ofTexts(Path folder) {
        String architecture = architecture(folder);
        if (architecture.matches(".*(CausalLM|LMHeadModel|ForTokenClassification|ForQuestionAnswering)")) {
            throw new IllegalArgumentException("SparkModel: " + folder + " is of a " + architecture
                    + ", but vectors and labels of whole texts are what is computed of rows; give the folder of an"
                    + " Embedder or a Classifier");
        }
        StructField output = isClassifier(folder)
                ? field("labels", DataTypes.createArrayType(label(), false))
                : field(VECTOR, DataTypes.createArrayType(DataTypes.FloatType, false));
        return new Task(
                List.of(new Input("text", null, "a text")), DataTypes.createStructType(new StructField[] {output}));
    }

    /** Whether a prompt can be set in front of its texts. */
    boolean isPrompted() {
        return inputs.get(0).type == null && outputs.fieldNames()[0].equals(VECTOR);
    }

    /** Whether a model of texts gives labels, and otherwise vectors. */
    static boolean isClassifier(Path folder) {
        return architecture(folder).endsWith("ForSequenceClassification");
    }

    /**
     * The architecture of a model of texts.
     *
     * @throws IllegalStateException if the Gson of Spark, which is years older than ours, comes first
     */
    private static String architecture(Path folder) {
        try {
            Class.forName("com.google.gson.Strictness");
        } catch (ClassNotFoundException e) {
            throw new IllegalStateException(
                    "SparkModel: a model of texts needs Gson 2.11 or newer, but the one of Spark is older and comes"
                            + " first; relocate com.google.gson in the jar that you submit",
                    e);
        }
        return Pretrained.architecture(folder).orElse("");
    }

    private static StructType label() {
        return DataTypes.createStructType(
                new StructField[] {field("label", DataTypes.StringType), field("score", DataTypes.FloatType)});
    }

    private static StructField field(String name, DataType type) {
        return DataTypes.createStructField(name, type, true);
    }

    /**
     * Reads it from a plan.
     *
     * @throws IllegalArgumentException if rows are nothing that the plan takes one by one
     */
    static Task of(Plan plan) {
        if (plan.carriesState()) {
            throw new IllegalArgumentException("SparkModel: the plan carries a state from run to run, but rows have no"
                    + " order; give one that computes each row alone");
        }
        List<Input> inputs = new ArrayList<>();
        for (Spec spec : plan.inputs()) {
            checkRows(spec);
            if (!spec.isLengths()) {
                inputs.add(new Input(spec.name(), spec.dtype(), spec.toString()));
            }
        }
        List<StructField> outputs = new ArrayList<>();
        for (Spec spec : plan.outputs()) {
            checkRows(spec);
            DataType number = spec.dtype().isWhole() ? DataTypes.IntegerType : DataTypes.FloatType;
            outputs.add(
                    field(spec.name(), spec.dims().length == 1 ? number : DataTypes.createArrayType(number, false)));
        }
        return new Task(inputs, DataTypes.createStructType(outputs));
    }

    private static void checkRows(Spec spec) {
        int[] dims = spec.dims();
        boolean good = dims.length > 0 && dims[0] == Dim.BATCH;
        for (int d = 1; d < dims.length; d++) {
            good &= dims[d] > 0 || dims[d] == Dim.LENGTH && d == 1;
        }
        if (!good) {
            throw new IllegalArgumentException("SparkModel: " + spec + " must have the batch as its first dimension,"
                    + " and the length as its second if it has one; freeze a function with such inputs and outputs");
        }
    }
}

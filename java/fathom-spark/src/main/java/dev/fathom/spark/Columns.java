package dev.fathom.spark;

import dev.fathom.data.Field;
import dev.fathom.op.Shape;
import java.io.Serializable;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import org.apache.spark.ml.linalg.SQLDataTypes;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.NumericType;
import org.apache.spark.sql.types.StructType;
import org.jspecify.annotations.Nullable;

/**
 * What a training reads of a row, and the bytes that it becomes: floats of the features, and an integer for a label or
 * floats of the target.
 *
 * @param shape of the features
 * @param targetShape null where the target is a label
 */
record Columns(String features, int[] shape, String target, int @Nullable [] targetShape) implements Serializable {
    private static final int SHOWN = 200;

    /** How many bytes an example has. */
    int bytes() {
        return Float.BYTES * (size(shape) + (targetShape == null ? 1 : size(targetShape)));
    }

    /** Where the target begins among them. */
    int targetAt() {
        return Float.BYTES * size(shape);
    }

    private static int size(int[] dims) {
        return Math.toIntExact(Shape.of(dims).size());
    }

    /**
     * Looks whether there are such columns.
     *
     * @throws IllegalArgumentException if one is missing or has no numbers
     */
    void check(StructType schema) {
        for (String column : List.of(features, target)) {
            if (!Arrays.asList(schema.fieldNames()).contains(column)) {
                throw new IllegalArgumentException("SparkTrainer: there is no column " + column + " among "
                        + Arrays.toString(schema.fieldNames()) + "; name others by features(..) and label(..)");
            }
            DataType type = schema.apply(column).dataType();
            if (!(type instanceof NumericType
                    || type instanceof ArrayType array && array.elementType() instanceof NumericType
                    || type.equals(SQLDataTypes.VectorType()))) {
                throw new IllegalArgumentException("SparkTrainer: the column " + column + " is of the type "
                        + type.catalogString() + ", but training needs numbers, as an array, a vector or a single one;"
                        + " cast it");
            }
        }
    }

    /**
     * Returns the bytes of a row behind some empty ones.
     *
     * @throws IllegalArgumentException with the row, if there is something else than finite numbers
     */
    byte[] encode(Row row, int empty) {
        byte[] all = new byte[empty + bytes()];
        ByteBuffer to = ByteBuffer.wrap(all).order(ByteOrder.LITTLE_ENDIAN).position(empty);
        try {
            putFloats(features, row, shape, to);
            if (targetShape != null) {
                putFloats(target, row, targetShape, to);
            } else {
                double[] label = numbers(target, row, 1);
                if (label[0] != (int) label[0] || label[0] < 0) {
                    throw new IllegalArgumentException("the label " + target + " is " + label[0]
                            + "; give whole numbers from 0 on, or say target(..) for other numbers");
                }
                to.putInt((int) label[0]);
            }
        } catch (IllegalArgumentException e) {
            String shown = row.toString();
            throw new IllegalArgumentException(
                    "SparkTrainer: " + e.getMessage() + "; the row is "
                            + (shown.length() > SHOWN ? shown.substring(0, SHOWN) + "..." : shown),
                    e);
        }
        return all;
    }

    private static void putFloats(String column, Row row, int[] shape, ByteBuffer to) {
        for (double number : numbers(column, row, size(shape))) {
            if (!Float.isFinite((float) number)) {
                throw new IllegalArgumentException("the column " + column + " holds " + number
                        + ", which is not a finite float; leave such rows out, or fill the gaps");
            }
            to.putFloat((float) number);
        }
    }

    private static double[] numbers(String column, Row row, int size) {
        Object value = row.getAs(column);
        if (value == null) {
            throw new IllegalArgumentException(
                    "the column " + column + " is null; leave such rows out, or fill the gaps");
        }
        double[] numbers = PlanAnswers.numbers(value);
        if (numbers.length != size) {
            throw new IllegalArgumentException(
                    "the column " + column + " has " + numbers.length + " numbers; give " + size);
        }
        return numbers;
    }

    /** The fields of the examples. */
    List<Field> fields(int classes) {
        return List.of(
                Field.floats("x", Shape.of(shape)).input(),
                targetShape == null
                        ? Field.labels("y").classes(classes).target()
                        : Field.floats("y", Shape.of(targetShape)).target());
    }

    @Override
    public String toString() {
        return "floats " + Arrays.toString(shape) + " with "
                + (targetShape == null ? "a label" : "floats " + Arrays.toString(targetShape));
    }
}

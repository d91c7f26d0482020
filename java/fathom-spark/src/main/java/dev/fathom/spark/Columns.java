package dev.fathom.spark;

import dev.fathom.data.Field;
import dev.fathom.op.Shape;
import java.io.Serializable;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.jspecify.annotations.Nullable;

/**
 * What a training reads of a row, and the bytes that it becomes: those of the features, after the number of their steps
 * where they are a sequence, and an integer for a label or floats of the target.
 *
 * @param shape of the features, or of a step of them
 * @param targetShape null where the target is a label
 */
record Columns(String features, Kind kind, int[] shape, String target, int @Nullable [] targetShape)
        implements Serializable {
    /** What features are. */
    enum Kind {
        FLOATS,
        /** Unsigned bytes. */
        PIXELS,
        /** Floats for each step. */
        SEQUENCES,
        /** An integer for each step. */
        TOKENS;

        /** Whether examples have different lengths. */
        boolean ragged() {
            return this == SEQUENCES || this == TOKENS;
        }
    }

    /** How many bytes the features of an example have, or a step of them. */
    int stepBytes() {
        return (kind == Kind.PIXELS ? 1 : Float.BYTES) * size(shape);
    }

    /** How many bytes the target has, which follows the features. */
    int targetBytes() {
        return Float.BYTES * (targetShape == null ? 1 : size(targetShape));
    }

    /** How many bytes an example of so many steps has, of which there is one where features are no sequence. */
    long bytes(int steps) {
        return (kind.ragged() ? Integer.BYTES : 0) + (long) steps * stepBytes() + targetBytes();
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
            boolean pixels = type.equals(DataTypes.BinaryType) && kind == Kind.PIXELS && column.equals(features);
            if (!pixels && !Rows.hasNumbers(type)) {
                throw new IllegalArgumentException("SparkTrainer: the column " + column + " is of the type "
                        + type.catalogString() + ", but training needs " + Rows.NUMBERS + "; cast it");
            }
        }
    }

    /**
     * Returns the bytes of a row after some empty ones.
     *
     * @throws IllegalArgumentException with the row, if there is something else than finite numbers
     */
    byte[] encode(Row row, int empty) {
        try {
            double[] values = numbers(features, row);
            int steps = steps(values.length);
            byte[] all = new byte[Math.toIntExact(empty + bytes(steps))];
            ByteBuffer to = ByteBuffer.wrap(all).order(ByteOrder.LITTLE_ENDIAN).position(empty);
            if (kind.ragged()) {
                to.putInt(steps);
            }
            for (double value : values) {
                putFeature(value, to);
            }
            if (targetShape != null) {
                for (double value : numbers(target, row, size(targetShape))) {
                    putFloat(target, value, to);
                }
            } else {
                double[] label = numbers(target, row, 1);
                if (label[0] != (int) label[0] || label[0] < 0) {
                    throw new IllegalArgumentException("the label " + target + " is " + label[0]
                            + "; give whole numbers from 0 on, or say target(..) for other numbers");
                }
                to.putInt((int) label[0]);
            }
            return all;
        } catch (IllegalArgumentException e) {
            throw Rows.refused("SparkTrainer", row, e);
        }
    }

    private int steps(int numbers) {
        int size = size(shape);
        if (kind.ragged() ? numbers % size != 0 : numbers != size) {
            throw new IllegalArgumentException("the column " + features + " has " + numbers + " numbers; give "
                    + (kind.ragged() ? size + " for each step" : size));
        }
        return numbers / size;
    }

    private void putFeature(double value, ByteBuffer to) {
        switch (kind) {
            case FLOATS, SEQUENCES -> putFloat(features, value, to);
            case PIXELS -> to.put((byte) whole(value, 0, 255));
            case TOKENS -> to.putInt(whole(value, Integer.MIN_VALUE, Integer.MAX_VALUE));
        }
    }

    private int whole(double value, int least, int most) {
        if (!(value >= least && value <= most && value == Math.rint(value))) {
            throw new IllegalArgumentException("the column " + features + " holds " + value
                    + "; give whole numbers from " + least + " to " + most);
        }
        return (int) value;
    }

    private static void putFloat(String column, double value, ByteBuffer to) {
        if (!Float.isFinite((float) value)) {
            throw new IllegalArgumentException("the column " + column + " holds " + value
                    + ", which is not a finite float; leave such rows out, or fill the gaps");
        }
        to.putFloat((float) value);
    }

    private static double[] numbers(String column, Row row, int size) {
        double[] numbers = numbers(column, row);
        if (numbers.length != size) {
            throw new IllegalArgumentException(
                    "the column " + column + " has " + numbers.length + " numbers; give " + size);
        }
        return numbers;
    }

    private static double[] numbers(String column, Row row) {
        Object value = row.getAs(column);
        if (value == null) {
            throw new IllegalArgumentException(
                    "the column " + column + " is null; leave such rows out, or fill the gaps");
        }
        if (value instanceof byte[] bytes) {
            return IntStream.range(0, bytes.length)
                    .mapToDouble(i -> bytes[i] & 0xff)
                    .toArray();
        }
        return Rows.numbers(value);
    }

    /** The fields of the examples. */
    List<Field> fields(int classes) {
        Shape each = Shape.of(shape);
        Field x = switch (kind) {
            case FLOATS -> Field.floats("x", each);
            case PIXELS -> Field.pixels("x", each);
            case SEQUENCES -> Field.floats("x", each).ragged();
            case TOKENS -> Field.ints("x", each).ragged();
        };
        return List.of(
                x.input(),
                targetShape == null
                        ? Field.labels("y").classes(classes).target()
                        : Field.floats("y", Shape.of(targetShape)).target());
    }

    @Override
    public String toString() {
        return kind.name().toLowerCase(Locale.ROOT) + " " + Arrays.toString(shape) + " with "
                + (targetShape == null ? "a label" : "floats " + Arrays.toString(targetShape));
    }
}

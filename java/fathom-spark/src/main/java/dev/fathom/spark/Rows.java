package dev.fathom.spark;

import org.apache.spark.ml.linalg.SQLDataTypes;
import org.apache.spark.ml.linalg.Vector;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.NumericType;
import scala.collection.Seq;

/** How models and trainings read the numbers of a row. */
final class Rows {
    /** What a column with numbers has, as messages say it. */
    static final String NUMBERS = "numbers, as an array, a vector or a single one";

    /** How many characters of a row a message shows. */
    private static final int SHOWN = 200;

    private Rows() {}

    /** Whether a column has {@link #NUMBERS}. */
    static boolean hasNumbers(DataType column) {
        return column instanceof NumericType
                || column instanceof ArrayType array && array.elementType() instanceof NumericType
                || column.equals(SQLDataTypes.VectorType());
    }

    /**
     * The numbers of a value of such a column.
     *
     * @throws IllegalArgumentException if one of an array is null
     */
    static double[] numbers(Object value) {
        if (value instanceof Vector vector) {
            return vector.toArray();
        }
        if (value instanceof Number number) {
            return new double[] {number.doubleValue()};
        }
        Seq<?> all = (Seq<?>) value;
        double[] numbers = new double[all.length()];
        for (int i = 0; i < numbers.length; i++) {
            if (!(all.apply(i) instanceof Number number)) {
                throw new IllegalArgumentException("element " + i + " of an array is null; give a number");
            }
            numbers[i] = number.doubleValue();
        }
        return numbers;
    }

    /** Why a row is refused, in a sentence that shows it. */
    static IllegalArgumentException refused(String who, Row row, IllegalArgumentException why) {
        String shown = row.toString();
        return new IllegalArgumentException(
                who + ": " + why.getMessage() + "; the row is "
                        + (shown.length() > SHOWN ? shown.substring(0, SHOWN) + "..." : shown),
                why);
    }
}

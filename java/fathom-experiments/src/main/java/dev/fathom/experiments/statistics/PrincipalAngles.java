package dev.fathom.experiments.statistics;

import dev.fathom.openblas.Lapack;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * The principal angles between two subspaces: the smallest angle between a direction of one and a direction of the
 * other, then the smallest among the directions orthogonal to these, and so on. Their cosines are the singular values
 * of U'V for orthonormal bases U and V (Bjorck and Golub 1973). All are 0 where the subspaces are the same.
 */
public final class PrincipalAngles {
    private PrincipalAngles() {}

    /** The angles in degrees, ascending, between the spaces that the columns of two matrices [rows, width] span. */
    public static double[] degrees(double[] u, double[] v, int width) {
        double[] product = new double[width * width];
        Lapack.addProduct(Lapack.orthonormal(u, width), width, Lapack.orthonormal(v, width), width, product);
        double[][] rows = IntStream.range(0, width)
                .mapToObj(i -> Arrays.copyOfRange(product, i * width, (i + 1) * width))
                .toArray(double[][]::new);
        return Arrays.stream(SingularValues.of(rows))
                .map(cosine -> Math.toDegrees(Math.acos(Math.min(1, cosine))))
                .toArray();
    }

    /** The transpose of a matrix [rows, columns]. */
    public static double[] transposed(double[] matrix, int columns) {
        int rows = matrix.length / columns;
        return IntStream.range(0, matrix.length)
                .mapToDouble(i -> matrix[i % rows * columns + i / rows])
                .toArray();
    }
}

package dev.fathom.derivative;

import dev.fathom.optim.Update;
import dev.fathom.tensor.Tensor;
import java.util.function.BiConsumer;
import java.util.function.Function;

/**
 * All parameters of a step one after another, as a vector of doubles, for recipes whose formulas are about the whole
 * vector.
 */
final class Flat {
    private Flat() {}

    /** What {@code what} gives of each parameter. */
    static double[] of(Update update, Function<Update.Part, Tensor> what) {
        int[] size = {0};
        update.each(p -> size[0] += Math.toIntExact(p.value().size()));
        double[] all = new double[size[0]];
        int[] at = {0};
        update.each(p -> {
            for (float x : what.apply(p).toArray()) {
                all[at[0]++] = x;
            }
        });
        return all;
    }

    /** Gives each parameter its numbers of {@code all}. */
    static void to(Update update, double[] all, BiConsumer<Update.Part, Tensor> into) {
        int[] at = {0};
        update.each(p -> {
            float[] values = new float[Math.toIntExact(p.value().size())];
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) all[at[0]++];
            }
            into.accept(p, Tensor.of(values, p.value().shape().toArray()));
        });
    }

    /** a + c b, as a new vector. */
    static double[] plus(double[] a, double c, double[] b) {
        double[] sum = new double[a.length];
        for (int i = 0; i < a.length; i++) {
            sum[i] = a[i] + c * b[i];
        }
        return sum;
    }

    static double largest(double[] a) {
        double max = 0;
        for (double x : a) {
            max = Math.max(max, Math.abs(x));
        }
        return max;
    }
}

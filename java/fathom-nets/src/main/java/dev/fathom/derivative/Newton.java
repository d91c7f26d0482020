package dev.fathom.derivative;

import dev.fathom.op.Checks;
import dev.fathom.optim.Optimizer;
import dev.fathom.optim.Update;

/**
 * Newton's method for small problems, such as the surfaces of a textbook: w -= lr (H + damping I)^-1 g. The Hessian H
 * comes from central differences of fourth order of the gradient, four evaluations of the loss for each number of the
 * parameters, and is made symmetric. Without damping, the method goes to the nearest stationary point, which may be a
 * saddle or a maximum; with a damping above the most negative eigenvalue's size (Levenberg 1944) it descends.
 *
 * @param learningRate lr, 1 for the full step
 * @param damping what is added to the diagonal of the Hessian
 */
public record Newton(float learningRate, float damping) implements Optimizer {
    private static final int MOST = 500;
    /** The distance of the differences, for places of size 1: wide, since the gradients are rounded to floats. */
    private static final double DISTANCE = 1 / 32.0;

    /**
     * Checks the numbers.
     *
     * @throws IllegalArgumentException if the learning rate is not positive and finite, or the damping negative
     */
    public Newton {
        Checks.learningRate("Newton", learningRate);
        Checks.notNegative("Newton", "damping", damping);
    }

    /** Uses full steps without damping. */
    public Newton() {
        this(1, 0);
    }

    @Override
    public boolean evaluatesAgain() {
        return true;
    }

    /**
     * Takes one step.
     *
     * @throws IllegalArgumentException if the parameters have more than 500 numbers
     * @throws ArithmeticException if the damped Hessian is singular
     */
    @Override
    public void step(Update update) {
        double[] w = Flat.of(update, Update.Part::value);
        if (w.length > MOST) {
            throw new IllegalArgumentException("Newton: the parameters have " + w.length
                    + " numbers but the Hessian of at most " + MOST + " is computed; use LBfgs");
        }
        double[] g = Flat.of(update, Update.Part::gradient);
        double[][] rows = new double[w.length][];
        for (int i = 0; i < w.length; i++) {
            // a power of two, so that the place itself is hardly rounded
            double h = DISTANCE * Math.scalb(1.0, Math.max(0, Math.getExponent(w[i])));
            double[] near = Flat.plus(gradient(update, w, i, h), -1, gradient(update, w, i, -h));
            double[] far = Flat.plus(gradient(update, w, i, 2 * h), -1, gradient(update, w, i, -2 * h));
            rows[i] = Flat.plus(new double[w.length], 8 / (12 * h), near);
            rows[i] = Flat.plus(rows[i], -1 / (12 * h), far);
        }
        double[][] hessian = new double[w.length][w.length];
        for (int i = 0; i < w.length; i++) {
            for (int j = 0; j < w.length; j++) {
                hessian[i][j] = (rows[i][j] + rows[j][i]) / 2 + (i == j ? damping : 0);
            }
        }
        double[] direction = solved(hessian, g);
        Flat.to(update, w, Update.Part::value);
        Flat.to(update, direction, (p, d) -> p.value(p.value().sub(d.mul(p.learningRate()))));
    }

    private static double[] gradient(Update update, double[] w, int i, double away) {
        double[] there = w.clone();
        there[i] += away;
        Flat.to(update, there, Update.Part::value);
        update.again();
        return Flat.of(update, Update.Part::gradient);
    }

    /** Gauss's elimination with the largest pivot of each column. */
    private double[] solved(double[][] a, double[] right) {
        int n = right.length;
        double[] x = right.clone();
        for (int k = 0; k < n; k++) {
            int pivot = k;
            for (int i = k + 1; i < n; i++) {
                pivot = Math.abs(a[i][k]) > Math.abs(a[pivot][k]) ? i : pivot;
            }
            if (!(Math.abs(a[pivot][k]) > 1e-12)) {
                throw new ArithmeticException("Newton: the Hessian of " + n + " numbers with damping " + damping
                        + " is singular; choose a larger damping");
            }
            double[] row = a[pivot];
            a[pivot] = a[k];
            a[k] = row;
            double value = x[pivot];
            x[pivot] = x[k];
            x[k] = value;
            for (int i = k + 1; i < n; i++) {
                double factor = a[i][k] / row[k];
                for (int j = k; j < n; j++) {
                    a[i][j] -= factor * row[j];
                }
                x[i] -= factor * value;
            }
        }
        for (int k = n - 1; k >= 0; k--) {
            for (int j = k + 1; j < n; j++) {
                x[k] -= a[k][j] * x[j];
            }
            x[k] /= a[k][k];
        }
        return x;
    }
}

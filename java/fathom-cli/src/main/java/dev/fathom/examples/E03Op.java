package dev.fathom.examples;

import dev.fathom.nn.GradientCheck;
import dev.fathom.op.*;
import dev.fathom.tensor.*;

/**
 * An op of one's own, in Java: y = x / (1 + |x|) and dx = dy / (1 + |x|)^2. With kernels of its own it is a row of a
 * table; see docs/extending.md.
 */
public record E03Op() implements Op {
    @Override
    public Shape shape(Call c, int output) {
        return c.shape(0);
    }

    @Override
    public void forward(Call c) {
        float[] y = c.read(0);
        for (int i = 0; i < y.length; i++) {
            y[i] /= 1 + Math.abs(y[i]);
        }
        c.write(0, y);
    }

    @Override
    public void backward(Grad g) {
        float[] x = g.read(0);
        float[] dx = g.readGradient(0); // dy
        for (int i = 0; i < x.length; i++) {
            dx[i] /= (1 + Math.abs(x[i])) * (1 + Math.abs(x[i]));
        }
        g.writeGradient(0, dx);
    }

    public static void main(String[] args) {
        try (Pass pass = Pass.grad()) {
            Tensor x = pass.watch(Tensor.of(new float[] {-3, 0, 1}, 3));
            Tensor y = Pass.apply(new E03Op(), x);
            pass.backward(y.sum());
            System.out.println(y + ", gradient " + pass.gradient(x));
            GradientCheck.check(in -> Pass.apply(new E03Op(), in[0]), 1e-3, Tensor.of(new float[] {-3, 0.5f, 1}, 3));
        }
    }
}

package dev.fathom.examples;

import dev.fathom.tensor.*;

/**
 * Backward gives the slope of one number with respect to all that was watched; walking against it finds where the
 * number is least.
 */
public final class E02Gradient {
    public static void main(String[] args) {
        float[] at = {5, 5};
        for (int step = 0; step <= 20; step++) {
            try (Pass pass = Pass.grad()) { // records what is computed, so that backward can go through it
                Tensor p = pass.watch(Tensor.of(at, 2));
                Tensor x = p.slice(0, 0, 1);
                Tensor f = p.square().sum().sub(x.mul(4).sum()); // x^2 + y^2 - 4x, least at (2, 0)
                pass.backward(f);
                float[] slope = pass.gradient(p).toArray(); // (2x - 4, 2y)
                if (step % 5 == 0) {
                    System.out.printf(
                            "step %2d  at (%.3f, %.3f)  f = %6.3f  slope (%.3f, %.3f)%n",
                            step, at[0], at[1], f.item(), slope[0], slope[1]);
                }
                for (int i = 0; i < at.length; i++) {
                    at[i] -= 0.2f * slope[i];
                }
            }
        }
    }
}

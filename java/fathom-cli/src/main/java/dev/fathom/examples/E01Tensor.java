package dev.fathom.examples;

import dev.fathom.tensor.*;

/**
 * A tensor is a dense array of numbers off the Java heap. Its methods make new tensors, which live as long as their
 * pass.
 */
public final class E01Tensor {
    public static void main(String[] args) {
        try (Pass pass = Pass.infer()) { // owns what is computed inside, and gives it back when it closes
            Tensor x = Tensor.of(new float[] {1, 2, 3, 4, 5, 6}, 2, 3);
            Tensor row = Tensor.of(new float[] {10, 20, 30}, 3);
            System.out.println("x             " + x);
            System.out.println("x + row       " + x.add(row)); // the row is repeated, as NumPy does
            System.out.println("x.sum(0)      " + x.sum(0)); // over dimension 0, which disappears
            System.out.println("x x^T         " + x.matmul(Tensor.of(new float[] {1, 4, 2, 5, 3, 6}, 3, 2)));
            System.out.println("softmax       " + x.mul(0.5f).softmax(-1));
            System.out.println("as 3 x 2      " + x.reshape(3, 2).shape() + ", a view: nothing is copied");
            System.out.println("one element   " + x.get(1, 2));
            try {
                x.add(Tensor.zeros(2));
            } catch (IllegalArgumentException e) {
                System.out.println("a mistake     " + e.getMessage());
            }
            System.out.println("in this pass  " + pass.liveBytes() + " bytes");
        }
    }
}

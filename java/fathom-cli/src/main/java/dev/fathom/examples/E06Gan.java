package dev.fathom.examples;

import dev.fathom.nn.*;
import dev.fathom.optim.Adam;
import dev.fathom.tensor.*;

/**
 * A loop of one's own: a generator learns to draw numbers like N(4, 1) from a discriminator, each an optimizer over its
 * part of one model.
 */
public final class E06Gan {
    record Gan(Layer g, Layer d) implements Net {}

    public static void main(String[] args) {
        var net = new Gan(new Linear(1, 1), new Sequential(new Linear(1, 16), Tensor::relu, new Linear(16, 1)));
        var rng = new Rng(7);
        Loss bce = Loss.bceWithLogits();
        try (var model = Model.of(net, 7);
                var optG = new Adam(1e-2f).on(model.part(net.g()));
                var optD = new Adam(1e-2f).on(model.part(net.d()))) {
            for (int step = 0; step <= 1000; step++) {
                try (var pass = Pass.train(rng)) { // a pass for each step
                    Tensor real = pass.randn(64, 1).add(4);
                    Tensor fake = net.g().apply(pass.randn(64, 1));
                    Tensor yes = Tensor.ones(64, 1), no = Tensor.zeros(64, 1);
                    Tensor lossD =
                            bce.of(net.d().apply(real), yes).add(bce.of(net.d().apply(fake.detach()), no));
                    pass.backward(lossD, model.part(net.d()));
                    optD.step();
                    pass.backward(bce.of(net.d().apply(fake), yes), model.part(net.g())); // none for d
                    optG.step();
                    if (step % 200 == 0) {
                        System.out.printf(
                                "step %4d  fakes have mean %.2f%n",
                                step, fake.mean().item());
                    }
                }
            }
        }
    }
}

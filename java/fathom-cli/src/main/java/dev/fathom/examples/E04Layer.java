package dev.fathom.examples;

import dev.fathom.nn.*;
import dev.fathom.op.*;
import dev.fathom.tensor.*;

/**
 * A layer is a record: its components are its parts, forward is its formula. Here y = g tanh(W x) + (1 - g) x with g =
 * sigmoid(V x).
 */
public record E04Layer(Linear transform, Linear gate) implements Layer {
    E04Layer(int width) {
        this(new Linear(width, width), new Linear(width, width));
    }

    @Override
    public Tensor forward(Tensor x) {
        Tensor g = gate.apply(x).sigmoid();
        return g.mul(transform.apply(x).tanh()).add(g.rsub(1).mul(x));
    }

    public static void main(String[] args) {
        var net = new Sequential(new E04Layer(8), new E04Layer(8), new Linear(8, 2));
        try (var model = Model.of(net, 1)) { // finds the parameters, names them, and gives them their first values
            System.out.println(model.summary(Shape.of(1, 8)));
            model.parameters().forEach(p -> System.out.println(p.name() + " " + p.shape()));
            try (Pass pass = Pass.infer()) {
                Tensor x = Tensor.of(new Rng(2).normal(32, 0, 1), 4, 8);
                System.out.println(net.apply(x)); // callers call apply; layers define forward
                GradientCheck.check(in -> net.apply(in[0]), 1e-2, model.parameters(), x);
                System.out.println("its gradients agree with differences");
            }
        }
    }
}

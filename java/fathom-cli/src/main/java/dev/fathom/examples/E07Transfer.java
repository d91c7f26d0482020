package dev.fathom.examples;

import dev.fathom.assess.Classification;
import dev.fathom.data.Dataset;
import dev.fathom.nn.*;
import dev.fathom.optim.Adam;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.*;

/**
 * What a trunk has learned from many examples serves a new head that has seen few: the trunk is frozen, only the head
 * learns.
 */
public final class E07Transfer {
    public static void main(String[] args) {
        try (var many = Moons.of(2000, 1);
                var few = Moons.of(10, 2);
                var test = Moons.of(1000, 3)) {
            try (var first = Model.of(new Sequential(trunk(), new Linear(32, 2)), 1)) {
                learn("a new trunk and 2000 examples  ", first, many, test);
                // the trunk's values move to the new model
                try (var second = first.replace("1", new Linear(32, 2), 2)) {
                    second.freeze("0.*");
                    learn("a trained trunk and 10 examples", second, few, test);
                }
            }
            try (var fresh = Model.of(new Sequential(trunk(), new Linear(32, 2)), 2)) {
                learn("a new trunk and 10 examples    ", fresh, few, test);
            }
        }
    }

    private static Sequential trunk() {
        return new Sequential(new Linear(2, 32), Tensor::tanh, new Linear(32, 32), Tensor::tanh);
    }

    private static void learn(String what, Model<Sequential> model, Dataset data, Dataset test) {
        var trainer = Trainer.of(model, Loss.crossEntropy(), new Adam(1e-2f));
        trainer.fit(data.shuffled(1).batches(10), 20);
        double accuracy = Classification.of(model, test).confusion().accuracy();
        System.out.printf("%s  %.1f %%%n", what, 100 * accuracy);
    }
}

package dev.fathom.examples;

import dev.fathom.nn.*;
import dev.fathom.optim.Adam;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.*;
import java.io.IOException;
import java.nio.file.*;
import java.util.function.UnaryOperator;

/** A checkpoint holds all that a run needs to go on: four epochs and then six more end with the bits of ten at once. */
public final class E09Resuming {
    public static void main(String[] args) throws IOException {
        Path folder = args.length > 0 ? Path.of(args[0]) : Files.createTempDirectory("checkpoints");
        learn("ten epochs", 10, trainer -> trainer);
        learn("four epochs", 4, trainer -> trainer.checkpoints(Checkpoints.in(folder)));
        learn("and six more", 10, trainer -> trainer.resume(folder));
        Path newest = Checkpoints.newest(folder).orElseThrow();
        try (var model = Model.of(net(), 2)) {
            model.load(newest); // the weights alone, for serving
            System.out.println(
                    newest.getFileName() + " holds these " + model.parameterCount() + " parameters and the rest");
        }
    }

    private static void learn(String what, int epochs, UnaryOperator<Trainer<Sequential>> settings) {
        try (var moons = Moons.of(500, 1);
                var model = Model.of(net(), 1)) {
            var trainer = Trainer.of(model, Loss.crossEntropy(), new Adam(1e-2f));
            var run = settings.apply(trainer).fit(moons.shuffled(1).batches(50), epochs);
            System.out.printf("%-14s loss %.9f%n", what, run.series("loss")[epochs - 1]);
        }
    }

    private static Sequential net() {
        return new Sequential(new Linear(2, 16), Tensor::tanh, new Dropout(0.2f), new Linear(16, 2));
    }
}

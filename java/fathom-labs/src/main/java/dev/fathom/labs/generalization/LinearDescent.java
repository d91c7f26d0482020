package dev.fathom.labs.generalization;

import dev.fathom.data.Dataset;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.nn.Init;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.optim.Schedule;
import dev.fathom.optim.Sgd;
import dev.fathom.parameter.Initializer;
import dev.fathom.train.Trainer;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;

/** Linear layers without a bias that are trained by SGD on a problem. */
final class LinearDescent {
    private LinearDescent() {}

    /** The coefficients behind a layer that adds noise, trained by SGD on many copies of the problem at once. */
    static double[] trained(Lab lab, LinearProblem problem, Layer noise, String name) {
        List<double[]> x = Collections.nCopies(200, problem.x()).stream()
                .flatMap(Arrays::stream)
                .toList();
        double[] y = Collections.nCopies(200, problem.y()).stream()
                .flatMapToDouble(Arrays::stream)
                .toArray();
        Linear layer = linear(problem.p(), Init.zeros());
        int epochs = lab.of(2000, 600);
        try (Dataset data = dataset(x.toArray(double[][]::new), y);
                Model<Sequential> model = Model.of(new Sequential(noise, layer), lab.seed())) {
            var trainer = Trainer.of(model, Loss.mse(), new Sgd(0.05f))
                    .schedule(Schedule.cosine(epochs))
                    .seed(lab.seed());
            lab.quietly(name, trainer, data.batches(y.length), epochs);
            return weights(layer);
        }
    }

    static Linear linear(int p, Initializer start) {
        return new Linear(p, 1, start).withoutBias();
    }

    static double[] weights(Linear layer) {
        return Averages.doubles(layer.weight().value().toArray());
    }

    static Dataset dataset(double[][] x, double... y) {
        return Dataset.of(
                Arrays.stream(x).map(Averages::floats).toArray(float[][]::new),
                Arrays.stream(y).mapToObj(Averages::floats).toArray(float[][]::new));
    }

    /** The coefficients after SGD on five points at a time. */
    static double[] fitted(Lab lab, LinearProblem problem, Initializer start, String name) {
        Linear layer = linear(problem.p(), start);
        try (Dataset data = dataset(problem.x(), problem.y());
                Model<Linear> model = Model.of(layer, lab.seed())) {
            var trainer = Trainer.of(model, Loss.mse(), new Sgd(0.005f)).seed(lab.seed());
            lab.quietly(name, trainer, data.shuffled(lab.seed()).batches(5), lab.of(5000, 3000));
            return weights(layer);
        }
    }
}

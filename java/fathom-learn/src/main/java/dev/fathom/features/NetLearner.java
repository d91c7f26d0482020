package dev.fathom.features;

import dev.fathom.data.Dataset;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.op.Shape;
import dev.fathom.optim.Optimizer;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.Trainer;
import java.util.Arrays;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * A network as a learner: a new one is made, started and trained for each call of {@link #fit}, on as many threads as
 * the calling thread may use, and what is learned holds it until it is closed. Examples that count differently are
 * drawn in proportion to their weights, as many as there are ({@link Examples#resampled}).
 *
 * <pre>{@code
 * Learner net = NetLearner.classifier(
 *         () -> new Sequential(new Linear(64, 32), Tensor::relu, new Linear(32, 10)), new Adam(1e-3f), 32, 20);
 * Learner ten = new Bagging(net, 10);
 * }</pre>
 *
 * @param net makes a net with parameters that are not yet set
 * @param loss of output and target
 * @param optimizer the recipe
 * @param batch how many examples a batch has; all of them if there are fewer
 * @param epochs how long it is trained
 * @param kind what its outputs say. For scores and probabilities the loss takes the number of each example's class, as
 *     cross-entropy does. For numbers it takes the row of targets, which for a class is zeros with a one, and the
 *     outputs are then the scores of the classes
 * @param answer makes predictions of the outputs: their softmax for a classifier, themselves for a regressor
 * @param shape of the features of one example, as the net takes them; null for rows as they are
 */
public record NetLearner(
        Supplier<? extends Layer> net,
        Loss loss,
        Optimizer optimizer,
        int batch,
        int epochs,
        Prediction kind,
        UnaryOperator<Tensor> answer,
        @Nullable Shape shape)
        implements Learner {
    /**
     * Checks the numbers.
     *
     * @throws IllegalArgumentException if batch or epochs is less than 1
     */
    public NetLearner {
        if (batch < 1 || epochs < 1) {
            throw new IllegalArgumentException(
                    "net learner: batch=" + batch + " and epochs=" + epochs + " must both be at least 1");
        }
    }

    /** Makes a learner of classes by cross-entropy, whose predictions are probabilities. */
    public static NetLearner classifier(Supplier<? extends Layer> net, Optimizer optimizer, int batch, int epochs) {
        return new NetLearner(
                net, Loss.crossEntropy(), optimizer, batch, epochs, Prediction.PROBABILITIES, y -> y.softmax(-1), null);
    }

    /**
     * Makes a learner of numbers by the mean squared error. Of classes it learns the zeros and ones, so that its
     * largest output is the class.
     */
    public static NetLearner regressor(Supplier<? extends Layer> net, Optimizer optimizer, int batch, int epochs) {
        return new NetLearner(net, Loss.mse(), optimizer, batch, epochs, Prediction.NUMBERS, y -> y, null);
    }

    /** Returns this learner for a net that takes features of this shape, such as images [height, width, channels]. */
    public NetLearner shaped(int... dims) {
        return new NetLearner(net, loss, optimizer, batch, epochs, kind, answer, Shape.of(dims));
    }

    /**
     * Trains a new network.
     *
     * @throws IllegalArgumentException if the loss takes classes and the targets are numbers
     */
    @Override
    public Trained fit(Examples data, long seed) {
        if (kind.ofClasses() && !data.areClasses()) {
            throw new IllegalArgumentException(
                    "net learner: the targets of these examples are numbers, and its loss takes"
                            + " classes; give labels, or use NetLearner.regressor");
        }
        Rng rng = new Rng(seed);
        double[] weights = data.weights();
        boolean alike = Arrays.stream(weights).allMatch(w -> w == weights[0]);
        Examples some = kind.ofClasses() ? data : data.withY(data.y());
        Examples drawn = alike ? some : some.resampled(rng.split("weights").seed());
        Model<Layer> model = Model.of(net.get(), rng.split("start").seed());
        try (Dataset all = drawn.dataset();
                Dataset shaped = shaped(all)) {
            Trainer.of(model, loss, optimizer)
                    .seed(rng.split("layers").seed())
                    .fit(shaped.shuffled(rng.split("order").seed()).batches(Math.min(batch, data.size())), epochs);
        } catch (RuntimeException | Error e) {
            model.close();
            throw e;
        }
        return new Trained(this, model, data.columns(), kind.ofClasses() ? kind : Prediction.ofTargets(data));
    }

    /** Rows as the net takes them. */
    private Dataset shaped(Dataset rows) {
        return shape == null ? rows.flattened() : rows.reshaped(shape.toArray());
    }

    /**
     * A trained network.
     *
     * @param method how it was trained
     * @param model the network, which {@link #close} closes
     * @param columns how many features it takes
     * @param kind what its predictions are
     */
    public record Trained(NetLearner method, Model<Layer> model, int columns, Prediction kind) implements Predictor {
        @Override
        public float[][] predict(float[][] x) {
            FeatureRows.fits("net learner", x, columns);
            if (x.length == 0) {
                return new float[0][];
            }
            try (Dataset rows = Dataset.of(x, new int[x.length]);
                    Dataset shaped = method.shaped(rows)) {
                return model.predict(shaped, (net, batch) -> method.answer.apply(net.apply(batch)))
                        .rows();
            }
        }

        @Override
        public void close() {
            model.close();
        }
    }
}

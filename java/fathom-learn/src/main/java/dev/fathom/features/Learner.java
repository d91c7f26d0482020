package dev.fathom.features;

import java.util.function.Function;

/**
 * A method that learns of examples: a record of settings, such as {@link NearestNeighbors}, {@link LinearSvm} or
 * {@link NetLearner}, or a lambda. Ensembles are learners that are made of others.
 *
 * <pre>{@code
 * Learner nearest = new NearestNeighbors(5).after(data -> Pca.fit(data.x(), 50));
 * double accuracy = nearest.fit(training, 1).accuracy(test);
 * }</pre>
 */
@FunctionalInterface
public interface Learner {
    /**
     * Learns of the examples. Everything random depends on {@code seed} alone, and several calls may run at once. The
     * predictor has a score for every class of {@link Examples#outputs}; one without examples, as a bootstrap or a fold
     * may lack a rare one, has a finite score that is never the largest.
     *
     * @throws IllegalArgumentException if the method cannot learn of these examples
     */
    Predictor fit(Examples data, long seed);

    /**
     * Returns this learner on other features, which are fitted to the examples that it learns of: {@code after(data ->
     * Pca.fit(data.x(), 50))}.
     */
    default Learner after(Function<Examples, ? extends Projection> fit) {
        return (data, seed) -> {
            Projection projection = fit.apply(data);
            Predictor predictor = fit(data.withX(projection.transform(data.x())), seed);
            return new Predictor() {
                @Override
                public Prediction kind() {
                    return predictor.kind();
                }

                @Override
                public float[][] predict(float[][] x) {
                    return predictor.predict(projection.transform(x));
                }

                @Override
                public void close() {
                    predictor.close();
                }
            };
        };
    }
}

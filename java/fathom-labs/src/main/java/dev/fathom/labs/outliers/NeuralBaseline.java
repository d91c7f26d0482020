package dev.fathom.labs.outliers;

import dev.fathom.data.Dataset;
import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import java.util.List;
import java.util.function.BiFunction;

/** The networks that the ensembles are compared with; they learn the same windows as the recurrent ones. */
enum NeuralBaseline {
    RANDNET("RandNet"),
    CONVOLUTIONAL("CNN auto-encoder"),
    VARIATIONAL("recurrent VAE");

    private static final float RATE = 3e-3f;

    private final String label;

    NeuralBaseline(String label) {
        this.label = label;
    }

    /** Its name on the page. */
    String label() {
        return label;
    }

    /** Trains the network, or the members of RandNet: their errors [members][rows]. */
    double[][] errors(RecurrentStudy study) {
        int columns = study.series().columns();
        Rng rng = study.learner().lab().rng(label);
        return switch (this) {
            case RANDNET -> {
                int numbers = study.learner().settings().rows() * columns;
                double[][] errors = new double[study.learner().settings().members()][];
                for (int m = 0; m < errors.length; m++) {
                    errors[m] = errors(study, RandomAutoencoder.of(numbers), RandomAutoencoder::again, rng.split(m));
                }
                yield errors;
            }
            case CONVOLUTIONAL ->
                new double[][] {errors(study, StridedAutoencoder.of(columns), StridedAutoencoder::again, rng)};
            case VARIATIONAL ->
                new double[][] {
                    errors(study, RecurrentVae.of(columns, rng), RecurrentVae::again, RecurrentVae::loss, rng)
                };
        };
    }

    private static <M extends Net> double[] errors(
            RecurrentStudy study, M net, BiFunction<M, Tensor, Tensor> again, Rng rng) {
        return errors(study, net, again, (n, x) -> RecurrentEnsemble.error(again.apply(n, x), x), rng);
    }

    private static <M extends Net> double[] errors(
            RecurrentStudy study,
            M net,
            BiFunction<M, Tensor, Tensor> again,
            BiFunction<M, Tensor, Tensor> loss,
            Rng rng) {
        try (Model<M> model = Model.of(net, rng.seed());
                Dataset data = study.data()) {
            study.train(model, loss, RATE, 0, data);
            return study.errors(model.net(), (n, x) -> List.of(again.apply(n, x)))[0];
        }
    }
}

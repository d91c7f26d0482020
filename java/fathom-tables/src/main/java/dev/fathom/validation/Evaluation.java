package dev.fathom.validation;

import dev.fathom.data.Dataset;

/**
 * Trains a model of any kind on some examples and scores it on others, for the methods {@code crossValidate} of
 * {@link Folds} and for {@link LearningCurve}. An evaluation makes its model anew, so that nothing that was learned in
 * one fold is known in the next:
 *
 * <pre>{@code
 * Evaluation evaluation = (train, test) -> {
 *   try (var model = Model.of(new Linear(4, 3), 1)) {
 *     Trainer.of(model, Loss.crossEntropy(), new Adam(1e-2f)).fit(train.shuffled(1).batches(16), 30);
 *     return Classification.of(model, test).confusion().accuracy();
 *   }
 * };
 * }</pre>
 */
@FunctionalInterface
public interface Evaluation {
    /** Returns the score, on {@code test}, of a model that was trained on {@code train}. The caller closes both. */
    double score(Dataset train, Dataset test);
}

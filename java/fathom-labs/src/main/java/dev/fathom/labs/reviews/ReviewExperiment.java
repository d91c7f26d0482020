package dev.fathom.labs.reviews;

import dev.fathom.labs.reviews.ReviewNets.ReviewNet;
import dev.fathom.labs.training.Recipe;
import java.util.function.Supplier;

/**
 * A network and how it is trained.
 *
 * @param title its name on the page
 * @param folder for its checkpoints
 * @param padded whether every review is padded in front with zeros to {@code length}, as in the textbook; if not, a
 *     batch has reviews of similar length
 * @param frozen whether the word vectors are frozen
 * @param length the number of words that the network sees, which are the last ones of a review
 */
record ReviewExperiment(
        String title,
        String folder,
        Supplier<ReviewNet> net,
        Recipe recipe,
        boolean padded,
        boolean frozen,
        int length) {
    /** Trains all weights, on batches of reviews of similar length. */
    ReviewExperiment(String title, String folder, Supplier<ReviewNet> net, Recipe recipe, int length) {
        this(title, folder, net, recipe, false, false, length);
    }

    /** A copy with reviews that are padded in front. */
    ReviewExperiment paddedInFront() {
        return new ReviewExperiment(title, folder, net, recipe, true, frozen, length);
    }

    /** A copy whose word vectors are frozen. */
    ReviewExperiment withFrozenWords() {
        return new ReviewExperiment(title, folder, net, recipe, padded, true, length);
    }

    /** A copy that is trained in another way. */
    ReviewExperiment with(Recipe other) {
        return new ReviewExperiment(title, folder, net, other, padded, frozen, length);
    }
}

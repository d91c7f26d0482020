package dev.fathom.features;

/**
 * What the numbers of a {@link Predictor} mean. It says so itself ({@link Predictor#kind}), and nobody finds it by
 * looking at the values: scores may sum to 1 by chance, and numbers may be whole.
 */
public enum Prediction {
    /** Numbers in the unit of the targets, one for each target (regression). */
    NUMBERS("numbers"),

    /** One score for each class, of which the largest names the class; scores of two predictors are not comparable. */
    SCORES("scores of classes"),

    /** One probability for each class, 0 to 1 with the sum 1. */
    PROBABILITIES("probabilities of classes");

    private final String words;

    Prediction(String words) {
        this.words = words;
    }

    /** Returns whether the predictions are about classes. */
    public boolean ofClasses() {
        return this != NUMBERS;
    }

    /**
     * Returns the kind of a method that learns the targets as numbers: {@link #SCORES} where these are the zeros and
     * ones of classes, of which the largest names the class, and {@link #NUMBERS} otherwise.
     */
    public static Prediction ofTargets(Examples data) {
        return data.areClasses() ? SCORES : NUMBERS;
    }

    /** Returns what it is in words, as messages say it. */
    @Override
    public String toString() {
        return words;
    }
}

package dev.fathom.optim;

/** A recipe around another recipe, whose settings it passes on. Its own moments come after those of the inner one. */
interface Around extends Optimizer {
    /** The recipe that takes the steps. */
    Optimizer inner();

    @Override
    default float learningRate() {
        return inner().learningRate();
    }

    @Override
    default float weightDecay() {
        return inner().weightDecay();
    }

    @Override
    default int moments() {
        return inner().moments();
    }

    @Override
    default boolean evaluatesAgain() {
        return inner().evaluatesAgain();
    }

    @Override
    default int average(long steps) {
        return inner().average(steps);
    }
}

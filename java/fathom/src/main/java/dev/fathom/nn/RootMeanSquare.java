package dev.fathom.nn;

import dev.fathom.tensor.Tensor;

/** The root of the mean of (y - t)^2; over several batches, the means of the squares add up. */
record RootMeanSquare() implements Loss {
    @Override
    public Tensor of(Tensor y, Tensor t) {
        Targets.elements(Domain.NUMBERS).of("rmse", y, t);
        Tensor mean = y.sub(t).square().mean();
        return mean.gt(0)
                .where(mean.clamp(Float.MIN_NORMAL, Float.POSITIVE_INFINITY).sqrt(), Tensor.scalar(0));
    }

    @Override
    public double toMean(double loss) {
        return loss * loss;
    }

    @Override
    public double ofMean(double mean) {
        return Math.sqrt(mean);
    }
}

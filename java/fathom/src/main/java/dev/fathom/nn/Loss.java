package dev.fathom.nn;

import dev.fathom.op.Checks;
import dev.fathom.tensor.Tensor;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A single number computed from (output, target), where less is better. It is the mean over the batch, as in PyTorch by
 * default, unless {@link #sums} says otherwise. A lambda is a loss, and losses add up: {@code (y, t) -> Loss.l1().of(y,
 * t).add(Loss.mse().of(y, t))}. A {@link ReducedLoss} also gives the values before the mean, their sum, and a mean with
 * weights.
 *
 * <p>A loss throws IllegalArgumentException where shapes disagree, or a target is outside of what its loss takes: class
 * numbers in [0, classes), labels -1 and 1, shares in [0, 1], probabilities whose sum is 1 within 0.001, counts that
 * are not negative. While a plan is traced there are no numbers to check yet, and class numbers alone are checked when
 * it runs.
 */
@FunctionalInterface
public interface Loss {
    /** Computes the loss as a scalar tensor. */
    Tensor of(Tensor output, Tensor target);

    /**
     * Returns whether the loss is the sum over the examples of a batch instead of their mean. A trainer shows the mean
     * in both cases, but the gradient of a sum grows with the batch.
     */
    default boolean sums() {
        return false;
    }

    /**
     * Returns what the mean of a batch is divided by, which is how much it counts beside other batches: the number of
     * examples, which is the first dimension of the target, or for a loss of labels the number or the weights of those
     * that count. Where it is 0, nothing counts, and the loss is not computed. The mean of several batches is the sum
     * of mean times weight, divided by the sum of the weights.
     */
    default double weight(Tensor output, Tensor target) {
        return target.shape().rank() == 0 ? 1 : target.dim(0);
    }

    /**
     * Returns the label whose rows do not count, such as padding, or null if every label counts. A trainer leaves these
     * rows out of its metrics too. The targets of such a loss are I32 class numbers [..], and its outputs [..,
     * classes].
     */
    default @Nullable Integer ignored() {
        return null;
    }

    /**
     * Returns what is averaged over batches, from the loss of one batch: the loss itself, unless it is a function of a
     * mean. For a root it is the square. {@link #ofMean} takes the average back.
     */
    default double toMean(double loss) {
        return loss;
    }

    /**
     * Returns the loss of all batches together, from the mean over them of what {@link #toMean} gives, each times its
     * {@link #weight}.
     */
    default double ofMean(double mean) {
        return mean;
    }

    /** What a loss takes the outputs of a net for. */
    enum Outputs {
        /** Numbers or scores, of which nothing more is known. */
        NUMBERS,
        /** Logits [.., classes], of which the loss takes the softmax. */
        LOGITS,
        /**
         * Logits [.., classes - 1] without that of the last class, which is 0. The loss takes the softmax of all of
         * them.
         */
        LOGITS_WITHOUT_BASELINE,
        /** Logits, of each of which the loss takes the sigmoid. */
        BINARY_LOGITS,
        /** Probabilities. */
        PROBABILITIES,
        /** Logarithms of probabilities [.., classes]. */
        LOG_PROBABILITIES,
        /**
         * Parameters of the distribution of a target, such as means, variances and rates, whose likelihood the loss
         * takes.
         */
        PARAMETERS
    }

    /**
     * Returns what the loss takes outputs for, which is {@link Outputs#NUMBERS} unless a loss says otherwise. A trainer
     * makes logits of all classes for its metrics by it and refuses metrics of logits beside a loss of probabilities,
     * and {@code Trainer.check} finds outputs that cannot be what they are taken for.
     */
    default Outputs outputs() {
        return Outputs.NUMBERS;
    }

    // ---- classes

    /** Returns the cross-entropy of logits [.., classes] with class numbers or probabilities. */
    static CrossEntropy crossEntropy() {
        return new CrossEntropy(Outputs.LOGITS);
    }

    /**
     * Returns the cross-entropy of scores [.., classes - 1], where the score of the last class, the baseline, is 0:
     * multinomial logistic regression without the score vector that the others make superfluous. The metrics of a
     * trainer see the scores of all classes. What reads the outputs of the net elsewhere, such as a metric in a custom
     * step or {@code Classification}, does not know of the baseline and needs a column of zeros appended to them: it
     * would take the one score of two classes for that of class 1, and it belongs to class 0.
     */
    static CrossEntropy crossEntropyWithBaseline() {
        return new CrossEntropy(Outputs.LOGITS_WITHOUT_BASELINE);
    }

    /**
     * Returns the negative log-likelihood of log-probabilities [.., classes], such as {@code x.logSoftmax(-1)}, which
     * is PyTorch's NLLLoss.
     */
    static CrossEntropy nll() {
        return new CrossEntropy(Outputs.LOG_PROBABILITIES);
    }

    /**
     * Returns the loss of connectionist temporal classification of logits [n, steps, classes] with labels [n, length],
     * whose blank is class 0.
     */
    static CtcLoss ctc() {
        return new CtcLoss(0, false, false);
    }

    /**
     * Returns one binary classifier for each class: the values are sum over classes c of log(1 + exp(-s x_c)) for
     * logits x [.., classes] and class numbers [..], where s is 1 for the class of the row and -1 for the others
     * (Rifkin and Klautau 2004).
     */
    static ReducedLoss oneVsRest() {
        return new Formula(
                        "oneVsRest",
                        Targets.LABELS,
                        (x, t) -> x.bceWithLogits(t).sum(-1))
                .takes(Outputs.BINARY_LOGITS);
    }

    /**
     * Returns the hinge loss of several classes: the values are 1 / classes times the sum over the classes c other than
     * the row's own class k of max(0, margin - x_k + x_c)^power, for scores x [.., classes] and class numbers [..]. It
     * is PyTorch's MultiMarginLoss, and with power 1, times the number of classes, that of Weston and Watkins (1999).
     *
     * @throws IllegalArgumentException if power is not 1 or 2, or margin is not above 0 and finite
     */
    static ReducedLoss multiMargin(int power, float margin) {
        if (power != 1 && power != 2) {
            throw new IllegalArgumentException("multiMargin: power=" + power + " must be 1 or 2");
        }
        Checks.positive("multiMargin", "margin", margin);
        return new Formula("multiMargin", Targets.LABELS, (x, t) -> {
                    Tensor own = t.where(x, Tensor.scalar(0)).sum(-1).unsqueeze(-1);
                    Tensor each =
                            t.where(Tensor.scalar(0), x.sub(own).add(margin).relu());
                    return (power == 1 ? each : each.square()).sum(-1).div(x.dim(-1));
                })
                .with(power, margin);
    }

    /**
     * Returns the hinge loss of several classes in which only the worst violation counts: the values are max over
     * classes c of (x_c + margin [c is not k]) - x_k, for scores x [.., classes] and class numbers k [..] (Crammer and
     * Singer 2001, whose margin is 1).
     *
     * @throws IllegalArgumentException if margin is not above 0 and finite
     */
    static ReducedLoss crammerSinger(float margin) {
        Checks.positive("crammerSinger", "margin", margin);
        return new Formula(
                        "crammerSinger",
                        Targets.LABELS,
                        (x, t) -> x.sub(t.where(x, Tensor.scalar(0)).sum(-1).unsqueeze(-1))
                                .add(t.rsub(1).mul(margin))
                                .max(-1))
                .with(margin);
    }

    /**
     * Returns the squared distance of cumulative probabilities, for classes that are ordered: the values are the sum
     * over classes of (sum of softmax(x) up to this class - sum of t up to it)^2, for logits x [.., classes] with class
     * numbers [..] or probabilities t [.., classes]. It is the squared earth-mover's distance of Hou, Yu and Samaras
     * (2016); an answer two classes away costs more than one of a neighbor.
     */
    static ReducedLoss squaredEarthMover() {
        return new Formula(
                        "squaredEarthMover",
                        Targets.CLASSES,
                        (x, t) -> x.softmax(-1).sub(t).cumsum(-1).square().sum(-1))
                .takes(Outputs.LOGITS);
    }

    // ---- two classes

    /** Returns the binary cross-entropy of logits with targets in [0, 1]. */
    static BceWithLogits bceWithLogits() {
        return new BceWithLogits(null, 0);
    }

    /**
     * Returns the binary cross-entropy of probabilities p in [0, 1] with targets t in [0, 1] of the same shape: the
     * values are -(t log p + (1 - t) log(1 - p)), where a logarithm is at least -100 and its slope at most 1e12, as in
     * PyTorch's BCELoss. {@link #bceWithLogits} is more accurate. The loss throws IllegalArgumentException where an
     * output is outside [0, 1].
     */
    static ReducedLoss bce() {
        return new Formula("bce", Domain.SHARES, (p, t) -> {
                    Domain.SHARES.checkOutput("bce", "output", p);
                    return t.mul(Formula.log(p))
                            .add(t.rsub(1).mul(Formula.log(p.rsub(1))))
                            .neg();
                })
                .takes(Outputs.PROBABILITIES);
    }

    /**
     * Returns the logistic loss log(1 + exp(-t x)) of logits x with labels t of -1 and 1 of the same shape, which is
     * PyTorch's SoftMarginLoss.
     */
    static ReducedLoss logistic() {
        return new Formula("logistic", Domain.SIGNS, (x, t) -> x.mul(t).neg().softplus()).takes(Outputs.BINARY_LOGITS);
    }

    /**
     * Returns the hinge loss max(0, 1 - t x) of scores x with labels t of -1 and 1 of the same shape (Cortes and Vapnik
     * 1995).
     */
    static ReducedLoss hinge() {
        return new Formula("hinge", Domain.SIGNS, (x, t) -> x.mul(t).rsub(1).relu());
    }

    /**
     * Returns the perceptron's loss max(0, -t x) of scores x with labels t of -1 and 1 of the same shape (Rosenblatt
     * 1958). Its gradient is that of his rule, except where x is 0 and it is 0: a net that begins with zeros stays
     * there.
     */
    static ReducedLoss perceptron() {
        return new Formula("perceptron", Domain.SIGNS, (x, t) -> x.mul(t).neg().relu());
    }

    /**
     * Returns the loss of a Wasserstein critic with scores x and labels t of 1 for real and -1 for generated examples:
     * the values are -t x, so that the mean over as many of both is half of mean score of generated - mean score of
     * real (Arjovsky, Chintala and Bottou 2017). The generator takes the scores of its examples with labels 1. The
     * critic must be kept Lipschitz, for example by clipping its weights: {@code Group.of("*").clipWeights(0.01f)} of
     * the optimizer.
     */
    static ReducedLoss wasserstein() {
        return new Formula("wasserstein", Domain.SIGNS, (x, t) -> x.mul(t).neg());
    }

    // ---- numbers

    /** Returns the mean of (y - t)^2 over all elements. */
    static ReducedLoss mse() {
        return new Formula("mse", Domain.NUMBERS, (y, t) -> y.sub(t).square());
    }

    /** Returns the sum of (y - t)^2 over all elements. */
    static ReducedLoss sse() {
        return new Formula("sse", Domain.NUMBERS, (y, t) -> y.sub(t).square()).sum();
    }

    /**
     * Returns the square root of the mean of (y - t)^2 over all elements, whose gradient is 0 where it is 0. Each step
     * minimizes the root for its own batch, and what a trainer shows is the root for all examples, as
     * {@code Metric.rootMeanSquaredError} gives it.
     */
    static Loss rmse() {
        return new RootMeanSquare();
    }

    /** Returns the mean of |y - t| over all elements, whose slope at 0 is 0. */
    static ReducedLoss l1() {
        return new Formula("l1", Domain.NUMBERS, (y, t) -> y.sub(t).abs());
    }

    /**
     * Returns the mean over all elements of d^2 / 2 where |d| &lt;= delta, and of delta (|d| - delta / 2) elsewhere,
     * with d = y - t (Huber 1964; PyTorch's HuberLoss). With delta 1 it is smooth L1.
     *
     * @throws IllegalArgumentException if delta is not positive and finite
     */
    static ReducedLoss huber(float delta) {
        Checks.positive("huber", "delta", delta);
        return new Formula("huber", Domain.NUMBERS, (y, t) -> y.sub(t).huber(delta)).with(delta);
    }

    /**
     * Returns Huber's loss of y - t, times {@code over} where y is above t and times {@code under} where it is below,
     * for predictions that do more harm on one side. With over = 1 - q and under = q it is the quantile Huber loss
     * (Dabney et al. 2018, there divided by delta).
     *
     * @throws IllegalArgumentException if a number is not positive and finite
     */
    static ReducedLoss asymmetricHuber(float delta, float over, float under) {
        Checks.positive("asymmetricHuber", "delta", delta);
        Checks.positive("asymmetricHuber", "over", over);
        Checks.positive("asymmetricHuber", "under", under);
        return new Formula("asymmetricHuber", Domain.NUMBERS, (y, t) -> {
                    Tensor d = y.sub(t);
                    return d.huber(delta).mul(d.gt(0).where(Tensor.scalar(over), Tensor.scalar(under)));
                })
                .with(delta, over, under);
    }

    /** Returns log cosh(y - t), which is (y - t)^2 / 2 near 0 and |y - t| - log 2 far away. */
    static ReducedLoss logCosh() {
        return new Formula("logCosh", Domain.NUMBERS, (y, t) -> y.sub(t).logCosh());
    }

    /**
     * Returns the pinball loss: the values are level (t - y) where y is below t, and (1 - level) (y - t) where it is
     * above, so that the best y is the quantile {@code level} of the targets (Koenker and Bassett 1978). With level 0.5
     * it is half the absolute error.
     *
     * @throws IllegalArgumentException if level is not between 0 and 1
     */
    static ReducedLoss quantile(float level) {
        Checks.in("quantile", "level", level, "(0, 1)");
        return new Formula("quantile", Domain.NUMBERS, (y, t) -> {
                    Tensor d = t.sub(y);
                    return d.relu().mul(level).add(d.neg().relu().mul(1 - level));
                })
                .with(level);
    }

    /**
     * Returns the negative log-likelihood of counts t under Poisson distributions whose rates have the logarithms x:
     * the values are exp(x) - t x, as in PyTorch's PoissonNLLLoss with log_input.
     *
     * @param full whether Stirling's approximation of log t!, which is t log t - t + log(2 pi t) / 2, is added where t
     *     is above 1
     */
    static ReducedLoss poissonNll(boolean full) {
        return new Formula("poissonNll", Domain.NOT_NEGATIVE, (x, t) -> {
                    Tensor loss = x.exp().sub(t.mul(x));
                    return full ? loss.add(Formula.stirling(t)) : loss;
                })
                .takes(Outputs.PARAMETERS)
                .with(full);
    }

    /**
     * Returns the negative log-likelihood of counts t under Poisson distributions of rates y: the values are y - t
     * log(y + 1e-8), as in PyTorch's PoissonNLLLoss without log_input. The loss throws IllegalArgumentException where a
     * rate is negative or not finite.
     *
     * @param full whether Stirling's approximation of log t! is added where t is above 1
     */
    static ReducedLoss poissonNllOfRates(boolean full) {
        return new Formula("poissonNllOfRates", Domain.NOT_NEGATIVE, (y, t) -> {
                    Domain.NOT_NEGATIVE.checkOutput("poissonNllOfRates", "rate", y);
                    Tensor loss = y.sub(t.mul(y.add(1e-8f).log()));
                    return full ? loss.add(Formula.stirling(t)) : loss;
                })
                .takes(Outputs.PARAMETERS)
                .with(full);
    }

    /**
     * Returns the negative log-likelihood of targets t [.., k] under normal distributions whose means m and variances v
     * are the two halves of an output [.., 2 k]: the values are (log v + (t - m)^2 / v) / 2, where v is at least 1e-6
     * and has a slope below it too, as in PyTorch's GaussianNLLLoss (Nix and Weigend 1994). {@code softplus} makes
     * variances of any numbers. The loss throws IllegalArgumentException where a variance is negative or not finite.
     *
     * @param full whether log(2 pi) / 2 is added
     */
    static ReducedLoss gaussianNll(boolean full) {
        return new Formula("gaussianNll", Targets.HALVES, (y, t) -> {
                    Tensor v = y.slice(-1, t.dim(-1), y.dim(-1));
                    Domain.NOT_NEGATIVE.checkOutput("gaussianNll", "variance", v);
                    v = v.add(v.clamp(1e-6f, Float.POSITIVE_INFINITY).sub(v).detach());
                    Tensor square = y.slice(-1, 0, t.dim(-1)).sub(t).square();
                    Tensor loss = v.log().add(square.div(v)).mul(0.5f);
                    return full ? loss.add((float) (Math.log(2 * Math.PI) / 2)) : loss;
                })
                .takes(Outputs.PARAMETERS)
                .with(full);
    }

    // ---- distributions

    /**
     * Returns the Kullback-Leibler divergence KL(t || exp(x)) of log-probabilities x [.., classes], such as
     * {@code logits.logSoftmax(-1)}, from probabilities t of the same shape: the values are sum over classes of t (log
     * t - x). The order of the arguments is that of PyTorch's KLDivLoss, of which this mean over rows is the reduction
     * "batchmean".
     */
    static ReducedLoss kl() {
        return new Formula("kl", Targets.PROBABILITIES, (x, t) -> Formula.kl(t, x)).takes(Outputs.LOG_PROBABILITIES);
    }

    /**
     * Returns the Jensen-Shannon divergence of probabilities y and t [.., classes]: the values are (KL(y || m) + KL(t
     * || m)) / 2 with m = (y + t) / 2, at least 0 and at most log 2 (Lin 1991). The loss throws
     * IllegalArgumentException where an output is outside [0, 1].
     */
    static ReducedLoss js() {
        return new Formula("js", Targets.PROBABILITIES, (y, t) -> {
                    Domain.SHARES.checkOutput("js", "output", y);
                    Function<Tensor, Tensor> above0 = p -> p.clamp(Float.MIN_NORMAL, 1);
                    Tensor m = above0.apply(y.add(t).mul(0.5f));
                    return y.mul(above0.apply(y).div(m).log())
                            .add(t.mul(above0.apply(t).div(m).log()))
                            .sum(-1)
                            .mul(0.5f);
                })
                .takes(Outputs.PROBABILITIES);
    }

    /**
     * Returns the loss of a student with logits x [.., classes] that learns a teacher's logits t of the same shape at
     * temperature T: the values are T^2 KL(softmax(t / T) || softmax(x / T)), where T^2 keeps the size of the gradients
     * (Hinton, Vinyals and Dean 2015). Add the cross-entropy with the labels, where there are some. The teacher gets a
     * gradient too, unless its logits are detached.
     *
     * @throws IllegalArgumentException if the temperature is not above 0 and finite
     */
    static ReducedLoss distillation(float temperature) {
        Checks.positive("distillation", "temperature", temperature);
        return new Formula("distillation", Targets.ROWS, (x, t) -> {
                    Tensor log = t.div(temperature).logSoftmax(-1);
                    Tensor student = x.div(temperature).logSoftmax(-1);
                    return log.exp().mul(log.sub(student)).sum(-1).mul(temperature * temperature);
                })
                .takes(Outputs.LOGITS)
                .with(temperature);
    }

    // ---- embeddings

    /**
     * Returns the cosine loss of pairs of embeddings [.., 2, d] with labels [..]: the values are 1 - cos where a pair
     * belongs together (label 1), and max(0, cos - margin) where it does not (label -1). It is PyTorch's
     * CosineEmbeddingLoss.
     *
     * @throws IllegalArgumentException if margin is outside [-1, 1]
     */
    static ReducedLoss cosineEmbedding(float margin) {
        Checks.in("cosineEmbedding", "margin", margin, "[-1, 1]");
        return new Formula("cosineEmbedding", Targets.pairs(Domain.SIGNS), (y, t) -> {
                    Tensor unit = Formula.unit(y);
                    Tensor cos = Formula.one(unit, 0).mul(Formula.one(unit, 1)).sum(-1);
                    return t.gt(0).where(cos.rsub(1), cos.sub(margin).relu());
                })
                .with(margin);
    }

    /**
     * Returns the contrastive loss of pairs of embeddings [.., 2, d] with labels t [..]: the values are d^2 / 2 where a
     * pair belongs together (label 1), and max(0, margin - d)^2 / 2 where it does not (label 0), with the Euclidean
     * distance d (Hadsell, Chopra and LeCun 2006, whose labels are the other way round).
     *
     * @throws IllegalArgumentException if margin is not above 0 and finite
     */
    static ReducedLoss contrastive(float margin) {
        Checks.positive("contrastive", "margin", margin);
        return new Formula("contrastive", Targets.pairs(Domain.SHARES), (y, t) -> {
                    Tensor d = Formula.one(y, 0).sub(Formula.one(y, 1)).norm(-1);
                    Tensor near = d.square().mul(t);
                    return near.add(d.rsub(margin).relu().square().mul(t.rsub(1)))
                            .mul(0.5f);
                })
                .with(margin);
    }

    /**
     * Returns the triplet loss of embeddings [n, d] with class numbers [n], which looks for the hardest triplet of each
     * example; see {@link TripletLoss}.
     *
     * @throws IllegalArgumentException if margin is negative or not finite
     */
    static TripletLoss triplet(float margin) {
        return new TripletLoss(margin, false);
    }

    /**
     * Returns the InfoNCE loss (van den Oord, Li and Vinyals 2018) of queries x [n, d] with their keys t [n, d]: the
     * values are the cross-entropy of cos(x_i, t_j) / temperature over j with the class i, so that the keys of the
     * other examples of the batch are what a query must be told from. The symmetric form of CLIP is the mean of this
     * loss of (x, t) and of (t, x).
     *
     * @throws IllegalArgumentException if the temperature is not above 0 and finite
     */
    static ReducedLoss infoNce(float temperature) {
        Checks.positive("infoNce", "temperature", temperature);
        return new Formula("infoNce", Targets.ROWS, (x, t) -> {
                    if (x.shape().rank() != 2) {
                        throw new IllegalArgumentException(
                                "infoNce: queries and keys " + x.shape() + " must be [n, d]; reshape them");
                    }
                    Tensor query = Formula.unit(x).div(temperature);
                    Tensor key = Formula.unit(t);
                    return query.matmulTransposed(key)
                            .logSumExp(1)
                            .sub(query.mul(key).sum(-1));
                })
                .with(temperature);
    }
}

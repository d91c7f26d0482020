package dev.fathom.labs.catalogue;

import dev.fathom.nn.Loss;
import dev.fathom.nn.ReducedLoss;
import dev.fathom.tensor.Tensor;
import java.util.List;
import java.util.function.UnaryOperator;

/** The page of losses. */
final class Losses {
    private static final double REACH = 4;

    private Losses() {}

    static CataloguePage family() {
        return new CataloguePage(
                "losses",
                "Losses",
                "A loss compares an output with a target, and less is better. Those that have a value for each "
                        + "element or example (`each`) come as their "
                        + "mean, their sum (`.sum()`) and a mean with weights of the examples. Here y is an "
                        + "output that is a number, x is a logit or score, "
                        + "p a probability and t the target. The pictures show the value and its derivative: over "
                        + "the difference y - t for numbers, over "
                        + "the score of the right class for classes, where the other class has the score 0.",
                "Loss",
                "",
                "System.out.println(mean_squared_error);\n",
                List.of(
                        classes(
                                "Cross-entropy",
                                "Loss.crossEntropy()",
                                Loss.crossEntropy(),
                                "-Σ t log softmax(x)",
                                "t: class numbers, or probabilities",
                                "Bridle 1990"),
                        classes(
                                "Cross-entropy with label smoothing",
                                "Loss.crossEntropy().labelSmoothing(0.1f)",
                                Loss.crossEntropy().labelSmoothing(0.1f),
                                "-Σ q log softmax(x), q = (1 - s) t + s / classes",
                                "s in [0, 1]",
                                "Szegedy et al. 2016"),
                        classes(
                                "Cross-entropy with class weights",
                                "Loss.crossEntropy().classWeights(3, 1)",
                                Loss.crossEntropy().classWeights(3, 1),
                                "-Σ w t log softmax(x); the mean divides by the weights of the labels",
                                "w ≥ 0, not all 0",
                                "PyTorch's CrossEntropyLoss"),
                        new CatalogueEntry(
                                "Cross-entropy that ignores a label",
                                "Loss.crossEntropy().ignoreIndex(-100)",
                                "rows with this label count nothing",
                                "any number",
                                "PyTorch's CrossEntropyLoss"),
                        classes(
                                "Focal loss",
                                "Loss.crossEntropy().focal(2)",
                                Loss.crossEntropy().focal(2),
                                "-Σ t (1 - p)^γ log p, p = softmax(x)",
                                "γ ≥ 0",
                                "Lin et al. 2017"),
                        new CatalogueEntry(
                                "Cross-entropy with a baseline class",
                                "Loss.crossEntropyWithBaseline()",
                                "cross-entropy of M - 1 scores and a score of 0 for the last class",
                                "t: class numbers, or probabilities",
                                "Hosmer and Lemeshow 2000"),
                        new CatalogueEntry(
                                "Negative log-likelihood",
                                "Loss.nll()",
                                "-Σ t x of log-probabilities x",
                                "t: class numbers, or probabilities",
                                "PyTorch's NLLLoss"),
                        classes(
                                "One against the rest",
                                "Loss.oneVsRest()",
                                Loss.oneVsRest(),
                                "Σ log(1 + exp(-s x)), s = 1 for the own class, else -1",
                                "t: class numbers",
                                "Rifkin and Klautau 2004"),
                        classes(
                                "Multi-class hinge",
                                "Loss.multiMargin(1, 1)",
                                Loss.multiMargin(1, 1),
                                "Σ max(0, margin - x of the own class + x)^power / classes",
                                "power 1 or 2, margin > 0",
                                "Weston and Watkins 1999"),
                        classes(
                                "Multi-class hinge of the worst",
                                "Loss.crammerSinger(1)",
                                Loss.crammerSinger(1),
                                "max(x + margin of the others) - x of the own class",
                                "margin > 0",
                                "Crammer and Singer 2001"),
                        classes(
                                "Squared earth mover's distance",
                                "Loss.squaredEarthMover()",
                                Loss.squaredEarthMover(),
                                "Σ (cumulated softmax(x) - cumulated t)²",
                                "ordered classes",
                                "Hou et al. 2016"),
                        new CatalogueEntry(
                                "Connectionist temporal classification",
                                "Loss.ctc()",
                                "-log of the sum over all alignments of a label sequence",
                                "t: label sequences without the blank",
                                "Graves et al. 2006"),
                        labels(
                                "Binary cross-entropy of logits",
                                "Loss.bceWithLogits()",
                                Loss.bceWithLogits(),
                                "-t log σ(x) - (1 - t) log(1 - σ(x))",
                                "t in [0, 1]",
                                "Cox 1958"),
                        labels(
                                "Binary focal loss",
                                "Loss.bceWithLogits().focal(2)",
                                Loss.bceWithLogits().focal(2),
                                "binary cross-entropy times (1 - p of the right answer)^γ",
                                "γ ≥ 0",
                                "Lin et al. 2017"),
                        new CatalogueEntry(
                                "Binary cross-entropy of probabilities",
                                "Loss.bce()",
                                "-t log p - (1 - t) log(1 - p), logarithms at least -100",
                                "p and t in [0, 1]",
                                "PyTorch's BCELoss"),
                        labels(
                                "Logistic loss",
                                "Loss.logistic()",
                                Loss.logistic(),
                                "log(1 + exp(-t x))",
                                "t of -1 and 1",
                                "PyTorch's SoftMarginLoss"),
                        labels(
                                "Hinge loss",
                                "Loss.hinge()",
                                Loss.hinge(),
                                "max(0, 1 - t x)",
                                "t of -1 and 1",
                                "Cortes and Vapnik 1995"),
                        labels(
                                "Perceptron's loss",
                                "Loss.perceptron()",
                                Loss.perceptron(),
                                "max(0, -t x)",
                                "t of -1 and 1",
                                "Rosenblatt 1958"),
                        labels(
                                "Wasserstein critic",
                                "Loss.wasserstein()",
                                Loss.wasserstein(),
                                "-t x",
                                "t of -1 (generated) and 1 (real)",
                                "Arjovsky et al. 2017"),
                        numbers(
                                "Mean squared error",
                                "Loss.mse()",
                                Loss.mse(),
                                "(y - t)²",
                                "any numbers",
                                "Legendre 1805"),
                        new CatalogueEntry(
                                "Sum of squared errors", "Loss.sse()", "Σ (y - t)²", "any numbers", "Legendre 1805"),
                        new CatalogueEntry(
                                "Root mean squared error",
                                "Loss.rmse()",
                                "√ of the mean of (y - t)²",
                                "any numbers",
                                "of a batch"),
                        numbers(
                                "Mean absolute error",
                                "Loss.l1()",
                                Loss.l1(),
                                "\\|y - t\\|",
                                "any numbers",
                                "Boscovich 1757"),
                        numbers(
                                "Huber's loss",
                                "Loss.huber(1)",
                                Loss.huber(1),
                                "d² / 2 for \\|d\\| ≤ δ, else δ (\\|d\\| - δ / 2), d = y - t",
                                "δ > 0; with 1 it is smooth L1",
                                "Huber 1964"),
                        numbers(
                                "Asymmetric Huber loss",
                                "Loss.asymmetricHuber(1, 0.2f, 1)",
                                Loss.asymmetricHuber(1, 0.2f, 1),
                                "Huber's loss times over for y > t, times under for y < t",
                                "δ, over, under > 0",
                                "Dabney et al. 2018"),
                        numbers(
                                "Log cosh",
                                "Loss.logCosh()",
                                Loss.logCosh(),
                                "log cosh(y - t)",
                                "any numbers",
                                "Chen et al. 2018"),
                        numbers(
                                "Quantile loss",
                                "Loss.quantile(0.9f)",
                                Loss.quantile(0.9f),
                                "q (t - y) for y < t, else (1 - q) (y - t)",
                                "q in (0, 1)",
                                "Koenker and Bassett 1978"),
                        labels(
                                "Poisson's likelihood",
                                "Loss.poissonNll(false)",
                                Loss.poissonNll(false),
                                "eˣ - t x, x the logarithm of the rate",
                                "counts t ≥ 0",
                                "PyTorch's PoissonNLLLoss"),
                        new CatalogueEntry(
                                "Poisson's likelihood of rates",
                                "Loss.poissonNllOfRates(false)",
                                "y - t log(y + 1e-8)",
                                "rates y ≥ 0, counts t ≥ 0",
                                "PyTorch's PoissonNLLLoss"),
                        new CatalogueEntry(
                                "Gaussian likelihood",
                                "Loss.gaussianNll(false)",
                                "(log v + (t - m)² / v) / 2 of means m and variances v",
                                "v ≥ 0",
                                "Nix and Weigend 1994"),
                        new CatalogueEntry(
                                "Kullback-Leibler divergence",
                                "Loss.kl()",
                                "Σ t (log t - x) of log-probabilities x",
                                "t: probabilities",
                                "Kullback and Leibler 1951"),
                        new CatalogueEntry(
                                "Jensen-Shannon divergence",
                                "Loss.js()",
                                "(KL(y ‖ m) + KL(t ‖ m)) / 2, m = (y + t) / 2",
                                "y and t: probabilities",
                                "Lin 1991"),
                        new CatalogueEntry(
                                "Distillation",
                                "Loss.distillation(4)",
                                "T² KL(softmax(t / T) ‖ softmax(x / T))",
                                "T > 0; t: a teacher's logits",
                                "Hinton et al. 2015"),
                        new CatalogueEntry(
                                "Cosine loss",
                                "Loss.cosineEmbedding(0)",
                                "1 - cos for pairs with t = 1, else max(0, cos - margin)",
                                "margin in [-1, 1]",
                                "PyTorch's CosineEmbeddingLoss"),
                        new CatalogueEntry(
                                "Contrastive loss",
                                "Loss.contrastive(1)",
                                "d² / 2 for pairs with t = 1, else max(0, margin - d)² / 2",
                                "margin > 0",
                                "Hadsell et al. 2006"),
                        new CatalogueEntry(
                                "Triplet loss",
                                "Loss.triplet(0.2f)",
                                "max(0, farthest of the class - nearest of the others + margin)",
                                "margin ≥ 0",
                                "Hermans et al. 2017"),
                        new CatalogueEntry(
                                "Triplet loss, semi-hard",
                                "Loss.triplet(0.2f).semiHard()",
                                "the nearest of the others that is farther than the own one",
                                "margin ≥ 0",
                                "Schroff et al. 2015"),
                        new CatalogueEntry(
                                "InfoNCE",
                                "Loss.infoNce(0.1f)",
                                "cross-entropy of cos(x, t) / T over all keys of the batch",
                                "T > 0",
                                "van den Oord et al. 2018")));
    }

    private static CatalogueEntry row(
            String name,
            String code,
            String axis,
            UnaryOperator<Tensor> value,
            String formula,
            String range,
            String source) {
        return new CatalogueEntry(name, code, formula, range, source, Curve.of(name, axis, REACH, value));
    }

    /** Over the difference from the target. */
    private static CatalogueEntry numbers(
            String name, String code, ReducedLoss loss, String formula, String range, String source) {
        return row(name, code, "y - t", y -> loss.each(y, Tensor.zeros(y.shape())), formula, range, source);
    }

    /** Over the output, for a target of 1. */
    private static CatalogueEntry labels(
            String name, String code, ReducedLoss loss, String formula, String range, String source) {
        return row(name, code, "x, t = 1", x -> loss.each(x, Tensor.ones(x.shape())), formula, range, source);
    }

    /** Over the logit of the right one of two classes. */
    private static CatalogueEntry classes(
            String name, String code, ReducedLoss loss, String formula, String range, String source) {
        return row(
                name,
                code,
                "x of the right class",
                x -> loss.each(Tensor.stack(1, x, Tensor.zeros(x.shape())), Tensor.ofInts(new int[x.dim(0)], x.dim(0))),
                formula,
                range,
                source);
    }
}

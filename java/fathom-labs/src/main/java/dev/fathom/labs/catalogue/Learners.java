package dev.fathom.labs.catalogue;

import java.util.List;

/** The page of features, ensembles and search. */
final class Learners {
    private Learners() {}

    static CataloguePage family() {
        return new CataloguePage(
                "learners",
                "Features, ensembles and search",
                "A `Learner` is fitted to `Examples` and gives a `Predictor`; a `Projection` makes other features "
                        + "of features. Both are in package "
                        + "`features`, which also turns networks into learners (`NetLearner`), so that package "
                        + "`ensemble` combines models of any kind. "
                        + "Package `search` looks for the settings of anything that has a score.",
                "var",
                """
                float[][] x = {{0, 0}, {0, 1}, {1, 0}, {1, 1}, {3, 3}, {3, 4}, {4, 3}, {4, 4}};
                Examples data = Examples.of(x, 0, 0, 0, 0, 1, 1, 1, 1);
                Search search = Search.maximize(Space.of(Dimension.real("a", -1, 1)), trial -> -Math.abs(trial.real("a"))).seed(1).workers(1);
                """,
                "System.out.println(linear_support_vector_machine.fit(data, 1).accuracy(data) + \" \" + "
                        + "random_search.best().score());\n",
                List.of(
                        new CatalogueEntry(
                                "Principal components",
                                "Pca.fit(x, 1)",
                                "the directions of the largest variance, by the SVD of centered rows",
                                "width ≤ columns",
                                "Pearson 1901"),
                        new CatalogueEntry(
                                "Linear discriminants",
                                "Lda.fit(data)",
                                "the directions of the largest variance between classes over that within them",
                                "width < number of classes",
                                "Fisher 1936"),
                        new CatalogueEntry(
                                "K-means",
                                "KMeans.fit(x, 2, 1)",
                                "centers of the smallest sum of squared distances, from k-means++",
                                "k ≤ rows",
                                "Lloyd 1982; Arthur and Vassilvitskii 2007"),
                        new CatalogueEntry(
                                "Linear support vector machine",
                                "new LinearSvm(1)",
                                "‖w‖² / 2 + C Σ max(0, 1 - t x)², in the dual",
                                "C > 0; two classes",
                                "Cortes and Vapnik 1995; Hsieh et al. 2008"),
                        new CatalogueEntry(
                                "Ridge regression",
                                "new Ridge(1)",
                                "Σ (y - a - b x)² + penalty |b|², by singular values",
                                "penalty ≥ 0",
                                "Hoerl and Kennard 1970"),
                        new CatalogueEntry(
                                "Lasso",
                                "Lasso.learner(0.1)",
                                "Σ (y - a - b z)² / 2n + penalty Σ |b|, of standardized columns z",
                                "penalty ≥ 0; one number",
                                "Tibshirani 1996"),
                        new CatalogueEntry(
                                "Least squares",
                                "LeastSquares.learner()",
                                "Σ (y - a - b x)², with standard errors",
                                "rows ≥ columns + 2; one number",
                                "Gauss 1809"),
                        new CatalogueEntry(
                                "Logistic regression",
                                "new LogisticRegression(0.01)",
                                "mean -ln softmax + penalty / 2 |b|², by Newton's method",
                                "penalty > 0",
                                "Cox 1958"),
                        new CatalogueEntry(
                                "Nearest neighbors",
                                "new NearestNeighbors(3)",
                                "the vote or mean of the k nearest examples",
                                "k ≤ examples",
                                "Fix and Hodges 1951"),
                        new CatalogueEntry(
                                "One against the rest",
                                "new OneVsRest(new LinearSvm(1))",
                                "one learner of two classes for each class",
                                "any learner",
                                "Rifkin and Klautau 2004"),
                        new CatalogueEntry(
                                "Network as a learner",
                                "NetLearner.classifier(() -> new Linear(2, 2), new Sgd(0.1f), 4, 10)",
                                "trains a network in batches for a number of epochs",
                                "any network",
                                ""),
                        new CatalogueEntry(
                                "Stump",
                                "new Stump()",
                                "one question about one column",
                                "weighted examples",
                                "Iba and Langley 1992"),
                        new CatalogueEntry(
                                "Bagging",
                                "new Bagging(new Stump(), 5)",
                                "the mean of learners on bootstrap samples",
                                "members ≥ 1",
                                "Breiman 1996"),
                        new CatalogueEntry(
                                "Stacking",
                                "new Stacking(new NearestNeighbors(1), new Stump(), new NearestNeighbors(3))",
                                "a learner on what others predict in cross-validation",
                                "two levels",
                                "Wolpert 1992"),
                        new CatalogueEntry(
                                "AdaBoost",
                                "new AdaBoost(new Stump(), 5)",
                                "examples that are wrong weigh more in the next round",
                                "weighted examples",
                                "Freund and Schapire 1997; Zhu et al. 2009"),
                        new CatalogueEntry(
                                "Residual boosting",
                                "new ResidualBoosting(new Stump(), 5)",
                                "each round learns what the ones before leave",
                                "shrinkage in (0, 1]",
                                "Friedman 2001"),
                        new CatalogueEntry(
                                "Isolation forest",
                                "IsolationForest.fit(x, 1)",
                                "2^(-mean path / c(n)) over random trees",
                                "two rows",
                                "Liu et al. 2008"),
                        new CatalogueEntry(
                                "Local outlier factor",
                                "LocalOutlierFactor.fit(x, 3)",
                                "the density of the neighbors over one's own",
                                "k < rows",
                                "Breunig et al. 2000"),
                        new CatalogueEntry(
                                "One-class support vector machine",
                                "OneClassSvm.fit(x, 0.1)",
                                "a region with a share 1 - ν of the rows, by a Gaussian kernel",
                                "ν in (0, 1]",
                                "Schölkopf et al. 2001"),
                        new CatalogueEntry(
                                "Matrix profile",
                                "MatrixProfile.of(x, 2, 1)",
                                "the distance of each window to the most similar one",
                                "windows of 2 rows or more",
                                "Yeh et al. 2016"),
                        new CatalogueEntry(
                                "Grid search", "search.grid(3)", "every combination of a few values", "", ""),
                        new CatalogueEntry(
                                "Random search",
                                "search.random(8)",
                                "independent draws",
                                "",
                                "Bergstra and Bengio 2012"),
                        new CatalogueEntry(
                                "Genetic search",
                                "search.genetic(4, 2)",
                                "generations by tournament, crossover and mutation",
                                "population, generations ≥ 1",
                                "Holland 1975"),
                        new CatalogueEntry(
                                "Successive halving",
                                "search.halving(4, 1, 4, 2)",
                                "the best part goes on with a larger budget",
                                "factor ≥ 2",
                                "Jamieson and Talwalkar 2016"),
                        new CatalogueEntry(
                                "Search by predicted scores",
                                "search.predicted(4, 2, 2, 16, new NearestNeighbors(1))",
                                "a learner of scores chooses what is tried",
                                "any learner of numbers",
                                "Deng et al. 2017")));
    }
}

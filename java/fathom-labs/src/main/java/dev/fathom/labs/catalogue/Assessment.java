package dev.fathom.labs.catalogue;

import java.util.List;

/** The page of metrics and of ways to measure them. */
final class Assessment {
    private Assessment() {}

    static CataloguePage family() {
        return new CataloguePage(
                "assessment",
                "Metrics and assessment",
                "Package `assess` measures predictions, whatever made them; `Classification.of(model, data)` "
                        + "takes those of a model. A `Metric` is a mean "
                        + "over examples that a trainer shows while it trains. Positive examples are those of "
                        + "class 1, n is the number of examples, and TP, "
                        + "FP, TN and FN count true and false positives and negatives.",
                "var",
                """
                var classes = Classification.ofBinary(new float[] {2, 1, -1, -3, 0.5f, -0.2f}, new int[] {1, 1, 0, 0, 0, 1});
                var matrix = classes.confusion();
                var ranking = classes.ranking(1);
                var numbers = Regression.of(new double[] {1, 2, 4}, new double[] {1, 3, 3});
                int[] labels = {0, 1, 0, 1, 0, 1, 0, 1};
                boolean[] other = {true, false, true, true, true, true};
                """,
                "System.out.println(accuracy + \" \" + area_under_roc + \" \" + r2);\n",
                List.of(
                        new CatalogueEntry("Accuracy", "matrix.accuracy()", "right / n", "[0, 1]", ""),
                        new CatalogueEntry(
                                "Interval of the accuracy",
                                "matrix.accuracyInterval95()",
                                "Wilson's interval at 95 %",
                                "[0, 1]",
                                "Wilson 1927"),
                        new CatalogueEntry(
                                "Top-k accuracy",
                                "classes.topAccuracy(1)",
                                "right among the k most probable / n",
                                "[0, 1]",
                                ""),
                        new CatalogueEntry(
                                "Precision", "matrix.precision(1)", "TP / (TP + FP)", "[0, 1]", "Kent et al. 1955"),
                        new CatalogueEntry(
                                "Recall, sensitivity",
                                "matrix.recall(1)",
                                "TP / (TP + FN)",
                                "[0, 1]",
                                "Kent et al. 1955"),
                        new CatalogueEntry(
                                "Specificity", "matrix.specificity(1)", "TN / (TN + FP)", "[0, 1]", "Yerushalmy 1947"),
                        new CatalogueEntry(
                                "F1",
                                "matrix.f1(1)",
                                "2 precision recall / (precision + recall)",
                                "[0, 1]",
                                "van Rijsbergen 1979"),
                        new CatalogueEntry(
                                "F-beta",
                                "matrix.fBeta(1, 2)",
                                "(1 + beta²) precision recall / (beta² precision + recall)",
                                "[0, 1]",
                                "van Rijsbergen 1979"),
                        new CatalogueEntry(
                                "Macro average",
                                "matrix.macro(matrix::f1)",
                                "the mean of a figure over the classes",
                                "as the figure",
                                "Yang 1999"),
                        new CatalogueEntry(
                                "Weighted average",
                                "matrix.weighted(matrix::f1)",
                                "the mean of a figure over the classes, each weighed by its number of examples",
                                "as the figure",
                                "Yang 1999"),
                        new CatalogueEntry(
                                "Balanced accuracy",
                                "matrix.balancedAccuracy()",
                                "the mean of the recalls of all classes",
                                "[0, 1]",
                                "Brodersen et al. 2010"),
                        new CatalogueEntry(
                                "Matthews' correlation",
                                "matrix.mcc()",
                                "(TP TN - FP FN) / √((TP + FP) (TP + FN) (TN + FP) (TN + FN)), and its form for "
                                        + "several classes",
                                "[-1, 1]",
                                "Matthews 1975; Gorodkin 2004"),
                        new CatalogueEntry(
                                "Cohen's kappa",
                                "matrix.kappa()",
                                "(accuracy - chance) / (1 - chance)",
                                "[-1, 1]",
                                "Cohen 1960"),
                        new CatalogueEntry(
                                "ROC curve",
                                "ranking.roc()",
                                "TP / P over FP / N for all thresholds",
                                "[0, 1]",
                                "Fawcett 2006"),
                        new CatalogueEntry(
                                "Area under ROC",
                                "ranking.rocAuc()",
                                "trapezoids; the probability to rank a pair right",
                                "[0, 1]",
                                "Hanley and McNeil 1982"),
                        new CatalogueEntry(
                                "Precision-recall curve",
                                "ranking.precisionRecall()",
                                "precision over recall for all thresholds",
                                "[0, 1]",
                                "Davis and Goadrich 2006"),
                        new CatalogueEntry(
                                "Average precision",
                                "ranking.averagePrecision()",
                                "Σ (rise of recall) precision: rectangles",
                                "[0, 1]",
                                "Buckley and Voorhees 2000"),
                        new CatalogueEntry(
                                "Area under precision-recall",
                                "ranking.prAuc()",
                                "trapezoids, which are too optimistic",
                                "[0, 1]",
                                "Davis and Goadrich 2006"),
                        new CatalogueEntry(
                                "Log loss",
                                "classes.logLoss()",
                                "-mean of log p of the right class",
                                "[0, ∞)",
                                "Good 1952"),
                        new CatalogueEntry(
                                "Brier score",
                                "classes.brier()",
                                "mean over examples of Σ (p - t)² over classes",
                                "[0, 2]",
                                "Brier 1950"),
                        new CatalogueEntry(
                                "Calibration curve",
                                "classes.calibration(10).curve()",
                                "observed over predicted share in bins",
                                "[0, 1]",
                                "Niculescu-Mizil and Caruana 2005"),
                        new CatalogueEntry(
                                "Expected calibration error",
                                "classes.calibration(10).expectedError()",
                                "Σ bins \\|observed - predicted\\| examples / n",
                                "[0, 1]",
                                "Guo et al. 2017"),
                        new CatalogueEntry(
                                "Temperature scaling",
                                "classes.scaled(classes.temperature())",
                                "logits / T with the T of the smallest log loss",
                                "T > 0",
                                "Guo et al. 2017"),
                        new CatalogueEntry(
                                "R2", "numbers.r2()", "1 - Σ (y - t)² / Σ (t - mean)²", "(-∞, 1]", "Wright 1921"),
                        new CatalogueEntry("Mean absolute error", "numbers.mae()", "mean of \\|y - t\\|", "[0, ∞)", ""),
                        new CatalogueEntry("Mean squared error", "numbers.mse()", "mean of (y - t)²", "[0, ∞)", ""),
                        new CatalogueEntry(
                                "Root mean squared error", "numbers.rmse()", "√ mean of (y - t)²", "[0, ∞)", ""),
                        new CatalogueEntry(
                                "Mean absolute percentage error",
                                "numbers.mape()",
                                "mean of \\|y - t\\| / \\|t\\|",
                                "[0, ∞)",
                                "Armstrong 1985"),
                        new CatalogueEntry(
                                "McNemar's test",
                                "McNemar.of(classes.right(), other)",
                                "(b - c)² / (b + c), where b and c count examples that one model alone has right",
                                "",
                                "McNemar 1947"),
                        new CatalogueEntry(
                                "K-fold",
                                "Folds.of(8, 4)",
                                "each example is in one test part",
                                "2 ≤ k ≤ n",
                                "Stone 1974"),
                        new CatalogueEntry(
                                "Shuffled k-fold",
                                "Folds.of(8, 4, 1)",
                                "the same with a random order",
                                "2 ≤ k ≤ n",
                                "Stone 1974"),
                        new CatalogueEntry(
                                "Stratified k-fold",
                                "Folds.stratified(labels, 4)",
                                "each fold has the shares of classes of the whole",
                                "2 ≤ k ≤ n",
                                "Kohavi 1995"),
                        new CatalogueEntry(
                                "Grouped k-fold",
                                "Folds.grouped(new int[] {0, 0, 1, 1, 2, 2, 3, 3}, 4)",
                                "no group is in both parts",
                                "2 ≤ k ≤ groups",
                                "scikit-learn's GroupKFold"),
                        new CatalogueEntry(
                                "Repeated k-fold",
                                "Folds.repeated(3, 1, seed -> Folds.of(8, 4, seed))",
                                "again with other seeds",
                                "times ≥ 1",
                                "Kohavi 1995"),
                        new CatalogueEntry(
                                "Leave one out",
                                "Folds.leaveOneOut(8)",
                                "each example is a test part",
                                "n ≥ 2",
                                "Stone 1974"),
                        new CatalogueEntry(
                                "Leave p out",
                                "Folds.leavePOut(8, 2)",
                                "each set of p examples is a test part",
                                "1 ≤ p < n",
                                "Shao 1993"),
                        new CatalogueEntry(
                                "Expanding window",
                                "Folds.expanding(8, 3, 1)",
                                "the past is the training part, the next steps are the test",
                                "in the order of time",
                                "scikit-learn's TimeSeriesSplit"),
                        new CatalogueEntry(
                                "Rolling window",
                                "Folds.rolling(8, 3, 2, 0)",
                                "the same with a past of one length",
                                "in the order of time",
                                "Tashman 2000"),
                        new CatalogueEntry(
                                "Bootstrap",
                                "Folds.bootstrap(8, 5, 1)",
                                "n draws with replacement; the others are the test",
                                "times ≥ 1",
                                "Efron 1979")));
    }
}

/**
 * Linear models whose solutions are computed rather than trained: least squares with standard errors
 * ({@link dev.fathom.linear.LeastSquares}), also of series by their last rows
 * ({@link dev.fathom.linear.Autoregression}), of least norm ({@link dev.fathom.linear.MinimumNorm}), with a penalty on
 * the squares of the coefficients ({@link dev.fathom.linear.Ridge}) or on their sizes
 * ({@link dev.fathom.linear.Lasso}), and logistic regression with either penalty
 * ({@link dev.fathom.linear.LogisticRegression}, {@link dev.fathom.linear.LogisticPath}). Their fits are predictors,
 * and they are learners, so that ensembles are made of them; where a whole path of penalties is of interest, each fit
 * starts from the one before.
 *
 * <p>Each class says what it does with the intercept, which is never penalized, and with the units of the columns:
 * {@code LeastSquares} does not depend on them, {@code Lasso} standardizes, and the others leave the columns as they
 * are. Everything is in double precision. Singular values come from LAPACK, so that least squares and ridge need
 * OpenBLAS, and the others do not.
 *
 * <p>Rejected: normal equations, which square the condition of the columns; one class with a parameter for the loss and
 * one for the penalty, since each pair has another algorithm and says other things about its fit.
 */
@org.jspecify.annotations.NullMarked
package dev.fathom.linear;

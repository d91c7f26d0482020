/** The lab on salaries of baseball players: least squares, the lasso and networks. */
@org.jspecify.annotations.NullMarked
package dev.fathom.labs.regression;

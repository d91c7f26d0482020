/** The lab on architecture search for forecasts of correlated time series. */
@org.jspecify.annotations.NullMarked
package dev.fathom.labs.autocts;

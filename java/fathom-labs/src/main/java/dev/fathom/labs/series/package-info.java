/** The labs on forecasts of time series: stock volumes, exchange rates and traffic. */
@org.jspecify.annotations.NullMarked
package dev.fathom.labs.series;

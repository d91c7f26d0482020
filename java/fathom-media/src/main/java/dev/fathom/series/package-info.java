/**
 * Series to forecast: a {@link dev.fathom.series.Series} is numbers in columns, one row for each step of time;
 * {@link dev.fathom.series.Standardization} scales them by what it learned on the rows to train on;
 * {@link dev.fathom.series.Windows} makes a {@link dev.fathom.data.Dataset} of the rows before each step and what is to
 * be forecast; {@link dev.fathom.series.Forecast} runs a model one step at a time, from true rows or from its own
 * forecasts.
 *
 * <p>Columns come from a {@link dev.fathom.table.Table} through a fitted {@link dev.fathom.table.Encoding}, which says
 * what texts mean and names a bad one by file, line and column. A window belongs to the part of the series in which all
 * the rows that it forecasts lie, so that a split by time or by a flag never gives a row of the test set to training as
 * something to forecast. The rows before may reach into the part before: they are known by then.
 *
 * <p>Rejected: dates as an index (rows are steps: {@link dev.fathom.series.Times} check the dates once and give each
 * row its place, and a row that is left out is a hole), windows over the memory of the series (a dataset copies what it
 * is made from, and a window of five rows costs five times a small series), scaling inside the windows (the same scale
 * serves several windows, and must be undone for a forecast).
 */
@org.jspecify.annotations.NullMarked
package dev.fathom.series;

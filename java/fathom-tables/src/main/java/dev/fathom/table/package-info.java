/**
 * Tables: {@link dev.fathom.table.Table} reads rows of texts from a CSV file, an {@link dev.fathom.table.Encoder} says
 * what each column becomes, and the {@link dev.fathom.table.Encoding} that it fits to the rows to learn from makes
 * datasets and single rows of numbers, in training and in service alike.
 *
 * <p>An encoding is fitted once and then fixed, so that nothing of the rows to test on gets into it; it is saved as
 * JSON, or in the metadata of a model's file.
 *
 * <p>A value that is missing, unknown or not a number is refused with its file, line and column; nothing is guessed.
 *
 * <p>Rejected: typed columns that are guessed from the values (a column of digits may be a code), and a frame with
 * operations on columns (programs have streams, and other libraries have frames).
 */
@org.jspecify.annotations.NullMarked
package dev.fathom.table;

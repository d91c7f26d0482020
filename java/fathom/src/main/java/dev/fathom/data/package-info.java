/**
 * Examples to learn from: {@link dev.fathom.data.Dataset} shows them, {@link dev.fathom.data.Batches} deals them out
 * epoch by epoch, {@link dev.fathom.data.Batch} is one step's worth as tensors of the current pass.
 * {@link dev.fathom.data.Dataset#forEach} reads all examples in evaluation mode, and everything that runs a model over
 * data stands on it, so that there is one rule for the size of batches and for random numbers. The package knows no
 * nets; they know it, so that a model can be run over data ({@code model.predict(data)}, {@code net.apply(batch)}). An
 * {@link dev.fathom.data.Augmentation} is a random change of training batches.
 *
 * <p>An example has {@link dev.fathom.data.Field fields}. Most datasets have an input and a target, which their
 * {@link dev.fathom.data.Role roles} say, but there may be any number of fields of floats, integers, pixels or labels.
 * A field whose examples differ in length is stored as values and offsets; a batch pads the examples as
 * {@link dev.fathom.data.Padding} says, and keeps their lengths. Splitting, shuffling and concatenation keep all fields
 * of an example together.
 *
 * <p>Pixels stay bytes until the step that needs them: a kernel gathers the rows of a batch, widens and scales them
 * straight into the pass, so that 60,000 images take 47 MB and a shuffle moves four bytes an example. A part of a
 * dataset, or of a table, is a list of row numbers over the same memory. The order of an epoch depends on (seed, epoch)
 * alone, so that a resumed training sees what an uninterrupted one would.
 *
 * <p>A dataset is made of three things: where the examples are, how they are shown (which of them, in what shape and
 * scale), and how they are dealt out. They are in memory, which copies the arrays that it is made from, or in a
 * {@link dev.fathom.data.Source}, of which a batch copies its rows before a kernel sees them. So a mapped file that
 * someone truncates is an error and no crash, every number was checked, and a format is added without a change here.
 * Examples that only come once, as a stream, are collected in a file by {@link dev.fathom.data.Dataset#onDisk}.
 *
 * <p>Rejected: arrays of Java objects (the collector walks them), datasets over memory that someone else may change,
 * kernels that read a mapped file (a page that is gone would end the process), a buffer of a stream in which examples
 * are shuffled (an epoch would depend on where the stream was, could not be repeated, and could not be split), copying
 * a dataset to split or shuffle it, threads that load ahead (a gather of 128 images takes microseconds), an iterator
 * that keeps a random state (an epoch could not be repeated by itself), augmentation in the threads of a loader (the
 * pool is idle between steps), guessing the types of columns (a column of digits may be names), filling missing values
 * in.
 */
@org.jspecify.annotations.NullMarked
package dev.fathom.data;

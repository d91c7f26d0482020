/**
 * Examples to learn from: {@link dev.fathom.data.Dataset} holds them off the heap, {@link dev.fathom.data.Batches} deals them out epoch by
 * epoch, {@link dev.fathom.data.Batch} is one step's worth as tensors of the current pass. {@link dev.fathom.data.Table} is a CSV file,
 * {@link dev.fathom.data.Encoder} says what its texts mean, and the {@link dev.fathom.data.Encoding} that it fits makes datasets of it.
 * {@link dev.fathom.data.ImageFolder} is a folder of pictures, {@link dev.fathom.data.Augment} a random change to them,
 * {@link dev.fathom.data.Preprocessing} what one photograph becomes for a network that someone else has trained.
 *
 * <p>An example has {@link dev.fathom.data.Field fields}: {@code x} and {@code y} for most, any number of floats, integers, pixels and labels in
 * general. A field whose examples differ in length is its values and offsets; a batch pads them as {@link dev.fathom.data.Padding} says and keeps
 * their lengths. All fields of an example go together through splits, orders and concatenation.
 *
 * <p>Pixels stay bytes until the step that needs them: a kernel gathers the rows of a batch, widens and scales them straight into the pass, so
 * that 60,000 images take 47 MB and a shuffle moves four bytes an example. A part of a dataset, or of a table, is a list of row numbers over the
 * same memory. The order of an epoch depends on (seed, epoch) alone, so that a resumed training sees what an uninterrupted one would.
 *
 * <p>Augmentation works on the gathered batch: Java draws a few numbers for each example and turns them into what kernels take (a map of the
 * plane, a tone, a box, a share), so that a new kind of change is some lines of Java. Its draws are those of (seed, epoch, place in the epoch).
 * Pictures are decoded by the JDK's ImageIO in one class, {@code ImageFile}: all else works where the module java.desktop is missing, and nothing
 * needs a display. What is decoded is kept in a file, of which nothing is believed but its checksums.
 *
 * <p>A dataset copies what it is made from, arrays, buffers, mapped files: a file that someone truncates under a mapping would end the process
 * inside a kernel, and only a copy can be checked once for all. A value that is missing, unknown or no number is refused with its file, line and
 * column; none is guessed, and what an encoder takes from rows (means, categories) it takes from those it is fitted on.
 *
 * <p>Rejected: arrays of Java objects (the collector walks them), datasets over memory or files that someone else may change, copying a dataset to
 * split or shuffle it, threads that load ahead (a gather of 128 images takes microseconds), an iterator that keeps a random state (an epoch
 * could not be repeated by itself), augmentation in the threads of a loader (the pool is idle between steps), a codec of our own or another library
 * for pictures (the JDK has one), guessing the types of columns (a column of digits may be names), filling missing values in.
 */
@org.jspecify.annotations.NullMarked
package dev.fathom.data;

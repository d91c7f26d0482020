/**
 * Training: the loop ({@link dev.fathom.train.Trainer}) with its history, metrics, early stopping and callbacks, and the assessment of a classifier.
 *
 * <p>A trainer is the settings; what changes while it runs is one object of its own, so that two fits never mix and a run can be written down. Of
 * the packages below it needs little that is not public (the block of values, to keep the best; an observer of the pass, to explain a loss that is
 * not finite), and its loop is the one that anyone would write: a test compares the two bit for bit.
 *
 * <p>A checkpoint ({@link dev.fathom.train.Checkpoints}) is that object in one safetensors file, so that the tools which read a model read it too,
 * under one checksum. It holds no data and no code: what decides about the bits and cannot be in a file (the data, the schedule) is compared by a
 * checksum of a sample and by the learning rate of the last step, and a run that would give other bits is refused. Rejected: going on from what
 * roughly fits; Java serialization of the run.
 *
 * <p>{@link dev.fathom.train.Trainer#check} examines a set-up before it costs hours; {@link dev.fathom.train.LayerStatistics} and
 * {@link dev.fathom.train.CsvLog} are callbacks to watch it while it does.
 */
@org.jspecify.annotations.NullMarked
package dev.fathom.train;

/**
 * Training: the loop ({@link dev.fathom.train.Trainer}) with its metrics, early stopping and callbacks.
 *
 * <p>A trainer holds only settings and never changes. Everything that changes during a run is in a separate object, so
 * two calls of {@code fit} never share state, and a run can be saved. {@code fit} returns the
 * {@link dev.fathom.train.Run} when it has ended, and {@code start} while it goes on on a thread of its own. Callbacks
 * are given it, any thread may watch and stop it, and it can be resumed until it is closed. What it shows of a step is
 * one {@link dev.fathom.train.Progress}, so that numbers read by another thread belong together. The trainer uses
 * little that is not public: the block of values, to keep the best weights, and an observer of the pass, to explain a
 * loss that is not finite. Its loop is the one that a user would write by hand, and a test checks that both give the
 * same bits.
 *
 * <p>A checkpoint ({@link dev.fathom.train.Checkpoints}) is that object in one safetensors file with one checksum, so
 * tools that read a model can read it too. It holds no data and no code. The data and the schedule also affect the bits
 * but cannot be stored, so they are compared by a checksum of a sample and by the learning rate of the last step; a run
 * that would give other bits is refused. Rejected: resuming from a checkpoint that fits only roughly, and Java
 * serialization of the run.
 *
 * <p>Shards ({@link dev.fathom.train.Trainer#shards}) make the bits of a step independent of who computes which part of
 * it: threads ({@link dev.fathom.train.Trainer#replicas}) and processes ({@link dev.fathom.train.Exchange}) own some of
 * the shards, and all of them add in the order of one {@link dev.fathom.train.ShardTree}. Its nodes begin at multiples
 * of their size, so that any equal shares of the shards are few whole nodes; halves of halves would not fit thirds.
 * Every shard has its gradient in a replica of its own, into which sums go, so that nothing is copied. A shard's share
 * of the loss takes every example for one of weight 1, and the sum is corrected at the end: what all weigh is known too
 * late for a share. Rejected: running statistics that follow shard after shard, because shards beside each other begin
 * from the same ones.
 *
 * <p>Processes exchange gradients while the last shard of each goes back, from the last parameters to the first, in
 * parts that all of them cut alike: what is complete when depends on the processor, and their order must not. The sums
 * lie in replicas until all of them are there, so that a failure in between changes nothing. Rejected: sending the sums
 * of earlier shards before, which the tree would have to add in another order, or as more bytes.
 *
 * <p>Learning rates that follow the results ({@link dev.fathom.train.Newbob}, {@link dev.fathom.train.ReduceOnPlateau})
 * are pure functions of the epochs before, so that a checkpoint need not hold anything for them.
 * {@link dev.fathom.train.Trainer#findRate} looks for a rate to begin with.
 *
 * <p>{@link dev.fathom.train.Trainer#check} examines a set-up before it costs hours; {@code explain.LayerStatistics}
 * and {@link dev.fathom.train.CsvLog} are callbacks to watch it while it does.
 */
@org.jspecify.annotations.NullMarked
package dev.fathom.train;

package dev.fathom.train;

import dev.fathom.op.DType;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * What several processes, each with a model of its own, train one model by: each computes its {@link ShardTree#share}
 * of the shards of every batch, and an exchange adds up in all of them what all have found. It adds in the order of the
 * tree and with {@link ShardTree#add}, so that every process goes on with the bits that one process alone has.
 *
 * <p>The processes run the same recipe on the same data from the same weights. Every one calls the methods in the same
 * order with the same sizes, and each call waits for all the others. There is one call at a time, on the thread that
 * trains or on one beside it: gradients are exchanged in parts of some megabytes, from the last parameters to the
 * first, while backward goes on. One that fails, is stopped or ends sooner leaves the others waiting: an exchange then
 * throws an exception, which ends their runs too, with the weights of their last step. Callbacks that decide by figures
 * decide the same everywhere.
 *
 * <p>There is an exchange for every batch: larger batches of more shards need the memory of small ones and exchange
 * less than {@link Trainer#accumulate} does.
 */
public interface Exchange {
    /** Returns the number of this process, from 0. */
    int process();

    /** Returns how many processes there are. */
    int processes();

    /**
     * Adds up some of the floats, piece by piece of the gradients and the buffers.
     *
     * @param nodes the sums of this process for each of the {@link ShardTree#nodes} of its share, in order, as direct
     *     buffers of floats in native order from position to limit, equally many in all. When the call returns, the
     *     first has the sum over all shards, and the others anything
     */
    void sum(ShardTree tree, List<ByteBuffer> nodes);

    /**
     * Adds up gradients as {@link #sum} does, of which the first buffer has the same bits in every process when the
     * call returns. An exchange may round them on their way to {@link #gradients()}; then they have no longer those of
     * one process alone.
     */
    default void sumGradients(ShardTree tree, List<ByteBuffer> nodes) {
        sum(tree, nodes);
    }

    /** Returns the type that gradients are rounded to, F32 where they are not. A run resumes with the same. */
    default DType gradients() {
        return DType.F32;
    }

    /**
     * Adds up a few numbers, such as those of loss and metrics, in the same order. When the call returns, the first
     * array has the sums over all shards.
     *
     * @param nodes the numbers of this process for each of its nodes, in order; those after the first may be changed
     */
    void sumNumbers(ShardTree tree, List<double[]> nodes);
}

/**
 * Serving: a {@link dev.fathom.plan.Plan} is made from the trace of one real run. The same ops that ran eagerly write their commands down, at two or
 * more batch sizes, so that every integer is known as a constant or as affine in the batch; weights are packed, biases and activations fused, buffers
 * placed by lifetime. A {@link dev.fathom.plan.Session} runs the commands for one batch size in one native call.
 *
 * <p>The way there, a file each: {@code Graph} holds the calls of one trace, and prunes and merges them; {@code Folding} puts a batch norm into the
 * weights before it, the one place where a plan rounds otherwise than the eager run; {@code Lowering} has their commands; {@code Traces} both
 * at several batch sizes, and the line through every number; {@code PlanBuilder} decides whose memory each {@code Slot} is and packs the weights;
 * {@code Placement} lays out what a session needs between its commands.
 *
 * <p>Rejected: a second graph language (the trace is the graph), and kernels written twice (eager and frozen run the same ones, bit for bit).
 */
@org.jspecify.annotations.NullMarked
package dev.fathom.plan;

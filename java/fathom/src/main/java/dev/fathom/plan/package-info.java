/**
 * Serving: a {@link dev.fathom.plan.Plan} is made from traces, which compute shapes alone. The same ops that run eagerly write their commands down, at
 * several batch sizes and lengths, so that every integer is known as c0 + c1 B + c2 L + c3 B L; weights are packed, biases and activations fused,
 * buffers placed by lifetime. A {@link dev.fathom.plan.Session} runs the commands for one batch size and length in one native call.
 *
 * <p>The way there, a file each: {@code Graph} holds the calls of one trace, and prunes and merges them; {@code Folding} puts a batch norm into the
 * weights before it, the one place where a plan rounds otherwise than the eager run; {@code Lowering} has their commands; {@code Traces} both
 * at several {@code Sizes}, and the {@code Bilinear} function through every number; {@code PlanBuilder} decides whose memory each {@code Slot} is
 * and packs the weights; {@code ShapeRules} asks the ops whether they take the shapes of a session; {@code Placement} lays out what a session needs
 * between its commands.
 *
 * <p>Rejected: a second graph language (the trace is the graph), and kernels written twice (eager and frozen run the same ones, bit for bit).
 */
@org.jspecify.annotations.NullMarked
package dev.fathom.plan;

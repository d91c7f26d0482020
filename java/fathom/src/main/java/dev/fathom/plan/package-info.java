/**
 * Serving: a {@link dev.fathom.plan.Plan} is made from traces, which compute shapes alone. The same ops that run eagerly write their commands down, at
 * several batch sizes and lengths, so that every integer is known as c0 + c1 B + c2 L + c3 B L; weights are packed, biases and activations fused,
 * buffers placed by lifetime. A {@link dev.fathom.plan.Session} runs the commands for one batch size and length in one native call.
 *
 * <p>Each stage of freezing has its own file. {@code Graph} holds the calls of one trace, and prunes and merges them. {@code Folding} folds a batch
 * norm into the weights before it, which is the only place where a plan rounds differently from an eager run. {@code Lowering} holds the commands of
 * the calls. {@code Traces} holds the calls and commands at several {@code Sizes}, and the {@code Bilinear} function that gives every integer.
 * {@code PlanBuilder} decides which memory each {@code Slot} uses, and packs the weights. {@code ShapeRules} asks the ops whether they accept the
 * shapes of a session. {@code Placement} lays out the memory that a session needs between its commands.
 *
 * <p>Rejected: a second graph language (the trace is the graph), and kernels written twice (eager and frozen run the same ones, bit for bit).
 */
@org.jspecify.annotations.NullMarked
package dev.fathom.plan;

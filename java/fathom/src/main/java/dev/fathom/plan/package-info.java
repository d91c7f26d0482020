/**
 * Serving: a {@link dev.fathom.plan.Plan} is made from traces, which compute shapes alone, at several batch sizes and
 * lengths; weights are packed, biases and activations fused. A {@link dev.fathom.plan.Session} lets the same ops that
 * run eagerly write their commands down for one batch size and length, places the buffers by lifetime, and runs all
 * commands in one native call.
 *
 * <p>Each stage has its own file. {@code CallGraph} holds the calls of one trace, and prunes and merges them.
 * {@code Traces} finds the {@code Range} of each free dimension and traces both ends and some sizes between.
 * {@code Constants} tells how constants follow the sizes. {@code Folding} folds a batch norm into the weights before
 * it, which is the only place where a plan rounds differently from an eager run. {@code Fit} finds every op as a
 * function of the sizes, whose integers are each a {@code Line}. {@code Calls} are what a plan keeps, and
 * {@code Lowering} their commands at the sizes of a session, with the {@code Slot} of memory that each uses.
 * {@code PlanBuilder} packs the weights. {@code WorkspaceLayout} lays out the memory that a session needs between its
 * commands.
 *
 * <p>Rejected: a second graph language (the trace is the graph), kernels written twice (eager and frozen run the same
 * ones, bit for bit), and commands whose words are functions of the sizes (whoever checks them must ask the ops at the
 * sizes of the session, which then have written the words).
 */
@org.jspecify.annotations.NullMarked
package dev.fathom.plan;

/**
 * What a trained network sees: the maps that its layers make ({@link dev.fathom.explain.Maps}), the places of its input
 * that a score depends on ({@link dev.fathom.explain.Saliency}, {@link dev.fathom.explain.GradCam}), what a unit
 * responds to among many images ({@link dev.fathom.explain.Responses}) and in them
 * ({@link dev.fathom.explain.Deconvnet}), the input that it would like best ({@link dev.fathom.explain.Maximization}),
 * how much of the input a layer can see ({@link dev.fathom.explain.ReceptiveField}), the signals and gradients of its
 * layers while it trains ({@link dev.fathom.explain.LayerStatistics}), and what theory says of them at its start
 * ({@link dev.fathom.explain.MeanSignal}).
 *
 * <p>Any layer is named by its path in the model, as in {@code model.summary}; nothing is built into a network for it:
 * a pass tells of each call as it returns. Every method opens a pass of its own, in evaluation mode, and leaves the
 * parameters' gradients alone.
 *
 * <p>Rejected: hooks that are registered on layers (a record has nowhere to keep them), and networks that return their
 * intermediates.
 */
@org.jspecify.annotations.NullMarked
package dev.fathom.explain;

/**
 * Attention and what is made of it: {@link dev.fathom.attention.MultiHeadAttention} (also causal, over padded batches,
 * with heads of keys that are shared, and across two sequences), positions that are
 * {@link dev.fathom.attention.SinusoidalPositions sinusoidal}, {@link dev.fathom.attention.LearnedPositions learned} or
 * {@link dev.fathom.attention.RotaryPositions rotary}, and the layers and stacks of the Transformer. Sequences are
 * [batch, tokens, width]. Parameters are called as in {@code torch.nn}, so its files load as they are.
 *
 * <p>The layers are records like those of {@code nn}. Those that take a mask or a second sequence have methods of their
 * own, and each that maps one sequence to one is a plain {@code Layer} too. What a query sees is said by one
 * {@link dev.fathom.tensor.AttentionMask}, which a stack hands down. Padding is told by lengths and not by masks of
 * numbers: what lies beyond a length costs nothing and cannot leak, so a sequence alone and the same one in a padded
 * batch give the same bits.
 *
 * <p>Generation is a function from state to state ({@link dev.fathom.tensor.State},
 * {@link dev.fathom.attention.MultiHeadAttention#step}): the caller holds what a step returns and gives it to the next.
 * A step in a causal stack gives the bits of the same token in a whole sequence.
 *
 * <p>Rejected: caches hidden in layers (a layer is a value, and two users of a model would share one), masks of
 * booleans beside those of numbers (a bias of 0 and -Infinity says the same), a class for every kind of Transformer
 * (they differ in arguments).
 */
@org.jspecify.annotations.NullMarked
package dev.fathom.attention;

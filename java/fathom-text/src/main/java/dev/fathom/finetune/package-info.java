/**
 * Training of encoders and decoders that others have trained before: losses of vectors of texts
 * ({@link dev.fathom.finetune.MultipleNegatives}, {@link dev.fathom.finetune.CosineSimilarity}), masked words
 * ({@link dev.fathom.finetune.Masking}) and next tokens ({@link dev.fathom.finetune.NextTokens}), and matrices of a low
 * rank in place of whole ones ({@link dev.fathom.finetune.Lora}).
 *
 * <p>The nets themselves come from {@link dev.fathom.pretrained.Pretrained} and
 * {@link dev.fathom.pretrained.HeadTuning}, which also write them back to folders. Everything here is a function or a
 * net like any other, so that a loop of one's own and a {@link dev.fathom.train.Trainer} train with it.
 *
 * <p>Rejected: layers of a low rank that take the place of linear ones, which a net would have to be rebuilt with, and
 * which one matrix of queries, keys and values could not be given.
 */
@org.jspecify.annotations.NullMarked
package dev.fathom.finetune;

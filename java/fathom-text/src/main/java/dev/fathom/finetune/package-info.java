/**
 * Training of encoders and decoders that others have trained before: the losses of vectors of texts
 * ({@link dev.fathom.finetune.MultipleNegatives}, {@link dev.fathom.finetune.CosineSimilarity}).
 *
 * <p>The nets themselves come from {@link dev.fathom.pretrained.Pretrained}, which also writes them back to folders.
 * Everything here is a function or a net like any other, so that a loop of one's own and a
 * {@link dev.fathom.train.Trainer} with a custom step train with it.
 */
@org.jspecify.annotations.NullMarked
package dev.fathom.finetune;

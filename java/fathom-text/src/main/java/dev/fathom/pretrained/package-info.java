/**
 * Encoders of texts that others have trained: a folder as Hugging Face's transformers and sentence-transformers write
 * it becomes an {@link dev.fathom.pretrained.Embedder} in one line.
 *
 * <p>A family of encoders is a record that reads as its paper's figure ({@link dev.fathom.pretrained.Bert},
 * {@link dev.fathom.pretrained.NomicBert}, {@link dev.fathom.pretrained.StaticVectors}) and a table of names, by which
 * its files are read. All of them take texts as a {@link dev.fathom.pretrained.TextBatch}, in which the tokens of all
 * texts lie side by side, so that no padding is ever computed, and each text has the bits that it has alone.
 *
 * <p>With a head on an encoder, {@link dev.fathom.pretrained.Headed}, a folder becomes a
 * {@link dev.fathom.pretrained.Classifier}, a {@link dev.fathom.pretrained.Reranker}, a
 * {@link dev.fathom.pretrained.TokenClassifier}, a {@link dev.fathom.pretrained.QuestionAnswering} or a
 * {@link dev.fathom.pretrained.FillMask}.
 *
 * <p>Rejected: a padded batch with a mask, in which short texts cost as much as the longest; a general graph that a
 * {@code config.json} describes (each family has rules that are in its code alone).
 */
@org.jspecify.annotations.NullMarked
package dev.fathom.pretrained;

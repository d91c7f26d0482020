/**
 * Texts to learn from: a {@link dev.fathom.text.Tokenizer} cuts them ({@link dev.fathom.text.Words},
 * {@link dev.fathom.text.Characters}, {@link dev.fathom.text.BytePairs}, {@link dev.fathom.text.Ngrams} of any of
 * them), a {@link dev.fathom.text.Vocabulary} numbers the tokens, and {@link dev.fathom.text.Texts} read from a file or
 * a folder become a {@link dev.fathom.data.Dataset} whose examples have as many tokens as their texts.
 * {@link dev.fathom.text.BagOfWords} gives weights without an order instead, and {@link dev.fathom.text.WordVectors}
 * the rows of a pretrained embedding, which {@link dev.fathom.text.SkipGram} learns from texts.
 *
 * <p>Cutting and numbering are two things, so that one vocabulary serves any tokenizer, and a model's tokens can be
 * saved as a list that people read. Padding, truncation, bucketing by length and splits are those of datasets.
 * Everything is made of plain Java strings and arrays: a million words a second are cut and numbered once, before
 * training, and a batch is then gathered by the kernels that gather pixels.
 *
 * <p>Files are hostile here as in {@code dev.fathom.io}: a truncated file, bytes that are not UTF-8, a token or a
 * number that comes twice are one sentence with file and line, and nothing is allocated because a file claims a size.
 *
 * <p>Rejected: a pipeline object that hides tokenizer and vocabulary (both must be saved with a model), stemming and
 * lists of stop words (they belong to one language), special tokens found within texts (a text could then forge an
 * end), guessing an encoding other than UTF-8, a cache of pieces in {@code BytePairs} (it saves half the time of a step
 * that runs once).
 */
@org.jspecify.annotations.NullMarked
package dev.fathom.text;

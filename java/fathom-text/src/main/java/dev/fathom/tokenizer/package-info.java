/**
 * The tokenizers of pretrained models, read from the files in which they are published:
 * {@link dev.fathom.tokenizer.PretrainedTokenizer}. The numbers of tokens and the offsets are those of Hugging Face's
 * tokenizers, with every normalizer, pre-tokenizer, model, post-processor and decoder of their file.
 *
 * <p>A text is an array of code points, and for each of them the part of the original string that it stands for. What
 * normalizes makes a new array only where something changes; what cuts gives views of it; and a model walks in tries of
 * code points, so that nothing is made per word but its tokens. Regular expressions are matched in linear time, because
 * they come from files and run over texts of strangers: an expression that cannot be matched so is refused.
 *
 * <p>Which characters are letters, marks or punctuation is what version 13 of Unicode says, whatever the JDK; how they
 * are composed, and which script they are of, is what the JDK knows. Where a precompiled map of characters takes away
 * the first characters of a text, Hugging Face's offsets of all that follows are too small, and those given here are
 * right.
 *
 * <p>Rejected: calling the native library of Hugging Face (17 MB, and slower from Java), a cache per thread (it grows
 * with threads; one table of pieces that all share, whose entries replace each other, is as fast), BPE dropout (it is
 * for training).
 */
@org.jspecify.annotations.NullMarked
package dev.fathom.tokenizer;

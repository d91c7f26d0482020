/**
 * Encoders and decoders of pictures, sentences, labels and moving pictures in pairs: captions, answers, drawings, and
 * the next frames of a clip.
 */
@org.jspecify.annotations.NullMarked
package dev.fathom.labs.pairs;

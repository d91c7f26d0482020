/**
 * Pictures: {@link dev.fathom.image.ImageFolder} is a folder of them, and {@link dev.fathom.image.Preprocessing} what
 * one photograph becomes for a network that someone else has trained. A {@link dev.fathom.image.ModelCard} keeps that
 * recipe and the names of the classes in the file of a model.
 *
 * <p>Only the class {@code ImageFile} uses the JDK's ImageIO to decode pictures; everything else works without the
 * module java.desktop, and nothing needs a display. Decoded pictures are cached in a file, which is trusted only if its
 * checksums are right.
 *
 * <p>Rejected: a codec of our own or another library for pictures (the JDK has one; only what cameras note beside the
 * pixels is read by metadata-extractor).
 */
@org.jspecify.annotations.NullMarked
package dev.fathom.image;

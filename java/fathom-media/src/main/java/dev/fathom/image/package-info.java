/**
 * Pictures: {@link dev.fathom.image.ImageFolder} is a folder of them, and {@link dev.fathom.image.Preprocessing} what
 * one photograph becomes for a network that someone else has trained. A {@link dev.fathom.image.ModelCard} keeps that
 * recipe and the names of the classes in the file of a model. {@link dev.fathom.image.Idx} and
 * {@link dev.fathom.image.Cifar} read the published sets, and {@link dev.fathom.image.Augment} is a random change to
 * pictures, for training.
 *
 * <p>Augmentation works on the gathered batch: Java draws a few numbers for each example and turns them into what
 * kernels take (a map of the plane, a tone, a box, a share), so that a new kind of change takes a few lines of Java.
 * The numbers depend only on the seed, the epoch and the position in the epoch.
 *
 * <p>Only the class {@code ImageFile} uses the JDK's ImageIO to decode pictures; everything else works without the
 * module java.desktop, and nothing needs a display. Decoded pictures are cached in a file, which is trusted only if its
 * checksum is right, and stay there: a dataset over a mapped file copies only the pictures of a batch.
 *
 * <p>Rejected: a codec of our own or another library for pictures (the JDK has one; only what cameras note beside the
 * pixels is read by metadata-extractor).
 */
@org.jspecify.annotations.NullMarked
package dev.fathom.image;

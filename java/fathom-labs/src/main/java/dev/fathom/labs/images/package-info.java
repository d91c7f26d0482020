/**
 * The labs on images: networks that are taught on the same images and set beside each other and beside what is
 * published.
 */
@org.jspecify.annotations.NullMarked
package dev.fathom.labs.images;

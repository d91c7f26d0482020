/** Labs on images that become images: damage that is repaired, and a map that says what every pixel belongs to. */
@org.jspecify.annotations.NullMarked
package dev.fathom.labs.restoration;

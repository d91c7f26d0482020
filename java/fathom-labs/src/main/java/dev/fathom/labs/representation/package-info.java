/**
 * Labs on what networks can represent: what one unit cannot, and what a hidden layer, its activation, its width and
 * further layers add.
 */
@org.jspecify.annotations.NullMarked
package dev.fathom.labs.representation;

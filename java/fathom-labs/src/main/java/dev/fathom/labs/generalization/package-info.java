/**
 * The labs on generalization: double descent, bias and variance, memorized labels, and what acts on a model like a
 * ridge penalty.
 */
@org.jspecify.annotations.NullMarked
package dev.fathom.labs.generalization;

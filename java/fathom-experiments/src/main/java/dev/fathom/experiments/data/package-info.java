/**
 * The data sets that experiments learn from and the networks whose weights others have published: where their files
 * lie, what they are called, and how they are fetched, unpacked and checked.
 */
@org.jspecify.annotations.NullMarked
package dev.fathom.experiments.data;

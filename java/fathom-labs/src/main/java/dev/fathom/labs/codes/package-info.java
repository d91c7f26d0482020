/**
 * The labs on codes that a network finds without labels, or with few: auto-encoders, stage-wise pre-training, and
 * learning from examples most of which have no label.
 */
@org.jspecify.annotations.NullMarked
package dev.fathom.labs.codes;

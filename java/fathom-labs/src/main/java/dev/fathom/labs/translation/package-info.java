/** The labs that turn one sequence into another: sentences into French, and sums into their results. */
@org.jspecify.annotations.NullMarked
package dev.fathom.labs.translation;

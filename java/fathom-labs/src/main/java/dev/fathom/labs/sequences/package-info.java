/** The labs on sequences: texts, series, sound and translation. */
@org.jspecify.annotations.NullMarked
package dev.fathom.labs.sequences;

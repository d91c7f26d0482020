/** Deeplearning4j on the work of Fathom's rows. */
@NullMarked
package dev.fathom.bench.dl4j;

import org.jspecify.annotations.NullMarked;

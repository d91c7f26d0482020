/** The Deep Java Library on the work of Fathom's rows. */
@NullMarked
package dev.fathom.bench.djl;

import org.jspecify.annotations.NullMarked;

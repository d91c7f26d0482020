/** PyTorch on the work of Fathom's rows. */
@NullMarked
package dev.fathom.bench.torch;

import org.jspecify.annotations.NullMarked;

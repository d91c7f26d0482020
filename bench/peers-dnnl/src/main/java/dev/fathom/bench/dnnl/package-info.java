/** oneDNN on the work of Fathom's rows. */
@NullMarked
package dev.fathom.bench.dnnl;

import org.jspecify.annotations.NullMarked;

/** ONNX Runtime on the work of Fathom's rows. */
@NullMarked
package dev.fathom.bench.ort;

import org.jspecify.annotations.NullMarked;

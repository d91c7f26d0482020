/** Reads and writes models in the open format ONNX. */
@NullMarked
package dev.fathom.onnx;

import org.jspecify.annotations.NullMarked;

/** Measures TensorFlow Lite. */
@NullMarked
package dev.fathom.bench.tflite;

import org.jspecify.annotations.NullMarked;

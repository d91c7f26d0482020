/**
 * Plans on a request path. A {@link dev.fathom.serve.SessionPool} lends sessions to threads, and a
 * {@link dev.fathom.serve.StreamPool} keeps one for each stream that goes on from call to call. A
 * {@link dev.fathom.serve.MicroBatcher} computes requests of many threads together, and {@link dev.fathom.serve.Served}
 * replaces a plan by another while it serves.
 */
@NullMarked
package dev.fathom.serve;

import org.jspecify.annotations.NullMarked;

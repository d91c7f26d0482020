/**
 * What serves plans, seen by <a href="https://micrometer.io">Micrometer</a>. Nothing here is on the path of a request:
 * what the pools and batchers count anyway is read when a registry asks. A registry holds them weakly, as it holds all
 * that it looks at, so that a pool that is closed and forgotten goes, and its gauges become NaN.
 */
@NullMarked
package dev.fathom.serve.micrometer;

import org.jspecify.annotations.NullMarked;

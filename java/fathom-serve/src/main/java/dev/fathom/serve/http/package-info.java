/**
 * Plans behind HTTP, by the JDK's own server: a {@link dev.fathom.serve.http.Service} answers JSON, raw bytes and the
 * open inference protocol for each {@link dev.fathom.serve.http.ServedModel}, and says how it is and what it has done.
 */
@NullMarked
package dev.fathom.serve.http;

import org.jspecify.annotations.NullMarked;

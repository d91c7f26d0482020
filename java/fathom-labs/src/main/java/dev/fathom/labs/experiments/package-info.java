/**
 * The labs: each is a class that says what it shows, how it is run and what is published of it. {@code ./fathom lab} lists them.
 */
@org.jspecify.annotations.NullMarked
package dev.fathom.labs.experiments;

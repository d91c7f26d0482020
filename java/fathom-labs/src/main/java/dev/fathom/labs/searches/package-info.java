/** The lab on searches for the best network. */
@org.jspecify.annotations.NullMarked
package dev.fathom.labs.searches;

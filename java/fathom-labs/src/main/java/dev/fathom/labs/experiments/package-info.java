/** What a lab is, and how it is run. The labs themselves are in the packages of what they learn from. */
@org.jspecify.annotations.NullMarked
package dev.fathom.labs.experiments;

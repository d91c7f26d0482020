/** The labs on text character by character: plays of Shakespeare, and first names. */
@org.jspecify.annotations.NullMarked
package dev.fathom.labs.characters;

/** The labs on sound: spoken digits, and vowels that a network speaks. */
@org.jspecify.annotations.NullMarked
package dev.fathom.labs.sound;

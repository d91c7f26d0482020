/** The lab on spoken digits. */
@org.jspecify.annotations.NullMarked
package dev.fathom.labs.sound;

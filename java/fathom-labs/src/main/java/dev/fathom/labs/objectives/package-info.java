/** The lab on losses: what a network learns depends on what it is asked to make small. */
@org.jspecify.annotations.NullMarked
package dev.fathom.labs.objectives;

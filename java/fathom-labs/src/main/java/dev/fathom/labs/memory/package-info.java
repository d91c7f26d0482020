/** The lab on long memory: problems that need it, and gradients that vanish or explode. */
@org.jspecify.annotations.NullMarked
package dev.fathom.labs.memory;

/** Images that are changed so that a network errs, and networks that are taught to withstand it. */
@org.jspecify.annotations.NullMarked
package dev.fathom.labs.adversarial;

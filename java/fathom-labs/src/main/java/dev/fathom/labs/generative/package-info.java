/**
 * Generative nets: adversarial nets and their Wasserstein form, variational auto-encoders, diffusion, and birds drawn
 * from captions.
 */
@org.jspecify.annotations.NullMarked
package dev.fathom.labs.generative;

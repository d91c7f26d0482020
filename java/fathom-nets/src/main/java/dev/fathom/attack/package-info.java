/**
 * Images that are changed so that a classifier errs, by changes that people hardly see. An
 * {@link dev.fathom.attack.Attack} leads the images of a {@link dev.fathom.attack.Victim} away from their classes:
 * {@link dev.fathom.attack.ProjectedGradient}, of which one step is the fast gradient sign method, moves every pixel by
 * a little, {@link dev.fathom.attack.FewPixels} moves some by much, and {@link dev.fathom.attack.SmallestChange} looks
 * for the least change to a class that is given.
 *
 * <p>Attacks know the network and its gradients. They take and give images on the heap, since each of their steps is a
 * pass of its own, in evaluation mode, which leaves the parameters' gradients alone; so an attack also makes the images
 * on which a network is trained to withstand it.
 */
@org.jspecify.annotations.NullMarked
package dev.fathom.attack;
